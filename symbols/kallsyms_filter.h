/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The entries of kallsyms that are those of wanted names, told without expanding them: a tree of
 * the names' characters, which nearly all of the 200,000 entries of a kernel leave after a few.
 *
 * Thread-safety: any number of threads may ask.
 */
#ifndef SYMBOLS_KALLSYMS_FILTER_H
#define SYMBOLS_KALLSYMS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ksym_tokens;
struct symbol_match;

struct ksym_filter {
	const struct ksym_tokens *tokens; /* borrowed */
	/* For each start of a name: 1 if it is a name, and the starts that are longer by each
	 * character, or 0. Starts are known by where they are in here. */
	uint32_t *starts;
	uint8_t codes[128]; /* of characters: 1 for those that no name has */
	unsigned int nr_codes;
};

/**
 * Let entries pass that are names of @p w, or such a name and a suffix that begins with '.'.
 * @param tokens borrowed
 * @return 0; -ENOMEM
 */
int ksym_filter_init(struct ksym_filter *f, const struct ksym_tokens *tokens,
		     const struct symbol_match *w) __attribute__((warn_unused_result));
void ksym_filter_deinit(struct ksym_filter *f);

/** Return whether an entry is wanted. @param len bytes of it, at least 1 */
bool ksym_filter_passes(const struct ksym_filter *f, const uint8_t *entry, size_t len);

#endif
