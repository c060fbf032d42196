/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: a sink into memory that remembers what was done to it, and on
 * which the room may be short.
 */
#ifndef TESTS_UNIT_MEMSINK_H
#define TESTS_UNIT_MEMSINK_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/fdio.h"
#include "output/sink.h"

enum memsink_call { MEMSINK_WRITE, MEMSINK_SYNC, MEMSINK_FINISH, MEMSINK_RESERVE };

/** One call of the code under test. */
struct memsink_event {
	enum memsink_call call;
	uint64_t off, len;
};

#define MEMSINK_EVENTS 64

struct memsink {
	struct sink sink;
	int fd;
	char path[32];			/**< to open what was written */
	uint64_t end;			/**< nothing can be written from there on */
	uint64_t budget;		/**< bytes that can still be written */
	int sync_err, finish_err;
	uint64_t failed_off;		/**< of the first write that failed */
	/** The last events are at nr_events - 1, - 2, ..., modulo MEMSINK_EVENTS. */
	struct memsink_event events[MEMSINK_EVENTS];
	unsigned int nr_events;
};

static inline struct memsink *memsink_of(struct sink *s)
{
	return (struct memsink *)s;
}

static inline void memsink_note(struct memsink *m, enum memsink_call call, uint64_t off,
				uint64_t len)
{
	m->events[m->nr_events++ % MEMSINK_EVENTS] = (struct memsink_event){ call, off, len };
}

/** The event @p back before the last one (0). */
static inline const struct memsink_event *memsink_event(const struct memsink *m, unsigned int back)
{
	return &m->events[(m->nr_events - 1 - back) % MEMSINK_EVENTS];
}

static inline int memsink_pwrite(struct sink *s, const void *buf, size_t len, uint64_t off)
{
	struct memsink *m = memsink_of(s);
	uint64_t room = off < m->end ? m->end - off : 0;
	size_t n = len;

	memsink_note(m, MEMSINK_WRITE, off, len);
	n = n < room ? n : room;
	n = n < m->budget ? n : m->budget;
	assert_int_equal(fd_pwrite(m->fd, buf, n, off, NULL), 0);
	m->budget -= n;
	if (n < len && m->failed_off == UINT64_MAX)
		m->failed_off = off;
	return n < len ? sink_write_error(s, -ENOSPC, off, len, n) : 0;
}

static inline int memsink_pread(struct sink *s, void *buf, size_t len, uint64_t off)
{
	ssize_t n = fd_pread(memsink_of(s)->fd, buf, len, off);

	return n < 0 ? n : 0;
}

static inline int memsink_sync(struct sink *s)
{
	struct memsink *m = memsink_of(s);

	memsink_note(m, MEMSINK_SYNC, 0, 0);
	return m->sync_err ? err_set(m->sync_err, "the disk is on fire") : 0;
}

static inline int memsink_finish(struct sink *s)
{
	struct memsink *m = memsink_of(s);

	memsink_note(m, MEMSINK_FINISH, 0, 0);
	return m->finish_err ? err_set(m->finish_err, "the disk is on fire") : 0;
}

static inline void memsink_reserve(struct sink *s, uint64_t off, uint64_t len, size_t piece)
{
	(void)piece;
	memsink_note(memsink_of(s), MEMSINK_RESERVE, off, len);
}

static inline void memsink_init(struct memsink *m)
{
	static const struct sink_ops ops = {
		.name = "memory",
		.pwrite = memsink_pwrite,
		.pread = memsink_pread,
		.reserve = memsink_reserve,
		.sync = memsink_sync,
		.finish = memsink_finish,
	};

	*m = (struct memsink){
		.end = UINT64_MAX, .budget = UINT64_MAX, .failed_off = UINT64_MAX,
	};
	m->fd = memfd_create("sink", MFD_CLOEXEC);
	assert_true(m->fd >= 0);
	snprintf(m->path, sizeof(m->path), "/proc/self/fd/%d", m->fd);
	m->sink.ops = &ops;
	m->sink.path = m->path;
}

static inline void memsink_deinit(struct memsink *m)
{
	close(m->fd);
}

/** The size of what was written. */
static inline uint64_t memsink_size(const struct memsink *m)
{
	return lseek(m->fd, 0, SEEK_END);
}

static inline void memsink_read(const struct memsink *m, uint64_t off, void *buf, size_t len)
{
	assert_int_equal(fd_pread(m->fd, buf, len, off), len);
}

#endif
