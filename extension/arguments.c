// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arguments of an extension that are lists, for extension.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "extension.h"
#include "extension/env.h"
#include "lib/err.h"

/* Room for an item, and for the words that there are. */
#define ITEM_BYTES 64
#define WORDS_BYTES 256

/* Characters of the first item of a list that is not empty. */
static size_t item_length(const char *list)
{
	size_t n = 1;

	while (list[n] && (list[n] != '+' || !list[n + 1] || list[n + 1] == '+'))
		n++;
	return n;
}

int extension_argument_item(const char *key, unsigned int n, char *buf, size_t size)
{
	const char *list = extension_argument(key);
	size_t len = 0;

	if (size)
		buf[0] = '\0';
	for (; list && *list; list += *list == '+') {
		len = item_length(list);
		if (!n--)
			break;
		list += len;
	}
	if (!list || !*list)
		return extension_error(err_set(-ENOENT, "%s has no such item", key));
	if (len >= size)
		return extension_error(
			err_set(-EINVAL, "%s=%.*s is too long", key, (int)len, list));
	memcpy(buf, list, len);
	buf[len] = '\0';
	return 0;
}

/* Write "a, b and c". */
static void join_words(const char *const *words, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; words[i] && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%s",
				!i	     ? "" :
				words[i + 1] ? ", " :
					       " and ",
				words[i]);
}

static bool is_among(const char *word, size_t len, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], word, len))
			return true;
	return false;
}

void extension_known_keys(const char *const *keys)
{
	char known[WORDS_BYTES];
	size_t len;

	for (const char *p = extension_env()->arguments; *p; p += len + !!p[len]) {
		len = strcspn(p, ",");
		if (!len || is_among(p, strcspn(p, "=,"), keys))
			continue;
		join_words(keys, known, sizeof(known));
		extension_fail("unknown argument %.*s: the known keys are %s", (int)len, p, known);
	}
}

static __attribute__((noreturn)) void refuse_word(const char *key, const char *word,
						  const char *const *words)
{
	char known[WORDS_BYTES];

	join_words(words, known, sizeof(known));
	extension_fail("%s=%s: the known words are %s", key, word, known);
}

unsigned int extension_argument_words(const char *key, const char *const *words)
{
	char item[ITEM_BYTES];
	unsigned int found = 0, i;
	int err;

	for (unsigned int n = 0;; n++) {
		err = extension_argument_item(key, n, item, sizeof(item));
		if (err == -ENOENT)
			return found;
		for (i = 0; !err && words[i] && strcmp(words[i], item); i++)
			;
		if (err || !words[i])
			refuse_word(key, err ? extension_argument(key) : item, words);
		found |= 1u << i;
	}
}
