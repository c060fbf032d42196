// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Payloads of keys in the kernel's keyrings.
 */
#include <string.h>

#include "search.h"

INIT_OPT_MOD_SYM(vmlinux, key_serial_tree);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, key, serial_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, key, type);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, key, state);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, key, datalen);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, key, payload);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, key_type, name);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, user_key_payload, datalen);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, user_key_payload, data);
INIT_OPT_MOD_STRUCT_MEMBER(encrypted_keys, encrypted_key_payload, decrypted_datalen);
INIT_OPT_MOD_STRUCT_MEMBER(encrypted_keys, encrypted_key_payload, decrypted_data);
INIT_OPT_MOD_STRUCT_MEMBER(trusted, trusted_key_payload, key);

/* Value of key->state; other keys have no payload. */
#define KEY_IS_POSITIVE 1

/* struct user_key_payload */
static void erase_user(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(vmlinux, user_key_payload, datalen),
		MDF_MEMBER(vmlinux, user_key_payload, data),
	};

	(void)key;
	if (known(s, needed, LENGTH(needed)))
		erase(s, mdf_member_address(payload, MEMBER(vmlinux, user_key_payload, data)),
		      get(s, payload, MEMBER(vmlinux, user_key_payload, datalen)));
}

static void erase_encrypted(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(encrypted_keys, encrypted_key_payload, decrypted_datalen),
		MDF_MEMBER(encrypted_keys, encrypted_key_payload, decrypted_data),
	};

	(void)key;
	if (known(s, needed, LENGTH(needed)))
		erase(s,
		      get(s, payload,
			  MEMBER(encrypted_keys, encrypted_key_payload, decrypted_data)),
		      get(s, payload,
			  MEMBER(encrypted_keys, encrypted_key_payload, decrypted_datalen)));
}

static void erase_trusted(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(trusted, trusted_key_payload, key),
	};

	(void)key;
	if (known(s, needed, LENGTH(needed)))
		erase_member(s, payload, MEMBER(trusted, trusted_key_payload, key));
}

struct key_search {
	struct search *s;
	const struct key_type *types;
};

static int see_key(void *ctx, uint64_t key)
{
	const struct key_search *k = ctx;
	struct search *s = k->s;
	uint64_t type = get(s, key, MEMBER(vmlinux, key, type)), name, payload;
	char text[32] = "";

	name = type ? get(s, type, MEMBER(vmlinux, key_type, name)) : 0;
	if (!name || mdf_read_string(name, text, sizeof(text)) < 0) {
		record_error(s, "a key has no type");
		return 0;
	}
	if ((int16_t)get(s, key, MEMBER(vmlinux, key, state)) != KEY_IS_POSITIVE)
		return 0;
	for (const struct key_type *t = k->types; t->name; t++) {
		if (strcmp(t->name, text) ||
		    failed(s, mdf_read_pointer(key, MEMBER(vmlinux, key, payload), &payload)) ||
		    !payload)
			continue;
		t->erase(s, key, payload);
		s->found += !t->counted;
	}
	return 0;
}

void search_keys(struct search *s, const struct key_type *types)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(vmlinux, key, serial_node), MDF_MEMBER(vmlinux, key, type),
		MDF_MEMBER(vmlinux, key, state),       MDF_MEMBER(vmlinux, key, payload),
		MDF_MEMBER(vmlinux, key_type, name),
	};
	struct key_search k = { s, types };

	if (known_symbol(s, GET_MOD_SYM_PTR(vmlinux, key_serial_tree),
			 MEMBER(vmlinux, key, serial_node)) &&
	    known(s, needed, LENGTH(needed)))
		failed(s, mdf_for_each_rb(GET_MOD_SYM(vmlinux, key_serial_tree),
					  MEMBER(vmlinux, key, serial_node), see_key, &k));
}

void find_keys(struct search *s)
{
	static const struct key_type types[] = {
		{ "user", erase_user, false },
		{ "logon", erase_user, false },
		{ "encrypted", erase_encrypted, false },
		{ "trusted", erase_trusted, false },
		{ NULL, NULL, false },
	};

	search_keys(s, types);
}
