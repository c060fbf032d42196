// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries that pass are those that, expanded, are wanted names, with a suffix or without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/kallsyms_filter.h"
#include "symbols/kallsyms_tables.h"
#include "symbols/symbol_match.h"

static const char *const wanted[] = { "prb", "pr", "init_task", "init_mm", "x.y", "ab", "_" };
/* Number 0 is no token. */
static const char *const texts[] = { "", "T", "t", "Tp", "tpr", "r", "p", "rb", "b", "a", ".", ".0",
				     ".isra", "b.cold", "in", "Tin", "it", "_", "it_task", "mm",
				     "tprb.", "x", "y", "x.", ".y", "T.", "ask", "t_" };

#define NR_TEXTS (sizeof(texts) / sizeof(*texts))

static struct ksym_tokens *make_tokens(void)
{
	struct ksym_tokens *tokens = calloc(1, sizeof(*tokens));
	size_t at = 0;

	assert_non_null(tokens);
	for (size_t i = 0; i < NR_TEXTS; i++) {
		size_t len = strlen(texts[i]);

		tokens->token[i] = (struct ksym_token){ at, len };
		memcpy(tokens->text + at, texts[i], len + 1);
		at += len + 1;
	}
	return tokens;
}

static bool is_wanted(const char *name)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		size_t len = strlen(wanted[i]);

		if (!strncmp(name, wanted[i], len) && (!name[len] || name[len] == '.'))
			return true;
	}
	return false;
}

static void want(struct symbol_match *w)
{
	assert_int_equal(symbol_match_init(w, 16), 0);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		symbol_match_add(w, wanted[i]);
}

/* All entries of up to four tokens. */
static void test_all_entries(void **state)
{
	struct ksym_tokens *tokens = make_tokens();
	unsigned int passed = 0, nr = 1;
	struct symbol_match w;
	struct ksym_filter f;

	(void)state;
	want(&w);
	assert_int_equal(ksym_filter_init(&f, tokens, &w), 0);
	for (size_t len = 1; len <= 4; len++) {
		nr *= NR_TEXTS - 1;
		for (unsigned int n = 0; n < nr; n++) {
			char text[64] = "";
			uint8_t entry[4];

			for (unsigned int i = 0, rest = n; i < len; i++, rest /= NR_TEXTS - 1) {
				entry[i] = 1 + rest % (NR_TEXTS - 1);
				strcat(text, texts[entry[i]]);
			}
			if (ksym_filter_passes(&f, entry, len) != is_wanted(text + 1))
				fail_msg("%s: passes: %d", text, !is_wanted(text + 1));
			passed += is_wanted(text + 1);
		}
	}
	assert_true(passed > 100 && passed < nr / 10);
	ksym_filter_deinit(&f);
	symbol_match_deinit(&w);
	free(tokens);
}

/* Bytes that are no tokens; a filter of no names. */
static void test_nothing(void **state)
{
	struct ksym_tokens *tokens = make_tokens();
	struct symbol_match w = { 0 };
	struct ksym_filter f;

	(void)state;
	assert_int_equal(ksym_filter_init(&f, tokens, &w), 0);
	for (unsigned int i = 0; i < 65536; i++) {
		const uint8_t entry[2] = { i, i >> 8 };

		assert_false(ksym_filter_passes(&f, entry, 2));
	}
	ksym_filter_deinit(&f);
	want(&w);
	assert_int_equal(ksym_filter_init(&f, tokens, &w), 0);
	assert_false(ksym_filter_passes(&f, (const uint8_t *)"\0\0", 2));
	assert_false(ksym_filter_passes(&f, (const uint8_t *)"\xff", 1));
	ksym_filter_deinit(&f);
	symbol_match_deinit(&w);
	free(tokens);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_entries),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests_name("kallsyms_filter", tests, NULL, NULL);
}
