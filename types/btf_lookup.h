/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The dump's BTF, the kernel's and its modules', as a source of types by name.
 *
 * In a program built without libbpf there is none.
 */
#ifndef TYPES_BTF_LOOKUP_H
#define TYPES_BTF_LOOKUP_H

#include "symbols/module_list.h"
#include "types/btf_info.h"
#include "types/type_lookup.h"

struct btf_lookup;

/**
 * Types of modules are read when they are asked for. Variables are known as far as BTF has
 * them, under names of any section; addresses are for symbols to tell.
 *
 * @param types, mem, modules borrowed as long as this
 * @return 0; -ENOENT if the dump has no BTF, -ENOTSUP without libbpf, -EBADMSG, -EFAULT,
 * -ENOMEM
 */
int btf_lookup_create(struct btf_lookup **ret, struct btf_info *types, const struct vmem *mem,
		      const struct module_list *modules) __attribute__((warn_unused_result));
/** NULL is none. */
void btf_lookup_destroy(struct btf_lookup *b);

/** For type_lookup_add(). */
struct type_source *btf_lookup_source(struct btf_lookup *b);

#endif
