// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's crypto API. A transform holds a key, such as the key schedule of AES; its
 * algorithm says how large it is.
 */
#include <stdlib.h>

#include "search.h"

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

/* Transforms use others: xts(ecb(aes)) those of ecb(aes) and aes. */
#define TFM_DEPTH_MAX 4
#define ALGORITHMS_MAX 65536

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

bool find_algorithms(struct algorithms *a)
{
	static const struct mdf_fact needed[] = {
		MDF_SYM(vmlinux, crypto_alg_list),
		MDF_MEMBER(vmlinux, crypto_alg, cra_list),
		MDF_MEMBER(vmlinux, crypto_alg, cra_ctxsize),
		MDF_MEMBER(vmlinux, crypto_alg, cra_alignmask),
		MDF_MEMBER(vmlinux, crypto_alg, cra_type),
		MDF_MEMBER(vmlinux, crypto_tfm, __crt_alg),
		MDF_MEMBER(vmlinux, crypto_tfm, __crt_ctx),
	};
	bool whole = !mdf_require(needed, LENGTH(needed)) &&
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
	for (size_t i = 0; i < LENGTH(transforms); i++) {
		if (!TYPE_EXIST(transforms[i]))
			continue;
		*tfm = mdf_member_address(address, transforms[i]);
		if (!mdf_read_number(*tfm, MEMBER(vmlinux, crypto_tfm, __crt_alg), algorithm) &&
		    bsearch(algorithm, s->algorithms->addresses, s->algorithms->nr,
			    sizeof(*algorithm), by_address))
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
		return tfm != mdf_member_address(address, MEMBER(vmlinux, crypto_lskcipher, base));
	if (MOD_SYM_EXIST(vmlinux, crypto_shash_type) &&
	    type == GET_MOD_SYM(vmlinux, crypto_shash_type))
		return tfm != mdf_member_address(address, MEMBER(vmlinux, crypto_shash, base));
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
	context = mdf_member_address(tfm, MEMBER(vmlinux, crypto_tfm, __crt_ctx));
	len = context_bytes(s, address, tfm, algorithm);
	erase(s, context, len);
	if (depth == TFM_DEPTH_MAX || len > SECRET_BYTES_MAX)
		return true;
	for (uint64_t i = 0; i + mdf_long_size() <= len; i += mdf_long_size())
		if (!mdf_read_ulong(context + i, &word))
			erase_transform(s, word, depth + 1);
	return true;
}

void erase_tfm(struct search *s, uint64_t address)
{
	s->tfms = 0;
	if (address && s->algorithms->nr && !erase_transform(s, address, 0))
		record_error(s, "a transform of the crypto API has no algorithm");
}
