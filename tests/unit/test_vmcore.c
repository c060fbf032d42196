// SPDX-License-Identifier: GPL-2.0-or-later
/* All formats: the rule which errors of reading are holes in the dump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/err.h"
#include "lib/types.h"
#include "vmcore/vmcore.h"

#define PAGE 4096

static int reading_fails(const struct vmcore *vc)
{
	const int *err = vc->priv;

	return err_set(*err, "why it failed");
}

static int get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr, size_t *got)
{
	(void)pa, (void)want, (void)ptr, (void)got;
	return reading_fails(r->vc);
}

static int read_bytes(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
{
	(void)pa, (void)buf, (void)len;
	return reading_fails(r->vc);
}

static void test_unreadable(void **state)
{
	static const struct {
		int from, to;
	} errors[] = {
		{ -EFAULT, -EFAULT }, { -EIO, -EFAULT }, { -EBADMSG, -EFAULT },
		{ -ENODATA, -EFAULT }, { -ENOTSUP, -EFAULT }, { -ENOMEM, -ENOMEM },
	};
	const struct vmcore_ops formats[] = {
		{ .get = get },
		{ .get = get, .read = read_bytes, .read_page = read_bytes },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors) * ARRAY_SIZE(formats); i++) {
		int from = errors[i / ARRAY_SIZE(formats)].from;
		int to = errors[i / ARRAY_SIZE(formats)].to;
		struct vmcore vc = {
			.ops = &formats[i % ARRAY_SIZE(formats)], .priv = &from,
			.page_size = PAGE, .page_shift = 12, .max_pfn = 16,
		};
		struct vmcore_reader *r;
		char buf[PAGE];
		const void *ptr;
		size_t got;

		assert_int_equal(vmcore_reader_create(&r, &vc), 0);
		assert_int_equal(vmcore_get(r, 0x1000, 8, &ptr, &got), to);
		assert_string_equal(err_text(to), "why it failed");
		assert_int_equal(vmcore_read(r, 0x1000, buf, 8), to);
		assert_string_equal(err_text(to), "why it failed");
		assert_int_equal(vmcore_read_cached(r, 0x1000, buf, 8), to);
		assert_string_equal(err_text(to), "why it failed");
		assert_int_equal(vmcore_read_page(r, 1, buf), to);
		assert_string_equal(err_text(to), "why it failed");
		vmcore_reader_destroy(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
