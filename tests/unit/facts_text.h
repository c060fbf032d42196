/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: the program's declarations filled in from a text.
 */
#ifndef TESTS_UNIT_FACTS_TEXT_H
#define TESTS_UNIT_FACTS_TEXT_H

#include <string.h>

#include "facts/facts.h"
#include "facts/vmcoreinfo.h"

/** Forget all facts, then believe this VMCOREINFO text, whose every line must are valid. */
static inline void facts_from_text(const char *text)
{
	struct vmcoreinfo vi = { .text = text, .size = strlen(text) };
	struct fact_set set = facts_of_program();
	char bad[128];

	facts_reset(&set);
	vmcoreinfo_resolve(&vi, &set, FACT_VMCOREINFO, bad, sizeof(bad));
	assert_string_equal(bad, "");
}

#endif
