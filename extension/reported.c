// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/reported.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "extension.h"
#include "extension/env.h"
#include "lib/err.h"

static bool good_key(const char *key)
{
	size_t len = strnlen(key, REPORTED_KEY_BYTES);

	for (size_t i = 0; i < len && len < REPORTED_KEY_BYTES; i++)
		if (!isalnum((unsigned char)key[i]) && key[i] != '_')
			return false;
	return len && len < REPORTED_KEY_BYTES;
}

/* Find the place of a key, or make it. */
static int place_of(const char *key, struct reported_value **ret)
{
	struct reported *all = &extension_env()->shared->reported;
	uint32_t i = 0;

	if (!good_key(key))
		return err_set(-EINVAL, "\"%.40s\" is not a key of a value to report", key);
	while (i < all->nr && i < REPORTED_MAX && strcmp(all->values[i].key, key))
		i++;
	if (i >= REPORTED_MAX)
		return err_set(-ENOSPC, "more than %d values to report", REPORTED_MAX);
	*ret = &all->values[i];
	if (i == all->nr) {
		snprintf((*ret)->key, sizeof((*ret)->key), "%s", key);
		all->nr++;
	}
	return 0;
}

int extension_report_number(const char *key, uint64_t value)
{
	struct reported_value *v;
	int err = place_of(key, &v);

	if (err)
		return extension_error(err);
	v->is_text = false;
	v->number = value;
	return 0;
}

int extension_report_text(const char *key, const char *text)
{
	struct reported_value *v;
	int err = place_of(key, &v);

	if (err)
		return extension_error(err);
	v->is_text = true;
	snprintf(v->text, sizeof(v->text), "%s", text);
	return 0;
}

int reported_copy(struct reported *to, const struct reported *from)
{
	*to = *from;
	if (to->nr > REPORTED_MAX)
		return err_set(-EBADMSG, "its answers were overwritten");
	for (uint32_t i = 0; i < to->nr; i++) {
		const struct reported_value *v = &to->values[i];

		if (!good_key(v->key) || (v->is_text && !memchr(v->text, 0, sizeof(v->text))))
			return err_set(-EBADMSG, "its answers were overwritten");
	}
	return 0;
}
