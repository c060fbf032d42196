// SPDX-License-Identifier: GPL-2.0-or-later
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "coverage.h"
#include "flattened.h"
#include "guard.h"
#include "kdump_format.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "map_cache.h"
#include "spool.h"

#define MIB ((size_t)1 << 20)
/* Bytes to map at once, and where windows begin: multiples of every host's page size. */
#define MAP_WINDOW (4 * MIB)
#define MAP_UNIT ((size_t)64 << 10)
/* The fewest bytes that are mapped to be copied once; fewer come from pieces that stay mapped. */
#define COPY_MAPPED ((size_t)32 << 10)
/* Bytes to read at once where the file is read in order, and elsewhere. */
#define READ_WINDOW MIB
#define READ_SHORT ((size_t)64 << 10)
/* The unit of reading, and the most that a bad spot on a disk may cost. */
#define READ_UNIT ((size_t)4096)

static const unsigned char zeros[READ_UNIT];

/*
 * Return whether mapping a file costs less than reading it. /proc/vmcore maps all pages of a
 * window at once, and read() maps them one by one. Elsewhere a page fault for each few pages
 * costs more than copying them.
 */
static bool maps_well(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

/* Return whether a file has holes, as far as its size tells. */
static bool is_sparse(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_blocks < st.st_size / 512;
}

static int file_size(const struct dump_file *f, uint64_t *ret)
{
	struct stat st;
	off_t end;

	if (fstat(f->fd, &st))
		return err_errno(-errno, "cannot stat %s", f->path);
	if (S_ISREG(st.st_mode)) {
		*ret = st.st_size;
		return 0;
	}
	/* The error of reading one depends on its file system. */
	if (S_ISDIR(st.st_mode))
		return err_set(-EISDIR, "cannot read %s: it is a directory", f->path);
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		return err_set(-ESPIPE,
			       "%s is a pipe: VMCORE must be a file or a block device, "
			       "since it is read more than once",
			       f->path);
	end = lseek(f->fd, 0, SEEK_END);
	if (end < 0)
		return err_errno(-errno, "cannot tell the size of %s", f->path);
	*ret = end;
	return 0;
}

/* See that the records of a flattened file fit together; else say how not. */
static void check_flattened(struct dump_file *f, const struct coverage *covered)
{
	uint8_t head[COVERAGE_HEAD_SIZE] = { 0 }, sub[KDUMP_SUB_HEADER_SIZE_MAX] = { 0 };
	struct file_reader r;
	uint64_t sub_off;
	int err;

	file_reader_init(&r, f);
	err = file_read(&r, 0, head, min_u64(sizeof(head), f->size));
	sub_off = err ? 0 : coverage_sub_header(head);
	if (sub_off && range_fits(sub_off, sizeof(sub), f->size))
		err = file_read(&r, sub_off, sub, sizeof(sub));
	file_reader_deinit(&r);
	/* Bytes that cannot be read are the format's to judge. */
	if (!err && coverage_check(covered, head, sub, f->size) && !f->damage[0])
		snprintf(f->damage, sizeof(f->damage), "%s", err_text(-EBADMSG));
}

static int open_flattened(struct dump_file *f)
{
	unsigned char head[FLAT_HEADER_SIZE] = { 0 };
	ssize_t n = fd_pread(f->fd, head, sizeof(head), 0);
	_cleanup_free_ struct coverage *covered = NULL;
	int err;

	if (n < 0)
		return err_errno(n, "cannot read %s", f->path);
	err = flat_check_header(head);
	if (err == -ENOENT)
		return 0;
	if (n < FLAT_HEADER_SIZE)
		return err_set(-EBADMSG, "%s: the header of the flattened file is cut short",
			       f->path);
	covered = calloc(1, sizeof(*covered));
	if (!covered)
		return err_set(-ENOMEM, "no memory to read a flattened file");
	if (!err)
		err = flat_index_create(&f->flat, f->fd, f->real_size, &f->size, covered);
	if (err < 0)
		return err_prefix(err, "%s", f->path);
	f->flat_cut = err;
	if (!err)
		check_flattened(f, covered);
	else if (!f->damage[0])
		snprintf(f->damage, sizeof(f->damage), "%s", err_text(-EBADMSG));
	return 0;
}

int file_open(struct dump_file *f, const char *path, bool use_mmap, const struct spool *spool)
{
	int err;

	*f = (struct dump_file){ .path = path };
	/* A pipe without a writer is refused instead of waited for. */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0)
		return err_errno(-errno, "cannot open %s", path);
	err = file_size(f, &f->real_size);
	if (!err)
		err = spool_unpack(&f->fd, path, spool, &f->packed, f->damage, sizeof(f->damage));
	if (!err && f->packed)
		err = file_size(f, &f->real_size);
	f->size = f->real_size;
	if (!err) {
		f->use_mmap = use_mmap && maps_well(f->fd);
		f->sparse = is_sparse(f->fd);
		err = open_flattened(f);
	}
	if (err)
		file_close(f);
	return err;
}

