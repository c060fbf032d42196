// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Essential pages of the image's code: where stacks lead, and little more. Debuggers look there for
 * calls, and unwind x86_64 by ORC tables.
 */
#include <stdlib.h>

#include "kernel/essential_search.h"
#include "kernel/percpu.h"
#include "lib/cleanup.h"

/* crash finds out by the first instructions of two functions how system calls are named. */
INIT_OPT_MOD_SYM(vmlinux, __x64_sys_open);
INIT_OPT_MOD_SYM(vmlinux, __x64_sys_fork);
/* crash looks at frames of the scheduler, drgn at its bounds. */
INIT_OPT_MOD_SYM(vmlinux, __sched_text_start);
INIT_OPT_MOD_SYM(vmlinux, __sched_text_end);

/*
 * ORC tables: entries sorted by the address of code, and an index of them for each
 * ESSENTIAL_CODE_BLOCK bytes of code, since Linux kernel commit ee9f8fce9964 ("x86/unwind: Add
 * the ORC unwinder") (in v4.14).
 */
INIT_OPT_MOD_SYM(vmlinux, orc_lookup);
INIT_OPT_MOD_SYM(vmlinux, __start_orc_unwind_ip);
INIT_OPT_MOD_SYM(vmlinux, __start_orc_unwind);
INIT_OPT_MOD_STRUCT(vmlinux, orc_entry);

#define ORCS_MAX (1u << 24)
/* Entries of the first functions, of which unwinders learn how registers are numbered. */
#define ORCS_FIRST 256
#define STACK_MAX (UINT64_C(1) << 20)
#define SCHED_TEXT_MAX (UINT64_C(1) << 20)

/* x86_64: the stacks of each CPU for interrupts, and for exceptions. */
INIT_OPT_MOD_SYM(vmlinux, irq_stack_backing_store);
INIT_OPT_MOD_SYM(vmlinux, exception_stacks);
INIT_OPT_MOD_STRUCT(vmlinux, irq_stack);
INIT_OPT_MOD_STRUCT(vmlinux, exception_stacks);

/* Note the code that a word leads to, from about where its function begins on, and after it. */
static void scan_word(struct essential *e, vaddr_t va)
{
	if (va >= e->skip->start && va < e->skip->end) {
		uint64_t off = va - e->skip->start;
		uint64_t last = (off + ESSENTIAL_AFTER_CALL_BYTES) / ESSENTIAL_CODE_BLOCK;

		bitmap_set_range(&e->code,
				 (off - min_u64(off, ESSENTIAL_FUNCTION_BYTES)) /
					 ESSENTIAL_CODE_BLOCK,
				 last + 1);
	} else if (va >= e->module_code.start && va < e->module_code.end) {
		essential_add_module_code(e, va);
	}
}

static void scan_words(struct essential *e, const uint8_t *buf, uint64_t size)
{
	unsigned int word = vmem_ulong_size(&e->mem);

	for (uint64_t i = 0; i + word <= size; i += word)
		scan_word(e, load_ulong(buf + i, e->mem.is64, e->mem.swap));
}

void essential_scan_stack(struct essential *e, vaddr_t stack, uint64_t size)
{
	_cleanup_free_ uint8_t *buf = e->code.nbits && size <= STACK_MAX ? malloc(size) : NULL;

	if (buf && !vmem_read(&e->mem, stack, buf, size))
		scan_words(e, buf, size);
}

void essential_scan_cpu(struct essential *e, uint64_t cpu)
{
	const struct {
		const struct ksym_info *variable;
		uint64_t size;
	} stacks[] = {
		{ GET_MOD_SYM_PTR(vmlinux, irq_stack_backing_store), SIZE(irq_stack) },
		{ GET_MOD_SYM_PTR(vmlinux, exception_stacks), SIZE(exception_stacks) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
		vaddr_t at;

		if (SYM_EXIST(stacks[i].variable) &&
		    !percpu_address(&e->mem, cpu, stacks[i].variable->value, &at))
			essential_scan_stack(e, at, stacks[i].size);
	}
}

void essential_scan_registers(struct essential *e)
{
	unsigned int word = vmem_ulong_size(&e->mem);
	const uint8_t *notes = e->k->vc->notes;
	uint64_t size = e->k->vc->notes_size;

	/* They are at multiples of 4. */
	for (uint64_t i = 0; e->code.nbits && i + word <= size; i += 4)
		scan_words(e, notes + i, word);
}

/* Add the entries for blocks of code. */
static void add_orcs(struct essential *e, uint64_t block, uint64_t end)
{
	vaddr_t lookup = GET_MOD_SYM(vmlinux, orc_lookup);
	uint32_t first, last;

	if (!MOD_SYM_EXIST(vmlinux, orc_lookup) || !MOD_SYM_EXIST(vmlinux, __start_orc_unwind_ip) ||
	    !MOD_SYM_EXIST(vmlinux, __start_orc_unwind) ||
	    vmem_read_u32(&e->mem, lookup + block * 4, &first) ||
	    vmem_read_u32(&e->mem, lookup + end * 4, &last) || first > last || last > ORCS_MAX)
		return;
	essential_add_all(e, GET_MOD_SYM(vmlinux, __start_orc_unwind_ip) + first * UINT64_C(4),
			  (last - first + 1) * UINT64_C(4));
	essential_add_all(e, GET_MOD_SYM(vmlinux, __start_orc_unwind) + first * SIZE(orc_entry),
			  (last - first + UINT64_C(1)) * SIZE(orc_entry));
}

void essential_add_code(struct essential *e)
{
	uint64_t block = 0, end;

	for (; (block = bitmap_next_set(&e->code, block, e->code.nbits)) < e->code.nbits;
	     block = end) {
		end = bitmap_next_clear(&e->code, block, e->code.nbits);
		essential_add_all(e, e->skip->start + block * ESSENTIAL_CODE_BLOCK,
				  (end - block) * ESSENTIAL_CODE_BLOCK);
		add_orcs(e, block, end);
	}
	if (MOD_SYM_EXIST(vmlinux, __start_orc_unwind))
		essential_add_all(e, GET_MOD_SYM(vmlinux, __start_orc_unwind),
				  ORCS_FIRST * SIZE(orc_entry));
	add_orcs(e, 0, 1);
	if (MOD_SYM_EXIST(vmlinux, __sched_text_start) && MOD_SYM_EXIST(vmlinux, __sched_text_end))
		essential_add_all(e, GET_MOD_SYM(vmlinux, __sched_text_start),
				  min_u64(GET_MOD_SYM(vmlinux, __sched_text_end) -
						  GET_MOD_SYM(vmlinux, __sched_text_start),
					  SCHED_TEXT_MAX));
	if (MOD_SYM_EXIST(vmlinux, __x64_sys_open))
		essential_add_all(e, GET_MOD_SYM(vmlinux, __x64_sys_open), 64);
	if (MOD_SYM_EXIST(vmlinux, __x64_sys_fork))
		essential_add_all(e, GET_MOD_SYM(vmlinux, __x64_sys_fork), 64);
}
