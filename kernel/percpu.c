// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/percpu.h"

#include "facts/declare.h"

INIT_OPT_MOD_SYM(vmlinux, __per_cpu_offset);
INIT_OPT_MOD_SYM(vmlinux, __cpu_online_mask);
INIT_OPT_MOD_SYM(vmlinux, __cpu_possible_mask);
INIT_OPT_MOD_SYM(vmlinux, __cpu_present_mask);
INIT_OPT_MOD_STRUCT(vmlinux, cpumask);

static int for_each_of(const struct vmem *mem, const struct ksym_info *mask,
		       int (*visit)(void *ctx, uint64_t cpu), void *ctx)
{
	uint64_t nr = min_u64(CPUS_MAX, GET_MOD_STRUCT_SSIZE(vmlinux, cpumask) * UINT64_C(8));
	unsigned int word_bits = vmem_ulong_size(mem) * 8;
	uint64_t word = 0;
	int err = 0;

	if (!SYM_EXIST(mask) || !nr)
		return err_set(-ENOENT, "SYMBOL(%s) or SIZE(cpumask) is not known", mask->symname);
	for (uint64_t i = 0; !err && i < nr; i++) {
		if (!(i % word_bits))
			err = vmem_read_ulong(mem, mask->value + i / 8, &word);
		if (!err && word >> i % word_bits & 1)
			err = visit(ctx, i);
	}
	return err;
}

int percpu_for_each_cpu(const struct vmem *mem, bool online, int (*visit)(void *ctx, uint64_t cpu),
			void *ctx)
{
	return for_each_of(mem,
			   online ? GET_MOD_SYM_PTR(vmlinux, __cpu_online_mask) :
				    GET_MOD_SYM_PTR(vmlinux, __cpu_possible_mask),
			   visit, ctx);
}

static int count_cpu(void *ctx, uint64_t cpu)
{
	(void)cpu;
	++*(unsigned int *)ctx;
	return 0;
}

int percpu_for_each_noted_cpu(const struct vmem *mem, unsigned int nr_notes,
			      int (*visit)(void *ctx, uint64_t cpu), void *ctx)
{
	const struct ksym_info *online = GET_MOD_SYM_PTR(vmlinux, __cpu_online_mask);
	const struct ksym_info *present = GET_MOD_SYM_PTR(vmlinux, __cpu_present_mask);
	unsigned int nr_online = 0, nr_present = 0;
	int err = for_each_of(mem, online, count_cpu, &nr_online);

	if (err)
		return err;
	if (nr_online < nr_notes && !for_each_of(mem, present, count_cpu, &nr_present) &&
	    nr_present == nr_notes)
		online = present;
	return for_each_of(mem, online, visit, ctx);
}

int percpu_address(const struct vmem *mem, uint64_t cpu, vaddr_t variable, vaddr_t *ret)
{
	uint64_t offset;
	int err;

	if (!MOD_SYM_EXIST(vmlinux, __per_cpu_offset))
		return err_set(-ENOENT, "SYMBOL(__per_cpu_offset) is not known");
	if (cpu >= CPUS_MAX)
		return err_set(-EINVAL, "invalid CPU number %" PRIu64, cpu);
	err = vmem_read_ulong(
		mem, GET_MOD_SYM(vmlinux, __per_cpu_offset) + cpu * vmem_ulong_size(mem), &offset);
	if (!err)
		*ret = variable + offset;
	return err;
}
