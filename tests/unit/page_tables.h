/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: a machine whose page tables are a few lines of text.
 *
 * Physical memory is described by lines of "ADDRESS VALUE", one 8-byte word each, in
 * hexadecimal. All other words of the 4 KiB blocks that are mentioned are zero; other
 * memory does not exist.
 */
#ifndef TESTS_UNIT_PAGE_TABLES_H
#define TESTS_UNIT_PAGE_TABLES_H

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "tests/unit/facts_text.h"

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

#define WORDS_MAX 64

struct memory {
	struct { paddr_t addr; uint64_t value; } words[WORDS_MAX];
	size_t nr_words;
	unsigned int reads;
	bool big_endian;
	int err;			/* reading fails with this, if not 0 */
};

static inline void memory_init(struct memory *m, const char *text)
{
	char *end;

	*m = (struct memory){ 0 };
	while (*text) {
		assert_true(m->nr_words < WORDS_MAX);
		m->words[m->nr_words].addr = strtoull(text, &end, 16);
		m->words[m->nr_words++].value = strtoull(end, &end, 16);
		assert_int_equal(*end, '\n');
		text = end + 1;
	}
}

/* The word that an address is in; false if there is no such memory. */
static inline bool memory_word(const struct memory *m, paddr_t pa, uint64_t *ret)
{
	bool exists = false;

	*ret = 0;
	for (size_t i = 0; i < m->nr_words; i++) {
		exists |= m->words[i].addr / 4096 == pa / 4096;
		if (m->words[i].addr == pa - pa % 8)
			*ret = m->words[i].value;
	}
	return exists;
}

static inline int memory_read(void *ctx, paddr_t pa, void *buf, size_t len)
{
	struct memory *m = ctx;
	uint8_t word[8];
	size_t n;

	m->reads++;
	if (m->err)
		return err_set(m->err, "the disk is on fire");
	for (size_t done = 0; done < len; done += n, pa += n) {
		uint64_t value;

		if (!memory_word(m, pa, &value))
			return err_set(-EFAULT, "no memory at %#" PRIx64, pa);
		n = min_u64(8 - pa % 8, len - done);
		store_u64(word, value, HOST_BIG_ENDIAN != m->big_endian);
		memcpy((uint8_t *)buf + done, word + pa % 8, n);
	}
	return 0;
}

/* A kernel whose tables are in a text. */
struct machine {
	struct memory memory;
	struct arch_mem mem;
	struct arch arch;
};

/*
 * For architectures that keep a state: struct machine m _cleanup_machine_ = { 0 }, and
 * machine_done() before it is set up once more.
 */
#define _cleanup_machine_ __attribute__((cleanup(machine_done)))

static inline void machine_done(struct machine *m)
{
	arch_deinit(&m->arch);
}

/* The kind of a machine. */
struct machine_kind {
	uint16_t machine;		/* EM_* */
	bool is64, big_endian;
	unsigned int page_shift;
	/* PT_LOADs; the test's own. */
	const struct arch_segment *segments;
	size_t nr_segments;
};

/* Believe the facts, and prepare translation: 0 or what arch_init() says. */
static inline int machine_setup(struct machine *m, const struct machine_kind *kind,
				const char *facts, const char *memory)
{
	memory_init(&m->memory, memory);
	m->memory.big_endian = kind->big_endian;
	m->mem = (struct arch_mem){ .read = memory_read, .ctx = &m->memory };
	m->arch = (struct arch){
		.ops = arch_find(kind->machine),
		.is64 = kind->is64,
		.swap = kind->big_endian != HOST_BIG_ENDIAN,
		.page_shift = kind->page_shift,
		.segments = kind->segments,
		.nr_segments = kind->nr_segments,
	};
	facts_from_text(facts);
	return arch_init(&m->arch, &m->mem);
}

/* arch_mem.to_physical: the domain's pages are from 4 GiB on, two and two in the other order. */
static inline int memory_to_physical(void *ctx, uint64_t machine, paddr_t *pa)
{
	(void)ctx;
	if (machine < 4 * GIB)
		return err_set(-EFAULT, "no frame of the domain at %#" PRIx64, machine);
	*pa = (machine - 4 * GIB) ^ 0x1000;
	return 0;
}

static inline void assert_mapped(struct machine *m, vaddr_t va, paddr_t pa, uint64_t len)
{
	struct arch_run run = { 0 };
	int err = arch_translate(&m->arch, &m->mem, va, &run);

	if (err)
		fail_msg("%#" PRIx64 ": %s", va, err_text(err));
	assert_int_equal(run.paddr, pa);
	assert_int_equal(run.len, len);
}

static inline void assert_hole(struct machine *m, vaddr_t va, uint64_t len)
{
	struct arch_run run = { 0 };

	err_set(-EFAULT, "%s", "");
	assert_int_equal(arch_translate(&m->arch, &m->mem, va, &run), -EFAULT);
	assert_int_equal(run.len, len);
	/* There is a sentence, and it is about this address. */
	assert_string_not_equal(err_text(-EFAULT), strerror(EFAULT));
}

static inline void assert_text_has(const char *what)
{
	if (!strstr(err_text(-EFAULT), what))
		fail_msg("\"%s\" does not say \"%s\"", err_text(-EFAULT), what);
}

#endif
