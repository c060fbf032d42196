// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists and trees of the kernel, for makedumpfile.h. Where one is damaged, what can be
 * reached otherwise is visited nevertheless.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "extension/env.h"
#include "extension/memory.h"
#include "facts/facts.h"
#include "kernel/member.h"
#include "kernel/walk.h"
#include "lib/addrset.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "makedumpfile.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rb_node, rb_left);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rb_node, rb_right);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_tree, ma_root);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_range_64, pivot);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_range_64, slot);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_arange_64, pivot);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, maple_arange_64, slot);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, maple_range_64, pivot);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, maple_range_64, slot);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, maple_arange_64, pivot);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, maple_arange_64, slot);
INIT_OPT_MOD_NUM(vmlinux, maple_leaf_64);
INIT_OPT_MOD_NUM(vmlinux, maple_range_64);
INIT_OPT_MOD_NUM(vmlinux, maple_arange_64);

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xarray, xa_head);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, shift);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, parent);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, xa_node, slots);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, xa_node, slots);

/* Deeper than any tree that fits in memory: twice its height if it were perfect. */
#define RB_DEPTH_MAX 128
/* As much as the root of a maple tree can tell. */
#define MAPLE_DEPTH_MAX 31
/* More bytes than a node of a maple tree or an xarray has. */
#define NODE_BYTES_MAX 1024
#define NODE_SLOTS_MAX 64

/* Offset of a member, bytes. */
#define OFF(s, m) GET_MOD_STRUCT_MEMBER_OFF(vmlinux, s, m)

static int check_address(const char *what, uint64_t address)
{
	const struct vmem mem = extension_vmem();

	return walk_check_address(&mem, what, address);
}

/* --- lists ------------------------------------------------------------------------ */

int mdf_for_each_list(uint64_t head, const struct ktype_info *link, mdf_visit *visit, void *ctx)
{
	const struct vmem mem = extension_vmem();

	return extension_error(walk_list(&mem, head, link, visit, ctx));
}

/* --- red-black trees -------------------------------------------------------------- */

struct rb_walk {
	uint64_t root;
	struct addrset seen;
	struct damage damage;
	/* The nodes that are still to be visited, each with what comes after it. */
	struct {
		uint64_t node, right;
	} path[RB_DEPTH_MAX];
	unsigned int depth;
};

/* Put a node on the path. @param[out] left what comes before it */
static int rb_enter(struct rb_walk *w, uint64_t node, uint64_t *left)
{
	int err = check_address("rb_node", node);

	if (!err && (w->depth == RB_DEPTH_MAX || w->seen.nr == WALK_STEPS_MAX))
		err = err_set(-EBADMSG, "the red-black tree at %#" PRIx64 " has no end", w->root);
	if (!err)
		err = addrset_add(&w->seen, node, 0);
	if (err == -EEXIST)
		err = err_set(-EBADMSG,
			      "the red-black tree at %#" PRIx64 " leads to its node %#" PRIx64
			      " twice",
			      w->root, node);
	if (!err)
		err = mdf_read_ulong(node + OFF(rb_node, rb_left), left);
	if (!err)
		err = mdf_read_ulong(node + OFF(rb_node, rb_right), &w->path[w->depth].right);
	if (!err)
		w->path[w->depth++].node = node;
	return err;
}

/* Go to the first node below one. @return 0, or -ENOMEM; damage is taken note of */
static int rb_descend(struct rb_walk *w, uint64_t node)
{
	while (node) {
		int err = rb_enter(w, node, &node);

		if (err == -ENOMEM)
			return err;
		if (err) {
			damage_note(&w->damage, err);
			break;
		}
	}
	return 0;
}

static int rb_walk(struct rb_walk *w, uint64_t offset, mdf_visit *visit, void *ctx)
{
	uint64_t top;
	int err = mdf_read_ulong(w->root, &top);

	if (!err)
		err = rb_descend(w, top);
	while (!err && w->depth) {
		w->depth--;
		err = visit(ctx, w->path[w->depth].node - offset);
		if (!err)
			err = rb_descend(w, w->path[w->depth].right);
	}
	return err ? err : damage_error(&w->damage);
}

int mdf_for_each_rb(uint64_t root, const struct ktype_info *node, mdf_visit *visit, void *ctx)
{
	struct rb_walk w = { .root = root };
	struct fact_list missing = { 0 };
	uint64_t offset;
	int err = member_offset(node, &offset);

	FACTS_REQUIRE_MEMBER(&missing, rb_node, rb_left);
	FACTS_REQUIRE_MEMBER(&missing, rb_node, rb_right);
	if (!err)
		err = facts_check(&missing);
	if (!err)
		err = addrset_init(&w.seen);
	if (err)
		return extension_error(err);
	err = rb_walk(&w, offset, visit, ctx);
	addrset_deinit(&w.seen);
	return extension_error(err);
}

