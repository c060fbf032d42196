// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/memmap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "kernel/nodes.h"
#include "lib/array.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/trace.h"

INIT_OPT_MOD_SYM(vmlinux, mem_section);
INIT_OPT_MOD_VAR_LEN(vmlinux, mem_section);
INIT_OPT_MOD_STRUCT(vmlinux, mem_section);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mem_section, section_mem_map);
INIT_OPT_MOD_NUM(vmlinux, SECTION_SIZE_BITS);
INIT_OPT_MOD_NUM(vmlinux, MAX_PHYSMEM_BITS);
INIT_OPT_MOD_SYM(vmlinux, mem_map);
INIT_OPT_MOD_SYM(vmlinux, contig_page_data);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, node_start_pfn);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, node_spanned_pages);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, node_mem_map);
INIT_OPT_MOD_SYM(vmlinux, vmemmap_populate);
INIT_OPT_MOD_STRUCT(vmlinux, page);

/* No kernel configuration has struct pages outside these bounds. */
#define PAGE_STRUCT_MIN 28
#define PAGE_STRUCT_MAX 512

/* section_mem_map: the low bits are flags, the rest an address. */
#define SECTION_PRESENT 0x1
#define SECTION_HAS_MEM_MAP 0x2
#define SECTION_VALID (SECTION_PRESENT | SECTION_HAS_MEM_MAP)
#define SECTION_FLAGS 0xfff

/* 52 bits of physical address in sections of 128 MiB. */
#define SECTIONS_MAX (UINT64_C(1) << 25)
/* Sections that are looked at beyond the dump's memory: 64 TiB of 128 MiB each. */
#define SECTIONS_BEYOND (UINT64_C(1) << 19)
/* Addresses of vmemmap that are compared. */
#define BASES_MAX 8
/* vmemmap is one range for each hole between sections; more pieces are of other kernels. */
#define VMEMMAP_RANGES_MAX 4096
/* The maps of 64 TiB without vmemmap, none next to another. */
#define RANGES_MAX (1u << 20)

static int add_range(struct memmap *m, pfn_t start, pfn_t end, vaddr_t pages)
{
	struct memmap_range *last = m->nr_ranges ? &m->ranges[m->nr_ranges - 1] : NULL;

	if (last && last->end == start &&
	    last->pages + (start - last->start) * m->page_struct_size == pages) {
		last->end = end;
		return 0;
	}
	if (m->nr_ranges == RANGES_MAX)
		return err_set(-EBADMSG, "the memory map is in more pieces than any machine has");
	if (ARRAY_GROW(m->ranges, m->nr_ranges, "ranges of the memory map"))
		return -ENOMEM;
	m->ranges[m->nr_ranges++] = (struct memmap_range){ start, end, pages };
	return 0;
}

static unsigned int ulong_size(const struct kernel *k)
{
	return k->arch.is64 ? 8 : 4;
}

static int read_ulong(const struct kernel *k, struct vmcore_reader *r, vaddr_t va, uint64_t *ret)
{
	uint8_t raw[8];
	int err = kernel_read(k, r, va, raw, ulong_size(k));

	if (!err)
		*ret = load_ulong(raw, k->arch.is64, k->arch.swap);
	return err;
}

/* The layout of a SPARSEMEM kernel's mem_section tables. */
struct sparse {
	const struct kernel *k;
	struct vmcore_reader *r;
	unsigned int pages_shift; /* log2 of pages per section */
	bool whole;		  /* beyond the dump's memory, too */
	pfn_t max_pfn;		  /* where the map ends, at most */
	uint64_t nr_sections;	  /* that matter: up to max_pfn */
	uint64_t entry_size;	  /* bytes of a struct mem_section */
	uint64_t map_offset;	  /* of section_mem_map in it, bytes */
	uint64_t per_root;	  /* sections per root (extreme) */
	uint8_t *buf;		  /* one root's entries */
};

