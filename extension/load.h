/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Finding an extension's code and bringing it into this process.
 */
#ifndef EXTENSION_LOAD_H
#define EXTENSION_LOAD_H

#include <limits.h>

#include "extension/builtin.h"
#include "facts/facts.h"

/** An extension's code. */
struct extension_code {
	char name[64];				 /**< for messages: without directory and ".so" */
	const char *arguments;			 /**< what stood after the name, or ""; borrowed */
	char path[PATH_MAX];			 /**< of its file; "" if it is built in */
	const struct builtin_extension *builtin; /**< NULL: it is a file */
	/* Set by extension_load(): */
	void *handle;	       /**< NULL for one that is built in */
	struct fact_set facts; /**< what it declares */
	const char *help;      /**< a line; NULL if it has none */
	void (*init)(void);
	int (*callback)(unsigned long pfn, const void *pcache);
	void (*pages_callback)(const struct extension_pages *pages, uint8_t *verdicts);
};

/**
 * Understand NAME[,key=value]... and find out where the code is: a NAME with a slash is
 * a path; others are sought among those that are built in, then in EXTENSIONDIR, never
 * elsewhere. ".so" may be left out in EXTENSIONDIR.
 *
 * @param text borrowed
 * @return 0; -EINVAL
 */
int extension_find(struct extension_code *code, const char *text)
	__attribute__((warn_unused_result));

/** @return true if extensions can be files; else the program has only those that are built in */
bool extension_files_supported(void);

/** The directory of extensions that are files. */
const char *extension_directory(void);

/**
 * Load the code. Runs its constructors, so it is done where an extension may break things.
 *
 * When run as root, a file that another user may write to is refused.
 *
 * Declarations are found by the file's section headers, so with and without the linker
 * script makedumpfile.ld; if it has no section headers, by the script's symbols.
 *
 * @param by_path open it under its own name, for debuggers; else what was checked
 * is what is loaded, whatever happens to the name meanwhile
 * @return 0; -errno
 */
int extension_load(struct extension_code *code, bool by_path) __attribute__((warn_unused_result));

/** Run its destructors; its code and declarations are gone then. */
void extension_unload(struct extension_code *code);

#endif
