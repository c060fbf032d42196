// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of extensions that are linked into the program. The Makefile defines
 * BUILTIN_EXTENSIONS as X(NAME) X(NAME)..., and gives their entry points and sections names
 * that begin or end with the extension's. An entry point that one lacks is a weak symbol
 * without a definition.
 */
#include "extension/builtin.h"

#ifndef BUILTIN_EXTENSIONS
#define BUILTIN_EXTENSIONS
#endif

#define SECTION(type, section, ext) \
	extern type __start_##section##_##ext[] __attribute__((weak, visibility("hidden"))); \
	extern type __stop_##section##_##ext[] __attribute__((weak, visibility("hidden")));

#define X(ext) \
	extern const char ext##_makedumpfile_extension_help[] __attribute__((weak)); \
	void ext##_extension_init(void) __attribute__((weak)); \
	int ext##_extension_callback(unsigned long pfn, const void *pcache) __attribute__((weak)); \
	void ext##_extension_pages_callback(const struct extension_pages *pages, \
					    uint8_t *verdicts) __attribute__((weak)); \
	SECTION(struct ksym_info *const, init_ksyms, ext) \
	SECTION(struct ktype_info *const, init_ktypes, ext) \
	SECTION(struct knum_info *const, init_knums, ext) \
	SECTION(struct klen_info *const, init_klens, ext) \
	SECTION(struct kpath_info *const, init_kpaths, ext) \
	SECTION(function *const, init_array, ext) \
	SECTION(function *const, fini_array, ext)
typedef void function(void);
BUILTIN_EXTENSIONS
#undef X

#define X(ext) \
	{ \
		.name = #ext, \
		.help = ext##_makedumpfile_extension_help, \
		.init = ext##_extension_init, \
		.callback = ext##_extension_callback, \
		.pages_callback = ext##_extension_pages_callback, \
		.ksyms = __start_init_ksyms_##ext, \
		.ksyms_end = __stop_init_ksyms_##ext, \
		.ktypes = __start_init_ktypes_##ext, \
		.ktypes_end = __stop_init_ktypes_##ext, \
		.knums = __start_init_knums_##ext, \
		.knums_end = __stop_init_knums_##ext, \
		.klens = __start_init_klens_##ext, \
		.klens_end = __stop_init_klens_##ext, \
		.kpaths = __start_init_kpaths_##ext, \
		.kpaths_end = __stop_init_kpaths_##ext, \
		.constructors = __start_init_array_##ext, \
		.constructors_end = __stop_init_array_##ext, \
		.destructors = __start_fini_array_##ext, \
		.destructors_end = __stop_fini_array_##ext, \
	},
const struct builtin_extension builtin_extensions[] = {
	BUILTIN_EXTENSIONS{ 0 },
};
