/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: miniature vmlinux files, compiled in a directory of the test's own.
 */
#ifndef TESTS_UNIT_MINIVMLINUX_H
#define TESTS_UNIT_MINIVMLINUX_H

#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debuginfo/debuginfo.h"
#include "lib/err.h"

/** A directory, and files in it. */
struct test {
	const void *initial;		/**< the test's initial state */
	char dir[4000], path[4096], other[4096];
};

/** Make the directory; becomes the test's state. */
static inline int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->initial = *state;
	snprintf(t->dir, sizeof(t->dir), "%s/minivmlinux.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof(t->path), "%s/vmlinux", t->dir);
	snprintf(t->other, sizeof(t->other), "%s/other", t->dir);
	*state = t;
	return 0;
}

/** Run a shell command. @return as system() */
static inline int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline int run(const char *fmt, ...)
{
	char command[16384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

static inline int teardown(void **state)
{
	struct test *t = *state;

	assert_int_equal(run("rm -r '%s'", t->dir), 0);
	free(t);
	return 0;
}

static inline void write_file(const struct test *t, const char *name, const char *text)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", t->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline struct debuginfo *open_vmlinux(const char *path)
{
	struct debuginfo *d;
	int err = debuginfo_open(&d, path);

	if (err)
		fail_msg("%s", err_text(err));
	return d;
}

/** Copy the 64-bit elements of a constant array out of t->path. */
static inline void read_array(const struct test *t, const char *name, uint64_t *ret, size_t nr)
{
	int fd = open(t->path, O_RDONLY);
	GElf_Shdr shdr, home;
	Elf_Scn *scn = NULL;
	bool found = false;
	GElf_Sym sym;
	Elf *elf;

	assert_true(fd >= 0);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	assert_non_null(elf);
	while (!found && (scn = elf_nextscn(elf, scn))) {
		Elf_Data *data = elf_getdata(scn, NULL);

		assert_non_null(gelf_getshdr(scn, &shdr));
		if (shdr.sh_type != SHT_SYMTAB)
			continue;
		for (int i = 1; !found && gelf_getsym(data, i, &sym); i++) {
			Elf_Scn *in;
			Elf_Data words;

			if (strcmp(elf_strptr(elf, shdr.sh_link, sym.st_name), name))
				continue;
			in = elf_getscn(elf, sym.st_shndx);
			assert_non_null(gelf_getshdr(in, &home));
			assert_true(sym.st_size >= nr * 8);
			words = *elf_rawdata(in, NULL);
			words.d_buf = (char *)words.d_buf + (sym.st_value - home.sh_addr);
			words.d_size = nr * 8;
			words.d_type = ELF_T_XWORD;
			assert_non_null(gelf_xlatetom(elf, &(Elf_Data){
					.d_buf = ret, .d_size = nr * 8, .d_version = EV_CURRENT,
				}, &words, elf_getident(elf, NULL)[EI_DATA]));
			found = true;
		}
	}
	assert_true(found);
	elf_end(elf);
	close(fd);
}

/** The bytes of a file; to be freed. */
static inline char *slurp(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	char *bytes;

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	*size = ftell(f);
	rewind(f);
	bytes = malloc(*size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *size, f), *size);
	fclose(f);
	return bytes;
}

static inline uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/** Text as VMCOREINFO; borrowed. */
static inline struct vmcoreinfo info(const char *text)
{
	return (struct vmcoreinfo){ .text = text, .size = strlen(text) };
}

#define MINE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
