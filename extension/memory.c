// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The part of makedumpfile.h that reads memory, translates addresses and looks up symbols.
 */
#include "extension/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "extension/env.h"
#include "facts/facts.h"
#include "kernel/member.h"
#include "kernel/walk.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/search.h"
#include "makedumpfile.h"
#include "symbols/kallsyms.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mm_struct, pgd);

/* A read of at most this many bytes of physical memory suggests more reads nearby. */
#define PEEK_MAX 1024
/* Bytes of a string per read; no read crosses a page. */
#define STRING_PIECE 64

/* --- facts ------------------------------------------------------------------------ */

int mdf_require(const struct mdf_fact *facts, size_t nr)
{
	struct fact_list missing = { 0 };

	for (size_t i = 0; i < nr; i++)
		facts_need(&missing, *facts[i].index >= 0, facts[i].name);
	return extension_error(facts_check(&missing));
}

/* --- reading ---------------------------------------------------------------------- */

static int read_kernel(void *ctx, vaddr_t va, void *buf, size_t len)
{
	const struct extension_env *env = ctx;

	return kernel_read(env->kernel, env->reader, va, buf, len);
}

struct vmem extension_vmem(void)
{
	const struct arch *a = &extension_env()->kernel->arch;

	return (struct vmem){
		.read = read_kernel,
		.ctx = (void *)extension_env(),
		.is64 = a->is64,
		.swap = a->swap,
	};
}

uint64_t extension_ulong_max(void)
{
	return extension_env()->kernel->arch.is64 ? UINT64_MAX : UINT32_MAX;
}

uint64_t extension_load_ulong(const void *raw)
{
	const struct arch *a = &extension_env()->kernel->arch;

	return load_ulong(raw, a->is64, a->swap);
}

int extension_read(uint64_t address, void *buf, size_t len)
{
	const struct vmem mem = extension_vmem();

	return vmem_read(&mem, address, buf, len);
}

static int read_physical(paddr_t pa, void *buf, size_t len)
{
	struct vmcore_reader *r = extension_env()->reader;

	return len <= PEEK_MAX ? vmcore_read_cached(r, pa, buf, len) : vmcore_read(r, pa, buf, len);
}

int readmem(int type_addr, unsigned long long addr, void *bufptr, size_t size)
{
	int err;

	if (size > INT_MAX)
		err = err_set(-EINVAL, "%zu bytes are too many to be read at once", size);
	else if (type_addr == VADDR)
		err = extension_read(addr, bufptr, size);
	else if (type_addr == PADDR)
		err = read_physical(addr, bufptr, size);
	else
		err = err_set(-EINVAL, "%d is no kind of address", type_addr);
	return extension_error(err) ? 0 : (int)size;
}

unsigned long next_list(unsigned long addr)
{
	uint64_t next = 0;

	return mdf_read_ulong(addr, &next) ? 0 : next;
}

unsigned int mdf_page_size(void)
{
	return extension_env()->kernel->vc->page_size;
}

unsigned int mdf_long_size(void)
{
	return extension_env()->kernel->arch.is64 ? 8 : 4;
}

int mdf_read_ulong(uint64_t address, uint64_t *value)
{
	const struct vmem mem = extension_vmem();

	return extension_error(vmem_read_ulong(&mem, address, value));
}

/* --- members ---------------------------------------------------------------------- */

int mdf_read_number(uint64_t base, const struct ktype_info *member, uint64_t *value)
{
	const struct vmem mem = extension_vmem();

	return extension_error(member_read(&mem, base, member, value));
}

int mdf_read_signed(uint64_t base, const struct ktype_info *member, int64_t *value)
{
	const struct vmem mem = extension_vmem();

	return extension_error(member_read_signed(&mem, base, member, value));
}

int mdf_read_pointer(uint64_t base, const struct ktype_info *member, uint64_t *value)
{
	uint64_t offset = 0;
	int err = member_offset(member, &offset);

	return err ? extension_error(err) : mdf_read_ulong(base + offset, value);
}

