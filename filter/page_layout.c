// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/page_layout.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

#define DECLARE(s, member, page, bytes, needs) INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, s, member);
PAGE_MEMBERS(DECLARE)
INIT_OPT_MOD_MEMBER_LEN(vmlinux, zone, free_area);
INIT_OPT_MOD_NUM(vmlinux, PG_lru);
INIT_OPT_MOD_NUM(vmlinux, PG_private);
INIT_OPT_MOD_NUM(vmlinux, PG_swapcache);
INIT_OPT_MOD_NUM(vmlinux, PG_swapbacked);
INIT_OPT_MOD_NUM(vmlinux, PG_slab);
INIT_OPT_MOD_NUM(vmlinux, PG_hwpoison);
INIT_OPT_MOD_NUM(vmlinux, PG_reserved);
INIT_OPT_MOD_NUM(vmlinux, PG_hugetlb);
INIT_OPT_MOD_NUM(vmlinux, PG_head_mask);
INIT_OPT_MOD_NUM(vmlinux, HUGETLB_PAGE_DTOR);
INIT_OPT_MOD_NUM(vmlinux, PAGE_BUDDY_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_OFFLINE_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_HUGETLB_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_SLAB_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_UNACCEPTED_MAPCOUNT_VALUE);
INIT_OPT_MOD_STRUCT(vmlinux, page);

/* The largest number of free lists any configuration has, with room to spare. */
#define FREE_AREAS_MAX 32

/* The largest page_type word that is no count of mappings, but no type either. */
#define PAGE_TYPE_NONE (-128)

/* Needs of PAGE_MEMBERS besides the bits of a level: the type of a page; its flags. */
#define PAGE_NEEDS_TYPE (2 * (DL_MAX + 1))
#define PAGE_NEEDS_FLAGS (DL_MAX + 1)

#define DL_CACHES (DL_CACHE | DL_CACHE_PRIVATE)
/* Facts about pages that belong to a mapping. */
#define DL_MAPPED (DL_CACHES | DL_USER)

static uint64_t flag(bool known, int64_t bit)
{
	return known && bit >= 0 && bit < 64 ? UINT64_C(1) << bit : 0;
}

#define FLAG(name) flag(MOD_NUM_EXIST(vmlinux, name), GET_MOD_NUM(vmlinux, name))

static struct page_type type(bool known, int64_t number)
{
	uint32_t value = number;

	return (struct page_type){
		.known = known,
		.value = value,
		.mask = value & 0x00ffffff ? UINT32_MAX : 0xff000000,
	};
}

/* Up to Linux kernel 4.17 it was the one type there was, that of free pages. */
static int32_t type_limit(const struct page_type *buddy)
{
	if (buddy->known && (int32_t)buddy->value == PAGE_TYPE_NONE)
		return PAGE_TYPE_NONE + 1;
	return PAGE_TYPE_NONE;
}

#define TYPE(name) type(MOD_NUM_EXIST(vmlinux, name), GET_MOD_NUM(vmlinux, name))
#define BYTES(s, m) GET_MOD_STRUCT_MEMBER_OFF(vmlinux, s, m)

/*
 * Return the offset of the byte that counts of page.compound_dtor or compound_order. Up to Linux
 * kernel 4.15 they are numbers of half a word, side by side; none is larger than a byte.
 */
static uint32_t low_byte(const struct page_layout *l, uint32_t offset)
{
	uint32_t size = BYTES(page, compound_order) - BYTES(page, compound_dtor);

	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_order) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_dtor) || size != (l->is64 ? 4 : 2) ||
	    !range_fits(offset, size, l->size))
		return offset;
	return l->swap != HOST_BIG_ENDIAN ? offset + size - 1 : offset;
}

/*
 * Since Linux kernel commit 6326fec1122c ("mm: Use owner_priv bit for PageSwapCache, valid when
 * PageSwapBacked") (in v4.10) the flag has other meanings for pages that swap does not back.
 * Kernels up to v4.17 do not export PG_swapbacked. The bit of its own that the flag had before
 * is above PG_private, PG_owner_priv_1 is below.
 */
