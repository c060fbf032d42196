/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: pieces of kernel memory with kallsyms tables, made by
 * tools/mkkallsyms.py from text, as a struct vmem.
 *
 * The environment variable MDF_TOOLS names the directory of mkkallsyms.py.
 */
#ifndef TESTS_UNIT_KALLSYMS_IMAGE_H
#define TESTS_UNIT_KALLSYMS_IMAGE_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/err.h"
#include "symbols/kallsyms_tables.h"
#include "tests/unit/facts_text.h"

/** One image: its file name, and the statements that make it. */
struct kimage_text {
	const char *name, *text;
};

/** A directory of images. */
struct kimages {
	char dir[PATH_MAX - 64];
	const struct kimage_text *texts;
	size_t nr_texts;
};

/**
 * Make images in a directory of their own.
 * @param common statements that come first, or NULL
 * @param texts borrowed
 * @return 0 or -1; to be removed with kimages_remove()
 */
static inline int kimages_make(struct kimages *set, const char *common,
			       const struct kimage_text *texts, size_t nr_texts)
{
	const char *tools = getenv("MDF_TOOLS"), *tmp = getenv("TMPDIR");
	char command[2 * PATH_MAX];
	FILE *f;

	*set = (struct kimages){ .texts = texts, .nr_texts = nr_texts };
	if (!tools) {
		fprintf(stderr, "MDF_TOOLS is to name the directory of mkkallsyms.py\n");
		return -1;
	}
	snprintf(set->dir, sizeof(set->dir), "%s/kimage.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(set->dir))
		return -1;
	snprintf(command, sizeof(command), "'%s/mkkallsyms.py' -m - '%s'", tools, set->dir);
	f = popen(command, "w");
	if (!f)
		return -1;
	fprintf(f, "%s\n", common ? common : "");
	for (size_t i = 0; i < nr_texts; i++)
		fprintf(f, "=== %s\n%s", texts[i].name, texts[i].text);
	return pclose(f) ? -1 : 0;
}

/** Remove the images and their directory. */
static inline int kimages_remove(const struct kimages *set)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < set->nr_texts; i++) {
		snprintf(path, sizeof(path), "%s/%s.list", set->dir, set->texts[i].name);
		unlink(path);
		*strrchr(path, '.') = '\0';
		unlink(path);
	}
	return rmdir(set->dir);
}

#define KIMAGE_HOLES 8

/** An image as memory: nothing is mapped beside it. */
struct kimage {
	struct vmem mem;
	vaddr_t start;
	uint8_t *data;			/**< writable */
	size_t size;
	char *list;			/**< what mkkallsyms.py said */
	/** Ranges in it that are not mapped. */
	struct {
		vaddr_t start, end;
	} hole[KIMAGE_HOLES];
	unsigned int nr_holes;
	unsigned int reads;		/**< calls */
	uint64_t read_bytes;
};

/** The first hole that has a byte of a range that is not empty, or nr_holes. */
static inline unsigned int kimage_find_hole(const struct kimage *img, vaddr_t va, size_t len)
{
	unsigned int i = 0;

	while (i < img->nr_holes && (va >= img->hole[i].end || va + len - 1 < img->hole[i].start))
		i++;
	return i;
}

static inline int kimage_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct kimage *img = ctx;

	img->reads++;
	img->read_bytes += len;
	/* No caller may rely on the buffer's contents after a failure. */
	memset(buf, 0xa5, len);
	if (!len)
		return 0;
	if (va < img->start || !range_fits(va - img->start, len, img->size))
		return err_set(-EFAULT, "nothing is mapped at %#llx", (unsigned long long)va);
	if (kimage_find_hole(img, va, len) < img->nr_holes)
		return err_set(-EFAULT, "there is a hole at %#llx", (unsigned long long)va);
	memcpy(buf, img->data + (va - img->start), len);
	return 0;
}

static inline int kimage_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct kimage *img = ctx;
	unsigned int hole = kimage_find_hole(img, va, 1);

	if (va - img->start >= img->size) {
		*len = img->start - va;
		return -EFAULT;
	}
	if (hole < img->nr_holes) {
		*len = img->hole[hole].end - va;
		return -EFAULT;
	}
	*len = img->start + img->size - va;
	for (unsigned int i = 0; i < img->nr_holes; i++)
		if (img->hole[i].start > va)
			*len = min_u64(*len, img->hole[i].start - va);
	return 0;
}

