// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/load.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/types.h"

#ifndef EXTENSIONDIR
#define EXTENSIONDIR "/usr/lib/makedumpfile/extensions"
#endif

/* The oldest EXTENSION_ABI that still works. */
#define EXTENSION_ABI_OLDEST 1

/* No object has more sections; more names are invalid. */
#define SECTIONS_MAX 65536
#define SECTION_NAMES_MAX (1u << 20)
#define SEGMENTS_MAX 1024

/* --- where it is ---------------------------------------------------------------- */

/* Why no file can be loaded; NULL: it can. */
#if !defined(HAVE_LIBBPF)
static const char *const no_files = "built without extensions, which need libbpf";
#elif defined(ONLY_BUILTIN)
/* A shared object would bring a second C library, and find none of our functions. */
static const char *const no_files =
	"built without extensions except BUILTIN_EXTENSIONS, since it is linked statically";
#else
static const char *const no_files;
#endif

bool extension_files_supported(void)
{
	return !no_files;
}

const char *extension_directory(void)
{
	return EXTENSIONDIR;
}

static const struct builtin_extension *find_builtin(const char *name)
{
	const struct builtin_extension *b = builtin_extensions;

	while (b && b->name && strcmp(b->name, name))
		b++;
	return b && b->name ? b : NULL;
}

static bool ends_in_so(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && !strcmp(name + len - 3, ".so");
}

int extension_find(struct extension_code *code, const char *text)
{
	size_t len = strcspn(text, ",");
	char name[PATH_MAX];
	const char *base;
	int n;

	*code = (struct extension_code){ .arguments = text[len] ? text + len + 1 : "" };
	if (!len || len >= sizeof(name))
		return err_set(-EINVAL, "\"%.100s\" does not name an extension", text);
	memcpy(name, text, len);
	name[len] = '\0';
	base = strrchr(name, '/');
	base = base ? base + 1 : name;
	n = strlen(base) - (ends_in_so(base) ? 3 : 0);
	if (!n || n >= (int)sizeof(code->name))
		return err_set(-EINVAL, "\"%.100s\" does not name an extension", name);
	memcpy(code->name, base, n);
	if (base != name) {
		memcpy(code->path, name, len);
		return 0;
	}
	code->builtin = find_builtin(code->name);
	if (!code->builtin)
		snprintf(code->path, sizeof(code->path), "%s/%s.so", EXTENSIONDIR, code->name);
	return 0;
}

/* --- whether root may trust it --------------------------------------------------- */

