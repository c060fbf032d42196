// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Overwrite key material that a dump should not carry.
 *
 *	makedumpfile --require-extension erase_secrets,strict -d 31 /proc/vmcore dump
 *	makedumpfile --extension erase_secrets,kinds=keyring+dm_crypt -d 31 /proc/vmcore dump
 *
 * kinds=	what to look for, several joined by '+'; all if it is not given:
 *	keyring		payloads of the keys of types user, logon, encrypted and trusted
 *	dm_crypt	keys of encrypted block devices
 *	fscrypt		master keys of encrypted file systems, and keys of open files
 *	tls		keys of TCP connections with TLS in the kernel
 *	wireguard	private, preshared and session keys
 * strict	fail if something was damaged, or its types are not known (that a kernel
 *		has no WireGuard, say, is no failure)
 *
 * Also the copies that the kernel's crypto API made of these keys, such as the key
 * schedules of AES. Those that are left in free memory, or in that of
 * processes, are not found; -d 24 and above leave both out.
 */
#include <stdlib.h>
#include <string.h>

#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"
#include "../erase_info.h"

/* Every kernel has these: a dump of which they are not known tells nothing. */
INIT_MOD_SYM(vmlinux, super_blocks);
INIT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_list);

/* Keys, and payloads by type. */
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
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fscrypt_provisioning_key_payload, raw);

/* The crypto API: what holds a key is a transform, of an algorithm that says how large. */
INIT_OPT_MOD_SYM(vmlinux, crypto_alg_list);
INIT_OPT_MOD_SYM(vmlinux, crypto_lskcipher_type);
INIT_OPT_MOD_SYM(vmlinux, crypto_shash_type);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_alg, cra_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_alg, cra_ctxsize);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_alg, cra_alignmask);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_alg, cra_type);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_tfm, __crt_alg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_tfm, __crt_ctx);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_skcipher, base);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_lskcipher, base);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_aead, base);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_shash, base);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_ahash, base);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, crypto_cipher, base);

/* Mapped devices, their tables, the targets of those. */
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

/* Connections are in one hash table, or (since 6.1) in that of a network namespace. */
INIT_OPT_MOD_SYM(vmlinux, tcp_hashinfo);
INIT_OPT_MOD_SYM(vmlinux, net_namespace_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, net, list);
INIT_OPT_MOD_PATH(vmlinux, net_hashinfo, "net.ipv4.tcp_death_row.hashinfo");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inet_hashinfo, ehash);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inet_hashinfo, ehash_mask);
INIT_OPT_MOD_STRUCT(vmlinux, inet_ehash_bucket);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, sock_common, skc_nulls_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, sock_common, skc_state);
INIT_OPT_MOD_NUM(vmlinux, TCP_TIME_WAIT);
INIT_OPT_MOD_NUM(vmlinux, TCP_NEW_SYN_RECV);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inet_connection_sock, icsk_ulp_ops);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inet_connection_sock, icsk_ulp_data);
INIT_OPT_MOD_SYM(tls, tcp_tls_ulp_ops);
INIT_OPT_MOD_STRUCT_MEMBER(tls, tls_context, crypto_send);
INIT_OPT_MOD_STRUCT_MEMBER(tls, tls_context, crypto_recv);
INIT_OPT_MOD_STRUCT_MEMBER(tls, tls_context, priv_ctx_tx);
INIT_OPT_MOD_STRUCT_MEMBER(tls, tls_context, priv_ctx_rx);
INIT_OPT_MOD_STRUCT_MEMBER(tls, tls_sw_context_tx, aead_send);
INIT_OPT_MOD_STRUCT_MEMBER(tls, tls_sw_context_rx, aead_recv);
INIT_OPT_MOD_STRUCT_MEMBER(tls, tls_decrypt_arg, zc);

INIT_OPT_MOD_SYM(wireguard, device_list);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, wg_device, device_list);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, wg_device, peer_list);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, wg_device, static_identity);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, wg_device, cookie_checker);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_static_identity, static_private);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, cookie_checker, secret);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, wg_peer, peer_list);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, wg_peer, handshake);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, wg_peer, keypairs);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_handshake, ephemeral_private);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_handshake, precomputed_static_static);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_handshake, preshared_key);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_handshake, hash);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_handshake, chaining_key);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_keypairs, current_keypair);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_keypairs, previous_keypair);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_keypairs, next_keypair);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_keypair, sending);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_keypair, receiving);
INIT_OPT_MOD_STRUCT_MEMBER(wireguard, noise_symmetric_key, key);

