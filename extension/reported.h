/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Values that an extension reports to programs, under keys.
 */
#ifndef EXTENSION_REPORTED_H
#define EXTENSION_REPORTED_H

#include <stdint.h>

/** The most values of one extension, and the bytes of a key and a text, with the NUL. */
#define REPORTED_MAX 64
#define REPORTED_KEY_BYTES 32
#define REPORTED_TEXT_BYTES 128

/** One value. */
struct reported_value {
	char key[REPORTED_KEY_BYTES];
	uint8_t is_text; /**< not 0; not a bool, since another process may write any byte */
	uint64_t number;
	char text[REPORTED_TEXT_BYTES];
};

/** All values of an extension, in the order in which it reported them. Shared with its process. */
struct reported {
	uint32_t nr;
	struct reported_value values[REPORTED_MAX];
};

/**
 * Copy what another process wrote, and check it: strings end, and keys are valid.
 * @return 0; -EBADMSG
 */
int reported_copy(struct reported *to, const struct reported *from)
	__attribute__((warn_unused_result));

#endif
