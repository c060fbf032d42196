// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_vmem.h"

static int kernel_vmem_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	const struct kernel_vmem *v = ctx;

	return kernel_read(v->k, v->r, va, buf, len);
}

static int kernel_vmem_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct kernel_vmem *v = ctx;
	struct arch_run run;
	int err = kernel_translate(v->k, v->r, va, &run);

	*len = run.len;
	return err;
}

int kernel_vmem_init(struct kernel_vmem *v, const struct kernel *k)
{
	*v = (struct kernel_vmem){
		.k = k,
		.mem = {
			.read = kernel_vmem_read,
			.extent = kernel_vmem_extent,
			.ctx = v,
			.is64 = k->arch.is64,
			.swap = k->arch.swap,
		},
	};
	if (k->arch.ops->kernel_image)
		k->arch.ops->kernel_image(&k->arch, &v->mem.image_start, &v->mem.image_end);
	return vmcore_reader_create(&v->r, k->vc);
}

void kernel_vmem_deinit(struct kernel_vmem *v)
{
	vmcore_reader_destroy(v->r);
	v->r = NULL;
}
