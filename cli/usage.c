// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/usage.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/types.h"

static const char overview[] =
	"Usage: makedumpfile [OPTIONS] VMCORE DUMPFILE\n"
	"       makedumpfile -F [OPTIONS] VMCORE > FLATTENED\n"
	"       makedumpfile -R DUMPFILE < FLATTENED\n"
	"       makedumpfile --split [OPTIONS] VMCORE DUMPFILE1 DUMPFILE2...\n"
	"       makedumpfile --reassemble DUMPFILE1 DUMPFILE2... DUMPFILE\n"
	"       makedumpfile --dump-dmesg [OPTIONS] VMCORE LOGFILE\n"
	"       makedumpfile --mem-usage /proc/kcore\n"
	"\n"
	"Save a crashed Linux kernel's memory (usually /proc/vmcore) as DUMPFILE, without\n"
	"the pages you do not need. The usual call is\n"
	"       makedumpfile -l -d 31 /proc/vmcore DUMPFILE\n"
	"\n"
	"  -h TOPIC            more about filter, output, input, erase, extensions, look,\n"
	"                      messages, or all\n"
	"      --help          this text\n"
	"      --check-params  check the command line and do nothing\n"
	"  -v                  version and compressions\n"
	"\n"
	"Exit status: 0 done; 1 failed, or the dump is incomplete; 2 the FILE of -i or\n"
	"the VMLINUX of -x is of another kernel.\n";

static const char filter[] =
	"What to leave out:\n"
	"  -d LEVEL[,LEVEL]... add up: 1 pages of zeros, 2 page cache, 4 page cache with\n"
	"                      private data (includes 2), 8 user memory, 16 free pages\n"
	"                      (default 0; 31: all). The next LEVEL is tried when there\n"
	"                      is not enough space for a dump of the first, or when the\n"
	"                      first is not possible. Where none is, the last ones are\n"
	"                      used without what is not possible\n"
	"      --strict-level  fail then, before anything is written\n"
	"  -e, --exclude-unused-vm  vmemmap pages that describe only excluded pages, too\n";

static const char output[] =
	"How to write:\n"
	"  -c, -l, -p, -z      compress each page with zlib, lzo, snappy, zstd\n"
	"  -E                  write ELF, which gdb opens, not kdump-compressed\n"
	"  -F                  write the flattened format to standard output, for pipes\n"
	"  -R                  write the file that is in a flattened standard input\n"
	"  -f                  overwrite DUMPFILE if it exists\n"
	"  -L SIZE             write no more than SIZE bytes (or with K, M, G, T, P, E)\n"
	"      --split         write as many parts as there are names\n"
	"      --splitblock-size KB  parts begin at multiples of that much memory\n"
	"      --reassemble    put parts together\n"
	"      --dry-run       do everything but write; DUMPFILE may be left out\n"
	"      --num-threads N work with N threads (default: all CPUs we may use)\n"
	"      --cyclic-buffer KB  memory for bitmaps (default: what is there)\n"
	"      --work-dir DIR  put bitmaps there, if they need more\n"
	"  -b ORDER            accepted: the size of buffers needs no tuning\n";

static const char input[] =
	"How to read:\n"
	"  -i FILE             take VMCOREINFO text from FILE before the dump's own\n"
	"  -x VMLINUX          take what VMCOREINFO lacks from a kernel with debug\n"
	"                      information\n"
	"      --non-mmap      do not map VMCORE into memory\n"
	"  -g FILE             write what is known of the kernel as VMCOREINFO text, for\n"
	"                      -i; with -x VMLINUX alone, what that knows\n"
	"Dumps of Xen hosts are saved at level 0 or 1; -X excludes nothing. --xen-syms,\n"
	"--xen-vmcoreinfo, --xen_phys_start, --diskset and sadump files are refused.\n";

static const char erase[] =
	"What to overwrite:\n"
	"      --config FILE   what FILE says, see makedumpfile.conf(5); types and\n"
	"                      symbols are the dump's own, or those of -x VMLINUX\n"
	"      --require-erase no dump if FILE names data that cannot be overwritten\n"
	"Extensions can overwrite, too. --eppic says that they replaced it.\n";

static const char extensions[] =
	"Asking extensions about pages, and what to overwrite:\n"
	"      --extension NAME[,KEY=VALUE]...\n"
	"                      NAME is in EXTENSIONDIR, PATH/NAME.so anywhere; can be\n"
	"                      repeated\n"
	"      --require-extension NAME[,...]\n"
	"                      the same, and no dump if it cannot do its work\n"
	"      --check-extension NAME\n"
	"                      print what an extension needs, and whether it is there;\n"
	"                      without VMCORE in the running kernel\n"
	"      --extension-timeout N\n"
	"                      stop one that does nothing for N seconds (60)\n"
	"      --extension-in-process\n"
	"                      run extensions unprotected, to debug them\n";

static const char look[] =
	"What else to do with a VMCORE, a dump of ours, or /proc/kcore:\n"
	"      --dump-dmesg    write the kernel's log to LOGFILE, or with -F to standard\n"
	"                      output\n"
	"      --partial-dmesg of that, only what came after the log was last cleared\n"
	"      --mem-usage     print how many pages of each kind there are\n"
	"      --vtop ADDRESS  print where a virtual address is in physical memory;\n"
	"                      DUMPFILE may be left out\n"
	"      --list-ksyms [PATTERN]\n"
	"                      print the symbols that match a shell pattern, or the one\n"
	"                      at 0xADDRESS\n"
	"      --list-ktypes NAME[.MEMBER]\n"
	"                      print structs, with offsets and sizes; NAME can be a\n"
	"                      pattern\n";

static const char messages[] =
	"What to say:\n"
	"      --message-level N\n"
	"                      add up: 1 progress, 2 common, 4 errors, 8 debugging,\n"
	"                      16 report (default 7)\n"
	"      --show-stats    add the report\n"
	"  -D                  add debugging messages\n"
	"      --json FILE     write the report for programs to FILE (-: standard output)\n";

static const struct {
	const char *name;
	const char *text;
} topics[] = {
	{ "filter", filter },	  { "output", output },		{ "input", input },
	{ "erase", erase },	  { "extensions", extensions }, { "look", look },
	{ "messages", messages },
};

bool usage_print(const char *topic)
{
	bool all = topic && !strcmp(topic, "all"), found = !topic || all;

	if (!topic || all)
		fputs(overview, stdout);
	for (size_t i = 0; topic && i < ARRAY_SIZE(topics); i++) {
		if (!all && strcmp(topic, topics[i].name))
			continue;
		printf("%s%s", all ? "\n" : "", topics[i].text);
		found = true;
	}
	return found;
}

void usage_topics(char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(topics) && used < size; i++)
		used += snprintf(buf + used, size - used, "%s, ", topics[i].name);
	if (used < size)
		snprintf(buf + used, size - used, "all");
}