static int sparse_init(struct sparse *s)
{
	const struct arch *a = &s->k->arch;
	unsigned int page_shift = a->page_shift;
	uint64_t section_bits = a->ops->section_size_bits, physmem_bits = a->ops->max_physmem_bits;
	struct fact_list missing = { 0 };

	if (MOD_NUM_EXIST(vmlinux, SECTION_SIZE_BITS))
		section_bits = GET_MOD_NUM(vmlinux, SECTION_SIZE_BITS);
	if (MOD_NUM_EXIST(vmlinux, MAX_PHYSMEM_BITS))
		physmem_bits = GET_MOD_NUM(vmlinux, MAX_PHYSMEM_BITS);
	FACTS_REQUIRE_STRUCT(&missing, mem_section);
	FACTS_REQUIRE_MEMBER(&missing, mem_section, section_mem_map);
	facts_need(&missing, section_bits != 0, "NUMBER(SECTION_SIZE_BITS)");
	if (facts_check(&missing))
		return -ENOENT;
	if (section_bits <= page_shift || section_bits >= physmem_bits || physmem_bits > 64)
		return err_set(-EBADMSG,
			       "SECTION_SIZE_BITS %" PRIu64 " and MAX_PHYSMEM_BITS %" PRIu64
			       " are invalid",
			       section_bits, physmem_bits);
	s->entry_size = GET_MOD_STRUCT_SSIZE(vmlinux, mem_section);
	s->map_offset = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, mem_section, section_mem_map);
	if (s->entry_size > s->k->vc->page_size ||
	    !range_fits(s->map_offset, ulong_size(s->k), s->entry_size))
		return err_set(-EBADMSG,
			       "SIZE(mem_section) %" PRIu64
			       " and OFFSET(mem_section.section_mem_map) %" PRIu64 " are invalid",
			       s->entry_size, s->map_offset);
	s->pages_shift = section_bits - page_shift;
	s->per_root = s->k->vc->page_size / s->entry_size;
	if (s->whole)
		s->max_pfn = max_u64(s->max_pfn, SECTIONS_BEYOND << s->pages_shift);
	s->nr_sections = min_u64(div_round_up(s->max_pfn, UINT64_C(1) << s->pages_shift),
				 UINT64_C(1) << (physmem_bits - section_bits));
	if (s->nr_sections > SECTIONS_MAX)
		return err_set(-EBADMSG,
			       "SECTION_SIZE_BITS %" PRIu64 " is invalid: %" PRIu64 " sections",
			       section_bits, s->nr_sections);
	s->buf = malloc(s->k->vc->page_size);
	return s->buf ? 0 : err_set(-ENOMEM, "no memory");
}

/* Return whether mem_section is a table of pointers to roots (SPARSEMEM_EXTREME). */
static bool is_extreme(const struct sparse *s)
{
	const struct arch *a = &s->k->arch;
	unsigned int physmem_bits = a->ops->max_physmem_bits;

	if (!MOD_VAR_LEN_EXIST(vmlinux, mem_section))
		return true;
	if (MOD_NUM_EXIST(vmlinux, MAX_PHYSMEM_BITS))
		physmem_bits = GET_MOD_NUM(vmlinux, MAX_PHYSMEM_BITS);
	/* Without roots the table has one element per section. */
	return GET_MOD_VAR_LEN(vmlinux, mem_section) !=
	       UINT64_C(1) << (physmem_bits - s->pages_shift - a->page_shift);
}

/* Take over entries [first, first + n), which lie at va. */
static int add_sections(struct sparse *s, struct memmap *m, vaddr_t va, uint64_t first, uint64_t n)
{
	int err = kernel_read(s->k, s->r, va, s->buf, n * s->entry_size);

	if (err == -EFAULT) {
		m->bad_sections += n;
		return 0;
	}
	for (uint64_t i = 0; !err && i < n; i++) {
		uint64_t map = load_ulong(s->buf + i * s->entry_size + s->map_offset,
					  s->k->arch.is64, s->k->arch.swap);
		pfn_t start = (first + i) << s->pages_shift;
		pfn_t end = min_u64(start + (UINT64_C(1) << s->pages_shift), s->max_pfn);

		if ((map & SECTION_VALID) != SECTION_VALID)
			continue;
		/* Stored minus the section's start, so that map[pfn] works. */
		map = (map & ~(uint64_t)SECTION_FLAGS) + start * m->page_struct_size;
		if (!s->k->arch.is64)
			map &= UINT32_MAX;
		if (!map) {
			m->bad_sections++;
			continue;
		}
		err = add_range(m, start, end, map);
	}
	return err;
}

