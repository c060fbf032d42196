/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Which of the possible ways to read the addresses of symbols is the right one,
 * by evidence: no version number tells.
 */
#ifndef SYMBOLS_KALLSYMS_ENCODING_H
#define SYMBOLS_KALLSYMS_ENCODING_H

#include "facts/facts.h"
#include "symbols/kallsyms_tables.h"
#include "symbols/symbol_match.h"

/** The most names that ksym_evidence_want() adds. */
#define KSYM_EVIDENCE_NAMES 32

/** Add the names of symbols that can serve as evidence to those that are sought. */
void ksym_evidence_want(struct symbol_match *w);

/**
 * Choose among the candidates of @p tables.
 *
 * Evidence are symbols whose addresses are known from elsewhere (@p sets, as far as
 * VMCOREINFO filled them in), and those where something known must lie:
 * linux_banner, __start_BTF. Two different addresses have to be right, and more right than
 * wrong; where there are fewer to judge by, the order of all addresses counts too. One
 * alone would not do: _stext and its neighbours share an address, so that a table
 * that was taken for beginning one entry late can still have it right.
 *
 * @param w what was found of the names that were wanted; its refs are indexes of symbols
 * @return 0; -EBADMSG if no candidate is right
 */
int kallsyms_encoding_choose(struct ksym_values *ret, const struct vmem *mem,
			     const struct kallsyms_tables *tables, const struct symbol_match *w,
			     const struct fact_set *sets, size_t nr_sets)
	__attribute__((warn_unused_result));

#endif
