// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leave the buffers of graphics cards out of a dump: the part of them that lies in main memory.
 *
 *	makedumpfile --extension drop_gpu -d 31 /proc/vmcore dump
 *	makedumpfile --extension drop_gpu,driver=amdgpu+radeon -d 31 /proc/vmcore dump
 *
 * driver=NAME	only those of this driver's devices (several: NAME+NAME)
 *
 * To makedumpfile such pages are pages of the kernel like any others, so no dump level drops
 * them. It is about drivers that have their memory managed by the kernel's TTM: amdgpu,
 * nouveau, qxl, radeon, vmwgfx, xe and others. Memory of other drivers is mostly page cache.
 *
 * The way to them: open files of tasks, those of them that belong to a graphics driver, the
 * handles of buffers that each has, the pages of each buffer.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"

EXTENSION_HELP("exclude buffers of graphics cards");

INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, files);
INIT_MOD_STRUCT_MEMBER(vmlinux, files_struct, fdt);
INIT_MOD_STRUCT_MEMBER(vmlinux, fdtable, max_fds);
INIT_MOD_STRUCT_MEMBER(vmlinux, fdtable, fd);
INIT_MOD_STRUCT_MEMBER(vmlinux, file, f_op);
INIT_MOD_STRUCT_MEMBER(vmlinux, file, private_data);
INIT_MOD_STRUCT_MEMBER(vmlinux, file_operations, open);

/* Not there if no such driver is loaded: then there is nothing to do. */
INIT_OPT_MOD_SYM(drm, drm_open);
INIT_OPT_MOD_SYM(vmlinux, drm_open);
INIT_OPT_MOD_SYM(ttm, ttm_glob);
INIT_OPT_MOD_SYM(vmlinux, ttm_glob);
/* The number of pages of all buffers, to be compared with. */
INIT_OPT_MOD_SYM(ttm, ttm_pages_allocated);
INIT_OPT_MOD_SYM(vmlinux, ttm_pages_allocated);

INIT_OPT_MOD_PATH(drm, objects, "drm_file.object_idr.idr_rt");
INIT_OPT_MOD_STRUCT_MEMBER(drm, drm_gem_object, size);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_global, device_list);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_device, device_list);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_buffer_object, base);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_buffer_object, bdev);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_buffer_object, ttm);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_tt, pages);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_tt, page_flags);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_tt, num_pages);
/* Since 5.19, and since 6.15: they tell which flags there are. */
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_resource, lru);
INIT_OPT_MOD_STRUCT_MEMBER(ttm, ttm_tt, backup);

/* For driver=. */
INIT_OPT_MOD_STRUCT_MEMBER(drm, drm_file, minor);
INIT_OPT_MOD_STRUCT_MEMBER(drm, drm_minor, dev);
INIT_OPT_MOD_STRUCT_MEMBER(drm, drm_device, driver);
INIT_OPT_MOD_STRUCT_MEMBER(drm, drm_driver, name);

/*
 * ttm_tt.page_flags, which are macros in the kernel, so that no type contains them: the pages
 * belong to others (a user, or another driver), and the pages are present. If they are not
 * present, the array still contains old pages, which belong to others now.
 *
 * The latter is bit 31, or bit 5 since Linux kernel commit 71ce046327cf ("drm/ttm: Make sure
 * the mapped tt pages are decrypted when needed"), which older series have taken over; they
 * use it for nothing else. It is bit 6 where ttm_tt.backup is: Linux kernel commit
 * b63d715b8090 ("drm/ttm/pool, drm/ttm/tt: Provide a helper to shrink pages") (in v6.15).
 */
#define EXTERNAL (1u << 2)
#define POPULATED_OLD (1u << 31 | 1u << 5)
#define POPULATED_BACKUP (1u << 6)
#define KNOWN_OLD (1u << 31 | 0x3fu)
#define KNOWN_BACKUP 0x7fu

/* Slots of arrays that are read at most, all in all: as many as 4 TiB have pages. */
#define SLOTS_MAX (UINT64_C(1) << 30)

/* Addresses of the kernel's objects. */
struct list {
	uint64_t *at;
	size_t nr, room;
};

struct drop {
	const char *driver; /* what the user wants; may be NULL */
	uint64_t drm_open, ttm_glob;
	uint64_t page_size;
	uint32_t populated, known; /* flags */

