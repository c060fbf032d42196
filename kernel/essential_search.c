// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/essential_search.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/member.h"
#include "lib/trace.h"

/* Translations, at most. */
#define TRANSLATIONS_MAX (UINT64_C(1) << 22)
/* Pages to be read or added, at most; most of them have been translated before. */
#define STEPS_MAX (UINT64_C(1) << 26)
/* Pages whose translations are remembered, and bytes that are: lists are gone through twice. */
#define SLOTS 4096
#define COPIED_BYTES (UINT64_C(2) << 20)
/* No address of a page. */
#define NO_PAGE 1

void essential_add_table(struct essential *e, const struct arch_step *step)
{
	pfn_t pfn = step->paddr >> e->k->arch.page_shift;
	pfn_t *last = &e->tables[step->level % ESSENTIAL_LEVELS];

	if (*last != pfn)
		pfn_set_add(e->set, pfn, pfn + 1);
	*last = pfn;
}

static void take_step(void *ctx, const struct arch_step *step)
{
	essential_add_table(ctx, step);
}

/* Translate the address of a page. */
static struct essential_slot *translate(struct essential *e, vaddr_t va)
{
	unsigned int shift = e->k->arch.page_shift;
	struct essential_slot *slot = &e->slots[(va >> shift) % SLOTS];
	struct arch_run run;

	if (slot->va == va)
		return slot;
	*slot = (struct essential_slot){ .va = va };
	if (e->left) {
		e->left--;
		slot->mapped = !kernel_trace(e->k, e->view.r, va, take_step, e, &run);
	}
	if (slot->mapped)
		slot->pfn = run.paddr >> shift;
	return slot;
}

static void add_page(struct essential *e, struct essential_slot *slot)
{
	if (slot->mapped && !slot->added)
		pfn_set_add(e->set, slot->pfn, slot->pfn + 1);
	slot->added = true;
}

static bool is_skipped(const struct essential *e, vaddr_t va)
{
	for (unsigned int i = 0; i < e->nr_skip; i++)
		if (va >= e->skip[i].start && va < e->skip[i].end)
			return true;
	return false;
}

static void add_pages(struct essential *e, vaddr_t va, uint64_t len, bool all)
{
	uint64_t end;

	if (!len || __builtin_add_overflow(va, len, &end))
		return;
	for (va &= -essential_page(e); va < end && e->left && e->steps; va += essential_page(e)) {
		e->steps--;
		if (all || !is_skipped(e, va))
			add_page(e, translate(e, va));
	}
}

void essential_add(struct essential *e, vaddr_t va, uint64_t len)
{
	add_pages(e, va, len, false);
}

void essential_add_all(struct essential *e, vaddr_t va, uint64_t len)
{
	add_pages(e, va, len, true);
}

void essential_add_run(struct essential *e, vaddr_t va, paddr_t pa, uint64_t len)
{
	uint64_t page = essential_page(e);
	bool traced = false;

	for (uint64_t off = 0; off < len && e->steps; off += page) {
		pfn_t pfn = (pa + off) >> e->k->arch.page_shift;

		e->steps--;
		if (is_skipped(e, va + off))
			continue;
		if (!traced)
			translate(e, va + off);
		traced = true;
		pfn_set_add(e->set, pfn, pfn + 1);
	}
}

void essential_add_object(struct essential *e, vaddr_t base, const struct ktype_info *pointer,
			  uint64_t size)
{
	uint64_t va;

	if (!member_read(&e->mem, base, pointer, &va) && va)
		essential_add(e, va, size);
}

void essential_walk(struct essential *e, const struct ksym_info *head,
		    const struct ktype_info *link, walk_visit *visit)
{
	if (SYM_EXIST(head) && walk_list(&e->mem, head->value, link, visit, e))
		TRACE(FILTER, "essential pages of %s: %s", head->symname, err_text(-EBADMSG));
}

/* The bytes of a page, or NULL. */
static const uint8_t *page_bytes(struct essential *e, const struct essential_slot *slot)
{
	uint64_t n = (slot->va >> e->k->arch.page_shift) % e->nr_copies;
	uint8_t *bytes = e->pages + n * essential_page(e);

	if (e->copied[n] == slot->va)
		return bytes;
	e->copied[n] = NO_PAGE;
	if (!slot->mapped ||
	    vmcore_read(e->data, slot->pfn << e->k->arch.page_shift, bytes, essential_page(e)))
		return NULL;
	e->copied[n] = slot->va;
	return bytes;
}

static int read_memory(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct essential *e = ctx;
	uint8_t *to = buf;

	while (len) {
		uint64_t off = va % essential_page(e);
		size_t n = min_u64(len, essential_page(e) - off);
		struct essential_slot *slot = translate(e, va - off);
		const uint8_t *bytes = page_bytes(e, slot);

		if (!e->steps)
			return err_set(-E2BIG, "too many steps");
		e->steps--;
		if (!bytes)
			return err_set(-EFAULT, "no memory at %#" PRIx64, va);
		if (!is_skipped(e, va - off))
			add_page(e, slot);
		memcpy(to, bytes + off, n);
		to += n;
		va += n;
		len -= n;
	}
	return 0;
}

static int get_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	struct essential *e = ctx;

	return e->view.mem.extent(&e->view, va, len);
}

int essential_begin(struct essential *e, const struct kernel *k, struct pfn_set *set)
{
	int err;

	*e = (struct essential){ .k = k, .set = set, .left = TRANSLATIONS_MAX, .steps = STEPS_MAX };
	err = kernel_vmem_init(&e->view, k);
	if (!err)
		err = vmcore_reader_create(&e->data, k->vc);
	if (err)
		return err;
	e->slots = calloc(SLOTS, sizeof(*e->slots));
	e->nr_copies = max_u64(COPIED_BYTES / essential_page(e), 1);
	e->copied = calloc(e->nr_copies, sizeof(*e->copied));
	e->pages = malloc(e->nr_copies * essential_page(e));
	if (!e->slots || !e->copied || !e->pages)
		return err_set(-ENOMEM, "no memory");
	for (size_t i = 0; i < SLOTS; i++)
		e->slots[i].va = NO_PAGE;
	for (size_t i = 0; i < e->nr_copies; i++)
		e->copied[i] = NO_PAGE;
	e->mem = e->view.mem;
	e->mem.read = read_memory;
	e->mem.extent = get_extent;
	e->mem.ctx = e;
	return 0;
}

void essential_end(struct essential *e)
{
	kernel_vmem_deinit(&e->view);
	vmcore_reader_destroy(e->data);
	bitmap_deinit(&e->code);
	free(e->slots);
	free(e->copied);
	free(e->pages);
	free(e->modules);
	free(e->counters);
}