void file_close(struct dump_file *f)
{
	flat_index_destroy(f->flat);
	f->flat = NULL;
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

bool file_is_kcore(const struct dump_file *f)
{
	struct stat in, kcore;

	return !fstat(f->fd, &in) && !stat("/proc/kcore", &kcore) && in.st_dev == kcore.st_dev &&
	       in.st_ino == kcore.st_ino;
}

void file_reader_init(struct file_reader *r, const struct dump_file *f)
{
	*r = (struct file_reader){ .file = f, .use_mmap = f->use_mmap, .guard = -1 };
}

static void unmap_window(struct file_reader *r)
{
	if (r->window && r->window != r->buffer) {
		guard_set(r->guard, NULL, 0);
		munmap(r->window, r->window_len);
	}
	r->window = NULL;
	r->window_len = 0;
}

void file_reader_deinit(struct file_reader *r)
{
	unmap_window(r);
	map_cache_destroy(r->pieces);
	r->pieces = NULL;
	guard_release(r->guard);
	r->guard = -1;
	free(r->buffer);
	r->buffer = NULL;
}

/* Take the guard that each mapping needs, if the reader has none. Returns false if that fails. */
static bool take_guard(struct file_reader *r)
{
	if (r->guard < 0)
		r->guard = guard_take();
	if (r->guard < 0)
		r->use_mmap = false;
	return r->guard >= 0;
}

static void mapping_failed(struct file_reader *r)
{
	/* This error is about these bytes: others have mapped some of them. */
	r->use_mmap = errno == EAGAIN;
}

/* Map bytes of the real file for one reader, with its guard. Returns NULL if that fails. */
static void *map_bytes(struct file_reader *r, uint64_t start, size_t len)
{
	void *map;

	if (!take_guard(r))
		return NULL;
	map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, r->file->fd, start);
	if (map == MAP_FAILED) {
		mapping_failed(r);
		return NULL;
	}
	guard_set(r->guard, map, len);
	return map;
}

/* Guard the window again, after another mapping. */
static void guard_window(struct file_reader *r)
{
	bool is_mapped = r->window != r->buffer;

	guard_set(r->guard, is_mapped ? r->window : NULL, is_mapped ? r->window_len : 0);
}

/* Return whether a byte lies where the file is mapped rather than read. */
static bool maps(const struct file_reader *r, uint64_t off)
{
	return r->use_mmap && off >= r->span && off < r->span_end && !r->file->flat;
}

/* The first byte of the span's first page. */
static uint64_t span_start(const struct file_reader *r)
{
	return r->span - r->span % sysconf(_SC_PAGESIZE);
}

/* The first byte to map for one in the span: of its unit, or of the span's first page. */
static uint64_t map_start(const struct file_reader *r, uint64_t off)
{
	return max_u64(off - off % MAP_UNIT, span_start(r));
}

static bool map_window(struct file_reader *r, uint64_t off)
{
	uint64_t start = map_start(r, off);
	size_t len = min_u64(MAP_WINDOW, r->span_end - start);
	void *map;

	unmap_window(r);
	map = map_bytes(r, start, len);
	if (!map)
		return false;
	r->window = map;
	r->window_off = start;
	r->window_len = len;
	return true;
}

/* Copy bytes by way of a mapping; the window stays. Returns false if that fails. */
static bool copy_mapped(struct file_reader *r, uint64_t off, void *buf, size_t len)
{
	uint64_t start = map_start(r, off);
	size_t map_len = off - start + len;
	const char *map = NULL;
	bool done = false;

	if (range_fits(start, map_len, r->span_end))
		map = map_bytes(r, start, map_len);
	if (map)
		done = guard_probe(r->guard, map + (off - start), len);
	if (done)
		memcpy(buf, map + (off - start), len);
	if (map) {
		guard_window(r);
		munmap((void *)map, map_len);
	}
	return done;
}

/*
 * Copy bytes of a piece that stays mapped; so does the window. Returns false if that fails; if
 * bytes are lost, nothing is mapped any more.
 */
