// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#include "btf_info.h"
#include "filter/page_layout.h"
#include "kernel/dwarf.h"
#include "lib/resources.h"
#include "lib/err.h"
#include "lib/log.h"

const char usage_text[] =
	"Usage: makedumpfile [OPTIONS] VMCORE DUMPFILE\n"
	"       makedumpfile -F [OPTIONS] VMCORE > FLATTENED\n"
	"       makedumpfile -g FILE [OPTIONS] VMCORE\n"
	"       makedumpfile --list-ksyms [PATTERN] VMCORE\n"
	"       makedumpfile --list-ktypes NAME[.MEMBER] VMCORE\n"
	"\n"
	"Save a crashed Linux kernel's memory (usually /proc/vmcore) as DUMPFILE, without the\n"
	"pages nobody needs.\n"
	"\n"
	"What to leave out:\n"
	"  -d LEVEL            add up: 1 pages of zeros, 2 page cache, 4 page cache with private\n"
	"                      data (includes 2), 8 user memory, 16 free pages (default 0; 31: all)\n"
	"      --extension NAME[,KEY=VALUE]...  ask an extension about pages, and what to overwrite;\n"
	"                      NAME is in EXTENSIONDIR, PATH/NAME.so anywhere; can be repeated\n"
	"      --require-extension NAME[,...]  the same, and no dump if it cannot do its work\n"
	"How to write:\n"
	"  -c, -l, -p, -z      compress each page with zlib, lzo, snappy, zstd (default: none)\n"
	"  -F                  write the flattened format to standard output, for pipes\n"
	"  -f                  overwrite DUMPFILE if it exists\n"
	"      --dry-run       do everything but write; DUMPFILE may be left out\n"
	"      --num-threads N work with N threads (default: all CPUs we may use)\n"
	"      --extension-timeout N  stop an extension that does nothing for N seconds (60)\n"
	"      --extension-in-process  run extensions unprotected, to debug them\n"
	"How to read:\n"
	"  -i FILE             take VMCOREINFO text from FILE before the dump's own\n"
	"  -x VMLINUX          take what VMCOREINFO lacks from a kernel with debug information\n"
	"      --non-mmap      do not map VMCORE into memory\n"
	"What else to do with a VMCORE, a dump of ours, or /proc/kcore:\n"
	"  -g FILE             write what is known of the kernel as VMCOREINFO text, for -i; with\n"
	"                      -x VMLINUX alone, what that knows\n"
	"      --list-ksyms    print the symbols that match a shell pattern, or the one at 0xADDRESS\n"
	"      --check-extension NAME  print what an extension needs, and whether it is there;\n"
	"                      without VMCORE in the running kernel\n"
	"      --list-ktypes   print structs, with offsets and sizes; NAME can be a pattern\n"
	"What to say:\n"
	"      --message-level N  add up: 1 progress, 2 common, 4 errors, 8 debugging, 16 report\n"
	"                      (default 7)\n"
	"      --show-stats    add the report\n"
	"  -D                  add debugging messages\n"
	"      --check-params  check the command line and do nothing\n"
	"  -h, --help          this text\n"
	"  -v                  version and compressions\n"
	"\n"
	"Exit status: 0 done, 1 failed or incomplete, 2 the -i FILE or VMLINUX is of another kernel.\n";

enum long_option {
	OPT_CHECK_EXTENSION = 256,
	OPT_CHECK_PARAMS,
	OPT_DRY_RUN,
	OPT_EXTENSION,
	OPT_EXTENSION_IN_PROCESS,
	OPT_EXTENSION_TIMEOUT,
	OPT_LIST_KSYMS,
	OPT_LIST_KTYPES,
	OPT_MESSAGE_LEVEL,
	OPT_NON_MMAP,
	OPT_NUM_THREADS,
	OPT_REQUIRE_EXTENSION,
	OPT_SHOW_STATS,
};

static const struct option long_options[] = {
	{ "check-extension", required_argument, NULL, OPT_CHECK_EXTENSION },
	{ "check-params", no_argument, NULL, OPT_CHECK_PARAMS },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "extension", required_argument, NULL, OPT_EXTENSION },
	{ "extension-in-process", no_argument, NULL, OPT_EXTENSION_IN_PROCESS },
	{ "extension-timeout", required_argument, NULL, OPT_EXTENSION_TIMEOUT },
	{ "help", no_argument, NULL, 'h' },
	{ "list-ksyms", no_argument, NULL, OPT_LIST_KSYMS },
	{ "list-ktypes", required_argument, NULL, OPT_LIST_KTYPES },
	{ "message-level", required_argument, NULL, OPT_MESSAGE_LEVEL },
	{ "non-mmap", no_argument, NULL, OPT_NON_MMAP },
	{ "num-threads", required_argument, NULL, OPT_NUM_THREADS },
	{ "require-extension", required_argument, NULL, OPT_REQUIRE_EXTENSION },
	{ "show-stats", no_argument, NULL, OPT_SHOW_STATS },
	{ 0 },
};

static int parse_number(const char *what, const char *text, unsigned long min, unsigned long max,
			unsigned int *ret)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || n < min || n > max)
		return err_set(-EINVAL, "%s %s is invalid: it can be %lu to %lu", what, text, min,
			       max);
	*ret = n;
	return 0;
}