static int walk_roots(struct sparse *s, struct memmap *m, vaddr_t roots)
{
	for (uint64_t first = 0; first < s->nr_sections; first += s->per_root) {
		uint64_t n = min_u64(s->per_root, s->nr_sections - first);
		uint64_t root;
		int err;

		err = read_ulong(s->k, s->r, roots + first / s->per_root * ulong_size(s->k), &root);
		if (err == -EFAULT) {
			m->bad_sections += n;
			continue;
		}
		if (!err && root)
			err = add_sections(s, m, root, first, n);
		if (err)
			return err;
	}
	return 0;
}

static int walk_table(struct sparse *s, struct memmap *m, vaddr_t table)
{
	for (uint64_t first = 0; first < s->nr_sections; first += s->per_root) {
		int err = add_sections(s, m, table + first * s->entry_size, first,
				       min_u64(s->per_root, s->nr_sections - first));
		if (err)
			return err;
	}
	return 0;
}

/*
 * VMCOREINFO has the address of the table of roots, but in the first kernels
 * with an allocated table that of the pointer to it, as a symbol table has. Look
 * where it is more likely to be, then at the other place.
 */
static int walk_extreme(struct sparse *s, struct memmap *m)
{
	const struct ksym_info *sym = GET_MOD_SYM_PTR(vmlinux, mem_section);
	vaddr_t tables[2] = { sym->value };
	int err = 0;

	if (read_ulong(s->k, s->r, sym->value, &tables[1]))
		tables[1] = sym->value;
	for (unsigned int i = 0; !err && i < 2 && !m->nr_ranges; i++) {
		vaddr_t roots = tables[i ^ (sym->index >= FACT_KALLSYMS)];

		m->bad_sections = 0;
		err = walk_roots(s, m, roots);
		TRACE(MEMMAP, "roots of mem_section at %#" PRIx64 ": %zu ranges", roots,
		      m->nr_ranges);
	}
	return err;
}

static uint64_t base_of(const struct memmap *m, const struct memmap_range *r)
{
	return r->pages - r->start * m->page_struct_size;
}

/* Return whether the struct pages of a range are mapped if those of pfn 0 are at base. */
static bool is_mapped(const struct sparse *s, const struct memmap *m, const struct memmap_range *r,
		      uint64_t base)
{
	uint64_t mask = s->k->arch.is64 ? UINT64_MAX : UINT32_MAX;
	vaddr_t first = (base + r->start * m->page_struct_size) & mask;
	vaddr_t last = (base + (r->end - 1) * m->page_struct_size) & mask;
	struct arch_run run;

	return !kernel_translate(s->k, s->r, first, &run) &&
	       !kernel_translate(s->k, s->r, last, &run);
}

/* Rate an address of vmemmap: pages of sections that name it, and that have struct pages there. */
static uint64_t rate_base(const struct sparse *s, const struct memmap *m, uint64_t base)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < m->nr_ranges; i++) {
		const struct memmap_range *r = &m->ranges[i];

		pages += ((base_of(m, r) == base) + is_mapped(s, m, r, base)) * (r->end - r->start);
	}
	return pages;
}

/*
 * With vmemmap all sections name one address. Where some name another, the one at which
 * most struct pages are mapped is right.
 */
static void check_vmemmap(const struct sparse *s, struct memmap *m)
{
	uint64_t bases[BASES_MAX], best = 0, best_pages = 0;
	size_t nr = 0, j;

	for (size_t i = 0; i < m->nr_ranges && nr < BASES_MAX; i++) {
		bases[nr] = base_of(m, &m->ranges[i]);
		for (j = 0; bases[j] != bases[nr];)
			j++;
		nr += j == nr;
	}
	for (size_t i = 0; nr > 1 && i < nr; i++) {
		uint64_t pages = rate_base(s, m, bases[i]);

		if (pages <= best_pages)
			continue;
		best = bases[i];
		best_pages = pages;
	}
	for (size_t i = 0; nr > 1 && i < m->nr_ranges; i++) {
		struct memmap_range *r = &m->ranges[i];

		if (base_of(m, r) == best || !is_mapped(s, m, r, best))
			continue;
		r->pages = best + r->start * m->page_struct_size;
		m->replaced_sections +=
			div_round_up(r->end - r->start, UINT64_C(1) << s->pages_shift);
	}
}

