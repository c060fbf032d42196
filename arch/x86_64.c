// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86_64: four or five levels of page tables with 2 MiB and 1 GiB pages.
 *
 * Everything but the root is found by walking; the root lies in the kernel
 * image, whose mapping is a constant apart: physical = virtual -
 * __START_KERNEL_map + phys_base.
 */
#include "arch/arch.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>

#include "facts/declare.h"
#include "lib/byteorder.h"
#include "lib/err.h"

#define START_KERNEL_MAP UINT64_C(0xffffffff80000000)
#define KERNEL_IMAGE_SIZE_MAX (UINT64_C(1) << 30)

#define PTE_PRESENT UINT64_C(0x1)
#define PTE_HUGE UINT64_C(0x80)

#define PAGE_SHIFT 12
#define LEVEL_BITS 9
#define HUGE_LEVELS 3 /* 1: 4 KiB, 2: 2 MiB, 3: 1 GiB */
/* Bytes of entries that are looked at together. */
#define TOGETHER_BYTES 64

INIT_OPT_MOD_SYM(vmlinux, init_top_pgt);
INIT_OPT_MOD_SYM(vmlinux, swapper_pg_dir);
INIT_OPT_MOD_NUM(vmlinux, phys_base);
INIT_OPT_MOD_NUM(vmlinux, pgtable_l5_enabled);
INIT_OPT_MOD_NUM(vmlinux, sme_mask);
INIT_OPT_MOD_NUM(vmlinux, KERNEL_IMAGE_SIZE);

static int find_phys_base(struct arch *a)
{
	if (MOD_NUM_EXIST(vmlinux, phys_base)) {
		a->phys_base = GET_MOD_NUM(vmlinux, phys_base);
		return 0;
	}
	for (size_t i = 0; i < a->nr_segments; i++) {
		const struct arch_segment *s = &a->segments[i];

		if (s->vaddr >= START_KERNEL_MAP) {
			a->phys_base = s->paddr - (s->vaddr - START_KERNEL_MAP);
			return 0;
		}
	}
	return err_set(-ENOENT, "NUMBER(phys_base) is missing");
}

static int x86_64_init(struct arch *a, const struct arch_mem *mem)
{
	vaddr_t root;
	int err;

	(void)mem;
	err = find_phys_base(a);
	if (err)
		return err;
	if (MOD_SYM_EXIST(vmlinux, init_top_pgt))
		root = GET_MOD_SYM(vmlinux, init_top_pgt);
	else if (MOD_SYM_EXIST(vmlinux, swapper_pg_dir))
		root = GET_MOD_SYM(vmlinux, swapper_pg_dir);
	else
		return err_set(-ENOENT,
			       "SYMBOL(init_top_pgt) and SYMBOL(swapper_pg_dir) are missing");
	if (root < START_KERNEL_MAP || root % (1 << PAGE_SHIFT))
		return err_set(-ENOENT, "the page tables cannot be at %#" PRIx64, root);
	a->root = root - START_KERNEL_MAP + a->phys_base;
	a->levels = 4;
	if (MOD_NUM_EXIST(vmlinux, pgtable_l5_enabled) && GET_MOD_NUM(vmlinux, pgtable_l5_enabled))
		a->levels = 5;
	a->pte_addr_mask = ARCH_X86_PTE_ADDR;
	/* With memory encryption one of the bits says that a page is encrypted. */
	if (MOD_NUM_EXIST(vmlinux, sme_mask))
		a->pte_addr_mask &= ~(uint64_t)GET_MOD_NUM(vmlinux, sme_mask);
	return 0;
}

