// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_provider.h"
#include "filter/page_layout.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/resources.h"
#include "types/btf_info.h"

enum long_option {
	OPT_CHECK_EXTENSION = 256,
	OPT_CHECK_PARAMS,
	OPT_CONFIG,
	OPT_CYCLIC_BUFFER,
	OPT_DISKSET,
	OPT_DRY_RUN,
	OPT_DUMP_DMESG,
	OPT_EPPIC,
	OPT_EXTENSION,
	OPT_EXTENSION_IN_PROCESS,
	OPT_EXTENSION_TIMEOUT,
	OPT_JSON,
	OPT_LIST_KSYMS,
	OPT_LIST_KTYPES,
	OPT_MEM_USAGE,
	OPT_MESSAGE_LEVEL,
	OPT_NON_MMAP,
	OPT_NUM_THREADS,
	OPT_PARTIAL_DMESG,
	OPT_REASSEMBLE,
	OPT_REQUIRE_ERASE,
	OPT_REQUIRE_EXTENSION,
	OPT_SHOW_STATS,
	OPT_SPLIT,
	OPT_SPLITBLOCK_SIZE,
	OPT_STRICT_LEVEL,
	OPT_VTOP,
	OPT_WORK_DIR,
	OPT_XEN,
	OPT_END,
};

static const char short_options[] = ":b:cDd:EeFfg:hi:L:lpRvXx:z";

static const struct option long_options[] = {
	{ "check-extension", required_argument, NULL, OPT_CHECK_EXTENSION },
	{ "check-params", no_argument, NULL, OPT_CHECK_PARAMS },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "cyclic-buffer", required_argument, NULL, OPT_CYCLIC_BUFFER },
	{ "diskset", required_argument, NULL, OPT_DISKSET },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "dump-dmesg", no_argument, NULL, OPT_DUMP_DMESG },
	{ "eppic", required_argument, NULL, OPT_EPPIC },
	{ "exclude-unused-vm", no_argument, NULL, 'e' },
	{ "extension", required_argument, NULL, OPT_EXTENSION },
	{ "extension-in-process", no_argument, NULL, OPT_EXTENSION_IN_PROCESS },
	{ "extension-timeout", required_argument, NULL, OPT_EXTENSION_TIMEOUT },
	{ "help", no_argument, NULL, 'h' },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "list-ksyms", no_argument, NULL, OPT_LIST_KSYMS },
	{ "list-ktypes", required_argument, NULL, OPT_LIST_KTYPES },
	{ "mem-usage", no_argument, NULL, OPT_MEM_USAGE },
	{ "message-level", required_argument, NULL, OPT_MESSAGE_LEVEL },
	{ "non-mmap", no_argument, NULL, OPT_NON_MMAP },
	{ "num-threads", required_argument, NULL, OPT_NUM_THREADS },
	{ "partial-dmesg", no_argument, NULL, OPT_PARTIAL_DMESG },
	{ "reassemble", no_argument, NULL, OPT_REASSEMBLE },
	{ "require-erase", no_argument, NULL, OPT_REQUIRE_ERASE },
	{ "require-extension", required_argument, NULL, OPT_REQUIRE_EXTENSION },
	{ "show-stats", no_argument, NULL, OPT_SHOW_STATS },
	{ "split", no_argument, NULL, OPT_SPLIT },
	{ "splitblock-size", required_argument, NULL, OPT_SPLITBLOCK_SIZE },
	{ "strict-level", no_argument, NULL, OPT_STRICT_LEVEL },
	{ "vtop", required_argument, NULL, OPT_VTOP },
	{ "work-dir", required_argument, NULL, OPT_WORK_DIR },
	{ "xen-syms", required_argument, NULL, OPT_XEN },
	{ "xen-vmcoreinfo", required_argument, NULL, OPT_XEN },
	{ "xen_phys_start", required_argument, NULL, OPT_XEN },
	{ 0 },
};

/* Names of the options that choose a mode. */
static const char *const mode_names[] = {
	[MODE_CREATE] = "a dump",
	[MODE_DUMP_DMESG] = "--dump-dmesg",
	[MODE_MEM_USAGE] = "--mem-usage",
	[MODE_REARRANGE] = "-R",
	[MODE_REASSEMBLE] = "--reassemble",
	[MODE_LIST_KSYMS] = "--list-ksyms",
	[MODE_LIST_KTYPES] = "--list-ktypes",
	[MODE_WRITE_VMCOREINFO] = "-g",
	[MODE_CHECK_EXTENSION] = "--check-extension",
};

