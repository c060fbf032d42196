// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BTF of which a page cannot be read: the types in it are lost, all others keep their ids, in
 * either byte order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifdef HAVE_LIBBPF

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/err.h"
#include "types/btf.h"
#include "types/btf_print.h"

#define PAGE 4096u
#define BASE UINT64_C(0xffffffff82000000)
#define SIZE (1u << 18)
#define HEADER 24u
#define NR_STRUCTS 1500u
/* Bytes of the types of names_make(). */
#define TYPES 64u

/* BTF in memory, and the page of it that cannot be read. */
struct image {
	struct vmem mem;
	uint8_t *bytes;
	uint32_t type_len, size, end; /* end: the first id that there is not */
	uint64_t hole, hole_end;
	uint32_t starts[5 * NR_STRUCTS + 2]; /* of each type in the section, by id */
	uint32_t ids[NR_STRUCTS + 1];	     /* of each struct's pointer */
};

static int image_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	const struct image *m = ctx;
	uint64_t at = va - BASE;

	if (at > SIZE || len > SIZE - at || (at < m->hole_end && at + len > m->hole))
		return err_set(-EFAULT, "nothing at %#llx", (unsigned long long)va);
	memcpy(buf, m->bytes + at, len);
	return 0;
}

static void put(struct image *m, uint32_t word)
{
	store_u32(m->bytes + HEADER + m->type_len, word, m->mem.swap);
	m->type_len += 4;
}

static void put_type(struct image *m, uint32_t id, uint32_t name, unsigned int kind, uint32_t nr,
		     uint32_t size)
{
	m->starts[id] = m->type_len;
	put(m, name);
	put(m, kind << 24 | nr);
	put(m, size);
}

/*
 * int, and NR_STRUCTS times: struct sNNNN { struct sNNNN *self; int a, ...; } *, and an enum; with
 * as many members as the last digit of the number. Some of them have a function, too.
 */
static void image_make(struct image *m, bool swap, bool functions)
{
	uint32_t strings = 1, id = 1;
	char *text = calloc(1, SIZE);

	*m = (struct image){ .bytes = calloc(1, SIZE) };
	m->mem = (struct vmem){ .read = image_read, .ctx = m, .is64 = true, .swap = swap };
	assert_non_null(text);
	assert_non_null(m->bytes);
	put_type(m, id++, 0, BTYPE_INT, 0, 4);
	put(m, 32);
	for (unsigned int i = 0; i < NR_STRUCTS; i++) {
		unsigned int nr = 1 + i % 10;

		m->ids[i] = id;
		put_type(m, id, 0, BTYPE_PTR, 0, id + 1);
		put_type(m, id + 1, strings, BTYPE_STRUCT, nr, 8 * nr);
		for (unsigned int j = 0; j < nr; j++) {
			put(m, 0);
			put(m, j ? 1 : id);
			put(m, j * 64);
		}
		put_type(m, id + 2, 0, BTYPE_ENUM, i % 3, 4);
		for (unsigned int j = 0; j < i % 3; j++) {
			put(m, strings);
			put(m, j);
		}
		/* Not at regular distances. */
		if (functions && (i * i * 2654435761u) >> 31) {
			put_type(m, id + 3, 0, BTYPE_FUNC_PROTO, 1, 1);
			put(m, 0);
			put(m, id);
			put_type(m, id + 4, strings, BTYPE_FUNC, 1, id + 3);
			id += 2;
		}
		id += 3;
		strings += sprintf(text + strings, "s%04u", i) + 1;
	}
	m->ids[NR_STRUCTS] = m->end = id;
	m->starts[id] = m->type_len;
	memcpy(m->bytes + HEADER + m->type_len, text, strings);
	m->size = HEADER + m->type_len + strings;
	store_u16(m->bytes, 0xeb9f, swap);
	m->bytes[2] = 1;
	store_u32(m->bytes + 4, HEADER, swap);
	store_u32(m->bytes + 12, m->type_len, swap);
	store_u32(m->bytes + 16, m->type_len, swap);
	store_u32(m->bytes + 20, strings, swap);
	assert_true(m->size < SIZE);
	free(text);
}

