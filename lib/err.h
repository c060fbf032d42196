/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Errors: a negative errno to act on, and one sentence to show.
 *
 * Every fallible function returns 0 or a negative errno. A function that knows
 * more than the number sets the calling thread's sentence; callers on the way
 * up may put their own clause in front of it. The sentence lives in a fixed
 * per-thread buffer, so it works when memory is gone. Library code never
 * prints it; main() and the extension host do.
 *
 * Numbers with a meaning of their own throughout the program:
 * -EFAULT    memory of the crashed kernel is unreadable: unmapped, not in the dump, on a bad
 *            sector, damaged (a caller goes on without it)
 * -ENOENT    there is no such thing (quiet: no sentence need be set)
 * -EBADMSG   a structure is damaged: its bytes can be read, but are invalid
 */
#ifndef LIB_ERR_H
#define LIB_ERR_H

/**
 * Set the calling thread's sentence.
 * @param err negative errno, returned unchanged
 * @param fmt sentence without a newline; a long one loses its middle, so that the name of the thing
 * and the reason stay
 */
int err_set(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Compilers see which number is returned: that it is not 0 where a result is not set. */
#define err_set(err, ...) \
	({ \
		const int err_number_ = (err); \
		(err_set)(err_number_, __VA_ARGS__); \
		err_number_; \
	})

/** Like err_set(), with ": " and strerror(-err) appended. */
int err_errno(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Put a clause and ": " in front of the calling thread's sentence. If none was
 * set for @p err yet, strerror(-err) serves as the sentence.
 * @return @p err unchanged
 */
int err_prefix(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * The calling thread's sentence for @p err, or strerror(-err) if none was set
 * for this number. Borrowed: valid until the thread's next err_*() call.
 */
const char *err_text(int err);

/** Copy another thread's sentence (from err_text()) into this thread's buffer. */
int err_adopt(int err, const char *text);

#endif
