// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/option_table.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/page_layout.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/log_control.h"
#include "lib/resources.h"
#include "lib/trace.h"
#include "vmcore/bare.h"

/*
 * A number, decimal, octal or hexadecimal as in C if @p base is 0; *end after it. Blanks and a
 * sign, which strtoull() skips, are no part of one.
 */
static int parse_digits(const char *what, const char *text, int base, uint64_t *ret, char **end)
{
	errno = 0;
	text += strspn(text, " \t");
	*ret = strtoull(text, end, base);
	if (errno || *end == text || !isxdigit((unsigned char)text[0]))
		return err_set(-EINVAL, "%s %s is invalid", what, text);
	return 0;
}

static int parse_number(const char *what, const char *text, unsigned long min, unsigned long max,
			unsigned int *ret)
{
	uint64_t n;
	char *end;

	if (parse_digits(what, text, 10, &n, &end) || *end || n < min || n > max)
		return err_set(-EINVAL, "'%s' is not a %s: use a number from %lu to %lu", text,
			       what, min, max);
	*ret = n;
	return 0;
}

/* 0 is the default, as without the option. */
static int parse_kilobytes(const char *what, const char *text, uint64_t *bytes)
{
	uint64_t n;
	char *end;

	if (parse_digits(what, text, 0, &n, &end) || *end || !checked_mul(n, 1024, bytes))
		return err_set(-EINVAL, "%s %s is invalid: it is a number of KiB", what, text);
	return 0;
}

/*
 * Bytes, or with a suffix a power of 1024 of them, followed by the end of the text or one of the
 * characters of ends: *end.
 */
static int parse_size_up_to(const char *what, const char *text, const char *ends, uint64_t *bytes,
			    char **end)
{
	static const char suffixes[] = "KMGTPE";
	const char *suffix;
	uint64_t n;
	int err = parse_digits(what, text, 0, &n, end);

	if (err)
		return err;
	suffix = **end ? strchr(suffixes, toupper((unsigned char)**end)) : NULL;
	if (suffix) {
		(*end)++;
		if (!checked_mul(n, UINT64_C(1) << (10 * (suffix - suffixes + 1)), &n))
			return err_set(-EINVAL, "%s %s is too much", what, text);
	}
	if (**end && !strchr(ends, **end))
		return err_set(
			-EINVAL,
			"%s %s is invalid: it is a number of bytes, or one with K, M, G, T, P or E",
			what, text);
	*bytes = n;
	return 0;
}

static int parse_size(const char *what, const char *text, uint64_t *bytes)
{
	char *end;
	int err = parse_size_up_to(what, text, "", bytes, &end);

	return err || *bytes ? err : err_set(-EINVAL, "%s %s is invalid: it is 0", what, text);
}