	struct list tables;  /* files_struct: open files of tasks */
	struct list clients; /* drm_file: open files of graphics drivers */
	struct list objects; /* drm_gem_object: buffers */
	struct list devices; /* ttm_device */
	/* Pages that are dropped, but extension_decide() was not told yet. */
	uint64_t pfn, nr_pfns;

	uint64_t slots; /* that may still be read */
	size_t buffers, foreign, damaged;
	unsigned long long pages;
	char why[256]; /* the first damage */
};

/* --- helpers ------------------------------------------------------------------------ */

static void note_damage(struct drop *d, const char *why)
{
	if (!d->damaged++)
		strncpy(d->why, why, sizeof(d->why) - 1);
}

static void add(struct list *l, uint64_t address)
{
	if (l->nr == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->at = reallocarray(l->at, l->room, sizeof(*l->at));
		if (!l->at)
			extension_fail("no memory for %zu objects of the crashed kernel", l->nr);
	}
	l->at[l->nr++] = address;
}

static int by_address(const void *a, const void *b)
{
	uint64_t s = *(const uint64_t *)a, t = *(const uint64_t *)b;

	return (s > t) - (s < t);
}

/* Visit objects that several tasks or clients share only once. */
static void dedup(struct list *l)
{
	size_t nr = 0;

	if (l->nr)
		qsort(l->at, l->nr, sizeof(*l->at), by_address);
	for (size_t i = 0; i < l->nr; i++)
		if (!nr || l->at[nr - 1] != l->at[i])
			l->at[nr++] = l->at[i];
	l->nr = nr;
}

static bool has(const struct list *l, uint64_t address)
{
	return l->nr && bsearch(&address, l->at, l->nr, sizeof(*l->at), by_address);
}

/* Follow a pointer that may be NULL. */
static uint64_t pointer(struct drop *d, uint64_t base, const struct ktype_info *member)
{
	uint64_t value;

	if (!mdf_read_number(base, member, &value))
		return value;
	note_damage(d, mdf_error());
	return 0;
}

/* Give what is in an array of pointers to a function, until it returns false. */
static void each_pointer(struct drop *d, uint64_t array, uint64_t nr,
			 bool (*fn)(struct drop *d, uint64_t value))
{
	uint64_t value;

	if (nr > d->slots) {
		note_damage(d, "the arrays of files and pages are longer than any memory");
		return;
	}
	d->slots -= nr;
	for (uint64_t i = 0; i < nr; i++) {
		if (mdf_read_ulong(array + i * mdf_long_size(), &value)) {
			note_damage(d, mdf_error());
			return;
		}
		if (value && !fn(d, value))
			return;
	}
}

/* --- what is needed of this kernel ---------------------------------------------------- */

/* The address of a symbol of a module, which can be part of the kernel; 0: it is not there. */
#define SYM_OF(mod, sym) \
	(MOD_SYM_EXIST(mod, sym)     ? GET_MOD_SYM(mod, sym) : \
	 MOD_SYM_EXIST(vmlinux, sym) ? GET_MOD_SYM(vmlinux, sym) : \
				       0)

#define NEED(mod, s, m) \
	do { \
		if (!MOD_STRUCT_MEMBER_EXIST(mod, s, m)) \
			extension_fail(#s "." #m " is not known, though there is TTM"); \
	} while (0)

static void need_types(const struct drop *d)
{
	NEED(drm, drm_gem_object, size);
	NEED(ttm, ttm_global, device_list);
	NEED(ttm, ttm_device, device_list);
	NEED(ttm, ttm_buffer_object, base);
	NEED(ttm, ttm_buffer_object, bdev);
	NEED(ttm, ttm_buffer_object, ttm);
	NEED(ttm, ttm_tt, pages);
	NEED(ttm, ttm_tt, page_flags);
	NEED(ttm, ttm_tt, num_pages);
	/* Before that flags had other numbers. */
	NEED(ttm, ttm_resource, lru);
	if (!MOD_PATH_EXIST(drm, objects))
		extension_fail("drm_file.object_idr is not known, though there is TTM");
	if (!d->driver)
		return;
	NEED(drm, drm_file, minor);
	NEED(drm, drm_minor, dev);
	NEED(drm, drm_device, driver);
	NEED(drm, drm_driver, name);
}

/* @return false if there is nothing to do */
static bool find_ttm(struct drop *d)
{
	d->drm_open = SYM_OF(drm, drm_open);
	d->ttm_glob = SYM_OF(ttm, ttm_glob);
	if (!d->drm_open || !d->ttm_glob)
		return false;
	need_types(d);
	d->populated = MOD_STRUCT_MEMBER_EXIST(ttm, ttm_tt, backup) ? POPULATED_BACKUP :
								      POPULATED_OLD;
	d->known = MOD_STRUCT_MEMBER_EXIST(ttm, ttm_tt, backup) ? KNOWN_BACKUP : KNOWN_OLD;
	return true;
}

/* --- from tasks to the files of graphics drivers --------------------------------------- */

static int see_task(void *ctx, uint64_t task)
{
	struct drop *d = ctx;
	uint64_t files;

	files = pointer(d, task, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, task_struct, files));
	if (files)
		add(&d->tables, files);
	return 0;
}

