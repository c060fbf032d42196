// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * s390x: two to five levels of tables, with pages of 4 KiB, 1 MiB and 2 GiB.
 *
 * Every entry names the type of the table it is in, even one that maps nothing: the
 * root's tell how many levels there are. Where the root lies is not as clear. Up to 6.9
 * the kernel image is where its addresses say; later it is mapped anywhere, and which
 * of those who know are in a dump depends on who made it. So each of them is asked, and
 * believed if the tables found that way map the root to where it was found.
 *
 * Addresses are absolute, as a dump has them. Tables do not tell what a CPU sees
 * of its first 8 KiB (prefixing).
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "facts/declare.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

#define PAGE_SHIFT 12
#define PAGE_TABLE_BITS 8
#define TABLE_BITS 11
#define TABLE_SIZE (8 << TABLE_BITS)
/* Tables of pages are aligned to their size, the others to less than that. */
#define PAGE_TABLE_ALIGN (8 << PAGE_TABLE_BITS)
#define TABLE_ALIGN 4096

/* Entries of all tables but the last. */
#define ENTRY_INVALID UINT64_C(0x20)
#define ENTRY_LARGE UINT64_C(0x400)
#define ENTRY_TYPE(entry) ((entry) >> 2 & 3) /* 0: segments, 1 to 3: regions */
/* The allocated part of a region's table, in quarters. */
#define ENTRY_FIRST_QUARTER(entry) ((entry) >> 6 & 3)
#define ENTRY_LAST_QUARTER(entry) ((entry)&3)
#define QUARTER (1 << (TABLE_BITS - 2))
#define LEVEL_OF_TYPE(type) ((type) + 2)
#define LARGE_LEVELS 3 /* 1: 4 KiB, 2: 1 MiB, 3: 2 GiB */

#define PAGE_INVALID UINT64_C(0x400)
/*
 * The kernel's own bit in entries of processes that map a page: one that was not used
 * for a while is made invalid, so that its next use is noticed.
 */
#define SOFTWARE_PRESENT UINT64_C(0x1)

#define PADDR_BITS 52

/* Addresses in absolute memory that the kernel provides for dump tools. */
#define LOWCORE_VMCORE_INFO 0xe0c
#define LOWCORE_OS_INFO 0xe18

/* The ELF note that the first of them points to. */
#define NOTE_DESC_SIZE 4
#define NOTE_NAME 12
#define NOTE_DESC 24
static const char note_name[] = "VMCOREINFO";

#define OS_INFO_SIZE 4096
#define OS_INFO_MAGIC UINT64_C(0x4f53494e464f535a)
#define OS_INFO_CHECKED_FROM 12
#define OS_INFO_ENTRIES 32
#define OS_INFO_ENTRY_SIZE 20
enum os_info_entry {
	OS_INFO_VMCOREINFO = 0,
	/* 0 before 6.10. */
	OS_INFO_IMAGE_START = 10,
	OS_INFO_IMAGE_END = 11,
	OS_INFO_IMAGE_PHYS = 12,
};

/* No kernel is larger. */
#define IMAGE_SIZE_MAX (UINT64_C(256) << 20)
#define IMAGE_ALIGN (UINT64_C(1) << 20)

INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);
INIT_OPT_MOD_SYM(vmlinux, _end);
/* Virtual and physical address of the image (6.10). */
INIT_OPT_MOD_NUM(vmlinux, KERNELOFFSET);
INIT_OPT_MOD_NUM(vmlinux, KERNELOFFPHYS);

/* arch.state */
struct image {
	vaddr_t end; /* 0: unknown */
};

static int read_u64(const struct arch_mem *mem, paddr_t pa, uint64_t *ret)
{
	uint8_t raw[8];
	int err = mem->read(mem->ctx, pa, raw, sizeof(raw));

	if (!err)
		*ret = load_u64(raw, !HOST_BIG_ENDIAN);
	return err;
}

/* As the instruction CKSM does. */
static uint32_t checksum(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i += sizeof(uint32_t)) {
		sum += load_u32(bytes + i, !HOST_BIG_ENDIAN);
		sum = (sum >> 32) + (uint32_t)sum;
	}
	return sum;
}

/* The page that the kernel provides for dump tools. */
static int read_os_info(const struct arch_mem *mem, uint8_t info[OS_INFO_SIZE])
{
	paddr_t pa;
	int err = read_u64(mem, LOWCORE_OS_INFO, &pa);

	if (!err)
		err = mem->read(mem->ctx, pa, info, OS_INFO_SIZE);
	if (err)
		return err;
	if (load_u64(info, !HOST_BIG_ENDIAN) != OS_INFO_MAGIC ||
	    load_u32(info + 8, !HOST_BIG_ENDIAN) !=
		    checksum(info + OS_INFO_CHECKED_FROM, OS_INFO_SIZE - OS_INFO_CHECKED_FROM))
		return -ENOENT;
	return 0;
}

