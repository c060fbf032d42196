// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unwinding of stacks: each architecture's way, from memory that is given as text; where stacks
 * are damaged, a trace ends with the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "kernel/module_memory.h"
#include "kernel/unwind/orc_table.h"
#include "kernel/unwind/unwind.h"
#include "lib/elf_machine.h"
#include "facts/on_demand.h"

INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, sp_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, bp_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, sp_reg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, bp_reg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, type);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, signal);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, end);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, fp_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, ra_offset);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, fp_reg);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, orc_entry, ra_reg);
INIT_OPT_MOD_SYM(vmlinux, ret_from_fork_asm);
INIT_OPT_MOD_SYM(vmlinux, ret_from_fork);
INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, _etext);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module, mem);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module_memory, base);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, module_memory, size);
INIT_OPT_MOD_NUM(vmlinux, MOD_TEXT);
INIT_OPT_MOD_NUM(vmlinux, MOD_INIT_TEXT);
INIT_OPT_MOD_NUM(vmlinux, KERNELPACMASK);
INIT_OPT_MOD_SYM(vmlinux, do_vint);
INIT_OPT_MOD_SYM(vmlinux, handle_vint);
INIT_OPT_MOD_SYM(vmlinux, eentry);
INIT_OPT_MOD_SYM(vmlinux, exception_table);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, frame_record_meta, type);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, stackframe);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, psw);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, gprs);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, stack_frame, back_chain);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, stack_frame, gprs);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, epc);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, sp);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, s0);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, status);
INIT_OPT_MOD_SYM(vmlinux, handle_exception);
INIT_OPT_MOD_SYM(vmlinux, ret_from_exception);
INIT_OPT_MOD_SYM(vmlinux, __kretprobe_trampoline);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kretprobe_instance, llist);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, kretprobe_instance, ret_addr);
INIT_OPT_MOD_SYM(vmlinux, arch_rethook_trampoline);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rethook_node, llist);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, rethook_node, ret_addr);
INIT_OPT_MOD_SYM(vmlinux, return_to_handler);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, ret_stack);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, curr_ret_stack);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, ftrace_ret_stack, ret);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fgraph_ops, idx);

/* Code, its ORC tables, and a stack. */
#define CODE UINT64_C(0xffffffff81000000)
#define CODE_END (CODE + 0x10000)
#define ORC_IP UINT64_C(0xffffffff82000000)
#define ORC UINT64_C(0xffffffff82001000)
#define STACK UINT64_C(0xffffc90000000000)
#define STACK_BYTES 0x4000

/* A few pieces of memory, little-endian. */
struct memory {
	struct {
		vaddr_t start;
		uint8_t bytes[STACK_BYTES];
	} pieces[4];
	struct vmem mem;
	struct code_range range;
	struct code_map code;
	vaddr_t task; /* of the stack, or 0 */
};

static uint8_t *place(struct memory *m, vaddr_t va, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(m->pieces); i++)
		if (m->pieces[i].start && va >= m->pieces[i].start &&
		    va - m->pieces[i].start + len <= STACK_BYTES)
			return m->pieces[i].bytes + (va - m->pieces[i].start);
	return NULL;
}

static int read_memory(void *ctx, vaddr_t va, void *buf, size_t len)
{
	const uint8_t *from = place(ctx, va, len);

	if (!from)
		return err_set(-EFAULT, "%#" PRIx64 " is not mapped", va);
	memcpy(buf, from, len);
	return 0;
}

static struct memory *begin(void)
{
	static const vaddr_t starts[] = { CODE, ORC_IP, STACK };
	struct memory *m = calloc(1, sizeof(*m));
	struct fact_set set = facts_on_demand(), program = facts_of_program();

	assert_non_null(m);
	facts_reset(&set);
	facts_reset(&program);
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		m->pieces[i].start = starts[i];
	m->mem = (struct vmem){
		.read = read_memory, .ctx = m, .is64 = true, .swap = HOST_BIG_ENDIAN
	};
	m->range = (struct code_range){ .start = CODE, .end = CODE_END };
	m->code = (struct code_map){ .ranges = &m->range, .nr = 1 };
	return m;
}

static void put(struct memory *m, vaddr_t va, uint64_t value)
{
	uint8_t *to = place(m, va, 8);

	assert_non_null(to);
	value = htole64(value);
	memcpy(to, &value, 8);
}

/* Lines "OFFSET: WORD...", in hexadecimal; "c" before a word adds CODE to it, "s" STACK. */
static void put_words(struct memory *m, vaddr_t base, const char *text)
{
	while (*text) {
		vaddr_t at = base + strtoull(text, (char **)&text, 16);

		assert_int_equal(*text++, ':');
		while (*text == ' ') {
			uint64_t add = text[1] == 'c' ? CODE : text[1] == 's' ? STACK : 0;

			put(m, at, add + strtoull(text + 1 + !!add, (char **)&text, 16));
			at += 8;
		}
		assert_int_equal(*text++, '\n');
	}
}

static void set_member(struct ktype_info *t, uint32_t bit, uint32_t bits, uint32_t size,
		       uint32_t struct_size)
{
	t->member_bit_offset = bit;
	t->member_bit_sz = bits;
	t->member_size = size;
	t->struct_size = struct_size;
	t->index = FACT_BTF;
}

static void set_symbol(struct ksym_info *s, uint64_t value)
{
	s->value = value;
	s->index = FACT_KALLSYMS;
}

static void set_number(struct knum_info *n, int64_t value)
{
	n->value = value;
	n->index = FACT_BTF;
}

