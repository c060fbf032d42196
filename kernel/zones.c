// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/zones.h"

#include <stdio.h>
#include <string.h>

#include "kernel/kernel_vmem.h"
#include "kernel/nodes.h"
#include "lib/checked.h"
#include "lib/printable.h"

/* Zones of a node, at most. */
#define NODE_ZONES_MAX 8

INIT_OPT_MOD_SYM(vmlinux, contig_page_data);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, node_zones);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, nr_zones);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, node_id);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, zone, zone_start_pfn);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, zone, spanned_pages);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, zone, name);

#define OFFSET(s, m) GET_MOD_STRUCT_MEMBER_OFF(vmlinux, s, m)

/* @return false if it spans no pages, or cannot be read */
static bool read_zone(const struct vmem *mem, vaddr_t va, uint64_t max_pfn, struct zone *zone)
{
	uint64_t start, spanned, name;

	if (vmem_read_ulong(mem, va + OFFSET(zone, zone_start_pfn), &start) ||
	    vmem_read_ulong(mem, va + OFFSET(zone, spanned_pages), &spanned) || !spanned ||
	    !range_fits(start, spanned, max_pfn))
		return false;
	zone->start = start;
	zone->end = start + spanned;
	snprintf(zone->name, sizeof(zone->name), "zone");
	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, zone, name) &&
	    !vmem_read_ulong(mem, va + OFFSET(zone, name), &name) &&
	    !vmem_read(mem, name, zone->name, sizeof(zone->name) - 1))
		make_printable(zone->name, strlen(zone->name), "");
	return true;
}

static unsigned int find_zones(const struct kernel_vmem *v, vaddr_t pgdat, unsigned int node,
			       struct zone *ret, unsigned int room)
{
	uint64_t size = GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, zone, zone_start_pfn);
	uint32_t nr, id;
	unsigned int n = 0;

	if (vmem_read_u32(&v->mem, pgdat + OFFSET(pglist_data, nr_zones), &nr) ||
	    nr > NODE_ZONES_MAX ||
	    vmem_read_u32(&v->mem, pgdat + OFFSET(pglist_data, node_id), &id) || id != node)
		return 0;
	for (uint32_t i = 0; i < nr && n < room; i++) {
		ret[n].node = node;
		n += read_zone(&v->mem, pgdat + OFFSET(pglist_data, node_zones) + i * size,
			       v->k->vc->max_pfn, &ret[n]);
	}
	return n;
}

static unsigned int find_nodes(const struct kernel_vmem *v, struct zone ret[ZONES_MAX])
{
	unsigned int word = vmem_ulong_size(&v->mem), n = 0;
	struct nodes nodes;

	if (!nodes_find(&nodes))
		return MOD_SYM_EXIST(vmlinux, contig_page_data) ?
			       find_zones(v, GET_MOD_SYM(vmlinux, contig_page_data), 0, ret,
					  ZONES_MAX) :
			       0;
	for (unsigned int node = 0; node < NODES_MAX && n < ZONES_MAX; node++) {
		uint64_t pgdat;
		unsigned int found;

		if (vmem_read_ulong(&v->mem, nodes.array + node * word, &pgdat) || !pgdat)
			break;
		found = find_zones(v, pgdat, node, ret + n, ZONES_MAX - n);
		if (!found)
			break;
		n += found;
	}
	return n;
}

unsigned int zones_find(const struct kernel *k, struct zone ret[ZONES_MAX])
{
	struct kernel_vmem v;
	unsigned int n;

	if (k->translation_err || !MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, node_zones) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, nr_zones) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, node_id) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, zone, zone_start_pfn) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, zone, spanned_pages) || kernel_vmem_init(&v, k))
		return 0;
	n = find_nodes(&v, ret);
	kernel_vmem_deinit(&v);
	return n;
}