/* An entry's value, or the address of what it tells about. */
static uint64_t os_info_value(const uint8_t *info, enum os_info_entry nr)
{
	return load_u64(info + OS_INFO_ENTRIES + nr * OS_INFO_ENTRY_SIZE, !HOST_BIG_ENDIAN);
}

/* Return the number of bytes at that address. */
static uint64_t os_info_bytes(const uint8_t *info, enum os_info_entry nr)
{
	return load_u64(info + OS_INFO_ENTRIES + nr * OS_INFO_ENTRY_SIZE + 8, !HOST_BIG_ENDIAN);
}

/*
 * The kernel leaves a pointer to its note, Linux ever since it can be dumped; other
 * kernels the address of the text in os_info.
 */
static int s390x_find_vmcoreinfo(const struct arch_mem *mem, paddr_t *pa, uint64_t *size)
{
	uint8_t note[NOTE_DESC], info[OS_INFO_SIZE];
	int err = read_u64(mem, LOWCORE_VMCORE_INFO, pa);

	if (!err)
		err = mem->read(mem->ctx, *pa, note, sizeof(note));
	if (!err && !memcmp(note + NOTE_NAME, note_name, sizeof(note_name))) {
		*pa += NOTE_DESC;
		*size = load_u32(note + NOTE_DESC_SIZE, !HOST_BIG_ENDIAN);
		return 0;
	}
	err = read_os_info(mem, info);
	if (err)
		return err;
	*pa = os_info_value(info, OS_INFO_VMCOREINFO);
	*size = os_info_bytes(info, OS_INFO_VMCOREINFO);
	return 0;
}

static unsigned int level_shift(unsigned int level)
{
	return level == 1 ? PAGE_SHIFT : PAGE_SHIFT + PAGE_TABLE_BITS + TABLE_BITS * (level - 2);
}

/* Learn the number of levels from the table at a->root. */
static int find_levels(struct arch *a, const struct arch_mem *mem)
{
	uint64_t entry;
	int err = read_u64(mem, a->root, &entry);

	if (err)
		return err_prefix(-EBADMSG, "cannot read the page table at %#" PRIx64, a->root);
	/* In a table of segments, what maps nothing is marked as invalid. */
	if (!entry)
		return err_set(-EBADMSG, "there is no page table at %#" PRIx64, a->root);
	a->levels = LEVEL_OF_TYPE(ENTRY_TYPE(entry));
	return 0;
}

static bool entry_maps(const struct arch *a, unsigned int level, uint64_t entry)
{
	if (!(entry & (level == 1 ? PAGE_INVALID : ENTRY_INVALID)))
		return true;
	return a->user && entry & SOFTWARE_PRESENT &&
	       (level == 1 || (level <= LARGE_LEVELS && entry & ENTRY_LARGE));
}

static int s390x_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			   struct arch_run *ret)
{
	unsigned int first = 0, last = 3;
	paddr_t table = a->root;

	/* Five levels translate all 64 bits. */
	if (a->levels < 5 && va >> level_shift(a->levels + 1)) {
		ret->len = -va;
		return err_set(-EFAULT, "%#" PRIx64 " is beyond what %u levels of tables map", va,
			       a->levels);
	}
	for (unsigned int level = a->levels;; level--) {
		unsigned int shift = level_shift(level);
		uint64_t span = UINT64_C(1) << shift;
		unsigned int slots = 1 << (level == 1 ? PAGE_TABLE_BITS : TABLE_BITS);
		unsigned int slot = va >> shift & (slots - 1);
		uint64_t entry;
		int err;

		*ret = arch_run_within(va, span, 0);
		if (level > 1 && (slot / QUARTER < first || slot / QUARTER > last))
			return err_set(-EFAULT,
				       "%#" PRIx64
				       " is not mapped (the level %u table has no entry %u)",
				       va, level, slot);
		err = arch_read_entry(mem, table + slot * sizeof(entry), true, va, level, &entry);
		if (err)
			return err;
		if (!entry_maps(a, level, entry))
			return arch_not_mapped(va, level, entry);
		if (entry >> PADDR_BITS || (level > 1 && LEVEL_OF_TYPE(ENTRY_TYPE(entry)) != level))
			return err_set(-EFAULT,
				       "%#" PRIx64 ": the level %u entry %#" PRIx64 " is invalid",
				       va, level, entry);
		if (level == 1 || (level <= LARGE_LEVELS && entry & ENTRY_LARGE)) {
			*ret = arch_run_within(va, span, entry);
			return 0;
		}
		table = entry & ~(uint64_t)((level == 2 ? PAGE_TABLE_ALIGN : TABLE_ALIGN) - 1);
		first = ENTRY_FIRST_QUARTER(entry);
		last = ENTRY_LAST_QUARTER(entry);
	}
}

