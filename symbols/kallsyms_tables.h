/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The kallsyms tables as a kernel's build makes them (scripts/kallsyms.c): names
 * as a stream of compressed entries, and a value for each in a table of its own.
 *
 * An entry is a length and that many bytes, each of which stands for a string of
 * the token table; the first character of the expanded string is the type that nm
 * prints, the rest is the name. The length is one byte up to 127, else two, the
 * low 7 bits first, the first of them with bit 7 set (Linux kernel commit
 * 73bbb94466fd, "kallsyms: support "big" kernel symbols", in v6.1). No kernel
 * before that has a length above 128, so all are read by the newer rule.
 *
 * Nothing here is thread-safe or writes to what it was not given.
 */
#ifndef SYMBOLS_KALLSYMS_TABLES_H
#define SYMBOLS_KALLSYMS_TABLES_H

#include "symbols/kallsyms_filter.h"
#include "symbols/vmem.h"

/** No kernel has more symbols; a count above it is not believed. */
#define KSYMS_MAX 16000000
/** Longest entry, encoded (the length has 14 bits). */
#define KSYM_ENTRY_MAX 0x3fff
/** Longest name that is believed, type included: the kernel's own limit is 512. */
#define KSYM_TEXT_MAX 4096
/** Bytes of a token table that is believed. Real ones have about 1000. */
#define KSYM_TOKENS_MAX 65536
/** Number of symbols per marker; a marker is the offset of a symbol in the stream. */
#define KSYM_MARKER_STEP 256

/** The rule by which a symbol's address follows from its entry in the table of values. */
enum kallsyms_encoding {
	/** The address itself, in a native word (until 6.10, few architectures). */
	KSYM_ABSOLUTE,
	/** Unsigned 32 bits from kallsyms_relative_base (4.6 to 6.19). */
	KSYM_BASE_RELATIVE,
	/**
	 * 32 bits: not negative, the value itself (per-CPU offsets); negative, base
	 * - 1 - entry (x86_64 SMP, 4.6 to 6.14).
	 */
	KSYM_ABSOLUTE_PERCPU,
	/** Signed 32 bits from the entry's own place (since 7.0). */
	KSYM_PLACE_RELATIVE,
	/** The address itself, in 32 bits (since 7.0, 32-bit kernels not relocated). */
	KSYM_PLAIN,
};

/** A way to read values. */
struct ksym_values {
	enum kallsyms_encoding encoding;
	vaddr_t table; /**< kallsyms_offsets, or kallsyms_addresses */
	uint64_t base; /**< what kallsyms_relative_base holds, if it counts */
};

/** The most ways that are tried. */
#define KSYM_VALUES_MAX 16

/** Addresses of the tables of one kernel. */
struct kallsyms_tables {
	uint32_t num_syms; /**< at most KSYMS_MAX */
	vaddr_t names;
	vaddr_t token_table, token_index;
	/** Offsets in the stream of names of each 256th entry; 0: not known. */
	vaddr_t markers;
	unsigned int marker_size; /**< bytes of each: 4, or 8 */
	/** Ways to read the values that are possible; the right one is among them. */
	struct ksym_values candidates[KSYM_VALUES_MAX];
	unsigned int nr_candidates;
};

/** The most bytes of names that are believed. Real tables have up to 3 MB. */
#define KSYM_NAMES_MAX (64u << 20)

/**
 * Work out where the markers are from where names and tokens are, if nothing said so.
 * They stay unknown if what is there is not markers.
 */
void kallsyms_find_markers(struct kallsyms_tables *t, const struct vmem *mem);

/** Add a possible way to read values; one too many is left out. */
void kallsyms_add_candidate(struct kallsyms_tables *t, enum kallsyms_encoding encoding,
			    vaddr_t table, uint64_t base);

/** The token table, ready for use. About 65 KiB. */
struct ksym_tokens {
	char text[KSYM_TOKENS_MAX + 1];
	struct ksym_token {
		uint16_t start, len; /**< in text; a len of 0 is no token */
	} token[256];
};

/**
 * Read a token table and its index, which has 256 offsets of 16 bits and follows
 * the table. Tokens that lie outside of it, are empty or not printable are left out.
 * @return 0; -EBADMSG if the two cannot belong together; -EFAULT
 */
int ksym_tokens_read(struct ksym_tokens *tokens, const struct vmem *mem, vaddr_t table,
		     vaddr_t index) __attribute__((warn_unused_result));

/**
 * Expand one entry.
 * @param[out] text type and name, NUL-ended
 * @return characters in text; 0 if the entry is damaged (a byte that is no token, a
 * name that is empty or does not fit)
 */
size_t ksym_expand(const struct ksym_tokens *tokens, const uint8_t *entry, size_t len,
		   char text[KSYM_TEXT_MAX]);

/** Bytes of the stream that are read at once; an entry has to fit. */
#define KSYM_STREAM_CHUNK 65536

/** A walk over the names, first to last. */
struct ksym_stream {
	const struct vmem *mem;
	const struct kallsyms_tables *tables;
	uint32_t index; /**< of the entry that comes next */
	/**
	 * Symbols that were passed over because the stream is damaged there, or given
	 * in a block of 256 that did not end where its marker says.
	 */
	uint32_t lost;
	uint64_t pos;	 /**< of chunk[at] in the stream of names */
	size_t at, have; /**< in chunk */
	uint8_t chunk[KSYM_STREAM_CHUNK];
};

/** Begin a walk. @param tables borrowed, as is @p mem */
void ksym_stream_init(struct ksym_stream *s, const struct vmem *mem,
		      const struct kallsyms_tables *tables);

/**
 * The next entry. Where the stream contradicts the markers or cannot be read, the
 * walk goes on at the next marker that is valid, and lost says how many symbols
 * that cost.
 * @param filter short entries that it does not let pass are passed over; NULL: none is
 * @param[out] index which symbol it is
 * @param[out] entry its bytes without the length, borrowed until the next call
 * @return its length; 0 at the end
 */
size_t ksym_stream_next(struct ksym_stream *s, const struct ksym_filter *filter, uint32_t *index,
			const uint8_t **entry);

/**
 * The run-time address of a symbol (for per-CPU symbols, what the kernel's own
 * table has).
 * @return 0 or -EFAULT
 */
int ksym_value(const struct vmem *mem, const struct ksym_values *values, uint32_t index,
	       uint64_t *ret) __attribute__((warn_unused_result));

/** The most values that are read at once. */
#define KSYM_VALUES_CHUNK 1024

/** The same for @p nr symbols from @p first on, at most KSYM_VALUES_CHUNK. */
int ksym_values_read(const struct vmem *mem, const struct ksym_values *values, uint32_t first,
		     uint32_t nr, uint64_t *ret) __attribute__((warn_unused_result));

#endif