#define IN(mode) (1u << MODE_##mode)
#define IN_THOSE_THAT_READ \
	(IN(CREATE) | IN(DUMP_DMESG) | IN(MEM_USAGE) | IN(LIST_KSYMS) | IN(LIST_KTYPES) | \
	 IN(WRITE_VMCOREINFO) | IN(CHECK_EXTENSION))

/* The modes that options belong to; those that are not here belong to all. */
static const struct {
	int opt;
	unsigned int modes;
} places[] = {
	{ 'b', IN(CREATE) },
	{ 'c', IN(CREATE) },
	{ 'd', IN(CREATE) },
	{ 'E', IN(CREATE) },
	{ 'e', IN(CREATE) },
	{ 'F', IN(CREATE) | IN(DUMP_DMESG) },
	{ 'i', IN_THOSE_THAT_READ & ~IN(WRITE_VMCOREINFO) },
	{ 'L', IN(CREATE) | IN(DUMP_DMESG) },
	{ 'l', IN(CREATE) },
	{ 'p', IN(CREATE) },
	{ 'X', IN(CREATE) },
	{ 'x', IN_THOSE_THAT_READ },
	{ 'z', IN(CREATE) },
	{ OPT_CONFIG, IN(CREATE) },
	{ OPT_CYCLIC_BUFFER, IN(CREATE) | IN(MEM_USAGE) },
	{ OPT_DRY_RUN, IN(CREATE) },
	{ OPT_EXTENSION, IN(CREATE) },
	{ OPT_EXTENSION_IN_PROCESS, IN(CREATE) | IN(CHECK_EXTENSION) },
	{ OPT_EXTENSION_TIMEOUT, IN(CREATE) | IN(CHECK_EXTENSION) },
	{ OPT_JSON, IN(CREATE) },
	{ OPT_NON_MMAP, IN_THOSE_THAT_READ | IN(REASSEMBLE) },
	{ OPT_NUM_THREADS, IN(CREATE) | IN(MEM_USAGE) },
	{ OPT_PARTIAL_DMESG, IN(DUMP_DMESG) },
	{ OPT_REQUIRE_ERASE, IN(CREATE) },
	{ OPT_REQUIRE_EXTENSION, IN(CREATE) },
	{ OPT_SPLIT, IN(CREATE) },
	{ OPT_SPLITBLOCK_SIZE, IN(CREATE) },
	{ OPT_STRICT_LEVEL, IN(CREATE) },
	{ OPT_VTOP, IN(CREATE) },
	{ OPT_WORK_DIR, IN(CREATE) | IN(MEM_USAGE) },
};

/* Options that exclude each other. */
static const struct {
	int a, b;
	const char *why;
} conflicts[] = {
	{ 'E', 'c', "ELF pages are not compressed" },
	{ 'E', 'l', "ELF pages are not compressed" },
	{ 'E', 'p', "ELF pages are not compressed" },
	{ 'E', 'z', "ELF pages are not compressed" },
	{ 'E', OPT_SPLIT, "only kdump-compressed dumps can be split" },
	{ 'F', OPT_SPLIT, "there is one standard output" },
	{ 'i', 'x', "both say what the kernel is like" },
};

/* State of the command line that is not part of the plan. */
struct command_line {
	struct dump_plan *plan;
	bool seen[OPT_END];
};

/* How an option is spelt. */
static void option_name(int opt, char buf[32])
{
	const struct option *o = long_options;

	if (opt < 256) {
		snprintf(buf, 32, "-%c", opt);
		return;
	}
	while (o->val != opt)
		o++;
	snprintf(buf, 32, "--%s", o->name);
}

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

/* Bytes, or with a suffix a power of 1024 of them. */
static int parse_size(const char *what, const char *text, uint64_t *bytes)
{
	static const char suffixes[] = "KMGTPE";
	const char *suffix;
	uint64_t n;
	char *end;
	int err = parse_digits(what, text, 0, &n, &end);

	if (err)
		return err;
	suffix = *end ? strchr(suffixes, toupper((unsigned char)*end)) : NULL;
	if (suffix) {
		end++;
		if (!checked_mul(n, UINT64_C(1) << (10 * (suffix - suffixes + 1)), &n))
			return err_set(-EINVAL, "%s %s is too much", what, text);
	}
	if (*end || !n)
		return err_set(
			-EINVAL,
			"%s %s is invalid: it is a number of bytes, or one with K, M, G, T, P or E",
			what, text);
	*bytes = n;
	return 0;
}

