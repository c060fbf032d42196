/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Extensions that are linked into the program (BUILTIN_EXTENSIONS of the Makefile).
 */
#ifndef EXTENSION_BUILTIN_H
#define EXTENSION_BUILTIN_H

#ifndef MAKEDUMPFILE_CORE
#define MAKEDUMPFILE_CORE
#endif

#include "extension.h"
#include "facts/declare.h"

/** One of them. An entry point that it lacks is NULL. */
struct builtin_extension {
	const char *name;
	const char *help; /**< EXTENSION_HELP; NULL: it has none */
	void (*init)(void);
	int (*callback)(unsigned long pfn, const void *pcache);
	void (*pages_callback)(const struct extension_pages *pages, uint8_t *verdicts);
	/** Its declarations: each kind from the first to before the end. */
	struct ksym_info *const *ksyms, *const *ksyms_end;
	struct ktype_info *const *ktypes, *const *ktypes_end;
	struct knum_info *const *knums, *const *knums_end;
	struct klen_info *const *klens, *const *klens_end;
	struct kpath_info *const *kpaths, *const *kpaths_end;
	/** Its constructors and destructors: they run in the extension's process only. */
	void (*const *constructors)(void), (*const *constructors_end)(void);
	void (*const *destructors)(void), (*const *destructors_end)(void);
};

/** All of them, up to one without a name. NULL in a program without any. */
extern const struct builtin_extension builtin_extensions[] __attribute__((weak));

#endif
