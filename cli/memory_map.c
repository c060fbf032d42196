// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/memory_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter/filter.h"
#include "kernel/crashkernel.h"
#include "kernel/zones.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/output_file.h"
#include "lib/resources.h"
#include "lib/size_text.h"
#include "lib/svg.h"

#define THREAD_BYTES (8u << 20)

#define COLUMNS 64
/* A cell stands for as few pages as lead to no more cells of memory, and no more rows. */
#define CELLS_MAX 2048
#define ROWS_MAX 96

/* Pixels. */
#define CELL 12
#define LEFT 140
#define TOP 150
#define RIGHT 260

enum kind { KERNEL, USER, CACHE, FREE, OFFLINE, ABSENT, NR_KINDS };

static const char *const labels[NR_KINDS] = {
	[KERNEL] = "memory of the kernel",
	[USER] = "memory of user processes",
	[CACHE] = "page cache",
	[FREE] = "free pages",
	[OFFLINE] = "offline or poisoned",
	[ABSENT] = "not in input",
};

/* The classes of kinds are k0, k1, ... */
static const char style[] = "text { font: 11px sans-serif; fill: #202020 }\n"
			    "text.title { font-size: 16px }\n"
			    "rect.back { fill: #ffffff }\n"
			    "rect.k0 { fill: #d62728 }\n"
			    "rect.k1 { fill: #1f77b4 }\n"
			    "rect.k2 { fill: #ff9f0e }\n"
			    "rect.k3 { fill: #2ca02c }\n"
			    "rect.k4 { fill: #7f7f7f }\n"
			    "rect.k5 { fill: #dddddd }\n"
			    "rect.kept { fill: #000000 }\n"
			    "rect.image { fill: none; stroke: #000000; stroke-width: 2 }\n"
			    "rect.reserved { fill: none; stroke: #9400d3; stroke-width: 2 }\n";

struct cell {
	uint64_t pages[NR_KINDS];
	bool image, reserved;
};

struct map {
	const struct kernel *k;
	uint64_t cell_pages;
	pfn_t *rows; /* the first page of each, ascending */
	size_t nr_rows;
	struct cell *cells; /* COLUMNS for each row */
	uint64_t total[NR_KINDS];
};

/* --- the grid ------------------------------------------------------------------- */

/* List the rows that have memory; returns their number, of which those below ROWS_MAX are set. */
static size_t find_rows(const struct bitmap *present, uint64_t row_pages, pfn_t *rows)
{
	size_t n = 0;

	for (pfn_t pfn = bitmap_next_set(present, 0, present->nbits); pfn < present->nbits; n++) {
		pfn_t start = pfn - pfn % row_pages;

		if (n == ROWS_MAX)
			return n + 1;
		rows[n] = start;
		if (row_pages >= present->nbits - start)
			return n + 1;
		pfn = bitmap_next_set(present, start + row_pages, present->nbits);
	}
	return n;
}

static int make_grid(struct map *m, const struct bitmap *present)
{
	uint64_t pages = bitmap_count(present, 0, present->nbits);

	m->rows = calloc(ROWS_MAX, sizeof(*m->rows));
	if (!m->rows)
		return err_set(-ENOMEM, "no memory");
	for (m->cell_pages = 1; pages / m->cell_pages > CELLS_MAX;)
		m->cell_pages *= 2;
	while ((m->nr_rows = find_rows(present, m->cell_pages * COLUMNS, m->rows)) > ROWS_MAX)
		m->cell_pages *= 2;
	m->cells = calloc(m->nr_rows * COLUMNS, sizeof(*m->cells));
	return m->cells ? 0 : err_set(-ENOMEM, "no memory");
}

static pfn_t cell_start(const struct map *m, size_t i)
{
	return m->rows[i / COLUMNS] + i % COLUMNS * m->cell_pages;
}

