// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/hypervisor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "debuginfo/dwarf_provider.h"
#include "facts/xen.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/elf_machine.h"
#include "lib/err.h"

INIT_OPT_MOD_SYM(vmlinux, domain_list);
/* A variable that has the address of the table; where that is a constant, one of its own. */
INIT_OPT_MOD_SYM(vmlinux, frame_table);
INIT_OPT_MOD_SYM(vmlinux, _frame_table);
INIT_OPT_MOD_SYM(vmlinux, max_page);
INIT_OPT_MOD_SYM(vmlinux, dom_xen);
INIT_OPT_MOD_SYM(vmlinux, dom_io);
/* VMCOREINFO_XEN's name of the root of page tables, and Xen's. */
INIT_OPT_MOD_SYM(vmlinux, pgd_l4);
INIT_OPT_MOD_SYM(vmlinux, idle_pg_table);
INIT_OPT_MOD_STRUCT(vmlinux, page_info);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page_info, count_info);
/* VMCOREINFO_XEN leaves out what leads to the member. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, page_info, _domain);
INIT_OPT_MOD_PATH(vmlinux, page_owner, "page_info.v.inuse._domain");
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, domain, domain_id);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, domain, next_in_list);

/* Xen's image lies in 1 GiB that is aligned to as much, and is mapped linearly. */
#define IMAGE_SPAN (UINT64_C(1) << 30)
/* The linear map of all memory, and that of a Xen with larger entries of pages (BIGMEM). */
#define DIRECT_MAP UINT64_C(0xffff830000000000)
#define DIRECT_MAP_BIG UINT64_C(0xffff848000000000)
/* Numbers of domains are below (DOMID_FIRST_RESERVED). */
#define DOMAINS_MAX 0x7ff0
/* More than any struct page_info has. */
#define PAGE_INFO_MAX 256

static int use_syms(const char *path, const struct fact_set *set)
{
	struct debuginfo *d;
	int err = debuginfo_open(&d, path);

	if (err)
		return err;
	if (d->machine != EM_X86_64)
		err = err_set(-ESTALE, "%s is of another architecture (ELF machine %u) than Xen's",
			      path, d->machine);
	if (!err)
		err = debuginfo_resolve_symbols(d, set, FACT_DWARF, 0);
	if (!err)
		err = debuginfo_resolve_types(d, set, FACT_DWARF);
	debuginfo_close(d);
	return err;
}

static int resolve(const struct vmcore *vc, const struct hypervisor_sources *src)
{
	const struct fact_set set = facts_of_xen();
	const struct vmcoreinfo note = { vc->xen.vmcoreinfo, vc->xen.vmcoreinfo_size };
	_cleanup_free_ char *text = NULL;
	struct vmcoreinfo file;
	int err = 0;

	facts_reset(&set);
	if (src->vmcoreinfo) {
		err = vmcoreinfo_read(src->vmcoreinfo, &text, &file);
		if (!err)
			vmcoreinfo_resolve(&file, &set, FACT_FILE, NULL, 0);
	}
	if (!err && note.text)
		vmcoreinfo_resolve(&note, &set, FACT_VMCOREINFO, NULL, 0);
	if (!err && src->syms)
		err = use_syms(src->syms, &set);
	facts_trace(&set);
	return err;
}

static int check_facts(void)
{
	struct fact_list missing = { .count = 0 };

	FACTS_REQUIRE_SYM(&missing, domain_list);
	facts_need(&missing,
		   MOD_SYM_EXIST(vmlinux, frame_table) || MOD_SYM_EXIST(vmlinux, _frame_table),
		   "SYMBOL(frame_table)");
	FACTS_REQUIRE_SYM(&missing, max_page);
	facts_need(&missing,
		   MOD_SYM_EXIST(vmlinux, pgd_l4) || MOD_SYM_EXIST(vmlinux, idle_pg_table),
		   "SYMBOL(pgd_l4)");
	FACTS_REQUIRE_STRUCT(&missing, page_info);
	FACTS_REQUIRE_MEMBER(&missing, page_info, count_info);
	facts_need(&missing,
		   MOD_STRUCT_MEMBER_EXIST(vmlinux, page_info, _domain) ||
			   MOD_PATH_EXIST(vmlinux, page_owner),
		   "OFFSET(page_info._domain)");
	FACTS_REQUIRE_MEMBER(&missing, domain, domain_id);
	FACTS_REQUIRE_MEMBER(&missing, domain, next_in_list);
	return facts_check(&missing);
}

/* Take over what struct page_info looks like. */
static int set_layout(struct hypervisor *h)
{
	h->page_info_size = GET_MOD_STRUCT_SSIZE(vmlinux, page_info);
	h->count_info = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, page_info, count_info);
	h->owner = MOD_STRUCT_MEMBER_EXIST(vmlinux, page_info, _domain) ?
			   GET_MOD_STRUCT_MEMBER_OFF(vmlinux, page_info, _domain) :
			   GET_MOD_PATH_OFF(vmlinux, page_owner) / 8;
	if (h->page_info_size > PAGE_INFO_MAX ||
	    !range_fits(h->count_info, sizeof(uint64_t), h->page_info_size) ||
	    !range_fits(h->owner, sizeof(uint64_t), h->page_info_size))
		return err_set(-EBADMSG,
			       "Xen's struct page_info of %" PRIu32 " bytes cannot have count_info "
			       "at %" PRIu32 " and its owner at %" PRIu32,
			       h->page_info_size, h->count_info, h->owner);
	/* Another number follows the owner in either case, of as many bytes at least. */
	h->wide_owner = h->page_info_size - h->owner > sizeof(uint64_t);
	return 0;
}

