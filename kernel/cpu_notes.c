// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/cpu_notes.h"

#include <errno.h>
#include <stdlib.h>

#include "facts/declare.h"
#include "kernel/kernel_vmem.h"
#include "kernel/percpu.h"
#include "lib/array.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/trace.h"
#include "vmcore/prstatus.h"

INIT_OPT_MOD_SYM(vmlinux, x86_cpu_to_apicid);

struct cpu {
	uint64_t number;
	uint32_t id; /* of the hardware */
};

struct cpus {
	const struct vmem *mem;
	struct cpu *cpus;
	size_t nr;
};

/*
 * An id has 2 bytes, and 4 since v6.7: the lower ones are enough for all machines that have
 * sadump.
 */
static int find_id(void *ctx, uint64_t number)
{
	struct cpus *c = ctx;
	uint8_t raw[2];
	vaddr_t at;
	int err = ARRAY_GROW(c->cpus, c->nr, "CPUs");

	if (!err)
		err = percpu_address(c->mem, number, GET_MOD_SYM(vmlinux, x86_cpu_to_apicid), &at);
	if (!err)
		err = vmem_read(c->mem, at, raw, sizeof(raw));
	if (!err)
		c->cpus[c->nr++] = (struct cpu){ number, load_u16(raw, c->mem->swap) };
	return err;
}

static int add_notes(struct vmcore *vc, const struct cpus *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->nr; i++) {
		uint64_t words[PRSTATUS_WORDS] = { 0 };

		err = vmcore_cpu_regs(vc, c->cpus[i].id, words);
		if (err && err != -ENOENT)
			TRACE(VMCORE, "CPU %u: %s", (unsigned int)c->cpus[i].number, err_text(err));
		err = prstatus_add(vc, c->cpus[i].number, words);
		vc->nr_cpus += !err;
	}
	return err;
}

int kernel_add_cpu_notes(struct kernel *k)
{
	struct vmcore *vc = k->vc;
	bool own = k->info.text == vc->vmcoreinfo;
	_cleanup_free_ struct cpu *cpus = NULL;
	struct kernel_vmem view;
	struct cpus c = { 0 };
	int err;

	if (!vc->ops->cpu_regs || vc->nr_cpus || k->translation_err ||
	    !MOD_SYM_EXIST(vmlinux, x86_cpu_to_apicid))
		return 0;
	err = kernel_vmem_init(&view, k);
	if (err)
		return err;
	c.mem = &view.mem;
	err = percpu_for_each_cpu(&view.mem, true, find_id, &c);
	cpus = c.cpus;
	kernel_vmem_deinit(&view);
	TRACE(VMCORE, "registers of %zu CPUs%s%s", c.nr, err ? ": " : "", err ? err_text(err) : "");
	if (err)
		return err == -ENOMEM ? err : 0;
	err = add_notes(vc, &c);
	if (own)
		k->info.text = vc->vmcoreinfo;
	return err;
}