/* The bits of a cell that are set. */
static uint64_t count_cell(const struct map *m, size_t i, const struct bitmap *b)
{
	pfn_t start = min_u64(cell_start(m, i), b->nbits);

	return bitmap_count(b, start, min_u64(start + m->cell_pages, b->nbits));
}

/* Mark the cells of a range of pages. */
static void mark(struct map *m, pfn_t start, pfn_t end, bool image)
{
	for (size_t i = 0; i < m->nr_rows * COLUMNS; i++) {
		pfn_t first = cell_start(m, i);

		if (first >= end || first + m->cell_pages <= start)
			continue;
		m->cells[i].image |= image;
		m->cells[i].reserved |= !image;
	}
}

/* --- pages by kind ---------------------------------------------------------------- */

/* Add up, for each cell, the pages in the input that a level excludes. */
static int count_excluded(struct map *m, unsigned int nr_threads, unsigned int level,
			  enum kind kind)
{
	_cleanup_bitmap_ struct bitmap pages = { 0 };
	struct filter_stats stats = { 0 };
	int err = bitmap_init_stored(&pages, m->k->vc->max_pfn, m->k->vc->bitmaps);

	if (!err)
		err = vmcore_bitmap(m->k->vc, VMCORE_STORED, &pages);
	for (size_t i = 0; !err && i < m->nr_rows * COLUMNS; i++)
		m->cells[i].pages[kind] += count_cell(m, i, &pages);
	if (!err)
		err = filter_pages(m->k, level, nr_threads, &pages, NULL, NULL, &stats);
	for (size_t i = 0; !err && i < m->nr_rows * COLUMNS; i++)
		m->cells[i].pages[kind] -= count_cell(m, i, &pages);
	return err;
}

static int count_absent(struct map *m, const struct bitmap *present)
{
	_cleanup_bitmap_ struct bitmap stored = { 0 };
	int err = bitmap_init_stored(&stored, m->k->vc->max_pfn, m->k->vc->bitmaps);

	if (!err)
		err = vmcore_bitmap(m->k->vc, VMCORE_STORED, &stored);
	for (size_t i = 0; !err && i < m->nr_rows * COLUMNS; i++) {
		m->cells[i].pages[KERNEL] = count_cell(m, i, &stored);
		m->cells[i].pages[ABSENT] = count_cell(m, i, present) - m->cells[i].pages[KERNEL];
	}
	return err;
}

/*
 * Every level excludes offline and poisoned pages, too: the three levels together count them
 * three times, level 30 once.
 */
static int count_kinds(struct map *m, unsigned int nr_threads)
{
	static const unsigned int levels[] = {
		[USER] = DL_USER,
		[CACHE] = DL_CACHE | DL_CACHE_PRIVATE,
		[FREE] = DL_FREE,
		[OFFLINE] = DL_MAX & ~DL_ZERO,
	};
	int err = 0;

	for (enum kind kind = USER; !err && kind <= OFFLINE; kind++)
		err = count_excluded(m, nr_threads, levels[kind], kind);
	for (size_t i = 0; !err && i < m->nr_rows * COLUMNS; i++) {
		uint64_t *pages = m->cells[i].pages, all = pages[OFFLINE];
		uint64_t sum = pages[USER] + pages[CACHE] + pages[FREE];

		/* A running kernel changes pages between two looks at them. */
		pages[OFFLINE] = (sum - min_u64(sum, all)) / 2;
		pages[KERNEL] -= min_u64(all, pages[KERNEL]);
		for (enum kind kind = USER; kind < OFFLINE; kind++)
			pages[kind] -= min_u64(pages[OFFLINE], pages[kind]);
		for (enum kind kind = 0; kind < NR_KINDS; kind++)
			m->total[kind] += pages[kind];
	}
	return err;
}

static int mark_image(void *ctx, vaddr_t va, paddr_t pa, uint64_t len)
{
	struct map *m = ctx;
	unsigned int shift = m->k->vc->page_shift;

	(void)va;
	mark(m, pa >> shift, ((pa + len - 1) >> shift) + 1, true);
	return 0;
}