/** A line of the list, after "KEY="; NULL if there is none. */
static inline const char *kimage_line(const struct kimage *img, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = img->list; *line; line = strchr(line, '\n') + 1)
		if (!strncmp(line, key, len) && line[len] == '=')
			return line + len + 1;
	return NULL;
}

/** The address of a table ("names"); 0 if the image has none of this name. */
static inline vaddr_t kimage_table(const struct kimage *img, const char *table)
{
	char key[64];
	const char *value;

	snprintf(key, sizeof(key), "SYMBOL(kallsyms_%s)", table);
	value = kimage_line(img, key);
	if (!value) {
		snprintf(key, sizeof(key), "# kallsyms_%s", table);
		value = kimage_line(img, key);
	}
	return value ? strtoull(value, NULL, 16) : 0;
}

static inline uint32_t kimage_num_syms(const struct kimage *img)
{
	return strtoul(kimage_line(img, "# symbols"), NULL, 10);
}

/** Bytes of the longest entry, encoded. */
static inline uint32_t kimage_longest(const struct kimage *img)
{
	return strtoul(kimage_line(img, "# longest"), NULL, 10);
}

/** The byte at an address in the image, to be changed. */
static inline uint8_t *kimage_at(struct kimage *img, vaddr_t va)
{
	assert_true(va - img->start < img->size);
	return img->data + (va - img->start);
}

static inline void kimage_hole(struct kimage *img, vaddr_t va, uint64_t len)
{
	assert_true(img->nr_holes < KIMAGE_HOLES);
	img->hole[img->nr_holes].start = va;
	img->hole[img->nr_holes++].end = va + len;
}

static inline void *kimage_load(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	char *data;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*size = ftell(f);
	rewind(f);
	data = malloc(*size + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, f), *size);
	data[*size] = '\0';
	fclose(f);
	return data;
}

/** Make the path of a file of an image: its NAME, and END after it. */
static inline void kimage_path(char path[PATH_MAX], const struct kimages *set, const char *name,
			       const char *end)
{
	int len = snprintf(path, PATH_MAX, "%s/%s%s", set->dir, name, end);

	assert_in_range(len, 1, PATH_MAX - 1);
}

/** Load one of the images; the test fails if that does not work. */
static inline void kimage_open(struct kimage *img, const struct kimages *set, const char *name)
{
	char path[PATH_MAX];
	size_t list_size;

	*img = (struct kimage){ 0 };
	kimage_path(path, set, name, "");
	img->data = kimage_load(path, &img->size);
	kimage_path(path, set, name, ".list");
	img->list = kimage_load(path, &list_size);
	img->start = strtoull(kimage_line(img, "# image"), NULL, 16);
	img->mem = (struct vmem){
		.read = kimage_read,
		.extent = kimage_extent,
		.ctx = img,
		.is64 = atoi(kimage_line(img, "# word")) == 64,
		.swap = (*kimage_line(img, "# order") == 'b') != HOST_BIG_ENDIAN,
		.image_start = img->start,
		.image_end = img->start + img->size,
	};
}

static inline void kimage_close(struct kimage *img)
{
	free(img->data);
	free(img->list);
	*img = (struct kimage){ 0 };
}

/** Return the coding of the image's values. */
static inline struct ksym_values kimage_values(struct kimage *img)
{
	static const char *const names[] = {
		[KSYM_ABSOLUTE] = "absolute\n",
		[KSYM_BASE_RELATIVE] = "base-relative\n",
		[KSYM_ABSOLUTE_PERCPU] = "absolute-percpu\n",
		[KSYM_PLACE_RELATIVE] = "place-relative\n",
		[KSYM_PLAIN] = "plain\n",
	};
	const char *is = kimage_line(img, "# values");
	vaddr_t base = kimage_table(img, "relative_base");
	struct ksym_values values = { 0 };
	unsigned int i = 0;

	while (strncmp(is, names[i], strlen(names[i])))
		assert_true(++i < ARRAY_SIZE(names));
	values.encoding = i;
	values.table = kimage_table(img, i == KSYM_ABSOLUTE ? "addresses" : "offsets");
	if (base)
		values.base = load_ulong(kimage_at(img, base), img->mem.is64, img->mem.swap);
	return values;
}

