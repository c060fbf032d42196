// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/essential.h"

#include "kernel/essential_search.h"
#include "kernel/member.h"
#include "lib/trace.h"

/*
 * Debuggers have in their vmlinux the image's code, constants, types, symbols and tables for
 * unwinding; they read few of these in the dump (kernel/essential_code.c). Memory of the init
 * section, and that between constants and data, was freed.
 */
INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, _etext);
INIT_OPT_MOD_SYM(vmlinux, __start_rodata);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_num_syms);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_names);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_token_table);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_offsets);
INIT_OPT_MOD_SYM(vmlinux, kallsyms_seqs_of_names);
INIT_OPT_MOD_SYM(vmlinux, __start___ksymtab);
INIT_OPT_MOD_SYM(vmlinux, __start___param);
INIT_OPT_MOD_SYM(vmlinux, __start_BTF);
INIT_OPT_MOD_SYM(vmlinux, __stop_BTF);
INIT_OPT_MOD_SYM(vmlinux, __end_rodata);
INIT_OPT_MOD_SYM(vmlinux, _sdata);
INIT_OPT_MOD_SYM(vmlinux, __start___bug_table);
INIT_OPT_MOD_SYM(vmlinux, __stop___bug_table);
INIT_OPT_MOD_SYM(vmlinux, __start_orc_unwind_ip);
INIT_OPT_MOD_SYM(vmlinux, __stop_orc_unwind_ip);
INIT_OPT_MOD_SYM(vmlinux, __start_orc_unwind);
INIT_OPT_MOD_SYM(vmlinux, __stop_orc_unwind);
INIT_OPT_MOD_SYM(vmlinux, __init_begin);
INIT_OPT_MOD_SYM(vmlinux, __init_end);

/* Constants that crash reads. */
INIT_OPT_MOD_SYM(vmlinux, linux_banner);
INIT_OPT_MOD_SYM(vmlinux, mt_slots);
INIT_OPT_MOD_SYM(vmlinux, mt_pivots);
INIT_OPT_MOD_SYM(vmlinux, pageflag_names);
INIT_OPT_MOD_SYM(vmlinux, task_state_array);
INIT_OPT_MOD_SYM(vmlinux, taint_flags);

INIT_OPT_MOD_SYM(vmlinux, slab_caches);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache, list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kmem_cache, name);

/* Block devices have pages in the page cache, which crash counts. */
INIT_OPT_MOD_SYM(vmlinux, blockdev_superblock);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_inodes);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inode, i_sb_list);

/* The log, before and since Linux kernel commit 896fbe20b4e2 ("printk: use the lockless
 * ringbuffer") (in v5.10). */
INIT_OPT_MOD_SYM(vmlinux, log_buf);
INIT_OPT_MOD_SYM(vmlinux, log_buf_len);
INIT_OPT_MOD_SYM(vmlinux, prb);
INIT_OPT_MOD_PATH(vmlinux, log_descs, "printk_ringbuffer.desc_ring.descs");
INIT_OPT_MOD_PATH(vmlinux, log_infos, "printk_ringbuffer.desc_ring.infos");
INIT_OPT_MOD_PATH(vmlinux, log_count_bits, "printk_ringbuffer.desc_ring.count_bits");
INIT_OPT_MOD_PATH(vmlinux, log_data, "printk_ringbuffer.text_data_ring.data");
INIT_OPT_MOD_PATH(vmlinux, log_size_bits, "printk_ringbuffer.text_data_ring.size_bits");
INIT_OPT_MOD_STRUCT(vmlinux, prb_desc);
INIT_OPT_MOD_STRUCT(vmlinux, printk_info);
INIT_OPT_MOD_SYM(vmlinux, vmcoreinfo_data);

#define LOG_MAX (UINT64_C(64) << 20)
/* The largest part of an image that is skipped. */
#define SKIP_MAX (UINT64_C(1) << 30)
/* Bytes that crash reads of a constant, at most. */
#define CONSTANT_MAX 1536

/* --- the image ------------------------------------------------------------------- */