static void set_path(const char *path, uint32_t offset, uint32_t size)
{
	const struct fact_set sets[] = { facts_of_program(), facts_on_demand() };

	for (size_t n = 0; n < ARRAY_SIZE(sets); n++) {
		for (size_t i = 0; i < sets[n].nr_kpaths; i++) {
			if (strcmp(sets[n].kpaths[i]->path, path))
				continue;
			sets[n].kpaths[i]->bit_offset = offset * 8;
			sets[n].kpaths[i]->size = size;
			sets[n].kpaths[i]->index = FACT_BTF;
		}
	}
}

/*
 * Unwind, and compare with "OFFSET[e|?]... END": offsets in the code; e: of an exception; ?: not
 * reliable.
 */
static void check_trace(struct memory *m, uint16_t machine, const struct unwind_regs *regs,
			bool stopped, const char *want)
{
	struct unwind_frame frames[UNWIND_FRAMES_MAX];
	static const char *const ends[] = { "more", "done", "damaged", "long" };
	char text[4096] = "", why[160];
	size_t nr, len = 0;
	enum unwind_end end = unwind_stack(unwind_find(machine), &m->mem, &m->code, m->task, regs,
					   stopped, frames, &nr, why);

	for (size_t i = 0; i < nr && i < 20; i++)
		len += snprintf(text + len, sizeof(text) - len, "%" PRIx64 "%s%s ",
				frames[i].pc - CODE, frames[i].exception ? "e" : "",
				frames[i].reliable ? "" : "?");
	snprintf(text + len, sizeof(text) - len, "%s", ends[end]);
	assert_string_equal(text, want);
	assert_int_equal(end == UNWIND_DAMAGED, why[0] != '\0');
}

static void check_why(struct memory *m, uint16_t machine, const struct unwind_regs *regs,
		      const char *want)
{
	struct unwind_frame frames[UNWIND_FRAMES_MAX];
	char why[160];
	size_t nr;

	assert_int_equal(unwind_stack(unwind_find(machine), &m->mem, &m->code, 0, regs, true,
				      frames, &nr, why),
			 UNWIND_DAMAGED);
	assert_string_equal(why, want);
}

/* --- ORC --------------------------------------------------------------------------------- */

enum orc_format { ORC_OLD, ORC_OLD_SIGNAL, ORC_NEW, ORC_NEWEST };

static void set_orc_facts(enum orc_format format)
{
	unsigned int type_bits = format >= ORC_NEW ? 3 : 2;

	set_member(MEMBER(orc_entry, sp_offset), 0, 0, 2, 6);
	set_member(MEMBER(orc_entry, bp_offset), 16, 0, 2, 6);
	set_member(MEMBER(orc_entry, sp_reg), 32, 4, 4, 6);
	set_member(MEMBER(orc_entry, bp_reg), 36, 4, 4, 6);
	set_member(MEMBER(orc_entry, type), 40, type_bits, 4, 6);
	if (format != ORC_OLD)
		set_member(MEMBER(orc_entry, signal), 40 + type_bits, 1, 4, 6);
	if (format < ORC_NEW)
		set_member(MEMBER(orc_entry, end), 43, 1, 4, 6);
}

/* Registers and types by their old numbers, which newer kernels changed. */
enum { UNDEF, PREV_SP, DX, DI, BP, SP, R10, R13, BP_IND, SP_IND };
enum { CALL, REGS, PARTIAL, END_OF_STACK, NO_ENTRY };
static const uint8_t newest[] = { 0, 8, 2, 1, 4, 3, 6, 7, 10, 9 };

static void put_s16(uint8_t *to, int16_t value)
{
	uint16_t raw = htole16((uint16_t)value);

	memcpy(to, &raw, 2);
}

static void add_orc(struct memory *m, enum orc_format format, uint32_t at, int16_t sp_offset,
		    unsigned int sp, int16_t bp_offset, unsigned int bp, unsigned int type)
{
	uint64_t n = m->range.nr_orcs++;
	vaddr_t ip = ORC_IP + n * 4;
	uint32_t distance = htole32((uint32_t)(CODE + at - ip));
	uint8_t *entry = place(m, ORC + n * 6, 6), bits = type;

	if (format >= ORC_NEW)
		bits = type == NO_ENTRY ? 0 : type == END_OF_STACK ? 1 : type + 2;
	else if (type == END_OF_STACK)
		bits = 1 << 3; /* end */
	else if (type == NO_ENTRY)
		bits = 0;
	memcpy(place(m, ip, 4), &distance, 4);
	put_s16(entry, sp_offset);
	put_s16(entry + 2, bp_offset);
	if (format == ORC_NEWEST) {
		sp = newest[sp];
		bp = newest[bp];
	}
	entry[4] = sp | bp << 4;
	entry[5] = bits;
	m->range.orc_ip = ORC_IP;
	m->range.orc = ORC;
	m->code.has_orcs = true;
}

/*
 * 0: the entry of a function. 100: with a frame of 0x18 bytes. 200: rbp pushed. 300: by rbp.
 * 400: an interrupt's entry, all registers at sp + 8. 500: the hardware's registers at sp.
 * 600: where a thread begins. 700: no entry. 800: a stack in another one. 900: by r10.
 */
static struct memory *begin_orc(enum orc_format format)
{
	struct memory *m = begin();

