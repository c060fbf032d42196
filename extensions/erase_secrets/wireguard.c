// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Private, preshared and session keys of WireGuard interfaces.
 */
#include "search.h"

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

static void erase_keypair(struct search *s, uint64_t keypair)
{
	const struct ktype_info *key = MEMBER(wireguard, noise_symmetric_key, key);

	if (!keypair)
		return;
	erase_member(s, mdf_member_address(keypair, MEMBER(wireguard, noise_keypair, sending)),
		     key);
	erase_member(s, mdf_member_address(keypair, MEMBER(wireguard, noise_keypair, receiving)),
		     key);
}

static int see_peer(void *ctx, uint64_t peer)
{
	struct search *s = ctx;
	uint64_t h = mdf_member_address(peer, MEMBER(wireguard, wg_peer, handshake));
	uint64_t pairs = mdf_member_address(peer, MEMBER(wireguard, wg_peer, keypairs));

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

	erase_member(s, mdf_member_address(wg, MEMBER(wireguard, wg_device, static_identity)),
		     MEMBER(wireguard, noise_static_identity, static_private));
	erase_member(s, mdf_member_address(wg, MEMBER(wireguard, wg_device, cookie_checker)),
		     MEMBER(wireguard, cookie_checker, secret));
	failed(s, mdf_for_each_list(mdf_member_address(wg, MEMBER(wireguard, wg_device, peer_list)),
				    MEMBER(wireguard, wg_peer, peer_list), see_peer, s));
	s->found++;
	return 0;
}

void find_wireguard(struct search *s)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(wireguard, wg_device, device_list),
		MDF_MEMBER(wireguard, wg_device, peer_list),
		MDF_MEMBER(wireguard, wg_device, static_identity),
		MDF_MEMBER(wireguard, wg_device, cookie_checker),
		MDF_MEMBER(wireguard, noise_static_identity, static_private),
		MDF_MEMBER(wireguard, cookie_checker, secret),
		MDF_MEMBER(wireguard, wg_peer, peer_list),
		MDF_MEMBER(wireguard, wg_peer, handshake),
		MDF_MEMBER(wireguard, wg_peer, keypairs),
		MDF_MEMBER(wireguard, noise_handshake, ephemeral_private),
		MDF_MEMBER(wireguard, noise_handshake, precomputed_static_static),
		MDF_MEMBER(wireguard, noise_handshake, preshared_key),
		MDF_MEMBER(wireguard, noise_handshake, hash),
		MDF_MEMBER(wireguard, noise_handshake, chaining_key),
		MDF_MEMBER(wireguard, noise_keypairs, current_keypair),
		MDF_MEMBER(wireguard, noise_keypairs, previous_keypair),
		MDF_MEMBER(wireguard, noise_keypairs, next_keypair),
		MDF_MEMBER(wireguard, noise_keypair, sending),
		MDF_MEMBER(wireguard, noise_keypair, receiving),
		MDF_MEMBER(wireguard, noise_symmetric_key, key),
	};

	if (known_symbol(s, GET_MOD_SYM_PTR(wireguard, device_list),
			 MEMBER(wireguard, wg_device, device_list)) &&
	    known(s, needed, LENGTH(needed)))
		failed(s, mdf_for_each_list(GET_MOD_SYM(wireguard, device_list),
					    MEMBER(wireguard, wg_device, device_list),
					    see_wireguard, s));
}
