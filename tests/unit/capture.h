/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For tests: what the code under test writes to a descriptor such as standard
 * error.
 */
#ifndef TESTS_UNIT_CAPTURE_H
#define TESTS_UNIT_CAPTURE_H

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/fdio.h"

/** A descriptor that leads elsewhere for a while. */
struct capture {
	int fd, saved, file;
	char text[1 << 16];
};

/** Let @p fd lead to @p to, which stays the caller's, until capture_end(). */
static inline void capture_begin_at(struct capture *c, int fd, int to)
{
	c->fd = fd;
	c->file = -1;
	c->saved = dup(fd);
	assert_true(c->saved >= 0);
	assert_int_equal(dup2(to, fd), fd);
}

/** Collect what is written to @p fd in c->text, until capture_end(). */
static inline void capture_begin(struct capture *c, int fd)
{
	int file = memfd_create("capture", MFD_CLOEXEC);

	assert_true(file >= 0);
	capture_begin_at(c, fd, file);
	c->file = file;
}

static inline void capture_end(struct capture *c)
{
	ssize_t n = 0;

	assert_int_equal(dup2(c->saved, c->fd), c->fd);
	close(c->saved);
	if (c->file >= 0) {
		n = fd_pread(c->file, c->text, sizeof(c->text) - 1, 0);
		close(c->file);
	}
	assert_true(n >= 0);
	c->text[n] = '\0';
}

#endif