#define MEMBER(mod, s, m) GET_MOD_STRUCT_MEMBER_PTR(mod, s, m)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FILL 'X'

/* Limits of a piece of key material, and of the context of a transform: far above any real size. */
#define SECRET_BYTES_MAX 65536
/* Transforms use others: xts(ecb(aes)) those of ecb(aes) and aes. */
#define TFM_DEPTH_MAX 4
#define TFMS_MAX 64
#define ALGORITHMS_MAX 65536
#define TARGETS_MAX 65536
#define CHAIN_MAX 65536
#define EHASH_MAX (1u << 24)
/* Value of key->state; other keys have no payload. */
#define KEY_IS_POSITIVE 1

struct search;

struct kind {
	const char *name;
	void (*find)(struct search *s);
	const char *unit; /* what is counted */
};

/* The search for secrets of one kind. */
struct search {
	const struct kind *kind;
	/* A symbol of what the kernel does not have; what is not known of what it has; or NULL. */
	const char *absent, *unknown;
	size_t found, damaged;
	unsigned long long bytes;
	unsigned int tfms; /* seen of one secret */
	char why[256];	   /* the first damage */
	/* Addresses of all algorithms of the crypto API, sorted. */
	const uint64_t *algorithms;
	size_t nr_algorithms;
};

/* --- helpers ---------------------------------------------------------------------------- */

static void record_error(struct search *s, const char *why)
{
	if (!s->damaged++)
		strncpy(s->why, why, sizeof(s->why) - 1);
}

static uint64_t at(uint64_t base, const struct ktype_info *member)
{
	return base + member->member_bit_offset / 8;
}

/* Read a member; 0, which no address is, if there is none or it cannot be read. */
static uint64_t get(struct search *s, uint64_t base, const struct ktype_info *member)
{
	uint64_t value;

	if (!TYPE_EXIST(member))
		return 0;
	if (!mdf_read_number(base, member, &value))
		return value;
	record_error(s, mdf_error());
	return 0;
}

static void erase(struct search *s, uint64_t address, uint64_t len)
{
	if (len > SECRET_BYTES_MAX) {
		record_error(s, "a key is larger than can be");
		return;
	}
	if (!len)
		return;
	if (update_filter_info_raw(address, FILL, (int)len) != (int)len)
		record_error(s, mdf_error());
	else
		s->bytes += len;
}

static void erase_member(struct search *s, uint64_t base, const struct ktype_info *member)
{
	if (TYPE_EXIST(member))
		erase(s, at(base, member), member->member_size);
}

/* Return whether all is there that a search cannot do without. */
static bool known(struct search *s, const struct ktype_info *const *members, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (!TYPE_EXIST(members[i])) {
			s->unknown = members[i]->struct_name;
			return false;
		}
	}
	return true;
}

/* @param evidence a member whose type is known only if the kernel has such a thing */
static bool known_symbol(struct search *s, const struct ksym_info *symbol,
			 const struct ktype_info *evidence)
{
	if (SYM_EXIST(symbol))
		return true;
	if (TYPE_EXIST(evidence))
		s->unknown = symbol->symname;
	else
		s->absent = symbol->symname;
	return false;
}

static void walk_list(struct search *s, uint64_t head, const struct ktype_info *link,
		      mdf_visit *visit)
{
	if (TYPE_EXIST(link) && mdf_for_each_list(head, link, visit, s) < 0)
		record_error(s, mdf_error());
}

/* Walk a chain of a hash table (hlist, or hlist_nulls, whose end is odd). */
static void walk_chain(struct search *s, uint64_t node, const struct ktype_info *link,
		       mdf_visit *visit)
{
	uint64_t mark = node;

	for (unsigned int i = 1; node && !(node & 1); i++) {
		visit(s, node - link->member_bit_offset / 8);
		if (mdf_read_ulong(node, &node)) {
			record_error(s, mdf_error());
			return;
		}
		if (node == mark || i > CHAIN_MAX) {
			record_error(s, "a chain of a hash table has no end");
			return;
		}
		if (!(i & (i - 1)))
			mark = node;
	}
}

/* --- the crypto API ------------------------------------------------------------------- */

struct algorithms {
	uint64_t *addresses;
	size_t nr, room;
};