static int parse_levels(struct plan *plan, const char *text)
{
	char item[16];

	plan->create.nr_levels = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		int err;

		if (plan->create.nr_levels == LEVELS_MAX)
			return err_set(-EINVAL, "more than %d dump levels", LEVELS_MAX);
		snprintf(item, sizeof(item), "%.*s", (int)min_u64(len, sizeof(item)), text);
		err = parse_number("dump level", item, 0, DL_MAX,
				   &plan->create.levels[plan->create.nr_levels]);
		if (err)
			return err;
		plan->create.nr_levels++;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int parse_fill(struct plan *plan, const char *text)
{
	plan->create.has_fill = true;
	return parse_number("dump level", text, 0, DL_MAX, &plan->create.fill_level);
}

static int parse_address(struct plan *plan, const char *text)
{
	char *end;

	plan->vtop.wanted = true;
	if (parse_digits("address", text, 16, &plan->vtop.address, &end) || *end)
		return err_set(-EINVAL, "address %s is invalid: it is hexadecimal", text);
	return 0;
}

static int parse_xen_phys_start(struct plan *plan, const char *text)
{
	char *end;

	if (parse_digits("address", text, 0, &plan->input.xen.phys_start, &end) || *end)
		return err_set(-EINVAL, "address %s is invalid", text);
	return 0;
}

static int add_extension(struct plan *plan, const char *text, bool required)
{
	if (plan->create.nr_extensions == EXTENSIONS_MAX)
		return err_set(-EINVAL, "more than %d extensions", EXTENSIONS_MAX);
	if (!text[0] || text[0] == ',')
		return err_set(-EINVAL, "\"%s\" is not the name of an extension", text);
	plan->create.extensions[plan->create.nr_extensions++] =
		(struct extension_spec){ text, required };
	return 0;
}

static int parse_extension(struct plan *plan, const char *text)
{
	return add_extension(plan, text, false);
}

static int parse_required_extension(struct plan *plan, const char *text)
{
	return add_extension(plan, text, true);
}

static int parse_timeout(struct plan *plan, const char *text)
{
	return parse_number("time limit", text, 1, EXTENSION_TIMEOUT_MAX,
			    &plan->extension_options.timeout);
}

/* The last of several options counts. */
static int use_codec(struct plan *plan, enum codec_id codec)
{
	plan->create.codec = codec;
	plan->create.choose_codec = false;
	return 0;
}

static int use_zlib(struct plan *plan, const char *arg __attribute__((unused)))
{
	return use_codec(plan, CODEC_ZLIB);
}

static int use_lzo(struct plan *plan, const char *arg __attribute__((unused)))
{
	return use_codec(plan, CODEC_LZO);
}

static int use_snappy(struct plan *plan, const char *arg __attribute__((unused)))
{
	return use_codec(plan, CODEC_SNAPPY);
}

static int use_zstd(struct plan *plan, const char *arg __attribute__((unused)))
{
	return use_codec(plan, CODEC_ZSTD);
}

static int parse_compression(struct plan *plan, const char *text)
{
	for (enum codec_id id = 0; id < NR_CODECS; id++)
		if (!strcmp(text, codec_name(id)))
			return use_codec(plan, id);
	if (strcmp(text, "auto"))
		return err_set(
			-EINVAL,
			"'%s' is not a compression: use auto, none, zlib, lzo, snappy or zstd",
			text);
	use_codec(plan, CODEC_NONE);
	plan->create.choose_codec = true;
	return 0;
}

/* Libraries differ in their levels: codec_check_level() knows them. */
static int parse_codec_level(struct plan *plan, const char *text)
{
	bool negative = text[0] == '-';
	uint64_t n;
	char *end;

	if (!isdigit((unsigned char)text[negative]) ||
	    parse_digits("compression level", text + negative, 10, &n, &end) || *end || !n ||
	    n > INT_MAX)
		return err_set(-EINVAL, "'%s' is not a compression level: use a number such as 6",
			       text);
	plan->create.codec_level = negative ? -(int)n : (int)n;
	return 0;
}

static int parse_buffer_order(struct plan *plan __attribute__((unused)), const char *text)
{
	unsigned int ignored;

	return parse_number("buffer order", text, 0, 31, &ignored);
}

static int parse_size_limit(struct plan *plan, const char *text)
{
	return parse_size("size limit", text, &plan->output.size_limit);
}

static int parse_time_limit(struct plan *plan, const char *text)
{
	return parse_number("number of seconds", text, 1, INT_MAX, &plan->create.time_limit);
}

static int parse_splitblock(struct plan *plan, const char *text)
{
	return parse_kilobytes("block size", text, &plan->create.splitblock_bytes);
}

static int parse_threads(struct plan *plan, const char *text)
{
	return parse_number("number of threads", text, 0, THREADS_MAX, &plan->resources.nr_threads);
}

static int parse_cyclic_buffer(struct plan *plan, const char *text)
{
	return parse_kilobytes("buffer size", text, &plan->resources.cyclic_buffer_bytes);
}

static int parse_message_level(struct plan *plan, const char *text)
{
	return parse_number("message level", text, 0, LOG_LEVEL_MAX, &plan->messages.level);
}

static int add_report(struct plan *plan, const char *arg __attribute__((unused)))
{
	plan->messages.extra |= MDF_LOG_REPORT;
	return 0;
}

static int add_debug(struct plan *plan, const char *arg __attribute__((unused)))
{
	plan->messages.extra |= MDF_LOG_DEBUG;
	return 0;
}

/* BASE[,SIZE][:FILE] */
static int parse_raw(struct plan *plan, const char *text)
{
	struct raw_range *raw = &plan->input.raw[plan->input.nr_raw];
	char *end;
	int err;

	if (plan->input.nr_raw == RAW_RANGES_MAX)
		return err_set(-EINVAL, "more than %d ranges of --raw", RAW_RANGES_MAX);
	*raw = (struct raw_range){ 0 };
	err = parse_size_up_to("address of --raw", text, ",:", &raw->base, &end);
	if (!err && *end == ',') {
		err = parse_size_up_to("size of --raw", end + 1, ":", &raw->size, &end);
		if (!err && !raw->size)
			err = err_set(-EINVAL, "size of --raw %s is invalid: it is 0", text);
	}
	if (err)
		return err;
	if (*end == ':') {
		raw->path = end + 1;
		if (!raw->path[0])
			return err_set(-EINVAL, "--raw %s has no name of a file", text);
	}
	plan->input.nr_raw++;
	return 0;
}

static int parse_diskset(struct plan *plan, const char *text)
{
	if (plan->input.nr_diskset == DISKS_MAX)
		return err_set(-EINVAL, "more than %d disks of --diskset", DISKS_MAX);
	plan->input.diskset[plan->input.nr_diskset++] = text;
	return 0;
}

static int parse_machine(struct plan *plan, const char *text)
{
	if (!bare_knows_machine(text))
		return err_set(-EINVAL, "'%s' is not a machine: use the output of uname -m there",
			       text);
	plan->input.machine = text;
	return 0;
}

static int find_subsystem(const char *name, size_t len)
{
	for (int i = 0; i < NR_TRACE_SUBSYSTEMS; i++)
		if (strlen(trace_name(i)) == len && !strncmp(trace_name(i), name, len))
			return i;
	return -1;
}

static int refuse_subsystem(const char *name, size_t len)
{
	char names[256] = "";

	for (int i = 0; i < NR_TRACE_SUBSYSTEMS; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 i ? ", " : "", trace_name(i));
	return err_set(-EINVAL, "'%.*s' is not a subsystem: use some of %s", (int)min_u64(len, 100),
		       name, names);
}

static int parse_trace(struct plan *plan, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");
		int found = find_subsystem(text, len);

		if (found < 0)
			return refuse_subsystem(text, len);
		plan->messages.trace |= 1u << found;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int refuse_eppic(struct plan *plan __attribute__((unused)),
			const char *arg __attribute__((unused)))
{
	return err_set(
		-ENOTSUP,
		"--eppic is not supported: extensions replaced it, see makedumpfile-extension(7)");
}

#define IN(mode) (1u << MODE_##mode)
#define READS_VMCORE \
	(IN(CREATE) | IN(DUMP_DMESG) | IN(TRIAGE) | IN(MEM_USAGE) | IN(LIST_KSYMS) | \
	 IN(LIST_KTYPES) | IN(WRITE_VMCOREINFO) | IN(CHECK_EXTENSION) | IN(INFO))
#define COUNTS_PAGES (IN(CREATE) | IN(MEM_USAGE) | IN(INFO) | IN(VERIFY))

/* Offset of a member of the plan, which must have this type. */
#define HAS_TYPE(type, member) \
	__builtin_types_compatible_p(__typeof__(((struct plan *)0)->member), type)
#define FIELD(type, member) \
	(offsetof(struct plan, member) + 0 * sizeof(char[HAS_TYPE(type, member) ? 1 : -1]))
#define FLAG(member) FIELD(bool, member)
#define TEXT(member) FIELD(const char *, member)

/* In the order of the help. */
const struct option_row option_table[] = {
	{
		.letter = 'h',
		.name = "help",
		.arg = "[TOPIC]",
		.topic = TOPIC_GENERAL,
		.chooses = MODE_HELP,
		.help = "print this text, or the options of a topic",
	},
	{
		.name = "check-params",
		.topic = TOPIC_GENERAL,
		.flag = FLAG(check_params),
		.help = "check the command line and do nothing",
	},
	{
		.name = "version",
		.letter = 'v',
		.topic = TOPIC_GENERAL,
		.chooses = MODE_VERSION,
		.help = "print the version, features and libraries",
	},
	{
		.letter = 'd',
		.arg = "LEVEL[,LEVEL]...",
		.topic = TOPIC_FILTER,
		.modes = IN(CREATE),
		.parse = parse_levels,
		.help = "exclude kinds of pages; add up: 1 pages of zeros, 2 page cache, 4 page "
			"cache with private data (includes 2), 8 user memory, 16 free pages "
			"(default 0; 31: all). The next LEVEL is tried if there is not enough "
			"space for a dump of the first, or if the first is not possible. If "
			"none is, the possible parts of the last ones are used",
	},
	{
		.name = "strict-level",
		.topic = TOPIC_FILTER,
		.modes = IN(CREATE),
		.flag = FLAG(create.strict_level),
		.help = "fail if no LEVEL is possible, before anything is written",
	},
	{
		.name = "essential",
		.topic = TOPIC_FILTER,
		.modes = IN(CREATE),
		.flag = FLAG(create.essential),
		.help = "instead of -d: save only pages that debuggers need for the log, tasks, "
			"stacks and modules",
	},
	{
		.name = "fill",
		.arg = "LEVEL",
		.topic = TOPIC_FILTER,
		.modes = IN(CREATE),
		.parse = parse_fill,
		.help = "then go on with the pages that LEVEL keeps, as long as there is space or "
			"time",
	},
	{
		.letter = 'e',
		.name = "exclude-unused-vm",
		.topic = TOPIC_FILTER,
		.modes = IN(CREATE),
		.flag = FLAG(create.exclude_unused_vm),
		.help = "also exclude vmemmap pages that describe only excluded pages",
	},
	{
		.letter = 'c',
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = use_zlib,
		.help = "compress each page with zlib",
	},
	{
		.letter = 'l',
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = use_lzo,
		.help = "compress each page with lzo",
	},
	{
		.letter = 'p',
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = use_snappy,
		.help = "compress each page with snappy",
	},
	{
		.letter = 'z',
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = use_zstd,
		.help = "compress each page with zstd",
	},
	{
		.name = "compression",
		.arg = "CODEC",
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = parse_compression,
		.help = "one of these, none, or auto: the fastest here",
	},
	{
		.name = "compression-level",
		.arg = "N",
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = parse_codec_level,
		.help = "with -c or -z: compress more (a larger N) or faster (default 1); "
			"the manual has the levels",
	},
	{
		.letter = 'E',
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.flag = FLAG(create.elf),
		.help = "write ELF, which gdb opens, not kdump-compressed",
	},
	{
		.letter = 'F',
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE) | IN(DUMP_DMESG),
		.flag = FLAG(output.flattened),
		.help = "write the flattened format to standard output, for pipes",
	},
	{
		.letter = 'R',
		.topic = TOPIC_OUTPUT,
		.chooses = MODE_REARRANGE,
		.help = "write DUMPFILE from the flattened format on standard input",
	},
	{
		.letter = 'f',
		.topic = TOPIC_OUTPUT,
		.flag = FLAG(output.force),
		.help = "overwrite DUMPFILE if it exists",
	},
	{
		.letter = 'L',
		.arg = "SIZE",
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE) | IN(DUMP_DMESG),
		.parse = parse_size_limit,
		.help = "write at most SIZE bytes (or with K, M, G, T, P, E)",
	},
	{
		.name = "time-limit",
		.arg = "N",
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = parse_time_limit,
		.help = "stop N seconds after the start: the dump lacks the least valuable pages",
	},
	{
		.name = "split",
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.flag = FLAG(create.split),
		.help = "write as many parts as there are names",
	},
	{
		.name = "splitblock-size",
		.arg = "KB",
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = parse_splitblock,
		.help = "begin parts at multiples of KB",
	},
	{
		.name = "reassemble",
		.topic = TOPIC_OUTPUT,
		.chooses = MODE_REASSEMBLE,
		.help = "join the parts of a split dump",
	},
	{
		.name = "dry-run",
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.flag = FLAG(output.dry_run),
		.help = "do everything but write; DUMPFILE is optional",
	},
	{
		.name = "num-threads",
		.arg = "N",
		.topic = TOPIC_OUTPUT,
		.modes = COUNTS_PAGES,
		.parse = parse_threads,
		.help = "use N threads (default: one per CPU)",
	},
	{
		.name = "cyclic-buffer",
		.arg = "KB",
		.topic = TOPIC_OUTPUT,
		.modes = COUNTS_PAGES,
		.parse = parse_cyclic_buffer,
		.help = "use at most KB of memory for bitmaps",
	},
	{
		.name = "work-dir",
		.arg = "DIR",
		.topic = TOPIC_OUTPUT,
		.modes = READS_VMCORE | IN(VERIFY),
		.text = TEXT(resources.work_dir),
		.help = "put large bitmaps and unpacked input into DIR",
	},
	{
		.letter = 'b',
		.arg = "ORDER",
		.topic = TOPIC_OUTPUT,
		.modes = IN(CREATE),
		.parse = parse_buffer_order,
		.help = "accepted: the size of buffers needs no tuning",
	},
	{
		.letter = 'i',
		.arg = "FILE",
		.topic = TOPIC_INPUT,
		.modes = READS_VMCORE & ~IN(WRITE_VMCOREINFO),
		.text = TEXT(input.vmcoreinfo),
		.help = "take VMCOREINFO text from FILE before the dump's own",
	},
	{
		.letter = 'x',
		.arg = "VMLINUX",
		.topic = TOPIC_INPUT,
		.modes = READS_VMCORE,
		.text = TEXT(input.vmlinux),
		.help = "take facts that VMCOREINFO lacks from a kernel with debug information",
	},
	{
		.letter = 'g',
		.arg = "FILE",
		.topic = TOPIC_INPUT,
		.chooses = MODE_WRITE_VMCOREINFO,
		.text = TEXT(output.file),
		.help = "write facts about the kernel as VMCOREINFO text, for -i; those of "
			"VMLINUX with -x VMLINUX and no VMCORE",
	},
	{
		.name = "non-mmap",
		.topic = TOPIC_INPUT,
		.modes = READS_VMCORE | IN(REASSEMBLE) | IN(VERIFY),
		.flag = FLAG(input.no_mmap),
		.help = "do not map VMCORE into memory",
	},
	{
		.name = "raw",
		.arg = "BASE[,SIZE][:FILE]",
		.topic = TOPIC_INPUT,
		.modes = READS_VMCORE | IN(VERIFY),
		.parse = parse_raw,
		.help = "VMCORE, or FILE instead, has no headers, but SIZE bytes (default: the "
			"rest of it) of the memory at physical address BASE; can be repeated",
	},
	{
		.name = "diskset",
		.arg = "FILE",
		.topic = TOPIC_INPUT,
		.modes = READS_VMCORE | IN(VERIFY),
		.parse = parse_diskset,
		.help = "a disk of a set of sadump, instead of VMCORE; once for each disk, disk 1 "
			"first",
	},
	{
		.name = "machine",
		.arg = "NAME",
		.topic = TOPIC_INPUT,
		.modes = READS_VMCORE | IN(VERIFY),
		.parse = parse_machine,
		.help = "the machine of a VMCORE that does not tell it, as uname -m prints it; "
			"default: that of VMCOREINFO in memory",
	},
	{
		.letter = 'X',
		.topic = TOPIC_FILTER,
		.modes = IN(CREATE),
		.flag = FLAG(create.exclude_foreign),
		.help = "also exclude the pages of a Xen host that are of other domains than dom0, or free",
	},
	{
		.name = "xen-syms",
		.arg = "FILE",
		.topic = TOPIC_INPUT,
		.modes = IN(CREATE),
		.text = TEXT(input.xen.syms),
		.help = "Xen's symbols and types are also those of FILE, with debug information",
	},
	{
		.name = "xen-vmcoreinfo",
		.arg = "FILE",
		.topic = TOPIC_INPUT,
		.modes = IN(CREATE),
		.text = TEXT(input.xen.vmcoreinfo),
		.help = "believe the text of FILE before VMCOREINFO_XEN",
	},
	{
		.name = "xen_phys_start",
		.arg = "ADDRESS",
		.topic = TOPIC_INPUT,
		.modes = IN(CREATE),
		.parse = parse_xen_phys_start,
		.help = "the physical address of Xen's image; default: that of Xen's note",
	},
	{
		.name = "config",
		.arg = "FILE",
		.topic = TOPIC_ERASE,
		.modes = IN(CREATE),
		.text = TEXT(create.config),
		.help = "overwrite data that FILE names, see makedumpfile.conf(5); types and symbols "
			"are the dump's own, or those of -x VMLINUX",
	},
	{
		.name = "require-erase",
		.topic = TOPIC_ERASE,
		.modes = IN(CREATE),
		.flag = FLAG(create.require_erase),
		.help = "write no dump if FILE names data that cannot be overwritten",
	},
	{
		.name = "eppic",
		.arg = "FILE",
		.topic = TOPIC_ERASE,
		.parse = refuse_eppic,
		.help = "refused: extensions replaced it",
	},
	{
		.name = "extension",
		.arg = "NAME[,KEY=VALUE]...",
		.topic = TOPIC_EXTENSIONS,
		.modes = IN(CREATE),
		.parse = parse_extension,
		.help = "run the extension NAME of EXTENSIONDIR, or PATH/NAME.so anywhere, which "
			"includes and excludes pages, or overwrites data; can be repeated",
	},
	{
		.name = "require-extension",
		.arg = "NAME[,KEY=VALUE]...",
		.topic = TOPIC_EXTENSIONS,
		.modes = IN(CREATE),
		.parse = parse_required_extension,
		.help = "like --extension, but write no dump if it cannot do its work",
	},
	{
		.name = "check-extension",
		.arg = "NAME",
		.topic = TOPIC_EXTENSIONS,
		.chooses = MODE_CHECK_EXTENSION,
		.text = TEXT(check_extension.name),
		.help = "print what an extension needs, and whether it is there; without VMCORE "
			"in the running kernel",
	},
	{
		.name = "list-extensions",
		.topic = TOPIC_EXTENSIONS,
		.chooses = MODE_LIST_EXTENSIONS,
		.help = "print the extensions of EXTENSIONDIR, each with a line of help",
	},
	{
		.name = "extension-timeout",
		.arg = "N",
		.topic = TOPIC_EXTENSIONS,
		.modes = IN(CREATE) | IN(CHECK_EXTENSION),
		.parse = parse_timeout,
		.help = "stop an extension without progress for N seconds (default 60)",
	},
	{
		.name = "extension-in-process",
		.topic = TOPIC_EXTENSIONS,
		.modes = IN(CREATE) | IN(CHECK_EXTENSION),
		.flag = FLAG(extension_options.in_process),
		.help = "run extensions unprotected, to debug them",
	},
	{
		.name = "triage",
		.topic = TOPIC_INSPECT,
		.chooses = MODE_TRIAGE,
		.help = "print what died, where, and what else the kernel did; FILE is optional",
	},
	{
		.name = "triage-file",
		.arg = "FILE",
		.topic = TOPIC_INSPECT,
		.modes = IN(CREATE),
		.text = TEXT(triage.file),
		.help = "create a dump, and write its triage to FILE",
	},
	{
		.name = "all-tasks",
		.topic = TOPIC_INSPECT,
		.modes = IN(CREATE) | IN(TRIAGE),
		.flag = FLAG(triage.all_tasks),
		.help = "add the stacks of all tasks to the triage",
	},
	{
		.name = "dump-dmesg",
		.topic = TOPIC_INSPECT,
		.chooses = MODE_DUMP_DMESG,
		.help = "write the kernel's log to LOGFILE, or with -F to standard output",
	},
	{
		.name = "partial-dmesg",
		.topic = TOPIC_INSPECT,
		.modes = IN(DUMP_DMESG),
		.flag = FLAG(dmesg.partial),
		.help = "with --dump-dmesg: only messages after the log was last cleared",
	},
	{
		.name = "info",
		.topic = TOPIC_INSPECT,
		.chooses = MODE_INFO,
		.help = "describe VMCORE: format, kernel, time, pages by kind; is it incomplete",
	},
	{
		.name = "verify",
		.topic = TOPIC_INSPECT,
		.chooses = MODE_VERIFY,
		.help = "read every page of the dump VMCORE, and check its headers and notes",
	},
	{
		.name = "mem-usage",
		.topic = TOPIC_INSPECT,
		.chooses = MODE_MEM_USAGE,
		.help = "print how many pages of each kind there are",
	},
	{
		.name = "svg",
		.arg = "FILE",
		.topic = TOPIC_INSPECT,
		.modes = IN(MEM_USAGE),
		.text = TEXT(mem_usage.svg),
		.help = "with --mem-usage: draw memory as a map, too",
	},
	{
		.name = "vtop",
		.arg = "ADDRESS",
		.topic = TOPIC_INSPECT,
		.modes = IN(CREATE),
		.parse = parse_address,
		.help = "print where a virtual address is in physical memory; DUMPFILE is "
			"optional",
	},
	{
		.name = "list-ksyms",
		.arg = "[PATTERN]",
		.topic = TOPIC_INSPECT,
		.chooses = MODE_LIST_KSYMS,
		.help = "print the symbols that match a shell pattern, or the one at 0xADDRESS",
	},
	{
		.name = "list-ktypes",
		.arg = "TYPE[.MEMBER]",
		.topic = TOPIC_INSPECT,
		.chooses = MODE_LIST_KTYPES,
		.text = TEXT(list.pattern),
		.help = "print structs, with offsets and sizes; TYPE can be a pattern",
	},
	{
		.name = "message-level",
		.arg = "N",
		.topic = TOPIC_MESSAGES,
		.parse = parse_message_level,
		.help = "add up: 1 progress, 2 common, 4 errors, 8 debugging, 16 report (default "
			"7)",
	},
	{
		.name = "show-stats",
		.topic = TOPIC_MESSAGES,
		.parse = add_report,
		.help = "add the report",
	},
	{
		.letter = 'D',
		.topic = TOPIC_MESSAGES,
		.parse = add_debug,
		.help = "add debugging messages",
	},
	{
		.name = "trace",
		.arg = "SUBSYSTEM[,...]",
		.topic = TOPIC_MESSAGES,
		.parse = parse_trace,
		.help = "print a line for each decision of vmcore, facts, kallsyms, btf, modules, "
			"memmap, filter, extension, output",
	},
	{
		.name = "json",
		.arg = "FILE",
		.topic = TOPIC_MESSAGES,
		.modes = IN(CREATE) | IN(INFO) | IN(VERIFY) | IN(TRIAGE),
		.text = TEXT(messages.json),
		.help = "write the report for programs to FILE (-: standard output)",
	},
};

const size_t option_table_size = ARRAY_SIZE(option_table);
_Static_assert(ARRAY_SIZE(option_table) <= OPTIONS_MAX, "raise OPTIONS_MAX");

bool option_has_arg(const struct option_row *row)
{
	return row->arg && row->arg[0] != '[';
}

void option_name(const struct option_row *row, char buf[32])
{
	if (row->letter)
		snprintf(buf, 32, "-%c", row->letter);
	else
		snprintf(buf, 32, "--%s", row->name);
}

const struct option_row *option_find(const char *name)
{
	char buf[32];

	for (size_t i = 0; i < option_table_size; i++) {
		option_name(&option_table[i], buf);
		if (!strcmp(buf, name))
			return &option_table[i];
	}
	return NULL;
}

const struct option_row *option_of_mode(enum plan_mode mode)
{
	for (size_t i = 0; mode && i < option_table_size; i++)
		if (option_table[i].chooses == mode)
			return &option_table[i];
	return NULL;
}