/* The struct of a number is what it was. */
static void assert_struct(const struct image *m, const struct btf_types *t, unsigned int i)
{
	uint32_t id = m->ids[i];
	struct btype type;

	assert_int_equal(btype_get(t, id, &type), 0);
	assert_int_equal(type.kind, BTYPE_PTR);
	assert_int_equal(type.size, id + 1);
	assert_int_equal(btype_get(t, id + 1, &type), 0);
	assert_int_equal(type.kind, BTYPE_STRUCT);
	assert_int_equal(type.nr, 1 + i % 10);
	assert_int_equal(type.size, 8 * type.nr);
}

/* Load it without bytes [start, end): types outside of them are there. @return how many lost */
static unsigned int load(struct image *m, uint64_t start, uint64_t end)
{
	unsigned int lost = 0;
	struct btf_types t;
	int err;

	m->hole = start;
	m->hole_end = end;
	err = btf_types_load(&t, &m->mem, BASE, m->size, NULL);
	if (err)
		fail_msg("bytes from %#llx of %#x: %s", (unsigned long long)start,
			 HEADER + m->type_len, err_text(err));
	assert_int_equal(t.end, m->end);
	assert_int_equal(t.unreadable, end - start);
	for (unsigned int i = 0; i < NR_STRUCTS; i++) {
		uint64_t first = HEADER + m->starts[m->ids[i]];
		uint64_t last = HEADER + m->starts[m->ids[i] + 2];

		if (last <= start || first >= end)
			assert_struct(m, &t, i);
		else
			lost++;
	}
	btf_types_deinit(&t);
	return lost;
}

static void test_every_page(void **state)
{
	(void)state;
	for (unsigned int swap = 0; swap < 2; swap++) {
		struct image m;

		image_make(&m, swap, true);
		assert_int_equal(load(&m, 0, 0), 0);
		for (uint64_t at = PAGE; at + 4 * PAGE < HEADER + m.type_len; at += PAGE)
			assert_in_range(load(&m, at, at + PAGE), 1, 64);
		/* Two pages; and one of strings, whose names are lost. */
		assert_in_range(load(&m, 4 * PAGE, 6 * PAGE), 1, 128);
		assert_int_equal(load(&m, (HEADER + m.type_len) / PAGE * PAGE + PAGE,
				      (HEADER + m.type_len) / PAGE * PAGE + 2 * PAGE),
				 0);
		free(m.bytes);
	}
}

/* Types that cannot be counted, since none after them tells; and no header. */
static void test_lost(void **state)
{
	struct btf_types t;
	struct image m;

	(void)state;
	image_make(&m, false, false);
	m.hole = 4 * PAGE;
	m.hole_end = 5 * PAGE;
	assert_int_equal(btf_types_load(&t, &m.mem, BASE, m.size, NULL), -EBADMSG);
	assert_non_null(strstr(err_text(-EBADMSG), "cannot be counted"));
	m.hole = 0;
	m.hole_end = PAGE;
	assert_int_equal(btf_types_load(&t, &m.mem, BASE, m.size, NULL), -EFAULT);
	m.hole_end = SIZE;
	assert_int_equal(btf_types_load(&t, &m.mem, BASE, m.size, NULL), -EFAULT);
	free(m.bytes);
}

/*
 * The last types: there can be more of them than others tell, which costs none of the kernel's own
 * types, but those of modules would get wrong ids.
 */