/** The tables as the list says they are. @param markers their size, or 0 */
static inline struct kallsyms_tables kimage_tables(struct kimage *img, unsigned int markers)
{
	struct kallsyms_tables t = {
		.num_syms = kimage_num_syms(img),
		.names = kimage_table(img, "names"),
		.token_table = kimage_table(img, "token_table"),
		.token_index = kimage_table(img, "token_index"),
		.markers = markers ? kimage_table(img, "markers") : 0,
		.marker_size = markers,
		.candidates[0] = kimage_values(img),
		.nr_candidates = 1,
	};

	return t;
}

/**
 * Believe what the kernel's VMCOREINFO says of its tables, and more.
 * @param without begins the lines that are left out ("SYMBOL(kallsyms_nam"); "" leaves
 * out all, NULL none
 * @param more lines, or NULL
 */
static inline void kimage_facts(const struct kimage *img, const char *without, const char *more)
{
	char text[8192] = "";
	size_t n = 0;

	for (const char *line = img->list; *line; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n") + 1;

		if (*line == '#' || (without && !strncmp(line, without, strlen(without))))
			continue;
		assert_true(n + len < sizeof(text));
		memcpy(text + n, line, len);
		n += len;
	}
	assert_true(n + (more ? strlen(more) : 0) < sizeof(text));
	strcpy(text + n, more ? more : "");
	facts_from_text(text);
}

/* --- one set of symbols in every layout ---------------------------------------- */

/** A symbol as it is given to mkkallsyms.py. */
struct kcorpus_symbol {
	uint64_t offset;		/**< from the image; of type A the value */
	char type;
	bool big;			/**< only since 6.1 names can be as long */
	char name[512];
};

#define KCORPUS_SYMBOLS 1500

/** Symbols in the order of their addresses. */
struct kcorpus {
	struct kcorpus_symbol symbols[KCORPUS_SYMBOLS];
};

/** The layout of a kernel's tables. */
struct kimage_layout {
	const char *era, *values, *order;
	unsigned int word;
	char name[64];			/**< of its image */
};

#define KLAYOUTS_MAX 80

static inline bool klayout_absolute(const struct kimage_layout *l)
{
	return !strncmp(l->values, "absolute", 8);
}

static inline bool klayout_big(const struct kimage_layout *l)
{
	return l->era[0] != '4';
}

/** Return whether a symbol of the corpus is in an image of this layout. */
static inline bool klayout_has(const struct kimage_layout *l, const struct kcorpus_symbol *s)
{
	return (s->type != 'A' || klayout_absolute(l)) && (!s->big || klayout_big(l));
}

#define KLAYOUT_SLIDE 0x2400000

/** Return the address of a symbol in the running kernel. */
static inline uint64_t klayout_value(const struct kimage_layout *l, const struct kcorpus_symbol *s)
{
	uint64_t at = l->word == 64 ? 0xffffffff81000000 : 0xc0008000;

	if (s->type == 'A')
		return s->offset;
	return at + s->offset + (strcmp(l->values, "plain") ? KLAYOUT_SLIDE : 0);
}

/** Every layout that kernels have had. @return how many */
static inline size_t klayouts(struct kimage_layout layouts[KLAYOUTS_MAX])
{
	static const char *const eras[] = {
		"4.18", "4.20", "6.1", "6.1-seqs", "6.4", "6.11", "7.0",
	};
	static const char *const values[] = { "absolute", "base-relative", "absolute-percpu",
					      "place-relative", "plain" };
	size_t nr = 0;

	for (unsigned int i = 0; i < 7 * 5 * 4; i++) {
		unsigned int era = i / 20, value = i / 4 % 5, word = i & 2 ? 32 : 64;
		struct kimage_layout *l = &layouts[nr];

		/* Since 6.11 there are no addresses, since 7.0 no bases. */
		if ((era == 6) != (value >= 3) || (era == 5 && !value) ||
		    (value == 4 && word == 64))
			continue;
		assert_true(nr++ < KLAYOUTS_MAX);
		*l = (struct kimage_layout){
			.era = eras[era], .values = values[value],
			.order = i & 1 ? "big" : "little", .word = word,
		};
		snprintf(l->name, sizeof(l->name), "%s-%s-%s-%u", l->era, l->values, l->order,
			 l->word);
	}
	return nr;
}

/** The next of a sequence of numbers that look random. */
static inline uint32_t kcorpus_random(uint64_t *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> 33;
}