/* All drivers of graphics cards have their files opened by the same function. */
static bool visit_file(struct drop *d, uint64_t file)
{
	uint64_t ops, client;

	ops = pointer(d, file, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, file, f_op));
	if (!ops || pointer(d, ops, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, file_operations, open)) !=
			    d->drm_open)
		return true;
	client = pointer(d, file, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, file, private_data));
	if (client)
		add(&d->clients, client);
	return true;
}

static void find_files(struct drop *d, uint64_t table)
{
	uint64_t fdt, fd, nr;

	fdt = pointer(d, table, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, files_struct, fdt));
	if (!fdt)
		return;
	nr = pointer(d, fdt, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, fdtable, max_fds));
	fd = pointer(d, fdt, GET_MOD_STRUCT_MEMBER_PTR(vmlinux, fdtable, fd));
	each_pointer(d, fd, nr, visit_file);
}

/* --- buffers ----------------------------------------------------------------------------- */

static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name), n;

	for (;; list += n + 1) {
		n = strcspn(list, "+");
		if (n == len && !memcmp(list, name, n))
			return true;
		if (!list[n])
			return false;
	}
}

static bool is_wanted(struct drop *d, uint64_t client)
{
	uint64_t at;
	char name[64];

	if (!d->driver)
		return true;
	at = pointer(d, client, GET_MOD_STRUCT_MEMBER_PTR(drm, drm_file, minor));
	if (at)
		at = pointer(d, at, GET_MOD_STRUCT_MEMBER_PTR(drm, drm_minor, dev));
	if (at)
		at = pointer(d, at, GET_MOD_STRUCT_MEMBER_PTR(drm, drm_device, driver));
	if (at)
		at = pointer(d, at, GET_MOD_STRUCT_MEMBER_PTR(drm, drm_driver, name));
	if (!at)
		return false;
	if (mdf_read_string(at, name, sizeof(name)))
		note_damage(d, mdf_error());
	return is_listed(d->driver, name);
}

static int see_object(void *ctx, uint64_t first, uint64_t last, uint64_t entry)
{
	struct drop *d = ctx;

	(void)first;
	(void)last;
	add(&d->objects, entry);
	return 0;
}

static void find_objects(struct drop *d)
{
	size_t wanted = 0;

	for (size_t i = 0; i < d->clients.nr; i++) {
		uint64_t client = d->clients.at[i];

		if (!is_wanted(d, client))
			continue;
		d->clients.at[wanted++] = client;
		if (mdf_for_each_xarray(client + GET_MOD_PATH_OFF(drm, objects) / 8, see_object,
					d) < 0)
			note_damage(d, mdf_error());
	}
	d->clients.nr = wanted;
	dedup(&d->objects);
}

static int see_device(void *ctx, uint64_t device)
{
	struct drop *d = ctx;

	add(&d->devices, device);
	return 0;
}

static void find_devices(struct drop *d)
{
	uint64_t head = d->ttm_glob + GET_MOD_STRUCT_MEMBER_OFF(ttm, ttm_global, device_list);

	if (mdf_for_each_list(head, GET_MOD_STRUCT_MEMBER_PTR(ttm, ttm_device, device_list),
			      see_device, d) < 0)
		note_damage(d, mdf_error());
	dedup(&d->devices);
}

/* --- pages --------------------------------------------------------------------------------- */

static void flush_pages(struct drop *d)
{
	if (d->nr_pfns)
		extension_decide(d->pfn, d->nr_pfns, PG_EXCLUDE);
	d->pages += d->nr_pfns;
	d->nr_pfns = 0;
}