static int check_owner(const struct stat *st, const char *kind, const char *path)
{
	if (st->st_uid != geteuid())
		return err_set(-EPERM, "%s %s belongs to user %u: root does not load it", kind,
			       path, (unsigned int)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(-EPERM,
			       "%s %s may be written by others (mode %o): root does not "
			       "load it",
			       kind, path, (unsigned int)st->st_mode & 07777);
	return 0;
}

/* @param path of a file; changed */
static int check_directory(char *path)
{
	const char *dir = dirname(path);
	struct stat st;

	if (stat(dir, &st))
		return err_errno(-errno, "cannot look at %s", dir);
	return check_owner(&st, "the directory", dir);
}

/* Both of the name's directory, and of the file's if the name is a link to it. */
static int check_directories(const char *path, int fd)
{
	char proc[64], name[PATH_MAX];
	ssize_t n;
	int err;

	snprintf(name, sizeof(name), "%s", path);
	err = check_directory(name);
	if (err)
		return err;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = readlink(proc, name, sizeof(name) - 1);
	if (n <= 0)
		return 0;
	name[n] = '\0';
	return check_directory(name);
}

static int check_file(const char *path, int fd)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return err_errno(-errno, "cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(-EINVAL, "%s is not a file", path);
	if (geteuid())
		return 0;
	err = check_owner(&st, "the file", path);
	return err ? err : check_directories(path, fd);
}

/* --- its declarations -------------------------------------------------------------- */

/* The five kinds, in the order of struct fact_set. */
static const struct {
	const char *section, *start, *stop;
	size_t size;	    /* of a record, bytes */
	unsigned int texts; /* strings at its beginning; from the third on maybe NULL */
} kinds[] = {
	{ ".init_ksyms", "__start_init_ksyms", "__stop_init_ksyms", sizeof(struct ksym_info), 2 },
	{ ".init_ktypes", "__start_init_ktypes", "__stop_init_ktypes", sizeof(struct ktype_info),
	  3 },
	{ ".init_knums", "__start_init_knums", "__stop_init_knums", sizeof(struct knum_info), 2 },
	{ ".init_klens", "__start_init_klens", "__stop_init_klens", sizeof(struct klen_info), 3 },
	{ ".init_kpaths", "__start_init_kpaths", "__stop_init_kpaths", sizeof(struct kpath_info),
	  2 },
};

/* A part of memory: an array of pointers to records, or all of an object. */
struct extent {
	uintptr_t start, end;
};

static bool holds(const struct extent *object, const void *p, size_t len)
{
	uintptr_t at = (uintptr_t)p;

	return at >= object->start && at <= object->end && len <= object->end - at;
}

static bool good_record(const struct extent *object, const void *record, size_t kind)
{
	const char *const *texts = record;

	if (!holds(object, record, kinds[kind].size) || (uintptr_t)record % sizeof(void *))
		return false;
	for (unsigned int i = 0; i < kinds[kind].texts; i++) {
		if (!(i >= 2 && !texts[i]) && !holds(object, texts[i], 1))
			return false;
	}
	return true;
}

static int check_records(const struct extent *object, const struct extent *list, size_t kind)
{
	const void *const *records = (const void *const *)list->start;
	size_t nr = (list->end - list->start) / sizeof(void *);

	if (list->start == list->end)
		return 0;
	if (list->start > list->end || !holds(object, records, list->end - list->start) ||
	    list->start % sizeof(void *) || (list->end - list->start) % sizeof(void *))
		return err_set(-ENOEXEC, "its section %s is invalid", kinds[kind].section);
	for (size_t i = 0; i < nr; i++) {
		if (!good_record(object, records[i], kind))
			return err_set(-ENOEXEC, "declaration %zu in its section %s is invalid", i,
				       kinds[kind].section);
	}
	return 0;
}

/* The headers of a shared object's file. */
struct elf_headers {
	ElfW(Ehdr) ehdr;
	ElfW(Phdr) * segments;
	ElfW(Shdr) * sections; /* NULL: it has none */
	size_t nr_sections;
	char *names; /* of sections; ends with a NUL */
	size_t names_size;
};

static void *read_table(int fd, uint64_t offset, size_t size)
{
	void *p = malloc(size + 1);

	if (p && fd_pread(fd, p, size, offset) != (ssize_t)size) {
		free(p);
		return NULL;
	}
	return p;
}

static int read_sections(struct elf_headers *h, int fd)
{
	size_t names = h->ehdr.e_shstrndx;

	h->nr_sections = h->ehdr.e_shnum;
	if (!h->ehdr.e_shoff || !h->nr_sections || h->nr_sections > SECTIONS_MAX)
		return 0;
	h->sections = read_table(fd, h->ehdr.e_shoff, h->nr_sections * sizeof(*h->sections));
	if (!h->sections || names >= h->nr_sections ||
	    h->sections[names].sh_size > SECTION_NAMES_MAX)
		return -ENOEXEC;
	h->names_size = h->sections[names].sh_size;
	h->names = read_table(fd, h->sections[names].sh_offset, h->names_size);
	if (!h->names)
		return -ENOEXEC;
	h->names[h->names_size] = '\0';
	return 0;
}

/* Read the headers of a file that was loaded: what the loader looked at is right. */
static int read_headers(struct elf_headers *h, int fd)
{
	*h = (struct elf_headers){ .sections = NULL };
	if (fd_pread(fd, &h->ehdr, sizeof(h->ehdr), 0) != sizeof(h->ehdr) ||
	    h->ehdr.e_phnum > SEGMENTS_MAX)
		return -ENOEXEC;
	h->segments = read_table(fd, h->ehdr.e_phoff, h->ehdr.e_phnum * sizeof(*h->segments));
	if (!h->segments)
		return -ENOEXEC;
	return read_sections(h, fd);
}

static void free_headers(struct elf_headers *h)
{
	free(h->segments);
	free(h->sections);
	free(h->names);
}

static struct extent object_extent(const struct elf_headers *h, uintptr_t base)
{
	struct extent e = { UINTPTR_MAX, 0 };

	for (size_t i = 0; i < h->ehdr.e_phnum; i++) {
		const ElfW(Phdr) *p = &h->segments[i];

		if (p->p_type != PT_LOAD)
			continue;
		e.start = min_u64(e.start, base + p->p_vaddr);
		e.end = max_u64(e.end, base + p->p_vaddr + p->p_memsz);
	}
	return e;
}

static struct extent section_extent(const struct elf_headers *h, uintptr_t base, const char *name)
{
	for (size_t i = 0; i < h->nr_sections; i++) {
		const ElfW(Shdr) *s = &h->sections[i];

		if (s->sh_name < h->names_size && !strcmp(h->names + s->sh_name, name))
			return (struct extent){ base + s->sh_addr, base + s->sh_addr + s->sh_size };
	}
	return (struct extent){ 0, 0 };
}

/* All that was declared, from the section headers or, without them, the script's symbols. */
static int find_lists(struct extension_code *code, const struct elf_headers *h, uintptr_t base,
		      struct extent *lists)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (h->sections) {
			lists[i] = section_extent(h, base, kinds[i].section);
			continue;
		}
		lists[i].start = (uintptr_t)dlsym(code->handle, kinds[i].start);
		lists[i].end = (uintptr_t)dlsym(code->handle, kinds[i].stop);
		if (!lists[i].start || !lists[i].end)
			return err_set(-ENOEXEC,
				       "%s has no section headers, so its declarations "
				       "cannot be found: link it with -Wl,-T,makedumpfile.ld",
				       code->path);
	}
	return 0;
}

#define LIST(e) (void *)(e).start
#define LENGTH(e) (((e).end - (e).start) / sizeof(void *))