static void test_end(void **state)
{
	struct btf_types t, of_module;
	struct image m;

	(void)state;
	image_make(&m, false, true);
	assert_int_equal(btf_types_load(&t, &m.mem, BASE, m.size, NULL), 0);
	assert_false(t.uncounted);
	assert_int_equal(btf_types_load(&of_module, &m.mem, BASE, m.size, &t), 0);
	btf_types_deinit(&of_module);
	btf_types_deinit(&t);
	/* Within the section the number is known. */
	m.hole = 4 * PAGE;
	m.hole_end = 5 * PAGE;
	assert_int_equal(btf_types_load(&t, &m.mem, BASE, m.size, NULL), 0);
	assert_false(t.uncounted);
	btf_types_deinit(&t);
	m.hole = (HEADER + m.type_len) / PAGE * PAGE;
	m.hole_end = HEADER + m.type_len;
	assert_int_equal(btf_types_load(&t, &m.mem, BASE, m.size, NULL), 0);
	assert_true(t.uncounted);
	assert_struct(&m, &t, 0);
	assert_int_equal(btf_types_load(&of_module, &m.mem, BASE, m.size, &t), -EBADMSG);
	assert_non_null(strstr(err_text(-EBADMSG), "cannot be counted"));
	btf_types_deinit(&t);
	free(m.bytes);
}

/*
 * struct inner { int x; }; struct outer { struct inner NAME; }; the second page cannot be read.
 * @param strings where in the file they begin
 * @param name where in these the name is
 */
static void names_make(struct image *m, bool swap, uint32_t strings, uint32_t name)
{
	*m = (struct image){ .bytes = calloc(1, SIZE), .hole = PAGE, .hole_end = 2 * PAGE };
	m->mem = (struct vmem){ .read = image_read, .ctx = m, .is64 = true, .swap = swap };
	assert_non_null(m->bytes);
	put_type(m, 1, 1, BTYPE_INT, 0, 4);
	put(m, 32);
	put_type(m, 2, 5, BTYPE_STRUCT, 1, 4);
	put(m, 2 * PAGE - strings);
	put(m, 1);
	put(m, 0);
	put_type(m, 3, 11, BTYPE_STRUCT, 1, 4);
	put(m, name);
	put(m, 2);
	put(m, 0);
	assert_int_equal(m->type_len, TYPES);
	m->size = 3 * PAGE;
	memcpy(m->bytes + strings, "\0int\0inner\0outer", 17);
	m->bytes[2 * PAGE] = 'x';
	if (name)
		memset(m->bytes + strings + name, 'n', 100);
	store_u16(m->bytes, 0xeb9f, swap);
	m->bytes[2] = 1;
	store_u32(m->bytes + 4, HEADER, swap);
	store_u32(m->bytes + 12, m->type_len, swap);
	store_u32(m->bytes + 16, strings - HEADER, swap);
	store_u32(m->bytes + 20, m->size - strings, swap);
}

/* A member whose name cannot be read has one: what is in it are not the struct's own members. */
static void test_lost_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		struct btf_text text = { 0 };
		uint64_t budget = 100;
		struct btype_member member;
		struct btf_types t;
		struct btype type;
		struct image m;

		/* None, one or two characters of the name can be read. */
		names_make(&m, i % 2, HEADER + TYPES, PAGE - (HEADER + TYPES) - i / 2);
		assert_int_equal(btf_types_load(&t, &m.mem, BASE, m.size, NULL), 0);
		assert_int_equal(btype_find_member(&t, 2, "x", &budget, &member), 0);
		assert_int_equal(btype_find_member(&t, 3, "x", &budget, &member), -EBADMSG);
		assert_int_equal(btype_find_member(&t, 3, "n", &budget, &member), -EBADMSG);
		assert_int_equal(btype_get(&t, 3, &type), 0);
		assert_int_equal(btf_print_type(&text, &t, &type), 0);
		assert_non_null(strstr(text.buf, "struct inner               /* damaged */;"));
		btf_text_deinit(&text);
		btf_types_deinit(&t);
		free(m.bytes);
	}
}

/* All names are lost, and no member has one. */
static void test_nameless(void **state)
{
	uint64_t budget = 100;
	struct btype_member member;
	struct btf_types t;
	struct image m;

	(void)state;
	names_make(&m, false, PAGE, 0);
	assert_int_equal(btf_types_load(&t, &m.mem, BASE, m.size, NULL), 0);
	assert_int_equal(btype_find_member(&t, 3, "x", &budget, &member), 0);
	btf_types_deinit(&t);
	free(m.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_page),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_lost_names),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 0;
}

#endif
