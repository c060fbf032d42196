/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The table of options. The parser (cli/options.c), the help (cli/usage.c), the completions
 * (scripts/mkcompletions), the check of the manual and the tests follow from it.
 */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include <stddef.h>

#include "cli/options.h"

/** A screen of -h. */
enum help_topic {
	TOPIC_GENERAL, /**< part of the overview */
	TOPIC_FILTER,
	TOPIC_OUTPUT,
	TOPIC_INPUT,
	TOPIC_ERASE,
	TOPIC_EXTENSIONS,
	TOPIC_INSPECT,
	TOPIC_MESSAGES,
	NR_TOPICS
};

/** The most rows that the table may have. */
#define OPTIONS_MAX 96

/**
 * One option. The set ones among chooses, flag, text and parse take effect in this order.
 * A row without any of them is accepted and changes nothing.
 */
struct option_row {
	char letter;	  /**< 0: none */
	const char *name; /**< without "--"; NULL: none */
	/** Name of the argument; NULL: none; in brackets: an operand, which may be absent. */
	const char *arg;
	enum help_topic topic;
	unsigned int modes;	/**< sum of 1 << enum plan_mode; 0: all */
	enum plan_mode chooses; /**< the mode that it chooses; MODE_CREATE: none */
	size_t flag;		/**< offset of a bool in struct plan that becomes true; 0: none */
	size_t text;		/**< offset of a const char * that becomes the argument; 0: none */
	/** Store @p arg (NULL if arg above is NULL or in brackets). @return 0 or -errno */
	int (*parse)(struct plan *plan, const char *arg);
	const char *help; /**< one sentence, which -h breaks into lines */
};

extern const struct option_row option_table[];
extern const size_t option_table_size;

/** @return true if getopt has to read an argument */
_Bool option_has_arg(const struct option_row *row);

/** Write the short name of an option, or else the long one, as it is typed. */
void option_name(const struct option_row *row, char buf[32]);

/** @return the row of an option as option_name() writes it; NULL if there is none */
const struct option_row *option_find(const char *name);

/** @return the option that chooses a mode; NULL for MODE_CREATE */
const struct option_row *option_of_mode(enum plan_mode mode);

#endif
