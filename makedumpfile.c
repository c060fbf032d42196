// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * makedumpfile: options -> plan -> run -> exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/create.h"
#include "cli/dump_dmesg.h"
#include "cli/list_symbols.h"
#include "cli/mem_usage.h"
#include "cli/memory_map.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/report_json.h"
#include "cli/same_file.h"
#include "cli/triage.h"
#include "cli/usage.h"
#include "cli/vtop.h"
#include "debuginfo/debuginfo.h"
#include "erase/config_run.h"
#include "extension/load.h"
#include "extension/run.h"
#include "filter/page_facts.h"
#include "filter/page_layout.h"
#include "kernel/find_vmcoreinfo.h"
#include "kernel/cpu_notes.h"
#include "kernel/kernel.h"
#include "kernel/memmap.h"
#include "kernel/vmcoreinfo_choice.h"
#include "kernel/vmcoreinfo_writer.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log_control.h"
#include "lib/resources.h"
#include "lib/trace.h"
#include "lib/unpack.h"
#include "symbols/kallsyms.h"
#include "types/btf_info.h"
#include "vmcore/spool.h"
#include "vmcore/vmcore.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_OTHER_KERNEL = 2,
};

static const char *state(bool enabled)
{
	return enabled ? "enabled" : "disabled";
}

/* @version NULL: the program was built without it; "": unknown. A date may follow a comma. */
static void show_library(const char *name, const char *version)
{
	if (version)
		printf(" %s%s%.*s", name, *version ? " " : "", (int)strcspn(version, ","), version);
}

/* A format may have two rows one after the other. */
static bool is_first_row(size_t i)
{
	const struct unpack_format *f = unpack_format_at(i);

	return unpack_supported(f) && (!i || unpack_format_at(i - 1)->ops != f->ops);
}

static void show_unpack_formats(void)
{
	const char *separator = "";

	for (size_t i = 0; unpack_format_at(i); i++) {
		if (!is_first_row(i))
			continue;
		printf("%s%s", separator, unpack_format_at(i)->name);
		separator = ", ";
	}
	printf("\n");
}

/* Show the libraries that are not those of a codec, too. */
static void show_unpack_libraries(void)
{
	const struct codec_ops *codec;

	for (size_t i = 0; unpack_format_at(i); i++) {
		const struct unpack_ops *ops = unpack_format_at(i)->ops;
		size_t c = 0;

		while ((codec = codec_library_at(c)) && ops && strcmp(codec->library, ops->library))
			c++;
		if (!codec && is_first_row(i))
			show_library(ops->library, ops->version());
	}
}

static void show_version(void)
{
	const struct codec_ops *ops;

	printf("makedumpfile: version %s\n", VERSION);
	for (enum codec_id id = CODEC_ZLIB; id < NR_CODECS; id++)
		printf("%s\t%s\n", codec_name(id), state(codec_supported(id)));
	printf("types\t%s\n", state(btf_info_supported()));
	printf("vmlinux\t%s\n", state(debuginfo_supported()));
	printf("extensions\t%s\n", state(extension_files_supported()));
	printf("compressed inputs\t");
	show_unpack_formats();
	printf("\nLibraries:");
	for (size_t i = 0; (ops = codec_library_at(i)); i++)
		show_library(ops->library, ops->version ? ops->version() : "");
	show_unpack_libraries();
	show_library("libbpf", btf_info_library_version());
	show_library("libdw", debuginfo_supported() ? debuginfo_library_version() : NULL);
	printf("\nBuilt-in extensions:");
	for (const struct builtin_extension *b = builtin_extensions; b && b->name; b++)
		printf(" %s", b->name);
	printf("%s\n", builtin_extensions && builtin_extensions->name ? "" : " none");
}

/* Print the data for a bug report: version and command line. */
static void debug_command(int argc, char *argv[])
{
	DEBUG_MSG("makedumpfile: version %s\nCommand line:", VERSION);
	for (int i = 0; i < argc; i++)
		DEBUG_MSG(" %s", argv[i]);
	DEBUG_MSG("\n");
}

static void debug_segments(const struct vmcore *vc)
{
	for (size_t i = 0; i < vc->nr_segments; i++) {
		const struct vmcore_segment *s = &vc->segments[i];

		DEBUG_MSG("PT_LOAD %zu: physical %#" PRIx64 ", virtual %#" PRIx64
			  ", offset %#" PRIx64 ", %#" PRIx64 " of %#" PRIx64 " bytes\n",
			  i, s->paddr, s->vaddr, s->offset, s->filesz, s->memsz);
	}
}