static int see_algorithm(void *ctx, uint64_t address)
{
	struct algorithms *a = ctx;

	if (a->nr == ALGORITHMS_MAX)
		return 1;
	if (a->nr == a->room) {
		a->room = a->room ? 2 * a->room : 512;
		a->addresses = reallocarray(a->addresses, a->room, sizeof(*a->addresses));
		if (!a->addresses)
			extension_fail("no memory for the kernel's algorithms");
	}
	a->addresses[a->nr++] = address;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool algorithms_known(void)
{
	return MOD_SYM_EXIST(vmlinux, crypto_alg_list) &&
	       TYPE_EXIST(MEMBER(vmlinux, crypto_alg, cra_list)) &&
	       TYPE_EXIST(MEMBER(vmlinux, crypto_alg, cra_ctxsize)) &&
	       TYPE_EXIST(MEMBER(vmlinux, crypto_alg, cra_alignmask)) &&
	       TYPE_EXIST(MEMBER(vmlinux, crypto_alg, cra_type)) &&
	       TYPE_EXIST(MEMBER(vmlinux, crypto_tfm, __crt_alg)) &&
	       TYPE_EXIST(MEMBER(vmlinux, crypto_tfm, __crt_ctx));
}

/* @return whether all were found */
static bool find_algorithms(struct algorithms *a)
{
	bool whole = algorithms_known() &&
		     !mdf_for_each_list(GET_MOD_SYM(vmlinux, crypto_alg_list),
					MEMBER(vmlinux, crypto_alg, cra_list), see_algorithm, a);

	if (!whole)
		MSG("the kernel's algorithms are not all known, so copies of keys may stay\n");
	if (a->nr)
		qsort(a->addresses, a->nr, sizeof(*a->addresses), by_address);
	return whole;
}

/* The structs that contain a transform. */
static const struct ktype_info *const transforms[] = {
	MEMBER(vmlinux, crypto_skcipher, base),	 MEMBER(vmlinux, crypto_aead, base),
	MEMBER(vmlinux, crypto_shash, base),	 MEMBER(vmlinux, crypto_ahash, base),
	MEMBER(vmlinux, crypto_lskcipher, base), MEMBER(vmlinux, crypto_cipher, base),
};

/*
 * Return whether there is a transform at an address, inside whatever: then it names an
 * algorithm, and there is no other proof.
 */
static bool find_tfm(const struct search *s, uint64_t address, uint64_t *tfm, uint64_t *algorithm)
{
	if (!address || address & 3)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(transforms); i++) {
		if (!TYPE_EXIST(transforms[i]))
			continue;
		*tfm = at(address, transforms[i]);
		if (!mdf_read_number(*tfm, MEMBER(vmlinux, crypto_tfm, __crt_alg), algorithm) &&
		    bsearch(algorithm, s->algorithms, s->nr_algorithms, sizeof(*algorithm),
			    by_address))
			return true;
	}
	return false;
}

/*
 * An algorithm of a newer kind can be used through the interface of an older one. The context
 * then is nothing but a pointer to the real transform, however large it is there.
 */
static bool is_wrapper(uint64_t address, uint64_t tfm, uint64_t type)
{
	if (MOD_SYM_EXIST(vmlinux, crypto_lskcipher_type) &&
	    type == GET_MOD_SYM(vmlinux, crypto_lskcipher_type))
		return tfm != at(address, MEMBER(vmlinux, crypto_lskcipher, base));
	if (MOD_SYM_EXIST(vmlinux, crypto_shash_type) &&
	    type == GET_MOD_SYM(vmlinux, crypto_shash_type))
		return tfm != at(address, MEMBER(vmlinux, crypto_shash, base));
	return false;
}

static uint64_t context_bytes(struct search *s, uint64_t address, uint64_t tfm, uint64_t algorithm)
{
	uint64_t type = get(s, algorithm, MEMBER(vmlinux, crypto_alg, cra_type)), word = 8;

	if (is_wrapper(address, tfm, type))
		return mdf_long_size();
	/* For an aligned context, the alignment of memory is not counted. */
	return get(s, algorithm, MEMBER(vmlinux, crypto_alg, cra_ctxsize)) +
	       (get(s, algorithm, MEMBER(vmlinux, crypto_alg, cra_alignmask)) & ~(word - 1));
}

/*
 * Erase the context of the transform at an address, and those of the transforms that
 * it uses: no type contains their offset in a context, but their contents identify them.
 * @return false if there is none
 */
