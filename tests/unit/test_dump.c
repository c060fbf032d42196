// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dumps in parts: what happens to the others, and to those that are written already, when one
 * fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "lib/byteorder.h"
#include "lib/log_control.h"
#include "lib/types.h"
#include "output/dump.h"
#include "tests/unit/memsink.h"
#include "tests/unit/minicore.h"

#define PAGE 4096
#define STATUS_OFFSET 424
#define INCOMPLETE 8
/* Pages that are looked at for other reasons than to copy them, at most. */
#define OTHER 400

/* Equal pages share their data: these are different. */
static const struct core_text texts[] = {
	{ "mini", "page 0xa00..0xe00 random 1\npage 0x8000..0x8400 random 2\n" },
};

static int setup(void **state)
{
	struct cores *c = malloc(sizeof(*c));

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

/* Bytes of memory that were looked at. */
static uint64_t bytes_got;
static const struct vmcore_ops *real_ops;

static int counting_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr,
			size_t *got)
{
	int err = real_ops->get(r, pa, want, ptr, got);

	if (!err)
		bytes_got += *got;
	return err;
}

/* A dump in two parts. */
struct parts {
	struct machine m;
	struct vmcore_ops ops;
	struct memsink sinks[2];
	struct dump_result res;
};

static int dump(struct parts *p, void **state, uint64_t end0, uint64_t end1,
		bool stop_on_first_error)
{
	struct sink *sinks[2] = { &p->sinks[0].sink, &p->sinks[1].sink };
	struct dump_request req = { .sinks = sinks, .nr_sinks = 2, .nr_threads = 1,
				    .stop_on_first_error = stop_on_first_error };

	machine_open(&p->m, *state, "mini");
	real_ops = p->m.vc->ops;
	p->ops = *real_ops;
	p->ops.get = counting_get;
	p->m.vc->ops = &p->ops;
	bytes_got = 0;
	memsink_init(&p->sinks[0]);
	memsink_init(&p->sinks[1]);
	p->sinks[0].end = end0;
	p->sinks[1].end = end1;
	req.kernel = p->m.k;
	return dump_write(&req, &p->res);
}

static void parts_deinit(struct parts *p)
{
	p->m.vc->ops = real_ops;
	machine_close(&p->m);
	memsink_deinit(&p->sinks[0]);
	memsink_deinit(&p->sinks[1]);
}

static uint32_t u32_at(const struct parts *p, unsigned int part, uint64_t off)
{
	uint8_t raw[4];

	memsink_read(&p->sinks[part], off, raw, sizeof(raw));
	return load_u32(raw, HOST_BIG_ENDIAN);
}

/* Count the page descriptors at the beginning of a part's table that are not zeros. */
static uint64_t count_descs(const struct parts *p, unsigned int part)
{
	uint64_t off = (1 + (uint64_t)u32_at(p, part, 432) + u32_at(p, part, 436)) * PAGE, n = 0;

	for (uint64_t i = 0; i < p->res.copy.total; i++)
		n += u32_at(p, part, off + i * 24 + 8) != 0;
	return n;
}

/* The size of a part that is whole, and the number of its pages. */
static uint64_t whole_size(void **state, uint64_t *pages)
{
	struct parts p;
	uint64_t size;

	assert_int_equal(dump(&p, state, UINT64_MAX, UINT64_MAX, false), 0);
	assert_true(p.res.complete);
	assert_int_equal(u32_at(&p, 0, STATUS_OFFSET), 0);
	assert_int_equal(u32_at(&p, 1, STATUS_OFFSET), 0);
	*pages = count_descs(&p, 1);
	assert_int_equal(count_descs(&p, 0) + *pages, p.res.copy.total);
	assert_in_range(bytes_got, p.res.copy.total * PAGE, (p.res.copy.total + OTHER) * PAGE);
	size = memsink_size(&p.sinks[0]);
	parts_deinit(&p);
	return size;
}

/* One fails: the other is whole, and no more of the memory of the first is read. */
static void test_one_part_fails(void **state)
{
	uint64_t pages, size = whole_size(state, &pages), descs;
	struct parts p;

	assert_int_equal(dump(&p, state, size / 3, UINT64_MAX, false), -ENOSPC);
	assert_false(p.res.complete);
	assert_int_equal(u32_at(&p, 1, STATUS_OFFSET), 0);
	assert_int_equal(count_descs(&p, 1), pages);
	/* The pages written are described: page descriptors wait in memory until the end. */
	assert_int_equal(u32_at(&p, 0, STATUS_OFFSET), INCOMPLETE);
	descs = count_descs(&p, 0);
	assert_in_range(descs, 1, pages - 300);
	assert_int_equal(p.res.copy.copied, pages + descs);
	/* A batch of 128 pages is lost with the write that failed. */
	assert_true(bytes_got <= (pages + descs + 128 + OTHER) * PAGE);
	parts_deinit(&p);
}

/* The caller begins anew: nothing more is copied after the first error. */
static void test_give_up(void **state)
{
	uint64_t pages, size = whole_size(state, &pages);
	struct parts p;

	assert_int_equal(dump(&p, state, size / 8, UINT64_MAX, true), -ENOSPC);
	assert_true(p.res.copy.copied < 2 * (pages - 300));
	assert_true(bytes_got < 2 * (pages - 300) * PAGE);
	assert_int_equal(u32_at(&p, 0, STATUS_OFFSET), INCOMPLETE);
	parts_deinit(&p);
}

/* Before there are pages: what is written of the other part is put on the disk all the same. */
static void test_no_room_for_bitmaps(void **state)
{
	struct parts p;

	assert_int_equal(dump(&p, state, UINT64_MAX, 4 * PAGE, false), -ENOSPC);
	assert_int_not_equal(p.res.phase, DUMP_COPY);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(memsink_event(&p.sinks[i], 0)->call, MEMSINK_SYNC);
		assert_int_equal(u32_at(&p, i, STATUS_OFFSET), INCOMPLETE);
	}
	parts_deinit(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_part_fails),
		cmocka_unit_test(test_give_up),
		cmocka_unit_test(test_no_room_for_bitmaps),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
