// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walks through chains of hash tables, as extensions make them: in both byte orders and word
 * sizes, and what is visited where they are damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "makedumpfile.h"
#include "tests/unit/flatkernel.h"

#define NODE 0x18

/* Objects that were visited, as digits. */
struct visited {
	const struct flat *f;
	char text[64];
	char stop; /* at this object */
};

static uint64_t object(const struct flat *f, unsigned int n)
{
	return f->base + (uint64_t)n * FLAT_PAGE;
}

static int visit(void *ctx, uint64_t address)
{
	struct visited *v = ctx;
	size_t n = strlen(v->text);

	assert_in_range(n, 0, sizeof(v->text) - 2);
	v->text[n] = '0' + (address - v->f->base) / FLAT_PAGE;
	return v->text[n] == v->stop ? 77 : 0;
}

/* Make a chain of the objects in a text; of an odd end it is an hlist_nulls. */
static void put_chain(struct flat *f, uint64_t head, const char *objects, uint64_t end)
{
	uint64_t at = head;

	for (; *objects; objects++) {
		flat_put(f, at, object(f, *objects - '0') + NODE);
		at = object(f, *objects - '0') + NODE;
	}
	flat_put(f, at, end);
}

static void check(const struct flat *f, uint64_t nr, uint64_t bucket, char stop, int want,
		  const char *text)
{
	struct ktype_info node = { .struct_name = "thing", .member_name = "node" };
	struct visited v = { .f = f, .stop = stop };

	flat_member(&node, NODE, 2 * flat_long(f));
	assert_int_equal(mdf_for_each_hash(f->base, nr, bucket, &node, visit, &v), want);
	assert_string_equal(v.text, text);
}

static void test_table(void **state)
{
	(void)state;
	for EACH_KERNEL(i) {
		struct flat f;

		BEGIN(&f, i);
		put_chain(&f, f.base, "123", 0);
		put_chain(&f, f.base + 64, "4", 5);
		put_chain(&f, f.base + 128, "56", 1);
		check(&f, 0, 64, 0, 0, "");
		check(&f, 1, 0, 0, 0, "123");
		check(&f, 3, 64, 0, 0, "123456");
		check(&f, 4, 64, 0, 0, "123456");
		check(&f, 4, 64, '2', 77, "12");
		flat_end(&f);
	}
}

static void test_damage(void **state)
{
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	/* Into itself, into another chain, to no address, to memory that is not there. */
	put_chain(&f, f.base, "123", object(&f, 2) + NODE);
	put_chain(&f, f.base + 8, "4", object(&f, 1) + NODE);
	put_chain(&f, f.base + 16, "5", object(&f, 1) + NODE + 4);
	put_chain(&f, f.base + 24, "6", 0xdead000000000100);
	put_chain(&f, f.base + 32, "78", 0);
	check(&f, 1, 0, 0, -EBADMSG, "123");
	check(&f, 5, 0, 0, -EBADMSG, "12345678");
	/* The error is that of the first damage. */
	assert_non_null(strstr(mdf_error(), "which came before"));
	f.map[7] = FLAT_HOLE;
	check(&f, 5, 0, 0, -EBADMSG, "123456");
	/* Buckets that cannot be read; a size that no table has. */
	check(&f, FLAT_PAGES + 1, FLAT_PAGE, 0, -EBADMSG, "123");
	check(&f, (1 << 24) + 1, 0, 0, -EBADMSG, "");
	assert_non_null(strstr(mdf_error(), "16777217 buckets"));
	flat_end(&f);
}

static void test_facts(void **state)
{
	struct ktype_info node = { .struct_name = "thing", .member_name = "node", .index = -1 };
	struct visited v = { .stop = 0 };
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	put_chain(&f, f.base, "1", 0);
	assert_int_equal(mdf_for_each_hlist(f.base, &node, visit, &v), -ENOENT);
	flat_member(&node, NODE, 16);
	v.f = &f;
	assert_int_equal(mdf_for_each_hlist(f.base, &node, visit, &v), 0);
	assert_string_equal(v.text, "1");
	assert_int_equal(mdf_for_each_hlist(f.base - 8, &node, visit, &v), -EFAULT);
	flat_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
