/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A dump of a machine's memory, whatever its format.
 *
 * struct vmcore is constant once opened and shared by all threads; each thread
 * reads through a struct vmcore_reader of its own. Addresses are physical.
 */
#ifndef VMCORE_VMCORE_H
#define VMCORE_VMCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bitmap.h"
#include "lib/types.h"
#include "vmcore/file.h"
#include "vmcore/frames.h"
#include "vmcore/kdump_format.h"

struct vmcore;
struct vmcore_reader;
struct spool;

/** One PT_LOAD, as the file has it. */
struct vmcore_segment {
	paddr_t paddr;
	vaddr_t vaddr;
	uint64_t offset; /**< of its first byte in the file */
	uint64_t filesz; /**< bytes that are in the file */
	uint64_t memsz;	 /**< bytes of memory it stands for; >= filesz */
	bool doubtful;	 /**< the program header contradicts itself: others win */
};

/**
 * The crash of a Xen host: the dump is the machine's memory, by its frames, and the crashed kernel
 * is that of dom0. From the note that Xen leaves (struct xen_crash_info of Xen's
 * public/elfnote.h), and from VMCOREINFO_XEN.
 */
struct xen_crash {
	bool found;
	uint64_t major;	    /**< Xen's version */
	paddr_t phys_start; /**< of Xen's image; 0: not told */
	/** Frame of the root of dom0's tree of frames; 0 or all ones: there is none. */
	uint64_t p2m_root;
	char *vmcoreinfo; /**< VMCOREINFO_XEN, as text; NULL: none. Owned */
	size_t vmcoreinfo_size;
};

/** Receives what vmcore_check() finds. */
struct vmcore_faults {
	/** @param text a sentence without the file's name and without a newline */
	void (*add)(void *ctx, const char *text);
	void *ctx;
};

/** The bitmaps that vmcore_bitmap() returns. */
enum vmcore_bitmap_kind {
	VMCORE_PRESENT,	 /**< the page is memory of the machine */
	VMCORE_STORED,	 /**< and the file holds its contents, or a part of them */
	VMCORE_EXPECTED, /**< and the headers say so, even if the file ends before them */
};

/**
 * A dump format. Adding one: fill this in, in a file of its own, and put it in
 * the table of vmcore.c.
 */
struct vmcore_ops {
	/** Name for messages. */
	const char *name;
	/**
	 * Read the headers and fill in @p vc, whose other fields are 0 but for
	 * ops, bitmaps, parts and file: machine, is64, big_endian, swap, notes, priv and what
	 * applies of the rest. A format that stores pages sets page_size,
	 * page_shift and max_pfn; one that stores ranges leaves them 0, and sets memory_end.
	 * @p head holds the first @p head_len (at least 1) bytes of the file.
	 * @return 0; -ENOENT if the file is not of this format (@p vc is
	 * unchanged); another -errno  if it is but cannot be used:
	 * close() is called then if priv is not NULL
	 */
	int (*open)(struct vmcore *vc, const void *head, size_t head_len);
	/** Free what open() allocated: vc->priv. */
	void (*close)(struct vmcore *vc);
	/** Optional: prepare / free a reader's priv. */
	int (*reader_init)(struct vmcore_reader *r);
	void (*reader_deinit)(struct vmcore_reader *r);
	/** vmcore_get() */
	int (*get)(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr, size_t *got);
	/**
	 * vmcore_read(); NULL: by repeated get(). A format gives it when
	 * reading must not disturb what get() returned.
	 */
	int (*read)(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len);
	/**
	 * vmcore_read_page() for a page that begins at @p pa; NULL: by
	 * vmcore_read(). A format gives it when pages may exist in part.
	 */
	int (*read_page)(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len);
	/** Optional: vmcore_expect() */
	void (*expect)(struct vmcore_reader *r, paddr_t pa, uint64_t len);
	/** vmcore_bitmap() */
	int (*bitmap)(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b);
	/** Optional: vmcore_check_places() */
	void (*check_places)(struct vmcore *vc);
	/** Optional: vmcore_cpu_regs() */
	int (*cpu_regs)(struct vmcore *vc, uint32_t id, uint64_t *words);
	/** Optional: vmcore_check() */
	int (*check)(struct vmcore *vc, const struct vmcore_faults *faults);
};