/* --- nodes with slots ------------------------------------------------------------- */

/* Entries that are neither a pointer of the tree's user nor NULL. */
static bool is_internal(uint64_t entry)
{
	return (entry & 3) == 2;
}

/* Small ones are marks of the tree itself. */
static bool is_node(uint64_t entry)
{
	return is_internal(entry) && entry > 4096;
}

/* An array of longs in a node. */
struct longs {
	uint32_t offset, nr;
};

static uint64_t nth_long(const uint8_t *raw, const struct longs *l, uint32_t i)
{
	return extension_load_ulong(raw + l->offset + i * mdf_long_size());
}

static uint32_t longs_end(const struct longs *l)
{
	return l->offset + l->nr * mdf_long_size();
}

static bool longs_fit(const struct longs *l)
{
	return l->nr && l->nr <= NODE_SLOTS_MAX &&
	       range_fits(l->offset, (uint64_t)l->nr * mdf_long_size(), NODE_BYTES_MAX);
}

/* --- maple trees ------------------------------------------------------------------ */

/* The low bits of a node's address; a pointer to the node stores its type there. */
#define MAPLE_NODE_LOW 0xff

/*
 * A kind of node: a slot ends with the pivot of the same index. There may be no pivot for
 * the last slot, which ends where the node does.
 */
struct maple_kind {
	struct longs pivots, slots;
	uint32_t bytes;
};

struct maple_walk {
	mdf_visit_range *visit;
	void *ctx;
	uint64_t tree;
	struct maple_kind range, arange;
	struct addrset seen;
	struct damage damage;
};

static int maple_kind_init(struct maple_kind *k)
{
	if (!longs_fit(&k->pivots) || !longs_fit(&k->slots) || k->pivots.nr > k->slots.nr)
		return err_set(-EBADMSG, "the layout of maple trees is invalid");
	k->bytes = max_u64(longs_end(&k->pivots), longs_end(&k->slots));
	return 0;
}

#define LONGS(s, m) \
	(struct longs) \
	{ \
		OFF(s, m), GET_MOD_MEMBER_LEN(vmlinux, s, m) \
	}
#define NEED_LONGS(missing, s, m) \
	do { \
		FACTS_REQUIRE_MEMBER(missing, s, m); \
		FACTS_REQUIRE_MEMBER_LEN(missing, s, m); \
	} while (0)

static int maple_facts(struct maple_walk *w)
{
	struct fact_list missing = { 0 };
	int err;

	FACTS_REQUIRE_MEMBER(&missing, maple_tree, ma_root);
	NEED_LONGS(&missing, maple_range_64, pivot);
	NEED_LONGS(&missing, maple_range_64, slot);
	NEED_LONGS(&missing, maple_arange_64, pivot);
	NEED_LONGS(&missing, maple_arange_64, slot);
	FACTS_REQUIRE_NUM(&missing, maple_leaf_64);
	FACTS_REQUIRE_NUM(&missing, maple_range_64);
	FACTS_REQUIRE_NUM(&missing, maple_arange_64);
	if (facts_check(&missing))
		return -ENOENT;
	w->range.pivots = LONGS(maple_range_64, pivot);
	w->range.slots = LONGS(maple_range_64, slot);
	w->arange.pivots = LONGS(maple_arange_64, pivot);
	w->arange.slots = LONGS(maple_arange_64, slot);
	err = maple_kind_init(&w->range);
	return err ? err : maple_kind_init(&w->arange);
}

/* Return the kind of node that an entry leads to; NULL if the kind is invalid. */
static const struct maple_kind *maple_kind(const struct maple_walk *w, uint64_t entry, bool *leaf)
{
	int64_t type = entry >> 3 & 0xf;

	*leaf = type == GET_MOD_NUM(vmlinux, maple_leaf_64);
	if (*leaf || type == GET_MOD_NUM(vmlinux, maple_range_64))
		return &w->range;
	return type == GET_MOD_NUM(vmlinux, maple_arange_64) ? &w->arange : NULL;
}

