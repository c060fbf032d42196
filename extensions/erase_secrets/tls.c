// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of TCP connections with TLS in the kernel.
 */
#include "search.h"

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

	if (buckets)
		failed(s, mdf_for_each_hash(buckets, mask + 1,
					    GET_MOD_STRUCT_SSIZE(vmlinux, inet_ehash_bucket),
					    MEMBER(vmlinux, sock_common, skc_nulls_node), see_sock,
					    s));
}

static int see_net(void *ctx, uint64_t net)
{
	struct search *s = ctx;
	uint64_t hashinfo;

	if (!failed(s, mdf_read_path(net, GET_MOD_PATH_PTR(vmlinux, net_hashinfo), &hashinfo)) &&
	    hashinfo && hashinfo != GET_MOD_SYM(vmlinux, tcp_hashinfo))
		see_hashinfo(s, hashinfo);
	return 0;
}

void find_tls(struct search *s)
{
	static const struct mdf_fact needed[] = {
		MDF_MEMBER(vmlinux, inet_hashinfo, ehash),
		MDF_MEMBER(vmlinux, inet_hashinfo, ehash_mask),
		MDF_STRUCT(vmlinux, inet_ehash_bucket),
		MDF_NUM(vmlinux, TCP_TIME_WAIT),
		MDF_NUM(vmlinux, TCP_NEW_SYN_RECV),
		MDF_MEMBER(vmlinux, sock_common, skc_nulls_node),
		MDF_MEMBER(vmlinux, sock_common, skc_state),
		MDF_MEMBER(vmlinux, inet_connection_sock, icsk_ulp_ops),
		MDF_MEMBER(vmlinux, inet_connection_sock, icsk_ulp_data),
		MDF_MEMBER(tls, tls_context, crypto_send),
		MDF_MEMBER(tls, tls_context, crypto_recv),
		MDF_MEMBER(tls, tls_context, priv_ctx_tx),
		MDF_MEMBER(tls, tls_context, priv_ctx_rx),
		MDF_MEMBER(tls, tls_sw_context_tx, aead_send),
		MDF_MEMBER(tls, tls_sw_context_rx, aead_recv),
	};
	/* The kernel itself has the other types. */
	const struct ktype_info *evidence = MEMBER(tls, tls_decrypt_arg, zc);

	if (!known_symbol(s, GET_MOD_SYM_PTR(tls, tcp_tls_ulp_ops), evidence) ||
	    !known_symbol(s, GET_MOD_SYM_PTR(vmlinux, tcp_hashinfo),
			  MEMBER(vmlinux, inet_hashinfo, ehash)) ||
	    !known(s, needed, LENGTH(needed)))
		return;
	see_hashinfo(s, GET_MOD_SYM(vmlinux, tcp_hashinfo));
	if (MOD_PATH_EXIST(vmlinux, net_hashinfo) && MOD_SYM_EXIST(vmlinux, net_namespace_list) &&
	    MOD_STRUCT_MEMBER_EXIST(vmlinux, net, list))
		failed(s, mdf_for_each_list(GET_MOD_SYM(vmlinux, net_namespace_list),
					    MEMBER(vmlinux, net, list), see_net, s));
}