	set_orc_facts(format);
	add_orc(m, format, 0, 8, SP, 0, UNDEF, CALL);
	add_orc(m, format, 0x100, 0x20, SP, 0, UNDEF, CALL);
	add_orc(m, format, 0x200, 0x10, SP, -16, PREV_SP, CALL);
	add_orc(m, format, 0x300, 0x10, BP, -16, PREV_SP, CALL);
	add_orc(m, format, 0x400, 8, SP, 0, UNDEF, REGS);
	add_orc(m, format, 0x500, 0, SP, 0, UNDEF, PARTIAL);
	add_orc(m, format, 0x600, 0, UNDEF, 0, UNDEF, END_OF_STACK);
	add_orc(m, format, 0x700, 0, UNDEF, 0, UNDEF, NO_ENTRY);
	add_orc(m, format, 0x800, 8, SP_IND, 0, UNDEF, CALL);
	add_orc(m, format, 0x900, 8, R10, 0, UNDEF, CALL);
	m->code.orc_sp = orc_stack_pointer(&m->mem, &m->range);
	assert_int_equal(m->code.orc_sp, format == ORC_NEWEST ? 3u : 5u);
	return m;
}

#define EACH_FORMAT(format) (enum orc_format format = ORC_OLD; format <= ORC_NEWEST; format++)
#define X86(m, regs, stopped, want) check_trace(m, EM_X86_64, regs, stopped, want)

static void test_orc(void **state)
{
	(void)state;
	for
		EACH_FORMAT(format)
		{
			struct memory *m = begin_orc(format);
			struct unwind_regs regs = { .pc = CODE + 0x150,
						    .sp = STACK,
						    .fp = STACK + 0x800 };

			/* A frame of 0x18 bytes, one with a pushed rbp, one that begins with it. */
			put_words(m, STACK, "18: c260\n20: s800 c320\n800: s900 c610\n");
			X86(m, &regs, true, "150e 260 320 610 done");
			/* The return address is beyond its function's last byte. */
			put_words(m, STACK, "18: c300\n20: s800 c610\n808: 0\n");
			X86(m, &regs, false, "150 300 610 done");
			free(m);
		}
}

static void test_orc_exceptions(void **state)
{
	(void)state;
	for
		EACH_FORMAT(format)
		{
			struct memory *m = begin_orc(format);
			struct unwind_regs regs = { .pc = CODE + 0x410, .sp = STACK };

			/* pt_regs at 8: bp 8+32, r10 8+56, ip 8+128, cs, flags, sp. */
			put_words(m, STACK,
				  "28: s300\n40: s400\n88: c905 10 0 s200\n400: 0\n3f8: 0\n");
			put_words(m, STACK, "400: c510\n408: c0 33 0 0\n");
			X86(m, &regs, false, "410 905e 510 done");
			/* The kernel was interrupted at the first instruction of a function. */
			put_words(m, STACK, "408: c200 10 0 s600\n600: 0\n608: c610\n");
			X86(m, &regs, false, "410 905e 510 200e 610 done");
			/* From an interrupt's stack back to that of the task. */
			regs.pc = CODE + 0x850;
			put_words(m, STACK, "0: s700\n700: c610\n");
			X86(m, &regs, true, "850e 610 done");
			free(m);
		}
}

static void test_orc_damage(void **state)
{
	(void)state;
	for
		EACH_FORMAT(format)
		{
			struct memory *m = begin_orc(format);
			struct unwind_regs regs = { .pc = CODE + 0x150,
						    .sp = STACK + STACK_BYTES - 0x10 };

			X86(m, &regs, true, "150e damaged");
			regs.sp = STACK + 1;
			X86(m, &regs, true, "150e damaged");
			/* No entry is an end where no call is found. */
			regs = (struct unwind_regs){ .pc = CODE + 0x750, .sp = STACK };
			X86(m, &regs, true, "750e damaged");
			/* A return address that is none. */
			regs.pc = CODE + 0x50;
			put_words(m, STACK, "0: 0\n");
			X86(m, &regs, true, "50e damaged");
			/* Generated code is passed by its frame pointer; once. */
			regs.fp = STACK + 0x100;
			put_words(m, STACK, "0: ffffffffc0001000\n100: s200 c610\n");
			X86(m, &regs, true, "50e 3f001000 610? done");
			put_words(m, STACK, "108: ffffffffc0002000\n");
			X86(m, &regs, true, "50e 3f001000 damaged");
			/* A stack that leads into itself. */
			regs = (struct unwind_regs){ .pc = CODE + 0x850, .sp = STACK };
			put_words(m, STACK, "0: s8\n8: c850\n");
			put_words(m, STACK, "10: s8\n");
			X86(m, &regs, true, "850e 850 850 850 850 850 850 850 850 850 damaged");
			free(m);
		}
}

/* The entry with which a search of all 10 begins cannot be read. */
static int read_but_middle(void *ctx, vaddr_t va, void *buf, size_t len)
{
	return va == ORC_IP + 5 * 4 ? err_set(-EFAULT, "not in the dump") :
				      read_memory(ctx, va, buf, len);
}

/* With a table to look entries up only those near the address are read; a wrong one is ignored. */
static void test_orc_lookup(void **state)
{
	static const uint32_t wrong[][2] = { { 3, 3 }, { 0, 0 }, { 0, 99 }, { 10, 10 } };
	const vaddr_t lookup = ORC_IP + 0x2000;
	struct memory *m = begin_orc(ORC_NEW);
	uint64_t n, nr = m->range.nr_orcs;

	(void)state;
	m->range.orc_lookup = lookup;
	for (uint64_t i = 0; i < nr; i++)
		put(m, lookup + i * 4, i | (i + 1) << 32);
	for (uint64_t i = 0; i < nr - 1; i++) {
		assert_true(orc_search(&m->mem, &m->range, CODE + i * 0x100 + 0x50, &n));
		assert_int_equal(n, i);
	}
	m->mem.read = read_but_middle;
	assert_true(orc_search(&m->mem, &m->range, CODE + 0x150, &n));
	assert_int_equal(n, 1);
	m->range.orc_lookup = 0;
	assert_false(orc_search(&m->mem, &m->range, CODE + 0x150, &n));
	m->range.orc_lookup = lookup;
	m->mem.read = read_memory;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		put(m, lookup + 4 * 1, wrong[i][0] | (uint64_t)wrong[i][1] << 32);
		assert_true(orc_search(&m->mem, &m->range, CODE + 0x150, &n));
		assert_int_equal(n, 1);
	}
	free(m);
}

