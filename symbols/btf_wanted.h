/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * What is declared of the kernel's and its modules' types, gathered by name, and
 * what BTF answers. Which definition answers is described at init_kernel_btf().
 */
#ifndef SYMBOLS_BTF_WANTED_H
#define SYMBOLS_BTF_WANTED_H

#include "symbols/btf_index.h"
#include "symbols/facts.h"

struct btf_wanted;

/** @param sets their records are borrowed @return 0 or -ENOMEM with a sentence */
int btf_wanted_create(struct btf_wanted **ret, const struct fact_set *sets, size_t nr)
	__attribute__((warn_unused_result));
void btf_wanted_destroy(struct btf_wanted *w);

/** The names to look for. */
const struct btf_names *btf_wanted_names(const struct btf_wanted *w);

/** The i-th module, other than vmlinux, that something is wanted of; or NULL. */
const char *btf_wanted_module(const struct btf_wanted *w, size_t i);

/** Whether everything that is wanted of a module has an answer. */
bool btf_wanted_complete(const struct btf_wanted *w, const char *module);

/** Look for what is wanted of a module; the types of vmlinux come first. */
void btf_wanted_try(struct btf_wanted *w, const char *module, const struct btf_types *t,
		    const struct btf_index *ix);

/** Fill in the declarations for which there is an answer. */
void btf_wanted_fill(struct btf_wanted *w, const char *module);

/** The first thing that was wrong, or "". */
const char *btf_wanted_why(const struct btf_wanted *w);

#endif
