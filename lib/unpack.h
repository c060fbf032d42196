/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Compressed files: what gzip, xz, zstd and bzip2 write.
 *
 * A file consists of one stream or several, each of which begins with a magic number. The
 * library files are compiled in by HAVE_LZMA, HAVE_ZSTD and HAVE_BZIP2; zlib is always there. To
 * add one, write a file unpack_<format>.c with a struct unpack_ops and name it in the table of
 * unpack.c.
 */
#ifndef LIB_UNPACK_H
#define LIB_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes to decompress, and room for the result: run() moves both on. */
struct unpack_io {
	const uint8_t *in;
	size_t in_left;
	uint8_t *out;
	size_t out_left;
};

/** The result of run() at the end of a stream. */
#define UNPACK_END 1

/** A library that decompresses streams of one format. */
struct unpack_ops {
	const char *library;	      /**< its name */
	const char *(*version)(void); /**< such as "1.2.13"; NULL if it cannot be loaded */
	/** Return whether the library can be loaded; NULL: it is linked. */
	bool (*available)(void);
	/**
	 * Begin a stream.
	 * @param memory bytes that it may take because the stream says so
	 * @return 0; -ENOMEM; -ENOTSUP if the library cannot be loaded. Sentence set.
	 */
	int (*create)(void **state, uint64_t memory);
	/** Free what create() allocated. */
	void (*destroy)(void *state);
	/**
	 * Decompress as much as there are bytes and room for.
	 * @return 0; UNPACK_END; -EBADMSG if the stream is damaged, or -ENOMEM. Sentence set.
	 */
	int (*run)(void *state, struct unpack_io *io);
};

/** A format of compressed files. */
struct unpack_format {
	const char *name; /**< "gzip" */
	const char *tool; /**< a program that writes the contents of a file to its output */
	const char *magic;
	size_t magic_len;
	const struct unpack_ops *ops; /**< NULL: the program was built without */
};

/** Return whether files of a format can be decompressed. */
bool unpack_supported(const struct unpack_format *format);

/**
 * The memory that a stream may take because it says so, in bytes: half of what there is, and not
 * more than the compressed file is worth: 96 MiB or 1024 times its size.
 * @param file_size bytes
 */
uint64_t unpack_memory(uint64_t file_size);

/** The sentence of one that says that it takes more. */
#define UNPACK_TOO_MUCH \
	"it asks for more memory than there is, or than a file of its size needs: decompress it " \
	"to a file first"

/** The longest magic number, in bytes. */
#define UNPACK_MAGIC_MAX 8

/** The format of a file that begins with these bytes; NULL: none of these. */
const struct unpack_format *unpack_find(const void *head, size_t len);

/** The @p index th format, or NULL after the last one. */
const struct unpack_format *unpack_format_at(size_t index);

extern const struct unpack_ops unpack_gzip_ops;
/* Defined only where the library is built in. */
extern const struct unpack_ops unpack_xz_ops;
extern const struct unpack_ops unpack_zstd_ops;
extern const struct unpack_ops unpack_bzip2_ops;

#endif