static bool drop_page(struct drop *d, uint64_t page)
{
	uint64_t pfn;

	/* While a buffer is being swapped out, an odd value is a page's place in swap. */
	if (page & 1)
		return true;
	if (mdf_page_to_pfn(page, &pfn)) {
		note_damage(d, mdf_error());
		return false;
	}
	if (pfn != d->pfn + d->nr_pfns) {
		flush_pages(d);
		d->pfn = pfn;
	}
	d->nr_pfns++;
	return true;
}

/* There can be a few pages more than the size says, for what a driver knows of the others. */
static bool fits(const struct drop *d, uint64_t nr, uint64_t size)
{
	uint64_t expected = size / d->page_size;

	return nr >= expected && nr / 2 <= expected;
}

static void drop_pages(struct drop *d, uint64_t object, uint64_t ttm)
{
	uint64_t flags, nr, size, pages;

	if (mdf_read_number(ttm, GET_MOD_STRUCT_MEMBER_PTR(ttm, ttm_tt, page_flags), &flags) ||
	    mdf_read_number(ttm, GET_MOD_STRUCT_MEMBER_PTR(ttm, ttm_tt, num_pages), &nr) ||
	    mdf_read_number(object, GET_MOD_STRUCT_MEMBER_PTR(drm, drm_gem_object, size), &size)) {
		note_damage(d, mdf_error());
		return;
	}
	if (!fits(d, nr, size)) {
		note_damage(d, "a buffer does not have as many pages as its size tells");
		return;
	}
	/* The kernel's flags have other numbers: the present pages are unknown. */
	if (flags & ~(uint64_t)d->known)
		extension_fail("the flags %#" PRIx64 " of a buffer are not known", flags);
	if (flags & EXTERNAL || !(flags & d->populated))
		return;
	pages = pointer(d, ttm, GET_MOD_STRUCT_MEMBER_PTR(ttm, ttm_tt, pages));
	if (!pages)
		return;
	each_pointer(d, pages, nr, drop_page);
	d->buffers++;
}

/* An object is a buffer of TTM if it says that it belongs to one of TTM's devices. */
static void drop_object(struct drop *d, uint64_t object)
{
	uint64_t bo = object - GET_MOD_STRUCT_MEMBER_OFF(ttm, ttm_buffer_object, base);
	uint64_t device, ttm;

	if (mdf_read_number(bo, GET_MOD_STRUCT_MEMBER_PTR(ttm, ttm_buffer_object, bdev), &device) ||
	    !has(&d->devices, device)) {
		d->foreign++;
		return;
	}
	ttm = pointer(d, bo, GET_MOD_STRUCT_MEMBER_PTR(ttm, ttm_buffer_object, ttm));
	if (ttm)
		drop_pages(d, object, ttm);
}

/* --- all of it ------------------------------------------------------------------------------ */

static void drop_all(struct drop *d)
{
	if (mdf_for_each_task(see_task, d) < 0)
		note_damage(d, mdf_error());
	dedup(&d->tables);
	for (size_t i = 0; i < d->tables.nr; i++)
		find_files(d, d->tables.at[i]);
	dedup(&d->clients);
	find_objects(d);
	find_devices(d);
	for (size_t i = 0; i < d->objects.nr; i++)
		drop_object(d, d->objects.at[i]);
	flush_pages(d);
}

static void report(const struct drop *d)
{
	uint64_t counter = SYM_OF(ttm, ttm_pages_allocated), all;

	MSG("devices: %zu, open files: %zu, buffers in memory: %zu, pages left out: %llu\n",
	    d->devices.nr, d->clients.nr, d->buffers, d->pages);
	if (counter && !mdf_read_ulong(counter, &all) && all != d->pages)
		MSG("all buffers of TTM have %" PRIu64 " pages\n", all);
	if (d->foreign)
		MSG("%zu other buffers are not managed by TTM\n", d->foreign);
	if (d->damaged)
		MSG("%zu times something could not be read, first: %s\n", d->damaged, d->why);
}

void extension_init(void)
{
	struct drop d = {
		.driver = extension_argument("driver"),
		.page_size = mdf_page_size(),
		.slots = SLOTS_MAX,
	};

	if (!find_ttm(&d)) {
		MSG("no driver that uses TTM is loaded\n");
		return;
	}
	drop_all(&d);
	report(&d);
	free(d.tables.at);
	free(d.clients.at);
	free(d.objects.at);
	free(d.devices.at);
}