static int parse_levels(struct dump_plan *plan, const char *text)
{
	char item[16];

	plan->nr_levels = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		int err;

		if (plan->nr_levels == LEVELS_MAX)
			return err_set(-EINVAL, "more than %d dump levels", LEVELS_MAX);
		snprintf(item, sizeof(item), "%.*s", (int)min_u64(len, sizeof(item)), text);
		err = parse_number("dump level", item, 0, DL_MAX, &plan->levels[plan->nr_levels]);
		if (err)
			return err;
		plan->nr_levels++;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int parse_address(struct dump_plan *plan, const char *text)
{
	char *end;

	plan->vtop = true;
	if (parse_digits("address", text, 16, &plan->vtop_address, &end) || *end)
		return err_set(-EINVAL, "address %s is invalid: it is hexadecimal", text);
	return 0;
}

static int set_mode(struct dump_plan *plan, enum plan_mode mode)
{
	if (plan->mode == MODE_HELP || plan->mode == MODE_VERSION)
		return 0;
	if (plan->mode != MODE_CREATE && plan->mode != mode)
		return err_set(-EINVAL, "%s and %s exclude each other", mode_names[plan->mode],
			       mode_names[mode]);
	plan->mode = mode;
	return 0;
}

static int add_extension(struct dump_plan *plan, const char *text, bool required)
{
	if (plan->nr_extensions == EXTENSIONS_MAX)
		return err_set(-EINVAL, "more than %d extensions", EXTENSIONS_MAX);
	if (!text[0] || text[0] == ',')
		return err_set(-EINVAL, "\"%s\" is not the name of an extension", text);
	plan->extensions[plan->nr_extensions++] = (struct extension_spec){ text, required };
	return 0;
}

static int parse_option(struct dump_plan *plan, int opt)
{
	unsigned int ignored;

	switch (opt) {
	case 'b':
		return parse_number("buffer order", optarg, 0, 31, &ignored);
	case 'c':
		plan->codec = CODEC_ZLIB;
		return 0;
	case 'D':
		plan->extra_messages |= LOG_DEBUG;
		return 0;
	case 'd':
		return parse_levels(plan, optarg);
	case 'E':
		plan->elf = true;
		return 0;
	case 'e':
		plan->exclude_unused_vm = true;
		return 0;
	case 'F':
		plan->flattened = true;
		return 0;
	case 'f':
		plan->force = true;
		return 0;
	case 'g':
		plan->dumpfile = optarg;
		return set_mode(plan, MODE_WRITE_VMCOREINFO);
	case 'h':
		plan->mode = MODE_HELP;
		return 0;
	case 'i':
		plan->vmcoreinfo = optarg;
		return 0;
	case 'L':
		return parse_size("size limit", optarg, &plan->size_limit);
	case 'l':
		plan->codec = CODEC_LZO;
		return 0;
	case 'p':
		plan->codec = CODEC_SNAPPY;
		return 0;
	case 'R':
		return set_mode(plan, MODE_REARRANGE);
	case 'v':
		plan->mode = MODE_VERSION;
		return 0;
	case 'X':
		return 0;
	case OPT_XEN:
		return err_set(-ENOTSUP, "dumps of Xen are not supported");
	case 'x':
		plan->vmlinux = optarg;
		return 0;
	case 'z':
		plan->codec = CODEC_ZSTD;
		return 0;
	case OPT_CHECK_EXTENSION:
		plan->pattern = optarg;
		return set_mode(plan, MODE_CHECK_EXTENSION);
	case OPT_CHECK_PARAMS:
		plan->check_params = true;
		return 0;
	case OPT_CONFIG:
		plan->config = optarg;
		return 0;
	case OPT_CYCLIC_BUFFER:
		return parse_kilobytes("buffer size", optarg, &plan->cyclic_buffer_bytes);
	case OPT_DISKSET:
		return err_set(-ENOTSUP, "dumps of sadump are not supported");
	case OPT_DRY_RUN:
		plan->dry_run = true;
		return 0;
	case OPT_DUMP_DMESG:
		return set_mode(plan, MODE_DUMP_DMESG);
	case OPT_EPPIC:
		return err_set(
			-ENOTSUP,
			"--eppic is not supported: extensions replaced it, see makedumpfile-extension(7)");
	case OPT_EXTENSION:
		return add_extension(plan, optarg, false);
	case OPT_EXTENSION_IN_PROCESS:
		plan->extension_options.in_process = true;
		return 0;
	case OPT_EXTENSION_TIMEOUT:
		return parse_number("time limit", optarg, 1, EXTENSION_TIMEOUT_MAX,
				    &plan->extension_options.timeout);
	case OPT_JSON:
		plan->json = optarg;
		return 0;
	case OPT_LIST_KSYMS:
		return set_mode(plan, MODE_LIST_KSYMS);
	case OPT_LIST_KTYPES:
		plan->pattern = optarg;
		return set_mode(plan, MODE_LIST_KTYPES);
	case OPT_MEM_USAGE:
		return set_mode(plan, MODE_MEM_USAGE);
	case OPT_MESSAGE_LEVEL:
		return parse_number("message level", optarg, 0, LOG_LEVEL_MAX,
				    &plan->message_level);
	case OPT_NON_MMAP:
		plan->no_mmap = true;
		return 0;
	case OPT_NUM_THREADS:
		return parse_number("number of threads", optarg, 0, THREADS_MAX, &plan->nr_threads);
	case OPT_PARTIAL_DMESG:
		plan->partial_dmesg = true;
		return 0;
	case OPT_REASSEMBLE:
		return set_mode(plan, MODE_REASSEMBLE);
	case OPT_REQUIRE_ERASE:
		plan->require_erase = true;
		return 0;
	case OPT_REQUIRE_EXTENSION:
		return add_extension(plan, optarg, true);
	case OPT_SHOW_STATS:
		plan->extra_messages |= LOG_REPORT;
		return 0;
	case OPT_SPLIT:
		plan->split = true;
		return 0;
	case OPT_SPLITBLOCK_SIZE:
		return parse_kilobytes("block size", optarg, &plan->splitblock_bytes);
	case OPT_STRICT_LEVEL:
		plan->strict_level = true;
		return 0;
	case OPT_VTOP:
		return parse_address(plan, optarg);
	case OPT_WORK_DIR:
		plan->work_dir = optarg;
		return 0;
	}
	return -EINVAL;
}

static int unknown_option(int opt, char *argv[])
{
	const char *why = opt == ':' ? "needs an argument" : "is not an option";

	if (optopt > 0 && optopt < 256)
		return err_set(-EINVAL, "-%c %s; see makedumpfile -h", optopt, why);
	return err_set(-EINVAL, "%s %s; see makedumpfile -h", argv[optind - 1], why);
}

static int missing(const char *name)
{
	return err_set(-EINVAL, "%s is missing; see makedumpfile -h", name);
}

static int too_many(const char *name, const char *why)
{
	return err_set(-EINVAL, "%s is one argument too many%s", name, why);
}

static void set_dumpfiles(struct dump_plan *plan, int nr, char *names[])
{
	plan->dumpfiles = names;
	plan->nr_dumpfiles = nr;
	plan->dumpfile = nr ? names[0] : NULL;
}

/* VMCORE and DUMPFILEs, from what is not an option. */
static int take_names(struct dump_plan *plan, int nr, char *names[])
{
	bool optional = plan->dry_run || (plan->vtop && plan->mode == MODE_CREATE);
	int most = plan->flattened ? 1 : plan->split ? nr : 2;

	if (nr == 0)
		return missing("VMCORE");
	if (plan->split && nr < 3)
		return err_set(-EINVAL, "--split needs the names of two DUMPFILEs or more");
	if (nr < (plan->flattened ? 1 : 2) && !optional)
		return err_set(-EINVAL,
			       "%s is missing: name a file, or use -F to write to "
			       "standard output",
			       plan->mode == MODE_DUMP_DMESG ? "LOGFILE" : "DUMPFILE");
	if (nr > most)
		return too_many(names[most],
				plan->flattened ? ": -F writes to standard output" : "");
	plan->vmcore = names[0];
	set_dumpfiles(plan, nr - 1, names + 1);
	return 0;
}

/* DUMPFILE of -R, whose input is standard input. */
static int take_output(struct dump_plan *plan, int nr, char *names[])
{
	if (nr == 0)
		return missing("DUMPFILE");
	if (nr > 1)
		return too_many(names[1], ": -R reads standard input");
	set_dumpfiles(plan, 1, names);
	return 0;
}

static int take_parts(struct dump_plan *plan, int nr, char *names[])
{
	if (nr < 2)
		return err_set(-EINVAL, "--reassemble needs the names of the parts, and DUMPFILE");
	plan->parts = names;
	plan->nr_parts = nr - 1;
	set_dumpfiles(plan, 1, names + nr - 1);
	return 0;
}

/* VMCORE where nothing is written. */
static int take_vmcore(struct dump_plan *plan, int nr, char *names[])
{
	int wanted = 1;

	if (plan->mode == MODE_LIST_KSYMS && nr > 1) {
		plan->pattern = names[0];
		wanted = 2;
	}
	if (nr == 0 && (plan->mode == MODE_CHECK_EXTENSION ||
			(plan->mode == MODE_WRITE_VMCOREINFO && plan->vmlinux)))
		return 0;
	if (nr < wanted)
		return missing("VMCORE");
	if (nr > wanted)
		return too_many(names[wanted], "");
	plan->vmcore = names[wanted - 1];
	return 0;
}

static int take_arguments(struct dump_plan *plan, int nr, char *names[])
{
	switch (plan->mode) {
	case MODE_CREATE:
	case MODE_DUMP_DMESG:
		return take_names(plan, nr, names);
	case MODE_REARRANGE:
		return take_output(plan, nr, names);
	case MODE_REASSEMBLE:
		return take_parts(plan, nr, names);
	default:
		return take_vmcore(plan, nr, names);
	}
}

/* Options that cannot be used here, or not together. */
static int check_options(const struct command_line *cl)
{
	const struct dump_plan *plan = cl->plan;
	char a[32], b[32];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!cl->seen[places[i].opt] || places[i].modes & 1u << plan->mode)
			continue;
		option_name(places[i].opt, a);
		if (plan->mode == MODE_CREATE)
			return err_set(-EINVAL, "%s cannot be used when creating a dump", a);
		return err_set(-EINVAL, "%s cannot be used with %s", a, mode_names[plan->mode]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(conflicts); i++) {
		if (!cl->seen[conflicts[i].a] || !cl->seen[conflicts[i].b])
			continue;
		option_name(conflicts[i].a, a);
		option_name(conflicts[i].b, b);
		return err_set(-EINVAL, "%s and %s exclude each other: %s", a, b, conflicts[i].why);
	}
	return 0;
}

