/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The language of makedumpfile.conf(5): what is to be overwritten in a dump, read from text.
 *
 *	file    = { "[" MODULE "]" | command }
 *	command = erase | loop
 *	erase   = "erase" path [ "size" ( NUMBER | path ) | "nullify" ]
 *	loop    = "for" NAME "in" path [ "via" members | "within" STRUCT ":" members ]
 *	          command { command } "endfor"
 *	path    = [ cast ] NAME { "." [ cast ] NAME }
 *	members = NAME { "." NAME }
 *	cast    = "(" type { "*" } { "[" NUMBER "]" } ")"
 *	type    = ( "struct" | "union" | "enum" ) NAME | NAME { NAME }
 *
 * A cast tells the type of the name after it, no more: (struct s)a.b is the member b of a,
 * which is a struct s. Words are separated as in C; a line's end is no more than a blank, but
 * that a section's name has a line of its own, and "#" begins a comment, up to it. NUMBER is
 * decimal or, with 0x, hexadecimal; a size may end in K or M. Nothing is known of kernels here:
 * names are only names.
 */
#ifndef ERASE_CONFIG_H
#define ERASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types/type_lookup.h"

/** The most bytes of a file. */
#define CONFIG_BYTES_MAX (1u << 20)
/** Loops in loops. */
#define CONFIG_DEPTH_MAX 8
/** Largest size of an erase command, bytes. */
#define CONFIG_SIZE_MAX (UINT64_C(1) << 30)
/** Brackets of a cast. */
#define CONFIG_DIMS_MAX 3
/** Stars of a cast. */
#define CONFIG_STARS_MAX 4

/** The type in a cast. */
struct config_cast {
	enum type_tag tag;
	const char *name; /**< several words with one blank between them */
	unsigned int stars;
	uint64_t dims[CONFIG_DIMS_MAX]; /**< as written; the first is the outermost */
	unsigned int nr_dims;
};

/** One name of a path. */
struct config_step {
	const char *name;
	const struct config_cast *cast; /**< NULL: none */
	const struct config_step *next;
};

/** A symbol or a loop's variable, and members. */
struct config_path {
	const struct config_step *first; /**< NULL: there is no path */
	const char *text;		 /**< as written, with single blanks */
};

enum config_loop {
	LOOP_ARRAY,
	LOOP_VIA,
	LOOP_WITHIN,
};

/** One "erase", or one "for" with what is in it. */
struct config_command {
	bool is_loop;
	unsigned int line;
	const char *module; /**< of the section; NULL: the kernel itself */
	struct config_path what;
	const char *text; /**< the command, of a loop its first line; as written */

	/* For erase: */
	bool nullify;
	uint64_t size;		      /**< bytes; 0: not told by a number */
	struct config_path size_path; /**< where the size is, if anywhere */

	/* For a loop: */
	enum config_loop how;
	const char *variable;
	const char *within;	 /**< LOOP_WITHIN: the struct's name */
	struct config_path link; /**< via or within: the member that leads on */
	struct config_command *body;

	struct config_command *next; /**< in the same section or loop, or the next section's */
	unsigned int number;	     /**< counted from 0, in the order of the file */
};

/** A section, kept for a warning if its module is not loaded. */
struct config_section {
	const char *module;
	unsigned int line;
	struct config_section *next;
};

/** The contents of a file. Constant once parsed. */
struct erase_config {
	const char *path; /**< as errors call it; borrowed */
	struct config_command *first;
	struct config_section *sections; /**< without those of vmlinux */
	unsigned int nr_commands;
	void *blocks; /**< the memory of all of it */
};

/**
 * Understand a text.
 * @param path what the text is called, borrowed as long as the result
 * @param text borrowed for the call; NULs in it are an error
 * @return 0; -EINVAL "PATH:LINE: ..."; -ENOMEM
 */
int erase_config_parse(struct erase_config **ret, const char *path, const char *text, size_t size)
	__attribute__((warn_unused_result));

/** The same of a file's contents. @return as before; -errno if it cannot be read; -EFBIG */
int erase_config_read(struct erase_config **ret, const char *path)
	__attribute__((warn_unused_result));

/** NULL is none. */
void erase_config_free(struct erase_config *config);

#endif
