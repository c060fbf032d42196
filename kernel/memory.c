// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's memory by virtual address. */
#include "kernel/kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/checked.h"
#include "lib/err.h"

/* A read of at most this many bytes suggests more reads nearby. */
#define PEEK_MAX 1024

static int mem_read(void *ctx, paddr_t pa, void *buf, size_t len)
{
	return vmcore_read_cached(ctx, pa, buf, len);
}

static int to_physical(void *ctx, uint64_t machine, paddr_t *pa)
{
	const struct vmcore_reader *r = ctx;
	pfn_t pfn;

	if (frames_find(&r->vc->frames, machine / FRAME_BYTES, &pfn))
		return err_set(-EFAULT,
			       "the domain has no page in frame %#" PRIx64 " of the machine",
			       machine / FRAME_BYTES);
	*pa = pfn * FRAME_BYTES + machine % FRAME_BYTES;
	return 0;
}

struct arch_mem kernel_mem(struct vmcore_reader *r)
{
	return (struct arch_mem){
		.read = mem_read,
		.to_physical = r->vc->frames.runs ? to_physical : NULL,
		.ctx = r,
	};
}

int kernel_pfn(const struct kernel *k, pfn_t page, pfn_t *pfn)
{
	if (k->dom0.nr)
		return frames_find(&k->dom0, page, pfn);
	*pfn = page;
	return 0;
}

int kernel_translate(const struct kernel *k, struct vmcore_reader *r, vaddr_t va,
		     struct arch_run *ret)
{
	struct arch_mem mem = kernel_mem(r);

	return arch_translate(&k->arch, &mem, va, ret);
}

int kernel_trace(const struct kernel *k, struct vmcore_reader *r, vaddr_t va,
		 void (*step)(void *ctx, const struct arch_step *step), void *ctx,
		 struct arch_run *ret)
{
	struct arch_mem mem = kernel_mem(r);

	mem.trace = step;
	mem.trace_ctx = ctx;
	return arch_translate(&k->arch, &mem, va, ret);
}

int kernel_read(const struct kernel *k, struct vmcore_reader *r, vaddr_t va, void *buf, size_t len)
{
	while (len) {
		struct arch_run run;
		size_t n;
		int err;

		err = kernel_translate(k, r, va, &run);
		if (err)
			return err;
		n = run.len ? min_u64(len, run.len) : len;
		err = n <= PEEK_MAX ? vmcore_read_cached(r, run.paddr, buf, n) :
				      vmcore_read(r, run.paddr, buf, n);
		if (err)
			return err_prefix(err, "virtual address %#" PRIx64, va);
		buf = (char *)buf + n;
		va += n;
		len -= n;
	}
	return 0;
}

/* Bytes of a run, of those that are left; of a hole, whole pages. */
static uint64_t run_bytes(const struct kernel *k, const struct arch_run *run, bool mapped,
			  vaddr_t va, uint64_t left)
{
	uint64_t page = k->vc->page_size;

	/* 0 reaches to the end of all addresses. */
	if (!run->len)
		return left;
	return min_u64(left, mapped ? run->len : max_u64(run->len, page - va % page));
}

int kernel_for_each_run(const struct kernel *k, struct vmcore_reader *r, vaddr_t va, uint64_t len,
			int (*fn)(void *ctx, paddr_t pa, uint64_t len), void *ctx)
{
	char why[256] = "";

	if (!range_fits(va, len, k->arch.is64 ? UINT64_MAX : UINT64_C(1) << 32))
		return err_set(-EFAULT, "no memory goes from %#" PRIx64 " on for %" PRIu64 " bytes",
			       va, len);
	while (len) {
		struct arch_run run;
		int hole = kernel_translate(k, r, va, &run), err = 0;
		uint64_t n;

		if (hole && hole != -EFAULT)
			return hole;
		n = run_bytes(k, &run, !hole, va, len);
		if (!hole)
			err = fn(ctx, run.paddr, n);
		else if (!why[0])
			snprintf(why, sizeof(why), "%s", err_text(hole));
		if (err)
			return err;
		va += n;
		len -= n;
	}
	return why[0] ? err_set(-EFAULT, "%s", why) : 0;
}

int kernel_for_each_image_run(const struct kernel *k, struct vmcore_reader *r,
			      int (*fn)(void *ctx, vaddr_t va, paddr_t pa, uint64_t len), void *ctx)
{
	vaddr_t va, end;
	int ret = 0;

	if (k->translation_err || !k->arch.ops->kernel_image)
		return 0;
	k->arch.ops->kernel_image(&k->arch, &va, &end);
	while (!ret && va != end) {
		struct arch_run run = { .len = 1 };
		bool mapped = !kernel_translate(k, r, va, &run);
		uint64_t len = min_u64(run.len ? run.len : end - va, end - va);

		if (mapped)
			ret = fn(ctx, va, run.paddr, len);
		va += len;
	}
	return ret;
}