static void check_swapcache(struct page_layout *l)
{
	if (!l->pg_swapbacked && (!l->pg_private || l->pg_swapcache < l->pg_private))
		l->pg_swapcache = 0;
}

static void find_compound_facts(struct page_layout *l)
{
	/* folio._folio_order and _folio_dtor lie in the folio's second page. */
	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_order)) {
		l->order_from = COMPOUND_TAIL_BYTE;
		l->order_byte = low_byte(l, BYTES(page, compound_order));
	} else if (MOD_STRUCT_MEMBER_EXIST(vmlinux, folio, _folio_order)) {
		l->order_from = COMPOUND_TAIL_BYTE;
		l->order_byte = BYTES(folio, _folio_order) - l->size;
	} else {
		l->order_from = COMPOUND_TAIL_FLAGS;
	}

	l->pg_hugetlb = FLAG(PG_hugetlb);
	if (MOD_NUM_EXIST(vmlinux, HUGETLB_PAGE_DTOR) &&
	    MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_dtor)) {
		l->hugetlb_from = COMPOUND_TAIL_BYTE;
		l->hugetlb_byte = low_byte(l, BYTES(page, compound_dtor));
	} else if (MOD_NUM_EXIST(vmlinux, HUGETLB_PAGE_DTOR) &&
		   MOD_STRUCT_MEMBER_EXIST(vmlinux, folio, _folio_dtor)) {
		l->hugetlb_from = COMPOUND_TAIL_BYTE;
		l->hugetlb_byte = BYTES(folio, _folio_dtor) - l->size;
	} else if (l->pg_hugetlb) {
		l->hugetlb_from = COMPOUND_TAIL_FLAGS;
	}
	l->hugetlb_dtor = GET_MOD_NUM(vmlinux, HUGETLB_PAGE_DTOR);
}

/* A row of PAGE_MEMBERS. */
struct page_member {
	const struct ktype_info *type;
	unsigned int page, bytes, needs;
	size_t field; /* of struct page_layout */
};

/* Take over a member, if known: it lies within a struct page, the first or second of a folio. */
static int take_member(struct page_layout *l, const struct page_member *m)
{
	const struct ktype_info *t = m->type;
	uint32_t offset = t->member_bit_offset / 8, page = m->page;
	unsigned int len = m->bytes ? m->bytes : l->is64 ? 8 : 4;

	if (t->index < 0)
		return 0;
	*(uint32_t *)((char *)l + m->field) = offset;
	if (offset / l->size == page && range_fits(offset % l->size, len, l->size))
		return 0;
	return err_set(-EBADMSG,
		       "OFFSET(%s.%s) %" PRIu32 " is invalid: a struct page has %" PRIu32 " bytes",
		       t->struct_name, t->member_name, offset, l->size);
}

/* Take over the members that are needed for a level, or PAGE_NEEDS_*. */
static int take_members(struct page_layout *l, unsigned int needs)
{
#define ROW(s, member, page, bytes, needed) \
	{ GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, member), page, bytes, needed, \
	  offsetof(struct page_layout, member) },
	const struct page_member members[] = { PAGE_MEMBERS(ROW) };
#undef ROW
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(members); i++)
		if (members[i].needs & needs)
			err = take_member(l, &members[i]);
	return err;
}

static bool has_others(const struct page_layout *l)
{
	struct page_layout trial = *l;

	return MOD_STRUCT_MEMBER_EXIST(vmlinux, page, flags) &&
	       (MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_info) ||
		MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_head)) &&
	       l->size && !take_members(&trial, PAGE_NEEDS_FLAGS);
}

static void find_typed(struct page_layout *l, struct fact_list *missing)
{
	FACTS_REQUIRE_MEMBER(missing, page, _mapcount);
	if (!(l->level & DL_FREE))
		return;
	FACTS_REQUIRE_MEMBER(missing, page, private);
	facts_need(missing, l->buddy.known, "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)");
	FACTS_REQUIRE_MEMBER_LEN(missing, zone, free_area);
}

