/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A hash of the names to find in one pass over a symbol table, and the choice among several
 * symbols of one name.
 */
#ifndef SYMBOLS_SYMBOL_MATCH_H
#define SYMBOLS_SYMBOL_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The degrees to which a symbol fits a name, best last. */
enum ksym_fit {
	KSYM_FIT_NONE,
	KSYM_FIT_SUFFIXED, /**< NAME.isra.0, NAME.llvm.123 */
	KSYM_FIT_LOCAL,
	KSYM_FIT_GLOBAL,
};

/** Symbols of one name that are remembered; more of them are certainly ambiguous. */
#define KSYM_MATCHES_MAX 8

/** One name, and the symbols that fit it best. */
struct symbol_match_name {
	const char *name; /**< borrowed */
	uint32_t hash;
	enum ksym_fit fit;
	unsigned int nr; /**< that fit; maybe more than were remembered */
	/** The argument of symbol_match_offer(): a value, or a key to find the value. */
	uint64_t refs[KSYM_MATCHES_MAX];
};

/** A set of names. */
struct symbol_match {
	struct symbol_match_name *names; /**< owned */
	size_t nr, room;
	uint16_t *slots; /**< 1 + index in names; owned */
	uint32_t mask;	 /**< number of slots - 1 */
};

/** Hash of a name. */
uint32_t ksym_hash(const char *name, size_t len);

/** The most names of a set. */
#define SYMBOL_MATCH_MAX 16384

/** An empty set for up to @p max names. @return 0; -ENOMEM; -E2BIG */
int symbol_match_init(struct symbol_match *w, size_t max) __attribute__((warn_unused_result));
void symbol_match_deinit(struct symbol_match *w);

/** Add a name, unless it is there. @param name borrowed */
void symbol_match_add(struct symbol_match *w, const char *name);

/** Find a name. @return its entry, to be read once all symbols were seen; or NULL */
struct symbol_match_name *symbol_match_find(const struct symbol_match *w, const char *name);

/**
 * Offer a symbol.
 * @param name its name, without the type, of @p len characters
 * @param type as nm prints it: a capital is global
 * @param ref remembered if it fits
 */
void symbol_match_offer(struct symbol_match *w, const char *name, size_t len, char type,
			uint64_t ref);

#endif