static bool copy_kept(struct file_reader *r, uint64_t off, void *buf, size_t len)
{
	const struct map_piece *piece;
	const char *from;
	bool done;

	if (!take_guard(r))
		return false;
	if (!r->pieces)
		r->pieces = map_cache_create();
	if (!r->pieces)
		return false;
	piece = map_cache_get(r->pieces, r->file->fd, off, span_start(r), r->span_end);
	if (!piece) {
		mapping_failed(r);
		return false;
	}
	if (!range_fits(off - piece->off, len, piece->len))
		return false;
	from = piece->map + (off - piece->off);
	guard_set(r->guard, piece->map, piece->len);
	done = guard_probe(r->guard, from, len);
	if (done)
		memcpy(buf, from, len);
	else
		r->use_mmap = false;
	guard_window(r);
	return done;
}

/*
 * Return whether bytes of the window can be read. If those of a mapping are lost, nothing is
 * mapped any more, and reading them tells why.
 */
static bool usable(struct file_reader *r, const void *p, size_t len)
{
	if (r->window == r->buffer || guard_probe(r->guard, p, len))
		return true;
	r->spoiled = true;
	r->use_mmap = false;
	return false;
}

/*
 * Choose the number of bytes to read: those that are expected, else more and more while the
 * reader goes forward, few when it jumps about.
 */
static size_t read_ahead(const struct file_reader *r, uint64_t off, uint64_t start)
{
	uint64_t end = r->window_off + r->window_len;

	if (off >= r->expected && off < r->expected_end)
		return min_u64(r->expected_end - start, READ_WINDOW);
	if (start < end || start - end >= r->window_len)
		return READ_SHORT;
	return max_u64(2 * r->window_len, READ_SHORT);
}

/* off is below the real file's size. */
static int read_window(struct file_reader *r, uint64_t off, size_t want)
{
	const struct dump_file *f = r->file;
	/* Pages that lie anywhere in the file are aligned in the buffer. */
	uint64_t start = want < READ_UNIT ? off - off % READ_UNIT : off;
	size_t len, unit;
	ssize_t n;

	if (!r->buffer && posix_memalign(&r->buffer, READ_UNIT, READ_WINDOW)) {
		r->buffer = NULL;
		return err_set(-ENOMEM, "no memory to read %s", f->path);
	}
	len = max_u64(read_ahead(r, off, start), min_u64(want, READ_WINDOW) + (off - start));
	len = min_u64(len, min_u64(READ_WINDOW, f->real_size - start));
	if (f->sparse)
		len = min_u64(len, r->extent_end - start);
	unit = min_u64(len, READ_UNIT - start % READ_UNIT);
	r->window = r->buffer;
	r->window_off = start;
	r->window_len = 0;

	n = fd_pread(f->fd, r->buffer, len, start);
	/* The unreadable bytes may lie outside the requested range. */
	if (n < 0 && len > unit)
		n = fd_pread(f->fd, r->buffer, unit, start);
	if (n < 0)
		return err_errno(n, "cannot read %s at offset %" PRIu64, f->path, off);
	r->window_len = n;
	if (off - start >= r->window_len)
		return err_set(-ENODATA, "%s has become shorter: nothing at offset %" PRIu64,
			       f->path, off);
	return 0;
}

/* Find the end of the hole, or of the data, in which a byte of a sparse file lies. */
static void find_extent(struct file_reader *r, uint64_t off)
{
	const struct dump_file *f = r->file;
	off_t data = lseek(f->fd, off, SEEK_DATA), end = f->real_size;

	r->extent = off;
	r->in_hole = data < 0 ? errno == ENXIO : (uint64_t)data > off;
	if (!r->in_hole)
		end = lseek(f->fd, off, SEEK_HOLE);
	else
		end = data < 0 ? lseek(f->fd, 0, SEEK_END) : data;
	/* A file system that does not tell, or a file that has become shorter: reading tells. */
	if (end < 0 || (uint64_t)end <= off) {
		r->in_hole = false;
		end = f->real_size;
	}
	r->extent_end = min_u64(end, f->real_size);
}

/* Return whether a byte, below the file's size, is in a hole of it. */
static bool in_hole(struct file_reader *r, uint64_t off)
{
	if (!r->file->sparse)
		return false;
	if (off < r->extent || off >= r->extent_end)
		find_extent(r, off);
	return r->in_hole;
}

static bool in_window(const struct file_reader *r, uint64_t off)
{
	return !r->spoiled && off >= r->window_off && off - r->window_off < r->window_len;
}

