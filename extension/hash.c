// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chains of hash tables (hlist, hlist_nulls), for makedumpfile.h.
 */
#include <errno.h>
#include <inttypes.h>

#include "extension/env.h"
#include "extension/memory.h"
#include "kernel/member.h"
#include "kernel/walk.h"
#include "lib/addrset.h"
#include "lib/err.h"
#include "makedumpfile.h"

struct hash_walk {
	struct vmem mem;
	uint64_t offset; /* of the node in an object, bytes */
	mdf_visit *visit;
	void *ctx;
	struct addrset seen; /* in any chain */
	struct damage damage;
};

/* Check a node that comes for the first time. @param[out] next the one after it */
static int enter(struct hash_walk *w, uint64_t head, uint64_t node, uint64_t *next)
{
	int err = walk_check_address(&w->mem, "hlist_node", node);

	if (!err && w->seen.nr == WALK_STEPS_MAX)
		err = err_set(-EBADMSG, "the chain at %#" PRIx64 " has no end", head);
	if (!err)
		err = addrset_add(&w->seen, node, 0);
	if (err == -EEXIST)
		err = err_set(-EBADMSG,
			      "the chain at %#" PRIx64 " leads to node %#" PRIx64
			      ", which came before",
			      head, node);
	return err ? err : vmem_read_ulong(&w->mem, node, next);
}

/* Walk a chain to its end, which is NULL, or odd. @return what the visitor returned; -ENOMEM */
static int walk_chain(struct hash_walk *w, uint64_t head)
{
	uint64_t node = 0, next;
	int err = vmem_read_ulong(&w->mem, head, &node);

	while (!err && node && !(node & 1)) {
		int stop;

		err = enter(w, head, node, &next);
		if (err)
			break;
		stop = w->visit(w->ctx, node - w->offset);
		if (stop)
			return stop;
		node = next;
	}
	if (err == -ENOMEM)
		return err;
	if (err)
		damage_note(&w->damage, err);
	return 0;
}

int mdf_for_each_hash(uint64_t table, uint64_t nr, uint64_t bucket_bytes,
		      const struct ktype_info *node, mdf_visit *visit, void *ctx)
{
	struct hash_walk w = { .mem = extension_vmem(), .visit = visit, .ctx = ctx };
	int err = member_offset(node, &w.offset);

	if (!bucket_bytes)
		bucket_bytes = mdf_long_size();
	if (!err && nr > WALK_STEPS_MAX)
		err = err_set(-EBADMSG, "the hash table at %#" PRIx64 " has %" PRIu64 " buckets",
			      table, nr);
	if (!err)
		err = addrset_init(&w.seen);
	if (err)
		return extension_error(err);
	for (uint64_t i = 0; !err && i < nr; i++)
		err = walk_chain(&w, table + i * bucket_bytes);
	addrset_deinit(&w.seen);
	return extension_error(err ? err : damage_error(&w.damage));
}

int mdf_for_each_hlist(uint64_t head, const struct ktype_info *node, mdf_visit *visit, void *ctx)
{
	return mdf_for_each_hash(head, 1, 0, node, visit, ctx);
}