/* Skip the whole pages of a range. */
static void skip(struct essential *e, vaddr_t start, vaddr_t end)
{
	uint64_t page = essential_page(e);

	if (end - start >= SKIP_MAX)
		return;
	start = div_round_up(start, page) * page;
	end = end / page * page;
	if (start < end)
		e->skip[e->nr_skip++] = (struct vrange){ start, end };
}

static void skip_symbols(struct essential *e, const struct ksym_info *start,
			 const struct ksym_info *end)
{
	if (SYM_EXIST(start) && SYM_EXIST(end))
		skip(e, start->value, end->value);
}

#define SYMBOL(s) GET_MOD_SYM_PTR(vmlinux, s)

/* Skip kallsyms, with the constants before it: after it are the strings that pointers lead to. */
static void skip_kallsyms(struct essential *e)
{
	const struct {
		const struct ksym_info *table;
		unsigned int size; /* bytes of an entry */
	} tables[] = { { SYMBOL(kallsyms_offsets), 4 }, { SYMBOL(kallsyms_seqs_of_names), 3 } };
	const struct ksym_info *first = SYMBOL(kallsyms_num_syms);
	uint32_t nr = 0;

	if (SYM_EXIST(first) && vmem_read_u32(&e->mem, first->value, &nr))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if (SYM_EXIST(tables[i].table))
			skip(e, tables[i].table->value,
			     tables[i].table->value + (uint64_t)nr * tables[i].size);
	if (SYM_EXIST(tables[0].table) && tables[0].table->value < first->value)
		first = tables[0].table;
	skip_symbols(e, SYMBOL(__start_rodata), first);
	skip_symbols(e, SYMBOL(kallsyms_names), SYMBOL(kallsyms_token_table));
}

static void choose_skips(struct essential *e)
{
	skip_symbols(e, SYMBOL(_stext), SYMBOL(_etext));
	if (e->nr_skip &&
	    bitmap_init(&e->code, (e->skip->end - e->skip->start) / ESSENTIAL_CODE_BLOCK))
		e->nr_skip = 0;
	skip_kallsyms(e);
	skip_symbols(e, SYMBOL(__start___ksymtab), SYMBOL(__start___param));
	skip_symbols(e, SYMBOL(__start_BTF), SYMBOL(__stop_BTF));
	skip_symbols(e, SYMBOL(__end_rodata), SYMBOL(_sdata));
	skip_symbols(e, SYMBOL(__start___bug_table), SYMBOL(__stop___bug_table));
	skip_symbols(e, SYMBOL(__start_orc_unwind_ip), SYMBOL(__stop_orc_unwind_ip));
	skip_symbols(e, SYMBOL(__start_orc_unwind), SYMBOL(__stop_orc_unwind));
	skip_symbols(e, SYMBOL(__init_begin), SYMBOL(__init_end));
}

static void add_constants(struct essential *e)
{
	const struct ksym_info *symbols[] = {
		SYMBOL(linux_banner),	SYMBOL(mt_slots),	  SYMBOL(mt_pivots),
		SYMBOL(pageflag_names), SYMBOL(task_state_array), SYMBOL(taint_flags),
	};

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		if (SYM_EXIST(symbols[i]))
			essential_add_all(e, symbols[i]->value, CONSTANT_MAX);
}

static int add_image_run(void *ctx, vaddr_t va, paddr_t pa, uint64_t len)
{
	essential_add_run(ctx, va, pa, len);
	return 0;
}

static void find_image(struct essential *e)
{
	choose_skips(e);
	add_constants(e);
	kernel_for_each_image_run(e->k, e->view.r, add_image_run, e);
}

/* --- other data ------------------------------------------------------------------ */