static void debug_vmcoreinfo(const struct kernel *k)
{
	const char *line;
	size_t pos = 0, len;

	/* Line by line: SUSE's kdump looks for OSRELEASE and CRASHTIME here. */
	while (vmcoreinfo_next_line(&k->info, &pos, &line, &len))
		DEBUG_MSG("%.*s\n", (int)len, line);
}

/*
 * Print warnings about the input. An error is one line: there a warning may be the
 * reason after it.
 */
static int show_warnings(struct report *rep, int err)
{
	const struct kernel *k = rep->kernel;
	const char *warnings[1 + NR_KERNEL_WARNINGS] = { rep->vc ? rep->vc->warning : "" };
	size_t nr = 1;
	bool told = false;

	for (; k && nr < ARRAY_SIZE(warnings); nr++)
		warnings[nr] = k->warnings[nr - 1];
	for (size_t i = 0; i < nr; i++) {
		if (!warnings[i][0])
			continue;
		report_remember(rep, warnings[i]);
		if (!err)
			report_error(warnings[i]);
		else if (!told && !strstr(err_text(err), warnings[i]))
			told = err_set(err, "%s (%s)", err_text(err), warnings[i]);
	}
	return err;
}

static void debug_facts(const struct kernel *k)
{
	char line[16000];

	if (!log_enabled(MDF_LOG_DEBUG))
		return;
	facts_describe(&k->facts, line, sizeof(line));
	DEBUG_MSG("%s\n", line);
}

static int write_vmcoreinfo(const struct plan *plan, const struct kernel *k)
{
	int err;

	if (k)
		err = vmcoreinfo_write_dump(k, plan->output.file, plan->output.force);
	else
		err = vmcoreinfo_write_vmlinux(plan->input.vmlinux, plan->output.file,
					       plan->output.force);
	if (!err)
		MSG("\nThe vmcoreinfo is saved to %s.\n", plan->output.file);
	return err;
}

static int write_dmesg(const struct plan *plan, const struct kernel *k)
{
	int err = dump_dmesg(k, plan->output.flattened ? NULL : plan->output.file,
			     plan->output.force, plan->dmesg.partial, plan->output.size_limit);

	if (!err)
		MSG("\nThe dmesg log is saved to %s.\n",
		    plan->output.flattened ? "STDOUT" : plan->output.file);
	return err;
}

static int show_mem_usage(const struct plan *plan, const struct kernel *k)
{
	struct mem_usage m;
	int err = mem_usage_count(k, vmcore_is_kcore(k->vc), plan->resources.nr_threads, &m);

	if (!err)
		err = mem_usage_print(k, &m);
	return err || !plan->mem_usage.svg ?
		       err :
		       memory_map_write(k, plan->resources.nr_threads, plan->mem_usage.svg);
}

/* Return whether the report goes to standard output. */
static bool reports(const struct plan *plan)
{
	return plan->messages.json && !strcmp(plan->messages.json, "-");
}

static int show_info(const struct plan *plan, const struct kernel *k, struct report *rep)
{
	int err = dump_info_collect(k, plan->resources.nr_threads, &rep->info);

	if (err)
		return err;
	rep->has_info = true;
	rep->dump.complete = !k->vc->incomplete;
	return reports(plan) ? 0 : dump_info_print(k, &rep->info);
}

static int verify_dump(const struct plan *plan, struct vmcore *vc, struct report *rep)
{
	int err = verify(vc, plan->resources.nr_threads, &rep->verify);

	if (err && err != -EBADMSG)
		return err;
	rep->verified = true;
	rep->dump.complete = !err;
	if (!reports(plan) && verify_print(vc, &rep->verify))
		return -EIO;
	return err;
}

/* An address that is mapped nowhere is no reason not to make a dump. */
static int translate(const struct plan *plan, const struct kernel *k, struct report *rep)
{
	int err = vtop(k, plan->vtop.address);

	if (!plan->output.file && !plan->output.flattened && !plan->output.dry_run)
		return err;
	if (err)
		report_warning(rep, err_text(err));
	return run_create(plan, k, rep);
}

static int do_mode(const struct plan *plan, const struct kernel *k, struct report *rep)
{
	switch (plan->mode) {
	case MODE_DUMP_DMESG:
		return write_dmesg(plan, k);
	case MODE_TRIAGE:
		return triage_run(plan, k);
	case MODE_MEM_USAGE:
		return show_mem_usage(plan, k);
	case MODE_LIST_KSYMS:
		return list_ksyms(k, plan->list.pattern);
	case MODE_LIST_KTYPES:
		return list_ktypes(k, plan->list.pattern);
	case MODE_WRITE_VMCOREINFO:
		return write_vmcoreinfo(plan, k);
	case MODE_CHECK_EXTENSION:
		return extension_check(k, plan->check_extension.name);
	case MODE_INFO:
		return show_info(plan, k, rep);
	default:
		return plan->vtop.wanted ? translate(plan, k, rep) : run_create(plan, k, rep);
	}
}

