// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/page_facts.h"

#include "filter/page_layout.h"
#include "kernel/memmap.h"
#include "lib/byteorder.h"
#include "lib/checked.h"

/* Samples are spread over all pages that have a struct page, each of this many bytes. */
#define SAMPLES 1024
#define SAMPLE_BYTES 4096
/* Votes against the facts that led to a sample that cannot be read. */
#define UNREADABLE_COST (SAMPLE_BYTES / 64)
/* More pages than any machine has: 2^52 bytes in pages of 4 KiB. */
#define DESCRIBED_MAX (UINT64_C(1) << 40)
/* Ranges of the memory map in which pointers are looked up. */
#define RANGES_MAX 64
/* More mappings of one page are not plausible. */
#define MAPCOUNT_MAX (1 << 24)
/* The low bits of page.mapping tell what it points to; 1: an anonymous page's. */
#define MAPPING_FLAGS 3
#define MAPPING_ANON 1

struct sample {
	const struct kernel *k;
	struct vmcore_reader *r;
	const struct page_layout *l;
	const struct memmap *map;
	const uint8_t *pages;
	size_t n;
	pfn_t pfn;
	vaddr_t va;
	int64_t score;
};

static void vote(struct sample *s, bool fits)
{
	s->score += fits ? 1 : -1;
}

static uint64_t word_at(const struct sample *s, size_t i, uint32_t offset)
{
	return load_ulong(s->pages + i * s->l->size + offset, s->l->is64, s->l->swap);
}

static bool is_tail(const struct sample *s, size_t i)
{
	return word_at(s, i, s->l->compound) & s->l->tail;
}

static bool is_struct_page(const struct sample *s, vaddr_t va)
{
	size_t nr = min_u64(s->map->nr_ranges, RANGES_MAX);

	for (size_t i = 0; i < nr; i++) {
		const struct memmap_range *r = &s->map->ranges[i];

		if (va - r->pages < (r->end - r->start) * s->l->size)
			return true;
	}
	return false;
}

/* A mapping is an object of the kernel's, but no struct page: those are linked in lists. */
static bool is_object(const struct sample *s, vaddr_t va)
{
	struct arch_run run;

	return !is_struct_page(s, va) && !kernel_translate(s->k, s->r, va, &run);
}

/* The link of a tail is the address of its head, or a mask that leads to it. */
static void judge_tail(struct sample *s, size_t i)
{
	const struct page_layout *l = s->l;
	uint64_t link = word_at(s, i, l->compound) & ~l->tail;
	vaddr_t va = s->va + i * l->size;
	uint64_t distance = l->is64 ? va - link : (uint32_t)(va - link);
	uint64_t span = l->is64 ? -link : (uint32_t)-link;

	if (span && !(span & (span - 1)) && span <= UINT64_C(1) << 28) {
		vote(s, true);
		return;
	}
	vote(s, distance && distance % l->size == 0 &&
			distance / l->size < UINT64_C(1) << (HUGE_PAGE_MAX_SHIFT - l->page_shift));
	if (l->pg_head && distance % l->size == 0 && distance <= va - s->va)
		vote(s, word_at(s, i - distance / l->size, l->flags) & l->pg_head);
}

static void judge_head(struct sample *s, size_t i, uint64_t flags)
{
	const struct page_layout *l = s->l;
	const uint8_t *tail = s->pages + (i + 1) * l->size;
	unsigned int order;

	if (i + 1 >= s->n)
		return;
	vote(s, is_tail(s, i + 1));
	order = l->order_from == COMPOUND_TAIL_BYTE ? tail[l->order_byte] :
						      word_at(s, i + 1, l->flags) & 0xff;
	if (!order || order > HUGE_PAGE_MAX_SHIFT || (s->pfn + i) & ((UINT64_C(1) << order) - 1)) {
		vote(s, false);
		return;
	}
	vote(s, true);
	if (UINT64_C(1) << order <= s->n - i)
		vote(s, is_tail(s, i + (UINT64_C(1) << order) - 1));
	if (UINT64_C(1) << order < s->n - i)
		vote(s, !is_tail(s, i + (UINT64_C(1) << order)));
	/* hugetlb pages are on no list of the LRU. */
	if (l->hugetlb_from == COMPOUND_TAIL_BYTE && tail[l->hugetlb_byte] == l->hugetlb_dtor)
		vote(s, !(flags & l->pg_lru));
	else if (l->hugetlb_from == COMPOUND_TAIL_FLAGS &&
		 word_at(s, i + 1, l->flags) & l->pg_hugetlb)
		vote(s, !(flags & l->pg_lru));
}

static bool has_type(const struct page_type *t, uint32_t word)
{
	return t->known && (word & t->mask) == t->value;
}

