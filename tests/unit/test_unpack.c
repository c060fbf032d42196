// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compressed streams that ask for much memory. tests/cli/test_packed.py decompresses files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "lib/checked.h"
#include "lib/err.h"
#include "lib/resources.h"
#include "lib/unpack.h"

#define MIB (UINT64_C(1) << 20)

/* Frame headers of zstd with a window of 64 MiB and of 1.5 GiB, and a stream of xz whose block has
 * a dictionary of 64 MiB. */
static const uint8_t zstd_64[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0x80 };
static const uint8_t zstd_1536[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, 0xa4 };
static const uint8_t xz_64[] = {
	0xfd, '7', 'z', 'X', 'Z', 0, 0, 0, 0xff, 0x12, 0xd9, 0x41,
	0x02, 0, 0x21, 0x01, 0x1c, 0, 0, 0, 0x10, 0xcf, 0x58, 0xcc,
};

/* Begin a stream. @return as run() */
static int begin(const struct unpack_ops *ops, const uint8_t *in, size_t len, uint64_t memory)
{
	uint8_t out[64];
	struct unpack_io io = { .in = in, .in_left = len, .out = out, .out_left = sizeof(out) };
	void *state;
	int err = ops->create(&state, memory);

	assert_int_equal(err, 0);
	/* The header, and what it asks for. */
	err = ops->run(state, &io);
	if (!err)
		err = ops->run(state, &io);
	ops->destroy(state);
	return err;
}

static void check_refused(const struct unpack_format *f, const uint8_t *in, size_t len,
			  uint64_t memory)
{
	assert_int_equal(begin(f->ops, in, len, memory), -ENOMEM);
	assert_string_equal(err_text(-ENOMEM), UNPACK_TOO_MUCH);
}

static void test_zstd(void **state)
{
	const struct unpack_format *f = unpack_find(zstd_64, sizeof(zstd_64));

	(void)state;
	if (!unpack_supported(f))
		skip();
	assert_int_equal(begin(f->ops, zstd_64, sizeof(zstd_64), 96 * MIB), 0);
	check_refused(f, zstd_64, sizeof(zstd_64), 63 * MIB);
	check_refused(f, zstd_1536, sizeof(zstd_1536), 1535 * MIB);
}

static void test_xz(void **state)
{
	const struct unpack_format *f = unpack_find(xz_64, sizeof(xz_64));

	(void)state;
	if (!unpack_supported(f))
		skip();
	assert_int_equal(begin(f->ops, xz_64, sizeof(xz_64), 96 * MIB), 0);
	check_refused(f, xz_64, sizeof(xz_64), 63 * MIB);
}

static void test_memory(void **state)
{
	(void)state;
	assert_int_equal(unpack_memory(0), 96 * MIB);
	assert_int_equal(unpack_memory(11), 96 * MIB);
	assert_in_range(unpack_memory(MIB), 96 * MIB, 1024 * MIB);
	/* Others may take memory meanwhile. */
	if (available_memory() >= 1024 * MIB)
		assert_true(unpack_memory(MIB) > 96 * MIB);
	assert_true(unpack_memory(UINT64_MAX) <= max_u64(available_memory(), 96 * MIB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_xz),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