int mdf_read_path(uint64_t base, const struct kpath_info *path, uint64_t *value)
{
	const struct ktype_info member = member_of_path(path);

	return mdf_read_number(base, &member, value);
}

int mdf_read_member(uint64_t base, const struct ktype_info *member, void *buf, size_t size)
{
	size_t bytes = min_u64(size, member->member_size);
	uint64_t offset = 0;
	int err = member_offset(member, &offset);

	if (!err && !member->member_size)
		err = err_set(-ENOENT, "the size of %s.%s is not known", member->struct_name,
			      member->member_name);
	if (!err && bytes > INT_MAX)
		err = err_set(-EINVAL, "%zu bytes are too many to be read at once", bytes);
	if (!err)
		err = extension_read(base + offset, buf, bytes);
	return extension_error(err ? err : (int)bytes);
}

int mdf_read_string(uint64_t address, char *buf, size_t size)
{
	size_t len = 0;

	if (!size)
		return extension_error(err_set(-EINVAL, "no room for a string"));
	while (len < size - 1) {
		size_t n = STRING_PIECE - (address + len) % STRING_PIECE;
		int err;

		n = min_u64(n, size - 1 - len);
		err = extension_read(address + len, buf + len, n);
		if (err) {
			buf[0] = '\0';
			return extension_error(err);
		}
		if (memchr(buf + len, '\0', n))
			return 0;
		len += n;
	}
	buf[len] = '\0';
	return 0;
}

/* --- addresses -------------------------------------------------------------------- */

int mdf_to_physical(uint64_t address, uint64_t *physical)
{
	const struct extension_env *env = extension_env();
	struct arch_run run = { 0 };
	int err = kernel_translate(env->kernel, env->reader, address, &run);

	if (!err)
		*physical = run.paddr;
	return extension_error(err);
}

/* The translation of the addresses of an address space. */
static int user_arch(uint64_t mm, struct arch *arch)
{
	struct arch_mem mem = kernel_mem(extension_env()->reader);
	uint64_t offset = 0, pgd = 0, root = 0;
	int err = member_offset(GET_MOD_STRUCT_MEMBER_PTR(vmlinux, mm_struct, pgd), &offset);

	if (!err)
		err = mdf_read_ulong(mm + offset, &pgd);
	if (!err)
		err = mdf_to_physical(pgd, &root);
	return err ? err : arch_init_user(&extension_env()->kernel->arch, &mem, root, arch);
}

int mdf_user_to_physical(uint64_t mm, uint64_t address, uint64_t *physical)
{
	struct arch_mem mem = kernel_mem(extension_env()->reader);
	struct arch_run run = { 0 };
	struct arch arch;
	int err = user_arch(mm, &arch);

	if (!err)
		err = arch_translate(&arch, &mem, address, &run);
	if (!err)
		*physical = run.paddr;
	return extension_error(err);
}

/* Bytes from an address on that are mapped, or not, together; whole pages of those that are not. */
static uint64_t run_bytes(const struct arch_run *run, uint64_t address, uint64_t left)
{
	uint64_t page = mdf_page_size();

	/* 0 reaches to the end of all addresses. */
	return run->len ? min_u64(max_u64(run->len, page - address % page), left) : left;
}

int mdf_for_each_user_memory(uint64_t mm, uint64_t start, uint64_t end, mdf_visit_memory *visit,
			     void *ctx)
{
	const struct vmcore *vc = extension_env()->kernel->vc;
	struct arch_mem mem = kernel_mem(extension_env()->reader);
	/* All pages of the machine can be there, each after a hole. */
	uint64_t left = WALK_STEPS_MAX + 2 * vc->max_pfn;
	struct arch arch;
	int err = user_arch(mm, &arch);

	for (uint64_t at = start, n; !err && at < end; at += n) {
		struct arch_run run = { 0 };

		if (!left--)
			err = err_set(-EBADMSG, "the page tables of user memory have no end");
		else
			err = arch_translate(&arch, &mem, at, &run);
		if (err && err != -EFAULT)
			break;
		n = run_bytes(&run, at, end - at);
		err = err ? 0 : visit(ctx, at, run.paddr, n);
	}
	return extension_error(err);
}

