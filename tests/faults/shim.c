// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A library to preload: calls that fail, and files that cannot be read in places.
 *
 *	FAULT_CALL	the call, by the name that it has in calls[]
 *	FAULT_NTH	which of its calls fails, counted from 1; 0: none
 *	FAULT_HOW	once (the default), on: it and all after it, short: half of it is done
 *	FAULT_ERRNO	why, a number
 *	FAULT_COUNT	a file to which the number of calls of each kind is written at the end
 *	FAULT_BAD	INODE:FROM:TO, bytes that cannot be read: EIO from read() and pread(),
 *			SIGBUS where they are mapped
 *
 * Children count from where their parent was.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum call {
	READ, PREAD, WRITE, PWRITE, WRITEV, OPEN, CLOSE, LSEEK, FSTAT, FTRUNCATE, FALLOCATE,
	FSYNC, FDATASYNC, MMAP, MALLOC, MEMFD, PIPE, FORK, THREAD, NR_CALLS,
};

static const char *const calls[NR_CALLS] = {
	[READ] = "read", [PREAD] = "pread", [WRITE] = "write", [PWRITE] = "pwrite",
	[WRITEV] = "writev", [OPEN] = "open", [CLOSE] = "close", [LSEEK] = "lseek",
	[FSTAT] = "fstat", [FTRUNCATE] = "ftruncate", [FALLOCATE] = "fallocate",
	[FSYNC] = "fsync", [FDATASYNC] = "fdatasync", [MMAP] = "mmap", [MALLOC] = "malloc",
	[MEMFD] = "memfd_create", [PIPE] = "pipe2", [FORK] = "fork", [THREAD] = "pthread_create",
};

static struct {
	bool ready;			/* calls of the loader are not counted */
	enum call call;			/* NR_CALLS: none fails */
	unsigned long nth;
	enum { ONCE, ON, SHORT } how;
	int error;
	pid_t owner;
	unsigned long count[NR_CALLS];
	ino_t bad_inode;
	off_t bad_from, bad_to;
} shim = { .call = NR_CALLS };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t nr, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("FAULT_CALL"), *how = getenv("FAULT_HOW");
	const char *nth = getenv("FAULT_NTH"), *error = getenv("FAULT_ERRNO");
	const char *bad = getenv("FAULT_BAD");
	unsigned long long inode = 0;
	long long from = 0, to = 0;

	for (int i = 0; name && i < NR_CALLS; i++)
		if (!strcmp(calls[i], name))
			shim.call = i;
	shim.nth = nth ? strtoul(nth, NULL, 10) : 0;
	shim.how = !how ? ONCE : !strcmp(how, "on") ? ON : !strcmp(how, "short") ? SHORT : ONCE;
	shim.error = error ? atoi(error) : EIO;
	if (bad && sscanf(bad, "%llu:%lld:%lld", &inode, &from, &to) == 3) {
		shim.bad_inode = inode;
		shim.bad_from = from;
		shim.bad_to = to;
	}
	shim.owner = getpid();
	shim.ready = true;
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("FAULT_COUNT");
	char text[1024];
	int len = 0, fd;

	shim.ready = false;
	if (!path || getpid() != shim.owner)
		return;
	for (int i = 0; i < NR_CALLS; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s %lu\n", calls[i],
				shim.count[i]);
	fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || syscall(SYS_write, fd, text, len) != len)
		_exit(125);
	syscall(SYS_close, fd);
}

/* Return whether this call is to fail; errno has the reason then. */
static bool fails(enum call call)
{
	unsigned long nr;

	if (!shim.ready)
		return false;
	nr = __atomic_add_fetch(&shim.count[call], 1, __ATOMIC_RELAXED);
	if (call != shim.call || !shim.nth || (shim.how == ON ? nr < shim.nth : nr != shim.nth))
		return false;
	errno = shim.error;
	return true;
}

static bool is_bad(int fd, off_t off, size_t len)
{
	struct stat st;

	if (!shim.bad_inode || off >= shim.bad_to || off + (off_t)len <= shim.bad_from)
		return false;
	return !syscall(SYS_fstat, fd, &st) && st.st_ino == shim.bad_inode;
}

#define REAL(name) static __typeof__(&name) real; \
	if (!real) \
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* --- reading and writing ------------------------------------------------------ */

ssize_t read(int fd, void *buf, size_t len)
{
	REAL(read);
	if (fails(READ)) {
		if (shim.how != SHORT || len < 2)
			return -1;
		len /= 2;
	}
	if (shim.bad_inode && is_bad(fd, lseek(fd, 0, SEEK_CUR), len)) {
		errno = EIO;
		return -1;
	}
	return real(fd, buf, len);
}

static ssize_t pread_at(int fd, void *buf, size_t len, off_t off)
{
	REAL(pread64);
	if (fails(PREAD)) {
		if (shim.how != SHORT || len < 2)
			return -1;
		len /= 2;
	}
	if (is_bad(fd, off, len)) {
		errno = EIO;
		return -1;
	}
	return real(fd, buf, len, off);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	REAL(write);
	/* Messages have to be heard. */
	if (fd != STDERR_FILENO && fails(WRITE)) {
		if (shim.how != SHORT || len < 2)
			return -1;
		len /= 2;
	}
	return real(fd, buf, len);
}