static void mark_ranges(struct map *m, struct vmcore_reader *r)
{
	struct crashkernel_range reserved[CRASHKERNEL_RANGES];
	unsigned int n = crashkernel_find(m->k, r, reserved);

	for (unsigned int i = 0; i < n; i++)
		mark(m, reserved[i].start, reserved[i].end, false);
	kernel_for_each_image_run(m->k, r, mark_image, m);
}

/* --- drawing -------------------------------------------------------------------- */

static void put_number(FILE *out, const struct map *m, enum kind kind, double x, double y)
{
	char text[128], size[SIZE_TEXT_MAX], class[8];

	snprintf(class, sizeof(class), "k%d", kind);
	svg_rect(out, x, y - 10, CELL, CELL, class, NULL);
	snprintf(text, sizeof(text), "%s: %" PRIu64 " page%s (%s)", labels[kind], m->total[kind],
		 plural_s(m->total[kind]),
		 size_about(size, m->total[kind] << m->k->vc->page_shift));
	svg_text(out, x + 18, y, "legend", text);
}

static void put_legend(FILE *out, const struct map *m)
{
	char text[128], size[SIZE_TEXT_MAX];

	snprintf(text, sizeof(text), "Physical memory of %s",
		 m->k->release[0] ? m->k->release : m->k->vc->file.path);
	svg_text(out, LEFT, 24, "title", text);
	snprintf(text, sizeof(text), "Each cell: %s, in the color of the kind of most of its pages",
		 size_about(size, m->cell_pages << m->k->vc->page_shift));
	svg_text(out, LEFT, 44, "legend", text);
	for (enum kind kind = 0; kind < NR_KINDS; kind++)
		put_number(out, m, kind, LEFT + kind % 2 * 320, 66 + kind / 2 * 18);
	svg_rect(out, LEFT, 118, CELL, 3, "kept", NULL);
	svg_text(out, LEFT + 18, 122, "legend", "the part that level 31 keeps");
	svg_rect(out, LEFT + 220, 112, CELL, CELL, "image", NULL);
	svg_text(out, LEFT + 238, 122, "legend", "kernel image");
	svg_rect(out, LEFT + 340, 112, CELL, CELL, "reserved", NULL);
	svg_text(out, LEFT + 358, 122, "legend", "reserved with crashkernel=");
}

static void put_cell(FILE *out, const struct map *m, size_t i, double y)
{
	const struct cell *c = &m->cells[i];
	double x = LEFT + i % COLUMNS * CELL;
	enum kind most = KERNEL;
	uint64_t pages = 0;
	char title[256], class[8];
	size_t len;

	for (enum kind kind = 0; kind < NR_KINDS; kind++) {
		pages += c->pages[kind];
		if (c->pages[kind] > c->pages[most])
			most = kind;
	}
	if (!pages)
		return;
	snprintf(title, sizeof(title), "%#" PRIx64 ":", cell_start(m, i) << m->k->vc->page_shift);
	for (enum kind kind = 0; kind < NR_KINDS; kind++) {
		len = strlen(title);
		if (c->pages[kind])
			snprintf(title + len, sizeof(title) - len, " %" PRIu64 " %s,",
				 c->pages[kind], labels[kind]);
	}
	title[strlen(title) - 1] = '\0';
	snprintf(class, sizeof(class), "k%d", most);
	svg_rect(out, x, y, CELL - 1, CELL - 1, class, title);
	if (c->pages[KERNEL])
		svg_rect(out, x, y + CELL - 4,
			 (double)c->pages[KERNEL] / (double)pages * (CELL - 1), 3, "kept", NULL);
	if (c->image)
		svg_rect(out, x + 1, y + 1, CELL - 3, CELL - 3, "image", NULL);
	if (c->reserved)
		svg_rect(out, x + 1, y + 1, CELL - 3, CELL - 3, "reserved", NULL);
}

