// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Master keys of encrypted file systems, the keys that were made of them, and keys of open files.
 */
#include "search.h"

/* Every kernel has these: a dump of which they are not known tells nothing. */
INIT_MOD_SYM(vmlinux, super_blocks);
INIT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, key, datalen);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_provisioning_key_payload, raw);
/* Since 6.1; before, the master keys were keys of a type of their own. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_master_keys);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_keyring, key_hashtable);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key, mk_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key, mk_secret);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key, mk_ino_hash_key);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key, mk_direct_keys);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key, mk_iv_ino_lblk_64_keys);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key, mk_iv_ino_lblk_32_keys);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key, mk_mode_keys);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key, mk_decrypted_inodes);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_master_key_secret, hkdf);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_hkdf, hmac_tfm);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_prepared_key, tfm);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_prepared_key, blk_key);
INIT_OPT_MOD_STRUCT(vmlinux, blk_crypto_key);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_mode_key, key);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_mode_key, link);
/* Facts about an open file: since 6.8, and before. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_inode_info, ci_enc_key);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_inode_info, ci_master_key_link);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_inode_info, ci_dirhash_key);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_info, ci_enc_key);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_info, ci_master_key_link);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_info, ci_dirhash_key);

static void erase_prepared(struct search *s, uint64_t key)
{
	erase_tfm(s, get(s, key, MEMBER(vmlinux, fscrypt_prepared_key, tfm)));
	if (MOD_STRUCT_EXIST(vmlinux, blk_crypto_key)) {
		uint64_t blk = get(s, key, MEMBER(vmlinux, fscrypt_prepared_key, blk_key));

		if (blk)
			erase(s, blk, GET_MOD_STRUCT_SSIZE(vmlinux, blk_crypto_key));
	}
}

static void erase_prepared_array(struct search *s, uint64_t base, const struct ktype_info *member)
{
	uint64_t size = GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, fscrypt_prepared_key, tfm);

	if (!TYPE_EXIST(member) || !size)
		return;
	for (uint64_t i = 0; i + size <= member->member_size; i += size)
		erase_prepared(s, mdf_member_address(base, member) + i);
}

static int see_mode_key(void *ctx, uint64_t key)
{
	erase_prepared(ctx, mdf_member_address(key, MEMBER(vmlinux, fscrypt_mode_key, key)));
	return 0;
}

static int see_inode_info(void *ctx, uint64_t info)
{
	erase_prepared(ctx,
		       mdf_member_address(info, MEMBER(vmlinux, fscrypt_inode_info, ci_enc_key)));
	erase_member(ctx, info, MEMBER(vmlinux, fscrypt_inode_info, ci_dirhash_key));
	return 0;
}

static int see_info(void *ctx, uint64_t info)
{
	erase_prepared(ctx, mdf_member_address(info, MEMBER(vmlinux, fscrypt_info, ci_enc_key)));
	erase_member(ctx, info, MEMBER(vmlinux, fscrypt_info, ci_dirhash_key));
	return 0;
}

/* Walk a list if this kernel has it. */
static void walk_known(struct search *s, uint64_t base, const struct ktype_info *head,
		       const struct ktype_info *link, mdf_visit *visit)
{
	if (TYPE_EXIST(head) && TYPE_EXIST(link))
		failed(s, mdf_for_each_list(mdf_member_address(base, head), link, visit, s));
}

/* Keys that were made of a master key. */
static void erase_derived(struct search *s, uint64_t mk)
{
	const struct ktype_info *inodes = MEMBER(vmlinux, fscrypt_master_key, mk_decrypted_inodes);

	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_prepared_key, tfm))
		return;
	erase_prepared_array(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_direct_keys));
	erase_prepared_array(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_iv_ino_lblk_64_keys));
	erase_prepared_array(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_iv_ino_lblk_32_keys));
	walk_known(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_mode_keys),
		   MEMBER(vmlinux, fscrypt_mode_key, link), see_mode_key);
	walk_known(s, mk, inodes, MEMBER(vmlinux, fscrypt_inode_info, ci_master_key_link),
		   see_inode_info);
	walk_known(s, mk, inodes, MEMBER(vmlinux, fscrypt_info, ci_master_key_link), see_info);
}

static int see_master_key(void *ctx, uint64_t mk)
{
	struct search *s = ctx;
	uint64_t secret = mdf_member_address(mk, MEMBER(vmlinux, fscrypt_master_key, mk_secret));

	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_hkdf, hmac_tfm) &&
	    MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_master_key_secret, hkdf)) {
		uint64_t hkdf = mdf_member_address(secret, MEMBER(vmlinux,
								  fscrypt_master_key_secret, hkdf));

		erase_tfm(s, get(s, hkdf, MEMBER(vmlinux, fscrypt_hkdf, hmac_tfm)));
	}
	erase_derived(s, mk);
	erase_member(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_secret));
	erase_member(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_ino_hash_key));
	s->found++;
	return 0;
}

static int see_super_block(void *ctx, uint64_t sb)
{
	const struct ktype_info *table = MEMBER(vmlinux, fscrypt_keyring, key_hashtable);
	struct search *s = ctx;
	uint64_t keyring = get(s, sb, MEMBER(vmlinux, super_block, s_master_keys));

	if (keyring)
		failed(s, mdf_for_each_hash(mdf_member_address(keyring, table),
					    table->member_size / mdf_long_size(), 0,
					    MEMBER(vmlinux, fscrypt_master_key, mk_node),
					    see_master_key, s));
	return 0;
}

/* Before 6.1 master keys of file systems are keys of this type. */
static void erase_fscrypt(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(vmlinux, fscrypt_master_key, mk_secret),
	};

	(void)key;
	if (known(s, needed, LENGTH(needed)))
		see_master_key(s, payload);
}

static void erase_provisioning(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(vmlinux, key, datalen),
		MDF_MEMBER(vmlinux, fscrypt_provisioning_key_payload, raw),
	};
	uint64_t len, head;

	if (!known(s, needed, LENGTH(needed)))
		return;
	len = get(s, key, MEMBER(vmlinux, key, datalen));
	head = mdf_member_address(0, MEMBER(vmlinux, fscrypt_provisioning_key_payload, raw));
	if (len > head)
		erase(s, payload + head, len - head);
}

void find_fscrypt(struct search *s)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(vmlinux, super_block, s_master_keys),
		MDF_MEMBER(vmlinux, fscrypt_master_key, mk_node),
		MDF_MEMBER(vmlinux, fscrypt_master_key, mk_secret),
	};
	static const struct key_type types[] = {
		{ ".fscrypt", erase_fscrypt, true },
		{ "fscrypt-provisioning", erase_provisioning, false },
		{ NULL, NULL, false },
	};

	search_keys(s, types);
	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_keyring, key_hashtable))
		return;
	if (known(s, needed, LENGTH(needed)))
		failed(s,
		       mdf_for_each_list(GET_MOD_SYM(vmlinux, super_blocks),
					 MEMBER(vmlinux, super_block, s_list), see_super_block, s));
}
