// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keep the memory of chosen processes in a dump that leaves out user pages.
 *
 *	makedumpfile --extension keep_task,comm=nginx+postgres -d 31 /proc/vmcore dump
 *	makedumpfile --extension keep_task,pid=1234,what=stack+elf,stack=256 -d 31 ...
 *
 * comm=NAME	the processes one of whose threads has this name (several: NAME+NAME); only
 *		what the kernel keeps of a name counts, its first 15 characters
 * pid=N	the process that this thread belongs to (several: N+N)
 * what=all	all pages that are in memory (the default)
 * what=stack	of each thread's stack what is in use, as far as stack=KIB goes (default 128)
 * what=elf	the first page of each ELF file that is mapped: its headers, by which a
 *		debugger knows which file it was
 *
 * stack+elf is what stack traces of user space need.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"

EXTENSION_HELP("keep the memory of processes, by name or number");

#define STACK_KIB 128
#define STACK_KIB_MAX (1u << 20)
/* Bytes that a function may use below the stack pointer without moving it (x86_64). */
#define RED_ZONE 128

INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, pid);
INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, mm);

/* For what=stack: a thread's registers of user space lie at the end of its kernel stack. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, sp);
/* For what=elf. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_file);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, vm_area_struct, vm_pgoff);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, file, f_mapping);

/* The words of what=, a bit each. */
enum { ALL = 1, STACK = 2, ELF = 4 };
static const char *const kinds[] = { "all", "stack", "elf", NULL };

/* The longest name, or number, that an argument can have. */
#define ITEM_BYTES 64

/* A thread that has user memory. */
struct thread {
	uint64_t mm, task;
	bool chosen;
};

struct keep {
	/* Arguments of the user. */
	unsigned int what;
	uint64_t stack_bytes;

	uint64_t page_size;
	struct thread *threads;
	size_t nr_threads, room_threads;
	/* State of the current process. */
	uint64_t mm;
	struct mdf_vma *vmas;
	size_t nr_vmas, room_vmas;
	/* Pages that are kept, but extension_decide() was not told yet. */
	uint64_t pfn, nr_pfns;

	size_t processes, tasks, damaged, lost_stacks;
	unsigned long long pages;
	char why[256]; /* the first damage */
};

/* --- what the user wants --------------------------------------------------------- */

static uint64_t number(const char *key, const char *text, uint64_t max)
{
	uint64_t n = 0;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] < '0' || text[i] > '9')
			extension_fail("%s=%s: a number is expected", key, text);
		n = n * 10 + (uint64_t)(text[i] - '0');
		if (n > max)
			extension_fail("%s=%s: that is too large", key, text);
	}
	return n;
}

/* Take the n-th item of a list. @return false after the last one */
static bool next_item(const char *key, unsigned int n, char item[ITEM_BYTES])
{
	int err = extension_argument_item(key, n, item, ITEM_BYTES);

	if (err == -EINVAL)
		extension_fail("%s", mdf_error());
	return !err;
}

static void read_arguments(struct keep *k)
{
	static const char *const keys[] = { "comm", "pid", "what", "stack", NULL };
	const char *stack = extension_argument("stack");
	char item[ITEM_BYTES];
	uint64_t kib = STACK_KIB;

	extension_known_keys(keys);
	if (!next_item("comm", 0, item) && !next_item("pid", 0, item))
		extension_fail("comm=NAME or pid=N has to say whose pages to keep");
	for (unsigned int n = 0; next_item("pid", n, item); n++)
		number("pid", item, UINT32_MAX);
	k->what = extension_argument_words("what", kinds);
	if (!k->what)
		k->what = ALL;
	if (stack)
		kib = number("stack", stack, STACK_KIB_MAX);
	if (!kib)
		extension_fail("stack=%s: nothing would be kept", stack);
	k->stack_bytes = kib << 10;
}

/* --- what is needed of this kernel ------------------------------------------------ */

static void check_facts(const struct keep *k)
{
	if (k->what & STACK && !MOD_STRUCT_MEMBER_EXIST(vmlinux, pt_regs, sp))
		extension_fail("what=stack: pt_regs.sp is not known");
	if (k->what & ELF && (!MOD_STRUCT_MEMBER_EXIST(vmlinux, vm_area_struct, vm_file) ||
			      !MOD_STRUCT_MEMBER_EXIST(vmlinux, vm_area_struct, vm_pgoff)))
		extension_fail("what=elf: vm_area_struct.vm_file or vm_pgoff is not known");
}