/* Read the node that an entry leads to. @param raw NODE_BYTES_MAX bytes */
static int maple_enter(struct maple_walk *w, uint64_t entry, const struct maple_kind *kind,
		       unsigned int depth, uint8_t *raw)
{
	uint64_t address = entry & ~(uint64_t)MAPLE_NODE_LOW;
	int err;

	if (!address || !kind)
		return err_set(-EBADMSG,
			       "the maple tree at %#" PRIx64 " leads to %#" PRIx64
			       ", which is no node",
			       w->tree, entry);
	if (depth == MAPLE_DEPTH_MAX || w->seen.nr == WALK_STEPS_MAX)
		return err_set(-EBADMSG, "the maple tree at %#" PRIx64 " has no end", w->tree);
	err = addrset_add(&w->seen, address, 0);
	if (err == -EEXIST)
		return err_set(-EBADMSG,
			       "the maple tree at %#" PRIx64 " leads to its node %#" PRIx64
			       " twice",
			       w->tree, address);
	return err ? err : extension_read(address, raw, kind->bytes);
}

static int maple_entry(const struct maple_walk *w, uint64_t entry, uint64_t first, uint64_t last)
{
	if (!entry || (is_internal(entry) && !is_node(entry)))
		return 0;
	return w->visit(w->ctx, first, last, entry);
}

/* Walk what is below a node that covers indexes first to max. */
static int maple_node(struct maple_walk *w, uint64_t node, uint64_t first, uint64_t max,
		      unsigned int depth)
{
	bool leaf;
	const struct maple_kind *kind = maple_kind(w, node, &leaf);
	uint8_t raw[NODE_BYTES_MAX];
	int err = maple_enter(w, node, kind, depth, raw);

	if (err == -ENOMEM)
		return err;
	if (err)
		damage_note(&w->damage, err);
	for (uint32_t i = 0; !err && i < kind->slots.nr; i++) {
		uint64_t entry = nth_long(raw, &kind->slots, i), last = max;

		if (i < kind->pivots.nr)
			last = nth_long(raw, &kind->pivots, i);
		/* A node that is not full has none after the last slot in use. */
		if (last > max || (i && !last))
			last = max;
		if (last < first) {
			damage_note(&w->damage, err_set(-EBADMSG,
							"a node of the maple tree at %#" PRIx64
							" does not ascend: %#" PRIx64,
							w->tree, node));
			return 0;
		}
		err = leaf ? maple_entry(w, entry, first, last) :
			     maple_node(w, entry, first, last, depth + 1);
		if (err)
			return err;
		if (last == max)
			break;
		first = last + 1;
	}
	return 0;
}

static int maple_walk(struct maple_walk *w)
{
	uint64_t root;
	int err = mdf_read_ulong(w->tree + OFF(maple_tree, ma_root), &root);

	if (err)
		return err;
	/* One entry alone needs no node. */
	err = is_node(root) ? maple_node(w, root, 0, extension_ulong_max(), 0) :
			      maple_entry(w, root, 0, 0);
	return err ? err : damage_error(&w->damage);
}

int mdf_for_each_maple(uint64_t tree, mdf_visit_range *visit, void *ctx)
{
	struct maple_walk w = { .visit = visit, .ctx = ctx, .tree = tree };
	int err = maple_facts(&w);

	if (!err)
		err = addrset_init(&w.seen);
	if (err)
		return extension_error(err);
	err = maple_walk(&w);
	addrset_deinit(&w.seen);
	return extension_error(err);
}

/* --- xarrays ---------------------------------------------------------------------- */

struct xa_walk {
	mdf_visit_range *visit;
	void *ctx;
	uint64_t xarray;
	struct longs slots;
	unsigned int slot_bits; /* log2 of slots.nr */
	uint32_t bytes;		/* of a node that are of interest */
	uint32_t nodes;		/* that were visited */
	struct damage damage;
};

/* A node on the way down. */
struct xa_place {
	const struct xa_place *up; /* NULL: this is the root */
	uint64_t address;
	uint64_t base;	    /* its first index */
	unsigned int shift; /* log2 of the indexes that a slot covers */
	uint32_t nr;	    /* slots: at the top there can be more than indexes */
	uint32_t slot;	    /* that is being looked at */
};

