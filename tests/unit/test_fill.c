// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dumps with a fill: signals, full disks and errors while it is written, or before that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "lib/log_control.h"
#include "lib/types.h"
#include "output/dump.h"
#include "tests/unit/memsink.h"
#include "tests/unit/minicore.h"

#define LEVEL (DL_MAX & ~DL_ZERO)

/* Equal pages share their data: the pages of the fill are different. */
static const struct core_text texts[] = {
	{ "mini", "page 0xa00..0xe00 random 1\npage 0x8000..0x8400 random 2\n" },
};

static int setup(void **state)
{
	struct cores *c = malloc(sizeof(*c));

	/* A shell's background jobs ignore the one. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	*state = c;
	log_set_levels(MDF_LOG_ERROR);
	return c ? cores_make(c, "mini-x86_64.txt", NULL, texts, ARRAY_SIZE(texts)) : -1;
}

static int teardown(void **state)
{
	int err = cores_remove(*state);

	free(*state);
	return err;
}

/* A sink in which something happens at the first write from an offset on. */
struct trap {
	struct memsink mem;
	struct sink_ops ops;
	const struct sink_ops *real;
	uint64_t off; /* 0: nothing happens */
	int sig, err; /* a signal comes, or this error from there on */
};

static int trap_pwrite(struct sink *s, const void *buf, size_t len, uint64_t off)
{
	struct trap *t = (struct trap *)s;

	if (t->off && off >= t->off && t->sig) {
		t->off = 0;
		raise(t->sig);
	} else if (t->off && off >= t->off) {
		return err_set(t->err, "the disk is on fire");
	}
	return t->real->pwrite(s, buf, len, off);
}

static int dump(void **state, struct trap *t, unsigned int fill, struct dump_result *res)
{
	struct sink *sink = &t->mem.sink;
	struct dump_request req = {
		.sinks = &sink, .nr_sinks = 1, .nr_threads = 2, .level = LEVEL, .fill = fill,
	};
	struct machine m;
	int err;

	memsink_init(&t->mem);
	t->real = sink->ops;
	t->ops = *t->real;
	t->ops.pwrite = trap_pwrite;
	sink->ops = &t->ops;
	machine_open(&m, *state, "mini");
	req.kernel = m.k;
	err = dump_write(&req, res);
	machine_close(&m);
	return err;
}

/* Pages that are missing of the fill, or of all else. */
static uint64_t missing(const struct dump_result *res, bool fill)
{
	uint64_t n = 0;

	for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++)
		if (res->copy.classes[c].fill == fill)
			n += res->copy.classes[c].pages - res->copy.classes[c].copied;
	return n;
}

/* Return whether the header says that the dump is complete. */
static bool is_marked_complete(const struct trap *t)
{
	uint8_t status; /* the least significant byte, which is the first on x86_64 */

	memsink_read(&t->mem, 424, &status, sizeof(status));
	return !(status & 8);
}

static void test_ends(void **state)
{
	static const struct {
		int sig, err;
		bool fails; /* the dump, not only its fill */
	} cases[] = {
		{ SIGTERM, 0, false },	{ SIGINT, 0, false },	{ 0, -ENOSPC, false },
		{ 0, -EDQUOT, false },	{ 0, -EFBIG, false },	{ 0, -EIO, true },
	};
	struct dump_result res;
	struct trap t = { 0 };
	uint64_t first, all;

	assert_int_equal(dump(state, &t, 0, &res), 0);
	first = memsink_size(&t.mem);
	memsink_deinit(&t.mem);
	t = (struct trap){ 0 };
	assert_int_equal(dump(state, &t, LEVEL, &res), 0);
	assert_int_equal(res.copy.fill_end, 0);
	assert_true(res.complete && is_marked_complete(&t));
	assert_int_equal(missing(&res, true), 0);
	all = memsink_size(&t.mem);
	memsink_deinit(&t.mem);
	assert_true(all > first + (4 << 20));

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* Beyond the first level, whose page descriptors alone are fewer; and within it. */
		const uint64_t offsets[] = { first + (1 << 20), first / 2 };

		for (size_t j = 0; j < ARRAY_SIZE(offsets); j++) {
			bool fails = cases[i].fails || j;
			int err;

			t = (struct trap){ .off = offsets[j], .sig = cases[i].sig,
					   .err = cases[i].err };
			err = dump(state, &t, LEVEL, &res);
			assert_int_equal(err, !fails ? 0 : cases[i].sig ? -ECANCELED :
							   cases[i].err);
			assert_int_equal(res.complete, !fails);
			assert_false(is_marked_complete(&t));
			assert_true(missing(&res, true));
			assert_int_equal(!missing(&res, false), j == 0);
			assert_int_equal(!res.copy.fill_end, fails);
			assert_int_equal(!res.copy.fill_why[0], fails);
			memsink_deinit(&t.mem);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
