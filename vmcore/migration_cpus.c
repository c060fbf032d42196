// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration_cpus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/elf_machine.h"
#include "lib/err.h"
#include "lib/trace.h"
#include "vmcore/bare.h"
#include "vmcore/prstatus.h"

/* Numbers of the stream are big-endian. */
#define SWAP (!HOST_BIG_ENDIAN)

/* CPUs that are believed. */
#define CPUS_MAX 8192
/* Bytes that are searched at once. */
#define PIECE ((size_t)64 << 10)
/* The most bytes of a CPU's state that are read. */
#define STATE_MAX 464

/* The head of a section: u8 kind, u32 number, u8 length, the name, u32 instance, u32 version. */
#define SECTION_FULL 4
#define HEAD_SIZE 17
#define HEAD_NUMBER 1
#define HEAD_NAME 5
#define HEAD_INSTANCE 9
#define HEAD_VERSION 13

static const char cpu_name[] = "\3cpu";

/* A number in the state of a CPU: its offset. */
#define WIDE 0x8000   /* it has 8 bytes, else 4 */
#define ABSENT 0xffff /* there is none: it counts as 0 */

/*
 * The beginning of a CPU's state, as target/MACHINE/machine.c of QEMU has it. Newer versions of
 * QEMU add subsections at its end.
 */
struct state {
	uint16_t cpus;	  /* as migrated_ram.cpus */
	uint16_t machine; /* of the kernel that runs in this state */
	uint32_t version;
	/* The CPU is in this state if these numbers have these bits. */
	struct {
		uint16_t field;
		uint64_t mask, bits;
	} tests[2];
	uint16_t words[PRSTATUS_WORDS];
};

/*
 * Registers of x86 have L bytes: 8, but 4 in the streams of qemu-system-i386. After RIP and RFLAGS
 * come hflags of QEMU, 8 bytes and 8 registers of the FPU, 10 segments, 3 other numbers, and CR0.
 */
#define X86_LONG(l, off) ((off) | ((l) == 8 ? WIDE : 0))
#define X86_REG(l, n) X86_LONG(l, (n) * (l))
#define X86_RIP_OFF(l) (2 * (l) * (l))
#define X86_RIP(l) X86_LONG(l, X86_RIP_OFF(l))
#define X86_RFLAGS(l) X86_LONG(l, X86_RIP_OFF(l) + (l))
#define X86_MODE(l) (X86_RIP_OFF(l) + 2 * (l))
#define X86_LMA 0x4000
#define X86_SEGMENT(l, n) (X86_MODE(l) + 92 + (n) * (12 + (l)))
#define X86_BASE(l, n) X86_LONG(l, X86_SEGMENT(l, n) + 4)
#define X86_CR0(l) X86_LONG(l, X86_SEGMENT(l, 10) + 4 + 2 * (l))
/* Paging and protected mode: no kernel runs without. */
#define X86_CR0_KERNEL UINT64_C(0x80000001)
/* Bits of RFLAGS: of the reserved ones one is always set, the others never. */
#define X86_RFLAGS_MASK (~UINT64_C(0x3ffffd))
#define X86_RFLAGS_SET 2

enum x86_reg { AX, CX, DX, BX, SP, BP, SI, DI };
enum x86_segment { ES, CS, SS, DS, FS, GS };

#define I386_WORDS(l) \
	X86_REG(l, BX), X86_REG(l, CX), X86_REG(l, DX), X86_REG(l, SI), X86_REG(l, DI), \
		X86_REG(l, BP), X86_REG(l, AX), X86_SEGMENT(l, DS), X86_SEGMENT(l, ES), \
		X86_SEGMENT(l, FS), X86_SEGMENT(l, GS), ABSENT, X86_RIP(l), X86_SEGMENT(l, CS), \
		X86_RFLAGS(l), X86_REG(l, SP), X86_SEGMENT(l, SS)

#define ARM_REG(n) ((64 + 8 * (n)) | WIDE)
#define ARM_PC (320 | WIDE)
#define ARM_PSTATE 328
#define ARM_32BIT 0x10

#define S390_REG(n) (8 * (n) | WIDE)
#define S390_PSW(n) ((128 + 8 * (n)) | WIDE)
#define S390_ACCESS(n) ((212 + 8 * (n)) | WIDE) /* two access registers */

