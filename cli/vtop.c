// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/vtop.h"

#include <inttypes.h>

#include "lib/err.h"
#include "lib/log.h"

struct walk {
	int digits; /* of an address */
	bool stepped;
};

static void show_step(void *ctx, const struct arch_step *step)
{
	struct walk *w = ctx;

	if (!w->stepped)
		MSG("LEVEL  %-*s  ENTRY\n", w->digits, "ENTRY AT");
	w->stepped = true;
	MSG("%-5u  %-*" PRIx64 "  %0*" PRIx64 "\n", step->level, w->digits, step->paddr, w->digits,
	    step->entry);
}

static int look_up(const struct kernel *k, struct vmcore_reader *r, vaddr_t va)
{
	struct walk w = { .digits = k->arch.is64 ? 16 : 8 };
	struct arch_run run;
	uint8_t byte;
	int err;

	MSG("Translating virtual address %" PRIx64 " to physical address.\n\n", va);
	err = kernel_trace(k, r, va, show_step, &w, &run);
	if (w.stepped)
		MSG("\n");
	if (err)
		return err;
	MSG("%-*s  PHYSICAL\n", w.digits, "VIRTUAL");
	MSG("%0*" PRIx64 "  %" PRIx64 "\n\n", w.digits, va, run.paddr);
	if (vmcore_read_cached(r, run.paddr, &byte, 1))
		MSG("VMCORE does not hold what is there.\n\n");
	return 0;
}

int vtop(const struct kernel *k, vaddr_t va)
{
	struct vmcore_reader *r;
	int err;

	if (k->translation_err)
		return err_set(k->translation_err, "addresses cannot be translated: %s",
			       k->translation_why);
	err = vmcore_reader_create(&r, k->vc);
	if (err)
		return err;
	err = look_up(k, r, va);
	vmcore_reader_destroy(r);
	return err;
}