/* Run the modes that need no input dump. */
static int run_without_vmcore(const struct plan *plan)
{
	switch (plan->mode) {
	case MODE_REARRANGE:
	case MODE_REASSEMBLE:
		return create_from_output(plan);
	case MODE_CHECK_EXTENSION:
		return extension_check(NULL, plan->check_extension.name);
	case MODE_LIST_EXTENSIONS:
		return extension_list();
	default:
		return write_vmcoreinfo(plan, NULL);
	}
}

static unsigned int all_levels(const struct plan_create *create)
{
	unsigned int levels = 0;

	for (size_t i = 0; i < create->nr_levels; i++)
		levels |= create->levels[i];
	return levels;
}

/* Return whether knowing the kernel is worth a search. */
static bool needs_kernel(const struct plan *plan, const struct vmcore *vc)
{
	/* Its notes lack the kernel's name, and what poisoned pages are like. */
	bool is_xen_host = vc->xen.found;

	/* Readers of a dump need VMCOREINFO, which a bare one has in its memory alone. */
	return vc->bare || plan->mode != MODE_CREATE || is_xen_host ||
	       all_levels(&plan->create) & ~DL_ZERO || plan->create.nr_extensions ||
	       plan->vtop.wanted;
}

static int exit_status(int err)
{
	return err == -ESTALE ? EXIT_OTHER_KERNEL : err ? EXIT_FAILED : EXIT_DONE;
}

/* Check whether pages can be judged: the filter says the same, but later. */
static int can_filter(const struct kernel *k, const void *ctx)
{
	const struct plan *plan = ctx;
	unsigned int levels = all_levels(&plan->create);
	struct page_layout layout;
	struct vmcore_reader *r;
	struct memmap map;
	int err;

	if (!(levels & ~DL_ZERO))
		return 0;
	err = page_layout_init(&layout, k, levels);
	if (!err)
		err = vmcore_reader_create(&r, k->vc);
	if (err)
		return err;
	err = memmap_init(&map, k, r);
	if (!err)
		memmap_deinit(&map);
	vmcore_reader_destroy(r);
	return err;
}

/* Check whether the log can be read with what symbols and VMCOREINFO say. */
static bool can_read_log(const struct kernel *k, const void *ctx)
{
	const struct plan *plan = ctx;

	return dmesg_is_whole(k, plan->dmesg.partial);
}

static int open_kernel(const struct plan *plan, struct vmcore *vc, struct kernel **ret)
{
	const struct kernel_choice choice = {
		.info_path = plan->input.vmcoreinfo,
		.vmlinux_path = plan->input.vmlinux,
		.search = needs_kernel(plan, vc) && !vc->is_part,
		.needs = plan->mode == MODE_CREATE ? can_filter : NULL,
		.enough = plan->mode == MODE_DUMP_DMESG ? can_read_log : NULL,
		.ctx = plan,
	};

	int err = kernel_open_proven(ret, vc, &choice);

	if (!err)
		err = kernel_add_cpu_notes(*ret);
	if (!err && vc->bare && !vc->machine)
		vmcore_warn(vc, "the machine is unknown, since no VMCOREINFO was found in memory: "
				"use --machine");
	return err;
}

/* The directory for files without names; NULL: none was chosen. */
static const char *work_dir(const struct plan_resources *resources)
{
	const char *tmp = getenv("TMPDIR");

	return resources->work_dir ? resources->work_dir : tmp && *tmp ? tmp : NULL;
}

/* Choose a place for bitmaps that would need too much memory. */
static int choose_store(const struct plan_resources *resources, struct bitmap_store *store,
			struct vmcore_options *opt)
{
	uint64_t max = resources->cyclic_buffer_bytes ? resources->cyclic_buffer_bytes :
							available_memory() / 4;
	const char *dir = work_dir(resources);
	int err;

	if (!resources->work_dir && !resources->cyclic_buffer_bytes)
		return 0;
	err = bitmap_store_init(store, dir ? dir : "/tmp", max);
	if (!err)
		opt->bitmaps = store;
	/* The user chose the directory: only then is a failure an error. */
	return resources->work_dir ? err : 0;
}

