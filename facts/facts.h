/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The declarations of a program or an extension, as sets that providers fill.
 *
 * A declaration's @c index is the source that filled it in (enum fact_source), or is
 * negative before that. Providers never change a value of another provider.
 */
#ifndef FACTS_FACTS_H
#define FACTS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "facts/declare.h"

/** The sources of facts, in the order in which they are used. */
enum fact_source {
	FACT_FILE,	 /**< VMCOREINFO text given with -i */
	FACT_VMCOREINFO, /**< VMCOREINFO of the dump */
	FACT_KALLSYMS,	 /**< symbol tables in the dump */
	FACT_BTF,	 /**< types in the dump */
	FACT_DWARF,	 /**< vmlinux given with -x */
};

/** The index of what is missing because several have its name, and differ. */
#define FACT_AMBIGUOUS (-2)

/** The kinds of declarations of one program or extension. */
struct fact_set {
	struct ksym_info *const *ksyms;
	struct ktype_info *const *ktypes;
	struct knum_info *const *knums;
	struct klen_info *const *klens;
	struct kpath_info *const *kpaths;
	size_t nr_ksyms, nr_ktypes, nr_knums, nr_klens, nr_kpaths;
};

/**
 * Everything that the program itself declares, each fact once: facts that each run needs, those
 * of facts/on_demand.h, some of which can be the same, and those of facts/xen.h. Not thread-safe.
 */
struct fact_set facts_of_program(void);
struct fact_set facts_on_demand(void);
struct fact_set facts_of_xen(void);

/** Forget everything that providers filled in. */
void facts_reset(const struct fact_set *set);

/** Return whether a declaration is of @p module (or vmlinux) and no provider has filled it in. */
static inline bool fact_is_missing(int index, const char *modname, const char *module)
{
	return index < 0 && !strcmp(modname, module);
}

/** Return whether a set has declarations that name a module rather than vmlinux. */
bool facts_of_modules(const struct fact_set *set);

/** With --trace facts, print each declared fact, its value and its source. */
void facts_trace(const struct fact_set *set);

/**
 * Say in one line how many facts each source gave, and name those that did not come
 * from VMCOREINFO, as far as they fit; ambiguous ones apart from unknown ones.
 * @param[out] buf the line, without a newline
 */
void facts_describe(const struct fact_set *set, char *buf, size_t size);

/**
 * Call a function with one line for each declared fact: whether it is required, its value, and
 * its source; in the order of declaration, kind by kind, each fact once.
 */
void facts_for_each_line(const struct fact_set *set, void (*fn)(void *ctx, const char *line),
			 void *ctx);

/**
 * Name all required facts that are missing.
 * @param[out] buf "missing: SYMBOL(x), xfs:OFFSET(a.b) (ambiguous)", as much as fits; ends
 * in "..." if that is not all
 * @return how many are missing
 */
size_t facts_missing(const struct fact_set *set, char *buf, size_t size);

/** Names of facts that were needed and are not there, for one message. */
struct fact_list {
	char text[256];
	unsigned int count;
};

/** Add a name such as "OFFSET(page.flags)" to a list unless @p there. */
void facts_need(struct fact_list *missing, int there, const char *name);

/** @return 0 if a list is empty; -ENOENT: the error names its facts */
int facts_check(const struct fact_list *missing) __attribute__((warn_unused_result));

/** Add the name of a fact of vmlinux to a list unless it was found. */
#define FACTS_REQUIRE_SYM(missing, sym) \
	facts_need(missing, MOD_SYM_EXIST(vmlinux, sym), "SYMBOL(" #sym ")")
#define FACTS_REQUIRE_STRUCT(missing, s) \
	facts_need(missing, MOD_STRUCT_EXIST(vmlinux, s), "SIZE(" #s ")")
#define FACTS_REQUIRE_MEMBER(missing, s, m) \
	facts_need(missing, MOD_STRUCT_MEMBER_EXIST(vmlinux, s, m), "OFFSET(" #s "." #m ")")
#define FACTS_REQUIRE_NUM(missing, num) \
	facts_need(missing, MOD_NUM_EXIST(vmlinux, num), "NUMBER(" #num ")")
#define FACTS_REQUIRE_MEMBER_LEN(missing, s, m) \
	facts_need(missing, MOD_MEMBER_LEN_EXIST(vmlinux, s, m), "LENGTH(" #s "." #m ")")

#endif
