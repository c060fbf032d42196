// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64: two to five levels of page tables for pages of 4, 16 or 64 KiB.
 *
 * Everything but the root is found by walking, in the linear map as well; the root lies in
 * the kernel image, whose mapping is a constant apart: physical = virtual - kimage_voffset.
 *
 * A kernel built for addresses of 52 bits also runs on processors that do not have them
 * (from 5.4 on; with pages of 4 and 16 KiB from 6.9 on). TCR_EL1 tells which
 * it runs with; VA_BITS only tells which it was built for.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "facts/declare.h"
#include "lib/byteorder.h"
#include "lib/err.h"

/* The low bits of an entry. On the last level a page has the number of a table. */
#define TYPE_MASK UINT64_C(3)
#define TYPE_BLOCK 1
#define TYPE_TABLE 3

#define LEVEL_BITS(page_shift) ((page_shift)-3)
#define VA_BITS_MAX 52

/* Addresses above are the kernel's, below a process's; what lies above the bit is a tag. */
#define HALF_BIT 55

/* Far more than an image has even with all debugging. */
#define IMAGE_SIZE_MAX (UINT64_C(512) << 20)

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);
INIT_OPT_MOD_NUM(vmlinux, VA_BITS);
INIT_OPT_MOD_NUM(vmlinux, MAX_USER_VA_BITS);
INIT_OPT_MOD_NUM(vmlinux, TCR_EL1_T1SZ);
INIT_OPT_MOD_NUM(vmlinux, kimage_voffset);
INIT_OPT_MOD_NUM(vmlinux, PHYS_OFFSET);

/* a->state: what struct arch has no place for. */
struct arm64 {
	unsigned int built_bits;	    /* of an address, as the kernel was built */
	unsigned int va_bits, user_va_bits; /* as it ran */
	unsigned int root_bits;		    /* of an address that choose an entry of the root */
	unsigned int block_levels;	    /* up to which an entry may map a block */
	/* The highest address bits are the lowest of an entry. */
	uint64_t high_mask;
	unsigned int high_shift;
};

static unsigned int levels_of(unsigned int va_bits, unsigned int page_shift)
{
	unsigned int bits = LEVEL_BITS(page_shift);

	return (va_bits - page_shift + bits - 1) / bits;
}

static unsigned int level_shift(const struct arch *a, unsigned int level)
{
	return a->page_shift + LEVEL_BITS(a->page_shift) * (level - 1);
}

/* Find the number of bits of an address. */
static int find_va_bits(struct arch *a)
{
	struct arm64 *s = a->state;
	uint64_t bits = 0, ran = 0;

	if (MOD_NUM_EXIST(vmlinux, VA_BITS))
		bits = ran = GET_MOD_NUM(vmlinux, VA_BITS);
	if (MOD_NUM_EXIST(vmlinux, TCR_EL1_T1SZ))
		ran = 64 - (uint64_t)GET_MOD_NUM(vmlinux, TCR_EL1_T1SZ);
	if (!MOD_NUM_EXIST(vmlinux, VA_BITS))
		bits = ran;
	if (!bits)
		return err_set(-ENOENT, "NUMBER(VA_BITS) is missing");
	if (bits > VA_BITS_MAX || ran > bits || ran < a->page_shift + LEVEL_BITS(a->page_shift))
		return err_set(-ENOENT,
			       "NUMBER(VA_BITS) %" PRIu64 ", of which the processor used %" PRIu64
			       ", is invalid",
			       bits, ran);
	s->built_bits = bits;
	s->va_bits = s->user_va_bits = ran;
	a->levels = levels_of(ran, a->page_shift);
	return 0;
}

static int find_root(struct arch *a)
{
	const struct arm64 *s = a->state;
	vaddr_t root;

	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (root < -(UINT64_C(1) << s->va_bits) || root % (UINT64_C(1) << a->page_shift))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	if (MOD_NUM_EXIST(vmlinux, kimage_voffset)) {
		a->root = root - GET_MOD_NUM(vmlinux, kimage_voffset);
		return 0;
	}
	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *segment = &a->segments[i];

		if (root - segment->vaddr < segment->memsz) {
			a->root = root - segment->vaddr + segment->paddr;
			return 0;
		}
	}
	return err_set(-ENOENT, "NUMBER(kimage_voffset) is missing");
}

/* Return whether the entry for the root's own address is a table if the root has 2^bits entries. */
static bool root_has(const struct arch *a, const struct arch_mem *mem, unsigned int bits)
{
	vaddr_t va = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	uint64_t slot = va >> level_shift(a, a->levels) & ((UINT64_C(1) << bits) - 1), entry;
	int err = arch_read_entry(mem, a->root + slot * sizeof(entry), a->swap != HOST_BIG_ENDIAN,
				  va, a->levels, &entry);

	return !err && (entry & TYPE_MASK) == TYPE_TABLE;
}

/*
 * The root of a kernel built for 52 bits is as large as those need, and the kernel looks into
 * it as if it had them all: with 48 bits only the last entries are in use. Not so where fewer
 * bits need fewer levels: then the root is that of the level below.
 */
