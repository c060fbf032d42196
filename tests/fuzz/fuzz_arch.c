// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Page tables of all architectures.
 *
 * Input, numbers with the least significant byte first:
 *	1	flags: FUZZ_*
 *	1	architecture, in the order of machines[]
 *	1	log2 of the size of pages, minus 12
 *	1	how many PT_LOADs; for each: 8 vaddr, 8 paddr, 8 memsz
 *	8	what a process's mm_struct.pgd points to
 *	1	how many addresses to translate; for each: 8
 *	2	bytes of VMCOREINFO
 *	...	VMCOREINFO, then physical memory. That is words: 8 address, 8 bytes as
 *		they are. Others are zeros, where a word is in the same 4 KiB.
 */
#include <elf.h>

#include "arch/arch.h"
#include "facts/vmcoreinfo.h"
#include "tests/fuzz/fuzz.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

static const uint16_t machines[] = {
	EM_X86_64, EM_AARCH64, EM_RISCV, EM_S390, EM_PPC64, EM_LOONGARCH, EM_386, EM_ARM, EM_MIPS,
	EM_SPARCV9, EM_PPC, EM_IA_64,
};

#define PAGE_SHIFT_MIN 12
#define PAGE_SHIFTS 7
#define SEGMENTS_MAX 4
#define ADDRESSES_MAX 16
#define WORDS_MAX 512
#define BLOCK 4096

/* Reads of memory: while translation is set up, and for one address. */
#define INIT_READS_MAX 64
/* The beginning of memory is looked for at 2 MiB of 4 GiB and 256 MiB of 64 GiB. */
#define ARM_INIT_READS_MAX ((2048 + 240) * (2 + 3))
/* Entries of the tables of modules and vmalloc(), and of pages, tell where numbers of pages are. */
#define MIPS_INIT_READS_MAX (INIT_READS_MAX + 2 * 4 * 16)
/* The kernel's image is looked for at 4 MiB of 4 GiB, with each of four PAGE_OFFSET. */
#define SPARC_INIT_READS_MAX (1024 * 4 * 4)
/* A quarter of each of three roots; two tables of pages. */
#define PPC_INIT_READS_MAX (256 + 512 + 512 + 2 * (512 + 512))
/* The image is looked for at 64 MiB of 256 GiB, with three and four levels of tables. */
#define IA64_INIT_READS_MAX (4096 * (3 + 4))
#define WALK_LEVELS_MAX 5
/* The entries after the last one tell how far the run goes. */
#define WALK_READS_MAX (WALK_LEVELS_MAX + 1)
/* Those of arch_init_late() follow a list, which is no longer than memory has places for it. */
#define FINISH_READS_MAX(nr_words) (100 + 16 * 9 * (nr_words))

/* The size of a NAPOT page: its entries are equal only if the kernel made them so. */
#define NAPOT_BYTES 65536

struct fuzz_physical {
	struct arch_mem mem;
	struct { paddr_t addr; uint8_t bytes[8]; } words[WORDS_MAX];
	size_t nr_words;
	unsigned int reads;
	unsigned int level;		/* of the entry that was told last */
};

/* Get the bytes at an address, up to the end of its word; NULL if there is no memory. */
static const uint8_t *find_bytes(const struct fuzz_physical *m, paddr_t pa)
{
	static const uint8_t zeros[8];
	const uint8_t *ret = NULL;

	for (size_t i = 0; i < m->nr_words; i++) {
		if (m->words[i].addr == (pa & ~UINT64_C(7)))
			return m->words[i].bytes + pa % 8;
		if (m->words[i].addr / BLOCK == pa / BLOCK)
			ret = zeros + pa % 8;
	}
	return ret;
}

static int physical_read(void *ctx, paddr_t pa, void *buf, size_t len)
{
	struct fuzz_physical *m = ctx;
	uint8_t *to = buf;

	m->reads++;
	/* No caller may rely on the buffer's contents after a failure. */
	memset(buf, 0xa5, len);
	for (size_t n; len; len -= n, pa += n, to += n) {
		const uint8_t *bytes = find_bytes(m, pa);

		n = min_u64(len, 8 - pa % 8);
		if (!bytes)
			return err_set(-EFAULT, "no memory at %#llx", (unsigned long long)pa);
		memcpy(to, bytes, n);
	}
	return 0;
}

/* A walk goes down. */
static void step(void *ctx, const struct arch_step *s)
{
	struct fuzz_physical *m = ctx;

	assert(s->level && s->level < m->level);
	m->level = s->level;
}

static void physical_init(struct fuzz_physical *m, struct fuzz_input *in)
{
	*m = (struct fuzz_physical){ .mem = { .read = physical_read, .ctx = m } };
	for (; in->size >= 16 && m->nr_words < WORDS_MAX; m->nr_words++) {
		m->words[m->nr_words].addr = fuzz_number(in, 8) & ~UINT64_C(7);
		memcpy(m->words[m->nr_words].bytes, fuzz_bytes(in, 8).data, 8);
	}
}

static int translate(const struct arch *a, struct fuzz_physical *m, vaddr_t va,
		     struct arch_run *run)
{
	struct arch_mem traced = m->mem;
	int err;

	traced.trace = step;
	traced.trace_ctx = m;
	memset(run, 0xa5, sizeof(*run));
	m->reads = 0;
	m->level = WALK_LEVELS_MAX + 1;
	err = arch_translate(a, &traced, va, run);
	assert(!err || err == -EFAULT);
	fuzz_check_err(err);
	assert(m->reads <= WALK_READS_MAX);
	/* All of it is at addresses that there are. */
	assert(run->len - 1 <= UINT64_MAX - va);
	assert(err || run->len - 1 <= UINT64_MAX - run->paddr);
	return err;
}

