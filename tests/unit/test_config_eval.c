// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The places that a config finds in memory of either byte order and word size, and its limits
 * in memory that has no end. The rest is tested with the program, on a kernel of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "erase/config_eval.h"
#include "lib/err.h"
#include "tests/unit/few_types.h"

#define BASE UINT64_C(0xc0100000)
#define BYTES 0x4000
/* The address of variable or node n: each has 256 bytes. */
#define AT(n) (BASE + 0x1000 + (n) * 0x100)

struct world {
	uint8_t bytes[BYTES], mask[BYTES];
	struct vmem mem;
	vaddr_t unreadable[2];		/* addresses; 0: none */
	struct few_types few;
	struct type_lookup types;
	/* Memory without end: each node leads to the next. */
	bool endless;
	uint64_t overwritten, ranges_left;
	struct eval_outcome outcomes[16];
};

static int read_memory(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct world *w = ctx;

	if (w->endless && va >= BASE + BYTES) {
		vaddr_t next = va / 0x100 * 0x100 + 0x100 + va % 0x100;

		memset(buf, 0, len);
		if (len == 8)
			store_u64(buf, next, w->mem.swap);
		return 0;
	}
	if (va < BASE || !range_fits(va - BASE, len, BYTES))
		return err_set(-EFAULT, "nothing at %#" PRIx64, va);
	for (int i = 0; i < 2; i++)
		if (w->unreadable[i] >= va && w->unreadable[i] < va + len)
			return err_set(-EFAULT, "%#" PRIx64 " is damaged", w->unreadable[i]);
	memcpy(buf, w->bytes + (va - BASE), len);
	return 0;
}

/* Symbols are called as their types, and are at places of their own. */
static int symbol(void *ctx, const char *module, const char *name, vaddr_t *ret)
{
	static const char *const names[] = { "node", "nodep", "list_head", "hlist_head" };

	(void)ctx, (void)module;
	for (int i = 0; i < 4; i++) {
		if (!strcmp(names[i], name)) {
			*ret = AT(i);
			return 0;
		}
	}
	*ret = AT(16);
	return strcmp(name, "nodes") ? err_set(-ENOENT, "no %s", name) : 0;
}

static int overwrite(void *ctx, vaddr_t va, uint64_t len, uint8_t fill)
{
	struct world *w = ctx;

	if (!w->ranges_left--)
		return err_set(-ENOMEM, "too many");
	w->overwritten += len;
	if (w->endless)
		return 0;
	if (va < BASE || !range_fits(va - BASE, len, BYTES))
		return err_set(-EFAULT, "nothing at %#" PRIx64, va);
	memset(w->mask + (va - BASE), fill ? fill : '0', len);
	return 0;
}

static bool has_module(void *ctx, const char *module)
{
	(void)ctx;
	return !strcmp(module, "mod");
}

static void begin(struct world *w, bool is64, bool big)
{
	*w = (struct world){
		.mem = { .read = read_memory, .ctx = w, .is64 = is64,
			 .swap = big != HOST_BIG_ENDIAN },
		.few = { .source.ops = &few_ops, .word = is64 ? 8 : 4 },
		.ranges_left = UINT64_MAX,
	};
	type_lookup_init(&w->types, w->few.word);
	type_lookup_add(&w->types, &w->few.source);
}

static int run(struct world *w, const char *text)
{
	const struct eval_ops world = {
		.mem = &w->mem, .types = &w->types, .has_module = has_module,
		.symbol = symbol, .overwrite = overwrite, .ctx = w,
	};
	struct erase_config *config;
	int err = erase_config_parse(&config, "conf", text, strlen(text));

	if (err)
		fail_msg("%s", err_text(err));
	memset(w->outcomes, 0, sizeof(w->outcomes));
	memset(w->mask, 0, sizeof(w->mask));
	w->overwritten = 0;
	assert_true(config->nr_commands <= 16);
	err = eval_config(&world, config, w->outcomes);
	erase_config_free(config);
	return err;
}

/* Store a long at an address plus an offset in longs. */
static void put(struct world *w, vaddr_t at, unsigned int longs, uint64_t value)
{
	uint8_t *p = w->bytes + (at - BASE) + longs * w->few.word;

	if (w->mem.is64)
		store_u64(p, value, w->mem.swap);
	else
		store_u32(p, value, w->mem.swap);
}