/* Debuggers read the whole of the log's buffers. */
static void find_log(struct essential *e)
{
	const struct {
		const struct kpath_info *array, *bits;
		uint64_t size;
	} arrays[] = {
		{ PATH(log_descs), PATH(log_count_bits), SIZE(prb_desc) },
		{ PATH(log_infos), PATH(log_count_bits), SIZE(printk_info) },
		{ PATH(log_data), PATH(log_size_bits), 1 },
	};
	uint64_t ring, bits;
	uint32_t len;

	if (MOD_SYM_EXIST(vmlinux, log_buf) && MOD_SYM_EXIST(vmlinux, log_buf_len) &&
	    !vmem_read_u32(&e->mem, GET_MOD_SYM(vmlinux, log_buf_len), &len) &&
	    !vmem_read_ulong(&e->mem, GET_MOD_SYM(vmlinux, log_buf), &ring))
		essential_add(e, ring, min_u64(len, LOG_MAX));
	if (!MOD_SYM_EXIST(vmlinux, prb) ||
	    vmem_read_ulong(&e->mem, GET_MOD_SYM(vmlinux, prb), &ring))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
		struct ktype_info array = member_of_path(arrays[i].array),
				  shift = member_of_path(arrays[i].bits);

		if (!member_read(&e->mem, ring, &shift, &bits) && bits < 32)
			essential_add_object(e, ring, &array,
					     min_u64(arrays[i].size << bits, LOG_MAX));
	}
}

/* The log, and the page of VMCOREINFO. */
static void find_texts(struct essential *e)
{
	uint64_t va;

	find_log(e);
	if (MOD_SYM_EXIST(vmlinux, vmcoreinfo_data) &&
	    !vmem_read_ulong(&e->mem, GET_MOD_SYM(vmlinux, vmcoreinfo_data), &va) && va)
		essential_add(e, va, 1);
}

static int find_cache(void *ctx, uint64_t cache)
{
	struct essential *e = ctx;
	uint64_t name;

	essential_add(e, cache, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, kmem_cache, list));
	if (!member_read(&e->mem, cache, MEMBER(kmem_cache, name), &name) && name)
		essential_add_all(e, name, 1);
	return 0;
}

static void find_caches(struct essential *e)
{
	essential_walk(e, GET_MOD_SYM_PTR(vmlinux, slab_caches), MEMBER(kmem_cache, list),
		       find_cache);
}

static int find_inode(void *ctx, uint64_t inode)
{
	essential_add(ctx, inode, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, inode, i_sb_list));
	return 0;
}

static void find_devices(struct essential *e)
{
	uint64_t super, offset;

	if (!MOD_SYM_EXIST(vmlinux, blockdev_superblock) ||
	    vmem_read_ulong(&e->mem, GET_MOD_SYM(vmlinux, blockdev_superblock), &super) ||
	    member_offset(MEMBER(super_block, s_inodes), &offset))
		return;
	essential_add(e, super, GET_MOD_STRUCT_MEMBER_SSIZE(vmlinux, super_block, s_inodes));
	if (walk_list(&e->mem, super + offset, MEMBER(inode, i_sb_list), find_inode, e))
		TRACE(FILTER, "essential pages of block devices: %s", err_text(-EBADMSG));
}

/* Without them debuggers translate no address of dom0. */
static void find_dom0_tree(struct essential *e)
{
	const struct pfn_set *tree = &e->k->dom0_tree;

	for (size_t i = 0; i < tree->nr; i++)
		pfn_set_add(e->set, tree->ranges[i].start, tree->ranges[i].end);
}

void essential_find(const struct kernel *k, struct pfn_set *set)
{
	static const struct {
		const char *name;
		void (*find)(struct essential *e);
	} parts[] = {
		{ "the image", find_image },
		{ "the frames of dom0", find_dom0_tree },
		{ "page tables", essential_find_tables },
		{ "CPUs", essential_find_cpus },
		{ "memory", essential_find_memory },
		{ "the log", find_texts },
		{ "modules", essential_find_modules },
		{ "tasks", essential_find_tasks },
		{ "pids", essential_find_pids },
		{ "slab caches", find_caches },
		{ "block devices", find_devices },
		{ "counters", essential_find_counters },
	};
	struct essential e;

	if (k->translation_err)
		return;
	if (essential_begin(&e, k, set)) {
		essential_end(&e);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i].find(&e);
		TRACE(FILTER, "essential, with %s: %zu ranges", parts[i].name, set->nr);
	}
	essential_end(&e);
}
