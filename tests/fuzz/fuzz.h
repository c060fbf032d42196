/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For fuzz targets: numbers from the front of an input, memory of a kernel made of the
 * rest, and what must hold of every answer.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "facts/facts.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "symbols/vmem.h"

/** The target, by libFuzzer's name for it. @return 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/** Called once, before the first input; not every target has it. @return 0 */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/** Flags in the first byte of an input that is memory. Seeds have FUZZ_BINARY set. */
#define FUZZ_32BIT 0x01
#define FUZZ_BIG_ENDIAN 0x02
#define FUZZ_BINARY 0x80

/** The rest of an input. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

/** The next bytes, at most @p max. */
static inline struct fuzz_input fuzz_bytes(struct fuzz_input *in, size_t max)
{
	struct fuzz_input ret = { in->data, min_u64(max, in->size) };

	in->data += ret.size;
	in->size -= ret.size;
	return ret;
}

/** A number of up to 8 bytes, the least significant first; missing ones are 0. */
static inline uint64_t fuzz_number(struct fuzz_input *in, unsigned int bytes)
{
	struct fuzz_input raw = fuzz_bytes(in, bytes);
	uint64_t ret = 0;

	for (size_t i = 0; i < raw.size; i++)
		ret |= (uint64_t)raw.data[i] << 8 * i;
	return ret;
}

/* --- memory ------------------------------------------------------------------- */

#define FUZZ_PIECES 2

/** Memory with a few pieces in it, which do not touch, and a hole in these. */
struct fuzz_memory {
	struct vmem mem;
	struct fuzz_piece {
		vaddr_t va;
		struct fuzz_input bytes;
	} pieces[FUZZ_PIECES];
	unsigned int nr_pieces;
	vaddr_t hole, hole_end;
};

static inline int fuzz_memory_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	const struct fuzz_memory *m = ctx;

	/* No caller may rely on the buffer's contents after a failure. */
	memset(buf, 0xa5, len);
	if (!len)
		return 0;
	if (va < m->hole_end && va + len > m->hole)
		return err_set(-EFAULT, "a hole at %#llx", (unsigned long long)va);
	for (unsigned int i = 0; i < m->nr_pieces; i++) {
		const struct fuzz_piece *p = &m->pieces[i];

		if (va < p->va || !range_fits(va - p->va, len, p->bytes.size))
			continue;
		memcpy(buf, p->bytes.data + (va - p->va), len);
		return 0;
	}
	return err_set(-EFAULT, "nothing at %#llx", (unsigned long long)va);
}

static inline bool fuzz_memory_has(const struct fuzz_memory *m, vaddr_t va)
{
	bool has = false;

	for (unsigned int i = 0; i < m->nr_pieces; i++)
		has |= va - m->pieces[i].va < m->pieces[i].bytes.size;
	return has && (va < m->hole || va >= m->hole_end);
}

static inline int fuzz_memory_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct fuzz_memory *m = ctx;

	*len = -va;
	for (unsigned int i = 0; i <= m->nr_pieces; i++) {
		const struct fuzz_piece *p = &m->pieces[i];
		vaddr_t from = i < m->nr_pieces ? p->va : m->hole;
		vaddr_t to = i < m->nr_pieces ? p->va + p->bytes.size : m->hole_end;

		if (from > va)
			*len = min_u64(*len, from - va);
		if (to > va)
			*len = min_u64(*len, to - va);
	}
	return fuzz_memory_has(m, va) ? 0 : -EFAULT;
}

/** Memory with nothing in it. @param m must not be moved afterwards */
static inline void fuzz_memory_init(struct fuzz_memory *m, unsigned int flags)
{
	*m = (struct fuzz_memory){
		.mem = {
			.read = fuzz_memory_read,
			.extent = fuzz_memory_extent,
			.ctx = m,
			.is64 = !(flags & FUZZ_32BIT),
			.swap = !!(flags & FUZZ_BIG_ENDIAN) != HOST_BIG_ENDIAN,
		},
	};
}

/** Put bytes somewhere. They have to end at or before the top of the address space. */
static inline void fuzz_memory_add(struct fuzz_memory *m, vaddr_t va, struct fuzz_input bytes)
{
	assert(m->nr_pieces < FUZZ_PIECES);
	m->pieces[m->nr_pieces++] = (struct fuzz_piece){ va, bytes };
}

/* --- what must hold ------------------------------------------------------------ */

/** Return whether a text can go to a terminal: dumps are not to be trusted. */
static inline bool fuzz_is_clean(const char *text)
{
	for (; *text; text++)
		if ((*text < ' ' || *text > '~') && *text != '\n' && *text != '\t')
			return false;
	return true;
}

/** Check the result of a function that reads a dump: 0, or one of these with a clean text. */
static inline void fuzz_check_err(int err)
{
	if (!err)
		return;
	assert(err == -ENOENT || err == -EBADMSG || err == -EFAULT);
	assert(err_text(err)[0] && fuzz_is_clean(err_text(err)));
}

/** Say that VMCOREINFO knows a symbol that the program declares. */
static inline void fuzz_set_symbol(const struct fact_set *set, const char *name, uint64_t value)
{
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		if (strcmp(set->ksyms[i]->symname, name))
			continue;
		set->ksyms[i]->value = value;
		set->ksyms[i]->index = FACT_VMCOREINFO;
	}
}

#endif