static int set_mode(struct dump_plan *plan, enum plan_mode mode)
{
	if (plan->mode == MODE_HELP || plan->mode == MODE_VERSION)
		return 0;
	if (plan->mode != MODE_CREATE && plan->mode != mode)
		return err_set(-EINVAL, "-g, --list-ksyms, --list-ktypes and --check-extension exclude each other");
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
	switch (opt) {
	case 'c':
		plan->codec = CODEC_ZLIB;
		return 0;
	case 'l':
		plan->codec = CODEC_LZO;
		return 0;
	case 'p':
		plan->codec = CODEC_SNAPPY;
		return 0;
	case 'z':
		plan->codec = CODEC_ZSTD;
		return 0;
	case 'd':
		return parse_number("dump level", optarg, 0, DL_MAX, &plan->level);
	case 'D':
		plan->more_messages |= LOG_DEBUG;
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
	case 'v':
		plan->mode = MODE_VERSION;
		return 0;
	case 'x':
		plan->vmlinux = optarg;
		return 0;
	case OPT_CHECK_EXTENSION:
		plan->pattern = optarg;
		return set_mode(plan, MODE_CHECK_EXTENSION);
	case OPT_CHECK_PARAMS:
		plan->check_params = true;
		return 0;
	case OPT_DRY_RUN:
		plan->dry_run = true;
		return 0;
	case OPT_EXTENSION:
		return add_extension(plan, optarg, false);
	case OPT_EXTENSION_IN_PROCESS:
		plan->extension_options.in_process = true;
		return 0;
	case OPT_EXTENSION_TIMEOUT:
		return parse_number("time limit", optarg, 1, EXTENSION_TIMEOUT_MAX,
				    &plan->extension_options.timeout);
	case OPT_LIST_KSYMS:
		return set_mode(plan, MODE_LIST_KSYMS);
	case OPT_LIST_KTYPES:
		plan->pattern = optarg;
		return set_mode(plan, MODE_LIST_KTYPES);
	case OPT_MESSAGE_LEVEL:
		return parse_number("message level", optarg, 0, LOG_LEVEL_MAX,
				    &plan->message_level);
	case OPT_NON_MMAP:
		plan->no_mmap = true;
		return 0;
	case OPT_NUM_THREADS:
		return parse_number("number of threads", optarg, 1, THREADS_MAX, &plan->nr_threads);
	case OPT_REQUIRE_EXTENSION:
		return add_extension(plan, optarg, true);
	case OPT_SHOW_STATS:
		plan->more_messages |= LOG_REPORT;
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

/* Take VMCORE and DUMPFILE from what is not an option. */
static int take_names(struct dump_plan *plan, int nr, char *names[])
{
	int wanted = plan->flattened ? 1 : 2;

	if (nr == 0)
		return err_set(-EINVAL, "VMCORE is missing; see makedumpfile -h");
	if (nr < wanted && !plan->dry_run)
		return err_set(-EINVAL, "DUMPFILE is missing; see makedumpfile -h");
	if (nr > wanted)
		return err_set(-EINVAL, "%s is one argument too many%s", names[wanted],
			       plan->flattened ? ": -F writes to standard output" : "");
	plan->vmcore = names[0];
	plan->dumpfile = nr > 1 ? names[1] : NULL;
	return 0;
}

/* The same where nothing is dumped. */
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
		return err_set(-EINVAL, "VMCORE is missing; see makedumpfile -h");
	if (nr > wanted)
		return err_set(-EINVAL, "%s is one argument too many", names[wanted]);
	plan->vmcore = names[wanted - 1];
	return 0;
}

static int check_arguments(struct dump_plan *plan, int nr, char *names[])
{
	if (plan->mode == MODE_HELP || plan->mode == MODE_VERSION)
		return 0;
	if (plan->flattened && plan->mode != MODE_CREATE)
		return err_set(-EINVAL, "-F makes no sense where no dump is made");
	if (plan->flattened && plan->force)
		return err_set(-EINVAL, "-f makes no sense with -F: no file is created");
	if (plan->vmcoreinfo && plan->vmlinux)
		return err_set(-EINVAL, "-i and -x exclude each other");
	if (plan->vmcoreinfo && plan->mode == MODE_WRITE_VMCOREINFO)
		return err_set(-EINVAL, "-i makes no sense with -g");
	if (plan->nr_extensions && plan->mode != MODE_CREATE)
		return err_set(-EINVAL, "--extension makes no sense where no dump is made");
	if (plan->vmlinux && !debuginfo_supported())
		return err_set(-EINVAL, "built without libdw: -x is not supported");
	if (plan->mode == MODE_LIST_KTYPES && !btf_info_supported())
		return err_set(-EINVAL, "built without libbpf: --list-ktypes is not supported");
	return plan->mode == MODE_CREATE ? take_names(plan, nr, names) :
	       take_vmcore(plan, nr, names);
}

int options_parse(struct dump_plan *plan, int argc, char *argv[])
{
	int opt, err;

	*plan = (struct dump_plan){
		.codec = CODEC_NONE,
		.message_level = LOG_LEVEL_DEFAULT,
		.extension_options = { .timeout = EXTENSION_TIMEOUT },
	};
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":cDd:Ffg:hi:lpvx:z", long_options, NULL)) != -1) {
		if (opt == '?' || opt == ':')
			return unknown_option(opt, argv);
		err = parse_option(plan, opt);
		if (err)
			return err;
	}
	plan->message_level |= plan->more_messages;
	return check_arguments(plan, argc - optind, argv + optind);
}
