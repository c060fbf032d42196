// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cli/option_table.h"
#include "debuginfo/dwarf_provider.h"
#include "filter/page_layout.h"
#include "lib/err.h"
#include "lib/log_control.h"
#include "types/btf_info.h"

/* Options that exclude each other. */
static const struct {
	const char *a, *b;
	const char *why;
} conflicts[] = {
	{ "-E", "-c", "ELF pages are not compressed" },
	{ "-E", "-l", "ELF pages are not compressed" },
	{ "-E", "-p", "ELF pages are not compressed" },
	{ "-E", "-z", "ELF pages are not compressed" },
	{ "-E", "--compression", "ELF pages are not compressed" },
	{ "-E", "--split", "only kdump-compressed dumps can be split" },
	{ "-E", "--fill", "pages of ELF files are in the order of their addresses" },
	{ "--essential", "-d", "essential pages are those of every level" },
	{ "--essential", "--fill", "--fill is about pages that -d excludes" },
	{ "-F", "--fill", "a stream names its pages before it has them" },
	{ "-F", "--split", "there is one standard output" },
	{ "-g", "--xen-syms", "-g describes Linux; use --xen-syms with -X when making the dump" },
	{ "-i", "-x", "both say what the kernel is like" },
};

/* State of the command line that is not part of the plan. */
struct command_line {
	struct plan *plan;
	bool seen[OPTIONS_MAX]; /* by row of option_table */
};

static int choose_mode(struct plan *plan, enum plan_mode mode)
{
	char a[32], b[32];

	if (mode >= MODE_HELP) {
		plan->mode = mode;
		return 0;
	}
	if (!mode || plan->mode >= MODE_HELP)
		return 0;
	if (plan->mode != MODE_CREATE && plan->mode != mode) {
		option_name(option_of_mode(plan->mode), a);
		option_name(option_of_mode(mode), b);
		return err_set(-EINVAL, "%s and %s exclude each other", a, b);
	}
	plan->mode = mode;
	return 0;
}

