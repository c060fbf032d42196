/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Writing JSON (RFC 8259), one value after the other.
 *
 *	json_begin(&j, out);			{
 *	json_number(&j, "pages", 12);		  "pages": 12,
 *	json_array(&j, "names");		  "names": [
 *	json_string(&j, NULL, "vmcore");	    "vmcore"
 *	json_end(&j);				  ]
 *	json_end(&j);				}
 *
 * Values in an object have a key, those in an array have none (NULL). Keys are the
 * program's own; strings can have any bytes: what is not UTF-8 becomes U+FFFD.
 * ferror() of the stream tells whether all of it could be written.
 */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** No more objects and arrays may lie within each other. */
#define JSON_DEPTH_MAX 16

struct json {
	FILE *out; /**< borrowed */
	unsigned int depth;
	bool is_array[JSON_DEPTH_MAX];
	bool has_values; /**< something was written at this depth */
};

/** Begin with an object, which the last json_end() closes. */
void json_begin(struct json *j, FILE *out);
/** Begin an object, or an array, within another one. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
/** End what was begun last. */
void json_end(struct json *j);

/** @param value NUL-ended; or NULL, which becomes null */
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_signed(struct json *j, const char *key, int64_t value);
/** To the microsecond; null if it is no number. */
void json_seconds(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

#endif
