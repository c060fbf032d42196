/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: a kernel's log in memory of either byte order and word size, and what was made
 * of it.
 */
#ifndef TESTS_UNIT_PRINTK_LOG_H
#define TESTS_UNIT_PRINTK_LOG_H

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/printk/printk.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "tests/unit/facts_text.h"

#define LOG_MEMORY (1u << 20)

struct log_memory {
	struct vmem mem;
	vaddr_t base;
	uint8_t *bytes;
	vaddr_t hole, hole_end;
	unsigned int reads;
	/* The output of printk_for_each(). */
	struct printk_stats stats;
	char text[65536];
	size_t len;
};

static inline int log_memory_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct log_memory *m = ctx;

	m->reads++;
	if (va < m->base || !range_fits(va - m->base, len, LOG_MEMORY) ||
	    (len && va < m->hole_end && va + len > m->hole))
		return err_set(-EFAULT, "nothing at %#" PRIx64, va);
	memcpy(buf, m->bytes + (va - m->base), len);
	return 0;
}

static inline int log_memory_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct log_memory *m = ctx;

	*len = va < m->base ? m->base - va : m->base + LOG_MEMORY - va;
	return va < m->base || va >= m->base + LOG_MEMORY ? -EFAULT : 0;
}

/** Begin, with all bytes 0; the image is all of the memory. */
static inline struct log_memory *log_memory_new(bool is64, bool big)
{
	struct log_memory *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->base = is64 ? 0xffffffff82000000 : 0xc2000000;
	m->mem = (struct vmem){
		.read = log_memory_read, .extent = log_memory_extent, .ctx = m, .is64 = is64,
		.swap = big != HOST_BIG_ENDIAN,
		.image_start = m->base, .image_end = m->base + LOG_MEMORY,
	};
	m->bytes = calloc(1, LOG_MEMORY);
	assert_non_null(m->bytes);
	return m;
}

static inline void log_memory_free(struct log_memory *m)
{
	free(m->bytes);
	free(m);
}

/** Write a number of @p bytes bytes at an offset. */
static inline void log_put(struct log_memory *m, uint64_t off, unsigned int bytes, uint64_t v)
{
	assert_true(range_fits(off, bytes, LOG_MEMORY));
	for (unsigned int i = 0; i < bytes; i++)
		m->bytes[off + (m->mem.swap != HOST_BIG_ENDIAN ? bytes - 1 - i : i)] = v >> 8 * i;
}

static inline void log_put_ulong(struct log_memory *m, uint64_t off, uint64_t v)
{
	log_put(m, off, m->mem.is64 ? 8 : 4, v);
}

static inline void log_put_text(struct log_memory *m, uint64_t off, const char *text)
{
	assert_true(range_fits(off, strlen(text), LOG_MEMORY));
	memcpy(m->bytes + off, text, strlen(text));
}

static inline int log_collect(void *ctx, const char *s, size_t len)
{
	struct log_memory *m = ctx;

	/* No test looks at text that does not fit. */
	len = min_u64(len, sizeof(m->text) - 1 - m->len);
	memcpy(m->text + m->len, s, len);
	m->len += len;
	m->text[m->len] = '\0';
	return 0;
}

static inline int log_record(void *ctx, const struct printk_record *rec)
{
	return printk_format(rec, log_collect, ctx);
}

/** Read the log into m->text. @return as printk_for_each() */
static inline int log_read(struct log_memory *m, bool partial)
{
	m->len = 0;
	m->text[0] = '\0';
	m->reads = 0;
	return printk_for_each(&m->mem, partial, log_record, m, &m->stats);
}

/** The whole log is this, and nothing is wrong with it. */
static inline void log_is(struct log_memory *m, bool partial, const char *text)
{
	assert_int_equal(log_read(m, partial), 0);
	assert_string_equal(m->text, text);
	assert_string_equal(m->stats.why, "");
	assert_int_equal(m->stats.lost, 0);
}

/** Check that the log is this text, that @p lost messages are missing, and the reason given. */
static inline void log_is_damaged(struct log_memory *m, uint64_t lost, const char *why,
				  const char *text)
{
	assert_int_equal(log_read(m, false), 0);
	assert_string_equal(m->text, text);
	assert_int_equal(m->stats.lost, lost);
	if (!strstr(m->stats.why, why))
		fail_msg("\"%s\" is not in \"%s\"", why, m->stats.why);
}

/** All is as it should be whatever a log is damaged by: an error, or a walk that ends. */
static inline void log_survives(struct log_memory *m, unsigned int reads_max)
{
	for (int partial = 0; partial < 2; partial++) {
		int err = log_read(m, partial);

		assert_true(!err || err == -EBADMSG || err == -EFAULT);
		assert_true(!err || err_text(err)[0]);
		assert_true(m->reads <= reads_max);
	}
}

/** Facts, as lines of a format. */
static inline void log_facts(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void log_facts(const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	facts_from_text(text);
}

/** Numbers that are the same in each run. */
static inline uint32_t log_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* --- all of it in four kinds of memory ------------------------------------------ */

static inline int log_set_up_le64(void **state)
{
	*state = log_memory_new(true, false);
	return 0;
}

static inline int log_set_up_be64(void **state)
{
	*state = log_memory_new(true, true);
	return 0;
}

static inline int log_set_up_le32(void **state)
{
	*state = log_memory_new(false, false);
	return 0;
}

static inline int log_set_up_be32(void **state)
{
	*state = log_memory_new(false, true);
	return 0;
}

static inline int log_tear_down(void **state)
{
	log_memory_free(*state);
	return 0;
}

/** A test, in memory of both byte orders and word sizes. */
#define LOG_TEST(test)								\
	{ #test " le64", test, log_set_up_le64, log_tear_down, NULL },		\
	{ #test " be64", test, log_set_up_be64, log_tear_down, NULL },		\
	{ #test " le32", test, log_set_up_le32, log_tear_down, NULL },		\
	{ #test " be32", test, log_set_up_be32, log_tear_down, NULL }

#endif
