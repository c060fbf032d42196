/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The part of a kernel's BTF that answers about some names, made into BTF of its own.
 *
 * A kernel has 5 MB of types, of which declarations are about one in a thousand. The rest is
 * looked at once, piece by piece, and takes no memory.
 */
#ifndef TYPES_BTF_PART_H
#define TYPES_BTF_PART_H

#include "symbols/vmem.h"
#include "types/btf_names.h"

/** The sections of BTF in the memory of a dump. */
struct btf_source {
	const struct vmem *mem;
	vaddr_t types, strings;
	uint32_t type_bytes, string_bytes;
};

/** Sections in the host's byte order. All zeros to begin with. */
struct btf_part {
	uint32_t *types; /**< owned */
	uint32_t nr_words;
	char *strings; /**< owned; the last one ends with a NUL */
	uint32_t string_bytes;
};

/**
 * Take the structs, unions, typedefs and variables that bear one of the names, the enums with such
 * enumerators, and all that these are made of, in the order that they have. Types get new ids.
 *
 * Members and enumerators of other names are left out; members without a name are not. Pointers
 * point to void, and a declaration of a struct replaces a function. Types of other names get one
 * that no type of a kernel has.
 *
 * @return 0; -EBADMSG, -EFAULT: read the whole instead, which is repaired and says what
 * is wrong; -ENOMEM
 */
int btf_part_read(struct btf_part *part, const struct btf_source *from,
		  const struct btf_names *names) __attribute__((warn_unused_result));
void btf_part_deinit(struct btf_part *part);

#endif