static bool erase_transform(struct search *s, uint64_t address, unsigned int depth)
{
	uint64_t tfm, algorithm, context, len, word;

	if (!find_tfm(s, address, &tfm, &algorithm))
		return false;
	if (s->tfms++ >= TFMS_MAX) {
		record_error(s, "a transform of the crypto API uses too many others");
		return true;
	}
	context = at(tfm, MEMBER(vmlinux, crypto_tfm, __crt_ctx));
	len = context_bytes(s, address, tfm, algorithm);
	erase(s, context, len);
	if (depth == TFM_DEPTH_MAX || len > SECRET_BYTES_MAX)
		return true;
	for (uint64_t i = 0; i + mdf_long_size() <= len; i += mdf_long_size())
		if (!mdf_read_ulong(context + i, &word))
			erase_transform(s, word, depth + 1);
	return true;
}

static void erase_tfm(struct search *s, uint64_t address)
{
	s->tfms = 0;
	if (address && s->nr_algorithms && !erase_transform(s, address, 0))
		record_error(s, "a transform of the crypto API has no algorithm");
}

/* --- fscrypt ------------------------------------------------------------------------- */

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
		erase_prepared(s, at(base, member) + i);
}

static int see_mode_key(void *ctx, uint64_t key)
{
	erase_prepared(ctx, at(key, MEMBER(vmlinux, fscrypt_mode_key, key)));
	return 0;
}

static int see_inode_info(void *ctx, uint64_t info)
{
	erase_prepared(ctx, at(info, MEMBER(vmlinux, fscrypt_inode_info, ci_enc_key)));
	erase_member(ctx, info, MEMBER(vmlinux, fscrypt_inode_info, ci_dirhash_key));
	return 0;
}

static int see_info(void *ctx, uint64_t info)
{
	erase_prepared(ctx, at(info, MEMBER(vmlinux, fscrypt_info, ci_enc_key)));
	erase_member(ctx, info, MEMBER(vmlinux, fscrypt_info, ci_dirhash_key));
	return 0;
}

/* Keys that were made of a master key. */
static void erase_derived(struct search *s, uint64_t mk)
{
	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_prepared_key, tfm))
		return;
	erase_prepared_array(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_direct_keys));
	erase_prepared_array(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_iv_ino_lblk_64_keys));
	erase_prepared_array(s, mk, MEMBER(vmlinux, fscrypt_master_key, mk_iv_ino_lblk_32_keys));
	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_master_key, mk_mode_keys))
		walk_list(s, at(mk, MEMBER(vmlinux, fscrypt_master_key, mk_mode_keys)),
			  MEMBER(vmlinux, fscrypt_mode_key, link), see_mode_key);
	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_master_key, mk_decrypted_inodes))
		return;
	mk = at(mk, MEMBER(vmlinux, fscrypt_master_key, mk_decrypted_inodes));
	walk_list(s, mk, MEMBER(vmlinux, fscrypt_inode_info, ci_master_key_link), see_inode_info);
	walk_list(s, mk, MEMBER(vmlinux, fscrypt_info, ci_master_key_link), see_info);
}

static int see_master_key(void *ctx, uint64_t mk)
{
	struct search *s = ctx;
	uint64_t secret = at(mk, MEMBER(vmlinux, fscrypt_master_key, mk_secret));

	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_hkdf, hmac_tfm) &&
	    MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_master_key_secret, hkdf)) {
		uint64_t hkdf = at(secret, MEMBER(vmlinux, fscrypt_master_key_secret, hkdf));

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
	uint64_t keyring = get(s, sb, MEMBER(vmlinux, super_block, s_master_keys)), first;

	for (uint64_t i = 0; keyring && i < table->member_size; i += mdf_long_size()) {
		if (mdf_read_ulong(at(keyring, table) + i, &first)) {
			record_error(s, mdf_error());
			break;
		}
		walk_chain(s, first, MEMBER(vmlinux, fscrypt_master_key, mk_node), see_master_key);
	}
	return 0;
}

/* --- keys ---------------------------------------------------------------------------- */

/* struct user_key_payload */
static void erase_user(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(vmlinux, user_key_payload, datalen),
		MEMBER(vmlinux, user_key_payload, data),
	};

	(void)key;
	if (known(s, needed, ARRAY_SIZE(needed)))
		erase(s, at(payload, MEMBER(vmlinux, user_key_payload, data)),
		      get(s, payload, MEMBER(vmlinux, user_key_payload, datalen)));
}

static void erase_encrypted(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(encrypted_keys, encrypted_key_payload, decrypted_datalen),
		MEMBER(encrypted_keys, encrypted_key_payload, decrypted_data),
	};

	(void)key;
	if (known(s, needed, ARRAY_SIZE(needed)))
		erase(s,
		      get(s, payload,
			  MEMBER(encrypted_keys, encrypted_key_payload, decrypted_data)),
		      get(s, payload,
			  MEMBER(encrypted_keys, encrypted_key_payload, decrypted_datalen)));
}