static void find_flags(struct page_layout *l)
{
	l->pg_lru = FLAG(PG_lru);
	l->pg_private = FLAG(PG_private);
	l->pg_swapcache = FLAG(PG_swapcache);
	l->pg_swapbacked = FLAG(PG_swapbacked);
	l->pg_slab = FLAG(PG_slab);
	l->pg_hwpoison = FLAG(PG_hwpoison);
	l->pg_reserved = FLAG(PG_reserved);
	l->pg_head = GET_MOD_NUM(vmlinux, PG_head_mask);
	check_swapcache(l);
}

static void find_others(struct page_layout *l, struct fact_list *missing)
{
	FACTS_REQUIRE_MEMBER(missing, page, flags);
	find_flags(l);
	if (l->level & DL_MAPPED) {
		FACTS_REQUIRE_MEMBER(missing, page, mapping);
		facts_need(missing, l->pg_head != 0, "NUMBER(PG_head_mask)");
	}
	if (l->level & DL_CACHES)
		facts_need(missing, l->pg_lru != 0, "NUMBER(PG_lru)");
	l->tail = 1;
	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_info))
		l->compound = BYTES(page, compound_info);
	else
		l->compound = BYTES(page, compound_head);
	facts_need(missing,
		   MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_info) ||
			   MOD_STRUCT_MEMBER_EXIST(vmlinux, page, compound_head),
		   "OFFSET(page.compound_head)");
	find_compound_facts(l);
}

/* If it does not matter, a number of lists that is out of range is unknown. */
static int find_max_order(struct page_layout *l)
{
	uint64_t areas = GET_MOD_MEMBER_LEN(vmlinux, zone, free_area);

	if (areas && areas <= FREE_AREAS_MAX)
		l->max_order = areas - 1;
	else if (l->level & DL_FREE)
		return err_set(-EBADMSG, "LENGTH(zone.free_area) %" PRIu64 " is out of range",
			       areas);
	return 0;
}

int page_layout_init(struct page_layout *l, const struct kernel *k, unsigned int level)
{
	struct fact_list missing = { 0 };
	bool others;
	int err;

	*l = (struct page_layout){
		.is64 = k->arch.is64,
		.swap = k->arch.swap,
		.page_shift = k->arch.page_shift,
		.level = level,
		.told = level,
		.size = GET_MOD_STRUCT_SSIZE(vmlinux, page),
		.max_order = HUGE_PAGE_MAX_SHIFT - k->arch.page_shift,
		.buddy = TYPE(PAGE_BUDDY_MAPCOUNT_VALUE),
		.offline = TYPE(PAGE_OFFLINE_MAPCOUNT_VALUE),
		.hugetlb = TYPE(PAGE_HUGETLB_MAPCOUNT_VALUE),
		.slab = TYPE(PAGE_SLAB_MAPCOUNT_VALUE),
		.unaccepted = TYPE(PAGE_UNACCEPTED_MAPCOUNT_VALUE),
	};
	FACTS_REQUIRE_STRUCT(&missing, page);
	l->type_limit = type_limit(&l->buddy);
	find_typed(l, &missing);
	/* Free pages have a type that no other page has: nothing else need be known. */
	others = (level & ~DL_ZERO) != DL_FREE || has_others(l);
	if (others)
		find_others(l, &missing);
	if (facts_check(&missing))
		return -ENOENT;
	err = find_max_order(l);
	return err ? err :
		     take_members(l, level | PAGE_NEEDS_TYPE | (others ? PAGE_NEEDS_FLAGS : 0));
}

unsigned int page_layout_possible(const struct kernel *k, unsigned int level)
{
	unsigned int possible = 0;

	for (unsigned int bit = DL_CACHE; bit <= DL_FREE; bit <<= 1) {
		struct page_layout l;

		if (level & bit && !page_layout_init(&l, k, bit))
			possible |= bit;
	}
	return possible;
}
