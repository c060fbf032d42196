// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory in which an extension's process answers: its verdicts, the ranges that it wants to be
 * erased, and the values that it reports. The process may have written anything there.
 *
 * Input, numbers with the least significant byte first:
 *	1	pages of the dump, less 1, as a multiple of 61
 *	...	pieces: 1 for the part of the memory (its number modulo PARTS), 2 for an offset in
 *		it, 1 for the number of bytes less 1, and these bytes
 */
#include <stdlib.h>

#include "extension/answers.h"
#include "tests/fuzz/fuzz.h"

enum { HEAD, REPORTED, ERASURE_COUNT, ERASURES, INCLUDE, EXCLUDE, PARTS };

static void write_piece(const struct extension_answers *a, struct fuzz_input *in)
{
	size_t words = (a->include.nbits + 63) / 64 * sizeof(uint64_t);
	const struct {
		void *start;
		size_t size;
	} parts[PARTS] = {
		[HEAD] = { a->shared, sizeof(*a->shared) },
		[REPORTED] = { &a->shared->reported, sizeof(a->shared->reported) },
		[ERASURE_COUNT] = { &a->shared->nr_erasures, sizeof(a->shared->nr_erasures) },
		[ERASURES] = { a->erasures, 1024 * sizeof(*a->erasures) },
		[INCLUDE] = { a->include.words, words },
		[EXCLUDE] = { a->exclude.words, words },
	};
	unsigned int part = fuzz_number(in, 1) % PARTS;
	size_t at = fuzz_number(in, 2);
	struct fuzz_input bytes = fuzz_bytes(in, fuzz_number(in, 1) + 1);

	if (range_fits(at, bytes.size, parts[part].size))
		memcpy((uint8_t *)parts[part].start + at, bytes.data, bytes.size);
}

/* The verdicts that were taken are those that the process wrote. */
static void check_verdicts(const struct bitmap *taken, const struct bitmap *written)
{
	for (uint64_t i = 0; i < taken->nbits; i++)
		assert(bitmap_test(taken, i) == bitmap_test(written, i));
}

static void check_values(const struct reported *r)
{
	assert(r->nr <= REPORTED_MAX);
	for (uint32_t i = 0; i < r->nr; i++) {
		const struct reported_value *v = &r->values[i];

		assert(strnlen(v->key, sizeof(v->key)) < sizeof(v->key));
		assert(v->key[0] && fuzz_is_clean(v->key));
		assert(!v->is_text || strnlen(v->text, sizeof(v->text)) < sizeof(v->text));
	}
}

static void check_list(struct erase_list *list, const struct extension_answers *a)
{
	uint8_t page[4096] = { 0 };

	erase_list_seal(list);
	for (uint32_t i = 0; i < a->shared->nr_erasures; i++)
		erase_list_apply(list, a->erasures[i].start & ~UINT64_C(4095), page, sizeof(page));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint64_t nr_pfns = fuzz_number(&in, 1) * 61 + 1;
	struct reported *values = malloc(sizeof(*values));
	struct extension_answers a;
	struct erase_list list;
	struct verdicts v;
	int err, fatal = 0;

	assert(values && !extension_answers_create(&a, nr_pfns));
	assert(!bitmap_init(&v.include, nr_pfns) && !bitmap_init(&v.exclude, nr_pfns));
	erase_list_init(&list);
	while (in.size)
		write_piece(&a, &in);
	err = extension_answers_take(&a, "fuzzed", &v, &list, values, &fatal);
	assert(!fatal);
	if (err) {
		assert((err == -EBADMSG || err == -E2BIG) && fuzz_is_clean(err_text(err)));
		assert(bitmap_next_set(&v.include, 0, nr_pfns) == nr_pfns);
		assert(bitmap_next_set(&v.exclude, 0, nr_pfns) == nr_pfns);
	} else {
		check_verdicts(&v.include, &a.include);
		check_verdicts(&v.exclude, &a.exclude);
		check_values(values);
		check_list(&list, &a);
	}
	erase_list_deinit(&list);
	bitmap_deinit(&v.include);
	bitmap_deinit(&v.exclude);
	extension_answers_destroy(&a);
	free(values);
	return 0;
}