/* The machine is that of the first one in which a CPU is. */
static const struct state states[] = {
	{
		.cpus = EM_X86_64,
		.machine = EM_X86_64,
		.version = 12,
		.tests = { { X86_RFLAGS(8), X86_RFLAGS_MASK, X86_RFLAGS_SET },
			   { X86_MODE(8), X86_LMA, X86_LMA } },
		.words = {
			X86_REG(8, 15), X86_REG(8, 14), X86_REG(8, 13), X86_REG(8, 12),
			X86_REG(8, BP), X86_REG(8, BX), X86_REG(8, 11), X86_REG(8, 10),
			X86_REG(8, 9), X86_REG(8, 8), X86_REG(8, AX), X86_REG(8, CX),
			X86_REG(8, DX), X86_REG(8, SI), X86_REG(8, DI), ABSENT, X86_RIP(8),
			X86_SEGMENT(8, CS), X86_RFLAGS(8), X86_REG(8, SP), X86_SEGMENT(8, SS),
			X86_BASE(8, FS), X86_BASE(8, GS), X86_SEGMENT(8, DS), X86_SEGMENT(8, ES),
			X86_SEGMENT(8, FS), X86_SEGMENT(8, GS),
		},
	},
	{
		.cpus = EM_X86_64,
		.machine = EM_386,
		.version = 12,
		.tests = { { X86_RFLAGS(8), X86_RFLAGS_MASK, X86_RFLAGS_SET },
			   { X86_CR0(8), X86_CR0_KERNEL, X86_CR0_KERNEL } },
		.words = { I386_WORDS(8) },
	},
	{
		.cpus = EM_X86_64,
		.machine = EM_386,
		.version = 12,
		.tests = { { X86_RFLAGS(4), X86_RFLAGS_MASK, X86_RFLAGS_SET },
			   { X86_CR0(4), X86_CR0_KERNEL, X86_CR0_KERNEL } },
		.words = { I386_WORDS(4) },
	},
	{
		.cpus = EM_AARCH64,
		.machine = EM_AARCH64,
		.version = 22,
		.tests = { { ARM_PSTATE, ARM_32BIT, 0 } },
		.words = {
			ARM_REG(0), ARM_REG(1), ARM_REG(2), ARM_REG(3), ARM_REG(4), ARM_REG(5),
			ARM_REG(6), ARM_REG(7), ARM_REG(8), ARM_REG(9), ARM_REG(10), ARM_REG(11),
			ARM_REG(12), ARM_REG(13), ARM_REG(14), ARM_REG(15), ARM_REG(16),
			ARM_REG(17), ARM_REG(18), ARM_REG(19), ARM_REG(20), ARM_REG(21),
			ARM_REG(22), ARM_REG(23), ARM_REG(24), ARM_REG(25), ARM_REG(26),
			ARM_REG(27), ARM_REG(28), ARM_REG(29), ARM_REG(30), ARM_REG(31),
			ARM_PC, ARM_PSTATE,
		},
	},
	{
		.cpus = EM_S390,
		.machine = EM_S390,
		.version = 4,
		.words = {
			S390_PSW(0), S390_PSW(1), S390_REG(0), S390_REG(1), S390_REG(2),
			S390_REG(3), S390_REG(4), S390_REG(5), S390_REG(6), S390_REG(7),
			S390_REG(8), S390_REG(9), S390_REG(10), S390_REG(11), S390_REG(12),
			S390_REG(13), S390_REG(14), S390_REG(15), S390_ACCESS(0), S390_ACCESS(1),
			S390_ACCESS(2), S390_ACCESS(3), S390_ACCESS(4), S390_ACCESS(5),
			S390_ACCESS(6), S390_ACCESS(7),
		},
	},
};

struct cpu {
	uint32_t number;
	uint8_t raw[STATE_MAX];
};

static uint64_t load_field(const uint8_t *raw, unsigned int field)
{
	if (field == ABSENT)
		return 0;
	return field & WIDE ? load_u64(raw + (field & ~WIDE), SWAP) : load_u32(raw + field, SWAP);
}

static bool is_in_state(const struct cpu *cpu, const struct state *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->tests); i++)
		if ((load_field(cpu->raw, s->tests[i].field) & s->tests[i].mask) !=
		    s->tests[i].bits)
			return false;
	return true;
}