/* A new task has made no call yet: its first instruction may be that of a function. */
static void test_orc_new_task(void **state)
{
	struct memory *m = begin_orc(ORC_NEW);
	struct unwind_regs regs = { .pc = CODE + 0x600, .sp = STACK };

	(void)state;
	set_symbol(GET_MOD_SYM_PTR(vmlinux, ret_from_fork), CODE + 0x600);
	X86(m, &regs, false, "600 done");
	set_symbol(GET_MOD_SYM_PTR(vmlinux, ret_from_fork), CODE);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, ret_from_fork_asm), CODE + 0x600);
	X86(m, &regs, false, "600 done");
	free(m);
}

/* A call of address 0 has pushed its return address, and no more. */
static void test_orc_null_call(void **state)
{
	struct memory *m = begin_orc(ORC_NEW);
	struct unwind_regs regs = { .sp = STACK };

	(void)state;
	put_words(m, STACK, "0: c610\n");
	X86(m, &regs, true, "7f000000e 610 done");
	free(m);
}

/* A frame by r10, which is known only where it was saved. */
static void test_orc_lost_register(void **state)
{
	struct memory *m = begin_orc(ORC_NEW);
	struct unwind_regs regs = { .pc = CODE + 0x150, .sp = STACK, .r10 = STACK + 0x200 };

	(void)state;
	put_words(m, STACK, "18: c910\n200: c610\n");
	X86(m, &regs, true, "150e 910 damaged");
	free(m);
}

/* A call of the function without entries, and rbp the second register that it pushes. */
static void test_orc_crash(void **state)
{
	static const uint8_t call[] = { 0xe8, 0xf0, 0x03, 0, 0 }, code[] = {
		0xf3, 0x0f, 0x1e, 0xfa, 0xe8, 0, 0, 0, 0, 0x41, 0x54, 0x55, 0x53, 0x90,
	};
	struct memory *m = begin_orc(ORC_NEW);
	struct unwind_regs regs = { .pc = CODE + 0x77f, .sp = STACK };

	(void)state;
	memcpy(place(m, CODE + 0x30b, 5), call, 5);
	/* A word that follows the call of another function. */
	memcpy(place(m, CODE + 0x40b, 5), call, 5);
	memcpy(place(m, CODE + 0x700, 14), code, 14);
	put_words(m, STACK, "0: c100 c410 0\n20: s100 0 c310\n100: s200 c610\n");
	X86(m, &regs, true, "77fe 310 610 done");
	free(m);
}

static void test_orc_too_long(void **state)
{
	struct memory *m = begin_orc(ORC_NEW);
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK };

	(void)state;
	for (unsigned int i = 0; i < UNWIND_FRAMES_MAX + 5; i++)
		put(m, STACK + i * 8, CODE + 0x50);
	X86(m, &regs, true, "50e 50 50 50 50 50 50 50 50 50 50 50 50 50 50 50 50 50 50 50 long");
	free(m);
}

/* Without tables frame pointers lead, and an odd one to the registers of an exception. */
static void test_frame_pointers(void **state)
{
	struct memory *m = begin();
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK, .fp = STACK + 0x10 };

	(void)state;
	put_words(m, STACK,
		  "10: s41 c120\n60: s200\nc0: c150 10 0 s180\n200: s300 c180\n300: 0 0\n");
	X86(m, &regs, true, "50e 120 150e 180 damaged");
	/* The end of the first idle task. */
	put_words(m, STACK, "300: 0 c150\n");
	X86(m, &regs, true, "50e 120 150e 180 150 done");
	free(m);
}

/* --- other architectures ---------------------------------------------------------------------- */

static void test_arm64(void **state)
{
	struct memory *m = begin();
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK, .fp = STACK + 0x10 };

	(void)state;
	put_words(m, STACK, "10: s40 c120\n40: s100 c180\n100: 0 0 2\n");
	check_trace(m, EM_AARCH64, &regs, true, "50e 120 180 done");
	/* A return address with bits that authenticate it. */
	set_number(&_knum_vmlinux_KERNELPACMASK, (int64_t)0xff7f000000000000);
	put_words(m, STACK, "18: 12a5ffff81000120\n");
	check_trace(m, EM_AARCH64, &regs, true, "50e 120 180 done");
	/* A record with a type: saved registers of the kernel, and of user mode. */
	set_member(MEMBER(frame_record_meta, type), 128, 0, 8, 24);
	set_member(MEMBER(pt_regs, stackframe), 0x110 * 8, 0, 16, 0x150);
	put_words(m, STACK, "40: s510 c180\n510: 0 0 2\n");
	put_words(m, STACK, "4e8: s700\n4f8: s6f0 c1f0 5\n6f0: c1f8 5 0 0 1\n");
	check_trace(m, EM_AARCH64, &regs, true, "50e 120 180 1f0e done");
	put_words(m, STACK, "508: 0\n");
	check_trace(m, EM_AARCH64, &regs, true, "50e 120 180 done");
	regs.fp = STACK + STACK_BYTES;
	check_trace(m, EM_AARCH64, &regs, true, "50e damaged");
	/* A loop. */
	regs.fp = STACK + 0x10;
	put_words(m, STACK, "10: s10 c120\n");
	check_trace(m, EM_AARCH64, &regs, true, "50e 120 120 120 120 120 120 120 120 120 damaged");
	free(m);
}