static void erase_trusted(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(trusted, trusted_key_payload, key),
	};

	(void)key;
	if (known(s, needed, ARRAY_SIZE(needed)))
		erase_member(s, payload, MEMBER(trusted, trusted_key_payload, key));
}

/* Before 6.1 master keys of file systems are keys of this type. */
static void erase_fscrypt(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(vmlinux, fscrypt_master_key, mk_secret),
	};

	(void)key;
	if (known(s, needed, ARRAY_SIZE(needed)))
		see_master_key(s, payload);
}

static void erase_provisioning(struct search *s, uint64_t key, uint64_t payload)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(vmlinux, key, datalen),
		MEMBER(vmlinux, fscrypt_provisioning_key_payload, raw),
	};
	uint64_t len, head;

	if (!known(s, needed, ARRAY_SIZE(needed)))
		return;
	len = get(s, key, MEMBER(vmlinux, key, datalen));
	head = at(0, MEMBER(vmlinux, fscrypt_provisioning_key_payload, raw));
	if (len > head)
		erase(s, payload + head, len - head);
}

static void find_keys(struct search *s);
static void find_fscrypt(struct search *s);

static const struct {
	const char *type;
	void (*find)(struct search *s); /* of the kind */
	void (*erase)(struct search *s, uint64_t key, uint64_t payload);
	bool counted; /* by the function itself */
} key_types[] = {
	{ "user", find_keys, erase_user, false },
	{ "logon", find_keys, erase_user, false },
	{ "encrypted", find_keys, erase_encrypted, false },
	{ "trusted", find_keys, erase_trusted, false },
	{ ".fscrypt", find_fscrypt, erase_fscrypt, true },
	{ "fscrypt-provisioning", find_fscrypt, erase_provisioning, false },
};

static int see_key(void *ctx, uint64_t key)
{
	struct search *s = ctx;
	uint64_t type = get(s, key, MEMBER(vmlinux, key, type)), name, payload;
	char text[32] = "";

	name = type ? get(s, type, MEMBER(vmlinux, key_type, name)) : 0;
	if (!name || mdf_read_string(name, text, sizeof(text)) < 0) {
		record_error(s, "a key has no type");
		return 0;
	}
	if ((int16_t)get(s, key, MEMBER(vmlinux, key, state)) != KEY_IS_POSITIVE)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(key_types); i++) {
		if (key_types[i].find != s->kind->find || strcmp(key_types[i].type, text))
			continue;
		if (mdf_read_ulong(at(key, MEMBER(vmlinux, key, payload)), &payload))
			record_error(s, mdf_error());
		else if (payload) {
			key_types[i].erase(s, key, payload);
			s->found += !key_types[i].counted;
		}
	}
	return 0;
}

static void find_keys(struct search *s)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(vmlinux, key, serial_node), MEMBER(vmlinux, key, type),
		MEMBER(vmlinux, key, state),	   MEMBER(vmlinux, key, payload),
		MEMBER(vmlinux, key_type, name),
	};

	if (known_symbol(s, GET_MOD_SYM_PTR(vmlinux, key_serial_tree), needed[0]) &&
	    known(s, needed, ARRAY_SIZE(needed)) &&
	    mdf_for_each_rb(GET_MOD_SYM(vmlinux, key_serial_tree),
			    MEMBER(vmlinux, key, serial_node), see_key, s) < 0)
		record_error(s, mdf_error());
}

static void find_fscrypt(struct search *s)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(vmlinux, super_block, s_master_keys),
		MEMBER(vmlinux, fscrypt_master_key, mk_node),
		MEMBER(vmlinux, fscrypt_master_key, mk_secret),
	};

	find_keys(s);
	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, fscrypt_keyring, key_hashtable))
		return;
	if (known(s, needed, ARRAY_SIZE(needed)))
		walk_list(s, GET_MOD_SYM(vmlinux, super_blocks),
			  MEMBER(vmlinux, super_block, s_list), see_super_block);
}

/* --- dm-crypt ------------------------------------------------------------------------ */

