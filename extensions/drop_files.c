// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exclude the page cache of chosen files, at any dump level.
 *
 *	makedumpfile --extension drop_files,path=/var/lib/mysql -d 1 /proc/vmcore dump
 *	makedumpfile --extension drop_files,fs=ext4+xfs,size=1048576 -d 1 /proc/vmcore dump
 *
 * path=PATH	files at and below this path within their file system (several: PATH+PATH)
 * size=BYTES	files that are at least this large
 * fs=TYPE	files of file systems of this type (several: TYPE+TYPE)
 *
 * A file is excluded if all arguments that are given apply to it.
 */
#include <stdlib.h>
#include <string.h>

#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"

EXTENSION_HELP("exclude the page cache of files, by path, size or file system");

INIT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_type);
INIT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_inodes);
INIT_MOD_STRUCT_MEMBER(vmlinux, file_system_type, name);
INIT_MOD_STRUCT_MEMBER(vmlinux, inode, i_sb_list);
INIT_MOD_STRUCT_MEMBER(vmlinux, inode, i_size);
INIT_MOD_STRUCT_MEMBER(vmlinux, inode, i_mapping);
INIT_MOD_STRUCT_MEMBER(vmlinux, inode, i_dentry);
INIT_MOD_STRUCT_MEMBER(vmlinux, dentry, d_parent);
INIT_OPT_MOD_PATH(vmlinux, alias, "dentry.d_u.d_alias");
/* Newer kernels have it in a union without a name. */
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, dentry, d_alias);

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)
/* The longest item of an argument, and path of a file. */
#define ITEM_BYTES 1024
#define PATH_BYTES 4096

struct drop {
	int64_t size; /* least, bytes */
	unsigned long files, damaged;
	unsigned long long pages;
	char why[256]; /* the first damage */
};

static void note_damage(struct drop *d)
{
	if (!d->damaged++)
		strncpy(d->why, mdf_error(), sizeof(d->why) - 1);
}

/* Return whether an item of a list applies to a text; or whether there is no list. */
static bool applies(const char *key, const char *text, bool (*matches)(const char *, const char *))
{
	char item[ITEM_BYTES];
	unsigned int n = 0;

	for (; !extension_argument_item(key, n, item, sizeof(item)); n++)
		if (matches(item, text))
			return true;
	return !n;
}

static bool is_same(const char *item, const char *text)
{
	return !strcmp(item, text);
}

static bool is_at_or_below(const char *item, const char *path)
{
	size_t len = strlen(item);

	while (len && item[len - 1] == '/')
		len--;
	return !strncmp(item, path, len) && (path[len] == '/' || !path[len]);
}

/* The path of a file's first name, "" if it has none, such as one that was removed. */
static void path_of(uint64_t inode, char path[PATH_BYTES])
{
	uint64_t alias, offset = MOD_PATH_EXIST(vmlinux, alias) ?
					 GET_MOD_PATH_OFF(vmlinux, alias) / 8 :
					 GET_MOD_STRUCT_MEMBER_OFF(vmlinux, dentry, d_alias);

	path[0] = '\0';
	if (!mdf_read_pointer(inode, MEMBER(inode, i_dentry), &alias) && alias)
		mdf_dentry_path(alias - offset, path, PATH_BYTES);
}

static int see_page(void *ctx, uint64_t first, uint64_t last, uint64_t page)
{
	struct drop *d = ctx;
	uint64_t pfn;

	if (mdf_page_to_pfn(page, &pfn)) {
		note_damage(d);
		return 0;
	}
	extension_decide(pfn, last - first + 1, PG_EXCLUDE);
	d->pages += last - first + 1;
	return 0;
}

static int see_inode(void *ctx, uint64_t inode)
{
	struct drop *d = ctx;
	unsigned long long before = d->pages;
	char path[PATH_BYTES];
	uint64_t mapping;
	int64_t size;

	if (mdf_read_signed(inode, MEMBER(inode, i_size), &size) ||
	    mdf_read_pointer(inode, MEMBER(inode, i_mapping), &mapping)) {
		note_damage(d);
		return 0;
	}
	if (size < d->size)
		return 0;
	if (extension_argument("path")) {
		path_of(inode, path);
		if (!*path || !applies("path", path, is_at_or_below))
			return 0;
	}
	if (mdf_for_each_mapping_page(mapping, see_page, d))
		note_damage(d);
	d->files += d->pages != before;
	return 0;
}

static int see_super_block(void *ctx, uint64_t sb)
{
	struct drop *d = ctx;
	uint64_t type, name;
	char text[ITEM_BYTES];

	if (mdf_read_pointer(sb, MEMBER(super_block, s_type), &type) ||
	    mdf_read_pointer(type, MEMBER(file_system_type, name), &name) ||
	    mdf_read_string(name, text, sizeof(text))) {
		note_damage(d);
		return 0;
	}
	if (applies("fs", text, is_same) &&
	    mdf_for_each_list(mdf_member_address(sb, MEMBER(super_block, s_inodes)),
			      MEMBER(inode, i_sb_list), see_inode, d) < 0)
		note_damage(d);
	return 0;
}

static void read_arguments(struct drop *d)
{
	static const char *const keys[] = { "path", "size", "fs", NULL };
	const char *path = extension_argument("path"), *size = extension_argument("size");
	const char *fs = extension_argument("fs");
	char *end = NULL;

	extension_known_keys(keys);
	if ((!path || !*path) && (!size || !*size) && (!fs || !*fs))
		extension_fail("path=PATH, size=BYTES or fs=TYPE has to say which files to drop");
	if (size)
		d->size = strtoll(size, &end, 0);
	if (size && (*end || end == size || d->size < 0))
		extension_fail("size=%s: a number of bytes is expected", size);
	if (path && !MOD_PATH_EXIST(vmlinux, alias) &&
	    !MOD_STRUCT_MEMBER_EXIST(vmlinux, dentry, d_alias))
		extension_fail("path=%s: OFFSET(dentry.d_alias) is not known", path);
}

void extension_init(void)
{
	struct drop d = { .size = 0 };

	read_arguments(&d);
	if (mdf_for_each_super_block(see_super_block, &d) < 0)
		note_damage(&d);
	MSG("files: %lu, pages of them excluded: %llu\n", d.files, d.pages);
	if (d.damaged)
		MSG("%lu times something could not be read, first: %s\n", d.damaged, d.why);
}
