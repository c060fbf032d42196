// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An example of an extension: it shows the interface, and its arguments select its verdicts.
 *
 *	makedumpfile --extension sample,keep=0x1234,drop=0x5678 -d 31 /proc/vmcore dump
 *
 * An extension first declares what it needs to know of the crashed kernel. When that was
 * found, extension_init() is called. Then the extension is asked about each page, and in the
 * end its destructors run. Everything is described in makedumpfile-extension(7).
 */
#include <stdlib.h>
#include <string.h>

#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"
#include "../erase_info.h"

EXTENSION_HELP("an example: include or exclude pages by number");

/*
 * Declarations. The program finds these symbols and types before
 * extension_init() is called. If one is missing, the extension is not run at all, and a
 * message names what is missing.
 */
INIT_MOD_SYM(vmlinux, init_uts_ns);
INIT_MOD_STRUCT_MEMBER(vmlinux, uts_namespace, name);
INIT_MOD_STRUCT_MEMBER(vmlinux, new_utsname, release);
INIT_MOD_STRUCT_MEMBER(vmlinux, page, flags);

/* Optional facts: an enumerator, and a struct of a module that may not be loaded. */
INIT_OPT_MOD_NUM(vmlinux, PG_reserved);
INIT_OPT_MOD_STRUCT(xfs, xfs_mount);

/* Variables need no locks: an extension has a process of its own, with one thread. */
static unsigned long keep = -1UL, drop = -1UL;
static unsigned long asked, reserved;

/* Return an argument after the name on the command line, as in "sample,keep=0x1234". */
static unsigned long pfn_argument(const char *key)
{
	const char *text = extension_argument(key);
	unsigned long pfn;
	char *end;

	if (!text)
		return -1UL;
	pfn = strtoul(text, &end, 0);
	if (end == text || *end)
		extension_fail("%s=%s: that is not a page frame number", key, text);
	return pfn;
}

/* Offsets are in bits, but sizes in bytes. Whatever is read may fail to be there. */
static void show_release(void)
{
	unsigned long long address = GET_MOD_SYM(vmlinux, init_uts_ns) +
				     GET_MOD_STRUCT_MEMBER_OFF(vmlinux, uts_namespace, name) +
				     GET_MOD_STRUCT_MEMBER_OFF(vmlinux, new_utsname, release);
	char release[65];

	if (mdf_read_string(address, release, sizeof(release)))
		extension_fail("the release: %s", mdf_error());
	MSG("Linux %s crashed\n", release);
}

void extension_init(void)
{
	keep = pfn_argument("keep");
	drop = pfn_argument("drop");
	show_release();
	/* Ask whether an optional fact is there before using it. */
	if (MOD_STRUCT_EXIST(xfs, xfs_mount))
		MSG("a struct xfs_mount has %u bytes\n", GET_MOD_STRUCT_SSIZE(xfs, xfs_mount));
}

/* pcache is the struct page as the crashed kernel had it. */
int extension_callback(unsigned long pfn, const void *pcache)
{
	unsigned long flags;

	memcpy(&flags, (const char *)pcache + GET_MOD_STRUCT_MEMBER_OFF(vmlinux, page, flags),
	       sizeof(flags));
	asked++;
	if (MOD_NUM_EXIST(vmlinux, PG_reserved))
		reserved += flags >> GET_MOD_NUM(vmlinux, PG_reserved) & 1;
	if (pfn == keep)
		return PG_INCLUDE;
	if (pfn == drop)
		return PG_EXCLUDE;
	return PG_UNDECID;
}

__attribute__((destructor)) static void finish(void)
{
	if (asked)
		MSG("asked about %lu pages, %lu of them reserved\n", asked, reserved);
}
