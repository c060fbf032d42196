// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory as /proc/meminfo would have said it, and the largest slabs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/nodes.h"
#include "kernel/walk.h"
#include "lib/array.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, _totalram_pages);
INIT_OPT_MOD_SYM(vmlinux, total_swap_pages);
INIT_OPT_MOD_SYM(vmlinux, nr_swap_pages);
INIT_OPT_MOD_SYM(vmlinux, vm_zone_stat);
INIT_OPT_MOD_SYM(vmlinux, vm_node_stat);
INIT_OPT_MOD_NUM(vmlinux, NR_FREE_PAGES);
INIT_OPT_MOD_NUM(vmlinux, NR_MLOCK);
INIT_OPT_MOD_NUM(vmlinux, NR_FILE_PAGES);
INIT_OPT_MOD_NUM(vmlinux, NR_SWAPCACHE);
INIT_OPT_MOD_NUM(vmlinux, NR_ACTIVE_ANON);
INIT_OPT_MOD_NUM(vmlinux, NR_INACTIVE_ANON);
INIT_OPT_MOD_NUM(vmlinux, NR_ACTIVE_FILE);
INIT_OPT_MOD_NUM(vmlinux, NR_INACTIVE_FILE);
INIT_OPT_MOD_NUM(vmlinux, NR_UNEVICTABLE);
INIT_OPT_MOD_NUM(vmlinux, NR_FILE_DIRTY);
INIT_OPT_MOD_NUM(vmlinux, NR_WRITEBACK);
INIT_OPT_MOD_NUM(vmlinux, NR_ANON_MAPPED);
INIT_OPT_MOD_NUM(vmlinux, NR_FILE_MAPPED);
INIT_OPT_MOD_NUM(vmlinux, NR_SHMEM);
/*
 * Nodes count these since Linux kernel commit d42f3245c7e2 ("mm: memcg: convert vmstat slab
 * counters to bytes") (in v5.9), kernel stacks since the same release; zones did before.
 */
INIT_OPT_MOD_NUM(vmlinux, NR_SLAB_RECLAIMABLE_B);
INIT_OPT_MOD_NUM(vmlinux, NR_SLAB_UNRECLAIMABLE_B);
INIT_OPT_MOD_NUM(vmlinux, NR_KERNEL_STACK_KB);
/* The one tells that the other is of nodes (since v6.1; page tables moved in v5.11). */
INIT_OPT_MOD_NUM(vmlinux, NR_SECONDARY_PAGETABLE);
INIT_OPT_MOD_NUM(vmlinux, NR_PAGETABLE);

INIT_OPT_MOD_SYM(vmlinux, slab_caches);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache, name);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache, size);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache, oo);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache_node, nr_slabs);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache_node, total_objects);
/* An array of pointers to kmem_cache_node, or of structs with one. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache, node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache, per_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache_per_node_ptrs, node);
INIT_OPT_MOD_SYM(vmlinux, nr_node_ids);

/* More slab caches are not listed. */
#define SLABS_MAX 4096
/* The order of a slab in kmem_cache.oo, above its number of objects. */
#define OO_SHIFT 16
#define ORDER_MAX 10

/* --- meminfo --------------------------------------------------------------------- */

static int add_number(struct triage *t, const char *name, uint64_t value)
{
	struct triage_number *n;

	if (ARRAY_GROW(t->meminfo, t->nr_meminfo, "numbers"))
		return -ENOMEM;
	n = &t->meminfo[t->nr_meminfo++];
	snprintf(n->name, sizeof(n->name), "%s", name);
	n->value = value;
	return 0;
}

/* An element of an array of counters, which can be below 0 for a moment. */
static uint64_t counter(const struct triage *t, vaddr_t array, int64_t n)
{
	const struct vmem *mem = &t->view->mem;
	uint64_t value;

	if (n < 0 || vmem_read_ulong(mem, array + (uint64_t)n * vmem_ulong_size(mem), &value) ||
	    (int64_t)value < 0)
		return 0;
	return value;
}

#define NUMBER(n) (MOD_NUM_EXIST(vmlinux, n) ? GET_MOD_NUM(vmlinux, n) : -1)

static int add_counters(struct triage *t)
{
	bool node_slabs = MOD_NUM_EXIST(vmlinux, NR_SLAB_RECLAIMABLE_B);
	bool node_tables = MOD_NUM_EXIST(vmlinux, NR_SECONDARY_PAGETABLE);
	const struct {
		const char *name;
		bool of_zones;
		int64_t n;
	} counters[] = {
		{ "MemFree", true, NUMBER(NR_FREE_PAGES) },
		{ "SwapCached", false, NUMBER(NR_SWAPCACHE) },
		{ "Active(anon)", false, NUMBER(NR_ACTIVE_ANON) },
		{ "Inactive(anon)", false, NUMBER(NR_INACTIVE_ANON) },
		{ "Active(file)", false, NUMBER(NR_ACTIVE_FILE) },
		{ "Inactive(file)", false, NUMBER(NR_INACTIVE_FILE) },
		{ "Unevictable", false, NUMBER(NR_UNEVICTABLE) },
		{ "Mlocked", true, NUMBER(NR_MLOCK) },
		{ "Dirty", false, NUMBER(NR_FILE_DIRTY) },
		{ "Writeback", false, NUMBER(NR_WRITEBACK) },
		{ "AnonPages", false, NUMBER(NR_ANON_MAPPED) },
		{ "Mapped", false, NUMBER(NR_FILE_MAPPED) },
		{ "Shmem", false, NUMBER(NR_SHMEM) },
		{ "SReclaimable", false, NUMBER(NR_SLAB_RECLAIMABLE_B) },
		{ "SUnreclaim", false, NUMBER(NR_SLAB_UNRECLAIMABLE_B) },
		{ "KernelStack", false, node_slabs ? NUMBER(NR_KERNEL_STACK_KB) : -1 },
		{ "PageTables", false, node_tables ? NUMBER(NR_PAGETABLE) : -1 },
	};
	vaddr_t zones = SYMBOL(vm_zone_stat), nodes = SYMBOL(vm_node_stat);
	unsigned int kib = t->view->k->vc->page_size >> 10;
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(counters); i++) {
		uint64_t value = counter(t, counters[i].of_zones ? zones : nodes, counters[i].n);

		if (counters[i].n >= 0)
			err = add_number(t, counters[i].name,
					 value * (strcmp(counters[i].name, "KernelStack") ? kib :
											    1));
	}
	/* /proc/meminfo takes the pages of block devices out, as Buffers. */
	if (!err && MOD_NUM_EXIST(vmlinux, NR_FILE_PAGES)) {
		uint64_t pages = counter(t, nodes, NUMBER(NR_FILE_PAGES));
		uint64_t swap = counter(t, nodes, NUMBER(NR_SWAPCACHE));

		err = add_number(t, "Cached+Buffers", (pages > swap ? pages - swap : 0) * kib);
	}
	return err;
}

