/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * VMCOREINFO: lines of KEY=VALUE that the kernel leaves for dump tools.
 *
 * SYMBOL(x) is hexadecimal without 0x, OFFSET, SIZE and LENGTH decimal, NUMBER
 * decimal with an optional sign or hexadecimal with 0x. A declared number
 * may also be a bare KEY, hexadecimal without 0x (KERNELOFFSET). A key that occurs
 * twice counts the first time; unknown keys and lines that are not KEY=VALUE
 * are passed over. A NUL ends a line as a newline does: one in the middle of a text is damage,
 * and costs the line in which it is.
 */
#ifndef FACTS_VMCOREINFO_H
#define FACTS_VMCOREINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts/facts.h"

/** The most bytes of VMCOREINFO text that are believed; the kernel's own limit is a page. */
#define VMCOREINFO_MAX (1u << 20)

/** Text of VMCOREINFO, borrowed: not NUL-ended. */
struct vmcoreinfo {
	const char *text;
	size_t size; /**< bytes */
};

/**
 * Read the text of a file.
 * @param[out] text to be freed; @param[out] ret it
 * @return 0; -ENOMEM; -EFBIG; -errno if the file cannot be read
 */
int vmcoreinfo_read(const char *path, char **text, struct vmcoreinfo *ret)
	__attribute__((warn_unused_result));

/**
 * Step through the lines of a text.
 * @param[in,out] pos 0 at first
 * @param[out] line borrowed, without its end; @param[out] len its bytes, maybe 0
 * @return false at the end
 */
bool vmcoreinfo_next_line(const struct vmcoreinfo *vi, size_t *pos, const char **line, size_t *len);

/**
 * Find the value of a key such as "OSRELEASE".
 * @param[out] val its first byte, borrowed; @param[out] len its bytes
 */
bool vmcoreinfo_find(const struct vmcoreinfo *vi, const char *key, const char **val, size_t *len);

/**
 * Copy a value as a string; bytes other than printable ASCII become "?".
 * @return false, and "" in @p buf, if there is no such key; a value that does not
 * fit is cut
 */
bool vmcoreinfo_string(const struct vmcoreinfo *vi, const char *key, char *buf, size_t size);

/**
 * Parse a number: decimal or 0x-hexadecimal, with an optional minus sign, or
 * hexadecimal without 0x if @p hex. All @p len characters must belong to it.
 */
bool vmcoreinfo_number(const char *val, size_t len, bool hex, uint64_t *ret);

/**
 * Infer the machine from keys that only one architecture exports.
 * @param is64, big_endian of the dump
 * @return EM_*; 0 if no key tells
 */
uint16_t vmcoreinfo_machine(const struct vmcoreinfo *vi, bool is64, bool big_endian);

/**
 * Fill in what the text knows of a set's declarations for vmlinux.
 *
 * @param[out] bad if not NULL: up to @p bad_size - 1 characters of the first
 * line whose value is invalid ("" if there is none); such a line counts as
 * missing
 */
void vmcoreinfo_resolve(const struct vmcoreinfo *vi, const struct fact_set *set,
			enum fact_source source, char *bad, size_t bad_size);

#endif
