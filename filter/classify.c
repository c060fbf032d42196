// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/classify.h"

#include "lib/byteorder.h"

/* For what is done per page. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* page.mapping: the page is anonymous (with bit 1 too: KSM). */
#define MAPPING_ANON 1
/* compound_head: this is a tail. */
#define COMPOUND_TAIL 1

/* The fields of one struct page that is not a tail, in host byte order. */
struct page_fields {
	uint64_t flags, mapping;
	uint32_t type; /* page_type, or _mapcount */
	bool hugetlb;  /* as older kernels say it: in the first tail */
};

static ALWAYS_INLINE bool has_type(const struct page_type *t, uint32_t word)
{
	return t->known && (word & t->mask) == t->value;
}

static enum page_class classify_typed(const struct page_layout *l, uint32_t type)
{
	if (has_type(&l->buddy, type) || has_type(&l->unaccepted, type))
		return l->told & DL_FREE ? PAGE_FREE : PAGE_KEEP;
	if (has_type(&l->slab, type))
		return PAGE_KEEP;
	if (has_type(&l->offline, type))
		return PAGE_OFFLINE;
	if (has_type(&l->hugetlb, type))
		return l->told & DL_USER ? PAGE_USER : PAGE_KEEP;
	return PAGE_KEEP;
}

static ALWAYS_INLINE bool in_page_cache(const struct page_layout *l, uint64_t flags)
{
	if (flags & l->pg_lru)
		return true;
	/* check_swapcache() */
	return flags & l->pg_swapcache && (!l->pg_swapbacked || flags & l->pg_swapbacked);
}

static ALWAYS_INLINE enum page_class classify_untyped(const struct page_layout *l,
						      const struct page_fields *f)
{
	bool anon = f->mapping & MAPPING_ANON;

	if (f->flags & l->pg_reserved || (l->image && !f->mapping && !f->hugetlb))
		return PAGE_KEEP;
	if (!anon && l->told & (DL_CACHE | DL_CACHE_PRIVATE) && in_page_cache(l, f->flags)) {
		/* If PG_private is unknown, the page may have it. */
		bool private = !l->pg_private || f->flags & l->pg_private;

		if (l->told & DL_CACHE_PRIVATE)
			return private ? PAGE_CACHE_PRIVATE : PAGE_CACHE;
		if (!private)
			return PAGE_CACHE;
	}
	return l->told & DL_USER && (anon || f->hugetlb) ? PAGE_USER : PAGE_KEEP;
}

static ALWAYS_INLINE bool is_slab(const struct page_layout *l, const struct page_fields *f)
{
	return f->flags & l->pg_slab || has_type(&l->slab, f->type);
}

/* A class is given only if the layout tells of it: else KEEP, or HWPOISON. */
static ALWAYS_INLINE enum page_class classify_one(const struct page_layout *l,
						  const struct page_fields *f)
{
	enum page_class c;

	if (f->flags & l->pg_slab)
		c = PAGE_KEEP;
	else if ((int32_t)f->type < l->type_limit)
		c = classify_typed(l, f->type);
	else
		c = classify_untyped(l, f);
	/* But a free block is excluded as a whole. */
	if (f->flags & l->pg_hwpoison && !(c == PAGE_FREE && l->level & DL_FREE))
		c = PAGE_HWPOISON;
	return c;
}

/* The coding of numbers: constants in each copy of the loop, hence not in the layout. */
struct coding {
	bool is64, swap;
	size_t size; /* of a struct page, bytes */
};

/* One array being judged. */
struct array {
	const struct page_layout *l;
	const uint8_t *pages;
	size_t n;
	pfn_t pfn;
	vaddr_t va;
};

static ALWAYS_INLINE uint64_t word_at(const struct array *a, size_t i, uint32_t offset,
				      struct coding c)
{
	return load_ulong(a->pages + i * c.size + offset, c.is64, c.swap);
}

/* Return whether page i + count - 1 may be a tail of head i, as far as it can be seen. */
static ALWAYS_INLINE bool ends_in_tail(const struct array *a, size_t i, uint64_t count,
				       struct coding c)
{
	return count > a->n - i || word_at(a, i + count - 1, a->l->compound, c) & COMPOUND_TAIL;
}

/*
 * Return whether a tail names its head by a mask. Tails do so by address, or since Linux kernel
 * commit d50569612c29 (in v7.1) by a mask that clears the low bits of the tail's own
 * address. A mask is a negative power of two no smaller than two struct pages;
 * no address looks like that.
 */
static ALWAYS_INLINE bool is_mask(uint64_t link, bool is64, uint64_t *span)
{
	*span = is64 ? -link : (uint32_t)-link;
	return *span && !(*span & (*span - 1)) && *span <= UINT64_C(1) << 28;
}

enum head_kind { HEAD_GOOD, HEAD_ODD, HEAD_FAKE };

/*
 * The order of head page i, and whether older kernels' way says hugetlb.
 *
 * If hugetlb frees part of its memory map (Linux kernels 5.14 to 7.0), some
 * tails are mapped onto the head's own struct page and look like heads; the
 * tail after such a fake head names the true one.
 */
