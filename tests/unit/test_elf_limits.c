// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF cores whose headers claim more than the file can hold, and files that cannot be read
 * everywhere: memory is bounded by what the file has, and the rest of the dump stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "vmcore/notes.h"
#include "vmcore/vmcore.h"

#define PAGE 4096
#define GIB (UINT64_C(1) << 30)
#define DATA_OFF 0x10000
#define NOTES_OFF 0x8000

/* Reads of [bad_start, bad_end) of any file fail, as from a bad disk. */
static uint64_t bad_start, bad_end;

ssize_t pread64(int fd, void *buf, size_t len, off64_t off);

ssize_t pread64(int fd, void *buf, size_t len, off64_t off)
{
	if ((uint64_t)off < bad_end && (uint64_t)off + len > bad_start) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, buf, len, off);
}

struct core {
	int fd;
	char path[32];
	unsigned int nr; /* program headers */
	uint64_t notes_end;
	struct vmcore *vc;
};

static void put(const struct core *c, const void *buf, size_t len, uint64_t off)
{
	assert_int_equal(fd_pwrite(c->fd, buf, len, off, NULL), 0);
}

static void add_header(struct core *c, uint32_t type, uint64_t offset, uint64_t paddr,
		       uint64_t filesz, uint64_t memsz)
{
	const Elf64_Phdr ph = {
		.p_type = type,
		.p_offset = offset,
		.p_paddr = paddr,
		.p_filesz = filesz,
		.p_memsz = memsz,
	};

	put(c, &ph, sizeof(ph), sizeof(Elf64_Ehdr) + c->nr++ * sizeof(ph));
}

static void add_load(struct core *c, uint64_t offset, uint64_t paddr, uint64_t filesz,
		     uint64_t memsz)
{
	add_header(c, PT_LOAD, offset, paddr, filesz, memsz);
}

static void add_note(struct core *c, const char *name, uint32_t type, uint64_t desc_size)
{
	char head[64];

	note_encode(head, name, type, NULL, 0, false);
	store_u32(head + 4, desc_size, false);
	put(c, head, note_size(name, 0), c->notes_end);
	c->notes_end += note_size(name, desc_size);
}

static void finish(struct core *c, uint64_t size)
{
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
			     HOST_BIG_ENDIAN ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(eh),
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = c->nr,
	};

	put(c, &eh, sizeof(eh), 0);
	assert_int_equal(ftruncate(c->fd, size), 0);
}

static int try_open(struct core *c)
{
	return vmcore_open(&c->vc, c->path, &(struct vmcore_options){ 0 });
}

static void open_core(struct core *c)
{
	int err = try_open(c);

	if (err)
		fail_msg("%s", err_text(err));
}

static int setup(void **state)
{
	struct core *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->fd = memfd_create("core", MFD_CLOEXEC);
	assert_true(c->fd >= 0);
	snprintf(c->path, sizeof(c->path), "/proc/self/fd/%d", c->fd);
	c->notes_end = NOTES_OFF;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct core *c = *state;

	bad_start = bad_end = 0;
	vmcore_close(c->vc);
	close(c->fd);
	free(c);
	return 0;
}

static uint64_t count(struct vmcore *vc, enum vmcore_bitmap_kind which)
{
	struct bitmap b;
	uint64_t n;

	assert_int_equal(bitmap_init(&b, vc->max_pfn), 0);
	assert_int_equal(vmcore_bitmap(vc, which, &b), 0);
	n = bitmap_count(&b, 0, b.nbits);
	bitmap_deinit(&b);
	return n;
}

static void assert_warning(const struct vmcore *vc, const char *part)
{
	if (!strstr(vc->warning, part))
		fail_msg("warning \"%s\"", vc->warning);
	assert_true(vc->incomplete);
}