static int find_declarations(struct extension_code *code, int fd)
{
	struct extent lists[ARRAY_SIZE(kinds)], object;
	const struct link_map *map;
	struct elf_headers h;
	int err;

	if (dlinfo(code->handle, RTLD_DI_LINKMAP, &map))
		return err_set(-ENOEXEC, "%s", dlerror());
	err = read_headers(&h, fd);
	if (err)
		err_set(err, "%s has damaged section headers", code->path);
	else
		err = find_lists(code, &h, map->l_addr, lists);
	object = object_extent(&h, map->l_addr);
	free_headers(&h);
	for (size_t i = 0; !err && i < ARRAY_SIZE(kinds); i++)
		err = check_records(&object, &lists[i], i);
	if (err)
		return err;
	code->facts = (struct fact_set){
		LIST(lists[0]),	  LIST(lists[1]),   LIST(lists[2]),   LIST(lists[3]),
		LIST(lists[4]),	  LENGTH(lists[0]), LENGTH(lists[1]), LENGTH(lists[2]),
		LENGTH(lists[3]), LENGTH(lists[4]),
	};
	return 0;
}

/* --- loading it ------------------------------------------------------------------ */

static int check_abi(const struct extension_code *code)
{
	const unsigned int *abi = dlsym(code->handle, "makedumpfile_extension_abi");

	if (!abi)
		DEBUG_MSG("extension %s does not say which interface it was made for.\n",
			  code->name);
	else if (*abi > EXTENSION_ABI)
		return err_set(-ENOEXEC,
			       "it was made for interface %u, but this makedumpfile has "
			       "%u: it is too new",
			       *abi, EXTENSION_ABI);
	else if (*abi < EXTENSION_ABI_OLDEST)
		return err_set(-ENOEXEC,
			       "it was made for interface %u, but this makedumpfile "
			       "takes %u at least: it is too old",
			       *abi, EXTENSION_ABI_OLDEST);
	return 0;
}

/* dlerror(), with the file's own name for the one it was opened by. */
static int loader_error(const struct extension_code *code, const char *opened)
{
	const char *text = dlerror();
	size_t len = strlen(opened);

	if (!text)
		text = "unknown error";
	if (!strncmp(text, opened, len))
		return err_set(-ENOEXEC, "cannot load %s%s", code->path, text + len);
	return err_set(-ENOEXEC, "cannot load %s: %s", code->path, text);
}

static int open_object(struct extension_code *code, int fd, bool by_path)
{
	char opened[PATH_MAX];

	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	if (by_path || access(opened, R_OK))
		snprintf(opened, sizeof(opened), "%s", code->path);
	code->handle = dlopen(opened, RTLD_NOW | RTLD_LOCAL);
	return code->handle ? 0 : loader_error(code, opened);
}

static int load_file(struct extension_code *code, bool by_path)
{
	/* Not to wait for the other end of a pipe. */
	_cleanup_close_ int fd = open(code->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return err_errno(-errno, "cannot open %s", code->path);
	err = check_file(code->path, fd);
	if (!err)
		err = open_object(code, fd, by_path);
	if (!err)
		err = check_abi(code);
	if (!err)
		err = find_declarations(code, fd);
	if (err)
		return err;
	code->help = dlsym(code->handle, "makedumpfile_extension_help");
	code->init = (void (*)(void))dlsym(code->handle, "extension_init");
	code->callback =
		(int (*)(unsigned long, const void *))dlsym(code->handle, "extension_callback");
	code->pages_callback = (void (*)(const struct extension_pages *,
					 uint8_t *))dlsym(code->handle, "extension_pages_callback");
	return 0;
}

static void load_builtin(struct extension_code *code)
{
	const struct builtin_extension *b = code->builtin;

	code->facts = (struct fact_set){
		b->ksyms,
		b->ktypes,
		b->knums,
		b->klens,
		b->kpaths,
		b->ksyms_end - b->ksyms,
		b->ktypes_end - b->ktypes,
		b->knums_end - b->knums,
		b->klens_end - b->klens,
		b->kpaths_end - b->kpaths,
	};
	code->help = b->help;
	code->init = b->init;
	code->callback = b->callback;
	code->pages_callback = b->pages_callback;
	for (void (*const *f)(void) = b->constructors; f != b->constructors_end; f++)
		(*f)();
}

int extension_load(struct extension_code *code, bool by_path)
{
	int err = 0;

	if (code->builtin)
		load_builtin(code);
	else if (no_files)
		err = err_set(-ENOTSUP, "makedumpfile was %s", no_files);
	else
		err = load_file(code, by_path);
	if (!err && !code->init && !code->callback && !code->pages_callback)
		err = err_set(-ENOEXEC, "it has neither extension_init() nor extension_callback() "
					"nor extension_pages_callback()");
	return err;
}

void extension_unload(struct extension_code *code)
{
	const struct builtin_extension *b = code->builtin;

	if (code->handle)
		dlclose(code->handle);
	code->handle = NULL;
	if (!b)
		return;
	for (void (*const *f)(void) = b->destructors_end; f != b->destructors; f--)
		f[-1]();
}
