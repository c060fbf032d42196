// SPDX-License-Identifier: GPL-2.0-or-later
#include "filter/absent.h"

#include "filter/classify.h"
#include "kernel/memmap.h"
#include "lib/byteorder.h"
#include "lib/checked.h"

/* One sample stands for this much memory; kernels add memory in larger blocks. */
#define CHUNK_BYTES (UINT64_C(64) << 20)
/* 4 TiB of absent memory that has struct pages. */
#define SAMPLES_MAX (1u << 16)
#define SAMPLE_BYTES 4096

struct sample {
	const struct page_layout *layout;
	const uint8_t *pages;
	pfn_t pfn;
	bool used;
};

/*
 * Pages of devices have struct pages that can look like a process's, but they are never free
 * and never on a list of the LRU.
 */
static void take_run(void *ctx, pfn_t start, uint64_t nr_pages, enum page_class c)
{
	struct sample *s = ctx;
	const struct page_layout *l = s->layout;
	uint64_t flags =
		load_ulong(s->pages + (start - s->pfn) * l->size + l->flags, l->is64, l->swap);

	(void)nr_pages;
	if (c == PAGE_FREE)
		s->used = true;
	else if (c == PAGE_CACHE || c == PAGE_CACHE_PRIVATE || c == PAGE_USER)
		s->used |= (flags & l->pg_lru) && !(flags & l->pg_reserved);
}

/* The kernel sets all bits of a struct page that it has not initialised. */
static bool is_poison(const struct page_layout *l, const uint8_t *page)
{
	uint64_t flags = load_ulong(page + l->flags, l->is64, l->swap);

	return flags == (l->is64 ? UINT64_MAX : UINT32_MAX);
}

/* Return whether the struct pages at va, of pages from pfn on, are those of memory in use. */
static bool is_used(const struct kernel *k, struct vmcore_reader *r, const struct page_layout *l,
		    pfn_t pfn, vaddr_t va)
{
	uint8_t buf[SAMPLE_BYTES];
	struct sample s = { .layout = l, .pages = buf, .pfn = pfn };

	if (kernel_read(k, r, va, buf, sizeof(buf)) || is_poison(l, buf))
		return false;
	classify_pages(l, buf, sizeof(buf) / l->size, pfn, va, take_run, &s);
	return s.used;
}

static void add_chunk(struct absent_memory *m, paddr_t start)
{
	struct absent_range *last = m->nr ? &m->ranges[m->nr - 1] : NULL;

	m->bytes += CHUNK_BYTES;
	if (last && last->end == start)
		last->end += CHUNK_BYTES;
	else if (m->nr < ABSENT_RANGES_MAX)
		m->ranges[m->nr++] = (struct absent_range){ start, start + CHUNK_BYTES };
}

static bool is_absent(const struct bitmap *present, pfn_t start, pfn_t end)
{
	end = min_u64(end, present->nbits);
	return start >= end || bitmap_next_set(present, start, end) == end;
}

static void find_absent(const struct kernel *k, struct vmcore_reader *r,
			const struct page_layout *l, const struct memmap *map,
			const struct bitmap *present, struct absent_memory *ret)
{
	uint64_t chunk = CHUNK_BYTES >> l->page_shift;
	unsigned int samples = 0;

	for (size_t i = 0; i < map->nr_ranges; i++) {
		const struct memmap_range *range = &map->ranges[i];
		pfn_t pfn = div_round_up(range->start, chunk) * chunk;

		for (; pfn + chunk <= range->end && samples < SAMPLES_MAX; pfn += chunk) {
			if (!is_absent(present, pfn, pfn + chunk))
				continue;
			samples++;
			if (is_used(k, r, l, pfn, range->pages + (pfn - range->start) * l->size))
				add_chunk(ret, pfn << l->page_shift);
		}
	}
}

void find_absent_memory(const struct kernel *k, const struct bitmap *present,
			struct absent_memory *ret)
{
	unsigned int level = page_layout_possible(k, DL_MAX) & ~DL_ZERO;
	struct vmcore_reader *r;
	struct page_layout l;
	struct memmap map;

	*ret = (struct absent_memory){ 0 };
	if (k->dom0.nr || !level || page_layout_init(&l, k, level) ||
	    vmcore_reader_create(&r, k->vc))
		return;
	if (!memmap_init_whole(&map, k, r)) {
		find_absent(k, r, &l, &map, present, ret);
		memmap_deinit(&map);
	}
	vmcore_reader_destroy(r);
}