/* --- helpers ------------------------------------------------------------------------ */

static void note_damage(struct keep *k)
{
	const char *why = mdf_error();

	if (!k->damaged++)
		strncpy(k->why, why, sizeof(k->why) - 1);
}

/* Room for one more element. */
static void *grow(void *array, size_t nr, size_t *room, size_t size)
{
	if (nr < *room)
		return array;
	*room = *room ? 2 * *room : 64;
	array = reallocarray(array, *room, size);
	if (!array)
		extension_fail("no memory for %zu more of the crashed kernel's objects", nr);
	return array;
}

static void flush_pages(struct keep *k)
{
	if (k->nr_pfns)
		extension_decide(k->pfn, k->nr_pfns, PG_INCLUDE);
	k->pages += k->nr_pfns;
	k->nr_pfns = 0;
}

static void keep_pages(struct keep *k, uint64_t pfn, uint64_t nr)
{
	if (pfn != k->pfn + k->nr_pfns) {
		flush_pages(k);
		k->pfn = pfn;
	}
	k->nr_pfns += nr;
}

static int see_memory(void *ctx, uint64_t address, uint64_t physical, uint64_t len)
{
	struct keep *k = ctx;

	(void)address;
	keep_pages(k, physical / k->page_size, len / k->page_size);
	return 0;
}

/* Keep what is in memory of [start, end). */
static void keep_range(struct keep *k, uint64_t start, uint64_t end)
{
	if (mdf_for_each_user_memory(k->mm, start, end, see_memory, k) < 0)
		note_damage(k);
}

/* --- stacks ------------------------------------------------------------------------ */

static int find_vma(const void *key, const void *element)
{
	const struct mdf_vma *vma = element;
	uint64_t address = *(const uint64_t *)key;

	return address < vma->start ? -1 : address >= vma->end;
}

static const struct mdf_vma *vma_at(const struct keep *k, uint64_t address)
{
	return bsearch(&address, k->vmas, k->nr_vmas, sizeof(*k->vmas), find_vma);
}

/* The mapping that a thread's stack pointer is in. */
static const struct mdf_vma *stack_of(const struct keep *k, uint64_t task, uint64_t *sp)
{
	uint64_t regs;

	if (mdf_task_user_regs(task, &regs) ||
	    mdf_read_number(regs, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, pt_regs, sp), sp))
		return NULL;
	return vma_at(k, *sp);
}

/* Stacks grow down: what is in use is from the stack pointer up. */
static void keep_stack(struct keep *k, const struct thread *t)
{
	const struct mdf_vma *vma;
	uint64_t sp, start, end;

	vma = stack_of(k, t->task, &sp);
	if (!vma) {
		k->lost_stacks++;
		return;
	}
	start = sp - vma->start < RED_ZONE ? vma->start : sp - RED_ZONE;
	start -= start % k->page_size;
	end = vma->end - start < k->stack_bytes ? vma->end : start + k->stack_bytes;
	keep_range(k, start, end);
}

/* --- ELF files ---------------------------------------------------------------------- */

static bool is_elf(uint64_t physical)
{
	char magic[4];

	return readmem(PADDR, physical, magic, sizeof(magic)) && !memcmp(magic, "\177ELF", 4);
}

struct first_entry {
	bool found;
	uint64_t entry;
};

static int see_entry(void *ctx, uint64_t first, uint64_t last, uint64_t entry)
{
	struct first_entry *f = ctx;

	(void)last;
	f->found = first == 0;
	f->entry = entry;
	return 1;
}

/* The first page of a file that is in the page cache, whether a process sees it or not. */
static bool cached_page(const struct keep *k, uint64_t file, uint64_t *physical)
{
	struct first_entry f = { false, 0 };
	uint64_t mapping, pfn;

	if (!MOD_STRUCT_MEMBER_EXIST(vmlinux, file, f_mapping) ||
	    mdf_read_number(file, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, file, f_mapping), &mapping))
		return false;
	mdf_for_each_mapping_page(mapping, see_entry, &f);
	if (!f.found || mdf_page_to_pfn(f.entry, &pfn))
		return false;
	*physical = pfn * k->page_size;
	return true;
}