static int sparse_memmap(struct memmap *m, const struct kernel *k, struct vmcore_reader *r,
			 bool whole)
{
	struct sparse s = { .k = k, .r = r, .whole = whole, .max_pfn = k->vc->max_pfn };
	_cleanup_free_ uint8_t *buf = NULL;
	int err = sparse_init(&s);

	buf = s.buf;
	if (err)
		return err;
	if (is_extreme(&s))
		err = walk_extreme(&s, m);
	else
		err = walk_table(&s, m, GET_MOD_SYM(vmlinux, mem_section));
	if (!err && !m->nr_ranges)
		return err_set(
			-EBADMSG,
			"no section of the memory map can be read through mem_section %#" PRIx64,
			GET_MOD_SYM(vmlinux, mem_section));
	if (!err && MOD_SYM_EXIST(vmlinux, vmemmap_populate) && m->nr_ranges <= VMEMMAP_RANGES_MAX)
		check_vmemmap(&s, m);
	return err;
}

/* Find the pfns of a node: false if they are not known, or there are none. */
static bool read_span(const struct kernel *k, struct vmcore_reader *r, vaddr_t node, pfn_t *start,
		      pfn_t *end)
{
	uint64_t pages;

	return MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, node_start_pfn) &&
	       MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, node_spanned_pages) &&
	       !read_ulong(k, r,
			   node + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, pglist_data, node_start_pfn),
			   start) &&
	       !read_ulong(k, r,
			   node + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, pglist_data,
							    node_spanned_pages),
			   &pages) &&
	       pages && checked_add(*start, pages, end);
}

/*
 * One past the last pfn of the only node, for the dump may have memory that the kernel does not
 * use; UINT64_MAX if it is not known.
 */
static pfn_t flat_end(const struct kernel *k, struct vmcore_reader *r)
{
	pfn_t start, end;

	return MOD_SYM_EXIST(vmlinux, contig_page_data) &&
			       read_span(k, r, GET_MOD_SYM(vmlinux, contig_page_data), &start,
					 &end) ?
		       end :
		       UINT64_MAX;
}

static int flat_memmap(struct memmap *m, const struct kernel *k, struct vmcore_reader *r)
{
	pfn_t start = k->arch.ops->flat_from_phys_base ? k->arch.phys_base >> k->arch.page_shift :
							 0;
	pfn_t end = min_u64(flat_end(k, r), k->vc->max_pfn);
	uint64_t map;
	int err = read_ulong(k, r, GET_MOD_SYM(vmlinux, mem_map), &map);

	if (err)
		return err_prefix(err, "cannot read mem_map");
	if (!map)
		return err_set(-EBADMSG, "mem_map is NULL");
	if (start >= end)
		return err_set(-EBADMSG,
			       "the kernel's memory begins at %#" PRIx64
			       ", where the dump has none",
			       k->arch.phys_base);
	return add_range(m, start, end, map);
}

/* Find the struct pages of a node: false if it cannot be read. */
static bool read_node(const struct kernel *k, struct vmcore_reader *r, vaddr_t node,
		      struct memmap_range *ret)
{
	return read_span(k, r, node, &ret->start, &ret->end) &&
	       !read_ulong(k, r,
			   node + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, pglist_data, node_mem_map),
			   &ret->pages) &&
	       ret->pages;
}

static int compare_ranges(const void *a, const void *b)
{
	pfn_t x = ((const struct memmap_range *)a)->start;
	pfn_t y = ((const struct memmap_range *)b)->start;

	return x < y ? -1 : x > y;
}

/*
 * DISCONTIGMEM, which Linux had up to 5.13: each node has an array of struct pages. Where nodes
 * overlap, as those of ia64 do, their arrays are pieces of one.
 */