/* Find out in which state CPUs are. @return NULL: in none */
static const struct state *find_state(const struct vmcore *vc, uint16_t family,
				      const struct cpu *cpus, size_t nr)
{
	for (const struct state *s = states; s < states + ARRAY_SIZE(states); s++) {
		if (s->cpus != family || (vc->machine && vc->machine != s->machine))
			continue;
		for (size_t i = 0; i < nr; i++)
			if (is_in_state(&cpus[i], s))
				return s;
	}
	return NULL;
}

/* Return whether the section of a CPU begins there. Numbers of sections ascend. */
static bool is_section(const uint8_t *head, uint32_t version, uint32_t last)
{
	return head[0] == SECTION_FULL && load_u32(head + HEAD_NUMBER, SWAP) > last &&
	       !memcmp(head + HEAD_NAME, cpu_name, sizeof(cpu_name) - 1) &&
	       load_u32(head + HEAD_VERSION, SWAP) == version;
}

/* Find the next section of a CPU from *off on. @return 1: *off is its offset; 0; -errno */
static int find_section(struct file_reader *fr, uint64_t *off, uint32_t version, uint32_t last,
			uint8_t *buf)
{
	uint64_t end = fr->file->size - min_u64(fr->file->size, STATE_MAX);

	while (*off < end && end - *off >= HEAD_SIZE) {
		size_t len = min_u64(end - *off, PIECE), i = 0;
		int err = file_read(fr, *off, buf, len);

		if (err)
			return err;
		while (i + HEAD_SIZE <= len && !is_section(buf + i, version, last))
			i++;
		*off += i;
		if (i + HEAD_SIZE <= len)
			return 1;
	}
	return 0;
}

static uint32_t version_of(uint16_t family)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].cpus == family)
			return states[i].version;
	return 0;
}

/* Read the states of all CPUs. */
static int read_cpus(struct file_reader *fr, uint64_t off, uint32_t version, struct cpu **cpus,
		     size_t *nr)
{
	_cleanup_free_ uint8_t *buf = malloc(PIECE);
	uint8_t head[HEAD_SIZE];
	uint32_t last = 0;
	int ret;

	if (!buf)
		return err_set(-ENOMEM, "no memory to search for states of CPUs");
	while (*nr < CPUS_MAX && (ret = find_section(fr, &off, version, last, buf)) > 0) {
		struct cpu *cpu;

		ret = ARRAY_GROW(*cpus, *nr, "states of CPUs");
		if (ret)
			return ret;
		cpu = &(*cpus)[*nr];
		ret = file_read(fr, off, head, sizeof(head));
		off += sizeof(head);
		if (!ret)
			ret = file_read(fr, off, cpu->raw, sizeof(cpu->raw));
		if (ret)
			return ret;
		last = load_u32(head + HEAD_NUMBER, SWAP);
		cpu->number = load_u32(head + HEAD_INSTANCE, SWAP);
		++*nr;
	}
	return *nr == CPUS_MAX ? 0 : ret;
}

/* Make the notes. A CPU that was never started has one of zeros. */
static int add_notes(struct vmcore *vc, const struct state *s, const struct cpu *cpus, size_t nr)
{
	int err = 0;

	for (size_t i = 0; !err && i < nr; i++) {
		uint64_t words[PRSTATUS_WORDS] = { 0 };

		for (size_t w = 0; w < PRSTATUS_WORDS && is_in_state(&cpus[i], s); w++)
			words[w] = load_field(cpus[i].raw, s->words[w]);
		err = prstatus_add(vc, cpus[i].number, words);
	}
	return err;
}

int migration_add_cpus(struct vmcore *vc, const struct migrated_ram *ram)
{
	uint32_t version = version_of(ram->cpus);
	_cleanup_free_ struct cpu *cpus = NULL;
	const struct state *s;
	struct file_reader fr;
	size_t nr = 0;
	int err;

	if (!version)
		return 0;
	file_reader_init(&fr, &vc->file);
	err = read_cpus(&fr, ram->end, version, &cpus, &nr);
	file_reader_deinit(&fr);
	if (err == -ENOMEM)
		return err;
	if (err)
		vmcore_warn(vc, "registers of CPUs are missing: %s", err_text(err));
	s = find_state(vc, ram->cpus, cpus, nr);
	TRACE(VMCORE, "%zu states of CPUs, %s", nr, s ? "used" : "in none of the known modes");
	if (!s)
		return 0;
	if (!vc->machine)
		bare_set_machine(vc, s->machine);
	return add_notes(vc, s, cpus, nr);
}
