// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The calls by which extensions overwrite data in the dump.
 */
#include <errno.h>
#include <inttypes.h>

#include "erase_info.h"
#include "extension/env.h"
#include "extension/memory.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "makedumpfile.h"

/* No machine has memory beyond that. */
#define PADDR_END (UINT64_C(1) << 52)

/* @param len at least 1; start + len is at most PADDR_END */
static int add_erasure(paddr_t start, uint64_t len, uint8_t fill)
{
	struct extension_shared *a = extension_env()->shared;
	struct erase_range *last = a->nr_erasures ? &a->erasures[a->nr_erasures - 1] : NULL;

	if (last && last->end == start && last->fill == fill) {
		last->end += len;
		return 0;
	}
	if (a->nr_erasures >= ERASURES_MAX) {
		a->erasures_lost = true;
		return err_set(-ENOMEM, "more than %u ranges to erase", ERASURES_MAX);
	}
	a->erasures[a->nr_erasures++] = (struct erase_range){ start, start + len, fill };
	return 0;
}

int erase_physical(uint64_t paddr, uint64_t len, int fill)
{
	if (!range_fits(paddr, len, PADDR_END))
		return extension_error(err_set(
			-EINVAL, "no memory goes from %#" PRIx64 " on for %" PRIu64 " bytes", paddr,
			len));
	return len ? extension_error(add_erasure(paddr, len, fill)) : 0;
}

/* Erasing what is mapped of a range. */
struct erasing {
	int fill;
	bool any;
};

static int erase_run(void *ctx, paddr_t pa, uint64_t len)
{
	struct erasing *e = ctx;

	e->any = true;
	return erase_physical(pa, len, e->fill);
}

/* Erase what is mapped of a range. @return 0; -errno */
static int erase_mapped(struct erasing *e, vaddr_t va, uint64_t len)
{
	const struct extension_env *env = extension_env();

	return extension_error(
		kernel_for_each_run(env->kernel, env->reader, va, len, erase_run, e));
}

int update_filter_info_raw(unsigned long long vaddr, int fill, int len)
{
	struct erasing e = { .fill = fill };
	int err = erase_mapped(&e, vaddr, len > 0 ? len : 0);

	if (err && err != -EFAULT)
		return err;
	return !e.any ? 0 : err ? err : len;
}

int mdf_erase(uint64_t vaddr, uint64_t len, int fill)
{
	struct erasing e = { .fill = fill };

	return erase_mapped(&e, vaddr, len);
}

static int erase_user_run(void *ctx, uint64_t address, uint64_t physical, uint64_t len)
{
	(void)address;
	return erase_run(ctx, physical, len);
}

int mdf_erase_user(uint64_t mm, uint64_t start, uint64_t len, int fill)
{
	struct erasing e = { .fill = fill };
	uint64_t end;

	if (!checked_add(start, len, &end))
		return extension_error(err_set(
			-EINVAL, "no memory goes from %#" PRIx64 " on for %" PRIu64 " bytes", start,
			len));
	return mdf_for_each_user_memory(mm, start, end, erase_user_run, &e);
}