static void test_riscv64(void **state)
{
	struct memory *m = begin();
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK, .fp = STACK + 0x40 };

	(void)state;
	put_words(m, STACK, "30: s80 c120\n70: s100 c180\nf0: 0 0\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 120 180 done");
	set_member(MEMBER(pt_regs, epc), 0, 0, 8, 0x120);
	set_member(MEMBER(pt_regs, sp), 0x10 * 8, 0, 8, 0x120);
	set_member(MEMBER(pt_regs, s0), 0x40 * 8, 0, 8, 0x120);
	set_member(MEMBER(pt_regs, status), 0x100 * 8, 0, 8, 0x120);
	GET_MOD_SYM(vmlinux, handle_exception) = CODE + 0x400;
	GET_MOD_SYM(vmlinux, ret_from_exception) = CODE + 0x440;
	GET_MOD_SYM_PTR(vmlinux, handle_exception)->index = FACT_KALLSYMS;
	GET_MOD_SYM_PTR(vmlinux, ret_from_exception)->index = FACT_KALLSYMS;
	/* The registers are above the frame of the entry. */
	put_words(m, STACK, "30: s80 c410\n40: c1f0 0 s200\n80: s240\n140: 100\n230: 0 c1f8\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 410 1f0e 1f8 done");
	put_words(m, STACK, "140: 0\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 410 done");
	/* Those of a kernel thread, which returns where it began. */
	put_words(m, STACK, "40: 0\n80: 0\n140: 100\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 410 done");
	free(m);
}

/* Return addresses of four frames lead to the trampolines of kretprobes and of the tracer. */
static struct memory *begin_replaced(void)
{
	struct memory *m = begin();

	set_member(MEMBER(task_struct, ret_stack), 0x10 * 8, 0, 8, 0x40);
	set_member(MEMBER(task_struct, curr_ret_stack), 0x18 * 8, 0, 4, 0x40);
	set_member(MEMBER(ftrace_ret_stack, ret), 8 * 8, 0, 8, 0x18);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, return_to_handler), CODE + 0x8100);
	m->task = STACK + 0x1000;
	put_words(m, STACK, "30: s80 c8000\n70: s100 c8100\nf0: s140 c8100\n");
	put_words(m, STACK, "130: s180 c8000\n170: 0 c120\n");
	/* The task: its two lists, the tracer's stack, and the number on that. */
	put_words(m, STACK, "1000: s1110 s1210 s2000 ffffffffffffffff\n");
	/* A node: the next one, the real address. */
	put_words(m, STACK, "1110: s1150 0 c180\n1150: 0 0 c1c0\n");
	put_words(m, STACK, "1210: s1250 c184\n1250: 0 c1c4\n");
	return m;
}

static void test_replaced_addresses(void **state)
{
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK, .fp = STACK + 0x40 };
	struct memory *m = begin_replaced();

	(void)state;
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 8100 8100 8000 120 done");
	/* kretprobes, with either list; one address was replaced twice. */
	set_path("task_struct.kretprobe_instances.first", 8, 8);
	set_member(MEMBER(kretprobe_instance, llist), 0x10 * 8, 0, 8, 0x40);
	set_member(MEMBER(kretprobe_instance, ret_addr), 0x18 * 8, 0, 8, 0x40);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, __kretprobe_trampoline), CODE + 0x8000);
	check_trace(m, EM_RISCV, &regs, true, "50e 184 8100 8100 1c4 120 done");
	GET_MOD_SYM_PTR(vmlinux, __kretprobe_trampoline)->index = -1;
	set_path("task_struct.rethooks.first", 0, 8);
	set_member(MEMBER(rethook_node, llist), 0x10 * 8, 0, 8, 0x40);
	set_member(MEMBER(rethook_node, ret_addr), 0x20 * 8, 0, 8, 0x40);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, arch_rethook_trampoline), CODE + 0x8000);
	check_trace(m, EM_RISCV, &regs, true, "50e 180 8100 8100 1c0 120 done");
	put_words(m, STACK, "1120: c8000\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 1c0 8100 8100 8000 120 done");
	/* A list without an end, and one that leads nowhere. */
	put_words(m, STACK, "1110: s1110\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 8100 8100 8000 120 done");
	put_words(m, STACK, "1000: 10\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 8100 8100 8000 120 done");
	/* A task that is not known. */
	m->task = 0;
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 8100 8100 8000 120 done");
	free(m);
}

static void test_traced_functions(void **state)
{
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK, .fp = STACK + 0x40 };
	struct memory *m = begin_replaced();

	(void)state;
	/* Entries of 0x18 bytes, of which curr_ret_stack is the last. */
	put_words(m, STACK, "2008: c140\n2020: c160\n");
	put_words(m, STACK, "1018: 0\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 140 8100 8000 120 done");
	put_words(m, STACK, "1018: 1\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 160 140 8000 120 done");
	put_words(m, STACK, "1018: 1001\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 8100 8100 8000 120 done");
	/* Words, of which it is the number: a word after each entry tells where that begins. */
	set_member(MEMBER(fgraph_ops, idx), 0, 0, 4, 0x40);
	put_words(m, STACK, "2000: c188 c140 0 1403 0 c160 0 0 f405\n");
	put_words(m, STACK, "1018: 9\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 8100 8100 8000 120 done");
	put_words(m, STACK, "2040: f404\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 160 140 8000 120 done");
	put_words(m, STACK, "1018: 4\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 140 8100 8000 120 done");
	put_words(m, STACK, "2018: 1404\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 8100 8100 8000 120 done");
	put_words(m, STACK, "1018: 0\n");
	check_trace(m, EM_RISCV, &regs, true, "50e 8000 8100 8100 8000 120 done");
	free(m);
}