/* One header of impossible numbers costs what it stands for. */
static void test_impossible_headers(void **state)
{
	static const struct {
		uint64_t offset, paddr, memsz;
		const char *why;
	} bad[] = {
		{ DATA_OFF, (uint64_t)-PAGE, PAGE + 1, "physical address 0xfffffffffffff000" },
		{ DATA_OFF, UINT64_C(1) << 52, PAGE, "0x10000000001000, beyond" },
		{ (uint64_t)-PAGE + 1, 0x9000, PAGE, "file offset 0xfffffffffffff001" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct core *c = *state;

		c->nr = 0;
		add_load(c, DATA_OFF, 0x1000, PAGE, PAGE);
		add_load(c, bad[i].offset, bad[i].paddr, PAGE, bad[i].memsz);
		add_load(c, DATA_OFF + PAGE, 0x3000, PAGE, PAGE);
		finish(c, DATA_OFF + 2 * PAGE);
		open_core(c);
		assert_warning(c->vc, "PT_LOAD at program header 1 is passed over: ");
		assert_warning(c->vc, bad[i].why);
		assert_int_equal(c->vc->nr_segments, 2);
		assert_int_equal(c->vc->max_pfn, 4);
		assert_int_equal(count(c->vc, VMCORE_STORED), 2);
		vmcore_close(c->vc);
		c->vc = NULL;
	}
}

static void test_nothing_but_impossible(void **state)
{
	struct core *c = *state;

	add_load(c, DATA_OFF, UINT64_C(1) << 60, PAGE, PAGE);
	finish(c, DATA_OFF + PAGE);
	assert_int_equal(try_open(c), -EBADMSG);
	assert_non_null(
		strstr(err_text(-EBADMSG), "it holds no memory: PT_LOAD at program header 0"));
}

/* Memory that has no bytes in the file: as much as a file of this size can stand for. */
static void check_absent(struct core *c, uint64_t file_size, uint64_t filesz, uint64_t memsz,
			 bool believed)
{
	c->nr = 0;
	add_load(c, DATA_OFF, 0, filesz, memsz);
	/* Its data are of no matter: they are those before the others. */
	add_load(c, DATA_OFF - PAGE, 4 * PAGE, PAGE, PAGE);
	finish(c, file_size);
	open_core(c);
	assert_int_equal(count(c->vc, VMCORE_PRESENT), believed ? memsz / PAGE : 2);
	assert_int_equal(count(c->vc, VMCORE_STORED), 2);
	if (believed)
		assert_int_equal(c->vc->incomplete, filesz > PAGE);
	else
		assert_warning(c->vc, "PT_LOAD at program header 0: p_memsz ");
	vmcore_close(c->vc);
	c->vc = NULL;
}

static void test_absent_memory(void **state)
{
	const uint64_t small = DATA_OFF + PAGE;

	/* Excluded, or lost with the end of the file. */
	check_absent(*state, small, PAGE, 32 * GIB + PAGE, true);
	check_absent(*state, small, PAGE, 32 * GIB + 2 * PAGE, false);
	check_absent(*state, small, PAGE, UINT64_MAX, false);
	check_absent(*state, small, 32 * GIB, 32 * GIB, true);
	check_absent(*state, small, UINT64_C(1) << 45, UINT64_C(1) << 45, false);
}

/*
 * Memory of 16 pages, and a part of it again, as the kernel image. The PT_LOAD of other memory may
 * not have its bytes.
 */
static void test_bytes_at_two_addresses(void **state)
{
	static const struct {
		uint64_t offset, paddr, filesz;
		bool damaged;
	} others[] = {
		{ DATA_OFF + 3 * PAGE, 3 * PAGE, 2 * PAGE, false },
		{ DATA_OFF + 16 * PAGE, 32 * PAGE, 2 * PAGE, false },
		{ DATA_OFF - 2 * PAGE, 32 * PAGE, 2 * PAGE, false },
		{ DATA_OFF + 15 * PAGE, 32 * PAGE, 0, false },
		{ DATA_OFF + 16 * PAGE - 8, 32 * PAGE, 2 * PAGE, true },
		{ DATA_OFF - PAGE, 32 * PAGE, 2 * PAGE, true },
		{ DATA_OFF + 8 * PAGE, 32 * PAGE, PAGE, true },
		{ DATA_OFF + 8 * PAGE, 9 * PAGE, PAGE, true },
	};
	struct core *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		c->nr = 0;
		add_load(c, DATA_OFF + 2 * PAGE, 2 * PAGE, PAGE, PAGE);
		add_load(c, others[i].offset, others[i].paddr, others[i].filesz, 2 * PAGE);
		add_load(c, DATA_OFF, 0, 16 * PAGE, 16 * PAGE);
		finish(c, DATA_OFF + 18 * PAGE);
		open_core(c);
		if (others[i].damaged)
			assert_warning(c->vc, "have the same bytes of the file");
		assert_int_equal(c->vc->incomplete, others[i].damaged);
		vmcore_close(c->vc);
		c->vc = NULL;
	}
}

