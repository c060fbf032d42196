/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Declarations about the kernel's and its modules' types, gathered by name, and
 * what BTF answers. init_kernel_btf() describes which definition answers.
 */
#ifndef TYPES_BTF_PROVIDER_H
#define TYPES_BTF_PROVIDER_H

#include "facts/facts.h"
#include "types/btf_index.h"
#include "types/btf_info.h"

struct btf_provider;

/** @param sets their records are borrowed @return 0 or -ENOMEM */
int btf_provider_create(struct btf_provider **ret, const struct fact_set *sets, size_t nr)
	__attribute__((warn_unused_result));
void btf_provider_destroy(struct btf_provider *w);

/** The names of types, variables and enumerators to look for. */
const struct btf_names *btf_provider_names(const struct btf_provider *w);
/** These, and the names of members. */
const struct btf_names *btf_provider_all_names(const struct btf_provider *w);

/** The i-th module, other than vmlinux, that something is wanted of; or NULL. */
const char *btf_provider_module(const struct btf_provider *w, size_t i);

/** Return whether everything that is wanted of a module has an answer. */
bool btf_provider_complete(const struct btf_provider *w, const char *module);

/** Look for what is wanted of a module; the types of vmlinux come first. */
void btf_provider_try(struct btf_provider *w, const char *module, const struct btf_types *t,
		      const struct btf_index *ix);

/** Fill in the declarations for which there is an answer. */
void btf_provider_fill(struct btf_provider *w, const char *module);

/** The first thing that was wrong, or "". */
const char *btf_provider_why(const struct btf_provider *w);

#endif