static void keep_elf(struct keep *k, const struct mdf_vma *vma)
{
	uint64_t file, offset, physical;

	if (mdf_read_number(vma->address,
			    GET_MOD_STRUCT_MEMBER_PTR(vmlinux, vm_area_struct, vm_file), &file) ||
	    mdf_read_number(vma->address,
			    GET_MOD_STRUCT_MEMBER_PTR(vmlinux, vm_area_struct, vm_pgoff),
			    &offset)) {
		note_damage(k);
		return;
	}
	if (!file || offset)
		return;
	if ((!mdf_user_to_physical(k->mm, vma->start, &physical) ||
	     cached_page(k, file, &physical)) &&
	    is_elf(physical))
		keep_pages(k, physical / k->page_size, 1);
}

/* --- processes ---------------------------------------------------------------------- */

static bool is_named(uint64_t task)
{
	char comm[32] = "", item[ITEM_BYTES];
	int n = mdf_read_member(task, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, comm), comm,
				sizeof(comm));

	if (n <= 1)
		return false;
	comm[n - 1] = 0;
	for (unsigned int i = 0; next_item("comm", i, item); i++)
		if (!strncmp(item, comm, (size_t)n - 1))
			return true;
	return false;
}

static bool has_pid(uint64_t task)
{
	char item[ITEM_BYTES];
	uint64_t pid;

	if (mdf_read_number(task, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, pid), &pid))
		return false;
	for (unsigned int i = 0; next_item("pid", i, item); i++)
		if (number("pid", item, UINT32_MAX) == pid)
			return true;
	return false;
}

static int see_task(void *ctx, uint64_t task)
{
	struct keep *k = ctx;
	uint64_t mm;

	if (mdf_read_number(task, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, mm), &mm)) {
		note_damage(k);
		return 0;
	}
	if (!mm)
		return 0;
	k->threads = grow(k->threads, k->nr_threads, &k->room_threads, sizeof(*k->threads));
	k->threads[k->nr_threads++] = (struct thread){
		.mm = mm,
		.task = task,
		.chosen = is_named(task) || has_pid(task),
	};
	return 0;
}

static int by_mm(const void *a, const void *b)
{
	const struct thread *s = a, *t = b;

	return (s->mm > t->mm) - (s->mm < t->mm);
}

static int see_vma(void *ctx, const struct mdf_vma *vma)
{
	struct keep *k = ctx;

	if (vma->start >= vma->end)
		return 0;
	k->vmas = grow(k->vmas, k->nr_vmas, &k->room_vmas, sizeof(*k->vmas));
	k->vmas[k->nr_vmas++] = *vma;
	return 0;
}

static void keep_process(struct keep *k, const struct thread *threads, size_t nr)
{
	k->mm = threads->mm;
	k->nr_vmas = 0;
	if (mdf_for_each_vma(k->mm, see_vma, k) < 0)
		note_damage(k);
	for (size_t i = 0; i < k->nr_vmas; i++) {
		if (k->what & ALL)
			keep_range(k, k->vmas[i].start, k->vmas[i].end);
		if (k->what & ELF)
			keep_elf(k, &k->vmas[i]);
	}
	for (size_t i = 0; k->what & STACK && i < nr; i++)
		keep_stack(k, &threads[i]);
	flush_pages(k);
	k->processes++;
	k->tasks += nr;
}

/* Threads of a process share its mm; if one of them is chosen, they all are. */
static void keep_chosen(struct keep *k)
{
	qsort(k->threads, k->nr_threads, sizeof(*k->threads), by_mm);
	for (size_t i = 0, n; i < k->nr_threads; i += n) {
		bool chosen = false;

		for (n = 0; i + n < k->nr_threads && k->threads[i + n].mm == k->threads[i].mm; n++)
			chosen |= k->threads[i + n].chosen;
		if (chosen)
			keep_process(k, &k->threads[i], n);
	}
}

static void report(const struct keep *k)
{
	if (!k->processes)
		MSG("no process with memory of its own has this name or number\n");
	else
		MSG("processes: %zu, their threads: %zu, pages of them kept: %llu\n", k->processes,
		    k->tasks, k->pages);
	if (k->lost_stacks)
		MSG("the stack pointers of %zu threads were not found\n", k->lost_stacks);
	if (k->damaged)
		MSG("%zu times something could not be read, first: %s\n", k->damaged, k->why);
}

void extension_init(void)
{
	struct keep k = { .page_size = mdf_page_size() };

	read_arguments(&k);
	check_facts(&k);
	if (mdf_for_each_task(see_task, &k) < 0)
		note_damage(&k);
	if (k.nr_threads)
		keep_chosen(&k);
	report(&k);
	free(k.threads);
	free(k.vmas);
}
