/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Types of the crashed kernel and its modules, read from the BTF in the dump.
 */
#ifndef TYPES_BTF_INFO_H
#define TYPES_BTF_INFO_H

#include <stdbool.h>
#include <stdint.h>

struct btf_types;
struct fact_set;
struct module_list;
struct vmem;

/**
 * Types of the crashed kernel and its modules, from BTF in the dump. Not thread-safe.
 * As with symbols nothing that goes wrong here is a reason not to make a dump. In a
 * program built without libbpf, creating one fails and the rest cannot be reached.
 */
struct btf_info;

/** Return whether the program was built with libbpf. */
bool btf_info_supported(void);
/** The version of libbpf, such as "1.5"; NULL in a program built without it. */
const char *btf_info_library_version(void);

/** @param mem borrowed @return 0; -ENOTSUP without libbpf; -ENOMEM */
int btf_info_create(struct btf_info **ret, const struct vmem *mem)
	__attribute__((warn_unused_result));
void btf_info_destroy(struct btf_info *bi);

/**
 * Have the types, numbers, lengths and paths of a set resolved by the calls of
 * init_kernel_btf() and init_module_btf() that follow.
 * @param set borrowed, as far as its records go @return 0 or -ENOMEM
 */
int register_ktype_section(struct btf_info *bi, const struct fact_set *set)
	__attribute__((warn_unused_result));

/**
 * Read the kernel's BTF, between the symbols __start_BTF and __stop_BTF or else found
 * by scanning the image, and fill in what is registered for vmlinux and still missing.
 *
 * A declared struct is a struct, union or typedef of that name (one that leads to a
 * struct or union, else one of any kind with a size), in this order; never a forward
 * declaration, never a function. Members are sought in unnamed members too. Where
 * several have the name, the one with most of the members that are declared
 * counts; where several are equal in that but differ in what is asked, none does, and
 * the declaration becomes FACT_AMBIGUOUS.
 * A number is an enumerator of an enum of either width, named or not. A length is of
 * an array member; of a variable only as far as BTF has variables (per-CPU ones).
 *
 * The length of a flexible array is not known.
 *
 * A record that was filled in before, by VMCOREINFO, but lacks a size gets it, if it
 * agrees about the offset.
 *
 * @return 0; -ENOENT if there is no BTF; -EBADMSG if it is damaged; -EFAULT; -ENOMEM
 */
int init_kernel_btf(struct btf_info *bi) __attribute__((warn_unused_result));

/**
 * Fill in what is registered for modules; only those named in a declaration are
 * read. A type is sought in vmlinux first, unless only the module has the members that
 * are asked for, so those of vmlinux are found even if the module is not loaded. The
 * kernel's BTF has been read before.
 * @param modules borrowed for the call
 * @return as init_kernel_btf(); a module that is not loaded, or has no BTF, is no error
 */
int init_module_btf(struct btf_info *bi, const struct module_list *modules)
	__attribute__((warn_unused_result));

/**
 * The first damage and its place; "" if there is none, or if there is no BTF.
 * Borrowed from @p bi.
 */
const char *btf_info_why(const struct btf_info *bi);

/**
 * The kernel's types (types/btf.h), read now if they were not.
 * @param[out] ret borrowed from @p bi
 * @return as init_kernel_btf()
 */
int btf_info_types(struct btf_info *bi, const struct btf_types **ret)
	__attribute__((warn_unused_result));

/**
 * Print types as C with offsets and sizes, for people.
 *
 * @param name NAME of a struct, union, enum or typedef, or STRUCT.MEMBER[.MEMBER]...;
 * NAME may be a shell pattern and then stands for all structs and unions that match
 * @param modules whose types are printed too, but for copies of what was printed before;
 * their BTF is read as needed; NULL: none
 * @param print is called with the text of each type (ends with a newline); returns 0 to go
 * on; anything else ends it and is returned
 * @return number of types printed; -ENOENT if there is none; -errno
 */
int btf_info_print(struct btf_info *bi, const struct module_list *modules, const char *name,
		   int (*print)(void *ctx, const char *text), void *ctx)
	__attribute__((warn_unused_result));

#endif