static int discontig_memmap(struct memmap *m, const struct kernel *k, struct vmcore_reader *r,
			    const struct nodes *nodes)
{
	_cleanup_free_ struct memmap_range *found = calloc(NODES_MAX, sizeof(*found));
	size_t nr = 0;
	pfn_t next = 0;
	int err = found ? 0 : err_set(-ENOMEM, "no memory");

	for (uint64_t i = 0; !err && i < max_u64(nodes->nr, 1); i++) {
		vaddr_t node;

		if (read_ulong(k, r, nodes->array + i * ulong_size(k), &node) ||
		    (node && !read_node(k, r, node, &found[nr])))
			m->bad_sections++;
		else if (node)
			nr++;
	}
	if (!err && !nr)
		err = err_set(-EBADMSG, "no node can be read at %#" PRIx64, nodes->array);
	if (!err)
		qsort(found, nr, sizeof(*found), compare_ranges);
	for (size_t i = 0; !err && i < nr; i++) {
		pfn_t start = max_u64(found[i].start, next);
		pfn_t end = min_u64(found[i].end, k->vc->max_pfn);

		if (start >= end)
			continue;
		err = add_range(m, start, end,
				found[i].pages + (start - found[i].start) * m->page_struct_size);
		next = end;
	}
	return err;
}

static int find_map(struct memmap *m, const struct kernel *k, struct vmcore_reader *r, bool whole)
{
	struct nodes nodes;
	int err;

	*m = (struct memmap){ 0 };
	if (k->translation_err)
		return err_set(k->translation_err, "%s", k->translation_why);
	if (!MOD_STRUCT_EXIST(vmlinux, page))
		return err_set(-ENOENT, "missing: SIZE(page)");
	m->page_struct_size = GET_MOD_STRUCT_SSIZE(vmlinux, page);
	if (m->page_struct_size < PAGE_STRUCT_MIN || m->page_struct_size > PAGE_STRUCT_MAX ||
	    m->page_struct_size % 4)
		return err_set(-EBADMSG, "SIZE(page) %" PRIu64 " is invalid", m->page_struct_size);
	if (MOD_SYM_EXIST(vmlinux, mem_section))
		err = sparse_memmap(m, k, r, whole);
	else if (MOD_SYM_EXIST(vmlinux, mem_map))
		err = flat_memmap(m, k, r);
	else if (MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, node_mem_map) && nodes_find(&nodes))
		err = discontig_memmap(m, k, r, &nodes);
	else
		err = err_set(-ENOENT, "missing: SYMBOL(mem_section) or SYMBOL(mem_map)");
	if (err)
		TRACE(MEMMAP, "no memory map: %s", err_text(err));
	else
		TRACE(MEMMAP,
		      "struct pages of %" PRIu64 " bytes in %zu ranges, %" PRIu64
		      " sections unreadable",
		      m->page_struct_size, m->nr_ranges, m->bad_sections);
	if (err)
		memmap_deinit(m);
	return err;
}

int memmap_init(struct memmap *m, const struct kernel *k, struct vmcore_reader *r)
{
	return find_map(m, k, r, false);
}

int memmap_init_whole(struct memmap *m, const struct kernel *k, struct vmcore_reader *r)
{
	return find_map(m, k, r, true);
}

void memmap_deinit(struct memmap *m)
{
	free(m->ranges);
	*m = (struct memmap){ 0 };
}

bool memmap_linear_offset(const struct kernel *k, struct vmcore_reader *r, uint64_t *offset)
{
	vaddr_t tables[2], start = 0, end = 0;
	struct arch_run run;

	if (!MOD_SYM_EXIST(vmlinux, mem_section))
		return false;
	if (k->arch.ops->kernel_image)
		k->arch.ops->kernel_image(&k->arch, &start, &end);
	/* As in walk_extreme(): the symbol may be the pointer to the table. */
	tables[0] = GET_MOD_SYM(vmlinux, mem_section);
	if (read_ulong(k, r, tables[0], &tables[1]))
		tables[1] = tables[0];
	for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++) {
		if ((tables[i] >= start && tables[i] < end) ||
		    kernel_translate(k, r, tables[i], &run))
			continue;
		*offset = tables[i] - run.paddr;
		return true;
	}
	return false;
}