/* Pages that have a type, or are of a slab, are neither reserved nor on a list of the LRU. */
static void judge_typed(struct sample *s, size_t i, uint32_t type, uint64_t flags)
{
	const struct page_layout *l = s->l;

	if (has_type(&l->buddy, type) && l->level & DL_FREE) {
		uint64_t order = word_at(s, i, l->private);

		vote(s, order <= l->max_order && !((s->pfn + i) & ((UINT64_C(1) << order) - 1)));
		vote(s, !has_type(&l->offline, type));
	}
	if (has_type(&l->hugetlb, type))
		vote(s, flags & l->pg_head);
	if (has_type(&l->slab, type))
		vote(s, !(flags & l->pg_reserved));
	vote(s, !(flags & l->pg_lru));
}

static void judge_mapped(struct sample *s, size_t i, uint64_t flags)
{
	const struct page_layout *l = s->l;
	uint64_t mapping = word_at(s, i, l->mapping);
	bool lru = flags & l->pg_lru;

	if (l->pg_lru && (lru || mapping))
		vote(s, lru && mapping);
	if (mapping)
		vote(s, is_object(s, mapping & ~(uint64_t)MAPPING_FLAGS));
	if (!lru)
		return;
	vote(s, !(flags & l->pg_reserved));
	if ((mapping & MAPPING_FLAGS) == MAPPING_ANON && l->pg_swapbacked)
		vote(s, flags & l->pg_swapbacked);
	if (mapping && !(mapping & MAPPING_FLAGS) && l->pg_private && l->level & DL_FREE)
		vote(s, !(flags & l->pg_private) == !word_at(s, i, l->private));
}

static void judge_page(struct sample *s, size_t i)
{
	const struct page_layout *l = s->l;
	uint32_t type = load_u32(s->pages + i * l->size + l->_mapcount, l->swap);
	uint64_t flags = word_at(s, i, l->flags);

	/* The kernel sets all bits of a struct page that it has not initialised. */
	if (flags == (l->is64 ? UINT64_MAX : UINT32_MAX))
		return;
	if (is_tail(s, i)) {
		judge_tail(s, i);
		return;
	}
	if (flags & l->pg_head)
		judge_head(s, i, flags);
	/* Few pages are poisoned. */
	if (flags & l->pg_hwpoison)
		vote(s, false);
	if (flags & l->pg_slab) {
		vote(s, !(flags & (l->pg_lru | l->pg_reserved)));
		return;
	}
	if ((int32_t)type < l->type_limit) {
		judge_typed(s, i, type, flags);
		return;
	}
	vote(s, (int32_t)type >= -1 && (int32_t)type < MAPCOUNT_MAX);
	if (l->level & (DL_CACHE | DL_CACHE_PRIVATE | DL_USER))
		judge_mapped(s, i, flags);
}

static void judge_sample(struct sample *s, const struct memmap_range *range, pfn_t pfn)
{
	uint8_t buf[SAMPLE_BYTES];
	size_t room = sizeof(buf) / s->l->size;

	pfn = max_u64(pfn / room * room, range->start);
	s->n = min_u64(room, range->end - pfn);
	s->pages = buf;
	s->pfn = pfn;
	s->va = range->pages + (pfn - range->start) * s->l->size;
	if (kernel_read(s->k, s->r, s->va, buf, s->n * s->l->size)) {
		s->score -= UNREADABLE_COST;
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		judge_page(s, i);
}

static void judge_samples(struct sample *s, uint64_t nr)
{
	const struct memmap *map = s->map;
	uint64_t before = 0;
	size_t range = 0;

	for (unsigned int i = 0; nr && i < SAMPLES; i++) {
		uint64_t n = nr / SAMPLES * i + nr % SAMPLES * i / SAMPLES, len;

		while (len = map->ranges[range].end - map->ranges[range].start, n - before >= len) {
			before += len;
			range++;
		}
		judge_sample(s, &map->ranges[range], map->ranges[range].start + (n - before));
	}
}

static uint64_t count_described(const struct memmap *map)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < map->nr_ranges; i++)
		nr += map->ranges[i].end - map->ranges[i].start;
	return min_u64(nr, DESCRIBED_MAX);
}

/* The memory of a dump that facts are rated by. */
struct rating {
	const struct kernel *k;
	struct vmcore_reader *r;
};

static int64_t rate(void *ctx)
{
	const struct rating *rating = ctx;
	unsigned int level = page_layout_possible(rating->k, DL_MAX);
	struct sample s = { .k = rating->k, .r = rating->r };
	struct page_layout l;
	struct memmap map;
	uint64_t nr;

	if (!level || page_layout_init(&l, rating->k, level) ||
	    memmap_init(&map, rating->k, rating->r))
		return INT64_MIN;
	s.l = &l;
	s.map = &map;
	nr = count_described(&map);
	judge_samples(&s, nr);
	memmap_deinit(&map);
	/* Each sample stands for its share of the pages: facts that hide pages are worse. */
	return s.score * (int64_t)nr;
}

void page_facts_decide(struct kernel *k)
{
	struct rating rating = { .k = k };

	if (!k->check.nr_differences || vmcore_reader_create(&rating.r, k->vc))
		return;
	fact_check_decide(&k->check, rate, &rating, k->warnings[KERNEL_CONTRADICTION],
			  KERNEL_WARNING_BYTES);
	vmcore_reader_destroy(rating.r);
}
