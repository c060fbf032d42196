// SPDX-License-Identifier: GPL-2.0-or-later
/* Helpers of several architectures for entries of page tables and addresses. */
#include <errno.h>
#include <inttypes.h>

#include "arch/arch.h"
#include "facts/declare.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

/* Alignment of images that do not keep to pages; the bytes before the text are no more. */
#define IMAGE_ALIGN UINT64_C(0x10000)
#define IMAGE_32_MAX (UINT64_C(128) << 20)
/* Far more than an image has even with all debugging. */
#define IMAGE_WINDOW_MAX (UINT64_C(256) << 20)

/* Bytes of a frame of a machine with domains. */
#define FRAME_SIZE UINT64_C(4096)

INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, _end);

static int read_entry(const struct arch_mem *mem, paddr_t pa, bool is64, bool big_endian,
		      vaddr_t va, unsigned int level, uint64_t *ret)
{
	uint8_t raw[8];
	int err = mem->read(mem->ctx, pa, raw, is64 ? 8 : 4);

	if (err)
		return err_set(-EFAULT, "level %u page table of %#" PRIx64 ": %s", level, va,
			       err_text(err));
	*ret = load_ulong(raw, is64, big_endian != HOST_BIG_ENDIAN);
	if (mem->trace)
		mem->trace(mem->trace_ctx, &(struct arch_step){ level, pa, *ret });
	return 0;
}

int arch_read_entry(const struct arch_mem *mem, paddr_t pa, bool big_endian, vaddr_t va,
		    unsigned int level, uint64_t *ret)
{
	return read_entry(mem, pa, true, big_endian, va, level, ret);
}

int arch_read_entry_32(const struct arch_mem *mem, paddr_t pa, bool big_endian, vaddr_t va,
		       unsigned int level, uint64_t *ret)
{
	return read_entry(mem, pa, false, big_endian, va, level, ret);
}

int arch_to_physical(const struct arch_mem *mem, vaddr_t va, unsigned int level, paddr_t *address)
{
	int err = mem->to_physical ? mem->to_physical(mem->ctx, *address, address) : 0;

	return err ? err_prefix(err, "level %u page table of %#" PRIx64, level, va) : 0;
}

int arch_run_to_physical(const struct arch_mem *mem, vaddr_t va, unsigned int level,
			 struct arch_run *run)
{
	if (mem->to_physical)
		run->len = min_u64(run->len, FRAME_SIZE - run->paddr % FRAME_SIZE);
	return arch_to_physical(mem, va, level, &run->paddr);
}

int arch_not_mapped(vaddr_t va, unsigned int level, uint64_t entry)
{
	return err_set(-EFAULT, "%#" PRIx64 " is not mapped (level %u entry %#" PRIx64 ")", va,
		       level, entry);
}

int arch_not_aligned(vaddr_t va, unsigned int level, uint64_t entry)
{
	return err_set(-EFAULT,
		       "%#" PRIx64 " is not mapped (level %u entry %#" PRIx64
		       " is damaged: the address in it is no multiple of its page's size)",
		       va, level, entry);
}

int arch_not_canonical(vaddr_t va, unsigned int bits, struct arch_run *ret)
{
	*ret = (struct arch_run){ .len = -(UINT64_C(1) << (bits - 1)) - va };
	return err_set(-EFAULT, "%#" PRIx64 " is not a canonical address", va);
}

int arch_not_32_bits(vaddr_t va, struct arch_run *ret)
{
	*ret = (struct arch_run){ .len = -va };
	return err_set(-EFAULT, "%#" PRIx64 " has more than 32 bits", va);
}

bool arch_is_canonical(vaddr_t va, unsigned int bits)
{
	return (int64_t)(va << (64 - bits)) >> (64 - bits) == (int64_t)va;
}

struct arch_run arch_run_within(vaddr_t va, uint64_t span, paddr_t paddr)
{
	uint64_t offset = va & (span - 1);

	return (struct arch_run){ .paddr = (paddr & ~(span - 1)) | offset, .len = span - offset };
}

void arch_image_by_symbols(uint64_t max, vaddr_t *start, vaddr_t *end)
{
	vaddr_t last = 0;

	*start = *end = 0;
	if (!MOD_SYM_EXIST(vmlinux, _stext) ||
	    GET_MOD_SYM(vmlinux, _stext) - 1 >= -max - IMAGE_ALIGN)
		return;
	*start = (GET_MOD_SYM(vmlinux, _stext) - 1) & -IMAGE_ALIGN;
	*end = *start + max;
	/* The symbol _end itself is to be within. */
	if (MOD_SYM_EXIST(vmlinux, _end))
		last = (GET_MOD_SYM(vmlinux, _end) + IMAGE_ALIGN) & -IMAGE_ALIGN;
	if (last > *start && last < *end)
		*end = last;
}

void arch_image_in_32_bits(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	(void)a;
	arch_image_by_symbols(IMAGE_32_MAX, start, end);
	if (*end > UINT64_C(1) << 32)
		*start = *end = 0;
}

void arch_image_in_window(const struct arch *a, vaddr_t *start, vaddr_t *end)
{
	(void)a;
	arch_image_by_symbols(IMAGE_WINDOW_MAX, start, end);
}