/* Believe a guess at where the root is, if its tables say the same. */
static bool try_root(struct arch *a, const struct arch_mem *mem, paddr_t root)
{
	struct arch_run run;

	if (root % TABLE_SIZE)
		return false;
	a->root = root;
	return !find_levels(a, mem) &&
	       !s390x_translate(a, mem, GET_MOD_SYM(vmlinux, swapper_pg_dir), &run) &&
	       run.paddr == root;
}

static bool try_vmcoreinfo(struct arch *a, const struct arch_mem *mem, vaddr_t root)
{
	return MOD_NUM_EXIST(vmlinux, KERNELOFFSET) && MOD_NUM_EXIST(vmlinux, KERNELOFFPHYS) &&
	       try_root(a, mem,
			root - GET_MOD_NUM(vmlinux, KERNELOFFSET) +
				GET_MOD_NUM(vmlinux, KERNELOFFPHYS));
}

static bool try_segments(struct arch *a, const struct arch_mem *mem, vaddr_t root)
{
	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *s = &a->segments[i];

		if (root - s->vaddr < s->memsz && try_root(a, mem, root - s->vaddr + s->paddr))
			return true;
	}
	return false;
}

static int s390x_init(struct arch *a, const struct arch_mem *mem)
{
	uint8_t info[OS_INFO_SIZE] = { 0 };
	struct image *image;
	vaddr_t root;

	if (!a->is64)
		return err_set(-ENOTSUP, "31-bit kernels are not supported");
	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	a->state = image = calloc(1, sizeof(*image));
	if (!image)
		return err_set(-ENOMEM, "no memory");
	if (!read_os_info(mem, info))
		image->end = os_info_value(info, OS_INFO_IMAGE_END);
	if (try_vmcoreinfo(a, mem, root) || try_segments(a, mem, root) ||
	    (image->end && try_root(a, mem,
				    root - os_info_value(info, OS_INFO_IMAGE_START) +
					    os_info_value(info, OS_INFO_IMAGE_PHYS))) ||
	    try_root(a, mem, root))
		return 0;
	return err_set(-ENOENT,
		       "SYMBOL(swapper_pg_dir) %#" PRIx64 " leads to no page tables: "
		       "neither KERNELOFFPHYS nor a PT_LOAD nor os_info says where the kernel is",
		       root);
}

static int s390x_init_user(struct arch *a, const struct arch_mem *mem)
{
	return find_levels(a, mem);
}

/*
 * The image is mapped in one piece, up to 6.9 amid other memory. Memory for code that runs
 * with short addresses (.amode31) is not part of it; it is reserved as nothing else is.
 */
static void s390x_kernel_image(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	const struct image *image = a->state;
	vaddr_t known_end = MOD_SYM_EXIST(vmlinux, _end) ? GET_MOD_SYM(vmlinux, _end) :
			    image			 ? image->end :
							   0;
	vaddr_t inside = UINT64_MAX;
	uint64_t before = 0;

	if (MOD_SYM_EXIST(vmlinux, _stext)) {
		inside = GET_MOD_SYM(vmlinux, _stext);
	} else if (MOD_SYM_EXIST(vmlinux, swapper_pg_dir)) {
		inside = GET_MOD_SYM(vmlinux, swapper_pg_dir);
		before = min_u64(inside, IMAGE_SIZE_MAX);
	}
	*start = *end = 0;
	if (inside >> 63)
		return;
	*start = (inside - before) & ~(IMAGE_ALIGN - 1);
	*end = inside + IMAGE_SIZE_MAX;
	/* The symbol _end itself is to be within. */
	if (known_end > inside && known_end < *end)
		*end = known_end + 1;
	*end = (*end + IMAGE_ALIGN - 1) & ~(IMAGE_ALIGN - 1);
}

const struct arch_ops s390x_arch_ops = {
	.name = "s390x",
	.machine = EM_S390,
	.page_size = 4096,
	.section_size_bits = 28,
	.max_physmem_bits = 46,
	.find_vmcoreinfo = s390x_find_vmcoreinfo,
	.init = s390x_init,
	.init_user = s390x_init_user,
	.translate = s390x_translate,
	.kernel_image = s390x_kernel_image,
	.kaslr_image = true,
};