static int xa_facts(struct xa_walk *w)
{
	struct fact_list missing = { 0 };
	const uint32_t bytes[] = {
		OFF(xa_node, shift) + 1,
		OFF(xa_node, offset) + 1,
		OFF(xa_node, parent) + mdf_long_size(),
	};

	FACTS_REQUIRE_MEMBER(&missing, xarray, xa_head);
	FACTS_REQUIRE_MEMBER(&missing, xa_node, shift);
	FACTS_REQUIRE_MEMBER(&missing, xa_node, offset);
	FACTS_REQUIRE_MEMBER(&missing, xa_node, parent);
	NEED_LONGS(&missing, xa_node, slots);
	if (facts_check(&missing))
		return -ENOENT;
	w->slots = LONGS(xa_node, slots);
	if (!longs_fit(&w->slots) || w->slots.nr & (w->slots.nr - 1) || w->slots.nr == 1)
		return err_set(-EBADMSG, "the layout of xarrays is invalid");
	w->slot_bits = __builtin_ctz(w->slots.nr);
	w->bytes = longs_end(&w->slots);
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
		w->bytes = max_u64(w->bytes, bytes[i]);
	return w->bytes <= NODE_BYTES_MAX ? 0 :
					    err_set(-EBADMSG, "the layout of xarrays is invalid");
}

/*
 * A node knows where it hangs: what is not there does not belong to the tree, and none
 * can be come to twice.
 */
static bool xa_hangs_there(const struct xa_place *p, const uint8_t *raw)
{
	uint64_t parent = extension_load_ulong(raw + OFF(xa_node, parent));

	if (!p->up)
		return true;
	return parent == p->up->address && raw[OFF(xa_node, offset)] == p->up->slot;
}

/* Read a node whose address is known. @param raw NODE_BYTES_MAX bytes */
static int xa_enter(struct xa_walk *w, struct xa_place *p, uint8_t *raw)
{
	unsigned int shift;
	int err = check_address("xa_node", p->address);

	if (!err && w->nodes++ == WALK_STEPS_MAX)
		err = err_set(-EBADMSG, "the xarray at %#" PRIx64 " has no end", w->xarray);
	if (!err)
		err = extension_read(p->address, raw, w->bytes);
	if (err)
		return err;
	shift = raw[OFF(xa_node, shift)];
	if (shift % w->slot_bits || shift >= mdf_long_size() * 8 ||
	    (p->up && shift + w->slot_bits != p->up->shift) || !xa_hangs_there(p, raw))
		return err_set(-EBADMSG,
			       "the xarray at %#" PRIx64 " leads to %#" PRIx64
			       ", which is none of its nodes",
			       w->xarray, p->address);
	p->shift = shift;
	p->nr = min_u64(w->slots.nr - 1, (extension_ulong_max() - p->base) >> shift) + 1;
	return 0;
}

/* Visit the entry of a slot; those after it that belong to the same one are passed over. */
static int xa_entry(const struct xa_walk *w, struct xa_place *p, const uint8_t *raw, uint64_t entry)
{
	uint32_t slot = p->slot;

	/* Values and what is the tree's own. */
	if (entry & 3)
		return 0;
	while (p->slot + 1 < p->nr &&
	       nth_long(raw, &w->slots, p->slot + 1) == ((uint64_t)slot << 2 | 2))
		p->slot++;
	return w->visit(w->ctx, p->base + ((uint64_t)slot << p->shift),
			p->base + ((uint64_t)(p->slot + 1) << p->shift) - 1, entry);
}

/* Walk what is below a node. */
static int xa_node(struct xa_walk *w, struct xa_place *p)
{
	uint8_t raw[NODE_BYTES_MAX];
	int err = xa_enter(w, p, raw);

	if (err) {
		damage_note(&w->damage, err);
		return 0;
	}
	for (p->slot = 0; p->slot < p->nr; p->slot++) {
		uint64_t entry = nth_long(raw, &w->slots, p->slot);
		struct xa_place below = { .up = p, .address = entry & ~UINT64_C(3) };

		if (!entry)
			continue;
		below.base = p->base + ((uint64_t)p->slot << p->shift);
		err = is_node(entry) ? xa_node(w, &below) : xa_entry(w, p, raw, entry);
		if (err)
			return err;
	}
	return 0;
}

int mdf_for_each_xarray(uint64_t xarray, mdf_visit_range *visit, void *ctx)
{
	struct xa_walk w = { .visit = visit, .ctx = ctx, .xarray = xarray };
	struct xa_place top = { 0 };
	uint64_t head;
	int err = xa_facts(&w);

	if (!err)
		err = mdf_read_ulong(xarray + OFF(xarray, xa_head), &head);
	if (err)
		return extension_error(err);
	if (is_node(head)) {
		top.address = head & ~UINT64_C(3);
		err = xa_node(&w, &top);
	} else if (head && !(head & 3)) {
		err = visit(ctx, 0, 0, head);
	}
	return extension_error(err ? err : damage_error(&w.damage));
}