static int apply_option(struct plan *plan, const struct option_row *row, const char *arg)
{
	if (row->flag)
		*(bool *)((char *)plan + row->flag) = true;
	if (row->text)
		*(const char **)((char *)plan + row->text) = arg;
	return row->parse ? row->parse(plan, arg) : 0;
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

static void set_dumpfiles(struct plan *plan, int nr, char *names[])
{
	plan->output.files = names;
	plan->output.nr_files = nr;
	plan->output.file = nr ? names[0] : NULL;
}

/* VMCORE and DUMPFILEs, from what is not an option. */
static int take_names(struct plan *plan, int nr, char *names[])
{
	bool optional = plan->output.dry_run || plan->mode == MODE_TRIAGE ||
			(plan->vtop.wanted && plan->mode == MODE_CREATE);
	int given = plan->input.vmcore != NULL; /* by --raw or --diskset */
	int most;

	nr += given;
	most = plan->output.flattened ? 1 : plan->create.split ? nr : 2;
	if (nr == 0)
		return missing("VMCORE");
	if (plan->create.split && nr < 3)
		return err_set(-EINVAL, "--split needs the names of two DUMPFILEs or more");
	if (nr < (plan->output.flattened ? 1 : 2) && !optional)
		return err_set(-EINVAL,
			       "%s is missing: name a file, or use -F to write to "
			       "standard output",
			       plan->mode == MODE_DUMP_DMESG ? "LOGFILE" : "DUMPFILE");
	if (nr > most)
		return too_many(names[most - given],
				plan->output.flattened ? ": -F writes to standard output" : "");
	if (!given)
		plan->input.vmcore = names[0];
	set_dumpfiles(plan, nr - 1, names + 1 - given);
	return 0;
}

/* DUMPFILE of -R, whose input is standard input. */
static int take_output(struct plan *plan, int nr, char *names[])
{
	if (nr == 0)
		return missing("DUMPFILE");
	if (nr > 1)
		return too_many(names[1], ": -R reads standard input");
	set_dumpfiles(plan, 1, names);
	return 0;
}

static int take_parts(struct plan *plan, int nr, char *names[])
{
	if (nr < 2)
		return err_set(-EINVAL, "--reassemble needs the names of the parts, and DUMPFILE");
	plan->reassemble.parts = names;
	plan->reassemble.nr_parts = nr - 1;
	set_dumpfiles(plan, 1, names + nr - 1);
	return 0;
}

/* VMCORE where nothing is written. */
static int take_vmcore(struct plan *plan, int nr, char *names[])
{
	int wanted = !plan->input.vmcore;

	if (plan->mode == MODE_LIST_KSYMS && nr > wanted) {
		plan->list.pattern = names[0];
		wanted++;
	}
	if (nr == 0 && (plan->mode == MODE_CHECK_EXTENSION ||
			(plan->mode == MODE_WRITE_VMCOREINFO && plan->input.vmlinux)))
		return 0;
	if (nr < wanted)
		return missing("VMCORE");
	if (nr > wanted)
		return too_many(names[wanted], "");
	if (!plan->input.vmcore)
		plan->input.vmcore = names[wanted - 1];
	return 0;
}

/* VMCORE is the first disk of --diskset, or the first FILE of --raw if all memory is in such. */
static void take_input_files(struct plan_input *input)
{
	if (input->nr_diskset)
		input->vmcore = input->diskset[0];
	for (size_t i = 0; i < input->nr_raw; i++)
		if (!input->raw[i].path)
			return;
	if (input->nr_raw)
		input->vmcore = input->raw[0].path;
}

static int take_arguments(struct plan *plan, int nr, char *names[])
{
	switch (plan->mode) {
	case MODE_CREATE:
	case MODE_DUMP_DMESG:
	case MODE_TRIAGE:
		return take_names(plan, nr, names);
	case MODE_REARRANGE:
		return take_output(plan, nr, names);
	case MODE_LIST_EXTENSIONS:
		return nr ? too_many(names[0], "") : 0;
	case MODE_REASSEMBLE:
		return take_parts(plan, nr, names);
	default:
		return take_vmcore(plan, nr, names);
	}
}

static bool is_seen(const struct command_line *cl, const char *name)
{
	return cl->seen[option_find(name) - option_table];
}

/* Options that cannot be used here, or not together. */
static int check_options(const struct command_line *cl)
{
	enum plan_mode mode = cl->plan->mode;
	char name[32], chosen[32];

	for (size_t i = 0; i < ARRAY_SIZE(conflicts); i++)
		if (is_seen(cl, conflicts[i].a) && is_seen(cl, conflicts[i].b))
			return err_set(-EINVAL, "%s and %s exclude each other: %s", conflicts[i].a,
				       conflicts[i].b, conflicts[i].why);
	for (size_t i = 0; i < option_table_size; i++) {
		const struct option_row *row = &option_table[i];

		if (!cl->seen[i] || !row->modes || row->modes & 1u << mode)
			continue;
		option_name(row, name);
		if (mode == MODE_CREATE)
			return err_set(-EINVAL, "%s cannot be used when creating a dump", name);
		option_name(option_of_mode(mode), chosen);
		return err_set(-EINVAL, "%s cannot be used with %s", name, chosen);
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

static int check_outputs(const struct plan *plan)
{
	int err = plan->output.file ? refuse_dash(plan->output.file) : 0;

	if (!err && plan->triage.file)
		err = refuse_dash(plan->triage.file);

	for (size_t i = 1; !err && i < plan->output.nr_files; i++)
		err = refuse_dash(plan->output.files[i]);
	/* The table goes to standard output. */
	if (!err && plan->mem_usage.svg && !strcmp(plan->mem_usage.svg, "-"))
		err = err_set(-EINVAL, "'-' is not a file: name a file with --svg");
	return err;
}

/* A level with all that it implies. */
static unsigned int whole_level(unsigned int level)
{
	return level & DL_CACHE_PRIVATE ? level | DL_CACHE : level;
}

/* Find the bits of the level that are to be filled. Pages of zeros are as -d says. */
static int check_fill(struct plan_create *create)
{
	unsigned int fill = whole_level(create->fill_level) & ~DL_ZERO;

	if (create->nr_levels > 1)
		return err_set(-EINVAL, "--fill needs one level of -d");
	create->levels[0] = whole_level(create->levels[0]);
	if (fill & ~create->levels[0])
		return err_set(-EINVAL, "--fill %u excludes pages that -d %u keeps",
			       create->fill_level, create->levels[0]);
	create->fill = create->levels[0] & ~fill & ~DL_ZERO;
	if (!create->fill)
		return err_set(-EINVAL, "--fill %u keeps no page that -d %u excludes",
			       create->fill_level, create->levels[0]);
	return 0;
}

static int check(const struct command_line *cl, int nr, char *names[])
{
	struct plan *plan = cl->plan;
	int err;

	if (plan->mode == MODE_VERSION)
		return 0;
	if (plan->mode == MODE_HELP) {
		plan->help.topic = nr == 1 ? names[0] : NULL;
		return 0;
	}
	err = check_options(cl);
	if (err)
		return err;
	if (plan->create.choose_codec && plan->output.dry_run)
		return err_set(-EINVAL, "--compression auto and --dry-run exclude each other: the "
					"speed of DUMPFILE decides");
	if (plan->create.codec_level && !plan->create.codec)
		return err_set(-EINVAL, "--compression-level needs -c or -z");
	err = codec_check_level(plan->create.codec, plan->create.codec_level);
	if (err)
		return err;
	if (plan->create.require_erase && !plan->create.config)
		return err_set(-EINVAL, "--require-erase needs --config FILE");
	if (plan->messages.json && !strcmp(plan->messages.json, "-") && plan->output.flattened)
		return err_set(-EINVAL,
			       "--json - and -F exclude each other: there is one standard output");
	if (plan->create.nr_levels > 1 && plan->output.flattened)
		return err_set(
			-EINVAL,
			"more than one dump level cannot be used with -F: what was written cannot be taken back");
	err = plan->create.has_fill ? check_fill(&plan->create) : 0;
	if (err)
		return err;
	if (plan->triage.all_tasks && plan->mode == MODE_CREATE && !plan->triage.file)
		return err_set(-EINVAL, "--all-tasks needs --triage or --triage-file FILE");
	if (plan->input.vmlinux && !debuginfo_supported())
		return err_set(-EINVAL, "%s: -x is not supported",
			       debuginfo_library_version() ? "libdw cannot be loaded" :
							     "built without libdw");
	if (plan->mode == MODE_LIST_KTYPES && !btf_info_supported())
		return err_set(-EINVAL, "built without libbpf: --list-ktypes is not supported");
	if (plan->create.essential)
		plan->create.levels[0] = DL_MAX;
	if (!plan->create.split)
		plan->create.splitblock_bytes = 0;
	if (plan->input.nr_raw && plan->input.nr_diskset)
		return err_set(-EINVAL, "--raw cannot be used with --diskset");
	take_input_files(&plan->input);
	err = take_arguments(plan, nr, names);
	return err ? err : check_outputs(plan);
}

/* The table as getopt_long() wants it. */
struct getopt_tables {
	char letters[2 * OPTIONS_MAX + 2];
	struct option names[OPTIONS_MAX + 1];
};

/* Values of long options: FIRST_LONG + row. */
#define FIRST_LONG 256

static void init_getopt_tables(struct getopt_tables *t)
{
	char *letters = t->letters;
	struct option *names = t->names;

	*letters++ = ':';
	for (size_t i = 0; i < option_table_size; i++) {
		const struct option_row *row = &option_table[i];
		int has_arg = option_has_arg(row) ? required_argument : no_argument;

		if (row->letter)
			*letters++ = row->letter;
		if (row->letter && has_arg)
			*letters++ = ':';
		if (row->name)
			*names++ = (struct option){ row->name, has_arg, NULL, FIRST_LONG + i };
	}
	*letters = '\0';
	*names = (struct option){ 0 };
}

/* @p opt: what getopt_long() returned for a valid option. */
static size_t row_of(int opt)
{
	size_t i = 0;

	if (opt >= FIRST_LONG)
		return opt - FIRST_LONG;
	while (option_table[i].letter != opt)
		i++;
	return i;
}

int options_parse(struct plan *plan, int argc, char *argv[])
{
	struct command_line cl = { .plan = plan };
	struct getopt_tables tables;
	int opt, err;

	*plan = (struct plan){
		.create = { .codec = CODEC_NONE, .nr_levels = 1 },
		.messages = { .level = LOG_LEVEL_DEFAULT },
		.extension_options = { .timeout = EXTENSION_TIMEOUT },
	};
	init_getopt_tables(&tables);
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		size_t row;

		if (opt == '?' || opt == ':')
			return unknown_option(opt, argv);
		row = row_of(opt);
		cl.seen[row] = true;
		err = choose_mode(plan, option_table[row].chooses);
		if (!err)
			err = apply_option(plan, &option_table[row], optarg);
		if (err)
			return err;
	}
	plan->messages.level |= plan->messages.extra;
	return check(&cl, argc - optind, argv + optind);
}