static ALWAYS_INLINE enum head_kind judge_head(const struct array *a, size_t i, bool huge_type,
					       struct coding c, unsigned int *order, bool *hugetlb)
{
	const struct page_layout *l = a->l;
	const uint8_t *tail = a->pages + (i + 1) * c.size;
	vaddr_t va = a->va + i * c.size;
	pfn_t pfn = a->pfn + i;
	uint64_t link, span, flags;
	bool huge = false;
	unsigned int max, n;

	if (i + 1 >= a->n)
		return HEAD_ODD;
	link = word_at(a, i + 1, l->compound, c);
	if (!(link & COMPOUND_TAIL))
		return HEAD_ODD;
	link &= ~(uint64_t)COMPOUND_TAIL;
	flags = word_at(a, i + 1, l->flags, c);
	n = l->order_from == COMPOUND_TAIL_BYTE ? tail[l->order_byte] : flags & 0xff;
	if (l->hugetlb_from == COMPOUND_TAIL_BYTE)
		huge = tail[l->hugetlb_byte] == l->hugetlb_dtor;
	else if (l->hugetlb_from == COMPOUND_TAIL_FLAGS)
		huge = flags & l->pg_hugetlb;
	max = huge || huge_type ? HUGE_PAGE_MAX_SHIFT - l->page_shift : l->max_order;
	if (n > HUGE_PAGE_MAX_SHIFT)
		return HEAD_ODD;
	if (is_mask(link, c.is64, &span)) {
		if (span != (uint64_t)c.size << n)
			return HEAD_ODD;
	} else if (link != (c.is64 ? va : (uint32_t)va)) {
		return link < va && va - link < (uint64_t)c.size << n ? HEAD_FAKE : HEAD_ODD;
	}
	if (!n || n > max || pfn & ((UINT64_C(1) << n) - 1) ||
	    !ends_in_tail(a, i, UINT64_C(1) << n, c))
		return HEAD_ODD;
	*order = n;
	*hugetlb = huge;
	return HEAD_GOOD;
}

/* The order of free block i; false if it is impossible. */
static ALWAYS_INLINE bool judge_free(const struct array *a, size_t i, uint32_t type,
				     struct coding c, unsigned int *order)
{
	uint64_t n = a->l->max_order;

	if (has_type(&a->l->buddy, type))
		n = word_at(a, i, a->l->private, c);
	if (n > a->l->max_order || (a->pfn + i) & ((UINT64_C(1) << n) - 1))
		return false;
	*order = n;
	return true;
}

static ALWAYS_INLINE struct classify_counts classify_array(const struct array *a, struct coding c,
							   page_run_fn run, void *ctx)
{
	const struct page_layout *l = a->l;
	enum page_class run_class = PAGE_KEEP;
	struct classify_counts counts = { 0 };
	pfn_t run_start = 0, run_end = 0;

	for (size_t i = 0; i < a->n;) {
		struct page_fields f = { .hugetlb = false };
		unsigned int order = 0;
		enum page_class class;

		if (word_at(a, i, l->compound, c) & l->tail) {
			i++;
			continue;
		}
		f.flags = word_at(a, i, l->flags, c);
		f.mapping = word_at(a, i, l->mapping, c);
		f.type = load_u32(a->pages + i * c.size + l->_mapcount, c.swap);
		if (f.flags & l->pg_head) {
			enum head_kind kind = judge_head(a, i, has_type(&l->hugetlb, f.type), c,
							 &order, &f.hugetlb);

			if (kind == HEAD_FAKE) {
				i++;
				continue;
			}
			counts.odd += kind == HEAD_ODD;
		}
		class = classify_one(l, &f);
		counts.slabs += is_slab(l, &f);
		if (class == PAGE_FREE && !judge_free(a, i, f.type, c, &order)) {
			counts.odd++;
			class = PAGE_KEEP;
		}
		if (class != PAGE_KEEP) {
			pfn_t pfn = a->pfn + i;

			if (class != run_class || pfn != run_end) {
				if (run_class != PAGE_KEEP)
					run(ctx, run_start, run_end - run_start, run_class);
				run_class = class;
				run_start = pfn;
			}
			run_end = pfn + (UINT64_C(1) << order);
		}
		/* Some pages of a free block that is kept may be poisoned. */
		if (class == PAGE_FREE && !(l->level & DL_FREE))
			order = 0;
		i += (size_t)1 << order;
	}
	if (run_class != PAGE_KEEP)
		run(ctx, run_start, run_end - run_start, run_class);
	return counts;
}

struct classify_counts classify_pages(const struct page_layout *l, const void *pages, size_t n,
				      pfn_t pfn, vaddr_t va, page_run_fn run, void *ctx)
{
	const struct array a = { .l = l, .pages = pages, .n = n, .pfn = pfn, .va = va };
	struct coding c = { .is64 = l->is64, .swap = l->swap, .size = l->size };

	/* Nearly every dump: the host's own byte order, 64 bits, struct pages of 64 bytes. */
	if (c.is64 && !c.swap && c.size == 64)
		return classify_array(&a, (struct coding){ true, false, 64 }, run, ctx);
	return classify_array(&a, c, run, ctx);
}