/*
 * Return whether the mapped window ends within bytes that a new one could show in one
 * piece: callers judge pages in place where they lie together.
 */
static bool splits(const struct file_reader *r, uint64_t off, size_t want)
{
	uint64_t end = r->window_off + r->window_len;

	return maps(r, off) && off + want > end && want <= MAP_WINDOW / 2 && end < r->span_end;
}

static int load_window(struct file_reader *r, uint64_t off, size_t want)
{
	if (maps(r, off) && map_window(r, off))
		return 0;
	if (r->window != r->buffer)
		unmap_window(r);
	r->spoiled = false;
	return read_window(r, off, want);
}

/*
 * Find the offset in the real file (or FLAT_HOLE) of the bytes at off, and how many of
 * the len bytes wanted lie there together.
 */
static int locate(const struct dump_file *f, uint64_t off, size_t len, uint64_t *where, size_t *n)
{
	uint64_t piece = f->size - off;
	int err = 0;

	if (off >= f->size) {
		err_set(-ENODATA, "%s ends at offset %" PRIu64 ", before offset %" PRIu64, f->path,
			f->size, off);
		return -ENODATA;
	}
	*where = off;
	if (f->flat)
		err = flat_find(f->flat, off, where, &piece);
	*n = min_u64(len, piece);
	return err;
}

/* Return how many of n bytes the window contains. */
static void show(const struct file_reader *r, uint64_t where, size_t n, const void **ptr,
		 size_t *got)
{
	*ptr = (const char *)r->window + (where - r->window_off);
	*got = min_u64(n, r->window_len - (where - r->window_off));
}

int file_get(struct file_reader *r, uint64_t off, size_t want, const void **ptr, size_t *got)
{
	uint64_t where;
	size_t n;
	int err = locate(r->file, off, want, &where, &n);

	if (err)
		return err;
	if (where != FLAT_HOLE && !in_window(r, where) && in_hole(r, where)) {
		n = min_u64(n, r->extent_end - where);
		where = FLAT_HOLE;
	}
	if (where == FLAT_HOLE) {
		*ptr = zeros;
		*got = min_u64(n, sizeof(zeros));
		return 0;
	}
	if (!in_window(r, where) || splits(r, where, n))
		err = load_window(r, where, n);
	if (err)
		return err;
	show(r, where, n, ptr, got);
	if (usable(r, *ptr, *got))
		return 0;
	err = load_window(r, where, n);
	if (!err)
		show(r, where, n, ptr, got);
	return err;
}

/* Copy what one record, or a file that is not flattened, has of a range. */
static int copy_piece(struct file_reader *r, uint64_t where, void *buf, size_t len)
{
	const struct dump_file *f = r->file;
	ssize_t n;

	if (in_window(r, where) && len <= r->window_len - (where - r->window_off)) {
		const char *from = (const char *)r->window + (where - r->window_off);

		if (usable(r, from, len)) {
			memcpy(buf, from, len);
			return 0;
		}
	}
	if (maps(r, where) &&
	    (len < COPY_MAPPED ? copy_kept(r, where, buf, len) : copy_mapped(r, where, buf, len)))
		return 0;
	n = fd_pread(f->fd, buf, len, where);
	if (n < 0)
		return err_errno(n, "cannot read %zu bytes of %s at offset %" PRIu64, len, f->path,
				 where);
	if ((size_t)n < len)
		return err_set(-ENODATA, "%s has become shorter: nothing at offset %" PRIu64,
			       f->path, where + n);
	return 0;
}

int file_read(struct file_reader *r, uint64_t off, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		uint64_t where;
		size_t n;
		int err = locate(r->file, off, len, &where, &n);

		if (!err && where == FLAT_HOLE)
			memset(to, 0, n);
		else if (!err)
			err = copy_piece(r, where, to, n);
		if (err)
			return err;
		to += n;
		off += n;
		len -= n;
	}
	return 0;
}

bool file_lost(const struct dump_file *f, uint64_t off)
{
	uint64_t where, len;

	return f->flat_cut && !flat_find(f->flat, off, &where, &len) && where == FLAT_HOLE;
}

void file_within(struct file_reader *r, uint64_t start, uint64_t end)
{
	r->span = start;
	r->span_end = min_u64(end, r->file->real_size);
}

void file_expect(struct file_reader *r, uint64_t off, size_t len)
{
	r->expected = off;
	r->expected_end = r->file->flat || off + len < off ? off : off + len;
}
