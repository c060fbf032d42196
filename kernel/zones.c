// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/zones.h"

#include <stdio.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/printable.h"

/* Nodes of a machine, and zones of a node, at most. */
#define NODES_MAX 1024
#define NODE_ZONES_MAX 8

INIT_OPT_MOD_SYM(vmlinux, node_data);
INIT_OPT_MOD_SYM(vmlinux, contig_page_data);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, node_zones);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, nr_zones);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pglist_data, node_id);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, zone, zone_start_pfn);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, zone, spanned_pages);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, zone, name);

#define OFFSET(s, m) (GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, s, m) / 8)

static bool read_ulong(const struct kernel *k, struct vmcore_reader *r, vaddr_t va, uint64_t *ret)
{
	uint8_t raw[8];

	if (kernel_read(k, r, va, raw, k->arch.is64 ? 8 : 4))
		return false;
	*ret = load_ulong(raw, k->arch.is64, k->arch.swap);
	return true;
}

static bool read_int(const struct kernel *k, struct vmcore_reader *r, vaddr_t va, uint32_t *ret)
{
	uint8_t raw[4];

	if (kernel_read(k, r, va, raw, sizeof(raw)))
		return false;
	*ret = load_u32(raw, k->arch.swap);
	return true;
}

/* @return false if it spans no pages, or cannot be read */
static bool read_zone(const struct kernel *k, struct vmcore_reader *r, vaddr_t va,
		      struct zone *zone)
{
	uint64_t start, spanned, name;

	if (!read_ulong(k, r, va + OFFSET(zone, zone_start_pfn), &start) ||
	    !read_ulong(k, r, va + OFFSET(zone, spanned_pages), &spanned) || !spanned ||
	    !range_fits(start, spanned, k->vc->max_pfn))
		return false;
	zone->start = start;
	zone->end = start + spanned;
	snprintf(zone->name, sizeof(zone->name), "zone");
	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, zone, name) &&
	    read_ulong(k, r, va + OFFSET(zone, name), &name) &&
	    !kernel_read(k, r, name, zone->name, sizeof(zone->name) - 1))
		make_printable(zone->name, strlen(zone->name), "");
	return true;
}

static unsigned int find_zones(const struct kernel *k, struct vmcore_reader *r, vaddr_t pgdat,
			       unsigned int node, struct zone *ret, unsigned int room)
{
	uint64_t size = GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, zone, zone_start_pfn);
	uint32_t nr, id;
	unsigned int n = 0;

	if (!read_int(k, r, pgdat + OFFSET(pglist_data, nr_zones), &nr) || nr > NODE_ZONES_MAX ||
	    !read_int(k, r, pgdat + OFFSET(pglist_data, node_id), &id) || id != node)
		return 0;
	for (uint32_t i = 0; i < nr && n < room; i++) {
		ret[n].node = node;
		n += read_zone(k, r, pgdat + OFFSET(pglist_data, node_zones) + i * size, &ret[n]);
	}
	return n;
}

unsigned int zones_find(const struct kernel *k, struct vmcore_reader *r, struct zone ret[ZONES_MAX])
{
	unsigned int n = 0;

	if (k->translation_err || !MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, node_zones) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, nr_zones) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, pglist_data, node_id) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, zone, zone_start_pfn) ||
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, zone, spanned_pages))
		return 0;
	if (!MOD_SYM_EXIST(vmlinux, node_data))
		return MOD_SYM_EXIST(vmlinux, contig_page_data) ?
			       find_zones(k, r, GET_MOD_SYM(vmlinux, contig_page_data), 0, ret,
					  ZONES_MAX) :
			       0;
	for (unsigned int node = 0; node < NODES_MAX && n < ZONES_MAX; node++) {
		uint64_t pgdat, found;

		if (!read_ulong(k, r,
				GET_MOD_SYM(vmlinux, node_data) + node * (k->arch.is64 ? 8 : 4),
				&pgdat) ||
		    !pgdat)
			break;
		found = find_zones(k, r, pgdat, node, ret + n, ZONES_MAX - n);
		if (!found)
			break;
		n += found;
	}
	return n;
}
