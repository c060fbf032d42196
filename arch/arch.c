// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/arch.h"

#include <errno.h>

#include "lib/err.h"

static const struct arch_ops *const archs[] = {
	&x86_64_arch_ops,
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
	if (!a->ops || !a->ops->init || !a->ops->translate)
		return err_set(-ENOTSUP, "cannot translate addresses of %s",
			       a->ops ? a->ops->name : "this machine");
	return a->ops->init(a, mem);
}

int arch_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
		   struct arch_run *ret)
{
	if (!a->levels)
		return err_set(-ENOTSUP, "address translation is not set up");
	return a->ops->translate(a, mem, va, ret);
}
