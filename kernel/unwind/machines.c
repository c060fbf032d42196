// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/types.h"
#include "kernel/unwind/unwind.h"

static const struct unwind_ops *const machines[] = {
	&unwind_x86_64_ops, &unwind_arm64_ops,	     &unwind_riscv64_ops, &unwind_s390x_ops,
	&unwind_ppc64_ops,  &unwind_loongarch64_ops, &unwind_i386_ops,
};

const struct unwind_ops *unwind_find(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i]->machine == machine)
			return machines[i];
	return NULL;
}