struct vmcore_options;

/** An opened dump. Fields are for reading; formats fill them in. */
struct vmcore {
	const struct vmcore_ops *ops;
	struct dump_file file;
	struct dump_file *others; /**< further files that the dump consists of. Owned */
	size_t nr_others;
	char *beside; /**< the path of one of them that VMCORE's name leads to. Owned */
	const struct bitmap_store *bitmaps;   /**< for bitmap_init_stored(); or NULL */
	bool parts;			      /**< a part of a split dump may be opened */
	const struct vmcore_options *options; /**< for open(); NULL afterwards */
	void *priv;			      /**< the format's own */

	uint16_t machine; /**< EM_*; 0 if the file does not say */
	bool bare;	  /**< nothing in the file says: vmcore/bare.h */
	bool is64;	  /**< of the kernel: unsigned long has 8 bytes */
	bool headers64;	  /**< of the file: 64-bit ELF class or header layout */
	bool big_endian;
	bool swap;	    /**< its byte order is not the host's */
	uint32_t page_size; /**< bytes, a power of two */
	unsigned int page_shift;
	bool fixed_page_size; /**< the format stores pages of this size */
	pfn_t max_pfn;	      /**< one past the highest page */
	paddr_t memory_end;   /**< of a format that stores ranges: one past the highest byte */

	/**
	 * PT_LOADs in the order of the file; NULL for formats without. Those of no size and
	 * those of impossible numbers are passed over. For the rest memsz >= filesz,
	 * offset + filesz does not overflow, and paddr + memsz is at most 2^52; memory without
	 * bytes in the file is at most 32 GiB or 1024 times the file's size. They may overlap
	 * and lie beyond the end of the file. Owned.
	 */
	struct vmcore_segment *segments;
	size_t nr_segments;

	/**
	 * The notes, one after the other as in the file: where there are several
	 * PT_NOTEs, their whole notes without padding after the last of each.
	 * NULL if there are none. Owned.
	 */
	void *notes;
	size_t notes_size;
	/** VMCOREINFO text within the notes (not NUL-ended); NULL if there is none. */
	const char *vmcoreinfo;
	size_t vmcoreinfo_size;
	unsigned int nr_cpus; /**< NT_PRSTATUS notes of "CORE" */
	struct xen_crash xen; /**< from the notes of a Xen host */
	/** If runs is not NULL, page tables have frames of the machine. From a note. */
	struct frames frames;
	/** From a kdump-compressed header; the strings are "" if the format has none. */
	struct kdump_utsname utsname;

	/** From a kdump-compressed header; 0 or CODEC_NONE if the format has none. */
	int header_version;
	enum codec_id codec; /**< the one that most pages are compressed with */
	int64_t timestamp;   /**< seconds since the epoch, of the crash or of the dump */
	/** The file is one part of a split dump: it holds the pages of [part_start, part_end). */
	bool is_part;
	pfn_t part_start, part_end;

	/** Level at which the dump was filtered before; 0: it was not. */
	unsigned int dump_level;
	bool excluded_vmemmap; /**< and the struct pages of what it lacks are not needed */
	/** The dump is marked as cut short, or shorter than its headers say. */
	bool incomplete;
	/** ERASEINFO of the dump, as text; NULL: none. Owned. */
	char *eraseinfo;
	size_t eraseinfo_size;
	/**
	 * A sentence about damage that did not keep the dump from being opened
	 * (without the file's name), to be shown; empty if there is none.
	 */
	char warning[256];
};

/** A piece of memory that was read a moment ago. */
struct vmcore_block {
	paddr_t start;
	bool valid;
	uint8_t bytes[4096];
};

/** Blocks that vmcore_read_cached() keeps: enough for a walk through page tables. */
#define VMCORE_BLOCKS 16

