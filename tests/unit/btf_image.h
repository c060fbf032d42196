/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: kernels that consist of BTF only, made by tools/mkbtf.py from text.
 *
 * The environment variable MDF_TOOLS names the directory of mkbtf.py.
 */
#ifndef TESTS_UNIT_BTF_IMAGE_H
#define TESTS_UNIT_BTF_IMAGE_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts/facts.h"
#include "lib/err.h"
#include "symbols/module_list.h"
#include "symbols/vmem.h"

/** One blob: its file name, and the text that makes it. */
struct btf_source {
	const char *name, *text;
};

/** A directory of blobs, each in both byte orders. */
struct btf_images {
	char dir[PATH_MAX - 128];
	const struct btf_source *texts;
	size_t nr_texts;
};

static inline void btf_images_path(const struct btf_images *c, bool big, const char *name,
				   char *path)
{
	snprintf(path, PATH_MAX, "%s/%s/%s", c->dir, big ? "big" : "little", name);
}

static inline int btf_images_make_order(const struct btf_images *c, const char *tools, bool big)
{
	char command[2 * PATH_MAX], path[PATH_MAX];
	FILE *f;

	btf_images_path(c, big, "", path);
	if (mkdir(path, 0700))
		return -1;
	snprintf(command, sizeof(command), "'%s/mkbtf.py' -o %s -m - '%s'", tools,
		 big ? "big" : "little", path);
	f = popen(command, "w");
	if (!f)
		return -1;
	for (size_t i = 0; i < c->nr_texts; i++)
		fprintf(f, "=== %s\n%s\n", c->texts[i].name, c->texts[i].text);
	return pclose(f) ? -1 : 0;
}

/**
 * Make blobs in a directory of their own.
 * @param texts borrowed; a text may build on those before it (.base)
 * @return 0 or -1; to be removed with btf_images_remove()
 */
static inline int btf_images_make(struct btf_images *c, const struct btf_source *texts,
				  size_t nr_texts)
{
	const char *tools = getenv("MDF_TOOLS"), *tmp = getenv("TMPDIR");

	*c = (struct btf_images){ .texts = texts, .nr_texts = nr_texts };
	if (!tools) {
		fprintf(stderr, "MDF_TOOLS is to name the directory of mkbtf.py\n");
		return -1;
	}
	snprintf(c->dir, sizeof(c->dir), "%s/btf_image.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(c->dir))
		return -1;
	return btf_images_make_order(c, tools, false) || btf_images_make_order(c, tools, true) ?
		-1 : 0;
}

/** Remove the blobs and their directory. */
static inline int btf_images_remove(const struct btf_images *c)
{
	char path[PATH_MAX];

	for (int big = 0; big < 2; big++) {
		for (size_t i = 0; i < c->nr_texts; i++) {
			btf_images_path(c, big, c->texts[i].name, path);
			unlink(path);
		}
		btf_images_path(c, big, "", path);
		rmdir(path);
	}
	return rmdir(c->dir);
}

/** Addresses of the kernel's BTF, and of the first module's; the next follow at every MiB. */
#define BTF_IMAGE_KERNEL UINT64_C(0xffffffff82345670)
#define BTF_IMAGE_MODULES UINT64_C(0xffffffffc0100010)
#define BTF_IMAGE_PARTS 8

/** Memory that has nothing in it but a few blobs. */
struct btf_image {
	struct vmem mem;
	struct btf_image_part {
		vaddr_t va;
		uint8_t *data;
		size_t len, longest_read;
		unsigned int reads;
	} parts[BTF_IMAGE_PARTS];		/**< by address; the first is the kernel's */
	size_t nr_parts;
	struct kmodule modules[BTF_IMAGE_PARTS];
	struct module_list list;
};

static inline int btf_image_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct btf_image *img = ctx;

	for (size_t i = 0; i < img->nr_parts; i++) {
		struct btf_image_part *p = &img->parts[i];

		if (va < p->va || va - p->va > p->len || len > p->len - (va - p->va))
			continue;
		memcpy(buf, p->data + (va - p->va), len);
		p->reads++;
		if (len > p->longest_read)
			p->longest_read = len;
		return 0;
	}
	return err_set(-EFAULT, "nothing at 0x%llx", (unsigned long long)va);
}