/* A large machine whose free pages were excluded. */
static void test_absent_memory_of_large_file(void **state)
{
	struct core *c = *state;

	add_load(c, DATA_OFF, 0, GIB - DATA_OFF, 1024 * GIB);
	finish(c, GIB);
	open_core(c);
	assert_false(c->vc->incomplete);
	assert_int_equal(c->vc->max_pfn, 1024 * GIB / PAGE);
}

/* All of them together are bounded, in whatever pieces. */
static void test_absent_memory_in_pieces(void **state)
{
	struct core *c = *state;

	for (uint64_t i = 0; i < 9; i++)
		add_load(c, DATA_OFF, i * 8 * GIB, PAGE, 8 * GIB);
	finish(c, DATA_OFF + PAGE);
	open_core(c);
	assert_warning(c->vc, "PT_LOAD at program header 4: p_memsz ");
	/* Four of them leave less of the limit than a fifth needs. */
	assert_int_equal(count(c->vc, VMCORE_PRESENT), 4 * 8 * GIB / PAGE + 5);
	assert_int_equal(count(c->vc, VMCORE_STORED), 9);
}

#define SMALL (64 * PAGE)

/* Three PT_LOADs with all bytes of the file. */
static void add_three(struct core *c)
{
	for (unsigned int i = 0; i < 3; i++) {
		add_load(c, DATA_OFF + i * SMALL, i * GIB, SMALL, SMALL);
		put(c, "memory", 6, DATA_OFF + i * SMALL + SMALL - PAGE);
	}
}

static void assert_missing(struct core *c, unsigned int nr, const char *why)
{
	finish(c, DATA_OFF + 3 * SMALL);
	open_core(c);
	assert_warning(c->vc, why);
	assert_int_equal(c->vc->nr_segments, nr);
	vmcore_close(c->vc);
	c->vc = NULL;
}

/* A header that stands for less than it did, or for nothing, leaves bytes of the file alone. */
static void test_unclaimed_bytes(void **state)
{
	static const uint32_t types[] = { PT_NULL, PT_DYNAMIC, PT_SHLIB, 9, 0x80000001 };
	struct core *c = *state;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		c->nr = 0;
		add_three(c);
		c->nr = 1;
		add_header(c, types[i], DATA_OFF + SMALL, GIB, SMALL, SMALL);
		c->nr = 3;
		assert_missing(c, 2, "program header 1 is passed over");
		/* Another PT_LOAD has its bytes. */
		c->nr = 0;
		add_three(c);
		add_header(c, types[i], DATA_OFF + SMALL, 5 * GIB, SMALL, SMALL);
		assert_missing(c, 3, "program header 3 is passed over");
	}
	c->nr = 0;
	add_three(c);
	c->nr = 2;
	add_load(c, DATA_OFF + 2 * SMALL, 2 * GIB, SMALL / 2, SMALL);
	assert_missing(c, 3, "belong to no program header");
	c->nr = 0;
	add_three(c);
	c->nr = 0;
	add_load(c, DATA_OFF + SMALL, 0, SMALL, SMALL);
	c->nr = 3;
	assert_missing(c, 3, "belong to no program header");
}