/** One thread's view of a dump. */
struct vmcore_reader {
	struct vmcore *vc;
	struct file_reader file;
	struct file_reader *others; /**< of vc->others */
	struct vmcore_block *blocks;
	unsigned int next_block; /**< the one to be replaced next */
	void *priv;		 /**< the format's own */
};

/** Memory in a file without headers. */
struct raw_range {
	paddr_t base;
	uint64_t size;	  /**< bytes; 0: the rest of the file */
	const char *path; /**< NULL: VMCORE itself */
};

/** Options of vmcore_open(). */
struct vmcore_options {
	bool no_mmap; /**< --non-mmap */
	bool parts;   /**< one part of a split dump is no error */
	/** For bitmaps of its pages; NULL: they are all in memory. Must outlive the dump. */
	const struct bitmap_store *bitmaps;
	/** The place of the contents of compressed files; NULL: these are refused. */
	const struct spool *spool;
	/** The memory that a dump without headers consists of (--raw); paths are borrowed. */
	const struct raw_range *raw;
	size_t nr_raw;
	/** The disks of a set of sadump, in their order; the first one is VMCORE. Borrowed. */
	const char *const *diskset;
	size_t nr_diskset;
	const char *machine; /**< of a bare dump: a name that bare_knows_machine(); or NULL */
};

/**
 * Open a dump: recognise its format, read headers and notes.
 *
 * A file that is shorter than its headers say, or whose notes are damaged, is
 * opened all the same, since what it holds is worth saving: @c warning says
 * what is wrong, and @c incomplete is set if contents are missing.
 *
 * The page size is the format's, else the one VMCOREINFO names (PAGESIZE=) if
 * that is a possible one, else the usual one of the machine.
 *
 * @return 0 (*ret to be closed with vmcore_close()); -errno that
 * names the file
 */
int vmcore_open(struct vmcore **ret, const char *path, const struct vmcore_options *opt)
	__attribute__((warn_unused_result));
void vmcore_close(struct vmcore *vc);

/**
 * The name of the file that has the memory of a dump of VMware, unless the dump has it: that of
 * the dump, but for its end.
 * @return to be freed; NULL: no memory
 */
char *vmware_memory_path(const char *path) __attribute__((warn_unused_result));

/** Return whether a dump is the running kernel: /proc/kcore. */
bool vmcore_is_kcore(const struct vmcore *vc);

/**
 * Change the page size, before any reader exists: VMCOREINFO and the
 * architecture know better than an ELF header. max_pfn follows.
 * @return 0; -EINVAL unless it is a power of two of 4 KiB to 256 KiB, or
 * differs from the page size a paged format was written with
 */
int vmcore_set_page_size(struct vmcore *vc, uint64_t page_size) __attribute__((warn_unused_result));

/** Remove a dump's VMCOREINFO from its notes, before any reader exists. @return 0 or -ENOMEM */
int vmcore_drop_vmcoreinfo(struct vmcore *vc) __attribute__((warn_unused_result));

/**
 * Give a dump VMCOREINFO text that was found elsewhere, instead of its own if it has any,
 * before any reader exists: it becomes the first of its notes, and the page size follows as
 * in vmcore_open().
 * @param text not within the dump's notes
 * @return 0; -ENOMEM
 */
int vmcore_set_vmcoreinfo(struct vmcore *vc, const char *text, size_t size)
	__attribute__((warn_unused_result));

/** Begin reading. @return 0 or -ENOMEM */
int vmcore_reader_create(struct vmcore_reader **ret, struct vmcore *vc)
	__attribute__((warn_unused_result));
void vmcore_reader_destroy(struct vmcore_reader *r);

/**
 * Look at memory without copying it.
 *
 * @param want bytes wanted at physical address @p pa; at least 1
 * @param[out] ptr the bytes; borrowed until the reader's next vmcore_get()
 * @param[out] got how many are there: at least 1, at most @p want
 * @return 0; -EFAULT if the byte at @p pa is unreadable: the dump does not hold it, the file
 * cannot be read there, or what it has there is damaged; -ENOMEM. Sentence set. A caller
 * goes on without the bytes after -EFAULT, and gives up after -ENOMEM.
 *
 * Memory that an ELF segment stands for but has no bytes of (memsz > filesz)
 * reads as zeros.
 */
int vmcore_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr, size_t *got)
	__attribute__((warn_unused_result));

/**
 * Say which memory vmcore_get() is going to be asked for, piece by piece: what of it lies together
 * in the file is read at once.
 */
void vmcore_expect(struct vmcore_reader *r, paddr_t pa, uint64_t len);

/**
 * Copy exactly @p len bytes of memory at @p pa. Does not disturb what
 * vmcore_get() returned.
 * @return as vmcore_get(); on error the buffer's contents are unspecified
 */
int vmcore_read(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
	__attribute__((warn_unused_result));

/**
 * Like vmcore_read(), but for a few bytes here and there in the same neighbourhood
 * (page tables, lists): whole blocks are read and kept for the next call.
 */
int vmcore_read_cached(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
	__attribute__((warn_unused_result));

/**
 * Copy one page, for saving it: what no segment covers of a page that exists
 * in part (an unaligned segment) reads as zeros.
 * @param buf page_size bytes
 * @return as vmcore_get(); -EFAULT if nothing of the page is in the dump, or if
 * part of it was lost with the end of the file
 */
int vmcore_read_page(struct vmcore_reader *r, pfn_t pfn, void *buf)
	__attribute__((warn_unused_result));

/**
 * Set the bits of all pages that exist, or that the file has data of, in an
 * empty bitmap of max_pfn bits. A page exists if any byte of it does.
 * @return 0 or -errno
 */
int vmcore_bitmap(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b)
	__attribute__((warn_unused_result));

/**
 * Look for contradictions within and between the headers, notes and page descriptors of a dump.
 * The contents of pages are not read, and damage that vc->warning names is not repeated.
 * @return 0, whatever was found; -errno if it could not be finished
 */
int vmcore_check(struct vmcore *vc, const struct vmcore_faults *faults)
	__attribute__((warn_unused_result));

/**
 * Look for pages that may have the contents of others, before all of them are read: it costs two
 * passes over what says where they are, and 2 bytes of memory a page, at most 32 MiB. If there
 * are any, vc->warning says so and vc->incomplete is set.
 */
void vmcore_check_places(struct vmcore *vc);

/**
 * Read the registers of a CPU from a format that knows CPUs by the numbers of the hardware: such
 * a dump has no notes of them before the kernel told which CPU has which number.
 * @param id of x86: the number of its APIC
 * @param[out] words as prstatus_add() takes them
 * @return 0; -ENOENT if there are none; another -errno if they cannot be read
 */
int vmcore_cpu_regs(struct vmcore *vc, uint32_t id, uint64_t *words)
	__attribute__((warn_unused_result));

/** For formats: the reader of a file, 0: vc->file, else vc->others[number - 1]. */
struct file_reader *vmcore_file(struct vmcore_reader *r, unsigned int number);

/**
 * For formats: open one more of vc->others, which ends vc->nr_others then.
 * @param path as of file_open(): borrowed for as long as the dump is open
 */
int vmcore_add_file(struct vmcore *vc, const char *path) __attribute__((warn_unused_result));

/** For formats: add a fault. */
void vmcore_fault(const struct vmcore_faults *faults, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * Check that there is memory for a bit per page that a dump says it has.
 * @return 0; -ENOMEM
 */
int vmcore_check_claim(const struct vmcore *vc) __attribute__((warn_unused_result));

/**
 * For formats: set the warning unless there is one already.
 * @param fmt sentence without a newline; cut if it is too long
 */
void vmcore_warn(struct vmcore *vc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** The formats. */
extern const struct vmcore_ops elf_vmcore_ops;
extern const struct vmcore_ops kdump_vmcore_ops;
extern const struct vmcore_ops lime_vmcore_ops;
extern const struct vmcore_ops vmware_vmcore_ops;
extern const struct vmcore_ops migration_vmcore_ops;
extern const struct vmcore_ops raw_vmcore_ops;
extern const struct vmcore_ops sadump_vmcore_ops;
extern const struct vmcore_ops xen_domain_vmcore_ops;

#endif