static ssize_t pwrite_at(int fd, const void *buf, size_t len, off_t off)
{
	REAL(pwrite64);
	if (fails(PWRITE)) {
		if (shim.how != SHORT || len < 2)
			return -1;
		len /= 2;
	}
	return real(fd, buf, len, off);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	REAL(writev);
	if (fails(WRITEV)) {
		if (shim.how != SHORT || iov->iov_len < 2)
			return -1;
		return write(fd, iov->iov_base, iov->iov_len / 2);
	}
	return real(fd, iov, count);
}

/* --- files -------------------------------------------------------------------- */

static int open_it(const char *path, int flags, mode_t mode)
{
	REAL(open64);
	return fails(OPEN) ? -1 : real(path, flags, mode);
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

/* It is closed all the same, as Linux does. */
int close(int fd)
{
	REAL(close);
	if (fails(CLOSE)) {
		int error = errno;

		real(fd);
		errno = error;
		return -1;
	}
	return real(fd);
}

static off_t seek(int fd, off_t off, int whence)
{
	REAL(lseek64);
	return fails(LSEEK) ? -1 : real(fd, off, whence);
}

static int stat_it(int fd, struct stat64 *st)
{
	REAL(fstat64);
	return fails(FSTAT) ? -1 : real(fd, st);
}

static int truncate_it(int fd, off_t len)
{
	REAL(ftruncate64);
	return fails(FTRUNCATE) ? -1 : real(fd, len);
}

static int allocate(int fd, int mode, off_t off, off_t len)
{
	REAL(fallocate64);
	return fails(FALLOCATE) ? -1 : real(fd, mode, off, len);
}

/* These are slow, and nothing of the tests outlives the machine. */
int fsync(int fd)
{
	(void)fd;
	return fails(FSYNC) ? -1 : 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return fails(FDATASYNC) ? -1 : 0;
}

int memfd_create(const char *name, unsigned int flags)
{
	REAL(memfd_create);
	return fails(MEMFD) ? -1 : real(name, flags);
}

int pipe2(int fds[2], int flags)
{
	REAL(pipe2);
	return fails(PIPE) ? -1 : real(fds, flags);
}

/* --- memory ------------------------------------------------------------------- */

/* Put a mapping of no file where bytes are bad: whoever touches it gets SIGBUS. */
static void spoil(char *map, size_t len, off_t off)
{
	off_t page = sysconf(_SC_PAGESIZE);
	off_t from = shim.bad_from & -page, to = (shim.bad_to + page - 1) & -page;
	int fd = syscall(SYS_memfd_create, "bad", 0);

	if (from < off)
		from = off;
	if (to > off + (off_t)len)
		to = off + len;
	if (fd < 0 || syscall(SYS_mmap, map + (from - off), to - from, PROT_READ,
			      MAP_PRIVATE | MAP_FIXED, fd, 0) < 0)
		_exit(125);
	syscall(SYS_close, fd);
}

static void *map_it(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	void *map;

	REAL(mmap64);
	if (fails(MMAP))
		return MAP_FAILED;
	map = real(addr, len, prot, flags, fd, off);
	if (map != MAP_FAILED && fd >= 0 && is_bad(fd, off, len))
		spoil(map, len, off);
	return map;
}

void *malloc(size_t size)
{
	return fails(MALLOC) ? NULL : __libc_malloc(size);
}

void *calloc(size_t nr, size_t size)
{
	return fails(MALLOC) ? NULL : __libc_calloc(nr, size);
}

void *realloc(void *p, size_t size)
{
	return fails(MALLOC) ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t nr, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return fails(MALLOC) ? NULL : __libc_realloc(p, bytes);
}

void *aligned_alloc(size_t align, size_t size)
{
	return fails(MALLOC) ? NULL : __libc_memalign(align, size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
	if (fails(MALLOC))
		return ENOMEM;
	*p = __libc_memalign(align, size);
	return *p ? 0 : ENOMEM;
}

/* --- processes and threads ---------------------------------------------------- */

pid_t fork(void)
{
	REAL(fork);
	return fails(FORK) ? -1 : real();
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
		   void *arg)
{
	REAL(pthread_create);
	return fails(THREAD) ? errno : real(thread, attr, start, arg);
}

/* --- each name that a call has ------------------------------------------------ */

ssize_t pread(int fd, void *buf, size_t len, off_t off)
{
	return pread_at(fd, buf, len, off);
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t off)
{
	return pread_at(fd, buf, len, off);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t off)
{
	return pwrite_at(fd, buf, len, off);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t off)
{
	return pwrite_at(fd, buf, len, off);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return open_it(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return open_it(path, flags, mode);
}

off_t lseek(int fd, off_t off, int whence)
{
	return seek(fd, off, whence);
}

off64_t lseek64(int fd, off64_t off, int whence)
{
	return seek(fd, off, whence);
}

int fstat(int fd, struct stat *st)
{
	return stat_it(fd, (struct stat64 *)st);
}

int fstat64(int fd, struct stat64 *st)
{
	return stat_it(fd, st);
}

int ftruncate(int fd, off_t len)
{
	return truncate_it(fd, len);
}

int ftruncate64(int fd, off64_t len)
{
	return truncate_it(fd, len);
}

int fallocate(int fd, int mode, off_t off, off_t len)
{
	return allocate(fd, mode, off, len);
}

int fallocate64(int fd, int mode, off64_t off, off64_t len)
{
	return allocate(fd, mode, off, len);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return map_it(addr, len, prot, flags, fd, off);
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t off)
{
	return map_it(addr, len, prot, flags, fd, off);
}
