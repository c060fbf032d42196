// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/arch.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/byteorder.h"
#include "lib/err.h"

static const struct arch_ops *const archs[] = {
	&arm_arch_ops,	       &arm64_arch_ops,	 &i386_arch_ops,    &ia64_arch_ops,
	&loongarch64_arch_ops, &mips64_arch_ops, &ppc_arch_ops,	    &ppc64_arch_ops,
	&riscv64_arch_ops,     &s390x_arch_ops,	 &sparc64_arch_ops, &x86_64_arch_ops,
};

const struct arch_ops *arch_find(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
		if (archs[i]->machine == machine)
			return archs[i];
	}
	return NULL;
}

int arch_init(struct arch *a, const struct arch_mem *mem)
{
	int err;

	if (!a->ops || !a->ops->init || !a->ops->translate)
		return err_set(-ENOTSUP, "cannot translate addresses of %s",
			       a->ops ? a->ops->name : "this machine");
	err = a->ops->init(a, mem);
	if (err)
		arch_deinit(a);
	else
		a->ready = true;
	return err;
}

int arch_init_late(struct arch *a, const struct arch_mem *mem)
{
	return a->ops->finish ? a->ops->finish(a, mem) : 0;
}

void arch_deinit(struct arch *a)
{
	free(a->state);
	a->state = NULL;
	a->ready = false;
}

const char *arch_name(const struct arch *a)
{
	bool big_endian = a->swap != HOST_BIG_ENDIAN;

	if (!a->ops)
		return NULL;
	return !big_endian && a->ops->name_little_endian ? a->ops->name_little_endian :
							   a->ops->name;
}

int arch_init_user(const struct arch *kernel, const struct arch_mem *mem, paddr_t pgd,
		   struct arch *ret)
{
	*ret = *kernel;
	ret->root = pgd;
	ret->user = true;
	return kernel->ops->init_user ? kernel->ops->init_user(ret, mem) : 0;
}

int arch_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
		   struct arch_run *ret)
{
	if (!a->ready)
		return err_set(-ENOTSUP, "address translation is not set up");
	return a->ops->translate(a, mem, va, ret);
}