static void erase_crypt_config(struct search *s, uint64_t config)
{
	uint64_t size = get(s, config, MEMBER(dm_crypt, crypt_config, key_size));
	uint64_t nr = get(s, config, MEMBER(dm_crypt, crypt_config, tfms_count)), tfms, tfm;

	erase(s, at(config, MEMBER(dm_crypt, crypt_config, key)), size);
	if (mdf_read_ulong(at(config, MEMBER(dm_crypt, crypt_config, cipher_tfm)), &tfms)) {
		record_error(s, mdf_error());
		return;
	}
	if (nr > TFMS_MAX)
		record_error(s, "a device has too many transforms");
	for (uint64_t i = 0; tfms && i < nr && i < TFMS_MAX; i++) {
		if (mdf_read_ulong(tfms + i * mdf_long_size(), &tfm)) {
			record_error(s, mdf_error());
			break;
		}
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

static void find_dm_crypt(struct search *s)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(dm_mod, hash_cell, name_node),
		MEMBER(dm_mod, hash_cell, md),
		MEMBER(dm_mod, hash_cell, new_map),
		MEMBER(dm_mod, mapped_device, map),
		MEMBER(dm_mod, dm_table, num_targets),
		MEMBER(dm_mod, dm_table, targets),
		MEMBER(dm_mod, dm_target, type),
		MEMBER(dm_mod, dm_target, private),
		MEMBER(dm_mod, target_type, name),
		MEMBER(dm_crypt, crypt_config, cipher_tfm),
		MEMBER(dm_crypt, crypt_config, tfms_count),
		MEMBER(dm_crypt, crypt_config, key_size),
		MEMBER(dm_crypt, crypt_config, key),
	};

	/* Before 5.13 they were in a hash table. */
	if (MOD_SYM_EXIST(dm_mod, _name_buckets)) {
		s->unknown = "hash_cell.name_node";
		return;
	}
	if (known_symbol(s, GET_MOD_SYM_PTR(dm_mod, name_rb_tree), needed[0]) &&
	    known(s, needed, ARRAY_SIZE(needed)) &&
	    mdf_for_each_rb(GET_MOD_SYM(dm_mod, name_rb_tree), MEMBER(dm_mod, hash_cell, name_node),
			    see_mapped_device, s) < 0)
		record_error(s, mdf_error());
}

/* --- TLS ----------------------------------------------------------------------------- */

static void erase_tls_context(struct search *s, uint64_t tls)
{
	uint64_t tx = get(s, tls, MEMBER(tls, tls_context, priv_ctx_tx));
	uint64_t rx = get(s, tls, MEMBER(tls, tls_context, priv_ctx_rx));

	erase_member(s, tls, MEMBER(tls, tls_context, crypto_send));
	erase_member(s, tls, MEMBER(tls, tls_context, crypto_recv));
	/* A network card that encrypts has these contexts as well, for what it cannot do. */
	if (tx)
		erase_tfm(s, get(s, tx, MEMBER(tls, tls_sw_context_tx, aead_send)));
	if (rx)
		erase_tfm(s, get(s, rx, MEMBER(tls, tls_sw_context_rx, aead_recv)));
	s->found++;
}

static int see_sock(void *ctx, uint64_t sock)
{
	struct search *s = ctx;
	uint64_t state = get(s, sock, MEMBER(vmlinux, sock_common, skc_state)), tls;

	/* Closing connections, and requests for new ones, are smaller. */
	if (state == (uint64_t)GET_MOD_NUM(vmlinux, TCP_TIME_WAIT) ||
	    state == (uint64_t)GET_MOD_NUM(vmlinux, TCP_NEW_SYN_RECV))
		return 0;
	if (get(s, sock, MEMBER(vmlinux, inet_connection_sock, icsk_ulp_ops)) !=
	    GET_MOD_SYM(tls, tcp_tls_ulp_ops))
		return 0;
	tls = get(s, sock, MEMBER(vmlinux, inet_connection_sock, icsk_ulp_data));
	if (tls)
		erase_tls_context(s, tls);
	return 0;
}

static void see_hashinfo(struct search *s, uint64_t hashinfo)
{
	uint64_t buckets = get(s, hashinfo, MEMBER(vmlinux, inet_hashinfo, ehash));
	uint64_t mask = get(s, hashinfo, MEMBER(vmlinux, inet_hashinfo, ehash_mask));
	uint64_t size = GET_MOD_STRUCT_SSIZE(vmlinux, inet_ehash_bucket), node;

	if (mask >= EHASH_MAX)
		record_error(s, "the table of TCP connections is too large");
	for (uint64_t i = 0; buckets && mask < EHASH_MAX && i <= mask; i++) {
		if (mdf_read_ulong(buckets + i * size, &node)) {
			record_error(s, mdf_error());
			return;
		}
		walk_chain(s, node, MEMBER(vmlinux, sock_common, skc_nulls_node), see_sock);
	}
}

