/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Declaring facts that only some runs need: a file that includes this header instead of
 * facts/declare.h leaves its declarations to facts_on_demand(), and its users have them resolved
 * before it reads them. And short names for facts of vmlinux.
 */
#ifndef FACTS_ON_DEMAND_H
#define FACTS_ON_DEMAND_H

#include "facts/declare.h"

#undef FACT_SECTION_
#define FACT_SECTION_(kind) ".late_" kind

/** The record of a path. */
#define PATH(id) GET_MOD_PATH_PTR(vmlinux, id)
/** The record of a member. */
#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)
#define HAS_MEMBER(s, m) MOD_STRUCT_MEMBER_EXIST(vmlinux, s, m)
/** The offset of a member, bytes. */
#define OFFSET(s, m) GET_MOD_STRUCT_MEMBER_OFF(vmlinux, s, m)
/** A symbol. */
#define HAS_SYMBOL(s) MOD_SYM_EXIST(vmlinux, s)
#define SYMBOL(s) GET_MOD_SYM(vmlinux, s)

#endif