/* Many take it for standard output, where only -F can write a dump. */
static int refuse_dash(const char *name)
{
	if (strcmp(name, "-"))
		return 0;
	return err_set(-EINVAL, "'-' is not a file: use -F to write to standard output, or ./- for "
				"a file of that name");
}

static int check_outputs(const struct dump_plan *plan)
{
	int err = plan->dumpfile ? refuse_dash(plan->dumpfile) : 0;

	for (size_t i = 1; !err && i < plan->nr_dumpfiles; i++)
		err = refuse_dash(plan->dumpfiles[i]);
	return err;
}

static int check(const struct command_line *cl, int nr, char *names[])
{
	struct dump_plan *plan = cl->plan;
	int err;

	if (plan->mode == MODE_VERSION)
		return 0;
	if (plan->mode == MODE_HELP) {
		plan->pattern = nr == 1 ? names[0] : NULL;
		return 0;
	}
	err = check_options(cl);
	if (err)
		return err;
	if (plan->require_erase && !plan->config)
		return err_set(-EINVAL, "--require-erase needs --config FILE");
	if (plan->json && !strcmp(plan->json, "-") && plan->flattened)
		return err_set(-EINVAL,
			       "--json - and -F exclude each other: there is one standard output");
	if (plan->nr_levels > 1 && plan->flattened)
		return err_set(
			-EINVAL,
			"more than one dump level cannot be used with -F: what was written cannot be taken back");
	if (plan->vmlinux && !debuginfo_supported())
		return err_set(-EINVAL, "built without libdw: -x is not supported");
	if (plan->mode == MODE_LIST_KTYPES && !btf_info_supported())
		return err_set(-EINVAL, "built without libbpf: --list-ktypes is not supported");
	if (!plan->split)
		plan->splitblock_bytes = 0;
	err = take_arguments(plan, nr, names);
	return err ? err : check_outputs(plan);
}

int options_parse(struct dump_plan *plan, int argc, char *argv[])
{
	struct command_line cl = { .plan = plan };
	int opt, err;

	*plan = (struct dump_plan){
		.codec = CODEC_NONE,
		.nr_levels = 1,
		.message_level = LOG_LEVEL_DEFAULT,
		.extension_options = { .timeout = EXTENSION_TIMEOUT },
	};
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (opt == '?' || opt == ':')
			return unknown_option(opt, argv);
		cl.seen[opt] = true;
		err = parse_option(plan, opt);
		if (err)
			return err;
	}
	plan->message_level |= plan->extra_messages;
	return check(&cl, argc - optind, argv + optind);
}