/* More program headers than e_phnum counts are used if they have bytes of their own. */
static void test_uncounted_headers(void **state)
{
	struct core *c = *state;

	for (unsigned int nr = 0; nr < 4; nr++) {
		c->nr = 0;
		add_three(c);
		c->nr = nr;
		finish(c, DATA_OFF + 3 * SMALL);
		open_core(c);
		assert_int_equal(c->vc->nr_segments, 3);
		assert_false(c->vc->incomplete);
		assert_int_equal(!c->vc->warning[0], nr == 3);
		vmcore_close(c->vc);
		c->vc = NULL;
	}
	/* Room that was not used has no memory. */
	finish(c, DATA_OFF + 6 * SMALL);
	open_core(c);
	assert_string_equal(c->vc->warning, "");
	vmcore_close(c->vc);
	c->vc = NULL;
	/* A header whose bytes belong to another one is none. */
	c->nr = 0;
	add_three(c);
	add_load(c, DATA_OFF, 3 * GIB, PAGE, PAGE);
	c->nr = 3;
	finish(c, DATA_OFF + 3 * SMALL);
	open_core(c);
	assert_int_equal(c->vc->nr_segments, 3);
}

/* A bad sector costs the program headers on it. */
static void test_unreadable_headers(void **state)
{
	struct core *c = *state;

	for (unsigned int i = 0; i < 100; i++)
		add_load(c, DATA_OFF + i * PAGE, i * GIB, PAGE, PAGE);
	finish(c, DATA_OFF + 100 * PAGE);
	bad_start = PAGE;
	bad_end = bad_start + 512;
	assert_int_equal(vmcore_open(&c->vc, c->path, &(struct vmcore_options){ .no_mmap = true }),
			 0);
	/* The one that begins before the sector, and nine in it. */
	assert_warning(c->vc, "program header 72 is passed over: ");
	assert_int_equal(c->vc->nr_segments, 90);
	assert_int_equal(c->vc->segments[72].paddr, 82 * GIB);
}

static void test_shared_bytes(void **state)
{
	struct core *c = *state;

	for (uint64_t i = 0; i < 40; i++)
		add_load(c, DATA_OFF, i * GIB, DATA_OFF, DATA_OFF);
	finish(c, 2 * DATA_OFF);
	open_core(c);
	assert_warning(c->vc, "PT_LOAD at program header 32: its bytes of the file");
	assert_int_equal(count(c->vc, VMCORE_STORED), 32 * DATA_OFF / PAGE);
}

/* p_filesz above p_memsz: who contradicts itself does not displace others. */
static void test_doubtful(void **state)
{
	struct core *c = *state;
	struct vmcore_reader *r;
	char page[PAGE];

	add_load(c, DATA_OFF, 0, 3 * PAGE, PAGE);
	add_load(c, DATA_OFF + 3 * PAGE, PAGE, PAGE, PAGE);
	finish(c, DATA_OFF + 4 * PAGE);
	for (char i = 0; i < 4; i++) {
		memset(page, 'a' + i, sizeof(page));
		put(c, page, sizeof(page), DATA_OFF + i * PAGE);
	}
	open_core(c);
	assert_int_equal(vmcore_reader_create(&r, c->vc), 0);
	for (pfn_t pfn = 0; pfn < 3; pfn++) {
		assert_int_equal(vmcore_read_page(r, pfn, page), 0);
		assert_int_equal(page[0], "adc"[pfn]);
	}
	vmcore_reader_destroy(r);
}

/* A damaged p_filesz: memory is taken for what are notes. */
static void test_notes_of_any_size(void **state)
{
	static const uint32_t junk[] = { 0x53f000f0, 0x1000, 0x00100000, 0x40000000 };

	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		struct core *c = *state;
		uint32_t after[3] = { junk[i], junk[i], 1 };

		c->nr = 0;
		c->notes_end = NOTES_OFF;
		add_header(c, PT_NOTE, NOTES_OFF, 0, UINT64_C(1) << 63, 0);
		add_load(c, DATA_OFF, 0, PAGE, PAGE);
		finish(c, GIB);
		add_note(c, "CORE", 1, 336);
		put(c, after, sizeof(after), c->notes_end);
		open_core(c);
		assert_int_equal(c->vc->nr_cpus, 1);
		assert_true(c->vc->incomplete);
		assert_in_range(c->vc->notes_size, 356, 356 + 0x3000);
		vmcore_close(c->vc);
		c->vc = NULL;
	}
}