static int set_translation(struct hypervisor *h, struct vmcore *vc, paddr_t phys_start)
{
	vaddr_t image = GET_MOD_SYM(vmlinux, domain_list) & ~(IMAGE_SPAN - 1);
	vaddr_t root = MOD_SYM_EXIST(vmlinux, pgd_l4) ? GET_MOD_SYM(vmlinux, pgd_l4) :
							GET_MOD_SYM(vmlinux, idle_pg_table);

	if (!phys_start)
		return err_set(-ENOENT,
			       "the place of Xen's image is not known: use --xen_phys_start");
	if (root - image >= IMAGE_SPAN || root % FRAME_BYTES)
		return err_set(-EBADMSG, "Xen's page tables cannot be at %#" PRIx64, root);
	h->phys_start = phys_start;
	h->memory.vc = vc;
	h->memory.arch = (struct arch){
		.ops = arch_find(EM_X86_64),
		.is64 = true,
		.swap = vc->swap,
		.page_shift = vc->page_shift,
		.ready = true,
		.root = root - image + phys_start,
		.levels = 4,
		.pte_addr_mask = ARCH_X86_PTE_ADDR,
	};
	return 0;
}

static int read_bytes(const struct hypervisor *h, struct vmcore_reader *r, vaddr_t va, void *buf,
		      size_t len)
{
	int err = kernel_read(&h->memory, r, va, buf, len);

	return err ? err_prefix(err, "memory of Xen") : 0;
}

static int read_word(const struct hypervisor *h, struct vmcore_reader *r, vaddr_t va, uint64_t *ret)
{
	uint64_t word;
	int err = read_bytes(h, r, va, &word, sizeof(word));

	*ret = err ? 0 : load_u64(&word, h->memory.vc->swap);
	return err;
}

/* The owner of a domain's pages, as page_info has it; 0 if it cannot be right. */
static uint64_t owner_of(const struct hypervisor *h, vaddr_t domain)
{
	vaddr_t map = h->wide_owner ? DIRECT_MAP_BIG : DIRECT_MAP;

	return domain > map ? (domain - map) / FRAME_BYTES : 0;
}

static int find_dom0(struct hypervisor *h, struct vmcore_reader *r)
{
	unsigned int id_offset = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, domain, domain_id);
	unsigned int next_offset = GET_MOD_STRUCT_MEMBER_OFF(vmlinux, domain, next_in_list);
	vaddr_t domain;
	int err = read_word(h, r, GET_MOD_SYM(vmlinux, domain_list), &domain);

	for (unsigned int i = 0; !err && domain && i < DOMAINS_MAX; i++) {
		uint16_t id;

		err = read_bytes(h, r, domain + id_offset, &id, sizeof(id));
		if (!err && !id) {
			h->dom0 = owner_of(h, domain);
			break;
		}
		if (!err)
			err = read_word(h, r, domain + next_offset, &domain);
	}
	if (!err && !h->dom0)
		err = err_set(-EBADMSG, "dom0 is not in Xen's list of domains");
	return err;
}

/* A domain that stands for pages of no other; it may be unknown. */
static uint64_t find_special(const struct hypervisor *h, struct vmcore_reader *r,
			     const struct ksym_info *variable)
{
	vaddr_t domain;

	return SYM_EXIST(variable) && !read_word(h, r, variable->value, &domain) ?
		       owner_of(h, domain) :
		       0;
}

static int read_variables(struct hypervisor *h, struct vmcore_reader *r)
{
	vaddr_t table = MOD_SYM_EXIST(vmlinux, frame_table) ? GET_MOD_SYM(vmlinux, frame_table) :
							      GET_MOD_SYM(vmlinux, _frame_table);
	int err = read_word(h, r, table, &h->frame_table);

	if (!err)
		err = read_word(h, r, GET_MOD_SYM(vmlinux, max_page), &h->nr_frames);
	if (!err)
		err = find_dom0(h, r);
	if (err)
		return err;
	h->nr_frames = min_u64(h->nr_frames, h->memory.vc->max_pfn);
	h->dom_xen = find_special(h, r, GET_MOD_SYM_PTR(vmlinux, dom_xen));
	h->dom_io = find_special(h, r, GET_MOD_SYM_PTR(vmlinux, dom_io));
	return 0;
}

int hypervisor_open(struct hypervisor *h, struct vmcore *vc, const struct hypervisor_sources *src)
{
	struct vmcore_reader *r;
	int err;

	*h = (struct hypervisor){ .phys_start = 0 };
	if (!vc->xen.found)
		return err_set(-ENOTSUP, "the dump is not of a Xen host");
	if (vc->machine != EM_X86_64 || (vc->xen.major && vc->xen.major < 4))
		return err_set(-ENOTSUP, "only Xen 4 on x86_64 is understood");
	err = resolve(vc, src);
	if (!err)
		err = check_facts();
	if (!err)
		err = set_layout(h);
	if (!err)
		err = set_translation(h, vc,
				      src->phys_start ? src->phys_start : vc->xen.phys_start);
	if (!err)
		err = vmcore_reader_create(&r, vc);
	if (err)
		return err;
	err = read_variables(h, r);
	vmcore_reader_destroy(r);
	return err;
}
