// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm: two levels of page tables with entries of 4 bytes (short descriptors), or three levels
 * with entries of 8 bytes and physical addresses of 40 bits (LPAE).
 *
 * The tables map everything that the kernel maps. Their root lies in the linear map, close to
 * its beginning. No fact tells where memory begins (PHYS_OFFSET), and VMCOREINFO of LPAE kernels
 * alone tells of LPAE: the tables that translate their own address are the right ones.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>

#include "facts/declare.h"
#include "lib/byteorder.h"
#include "lib/err.h"

#define PAGE_SHIFT 12

/* PAGE_OFFSET, at which the linear map begins, is a multiple of this in each configuration. */
#define SPLIT_ALIGN UINT64_C(0x10000000)
/*
 * PHYS_OFFSET is a multiple of this. Linux kernel commit 9443076e4330 ("ARM: p2v: reduce p2v
 * alignment requirement to 2 MiB") (in v5.11); of 16 MiB before. Above 4 GiB, where memory of few
 * machines begins, larger steps do.
 */
#define PHYS_OFFSET_ALIGN (UINT64_C(2) << 20)
#define HIGH_OFFSET_ALIGN (UINT64_C(256) << 20)
/* MAX_PHYSMEM_BITS: no machine's memory begins at a higher address. */
#define PHYS_BITS 36

#define SHORT_LEVELS 2
#define SHORT_TYPE 0x3
#define SHORT_TABLE 0x1 /* at level 1 a large page; 2 and 3 are pages and sections */
#define SHORT_TABLE_ADDR UINT64_C(0xfffffc00)
#define SECTION_SHIFT 20
#define SUPERSECTION_BIT UINT64_C(0x40000)
/* Linux's own copy of a table, whose entries tell more, lies this far before the hardware's. */
#define LINUX_TABLE_DISTANCE 2048
#define LINUX_PRESENT 0x1

#define LPAE_LEVELS 3
#define LPAE_BITS 9
#define LPAE_VALID 0x1
#define LPAE_TABLE 0x2 /* at level 1 a page */
#define LPAE_ADDR UINT64_C(0xfffffff000)

INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);

static bool is_big_endian(const struct arch *a)
{
	return a->swap != HOST_BIG_ENDIAN;
}

/* The part that one of sixteen entries maps of what all of them map. */
static struct arch_run run_of_sixteen(vaddr_t va, unsigned int shift, paddr_t paddr)
{
	struct arch_run run = arch_run_within(va, UINT64_C(16) << shift, paddr);

	return arch_run_within(va, UINT64_C(1) << shift, run.paddr);
}

static struct arch_run section_run(vaddr_t va, uint64_t entry)
{
	paddr_t high = (entry >> 20 & 0xf) | (entry >> 5 & 0xf) << 4;

	if (entry & SUPERSECTION_BIT)
		return run_of_sixteen(va, SECTION_SHIFT, high << 32 | entry);
	return arch_run_within(va, UINT64_C(1) << SECTION_SHIFT, entry);
}

static int translate_short(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			   struct arch_run *ret)
{
	uint64_t entry;
	paddr_t at;
	int err;

	*ret = arch_run_within(va, UINT64_C(1) << SECTION_SHIFT, 0);
	err = arch_read_entry_32(mem, a->root + (va >> SECTION_SHIFT) * 4, is_big_endian(a), va, 2,
				 &entry);
	if (err)
		return err;
	if (!(entry & SHORT_TYPE))
		return arch_not_mapped(va, 2, entry);
	if ((entry & SHORT_TYPE) != SHORT_TABLE) {
		*ret = section_run(va, entry);
		return 0;
	}

	*ret = arch_run_within(va, UINT64_C(1) << PAGE_SHIFT, 0);
	at = (entry & SHORT_TABLE_ADDR) + (va >> PAGE_SHIFT & 0xff) * 4;
	/* The hardware's entry of a process's page that has not been used for long is empty. */
	if (a->user)
		at -= LINUX_TABLE_DISTANCE;
	err = arch_read_entry_32(mem, at, is_big_endian(a), va, 1, &entry);
	if (err)
		return err;
	if (!(entry & (a->user ? LINUX_PRESENT : SHORT_TYPE)))
		return arch_not_mapped(va, 1, entry);
	if (!a->user && (entry & SHORT_TYPE) == SHORT_TABLE)
		*ret = run_of_sixteen(va, PAGE_SHIFT, entry);
	else
		*ret = arch_run_within(va, UINT64_C(1) << PAGE_SHIFT, entry);
	return 0;
}

static int translate_lpae(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			  struct arch_run *ret)
{
	paddr_t table = a->root;

	for (unsigned int level = LPAE_LEVELS;; level--) {
		unsigned int shift = PAGE_SHIFT + LPAE_BITS * (level - 1);
		uint64_t span = UINT64_C(1) << shift, entry;
		int err;

		*ret = arch_run_within(va, span, 0);
		err = arch_read_entry(mem, table + (va >> shift & ((1 << LPAE_BITS) - 1)) * 8,
				      is_big_endian(a), va, level, &entry);
		if (err)
			return err;
		if (!(entry & LPAE_VALID) || (level == 1 && !(entry & LPAE_TABLE)))
			return arch_not_mapped(va, level, entry);
		table = entry & LPAE_ADDR;
		if (level == 1 || !(entry & LPAE_TABLE)) {
			*ret = arch_run_within(va, span, table);
			return 0;
		}
	}
}

static int arm_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			 struct arch_run *ret)
{
	if (va > UINT32_MAX)
		return arch_not_32_bits(va, ret);
	return a->levels == LPAE_LEVELS ? translate_lpae(a, mem, va, ret) :
					  translate_short(a, mem, va, ret);
}

/* Return whether the tables at a->root map the virtual address of this root there. */
static bool root_maps_itself(struct arch *a, const struct arch_mem *mem, vaddr_t root,
			     unsigned int levels)
{
	struct arch_run run;

	a->levels = levels;
	return !arm_translate(a, mem, root, &run) && run.paddr == a->root;
}

static int arm_init(struct arch *a, const struct arch_mem *mem)
{
	vaddr_t root;

	if (!MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		return err_set(-ENOENT, "SYMBOL(swapper_pg_dir) is missing");
	root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	if (root > UINT32_MAX || root % (1 << PAGE_SHIFT))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	for (paddr_t base = 0; base >> PHYS_BITS == 0;
	     base += base >> 32 ? HIGH_OFFSET_ALIGN : PHYS_OFFSET_ALIGN) {
		a->phys_base = base;
		a->root = base + root % SPLIT_ALIGN;
		if (root_maps_itself(a, mem, root, LPAE_LEVELS) ||
		    root_maps_itself(a, mem, root, SHORT_LEVELS))
			return 0;
	}
	a->phys_base = 0;
	return err_set(-ENOENT, "no page tables at %#" PRIx64 " map this address", root);
}

const struct arch_ops arm_arch_ops = {
	.name = "armv7l",
	.machine = EM_ARM,
	.page_size = 4096,
	.section_size_bits = 28,
	.max_physmem_bits = PHYS_BITS,
	.init = arm_init,
	.translate = arm_translate,
	.kernel_image = arch_image_in_32_bits,
	.kaslr_image = true,
	.flat_from_phys_base = true,
};
