/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For authors of extensions: what an extension is made of.
 *
 * An extension is a shared object (or is linked into the program). It declares what
 * it needs to know of the crashed kernel with the macros of kallsyms.h and btf_info.h, and
 * has one or more of the functions below. When all that it declared as required was
 * found, extension_init() is called, once; then it is asked about pages, each page once
 * per run of the program; then its destructors run. All of that happens in a process of its
 * own, which has one thread: what an extension breaks there costs its own answers, not the
 * dump. Its answers count when it has come to its end.
 *
 * The functions for extensions are in makedumpfile.h and erase_info.h.
 */
#ifndef EXTENSION_H
#define EXTENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The number of this interface. It grows when something is added; the oldest number that
 * a program still takes grows when something is taken away. Every extension carries
 * the number it was compiled with, without its author's doing.
 */
#define EXTENSION_ABI 3

#ifndef MAKEDUMPFILE_CORE
extern const unsigned int makedumpfile_extension_abi __attribute__((weak, visibility("default")));
const unsigned int makedumpfile_extension_abi = EXTENSION_ABI;
#endif

/**
 * To be defined once by an extension that tells users in one line what it does, at file scope:
 * EXTENSION_HELP("overwrite the names of tasks"). --check-extension and --list-extensions print it.
 */
extern const char makedumpfile_extension_help[] __attribute__((visibility("default")));
#define EXTENSION_HELP(text) const char makedumpfile_extension_help[] = text

/**
 * Verdict about a page. If extensions disagree, PG_INCLUDE takes precedence over PG_EXCLUDE;
 * without a verdict of any extension, the dump level decides.
 */
enum extension_verdict {
	PG_INCLUDE, /**< save it, whatever it is; not if it is poisoned or offline */
	PG_EXCLUDE, /**< leave it out, whatever it is */
	PG_UNDECID, /**< no opinion */
};

/**
 * To be defined by an extension that has something to do before pages are looked at.
 * Optional declarations may be asked for from here on (MOD_SYM_EXIST() and the like).
 */
void extension_init(void) __attribute__((visibility("default")));

/**
 * To be defined by an extension that wants to be asked about each page.
 *
 * @param pfn of the page; ascending, but with gaps
 * @param pcache its struct page: SIZE(page) bytes as the kernel had them; not to be written to,
 * valid for the call
 * @return enum extension_verdict; anything else counts as PG_UNDECID
 *
 * Tails of compound pages and pages within free blocks are asked about too.
 */
int extension_callback(unsigned long pfn, const void *pcache)
	__attribute__((visibility("default")));

/** Class of a page according to its struct page. */
enum extension_page_kind {
	PAGE_IS_OTHER,	       /**< kernel memory, or not known */
	PAGE_IS_FREE,	       /**< in a free block of the buddy allocator */
	PAGE_IS_CACHE,	       /**< page cache without private data, and swap cache */
	PAGE_IS_CACHE_PRIVATE, /**< page cache with private data */
	PAGE_IS_USER,	       /**< anonymous, or of hugetlbfs */
	PAGE_IS_HWPOISON,
	PAGE_IS_OFFLINE, /**< ballooned or unplugged */
};

/** A stretch of pages whose struct pages lie one after the other. */
struct extension_pages {
	unsigned long pfn;   /**< of the first page */
	size_t nr;	     /**< pages, at least 1 */
	const void *structs; /**< nr struct pages as the kernel had them, */
	size_t struct_size;  /**< bytes of each */
	void *core;	     /**< for extension_page_kinds() */
};

/**
 * Determine the classes of pages. Decoding takes about as long as the rest of page_scan, so it
 * is done only on request. Call it for every run of pages or for none: the class of a block
 * that began before the first call is unknown.
 *
 * @param pages what extension_pages_callback() is being called with
 * @return enum extension_page_kind of each page, valid for the call; of a compound page or
 * free block all are alike
 */
const uint8_t *extension_page_kinds(const struct extension_pages *pages);

/**
 * Instead of extension_callback(): asked about many pages at once, which is much faster.
 *
 * @param verdicts one for each page, PG_UNDECID when called: to be written to
 */
void extension_pages_callback(const struct extension_pages *pages, uint8_t *verdicts)
	__attribute__((visibility("default")));

/**
 * Say what becomes of pages at any time, also without being asked. It is not taken back:
 * PG_UNDECID does nothing, and of PG_INCLUDE and PG_EXCLUDE for the same page PG_INCLUDE wins.
 * @param nr pages from @p pfn on; what is beyond the last page there is, is ignored
 */
void extension_decide(unsigned long pfn, unsigned long nr, enum extension_verdict verdict);

/**
 * Return an argument of the extension: --extension NAME,key=value,...
 * @return the value, which ends before the next comma; "" for a key without one; NULL if the
 * key was not given. Valid as long as the extension. If a key was given twice, the last
 * one counts.
 */
const char *extension_argument(const char *key);

/**
 * Take one item of an argument that is a list: key=ITEM+ITEM... A '+' separates items if an item
 * follows it: g++ is one item, sh+g++ are two.
 * @param n 0 for the first item
 * @param[out] buf the item; "" on error
 * @return 0; -ENOENT if the list ends before, or the key was not given; -EINVAL if the item
 * does not fit
 */
int extension_argument_item(const char *key, unsigned int n, char *buf, size_t size);

/**
 * Take an argument that is a list of known words, as in what=stack+elf. Another word ends the
 * extension with a message that names the known ones.
 * @param words at most 32, and NULL after the last one
 * @return a bit for each word that was given, bit 0 for the first; 0 if there is none
 */
unsigned int extension_argument_words(const char *key, const char *const *words);

/**
 * Refuse arguments whose key is not known, so that a mistyped one does not go unnoticed: the
 * extension ends with a message that names the known keys.
 * @param keys all that the extension has, and NULL after the last one
 */
void extension_known_keys(const char *const *keys);

/**
 * Report a number, or a text, to programs: --json has it below the extension's name and the
 * key, if the extension comes to its end. A second value of a key replaces the first.
 * @param key at most 31 letters, digits and '_'
 * @param text cut to 127 bytes
 * @return 0; -EINVAL for another key; -ENOSPC for more than 64 keys
 */
int extension_report_number(const char *key, uint64_t value);
int extension_report_text(const char *key, const char *text);

/**
 * End the extension because it cannot do its work: one line says why, and what it had
 * decided does not count. Does not return.
 */
void extension_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif
