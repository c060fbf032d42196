/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Page codecs: the compressed formats a page of a kdump-compressed file may
 * have, whichever library provides them.
 *
 * A format is an enum codec_id. A library that reads and writes a format is a
 * const struct codec_ops; two libraries may provide the same format, and the
 * first one built in is preferred that has the level (libdeflate before zlib;
 * ISA-L for -1). A struct codec is one thread's instance of one library for
 * pages of one size.
 *
 * The library files are compiled in by HAVE_ISAL, HAVE_LIBDEFLATE, HAVE_LZO,
 * HAVE_SNAPPY and HAVE_ZSTD; zlib is always there. To add a library, write one
 * codec_<library>.c with a struct codec_ops, declare that below and name it in
 * the table of codec.c. To add a format, give it an enum codec_id, a name in
 * codec.c and its flag in vmcore/kdump_format.c: the compiler refuses a table
 * that lacks it.
 *
 * Compressed bytes are not stable: another library or another version of it
 * may write different, equally valid bytes. With the same library the output
 * for a page depends on that page alone, not on what the codec did before, so
 * it does not matter which thread gets which page.
 *
 * Thread-safety: a struct codec is used by one thread at a time; different
 * threads may use different codecs concurrently.
 */
#ifndef LIB_CODEC_H
#define LIB_CODEC_H

#include <stdbool.h>
#include <stddef.h>

/** Formats of a stored page. */
enum codec_id {
	CODEC_NONE,   /**< the page as it is */
	CODEC_ZLIB,   /**< zlib stream (RFC 1950), no preset dictionary */
	CODEC_LZO,    /**< LZO1X without any framing */
	CODEC_SNAPPY, /**< raw snappy, without the framing format */
	CODEC_ZSTD,   /**< exactly one zstd frame, no dictionary */
	NR_CODECS
};

/** The directions of a codec; an unused direction costs no memory. */
enum {
	CODEC_COMPRESS = 1 << 0,
	CODEC_DECOMPRESS = 1 << 1,
};

/** In place of a compression level: the one that this program uses unless another is given. */
#define CODEC_LEVEL_DEFAULT 0

/** The largest page size in bytes a codec can be created for. */
#define CODEC_MAX_PAGE_SIZE ((size_t)1 << 20)

struct codec;

/**
 * One library's implementation of one format. The members are called by the
 * functions below only, which check the arguments first: flags are valid, a
 * direction that was not asked for in create() is never called, page_size is
 * the one given to create(), and 0 < src_len <= page_size.
 */
struct codec_ops {
	/** The format; never CODEC_NONE. */
	enum codec_id id;
	/** Name of the library, as shown to users. */
	const char *library;
	/** The library's version, such as "1.5.4"; NULL: it does not say. */
	const char *(*version)(void);
	/** Can it be used? False if it is not linked and cannot be loaded. NULL: always. */
	bool (*available)(void);
	/** The compression levels that it takes, in its own terms, except 0; both 0: none. */
	int level_min, level_max;
	/** One of them: CODEC_LEVEL_DEFAULT stands for it. 0: for that of another library. */
	int level_default;
	/**
	 * Allocate everything the directions in @p flags need for any page of
	 * @p page_size bytes, compressed with @p level, which is one of the above.
	 * @return 0 with @p ret_state set, or negative errno
	 */
	int (*create)(void **ret_state, unsigned int flags, size_t page_size, int level);
	/** Free what create() allocated. */
	void (*destroy)(void *state);
	/** As codec_compress(). */
	size_t (*compress)(void *state, const void *src, size_t page_size, void *dst);
	/**
	 * As codec_decompress(), and sets a sentence that says only what is
	 * wrong with the page, such as "cut short". NULL: the library only
	 * compresses, and another one reads the format.
	 */
	int (*decompress)(void *state, const void *src, size_t src_len, void *dst,
			  size_t page_size);
};

extern const struct codec_ops codec_zlib_ops;
/* Defined only where the library is built in: codec_library_at() knows. */
extern const struct codec_ops codec_isal_ops;
extern const struct codec_ops codec_libdeflate_ops;
extern const struct codec_ops codec_lzo_ops;
extern const struct codec_ops codec_snappy_ops;
extern const struct codec_ops codec_zstd_ops;

/**
 * The @p index th library built in, or NULL after the last one. Libraries of
 * one format come in order of preference. CODEC_NONE is not among them.
 */
const struct codec_ops *codec_library_at(size_t index);

/** Name of the format, such as "zlib"; "unknown" if there is no such format. */
const char *codec_name(enum codec_id id);

/**
 * Can this build read and write the format, with a library that is there? Always true for
 * CODEC_NONE.
 */
bool codec_supported(enum codec_id id);

/**
 * Name of the library that compresses pages to the format with this level, such as
 * "libdeflate" for CODEC_ZLIB; NULL for CODEC_NONE, for a format that is not built in and for a
 * level that codec_check_level() refuses.
 */
const char *codec_library_name(enum codec_id id, int level);

/**
 * Create a codec for the format with the preferred library.
 *
 * All memory is allocated here, none per page (but see codec_snappy.c: that
 * library allocates for itself whenever it compresses). A codec for CODEC_NONE
 * needs no library: it never compresses, and decompressing is copying.
 *
 * @param ret        set on success only; free with codec_destroy()
 * @param flags      CODEC_COMPRESS, CODEC_DECOMPRESS or both
 * @param page_size  in bytes, 1 to CODEC_MAX_PAGE_SIZE
 * @return 0; -ENOTSUP if no library for the format is built in; -EINVAL for
 *         flags or a page size outside of the above; -ENOMEM. Sets the
 *         error sentence.
 */
int codec_create(struct codec **ret, enum codec_id id, unsigned int flags, size_t page_size)
	__attribute__((warn_unused_result));

/**
 * Like codec_create(), with a compression level that codec_check_level() takes. With
 * CODEC_DECOMPRESS, too, the library is the preferred one of those that do both.
 * @return as codec_create()
 */
int codec_create_level(struct codec **ret, enum codec_id id, unsigned int flags, size_t page_size,
		       int level) __attribute__((warn_unused_result));

/**
 * Check whether a library for the format has a compression level.
 * @return 0; -EINVAL, whose message names the levels there are. 0 where no library for the
 * format is built in, and for CODEC_LEVEL_DEFAULT
 */
int codec_check_level(enum codec_id id, int level) __attribute__((warn_unused_result));

/**
 * Like codec_create(), with this library instead of the preferred one; NULL is
 * none, for CODEC_NONE. -EINVAL also for CODEC_DECOMPRESS of a library that
 * only compresses.
 */
int codec_create_with(struct codec **ret, const struct codec_ops *ops, unsigned int flags,
		      size_t page_size) __attribute__((warn_unused_result));

/** Free a codec. NULL is ignored. */
void codec_destroy(struct codec *codec);

/**
 * Compress one page.
 *
 * @param src  the page: page_size bytes
 * @param dst  room for page_size bytes, not overlapping @p src; nothing is
 *             written after them. Contents are undefined when 0 is returned.
 * @return length of the compressed page in bytes, less than page_size; or 0 if
 *         the page does not become smaller, the library fails or the codec was
 *         created without CODEC_COMPRESS: the page is to be stored as it is
 */
size_t codec_compress(struct codec *codec, const void *src, void *dst);

/**
 * Decompress one page. The input is not trusted: nothing after
 * src[src_len - 1] is read and nothing after dst[page_size - 1] is written,
 * whatever the input claims.
 *
 * @param src      the compressed page, all of it and nothing more
 * @param src_len  its length in bytes; more than page_size is an error, since
 *                 no page is stored larger than it is
 * @param dst      room for page_size bytes, not overlapping @p src; contents
 *                 are undefined on error
 * @return 0 if exactly page_size bytes came out of exactly src_len bytes, else
 *         -EBADMSG; -EINVAL if the codec was created without CODEC_DECOMPRESS.
 *         Sets the error sentence. lzo and snappy have no checksum, zstd
 *         pages usually carry none: success does not prove that the bytes are
 *         the original ones.
 */
int codec_decompress(struct codec *codec, const void *src, size_t src_len, void *dst)
	__attribute__((warn_unused_result));

#endif
