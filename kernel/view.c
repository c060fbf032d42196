// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/view.h"

static int view_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	const struct kernel_view *v = ctx;

	return kernel_read(v->k, v->r, va, buf, len);
}

static int view_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct kernel_view *v = ctx;
	struct arch_run run;
	int err = kernel_translate(v->k, v->r, va, &run);

	*len = run.len;
	return err;
}

int kernel_view_init(struct kernel_view *v, const struct kernel *k)
{
	*v = (struct kernel_view){
		.k = k,
		.mem = {
			.read = view_read,
			.extent = view_extent,
			.ctx = v,
			.is64 = k->arch.is64,
			.swap = k->arch.swap,
		},
	};
	if (k->arch.ops->kernel_image)
		k->arch.ops->kernel_image(&k->arch, &v->mem.image_start, &v->mem.image_end);
	return vmcore_reader_create(&v->r, k->vc);
}

void kernel_view_deinit(struct kernel_view *v)
{
	vmcore_reader_destroy(v->r);
	v->r = NULL;
}