static inline void kcorpus_random_name(char *name, size_t len, uint64_t *state)
{
	static const char chars[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$.";

	for (size_t i = 0; i < len; i++)
		name[i] = chars[kcorpus_random(state) % (sizeof(chars) - 1)];
	name[len] = '\0';
}

static inline void kcorpus_name(struct kcorpus_symbol *s, unsigned int i, uint64_t *state)
{
	static const char *const patterns[][2] = {
		{ "do_", "_work" }, { "__x64_sys_", "_enter" },
		{ "xfs_btree_", "_query_range.isra.0" }, { "acpi_ut_", "_Object" },
		{ "_RNvXs", "_NtCs5_6kernel4typeS" }, { "Tp", "" }, { "ZQ$", ".llvm.77" },
	};

	if (i % 100 == 99) {
		s->big = i % 300 == 299;
		kcorpus_random_name(s->name, s->big ? (i % 600 == 599 ? 500 : 300) : i / 20, state);
	} else {
		snprintf(s->name, sizeof(s->name), "%s%u%s", patterns[i % 7][0], i,
			 patterns[i % 7][1]);
	}
}

static inline void kcorpus_make(struct kcorpus *c)
{
	static const struct kcorpus_symbol known[] = {
		{ 0, 'A', false, "fixed_percpu_data" },
		{ 0x1a040, 'A', false, "cpu_number" },
		{ 0, 'T', false, "_stext" },
		{ 0, 'T', false, "_text" },
		{ 64, 'R', false, "linux_banner" },
		{ 128, 'D', false, "init_uts_ns" },
		{ 136, 'd', false, "prb" },
		{ 256, 't', false, "a_static" },
	};
	static const char types[] = "tTdDrRbBWV";
	uint64_t state = 1;

	memset(c, 0, sizeof(*c));
	memcpy(c->symbols, known, sizeof(known));
	for (unsigned int i = ARRAY_SIZE(known); i < KCORPUS_SYMBOLS; i++) {
		c->symbols[i].offset = 0x200 + 16 * i;
		c->symbols[i].type = types[i % (sizeof(types) - 1)];
		kcorpus_name(&c->symbols[i], i, &state);
	}
}

/** Lines for mkkallsyms.py: the symbols that are in images of all layouts, or the rest. */
static inline void kcorpus_print(const struct kcorpus *c, FILE *f, const struct kimage_layout *l)
{
	static const struct kimage_layout poorest = { .era = "4.18", .values = "base-relative" };

	for (unsigned int i = 0; i < KCORPUS_SYMBOLS; i++) {
		const struct kcorpus_symbol *s = &c->symbols[i];

		if (klayout_has(&poorest, s) ? !l : l && klayout_has(l, s))
			fprintf(f, "%016llx %c %s\n", (unsigned long long)s->offset, s->type,
				s->name);
	}
}

/** The corpus in all layouts, as images. */
struct kmatrix {
	struct kcorpus corpus;
	struct kimage_layout layouts[KLAYOUTS_MAX];
	struct kimage_text texts[KLAYOUTS_MAX];
	char *storage[KLAYOUTS_MAX];
	size_t nr;
	struct kimages images;
};

/** @return 0 or -1; to be removed with kmatrix_remove() */
static inline int kmatrix_make(struct kmatrix *m)
{
	char *common = NULL;
	size_t size;
	FILE *f = open_memstream(&common, &size);
	int err;

	kcorpus_make(&m->corpus);
	m->nr = klayouts(m->layouts);
	/* Symbols lie in the image, which is 64 KiB or more. */
	fprintf(f, "self no\nrelative\npad 64\ntext 'Linux version 5.19.0 (username)'\n"
		"align 4*K\ntables\npad 64*K\n");
	kcorpus_print(&m->corpus, f, NULL);
	fclose(f);
	for (size_t i = 0; i < m->nr; i++) {
		const struct kimage_layout *l = &m->layouts[i];

		f = open_memstream(&m->storage[i], &size);
		fprintf(f, "era %s\nvalues %s\norder %s\nword %u\nslide %u\n", l->era, l->values,
			l->order, l->word, strcmp(l->values, "plain") ? KLAYOUT_SLIDE : 0);
		kcorpus_print(&m->corpus, f, l);
		fclose(f);
		m->texts[i] = (struct kimage_text){ l->name, m->storage[i] };
	}
	err = kimages_make(&m->images, common, m->texts, m->nr);
	free(common);
	return err;
}

static inline int kmatrix_remove(struct kmatrix *m)
{
	int err = kimages_remove(&m->images);

	for (size_t i = 0; i < m->nr; i++)
		free(m->storage[i]);
	return err;
}

#endif