static inline int btf_image_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct btf_image *img = ctx;

	for (size_t i = 0; i < img->nr_parts; i++) {
		const struct btf_image_part *p = &img->parts[i];

		if (va < p->va) {
			*len = p->va - va;
			return -EFAULT;
		}
		if (va - p->va < p->len) {
			*len = p->len - (va - p->va);
			return 0;
		}
	}
	*len = -va;
	return -EFAULT;
}

/** Set the address of a symbol, if the program declares it; 0: it is not known. */
static inline void btf_image_symbol(const char *name, vaddr_t address)
{
	struct fact_set set = facts_of_program();

	for (size_t i = 0; i < set.nr_ksyms; i++) {
		if (strcmp(set.ksyms[i]->symname, name))
			continue;
		set.ksyms[i]->value = address;
		set.ksyms[i]->index = address ? FACT_KALLSYMS : -1;
	}
}

/** Set the bounds of the kernel's BTF; 0 and 0: they are not known. */
static inline void btf_image_bounds(vaddr_t start, vaddr_t stop)
{
	btf_image_symbol("__start_BTF", start);
	btf_image_symbol("__stop_BTF", stop);
}

static inline void btf_image_load(struct btf_image *img, const struct btf_images *c,
				  const char *name, vaddr_t va)
{
	struct btf_image_part *p = &img->parts[img->nr_parts++];
	bool big = img->mem.swap != HOST_BIG_ENDIAN;
	char path[PATH_MAX];
	long size;
	FILE *f;

	assert_true(img->nr_parts <= BTF_IMAGE_PARTS);
	btf_images_path(c, big, name, path);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s: it was not made", path);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_true(size >= 0);
	rewind(f);
	*p = (struct btf_image_part){ .va = va, .len = size, .data = malloc(size + 1) };
	assert_non_null(p->data);
	assert_int_equal(fread(p->data, 1, size, f), size);
	fclose(f);
}

/**
 * A kernel with this BTF, which symbols lead to.
 * @param img must not be moved afterwards
 */
static inline void btf_image_open(struct btf_image *img, const struct btf_images *c,
				  const char *name, bool big)
{
	*img = (struct btf_image){
		.mem = {
			.read = btf_image_read, .extent = btf_image_extent, .ctx = img,
			.is64 = sizeof(long) == 8, .swap = big != HOST_BIG_ENDIAN,
			.image_start = UINT64_C(0xffffffff80000000),
			.image_end = UINT64_C(0xffffffffc0000000),
		},
		.list.modules = img->modules,
	};
	btf_image_load(img, c, name, BTF_IMAGE_KERNEL);
	btf_image_bounds(BTF_IMAGE_KERNEL, BTF_IMAGE_KERNEL + img->parts[0].len);
}

/** A loaded module; @p name is the blob's, or NULL if it has none. */
static inline struct kmodule *btf_image_add_module(struct btf_image *img,
						   const struct btf_images *c, const char *modname,
						   const char *name)
{
	struct kmodule *m = &img->modules[img->list.nr++];

	assert_true(img->list.nr <= BTF_IMAGE_PARTS);
	snprintf(m->name, sizeof(m->name), "%s", modname);
	if (name) {
		m->btf = BTF_IMAGE_MODULES + (img->nr_parts << 20);
		btf_image_load(img, c, name, m->btf);
		m->btf_size = img->parts[img->nr_parts - 1].len;
	}
	return m;
}

static inline void btf_image_close(struct btf_image *img)
{
	btf_image_bounds(0, 0);
	for (size_t i = 0; i < img->nr_parts; i++)
		free(img->parts[i].data);
	*img = (struct btf_image){ 0 };
}

#endif