static int read_meminfo(struct triage *t)
{
	unsigned int kib = t->view->k->vc->page_size >> 10;
	int err = 0;

	if (HAS_SYMBOL(_totalram_pages))
		err = add_number(t, "MemTotal", counter(t, SYMBOL(_totalram_pages), 0) * kib);
	if (!err && HAS_SYMBOL(vm_zone_stat) && HAS_SYMBOL(vm_node_stat))
		err = add_counters(t);
	else if (!err)
		triage_missing(t, "memory: SYMBOL(vm_zone_stat) or SYMBOL(vm_node_stat) is not "
				  "known");
	if (!err && HAS_SYMBOL(total_swap_pages))
		err = add_number(t, "SwapTotal", counter(t, SYMBOL(total_swap_pages), 0) * kib);
	if (!err && HAS_SYMBOL(nr_swap_pages))
		err = add_number(t, "SwapFree", counter(t, SYMBOL(nr_swap_pages), 0) * kib);
	return err;
}

/* --- slabs ----------------------------------------------------------------------- */

static vaddr_t node_of_cache(const struct vmem *mem, vaddr_t cache, uint64_t n)
{
	uint64_t node;
	vaddr_t at;

	if (HAS_MEMBER(kmem_cache, node))
		at = cache + OFFSET(kmem_cache, node) + n * vmem_ulong_size(mem);
	else if (HAS_MEMBER(kmem_cache, per_node) && HAS_MEMBER(kmem_cache_per_node_ptrs, node))
		at = cache + OFFSET(kmem_cache, per_node) +
		     n * GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, kmem_cache_per_node_ptrs, node) +
		     OFFSET(kmem_cache_per_node_ptrs, node);
	else
		return 0;
	return vmem_read_ulong(mem, at, &node) ? 0 : node;
}

static int add_slab(void *ctx, uint64_t cache)
{
	struct triage *t = ctx;
	const struct vmem *mem = &t->view->mem;
	uint64_t name = member_or_0(mem, cache, MEMBER(kmem_cache, name)), nodes = 1, slabs = 0;
	uint64_t order = HAS_MEMBER(kmem_cache, oo) ? OFFSET(kmem_cache, oo) : 0;
	struct triage_slab *to;
	int err = triage_check_time(t);
	uint32_t oo = 0;

	if (err)
		return err;
	if (t->nr_slabs == SLABS_MAX)
		return 0;
	if (ARRAY_GROW(t->slabs, t->nr_slabs, "slab caches"))
		return -ENOMEM;
	to = &t->slabs[t->nr_slabs++];
	*to = (struct triage_slab){ 0 };
	read_name(mem, name, to->name, sizeof(to->name));
	to->object_bytes = member_or_0(mem, cache, MEMBER(kmem_cache, size));
	if (HAS_SYMBOL(nr_node_ids) && !vmem_read_u32(mem, SYMBOL(nr_node_ids), &oo))
		nodes = min_u64(oo, NODES_MAX);
	for (uint64_t i = 0; i < nodes; i++) {
		vaddr_t node = node_of_cache(mem, cache, i);

		if (!node)
			continue;
		slabs += member_or_0(mem, node, MEMBER(kmem_cache_node, nr_slabs));
		to->objects += member_or_0(mem, node, MEMBER(kmem_cache_node, total_objects));
	}
	if (!order || vmem_read_u32(mem, cache + order, &oo) || oo >> OO_SHIFT > ORDER_MAX ||
	    !checked_mul(slabs, (uint64_t)t->view->k->vc->page_size << (oo >> OO_SHIFT),
			 &to->bytes))
		to->bytes = 0;
	return 0;
}

static int cmp_slabs(const void *a, const void *b)
{
	const struct triage_slab *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int read_slabs(struct triage *t)
{
	uint64_t offset;
	/* Kernels without CONFIG_SLUB_DEBUG do not count slabs. */
	int err = member_offset(MEMBER(kmem_cache_node, nr_slabs), &offset);

	if (!err && !HAS_SYMBOL(slab_caches))
		err = err_set(-ENOENT, "SYMBOL(slab_caches) is not known");
	if (!err)
		err = walk_list(&t->view->mem, SYMBOL(slab_caches), MEMBER(kmem_cache, list),
				add_slab, t);
	if (t->nr_slabs)
		qsort(t->slabs, t->nr_slabs, sizeof(*t->slabs), cmp_slabs);
	return triage_missing_err(t, err, "slabs");
}

int triage_read_memory(struct triage *t)
{
	int err = read_meminfo(t);

	return err ? err : read_slabs(t);
}