/* --- struct pages ----------------------------------------------------------------- */

static int need_memmap(const struct memmap **map)
{
	*map = extension_env()->memmap;
	return *map ? 0 : err_set(-ENOENT, "the memory map is not known");
}

/* The last range that begins at or below a number; NULL if none does. */
static const struct memmap_range *range_below(const struct memmap *map, uint64_t number,
					      uint64_t (*begin)(const struct memmap_range *))
{
	size_t after = SEARCH_FIRST(0, map->nr_ranges, i, begin(&map->ranges[i]) <= number);

	return after ? &map->ranges[after - 1] : NULL;
}

static uint64_t first_pfn(const struct memmap_range *range)
{
	return range->start;
}

static uint64_t first_page(const struct memmap_range *range)
{
	return range->pages;
}

static bool holds_page(const struct memmap *map, const struct memmap_range *range, uint64_t page)
{
	return page - range->pages < (range->end - range->start) * map->page_struct_size;
}

/*
 * Struct pages ascend with their pfns wherever there is a vmemmap, and there are few ranges
 * elsewhere, so the slow way is hardly ever gone far.
 */
static const struct memmap_range *range_of_page(const struct memmap *map, uint64_t page)
{
	const struct memmap_range *range = range_below(map, page, first_page);

	if (range && holds_page(map, range, page))
		return range;
	for (size_t i = 0; i < map->nr_ranges; i++)
		if (holds_page(map, &map->ranges[i], page))
			return &map->ranges[i];
	return NULL;
}

int mdf_page_to_pfn(uint64_t page, uint64_t *pfn)
{
	const struct memmap_range *range;
	const struct memmap *map;
	int err = need_memmap(&map);

	if (err)
		return extension_error(err);
	range = range_of_page(map, page);
	if (!range || (page - range->pages) % map->page_struct_size)
		return extension_error(err_set(-ENOENT, "%#" PRIx64 " is no struct page", page));
	*pfn = range->start + (page - range->pages) / map->page_struct_size;
	return 0;
}

int mdf_pfn_to_page(uint64_t pfn, uint64_t *page)
{
	const struct memmap_range *range;
	const struct memmap *map;
	int err = need_memmap(&map);

	if (err)
		return extension_error(err);
	range = range_below(map, pfn, first_pfn);
	if (!range || pfn >= range->end)
		return extension_error(
			err_set(-ENOENT, "pfn %#" PRIx64 " has no struct page", pfn));
	*page = range->pages + (pfn - range->start) * map->page_struct_size;
	return 0;
}

/* --- symbols ---------------------------------------------------------------------- */

static int need_symbols(struct kallsyms **ks)
{
	const struct kernel_tables *facts = extension_env()->facts;

	if (!facts)
		return err_set(-ENOENT, "the dump's symbol tables cannot be used");
	*ks = facts->kallsyms;
	return 0;
}

int mdf_symbol(const char *module, const char *name, uint64_t *address)
{
	struct kallsyms *ks = NULL;
	int err = need_symbols(&ks);

	if (!err)
		err = get_kallsyms_value_by_name(ks, module, name, address);
	return extension_error(err);
}

int mdf_symbol_at(uint64_t address, char *name, size_t size, uint64_t *offset)
{
	struct kallsyms *ks = NULL;
	struct ksym sym;
	int err = need_symbols(&ks);

	if (!err)
		err = search_kallsyms_by_address(ks, address, &sym);
	if (err)
		return extension_error(err);
	if (sym.module)
		snprintf(name, size, "%s [%s]", sym.name, sym.module);
	else
		snprintf(name, size, "%s", sym.name);
	if (offset)
		*offset = address - sym.value;
	return 0;
}