/* Notes larger than the steps in which they are read, and of every alignment to them. */
static void test_large_notes(void **state)
{
	struct core *c = *state;
	uint64_t size;

	for (uint64_t i = 0; i < 40; i++)
		add_note(c, i % 7 ? "CORE" : "VMCOREDD", 1, i * 13001);
	size = c->notes_end - NOTES_OFF;
	add_header(c, PT_NOTE, NOTES_OFF, 0, size, 0);
	add_load(c, c->notes_end, 0, PAGE, PAGE);
	finish(c, c->notes_end + PAGE);
	open_core(c);
	assert_string_equal(c->vc->warning, "");
	assert_int_equal(c->vc->notes_size, size);
	assert_int_equal(c->vc->nr_cpus, 40 - 6);
}

static void test_notes_max(void **state)
{
	struct core *c = *state;

	while (c->notes_end < NOTES_OFF + NOTES_MAX)
		add_note(c, "CORE", 1, 8 << 20);
	add_header(c, PT_NOTE, NOTES_OFF, 0, c->notes_end - NOTES_OFF, 0);
	add_load(c, c->notes_end, 0, PAGE, PAGE);
	finish(c, c->notes_end + PAGE);
	open_core(c);
	assert_in_range(c->vc->notes_size, NOTES_MAX - (9 << 20), NOTES_MAX);
	assert_int_equal(c->vc->nr_cpus, 31);
	assert_true(c->vc->warning[0]);
}

/* Bytes of the heap must not get into the dump. */
static void test_padding(void **state)
{
	struct core *c = *state;
	static const char zeros[3];
	const size_t size = note_size("X", 0) + 1;

	mallopt(M_PERTURB, 0xa5);
	for (unsigned int i = 0; i < 2; i++) {
		add_note(c, "X", 1, 1);
		add_header(c, PT_NOTE, c->notes_end - note_size("X", 1), 0, size, 0);
	}
	add_load(c, DATA_OFF, 0, PAGE, PAGE);
	finish(c, DATA_OFF + PAGE);
	/* The bytes that are freed with the first part must not happen to be zero. */
	put(c, "\0\xff\xff\xff", 4, NOTES_OFF + size - 1);
	open_core(c);
	mallopt(M_PERTURB, 0);
	assert_int_equal(c->vc->notes_size, size + 3 + size);
	assert_memory_equal((char *)c->vc->notes + size, zeros, 3);
}

/* A bad sector in the notes: what was before it, and what follows a note that lies in it. */
static void test_unreadable_notes(void **state)
{
	struct core *c = *state;

	add_note(c, "CORE", 1, 336);
	add_note(c, "CORE", 1, 5 * PAGE);
	add_note(c, "CORE", 1, 336);
	add_header(c, PT_NOTE, NOTES_OFF, 0, c->notes_end - NOTES_OFF, 0);
	add_load(c, DATA_OFF, 0, PAGE, PAGE);
	finish(c, DATA_OFF + PAGE);
	bad_start = NOTES_OFF + 2 * PAGE + 100;
	bad_end = bad_start + 1;
	open_core(c);
	assert_int_equal(c->vc->nr_cpus, 3);
	assert_warning(c->vc, "ELF notes: cannot read");
	vmcore_close(c->vc);
	bad_start = NOTES_OFF + 5 * PAGE;
	bad_end = bad_start + PAGE;
	open_core(c);
	assert_int_equal(c->vc->nr_cpus, 2);
	assert_warning(c->vc, "ELF notes: cannot read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_impossible_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_but_impossible, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes_at_two_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent_memory_of_large_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent_memory_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unclaimed_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_uncounted_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_doubtful, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notes_of_any_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_notes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notes_max, setup, teardown),
		cmocka_unit_test_setup_teardown(test_padding, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable_notes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