/* The translation of an address must hold for its whole run. */
static void check_address(const struct arch *a, struct fuzz_physical *m, vaddr_t va)
{
	struct arch_run run, other;
	int err = translate(a, m, va, &run);
	const uint64_t offsets[] = {
		1, run.len / 2, (run.len - 1) & -(UINT64_C(1) << 21), run.len - 1,
	};

	if (!err && a->ops->machine == EM_RISCV && run.len <= NAPOT_BYTES)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		uint64_t off = offsets[i];

		if (off - 1 >= run.len - 1)
			continue;
		assert(translate(a, m, va + off, &other) == err);
		assert(err || (other.paddr == run.paddr + off && other.len == run.len - off));
	}
}

static void check_addresses(const struct arch *a, struct fuzz_physical *m, const vaddr_t *vas,
			    size_t nr)
{
	check_address(a, m, 0);
	check_address(a, m, UINT64_MAX);
	check_address(a, m, UINT64_C(1) << 63);
	for (size_t i = 0; i < a->nr_segments; i++)
		check_address(a, m, a->segments[i].vaddr);
	for (size_t i = 0; i < nr; i++)
		check_address(a, m, vas[i]);
}

static void check_image(const struct arch *a)
{
	vaddr_t start, end;

	a->ops->kernel_image(a, &start, &end);
	assert(start <= end || !end);
}

static void check_user(const struct arch *kernel, struct fuzz_physical *m, paddr_t pgd,
		       const vaddr_t *vas, size_t nr)
{
	struct arch user;
	int err;

	m->reads = 0;
	err = arch_init_user(kernel, &m->mem, pgd, &user);
	assert(!err || err == -ENOTSUP || err == -EBADMSG);
	assert(m->reads <= WALK_READS_MAX);
	if (!err)
		check_addresses(&user, m, vas, nr);
}

static unsigned int init_reads_max(const struct arch *a)
{
	switch (a->ops ? a->ops->machine : EM_NONE) {
	case EM_ARM:
		return ARM_INIT_READS_MAX;
	case EM_MIPS:
		return MIPS_INIT_READS_MAX;
	case EM_SPARCV9:
		return SPARC_INIT_READS_MAX;
	case EM_PPC:
		return PPC_INIT_READS_MAX;
	case EM_IA_64:
		return IA64_INIT_READS_MAX;
	default:
		return INIT_READS_MAX;
	}
}

static void check_arch(struct arch *a, struct fuzz_physical *m, paddr_t pgd, const vaddr_t *vas,
		       size_t nr)
{
	int err;

	check_image(a);
	m->reads = 0;
	err = arch_init(a, &m->mem);
	assert(!err || err == -ENOENT || err == -ENOTSUP);
	assert(!err || (err_text(err)[0] && fuzz_is_clean(err_text(err))));
	assert(m->reads <= init_reads_max(a));
	if (err)
		return;
	check_image(a);
	check_addresses(a, m, vas, nr);
	m->reads = 0;
	err = arch_init_late(a, &m->mem);
	if (err != -ENOTSUP)
		fuzz_check_err(err);
	assert(m->reads <= FINISH_READS_MAX(m->nr_words));
	check_image(a);
	check_addresses(a, m, vas, nr);
	check_user(a, m, pgd, vas, nr);
	arch_deinit(a);
}

static void check_search(const struct arch_ops *ops, struct fuzz_physical *m)
{
	uint64_t size;
	paddr_t pa;
	int err;

	if (!ops->find_vmcoreinfo)
		return;
	err = ops->find_vmcoreinfo(&m->mem, &pa, &size);
	assert(!err || err == -ENOENT || err == -EFAULT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fact_set set = facts_of_program();
	struct arch_segment segments[SEGMENTS_MAX];
	vaddr_t vas[ADDRESSES_MAX];
	struct fuzz_input in = { data, size }, text;
	unsigned int flags = fuzz_number(&in, 1);
	struct arch a = {
		.ops = arch_find(machines[fuzz_number(&in, 1) % ARRAY_SIZE(machines)]),
		.is64 = !(flags & FUZZ_32BIT),
		.swap = !!(flags & FUZZ_BIG_ENDIAN) != HOST_BIG_ENDIAN,
		.page_shift = PAGE_SHIFT_MIN + fuzz_number(&in, 1) % PAGE_SHIFTS,
		.segments = segments,
		.nr_segments = fuzz_number(&in, 1) % (SEGMENTS_MAX + 1),
	};
	struct fuzz_physical m;
	paddr_t pgd;
	size_t nr;

	for (size_t i = 0; i < a.nr_segments; i++) {
		segments[i].vaddr = fuzz_number(&in, 8);
		segments[i].paddr = fuzz_number(&in, 8);
		segments[i].memsz = fuzz_number(&in, 8);
	}
	pgd = fuzz_number(&in, 8);
	nr = fuzz_number(&in, 1) % (ADDRESSES_MAX + 1);
	for (size_t i = 0; i < nr; i++)
		vas[i] = fuzz_number(&in, 8);
	text = fuzz_bytes(&in, fuzz_number(&in, 2));
	physical_init(&m, &in);
	facts_reset(&set);
	vmcoreinfo_resolve(&(struct vmcoreinfo){ (const char *)text.data, text.size }, &set,
			   FACT_VMCOREINFO, NULL, 0);
	check_search(a.ops, &m);
	check_arch(&a, &m, pgd, vas, nr);
	facts_reset(&set);
	return 0;
}