/* Count the pages that follow one in virtual and physical memory, by the entries after its own. */
static unsigned int count_followers(const struct arch *a, const struct arch_mem *mem, paddr_t at,
				    uint64_t entry)
{
	uint8_t raw[TOGETHER_BYTES];
	unsigned int n = 0;
	size_t len;

	at += sizeof(entry);
	len = -at % TOGETHER_BYTES;
	if (!len || mem->read(mem->ctx, at, raw, len))
		return 0;
	for (; n < len / sizeof(entry); n++) {
		uint64_t next = load_u64(raw + n * sizeof(entry), HOST_BIG_ENDIAN);

		if (!(next & PTE_PRESENT) ||
		    (next & a->pte_addr_mask) !=
			    (entry & a->pte_addr_mask) + ((n + 1) << PAGE_SHIFT))
			break;
	}
	return n;
}

static int x86_64_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			    struct arch_run *ret)
{
	unsigned int bits = PAGE_SHIFT + LEVEL_BITS * a->levels;
	paddr_t table = a->root;

	if (!arch_is_canonical(va, bits))
		return arch_not_canonical(va, bits, ret);
	for (unsigned int level = a->levels;; level--) {
		unsigned int shift = PAGE_SHIFT + LEVEL_BITS * (level - 1);
		uint64_t span = UINT64_C(1) << shift;
		unsigned int slot = va >> shift & ((1 << LEVEL_BITS) - 1);
		uint64_t entry;
		paddr_t at = table + slot * sizeof(entry);
		int err;

		*ret = arch_run_within(va, span, 0);
		err = arch_read_entry(mem, at, false, va, level, &entry);
		if (err)
			return err;
		if (!(entry & PTE_PRESENT))
			return arch_not_mapped(va, level, entry);
		if (level == 1 || (level <= HUGE_LEVELS && entry & PTE_HUGE)) {
			if (entry & a->pte_addr_mask & (span - 1) & ~ARCH_X86_PTE_HUGE_PAT)
				return arch_not_aligned(va, level, entry);
			*ret = arch_run_within(va, span, entry & a->pte_addr_mask);
			if (level == 1)
				ret->len += count_followers(a, mem, at, entry) << PAGE_SHIFT;
			return arch_run_to_physical(mem, va, level, ret);
		}
		table = entry & a->pte_addr_mask;
		err = arch_to_physical(mem, va, level, &table);
		if (err)
			return err;
	}
}

static void x86_64_kernel_image(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	uint64_t size = KERNEL_IMAGE_SIZE_MAX;

	(void)a;
	if (MOD_NUM_EXIST(vmlinux, KERNEL_IMAGE_SIZE) &&
	    (uint64_t)GET_MOD_NUM(vmlinux, KERNEL_IMAGE_SIZE) < size)
		size = GET_MOD_NUM(vmlinux, KERNEL_IMAGE_SIZE);
	*start = START_KERNEL_MAP;
	*end = START_KERNEL_MAP + size;
}

/* cs in struct pt_regs, which begins as user_regs_struct of <sys/user.h>; its bits of user mode. */
#define PT_REGS_CS 136
#define CS_USER 3

static bool are_user_regs(const struct arch *a, const uint8_t *regs, size_t bytes)
{
	return PT_REGS_CS + 8 <= bytes &&
	       (load_u64(regs + PT_REGS_CS, a->swap) & CS_USER) == CS_USER;
}

/* CONFIG_X86_FRED has the kernel's stacks begin ARCH_USER_REGS_GAP below their ends. */
static int x86_64_user_regs(const struct arch *a, const uint8_t *top, size_t regs_bytes,
			    size_t *gap)
{
	if (are_user_regs(a, top + ARCH_USER_REGS_GAP, regs_bytes))
		*gap = 0;
	else if (are_user_regs(a, top, regs_bytes))
		*gap = ARCH_USER_REGS_GAP;
	else
		return -ENOENT;
	return 0;
}

const struct arch_ops x86_64_arch_ops = {
	.name = "x86_64",
	.machine = EM_X86_64,
	.page_size = 4096,
	.section_size_bits = 27,
	.max_physmem_bits = 46,
	.init = x86_64_init,
	.translate = x86_64_translate,
	.kernel_image = x86_64_kernel_image,
	.vmalloc_start = UINT64_C(0xffffc90000000000),
	.user_regs = x86_64_user_regs,
};