static int see_net(void *ctx, uint64_t net)
{
	struct search *s = ctx;
	uint64_t hashinfo;

	if (mdf_read_ulong(net + GET_MOD_PATH_OFF(vmlinux, net_hashinfo) / 8, &hashinfo))
		record_error(s, mdf_error());
	else if (hashinfo && hashinfo != GET_MOD_SYM(vmlinux, tcp_hashinfo))
		see_hashinfo(s, hashinfo);
	return 0;
}

static void find_tls(struct search *s)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(vmlinux, inet_hashinfo, ehash),
		MEMBER(vmlinux, inet_hashinfo, ehash_mask),
		MEMBER(vmlinux, sock_common, skc_nulls_node),
		MEMBER(vmlinux, sock_common, skc_state),
		MEMBER(vmlinux, inet_connection_sock, icsk_ulp_ops),
		MEMBER(vmlinux, inet_connection_sock, icsk_ulp_data),
		MEMBER(tls, tls_context, crypto_send),
		MEMBER(tls, tls_context, crypto_recv),
		MEMBER(tls, tls_context, priv_ctx_tx),
		MEMBER(tls, tls_context, priv_ctx_rx),
		MEMBER(tls, tls_sw_context_tx, aead_send),
		MEMBER(tls, tls_sw_context_rx, aead_recv),
	};
	/* The kernel itself has the other types. */
	const struct ktype_info *evidence = MEMBER(tls, tls_decrypt_arg, zc);

	if (!known_symbol(s, GET_MOD_SYM_PTR(tls, tcp_tls_ulp_ops), evidence) ||
	    !known_symbol(s, GET_MOD_SYM_PTR(vmlinux, tcp_hashinfo), needed[0]) ||
	    !known(s, needed, ARRAY_SIZE(needed)))
		return;
	if (!MOD_STRUCT_EXIST(vmlinux, inet_ehash_bucket) ||
	    !MOD_NUM_EXIST(vmlinux, TCP_TIME_WAIT) || !MOD_NUM_EXIST(vmlinux, TCP_NEW_SYN_RECV)) {
		s->unknown = "inet_ehash_bucket";
		return;
	}
	see_hashinfo(s, GET_MOD_SYM(vmlinux, tcp_hashinfo));
	if (MOD_PATH_EXIST(vmlinux, net_hashinfo) && MOD_SYM_EXIST(vmlinux, net_namespace_list))
		walk_list(s, GET_MOD_SYM(vmlinux, net_namespace_list), MEMBER(vmlinux, net, list),
			  see_net);
}

/* --- WireGuard ----------------------------------------------------------------------- */

static void erase_keypair(struct search *s, uint64_t keypair)
{
	const struct ktype_info *key = MEMBER(wireguard, noise_symmetric_key, key);

	if (!keypair)
		return;
	erase_member(s, at(keypair, MEMBER(wireguard, noise_keypair, sending)), key);
	erase_member(s, at(keypair, MEMBER(wireguard, noise_keypair, receiving)), key);
}

static int see_peer(void *ctx, uint64_t peer)
{
	struct search *s = ctx;
	uint64_t h = at(peer, MEMBER(wireguard, wg_peer, handshake));
	uint64_t pairs = at(peer, MEMBER(wireguard, wg_peer, keypairs));

	erase_member(s, h, MEMBER(wireguard, noise_handshake, ephemeral_private));
	erase_member(s, h, MEMBER(wireguard, noise_handshake, precomputed_static_static));
	erase_member(s, h, MEMBER(wireguard, noise_handshake, preshared_key));
	erase_member(s, h, MEMBER(wireguard, noise_handshake, hash));
	erase_member(s, h, MEMBER(wireguard, noise_handshake, chaining_key));
	erase_keypair(s, get(s, pairs, MEMBER(wireguard, noise_keypairs, current_keypair)));
	erase_keypair(s, get(s, pairs, MEMBER(wireguard, noise_keypairs, previous_keypair)));
	erase_keypair(s, get(s, pairs, MEMBER(wireguard, noise_keypairs, next_keypair)));
	return 0;
}

static int see_wireguard(void *ctx, uint64_t wg)
{
	struct search *s = ctx;

	erase_member(s, at(wg, MEMBER(wireguard, wg_device, static_identity)),
		     MEMBER(wireguard, noise_static_identity, static_private));
	erase_member(s, at(wg, MEMBER(wireguard, wg_device, cookie_checker)),
		     MEMBER(wireguard, cookie_checker, secret));
	walk_list(s, at(wg, MEMBER(wireguard, wg_device, peer_list)),
		  MEMBER(wireguard, wg_peer, peer_list), see_peer);
	s->found++;
	return 0;
}