static void find_root_size(struct arch *a, const struct arch_mem *mem)
{
	unsigned int top = level_shift(a, a->levels);
	struct arm64 *s = a->state;
	unsigned int built = s->built_bits;

	if (levels_of(built, a->page_shift) != a->levels)
		built = s->va_bits;
	s->root_bits = built - top;
	/*
	 * Kernels that have 52 bits for processes only (5.0 to 5.3, and distributions' older
	 * ones) are no different, but say that they were built for 48.
	 */
	if (a->page_shift != 16 || built != 48)
		return;
	if (MOD_NUM_EXIST(vmlinux, MAX_USER_VA_BITS) ?
		    GET_MOD_NUM(vmlinux, MAX_USER_VA_BITS) != VA_BITS_MAX :
		    root_has(a, mem, s->root_bits) || !root_has(a, mem, VA_BITS_MAX - top))
		return;
	s->root_bits = VA_BITS_MAX - top;
	s->user_va_bits = VA_BITS_MAX;
}

/* Find the bits of an entry that are its address: those below bit 48, and some others. */
static void find_entry_layout(struct arch *a)
{
	unsigned int low = a->page_shift, top = 48;
	struct arm64 *s = a->state;

	s->block_levels = a->page_shift == 12 ? 3 : 2;
	if (a->page_shift == 16) {
		/* Without addresses of 52 bits these are 0. */
		s->high_mask = UINT64_C(0xf000);
		s->high_shift = 36;
	} else if (s->va_bits == VA_BITS_MAX) {
		/*
		 * Such virtual addresses come with LPA2 only, and then two bits that
		 * otherwise tell who shares the memory are of the address.
		 */
		top = 50;
		s->high_mask = UINT64_C(0x300);
		s->high_shift = 42;
		s->block_levels++;
	}
	a->pte_addr_mask = (UINT64_C(1) << top) - (UINT64_C(1) << low);
}

static int arm64_init(struct arch *a, const struct arch_mem *mem)
{
	int err;

	if (a->page_shift != 12 && a->page_shift != 14 && a->page_shift != 16)
		return err_set(-ENOTSUP, "pages of %u KiB are not of %s",
			       1u << (a->page_shift - 10), a->ops->name);
	a->state = calloc(1, sizeof(struct arm64));
	if (!a->state)
		return err_set(-ENOMEM, "no memory");
	err = find_va_bits(a);
	if (!err)
		err = find_root(a);
	if (err)
		return err;
	find_root_size(a, mem);
	find_entry_layout(a);
	/* Readers of dumps expect the start of the linear map here. */
	if (MOD_NUM_EXIST(vmlinux, PHYS_OFFSET))
		a->phys_base = GET_MOD_NUM(vmlinux, PHYS_OFFSET);
	return 0;
}

/* Return whether these tables are for an untagged address; if not, get the length of the hole. */
static bool in_range(const struct arch *a, vaddr_t va, uint64_t *hole)
{
	const struct arm64 *s = a->state;
	uint64_t half = UINT64_C(1) << HALF_BIT, in_half = va & (half - 1);
	uint64_t start = 0, end = half;

	if (a->user)
		end = UINT64_C(1) << s->user_va_bits;
	else
		start = half - (UINT64_C(1) << s->va_bits);
	if (!(va & half) != a->user)
		*hole = half - in_half;
	else if (in_half < start)
		*hole = start - in_half;
	else if (in_half >= end)
		*hole = half - in_half;
	else
		return true;
	return false;
}

static int arm64_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			   struct arch_run *ret)
{
	const struct arm64 *s = a->state;
	unsigned int bits = s->root_bits;
	paddr_t table = a->root;

	va = (uint64_t)((int64_t)(va << (63 - HALF_BIT)) >> (63 - HALF_BIT));
	if (!in_range(a, va, &ret->len))
		return err_set(-EFAULT, "%#" PRIx64 " is not an address of %s", va,
			       a->user ? "a process" : "the kernel");
	for (unsigned int level = a->levels;; level--, bits = LEVEL_BITS(a->page_shift)) {
		unsigned int shift = level_shift(a, level);
		uint64_t slot = va >> shift & ((UINT64_C(1) << bits) - 1);
		uint64_t entry, type;
		paddr_t target;
		int err;

		*ret = arch_run_within(va, UINT64_C(1) << shift, 0);
		err = arch_read_entry(mem, table + slot * sizeof(entry), a->swap != HOST_BIG_ENDIAN,
				      va, level, &entry);
		if (err)
			return err;
		type = entry & TYPE_MASK;
		target = (entry & a->pte_addr_mask) | (entry & s->high_mask) << s->high_shift;
		if (level > 1 && type == TYPE_TABLE) {
			table = target;
			continue;
		}
		if (level > 1 ? type != TYPE_BLOCK || level > s->block_levels : type != TYPE_TABLE)
			return arch_not_mapped(va, level, entry);
		*ret = arch_run_within(va, UINT64_C(1) << shift, target);
		return 0;
	}
}

/* It is anywhere in the area of vmalloc(). */
static void arm64_kernel_image(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	(void)a;
	arch_image_by_symbols(IMAGE_SIZE_MAX, start, end);
}

static int arm64_user_regs(const struct arch *a, const uint8_t *top, size_t regs_bytes, size_t *gap)
{
	(void)a;
	(void)top;
	(void)regs_bytes;
	*gap = 0;
	return 0;
}

const struct arch_ops arm64_arch_ops = {
	.name = "aarch64",
	.machine = EM_AARCH64,
	.page_size = 4096,
	/* 5.12 made them smaller, 5.13 tells how large they are. */
	.section_size_bits = 30,
	.max_physmem_bits = 48,
	.init = arm64_init,
	.translate = arm64_translate,
	.kernel_image = arm64_kernel_image,
	.kaslr_image = true,
	.user_regs = arm64_user_regs,
};