/* Check that @len bytes from an address on are overwritten, and forget that they are. */
static void take(struct world *w, vaddr_t at, unsigned int len, char fill)
{
	for (unsigned int i = 0; i < len; i++) {
		assert_int_equal(w->mask[at - BASE + i], fill);
		w->mask[at - BASE + i] = 0;
	}
}

static void check_clean(const struct world *w)
{
	for (unsigned int i = 0; i < BYTES; i++)
		assert_int_equal(w->mask[i], 0);
}

/* Three nodes in each kind of list. */
static void fill_in(struct world *w)
{
	unsigned int word = w->few.word;

	for (int i = 0; i < 3; i++) {
		vaddr_t n = AT(8 + i);
		bool last = i == 2;

		put(w, n, 0, last ? 0 : AT(9 + i));
		put(w, n, 1, last ? AT(2) : AT(9 + i) + word);
		put(w, n, 2, i ? AT(7 + i) + word : AT(2));
		put(w, n, 3, last ? 0 : AT(9 + i) + 3 * word);
		put(w, n, 5, BASE + i * 16);
		put(w, n, 6, BASE + 0x100 * i);
		put(w, n, 7, i + 1);
		sprintf((char *)w->bytes + i * 16, "name %.*s", i, "xx");
	}
	put(w, AT(1), 0, AT(8));
	put(w, AT(2), 0, AT(8) + word);
	put(w, AT(2), 1, AT(10) + word);
	put(w, AT(3), 0, AT(8) + 3 * word);
	put(w, AT(0), 8, AT(9));
	put(w, AT(0), 10, AT(10));
}

static void check_lists(struct world *w)
{
	static const char *const loops[] = {
		"for n in nodep via next", "for n in list_head within node:list",
		"for n in list_head.next within node:list",
		"for n in list_head.prev within node:list",
		"for n in hlist_head within node:hash",
		"for n in hlist_head.first within node:hash",
	};
	unsigned int word = w->few.word;
	char text[256];

	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		snprintf(text, sizeof(text),
			 "%s erase n.name erase n.data size n.size erase n.text size 3 endfor",
			 loops[i]);
		assert_int_equal(run(w, text), 0);
		assert_int_equal(w->outcomes[0].done, 3);
		for (int j = 0; j < 3; j++) {
			assert_int_equal(w->outcomes[1 + j].done, 3);
			assert_int_equal(w->outcomes[j].failed, 0);
			take(w, AT(8 + j) + 11 * word, 3, 'X');
			take(w, BASE + j * 16, 5 + j, 'X');
		}
		/* The first node's data is its name, which is overwritten already. */
		take(w, BASE + 0x100, 2, 'X');
		take(w, BASE + 0x200, 3, 'X');
		check_clean(w);
	}
}

static void test_words_and_orders(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	for (int i = 0; i < 4; i++) {
		unsigned int word = i & 1 ? 8 : 4, size = few_node_size(word);

		begin(w, i & 1, i & 2);
		fill_in(w);
		check_lists(w);
		assert_int_equal(run(w, "for n in nodes erase n.text endfor "
					"for k in node.kids erase k.next nullify endfor"), 0);
		for (unsigned int j = 0; j < 4; j++)
			take(w, AT(16) + j * size + 11 * word, 16, 'X');
		take(w, AT(9), word, '0');
		take(w, AT(10), word, '0');
		check_clean(w);
		assert_int_equal(
			run(w, "for n in nodes for k in node.kids erase n.text endfor endfor"), 0);
		for (unsigned int j = 0; j < 4; j++)
			take(w, AT(16) + j * size + 11 * word, 16, 'X');
		check_clean(w);
		assert_int_equal(run(w, "erase nodep.next.next.text erase node.next.text"), 0);
		take(w, AT(10) + 11 * word, 16, 'X');
		check_clean(w);
		type_lookup_deinit(&w->types);
	}
	free(w);
}

/* Modules that are not there, and what cannot be done, leave the rest alone. */
static void test_outcomes(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	begin(w, true, false);
	fill_in(w);
	assert_int_equal(run(w, "erase nosuch\n[other]\nerase node\n[mod]\nerase node.text\n"
				"for n in list_head within node:list erase n.nosuch erase n.text "
				"size 1 endfor"), 0);
	assert_true(w->outcomes[0].impossible);
	assert_int_equal(w->outcomes[0].failed, 1);
	assert_string_equal(w->outcomes[0].why, "no nosuch");
	assert_true(w->outcomes[1].without_module);
	assert_int_equal(w->outcomes[1].done, 0);
	assert_int_equal(w->outcomes[2].done, 1);
	assert_int_equal(w->outcomes[2].bytes, 16);
	/* It is tried once only. */
	assert_int_equal(w->outcomes[4].failed, 1);
	assert_int_equal(w->outcomes[5].done, 3);
	assert_int_equal(w->outcomes[5].nr_sizes, 1);
	assert_int_equal(w->outcomes[5].sizes[0], 1);
	type_lookup_deinit(&w->types);
	free(w);
}

