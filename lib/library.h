/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Functions of another library, which is linked with the program or loaded when it is needed.
 *
 * The variables USE* of the Makefile decide: they define HAVE_NAME as LINKED or DLOPENED. A file
 * that calls the library lists the functions that it calls:
 *
 *     #define FUNCTIONS(F) F(snappy_compress) F(snappy_uncompress)
 *     LIBRARY(HAVE_SNAPPY, snappy, FUNCTIONS, "dumps compressed with snappy", "libsnappy.so.1")
 *
 * which defines struct snappy, whose members are pointers to the functions and bear their names,
 * snappy_load(), which fills it in, and snappy_available(), which says if that can be done.
 * A program that loads the library has a note for the tools that make packages and images:
 * https://systemd.io/ELF_DLOPEN_METADATA/.
 */
#ifndef LIB_LIBRARY_H
#define LIB_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Load a library and look its functions up, in the library and in those that it needs. A
 * library that was loaded stays loaded.
 * @param sonames the names that distributions give to the library, the first one preferred;
 * after the last one is NULL
 * @param names of the functions
 * @param[out] functions room for @p nr pointers to functions, one after the other
 * @return 0; -ENOTSUP if the library or a function of it is not there, whose message names it
 */
int library_load(const char *const sonames[], const char *const names[], void *functions, size_t nr)
	__attribute__((warn_unused_result));

#define LIBRARY_POINTER(function) __typeof__(function) *function;
#define LIBRARY_ADDRESS(function) .function = function,
#define LIBRARY_NAME(function) #function,

/** Define struct @p name: for a header, if several files call the library. */
#define LIBRARY_STRUCT(name, functions) \
	struct name { \
		functions(LIBRARY_POINTER) \
	}

/**
 * For the struct of LIBRARY_STRUCT(), define `int name_load(struct name *)`, which returns as
 * library_load(), and `bool name_available(void)`. The names of the library's file come last.
 */
#define LIBRARY_LOADER(how, name, functions, ...) \
	LIBRARY_IS(how, name, functions, __VA_ARGS__) \
	static inline bool __attribute__((unused)) name##_available(void) \
	{ \
		struct name library; \
\
		return !name##_load(&library); \
	}
#define LIBRARY_IS(how, ...) LIBRARY_##how(__VA_ARGS__)

/** LIBRARY_STRUCT() and LIBRARY_LOADER(). */
#define LIBRARY(how, name, functions, ...) \
	LIBRARY_STRUCT(name, functions); \
	LIBRARY_LOADER(how, name, functions, __VA_ARGS__)

#define LIBRARY_LINKED(name, functions, ...) \
	static int name##_load(struct name *library) \
	{ \
		*library = (struct name){ functions(LIBRARY_ADDRESS) }; \
		return 0; \
	}

#define LIBRARY_DLOPENED(name, functions, feature, ...) \
	LIBRARY_NOTE(#name, feature, LIBRARY_LIST(__VA_ARGS__)) \
	static int name##_load(struct name *library) \
	{ \
		static const char *const sonames[] = { __VA_ARGS__, NULL }; \
		static const char *const names[] = { functions(LIBRARY_NAME) }; \
\
		_Static_assert(sizeof(*library) == sizeof(names), "one pointer for each name"); \
		return library_load(sonames, names, library, sizeof(names) / sizeof(*names)); \
	}

/* One name or two, as a list of JSON within a string of assembly. */
#define LIBRARY_LIST(first, ...) "[\\\"" first "\\\"" __VA_OPT__(",\\\"" __VA_ARGS__ "\\\"") "]"

/* A note of type 0x407c0c0a of "FDO", in the section that the tools look for. */
#define LIBRARY_NOTE(name, feature, sonames) \
	__asm__(".pushsection .note.dlopen, \"a\", %note\n" \
		".balign 4\n" \
		".4byte 4, 2f - 1f, 0x407c0c0a\n" \
		".asciz \"FDO\"\n" \
		"1: .asciz \"[{\\\"feature\\\":\\\"" name "\\\",\\\"description\\\":\\\"" feature \
		"\\\",\\\"priority\\\":\\\"suggested\\\",\\\"soname\\\":" sonames "}]\"\n" \
		"2: .balign 4\n" \
		".popsection\n");

#endif
