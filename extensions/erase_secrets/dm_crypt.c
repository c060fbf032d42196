// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of encrypted block devices: mapped devices have tables, and these have targets.
 */
#include <string.h>

#include "search.h"

INIT_OPT_MOD_SYM(dm_mod, name_rb_tree);
INIT_OPT_MOD_SYM(dm_mod, _name_buckets);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, hash_cell, name_node);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, hash_cell, md);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, hash_cell, new_map);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, mapped_device, map);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, dm_table, num_targets);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, dm_table, targets);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, dm_target, type);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, dm_target, private);
INIT_OPT_MOD_STRUCT_MEMBER(dm_mod, target_type, name);
INIT_OPT_MOD_STRUCT_MEMBER(dm_crypt, crypt_config, cipher_tfm);
INIT_OPT_MOD_STRUCT_MEMBER(dm_crypt, crypt_config, tfms_count);
INIT_OPT_MOD_STRUCT_MEMBER(dm_crypt, crypt_config, key_size);
INIT_OPT_MOD_STRUCT_MEMBER(dm_crypt, crypt_config, key);

#define TARGETS_MAX 65536

static void erase_crypt_config(struct search *s, uint64_t config)
{
	uint64_t size = get(s, config, MEMBER(dm_crypt, crypt_config, key_size));
	uint64_t nr = get(s, config, MEMBER(dm_crypt, crypt_config, tfms_count)), tfms, tfm;

	erase(s, mdf_member_address(config, MEMBER(dm_crypt, crypt_config, key)), size);
	if (failed(s, mdf_read_pointer(config, MEMBER(dm_crypt, crypt_config, cipher_tfm), &tfms)))
		return;
	if (nr > TFMS_MAX)
		record_error(s, "a device has too many transforms");
	for (uint64_t i = 0; tfms && i < nr && i < TFMS_MAX; i++) {
		if (failed(s, mdf_read_ulong(tfms + i * mdf_long_size(), &tfm)))
			break;
		erase_tfm(s, tfm);
	}
	s->found++;
}

static void see_target(struct search *s, uint64_t target)
{
	uint64_t type = get(s, target, MEMBER(dm_mod, dm_target, type));
	uint64_t name = type ? get(s, type, MEMBER(dm_mod, target_type, name)) : 0, config;
	char text[8] = "";

	if (!name || mdf_read_string(name, text, sizeof(text)) < 0) {
		record_error(s, "a target of the device mapper has no type");
		return;
	}
	config = strcmp(text, "crypt") ? 0 : get(s, target, MEMBER(dm_mod, dm_target, private));
	if (config)
		erase_crypt_config(s, config);
}

static void see_table(struct search *s, uint64_t table)
{
	uint64_t size = GET_MOD_STRUCT_MEMBER_SSIZE(dm_mod, dm_target, type), nr, targets;

	if (!table)
		return;
	nr = get(s, table, MEMBER(dm_mod, dm_table, num_targets));
	targets = get(s, table, MEMBER(dm_mod, dm_table, targets));
	if (nr > TARGETS_MAX)
		record_error(s, "a table of the device mapper has too many targets");
	for (uint64_t i = 0; targets && i < nr && i < TARGETS_MAX; i++)
		see_target(s, targets + i * size);
}

/* A mapped device has a table, and perhaps one that was loaded but is not in use yet. */
static int see_mapped_device(void *ctx, uint64_t cell)
{
	struct search *s = ctx;
	uint64_t md = get(s, cell, MEMBER(dm_mod, hash_cell, md));

	if (md)
		see_table(s, get(s, md, MEMBER(dm_mod, mapped_device, map)));
	see_table(s, get(s, cell, MEMBER(dm_mod, hash_cell, new_map)));
	return 0;
}

void find_dm_crypt(struct search *s)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(dm_mod, hash_cell, name_node),
		MDF_MEMBER(dm_mod, hash_cell, md),
		MDF_MEMBER(dm_mod, hash_cell, new_map),
		MDF_MEMBER(dm_mod, mapped_device, map),
		MDF_MEMBER(dm_mod, dm_table, num_targets),
		MDF_MEMBER(dm_mod, dm_table, targets),
		MDF_MEMBER(dm_mod, dm_target, type),
		MDF_MEMBER(dm_mod, dm_target, private),
		MDF_MEMBER(dm_mod, target_type, name),
		MDF_MEMBER(dm_crypt, crypt_config, cipher_tfm),
		MDF_MEMBER(dm_crypt, crypt_config, tfms_count),
		MDF_MEMBER(dm_crypt, crypt_config, key_size),
		MDF_MEMBER(dm_crypt, crypt_config, key),
	};

	/* Before 5.13 they were in a hash table. */
	if (MOD_SYM_EXIST(dm_mod, _name_buckets)) {
		strcpy(s->unknown, "hash_cell.name_node");
		return;
	}
	if (known_symbol(s, GET_MOD_SYM_PTR(dm_mod, name_rb_tree),
			 MEMBER(dm_mod, hash_cell, name_node)) &&
	    known(s, needed, LENGTH(needed)))
		failed(s,
		       mdf_for_each_rb(GET_MOD_SYM(dm_mod, name_rb_tree),
				       MEMBER(dm_mod, hash_cell, name_node), see_mapped_device, s));
}