static void test_s390x(void **state)
{
	struct memory *m = begin();
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK };

	(void)state;
	check_trace(m, EM_S390, &regs, true, "50e damaged");
	set_member(MEMBER(stack_frame, back_chain), 0, 0, 8, 160);
	set_member(MEMBER(stack_frame, gprs), 0x30 * 8, 0, 80, 160);
	set_member(MEMBER(pt_regs, psw), 0, 0, 16, 0x100);
	set_member(MEMBER(pt_regs, gprs), 0x10 * 8, 0, 128, 0x100);
	/* Two frames, then registers of the kernel, a frame, and registers of user mode. */
	put_words(m, STACK, "0: s100\n100: s200\n170: c120\n200: 0\n270: c180\n");
	put_words(m, STACK, "2a0: 0 c1f0\n328: s400\n400: 0\n4a0: 1000000000000 1000\n");
	check_trace(m, EM_S390, &regs, true, "50e 120 180 1f0e done");
	/* A kernel thread: the registers are those of no code. */
	put_words(m, STACK, "4a0: 0 0\n");
	check_trace(m, EM_S390, &regs, true, "50e 120 180 1f0e done");
	/* The function that was interrupted saved no return address. */
	put_words(m, STACK, "100: s200\n170: c50\n");
	regs.lr = CODE + 0x140;
	check_trace(m, EM_S390, &regs, true, "50e 140 180 1f0e done");
	put_words(m, STACK, "170: c120\n320: c160\n400: s480\n4f0: c1f0\n480: 0\n520: 0 0\n");
	check_trace(m, EM_S390, &regs, true, "50e 120 180 1f0e 160 done");
	put_words(m, STACK, "100: s101\n");
	check_trace(m, EM_S390, &regs, true, "50e 120 damaged");
	free(m);
}

static void test_ppc64(void **state)
{
	struct memory *m = begin();
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK };

	(void)state;
	put_words(m, STACK, "0: s100\n100: s300 0 c120\n300: 0\n");
	check_trace(m, EM_PPC64, &regs, true, "50e 120 done");
	/* Registers in a frame with a mark, of either ABI. */
	put_words(m, STACK, "120: 7265677368657265\n138: s500\n230: c1f0 0\n500: 0\n");
	check_trace(m, EM_PPC64, &regs, true, "50e 120 1f0e done");
	put_words(m, STACK, "120: 53474552\n");
	check_trace(m, EM_PPC64, &regs, true, "50e 120 1f0e done");
	put_words(m, STACK, "120: 52454753\n");
	check_trace(m, EM_PPC64, &regs, true, "50e 120 1f0e done");
	put_words(m, STACK, "120: 0\n160: 7265677368657265\n178: s500\n270: c1f8 4000\n");
	check_trace(m, EM_PPC64, &regs, true, "50e 120 done");
	free(m);
}

/* --- loongarch64 ------------------------------------------------------------------------------ */

/* Registers by their numbers in entries: 1 the caller's stack, 2 sp, 3 fp. */
static void add_loongarch_orc(struct memory *m, uint32_t at, int16_t sp_offset, int16_t fp_offset,
			      int16_t ra_offset, unsigned int sp, unsigned int fp, unsigned int ra,
			      unsigned int type)
{
	uint64_t n = m->range.nr_orcs++;
	vaddr_t ip = ORC_IP + n * 4;
	uint32_t distance = htole32((uint32_t)(CODE + at - ip));
	uint8_t *entry = place(m, ORC + n * 8, 8);

	memcpy(place(m, ip, 4), &distance, 4);
	put_s16(entry, sp_offset);
	put_s16(entry + 2, fp_offset);
	put_s16(entry + 4, ra_offset);
	entry[6] = sp | fp << 4;
	entry[7] = ra | type << 4;
	m->range.orc_ip = ORC_IP;
	m->range.orc = ORC;
	m->code.has_orcs = true;
}

/*
 * 0: a leaf function. 100: a frame of 0x20 bytes with fp and ra. 200: one that begins with fp.
 * 400: an exception's entry. 500: do_vint(). 600: where a thread begins. 700: no entry.
 */
static struct memory *begin_loongarch(void)
{
	struct memory *m = begin();

	set_member(MEMBER(orc_entry, sp_offset), 0, 0, 2, 8);
	set_member(MEMBER(orc_entry, fp_offset), 16, 0, 2, 8);
	set_member(MEMBER(orc_entry, ra_offset), 32, 0, 2, 8);
	set_member(MEMBER(orc_entry, sp_reg), 48, 4, 4, 8);
	set_member(MEMBER(orc_entry, fp_reg), 52, 4, 4, 8);
	set_member(MEMBER(orc_entry, ra_reg), 56, 4, 4, 8);
	set_member(MEMBER(orc_entry, type), 60, 3, 4, 8);
	add_loongarch_orc(m, 0, 0, 0, 0, 2, 0, 0, 2);
	add_loongarch_orc(m, 0x100, 0x20, -16, -8, 2, 1, 1, 2);
	add_loongarch_orc(m, 0x200, 0, -16, -8, 3, 1, 1, 2);
	add_loongarch_orc(m, 0x400, 0, 0, 0, 2, 0, 0, 3);
	add_loongarch_orc(m, 0x500, 0x10, 0, -8, 2, 0, 1, 2);
	add_loongarch_orc(m, 0x600, 0, 0, 0, 0, 0, 0, 1);
	add_loongarch_orc(m, 0x700, 0, 0, 0, 0, 0, 0, 0);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, do_vint), CODE + 0x500);
	return m;
}