static int run(const struct plan *plan)
{
	struct vmcore_options opt = {
		.no_mmap = plan->input.no_mmap,
		.parts = plan->mode == MODE_INFO || plan->mode == MODE_VERIFY,
		.raw = plan->input.raw,
		.nr_raw = plan->input.nr_raw,
		.diskset = plan->input.diskset,
		.nr_diskset = plan->input.nr_diskset,
		.machine = plan->input.machine,
	};
	struct report rep = { .plan = plan, .start = clock_seconds() };
	const struct spool spool = {
		.dir = work_dir(&plan->resources),
		.deadline = plan->create.time_limit ? rep.start + plan->create.time_limit : 0,
	};
	struct report_json json;
	struct bitmap_store store;
	struct kernel *k = NULL;
	struct vmcore *vc = NULL;
	int err;

	if (!plan->input.vmcore)
		return run_without_vmcore(plan);
	opt.spool = &spool;
	report_json_open(&json, plan);
	err = choose_store(&plan->resources, &store, &opt);
	if (!err)
		err = vmcore_open(&vc, plan->input.vmcore, &opt);
	rep.open_seconds = clock_seconds() - rep.start;
	rep.vc = vc;
	if (!err)
		debug_segments(vc);
	if (!err && plan->mode == MODE_VERIFY) {
		err = verify_dump(plan, vc, &rep);
	} else if (!err) {
		err = open_kernel(plan, vc, &k);
		rep.resolve_seconds = clock_seconds() - rep.start - rep.open_seconds;
		rep.kernel = k;
	}
	if (!err && k) {
		page_facts_decide(k);
		debug_vmcoreinfo(k);
		debug_facts(k);
		err = do_mode(plan, k, &rep);
	}
	/* --verify has printed all that is wrong. */
	if (!rep.verified)
		err = show_warnings(&rep, err);
	report_json_write(&json, &rep, err, exit_status(err));
	free(rep.reports);
	kernel_close(k);
	vmcore_close(vc);
	return err;
}

/*
 * Occupy closed ones: a dump that is opened as one of them would get the messages. Nothing can
 * be read from or written to what stands for them, as before, and it is there without /dev.
 */
static int open_standard_files(void)
{
	int fd;

	do {
		fd = open("/", O_PATH | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return err_errno(-errno, "cannot open /");
	close(fd);
	return 0;
}

/* Check the command line without a dump. */
static int check_params(const struct plan_create *create)
{
	int err = 0;

	if (!codec_supported(create->codec))
		return err_set(-EINVAL, "%s is not built in, or its library is missing",
			       codec_name(create->codec));
	if (create->config) {
		struct erase_config *config = NULL;

		err = erase_config_read(&config, create->config);
		erase_config_free(config);
	}
	for (size_t i = 0; !err && i < create->nr_extensions; i++)
		err = extension_validate(create->extensions[i].text);
	return err;
}

/* Return whether the answer of this mode goes to standard output. */
static bool lists(const struct plan *plan)
{
	return plan->mode == MODE_LIST_KSYMS || plan->mode == MODE_LIST_KTYPES ||
	       plan->mode == MODE_CHECK_EXTENSION || plan->mode == MODE_LIST_EXTENSIONS ||
	       plan->mode == MODE_MEM_USAGE || plan->mode == MODE_INFO ||
	       plan->mode == MODE_VERIFY || plan->mode == MODE_TRIAGE;
}

int main(int argc, char *argv[])
{
	struct plan plan = { 0 };
	char topics[128];
	int err;

	keep_freed_memory();
	err = open_standard_files();
	if (!err)
		err = options_parse(&plan, argc, argv);
	if (!err)
		err = check_same_files(&plan);
	if (!err && plan.mode == MODE_HELP) {
		if (usage_print(plan.help.topic))
			return EXIT_DONE;
		usage_topics(topics, sizeof(topics));
		err = err_set(-EINVAL, "'%s' is not a help topic: use one of %s", plan.help.topic,
			      topics);
	}
	if (!err && plan.mode == MODE_VERSION) {
		show_version();
		return EXIT_DONE;
	}
	if (!err && plan.check_params)
		err = check_params(&plan.create);
	if (!err && plan.check_params)
		return EXIT_DONE;
	if (err || plan.output.flattened || reports(&plan) || lists(&plan))
		log_to_stderr();
	if (!err) {
		/* These are errors of a write like any other. */
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN);
		log_set_levels(plan.messages.level);
		trace_select(plan.messages.trace);
		debug_command(argc, argv);
		err = run(&plan);
	}
	if (err)
		report_error(err_text(err));
	if (err || !lists(&plan))
		MSG("\nmakedumpfile %s.\n", err ? "Failed" : "Completed");
	return exit_status(err);
}