/* A NULL pointer leads to nothing to erase, which is no failure. */
static void test_null_pointer(void **state)
{
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	begin(w, true, false);
	fill_in(w);
	put(w, AT(1), 0, 0);
	assert_int_equal(run(w, "erase nodep.text erase nodep.next.text erase node.text"), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(w->outcomes[i].failed, 0);
		assert_false(w->outcomes[i].impossible);
		assert_int_equal(w->outcomes[i].done, i == 2);
	}
	assert_int_equal(w->overwritten, 16);
	type_lookup_deinit(&w->types);
	free(w);
}

/* Nodes after one that cannot be read are reached from the list's other end. */
static void test_unreadable_node(void **state)
{
	static const char *const loops[] = {
		"for n in list_head within node:list erase n.text endfor",
		"for n in list_head.next within node:list erase n.text endfor",
		"for n in list_head.prev within node:list erase n.text endfor",
	};
	struct world *w = malloc(sizeof(*w));

	(void)state;
	assert_non_null(w);
	for (int i = 0; i < 9; i++) {
		unsigned int word = i & 1 ? 8 : 4;
		int damaged = i % 3;

		begin(w, i & 1, i & 2);
		fill_in(w);
		/* Both of its pointers, in whichever direction. */
		w->unreadable[0] = AT(8 + damaged) + word;
		w->unreadable[1] = AT(8 + damaged) + 2 * word;
		assert_int_equal(run(w, loops[i / 3]), 0);
		assert_int_equal(w->outcomes[0].failed, 0);
		assert_false(w->outcomes[0].impossible);
		for (int j = 0; j < 3; j++)
			take(w, AT(8 + j) + 11 * word, 16, 'X');
		check_clean(w);
		type_lookup_deinit(&w->types);
	}
	/* Between two of them a node is out of reach. */
	begin(w, true, false);
	fill_in(w);
	w->unreadable[0] = AT(8) + 8;
	w->unreadable[1] = AT(10) + 16;
	assert_int_equal(run(w, loops[0]), 0);
	assert_int_equal(w->outcomes[0].failed, 1);
	assert_non_null(strstr(w->outcomes[0].why, "is damaged"));
	take(w, AT(8) + 11 * 8, 16, 'X');
	take(w, AT(10) + 11 * 8, 16, 'X');
	check_clean(w);
	type_lookup_deinit(&w->types);
	free(w);
}

/* Lists without end: each node is a new one. */
static void test_endless(void **state)
{
	struct world *w = malloc(sizeof(*w));
	vaddr_t first = BASE + BYTES;

	(void)state;
	assert_non_null(w);
	begin(w, true, false);
	w->endless = true;
	put(w, AT(1), 0, first);
	put(w, AT(2), 0, first + 8);
	for (int i = 0; i < 2; i++) {
		static const char *const loops[] = {
			"for n in nodep via next erase n.text endfor",
			"for n in list_head within node:list erase n.text endfor",
		};

		assert_int_equal(run(w, loops[i]), 0);
		assert_int_equal(w->outcomes[0].failed, 1);
		assert_false(w->outcomes[0].impossible);
		assert_non_null(strstr(w->outcomes[0].why, "more than 1048576 elements"));
		assert_in_range(w->outcomes[0].done, EVAL_LOOP_MAX - 1, EVAL_LOOP_MAX);
	}
	/* All loops together have an end, too. */
	assert_int_equal(run(w, "for n in nodep via next for m in nodep via next "
				"for k in nodep via next erase k.text endfor endfor endfor"), 0);
	assert_in_range(w->outcomes[0].done + w->outcomes[1].done + w->outcomes[2].done,
			EVAL_LOOP_MAX, EVAL_STEPS_MAX);
	/* There is no room for more. */
	w->ranges_left = 5;
	assert_int_equal(run(w, "for n in nodep via next erase n.text endfor"), -ENOMEM);
	assert_int_equal(w->outcomes[1].done, 5);
	type_lookup_deinit(&w->types);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_and_orders),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_null_pointer),
		cmocka_unit_test(test_unreadable_node),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