#define LOONGARCH(m, regs, stopped, want) check_trace(m, EM_LOONGARCH, regs, stopped, want)

static void test_loongarch64(void **state)
{
	struct memory *m = begin_loongarch();
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK, .lr = CODE + 0x150 };

	(void)state;
	/* A leaf, a frame by sp, a frame by fp, the beginning of a thread. */
	put_words(m, STACK, "10: s100 c250\nf0: 0 c610\n");
	LOONGARCH(m, &regs, true, "50e 150 250 610 done");
	/* A leaf function of the kernel was interrupted, and user mode. */
	put_words(m, STACK, "f8: c410\n108: c110\n118: s300\n1b0: 0\n208: c50\n");
	put_words(m, STACK, "310: 0 c410\n338: s800\n428: 1000\n440: 3\n");
	put_words(m, STACK, "208: c50\n");
	LOONGARCH(m, &regs, true, "50e 150 250 410 50e 110 410 done");
	regs = (struct unwind_regs){ .pc = CODE + 0x750, .sp = STACK };
	LOONGARCH(m, &regs, true, "750e damaged");
	/* The return address of a leaf function is known only where it was stopped. */
	regs.pc = CODE + 0x50;
	LOONGARCH(m, &regs, false, "50 damaged");
	free(m);
}

/* The stack of interrupts, from which do_vint() leads back to that of the task. */
static void test_loongarch64_interrupt(void **state)
{
	struct memory *m = begin_loongarch();
	struct unwind_regs regs = { .pc = CODE + 0x150, .sp = STACK };

	(void)state;
	put_words(m, STACK, "18: c510\n20: s800\n808: c110\n818: sa00\n908: c60\n");
	put_words(m, STACK, "a10: 0 c610\n");
	LOONGARCH(m, &regs, true, "150e 510 60e 110 610 done");
	free(m);
}

/* The code that an exception enters is a copy. */
static void test_loongarch64_vectors(void **state)
{
	struct memory *m = begin_loongarch();
	struct unwind_regs regs = { .pc = CODE + 0x150, .sp = STACK };

	(void)state;
	set_symbol(GET_MOD_SYM_PTR(vmlinux, eentry), STACK + 0x1000);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, exception_table), STACK + 0x1100);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, handle_vint), CODE + 0x480);
	put_words(m, STACK, "1000: 9000000000a00000\n1118: c400\n");
	put_words(m, STACK, "18: 9000000000a00610\n20: 0\n38: s900\n128: c110\n910: 0 c610\n");
	LOONGARCH(m, &regs, true, "150e 410 110e 610 done");
	put_words(m, STACK, "18: 9000000000a08810\n");
	LOONGARCH(m, &regs, true, "150e 490 110e 610 done");
	free(m);
}

/* Without tables frame pointers lead. */
static void test_loongarch64_frame_pointers(void **state)
{
	struct memory *m = begin();
	struct unwind_regs regs = { .pc = CODE + 0x50, .sp = STACK, .fp = STACK + 0x20 };

	(void)state;
	put_words(m, STACK, "10: s80 c120\n70: s100 c180\nf0: 0 0\n");
	LOONGARCH(m, &regs, true, "50e 120 180 damaged");
	/* There is none: nothing was read that could be damaged. */
	regs.fp = 0;
	check_why(m, EM_LOONGARCH, &regs, "the caller of 0xffffffff81000050 is not known");
	free(m);
}

/* --- where code is ---------------------------------------------------------------------------- */

static struct code_map read_code_map(struct memory *m)
{
	struct kmodule module = { .address = STACK };
	const struct module_list modules = { .modules = &module, .nr = 1 };
	struct code_map map;

	set_symbol(GET_MOD_SYM_PTR(vmlinux, _stext), CODE);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, _etext), CODE_END);
	assert_int_equal(code_map_read(&map, &m->mem, &modules), 0);
	return map;
}

/*
 * A module's code lies below the kernel's, and above it the code that initializes the module; its
 * data lies between them.
 */
static void check_module_code(struct memory *m)
{
	struct code_map map = read_code_map(m);

	assert_int_equal(map.nr, 3);
	assert_ptr_equal(code_find(&map, CODE - 0xf001), &map.ranges[0]);
	assert_null(code_find(&map, CODE - 0xf000));
	assert_ptr_equal(code_find(&map, CODE), &map.ranges[1]);
	assert_ptr_equal(code_find(&map, CODE_END + 0x1fff), &map.ranges[2]);
	assert_null(code_find(&map, CODE_END + 0x2000));
	code_map_free(&map);
}

static void test_module_code(void **state)
{
	struct memory *m = begin();
	struct module_piece piece;

	(void)state;
	set_member(MEMBER(module, mem), 0x40 * 8, 0, 3 * 16, 0x100);
	set_member(MEMBER(module_memory, base), 0, 0, 8, 16);
	set_member(MEMBER(module_memory, size), 8 * 8, 0, 8, 16);
	set_number(&_knum_vmlinux_MOD_TEXT, 0);
	set_number(&_knum_vmlinux_MOD_INIT_TEXT, 2);
	put_words(m, STACK, "40: 0 1000 8000 1000 0 1000 9000 1000\n");
	put(m, STACK + 0x40, CODE - 0x10000);
	put(m, STACK + 0x60, CODE_END + 0x1000);
	check_module_code(m);
	/* The array has no fourth element. */
	assert_false(module_memory(&m->mem, STACK, 3, &piece));
	free(m);
}

