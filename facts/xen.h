/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Declaring facts of a hypervisor: a file that includes this header instead of facts/declare.h
 * leaves its declarations to facts_of_xen(). vmlinux, the module's name there, is xen-syms, which
 * is to the hypervisor what vmlinux is to Linux.
 */
#ifndef FACTS_XEN_H
#define FACTS_XEN_H

#include "facts/declare.h"

#undef FACT_SECTION_
#define FACT_SECTION_(kind) ".xen_" kind

#endif