/* Name the zones that begin in a row. */
static void put_zones(FILE *out, const struct map *m, size_t row, const struct zone *zones,
		      unsigned int nr, double y)
{
	pfn_t start = m->rows[row], end = start + COLUMNS * m->cell_pages;
	pfn_t before = row ? m->rows[row - 1] + COLUMNS * m->cell_pages : 0;
	char text[128] = "";

	for (unsigned int i = 0; i < nr; i++) {
		size_t len = strlen(text);

		if (zones[i].start >= before && zones[i].start < end && zones[i].end > start)
			snprintf(text + len, sizeof(text) - len, "%snode %u %s", len ? ", " : "",
				 zones[i].node, zones[i].name);
	}
	if (text[0])
		svg_text(out, LEFT + COLUMNS * CELL + 8, y + CELL - 2, "zone", text);
}

static void draw(FILE *out, const struct map *m, const struct zone *zones, unsigned int nr_zones)
{
	unsigned int width = LEFT + COLUMNS * CELL + RIGHT;
	unsigned int height = TOP + (unsigned int)m->nr_rows * CELL + 20;

	svg_begin(out, width, height, "Physical memory", style);
	svg_rect(out, 0, 0, width, height, "back", NULL);
	put_legend(out, m);
	for (size_t row = 0; row < m->nr_rows; row++) {
		double y = TOP + (double)row * CELL;
		char text[32];

		snprintf(text, sizeof(text), "%#" PRIx64, m->rows[row] << m->k->vc->page_shift);
		svg_text(out, 8, y + CELL - 2, "address", text);
		for (size_t i = 0; i < COLUMNS; i++)
			put_cell(out, m, row * COLUMNS + i, y);
		put_zones(out, m, row, zones, nr_zones, y);
	}
	svg_end(out);
}

static int write_picture(const struct map *m, const struct zone *zones, unsigned int nr_zones,
			 const char *path)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = output_file_create(path, true);
	size_t size;
	FILE *out;
	int err;

	if (fd < 0)
		return fd;
	out = open_memstream(&text, &size);
	if (!out)
		return err_set(-ENOMEM, "no memory for a picture");
	draw(out, m, zones, nr_zones);
	if (fclose(out))
		return err_set(-ENOMEM, "no memory for a picture");
	err = fd_write(fd, text, size, NULL);
	return err ? err_errno(err, "cannot write %s", path) : 0;
}

static int collect(struct map *m, unsigned int nr_threads)
{
	_cleanup_bitmap_ struct bitmap present = { 0 };
	int err = bitmap_init_stored(&present, m->k->vc->max_pfn, m->k->vc->bitmaps);

	if (!err)
		err = vmcore_bitmap(m->k->vc, VMCORE_PRESENT, &present);
	if (!err)
		err = make_grid(m, &present);
	if (!err)
		err = count_absent(m, &present);
	return err ? err : count_kinds(m, nr_threads);
}

int memory_map_write(const struct kernel *k, unsigned int nr_threads, const char *path)
{
	_cleanup_free_ struct zone *zones = calloc(ZONES_MAX, sizeof(*zones));
	struct map m = { .k = k };
	struct vmcore_reader *r;
	unsigned int nr_zones;
	int err = zones ? 0 : err_set(-ENOMEM, "no memory");

	nr_threads =
		min_u64(nr_threads ? nr_threads : usable_cpus(), affordable_threads(THREAD_BYTES));
	if (!err)
		err = collect(&m, nr_threads);
	if (!err)
		err = vmcore_reader_create(&r, k->vc);
	if (!err) {
		mark_ranges(&m, r);
		nr_zones = zones_find(k, zones);
		vmcore_reader_destroy(r);
		err = write_picture(&m, zones, nr_zones, path);
	}
	free(m.rows);
	free(m.cells);
	return err;
}