/* Before 6.4: the constant part of all its memory. */
static void test_module_layout(void **state)
{
	struct memory *m = begin();
	struct module_piece piece;
	struct code_map map;

	(void)state;
	set_path("module.core_layout.base", 0x40, 8);
	set_path("module.core_layout.size", 0x48, 4);
	set_path("module.core_layout.ro_size", 0x50, 4);
	set_path("module.init_layout.base", 0x58, 8);
	set_path("module.init_layout.size", 0x60, 4);
	put_words(m, STACK, "48: 3000 1000 0 1000\n");
	put(m, STACK + 0x40, CODE - 0x10000);
	put(m, STACK + 0x58, CODE_END + 0x1000);
	check_module_code(m);
	assert_true(module_memory(&m->mem, STACK, 1, &piece));
	assert_int_equal(piece.base, CODE - 0xf000);
	assert_int_equal(piece.size, 0x2000);
	assert_false(module_memory(&m->mem, STACK, 3, &piece));
	/* Then which part is constant is not known. */
	put(m, STACK + 0x50, 0x3001);
	assert_false(module_memory(&m->mem, STACK, 0, &piece));
	assert_true(module_memory(&m->mem, STACK, 1, &piece));
	assert_int_equal(piece.size, 0x3000);
	/* It is initialized. */
	put(m, STACK + 0x50, 0x1000);
	put_words(m, STACK, "58: 0 0\n");
	map = read_code_map(m);
	assert_int_equal(map.nr, 2);
	code_map_free(&map);
	free(m);
}

/* Registers of user mode are no beginning of a stack of the kernel. */
static void test_user(void **state)
{
	const struct unwind_regs regs = { .pc = 0x400000, .sp = 0x7ff000, .user = true };
	const struct vmem mem = { .is64 = true };
	const struct code_map code = { 0 };
	struct unwind_frame frames[UNWIND_FRAMES_MAX];
	char why[160];
	size_t nr = 1;

	(void)state;
	assert_int_equal(unwind_stack(unwind_find(EM_X86_64), &mem, &code, 0, &regs, true, frames,
				      &nr, why),
			 UNWIND_DONE);
	assert_int_equal(nr, 0);
}

/* A note of registers, after 112 bytes of other members: word i is 0x100 + 4 * i. */
static int note_regs(uint16_t machine, size_t words, struct unwind_regs *ret)
{
	size_t size = 112 + 8 * words;
	uint8_t *desc = calloc(1, size);
	int err;

	assert_non_null(desc);
	for (size_t i = 0; i < words; i++)
		store_u64(desc + 112 + 8 * i, 0x100 + 4 * i, false);
	err = unwind_prstatus_regs(&unwind_find(machine)->note, desc, size, false, ret);
	free(desc);
	return err;
}

static void test_notes(void **state)
{
	const uint64_t none[32] = { 0 };
	struct unwind_regs r;

	(void)state;
	/* Words of user_regs_struct: ip is word 16, cs 17, sp 19; the last one counts. */
	for (size_t words = 0; words < 20; words++)
		assert_int_equal(note_regs(EM_X86_64, words, &r), -ENODATA);
	assert_int_equal(note_regs(EM_X86_64, 20, &r), 0);
	assert_int_equal(r.pc, 0x100 + 4 * 16);
	assert_int_equal(r.sp, 0x100 + 4 * 19);
	assert_int_equal(r.fp, 0x100 + 4 * 4);
	assert_int_equal(r.r13, 0x100 + 4 * 2);
	assert_false(r.user);
	assert_int_equal(unwind_prstatus_regs(&unwind_find(EM_X86_64)->note, none, 111, false, &r),
			 -ENODATA);
	/* Words of user_pt_regs: pc is 32, pstate 33, with mode 0 for the user. */
	assert_int_equal(note_regs(EM_AARCH64, 33, &r), -ENODATA);
	assert_int_equal(note_regs(EM_AARCH64, 34, &r), 0);
	assert_int_equal(r.pc, 0x100 + 4 * 32);
	assert_false(r.user);
	/* Addresses of riscv64's kernel are in the upper half. */
	assert_int_equal(note_regs(EM_RISCV, 9, &r), 0);
	assert_true(r.user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orc),
		cmocka_unit_test(test_orc_exceptions),
		cmocka_unit_test(test_orc_damage),
		cmocka_unit_test(test_orc_lookup),
		cmocka_unit_test(test_orc_new_task),
		cmocka_unit_test(test_orc_null_call),
		cmocka_unit_test(test_orc_lost_register),
		cmocka_unit_test(test_orc_crash),
		cmocka_unit_test(test_orc_too_long),
		cmocka_unit_test(test_frame_pointers),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_arm64),
		cmocka_unit_test(test_riscv64),
		cmocka_unit_test(test_replaced_addresses),
		cmocka_unit_test(test_traced_functions),
		cmocka_unit_test(test_s390x),
		cmocka_unit_test(test_ppc64),
		cmocka_unit_test(test_loongarch64),
		cmocka_unit_test(test_loongarch64_interrupt),
		cmocka_unit_test(test_loongarch64_vectors),
		cmocka_unit_test(test_loongarch64_frame_pointers),
		cmocka_unit_test(test_module_code),
		cmocka_unit_test(test_module_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