static void find_wireguard(struct search *s)
{
	static const struct ktype_info *const needed[] = {
		MEMBER(wireguard, wg_device, device_list),
		MEMBER(wireguard, wg_device, peer_list),
		MEMBER(wireguard, wg_device, static_identity),
		MEMBER(wireguard, wg_device, cookie_checker),
		MEMBER(wireguard, noise_static_identity, static_private),
		MEMBER(wireguard, cookie_checker, secret),
		MEMBER(wireguard, wg_peer, peer_list),
		MEMBER(wireguard, wg_peer, handshake),
		MEMBER(wireguard, wg_peer, keypairs),
		MEMBER(wireguard, noise_handshake, ephemeral_private),
		MEMBER(wireguard, noise_handshake, precomputed_static_static),
		MEMBER(wireguard, noise_handshake, preshared_key),
		MEMBER(wireguard, noise_handshake, hash),
		MEMBER(wireguard, noise_handshake, chaining_key),
		MEMBER(wireguard, noise_keypairs, current_keypair),
		MEMBER(wireguard, noise_keypairs, previous_keypair),
		MEMBER(wireguard, noise_keypairs, next_keypair),
		MEMBER(wireguard, noise_keypair, sending),
		MEMBER(wireguard, noise_keypair, receiving),
		MEMBER(wireguard, noise_symmetric_key, key),
	};

	if (known_symbol(s, GET_MOD_SYM_PTR(wireguard, device_list), needed[0]) &&
	    known(s, needed, ARRAY_SIZE(needed)))
		walk_list(s, GET_MOD_SYM(wireguard, device_list),
			  MEMBER(wireguard, wg_device, device_list), see_wireguard);
}

/* --- all of it ----------------------------------------------------------------------- */

static const struct kind kinds[] = {
	{ "keyring", find_keys, "keys" },
	{ "dm_crypt", find_dm_crypt, "devices" },
	{ "fscrypt", find_fscrypt, "master keys" },
	{ "tls", find_tls, "connections" },
	{ "wireguard", find_wireguard, "interfaces" },
};

/* Return whether the user wants a kind: list is "KIND+KIND", or NULL for all. */
static bool wanted(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; p; p = strchr(p, '+') ? strchr(p, '+') + 1 : NULL)
		if (!strncmp(p, name, len) && (p[len] == '+' || !p[len]))
			return true;
	return !list || !strcmp(list, "all");
}

static void check_kinds(const char *list)
{
	for (const char *p = list; p && strcmp(list, "all");) {
		size_t len = strcspn(p, "+"), i;

		for (i = 0; i < ARRAY_SIZE(kinds); i++)
			if (strlen(kinds[i].name) == len && !memcmp(kinds[i].name, p, len))
				break;
		if (i == ARRAY_SIZE(kinds))
			extension_fail("kinds=%.*s: there is all, keyring, dm_crypt, fscrypt, tls, "
				       "and wireguard",
				       (int)len, p);
		p = p[len] ? p + len + 1 : NULL;
	}
}

/* @return whether all was found that there is */
static bool report(const struct search *s)
{
	const char *name = s->kind->name;

	if (s->unknown)
		MSG("%s: not looked for everywhere: %s is not known\n", name, s->unknown);
	if (s->found)
		MSG("%s: %s: %zu, bytes overwritten: %llu\n", name, s->kind->unit, s->found,
		    s->bytes);
	else if (s->absent)
		MSG("%s: none, as there is no %s\n", name, s->absent);
	else if (!s->unknown)
		MSG("%s: none\n", name);
	if (s->damaged)
		MSG("%s: %zu times something could not be read, first: %s\n", name, s->damaged,
		    s->why);
	return !s->damaged && !s->unknown;
}

void extension_init(void)
{
	const char *list = extension_argument("kinds");
	struct algorithms algorithms = { NULL, 0, 0 };
	bool whole;

	check_kinds(list);
	whole = find_algorithms(&algorithms);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct search s = {
			.kind = &kinds[i],
			.algorithms = algorithms.addresses,
			.nr_algorithms = algorithms.nr,
		};

		if (!wanted(list, kinds[i].name))
			continue;
		kinds[i].find(&s);
		whole &= report(&s);
	}
	free(algorithms.addresses);
	if (!whole && extension_argument("strict"))
		extension_fail("not all key material could be looked at");
}
