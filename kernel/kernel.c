// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfo/dwarf_provider.h"
#include "facts/macro_values.h"
#include "kernel/dom0.h"
#include "kernel/kernel_tables.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/trace.h"
#include "symbols/kallsyms.h"
#include "types/btf_info.h"
#include "vmcore/bare.h"

/* Bytes of an invalid line of VMCOREINFO that are shown. */
#define BAD_LINE_BYTES 128

INIT_OPT_MOD_SYM(vmlinux, init_uts_ns);
INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, uts_namespace, name);

static bool find_hex(const struct vmcoreinfo *vi, const char *key, uint64_t *ret)
{
	const char *val;
	size_t len;

	return vmcoreinfo_find(vi, key, &val, &len) && vmcoreinfo_number(val, len, true, ret);
}

/* Return the KASLR offset of the dump's kernel relative to the addresses of a text, bytes. */
static uint64_t distance(const struct vmcoreinfo *dump, const struct vmcoreinfo *text)
{
	static const char *const keys[] = { "SYMBOL(_stext)", "KERNELOFFSET" };
	uint64_t here, there;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (find_hex(dump, keys[i], &here) && find_hex(text, keys[i], &there))
			return here - there;
	}
	return 0;
}

/*
 * Bring symbols of another boot, or of a vmlinux, to where they are in the dump.
 * Addresses outside the kernel image say nothing about this boot.
 */
static void move_symbols(const struct kernel *k, const struct fact_set *set)
{
	const struct arch_ops *ops = arch_find(k->vc->machine);
	vaddr_t start = 0, end = UINT64_MAX;

	if (ops && ops->kernel_image)
		ops->kernel_image(&k->arch, &start, &end);
	/* The addresses are still those of the text. */
	if (ops && ops->kaslr_image && GET_MOD_SYM_PTR(vmlinux, _stext)->index != FACT_FILE) {
		start -= k->file_moved;
		end -= k->file_moved;
	}
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		struct ksym_info *s = set->ksyms[i];

		if (s->index != FACT_FILE)
			continue;
		if (s->value - start >= end - start) {
			s->value = 0;
			s->index = -1;
			continue;
		}
		s->value += k->file_moved;
		if (!k->vc->is64)
			s->value = (uint32_t)s->value;
	}
}

/* A dump that does not tell the size of its pages has that of the text. */
static int take_page_size(const struct kernel *k)
{
	const char *val;
	uint64_t size;
	size_t len;

	if (vmcoreinfo_find(&k->info, "PAGESIZE", &val, &len) ||
	    !vmcoreinfo_find(&k->file, "PAGESIZE", &val, &len) ||
	    !vmcoreinfo_number(val, len, false, &size))
		return 0;
	return vmcore_set_page_size(k->vc, size);
}

static int open_info_file(struct kernel *k, const char *path)
{
	char release[UTS_LEN];
	int err = vmcoreinfo_read(path, &k->file_text, &k->file);

	if (err)
		return err;
	if (!vmcoreinfo_string(&k->file, "OSRELEASE", release, sizeof(release)))
		return err_set(-EINVAL, "%s is not VMCOREINFO text: it has no OSRELEASE", path);
	if (k->release[0] && strcmp(release, k->release))
		return err_set(-ESTALE, "%s is of kernel %s, but the dump is of %s", path, release,
			       k->release);
	memcpy(k->release, release, sizeof(release));
	k->file_moved = distance(&k->info, &k->file);
	TRACE(FACTS, "%s is used before VMCOREINFO, its symbols are moved by %#" PRIx64, path,
	      k->file_moved);
	return take_page_size(k);
}

static void set_warning(struct kernel *k, enum kernel_warning w, const char *text)
{
	snprintf(k->warnings[w], KERNEL_WARNING_BYTES, "%s", text);
}

/*
 * The first two providers: VMCOREINFO text.
 * @param bad for the first line that is invalid; of BAD_LINE_BYTES
 */
static void use_texts(const struct kernel *k, const struct fact_set *set, char *bad)
{
	char own_bad[BAD_LINE_BYTES];

	bad[0] = '\0';
	if (k->file.size) {
		/* Not all numbers are the same in each boot: there the dump knows better. */
		if (k->file_moved)
			vmcoreinfo_resolve(&k->info, set, FACT_VMCOREINFO, NULL, 0);
		vmcoreinfo_resolve(&k->file, set, FACT_FILE, bad, sizeof(own_bad));
		if (k->file_moved)
			move_symbols(k, set);
	}
	vmcoreinfo_resolve(&k->info, set, FACT_VMCOREINFO, own_bad, sizeof(own_bad));
	if (!bad[0])
		memcpy(bad, own_bad, sizeof(own_bad));
}

static void find_crash_time(struct kernel *k)
{
	const char *val;
	size_t len;

	if (vmcoreinfo_find(&k->info, "CRASHTIME", &val, &len) &&
	    !vmcoreinfo_number(val, len, false, &k->crash_time))
		k->crash_time = 0;
}

/*
 * The last provider.
 * @param check types to resolve as well if the dump's own did not tell them; or NULL
 * @param why for what is wrong with it; of KERNEL_WARNING_BYTES
 */
static int use_vmlinux(const struct kernel *k, const struct fact_set *set,
		       const struct fact_check *check, char *why)
{
	const char *path = k->vmlinux_path;
	struct debuginfo *d;
	uint64_t offset;
	int err = debuginfo_open(&d, path);

	if (err)
		return err;
	err = debuginfo_check(d, k->vc->machine, &k->info);
	if (!err && debuginfo_kaslr_offset(d, &k->info, &offset))
		snprintf(why, KERNEL_WARNING_BYTES,
			 "symbols of %s are of no use: "
			 "the dump does not say where the kernel was loaded",
			 path);
	else if (!err)
		err = debuginfo_resolve_symbols(d, set, FACT_DWARF, offset);
	if (!err)
		err = debuginfo_resolve_types(d, set, FACT_DWARF);
	if (!err && check && fact_check_is_incomplete(check))
		err = debuginfo_resolve_types(d, &check->set, FACT_DWARF);
	if (err == -EBADMSG) {
		snprintf(why, KERNEL_WARNING_BYTES, "%s", err_text(err));
		err = 0;
	}
	debuginfo_close(d);
	return err;
}

/* Let the architecture have a look at the memory. */
static int with_memory(struct kernel *k, int (*look)(struct arch *a, const struct arch_mem *mem))
{
	struct vmcore_reader *r;
	struct arch_mem mem;
	int err = vmcore_reader_create(&r, k->vc);

	if (err)
		return err;
	mem = kernel_mem(r);
	err = look(&k->arch, &mem);
	vmcore_reader_destroy(r);
	return err;
}

/* In dom0, the root of page tables is the only address that is not the machine's already. */
static int move_root(struct kernel *k)
{
	uint64_t frame;

	if (frames_find_page(&k->dom0, k->arch.root / FRAME_BYTES, &frame)) {
		arch_deinit(&k->arch);
		return err_set(-EBADMSG,
			       "dom0 has no page %#" PRIx64 " for the root of page tables",
			       k->arch.root / FRAME_BYTES);
	}
	k->arch.root = frame * FRAME_BYTES;
	return 0;
}

static int set_up_translation(struct kernel *k)
{
	int err;

	arch_deinit(&k->arch);
	k->arch = (struct arch){
		.ops = arch_find(k->vc->machine),
		.is64 = k->vc->is64,
		.swap = k->vc->swap,
		.page_shift = k->vc->page_shift,
		.segments = k->segments,
		.nr_segments = k->vc->nr_segments,
	};
	if (!k->info.size && !k->release[0])
		return err_set(-ENOENT, "the dump has no VMCOREINFO");
	if (k->vc->xen.found && !k->dom0.nr)
		return err_set(-ENOTSUP, "dom0 of this Xen host has told no frames of its pages: "
					 "only PV domains of x86_64 do");
	err = with_memory(k, arch_init);
	return err || !k->dom0.nr ? err : move_root(k);
}

static void remember_translation(struct kernel *k, int err)
{
	k->translation_err = err;
	k->translation_why[0] = '\0';
	if (err)
		snprintf(k->translation_why, sizeof(k->translation_why), "%s", err_text(err));
	TRACE(MEMMAP, "page tables: %s", err ? k->translation_why : "found");
}

static void translate(struct kernel *k)
{
	remember_translation(k, set_up_translation(k));
}

/* Facts outside the kernel image may depend on facts found in it. */
static void finish_translation(struct kernel *k)
{
	if (!k->translation_err)
		remember_translation(k, with_memory(k, arch_init_late));
}

/* Ask the dump itself. Whatever is wrong there must not keep it from being saved. */
static struct kernel_tables *open_own_facts(struct kernel *k, bool types)
{
	struct kernel_tables *of;
	int err;

	if (k->translation_err)
		return NULL;
	err = kernel_tables_open(&of, k, &k->facts, types, &k->check.set);
	if (!err)
		return of;
	set_warning(k, KERNEL_KALLSYMS, err_text(err));
	return NULL;
}

/* The rest of it, when all is known that modules are found by. */
static void finish_own_facts(struct kernel *k, struct kernel_tables *of)
{
	int err = 0;

	if (!of)
		return;
	if (facts_of_modules(&k->facts) && !k->translation_err)
		err = kernel_tables_modules(of);
	set_warning(k, KERNEL_MODULES, err ? err_text(err) : of->modules.why);
	set_warning(k, KERNEL_KALLSYMS, kallsyms_why(of->kallsyms));
	if (of->types)
		set_warning(k, KERNEL_TYPES, btf_info_why(of->types));
	kernel_tables_close(of);
}

/* A dump that does not tell its machine has that of the text. */
static void learn_machine(struct vmcore *vc, const struct vmcoreinfo *info)
{
	/* The word size and the byte order are known, unless the dump is bare. */
	for (unsigned int i = 0; !vc->machine && i < (vc->bare ? 4 : 1); i++) {
		bool is64 = vc->is64 != (i & 1), big_endian = vc->big_endian != (i >> 1);

		vc->machine = vmcoreinfo_machine(info, is64, big_endian);
		if (vc->machine && vc->bare) {
			vc->is64 = is64;
			bare_set_order(vc, big_endian);
		}
	}
}

/* @param types false: those of the dump are not read */
static int open_kernel(struct kernel **ret, struct vmcore *vc, const char *info_path,
		       const char *vmlinux_path, bool types)
{
	char bad[BAD_LINE_BYTES];
	struct kernel *k = calloc(1, sizeof(*k));
	struct kernel_tables *of;
	int err = 0;

	if (!k)
		return err_set(-ENOMEM, "no memory");
	k->vc = vc;
	k->vmlinux_path = vmlinux_path;
	k->facts = facts_of_program();
	facts_reset(&k->facts);
	k->info = (struct vmcoreinfo){
		.text = vc->vmcoreinfo ? vc->vmcoreinfo : "",
		.size = min_u64(vc->vmcoreinfo_size, VMCOREINFO_MAX),
	};
	vmcoreinfo_string(&k->info, "OSRELEASE", k->release, sizeof(k->release));
	k->segments = calloc(vc->nr_segments + 1, sizeof(*k->segments));
	if (!k->segments)
		err = err_set(-ENOMEM, "no memory for %zu segments", vc->nr_segments);
	if (!err)
		err = dom0_frames(&k->dom0, &k->dom0_tree, vc);
	if (!err && info_path)
		err = open_info_file(k, info_path);
	if (err) {
		kernel_close(k);
		return err;
	}
	learn_machine(vc, &k->info);
	learn_machine(vc, &k->file);
	use_texts(k, &k->facts, bad);
	if (bad[0])
		snprintf(k->warnings[KERNEL_BAD_LINE], KERNEL_WARNING_BYTES,
			 "VMCOREINFO line %s is invalid and is ignored", bad);
	fact_check_init(&k->check, &k->facts);
	find_crash_time(k);
	for (size_t i = 0; i < vc->nr_segments; i++) {
		k->segments[i] = (struct arch_segment){
			.vaddr = vc->segments[i].vaddr,
			.paddr = vc->segments[i].paddr,
			.memsz = vc->segments[i].memsz,
		};
	}
	translate(k);
	of = open_own_facts(k, types);
	if (vmlinux_path) {
		err = use_vmlinux(k, &k->facts, &k->check, k->warnings[KERNEL_VMLINUX]);
		/* It may have told where the page tables are. */
		if (!err && k->translation_err) {
			translate(k);
			of = open_own_facts(k, types);
		}
	}
	if (!err)
		finish_translation(k);
	finish_own_facts(k, of);
	if (err) {
		kernel_close(k);
		return err;
	}
	facts_compute_macros(&k->facts);
	fact_check_compare(&k->check, k->warnings[KERNEL_CONTRADICTION], KERNEL_WARNING_BYTES);
	facts_trace(&k->facts);
	*ret = k;
	return 0;
}

int kernel_open(struct kernel **ret, struct vmcore *vc, const char *info_path,
		const char *vmlinux_path)
{
	return open_kernel(ret, vc, info_path, vmlinux_path, true);
}

int kernel_open_untyped(struct kernel **ret, struct vmcore *vc)
{
	return open_kernel(ret, vc, NULL, NULL, false);
}

void kernel_close(struct kernel *k)
{
	if (!k)
		return;
	arch_deinit(&k->arch);
	frames_deinit(&k->dom0);
	pfn_set_deinit(&k->dom0_tree);
	free(k->segments);
	free(k->file_text);
	free(k);
}

int kernel_resolve(const struct kernel *k, const struct fact_set *set, struct kernel_tables **ret)
{
	char bad[BAD_LINE_BYTES], why[KERNEL_WARNING_BYTES];
	struct kernel_tables *of = NULL;
	int err = 0;

	use_texts(k, set, bad);
	if (!k->translation_err)
		err = kernel_tables_open(&of, k, set, true, NULL);
	if (!err && k->vmlinux_path)
		err = use_vmlinux(k, set, NULL, why);
	/* The declarations of a module's facts show that these are missing. */
	if (!err && of && kernel_tables_modules(of) == -ENOMEM)
		err = -ENOMEM;
	if (err) {
		kernel_tables_close(of);
		return err;
	}
	facts_compute_macros(set);
	facts_trace(set);
	*ret = of;
	return 0;
}

/* Apply @overwrite to memory that was copied from a virtual address. */
static void overwrite_copy(const struct kernel *k, struct vmcore_reader *r,
			   const struct kernel_overwrite *overwrite, vaddr_t va, void *buf,
			   size_t len)
{
	while (len) {
		struct arch_run run;
		size_t n;

		if (kernel_translate(k, r, va, &run))
			return;
		n = run.len ? min_u64(len, run.len) : len;
		overwrite->apply(overwrite->ctx, run.paddr, buf, n);
		buf = (char *)buf + n;
		va += n;
		len -= n;
	}
}

static bool read_utsname(const struct kernel *k, struct vmcore_reader *r,
			 const struct kernel_overwrite *overwrite, uint64_t offset,
			 struct kdump_utsname *uts)
{
	vaddr_t va = GET_MOD_SYM(vmlinux, init_uts_ns) + offset;

	if (kernel_read(k, r, va, uts, sizeof(*uts)) ||
	    strncmp(uts->sysname, "Linux", sizeof(uts->sysname)))
		return false;
	if (overwrite)
		overwrite_copy(k, r, overwrite, va, uts, sizeof(*uts));
	kdump_utsname_terminate(uts);
	return true;
}

static void set_if_empty(char *field, const char *text)
{
	if (!field[0] && text)
		snprintf(field, UTS_LEN, "%s", text);
}

/*
 * Readers refuse a header whose sysname, release, version or machine is empty: what the
 * kernel's memory does not tell is taken from the dump's headers and VMCOREINFO.
 */
static void complete_utsname(const struct kernel *k, struct kdump_utsname *uts)
{
	const struct vmcore *vc = k->vc;
	const struct kdump_utsname *header = &vc->utsname;

	set_if_empty(uts->sysname, "Linux");
	set_if_empty(uts->release, k->release);
	set_if_empty(uts->release, header->release);
	set_if_empty(uts->release, "(unknown)");
	if (!strcmp(uts->release, header->release)) {
		set_if_empty(uts->nodename, header->nodename);
		set_if_empty(uts->version, header->version);
		set_if_empty(uts->domainname, header->domainname);
		if (kdump_machine_of_uts(header->machine))
			set_if_empty(uts->machine, header->machine);
	}
	set_if_empty(uts->version, "(unknown)");
	set_if_empty(uts->machine, kdump_uts_of_machine(vc->machine, vc->is64, vc->big_endian));
	set_if_empty(uts->machine, "(unknown)");
}

bool kernel_utsname(const struct kernel *k, struct vmcore_reader *r,
		    const struct kernel_overwrite *overwrite, struct kdump_utsname *ret)
{
	/*
	 * Kernels before 6.0 do not export the offset; there it is after a
	 * reference count, which Linux kernel commit 9a56493f6942 ("uts: Use
	 * generic ns_common::count") (in v5.11) took away.
	 */
	static const unsigned int guesses[] = { 0, 4 };
	bool found = false;

	if (MOD_SYM_EXIST(vmlinux, init_uts_ns) && !k->translation_err) {
		if (MOD_STRUCT_MEMBER_EXIST(vmlinux, uts_namespace, name))
			found = read_utsname(
				k, r, overwrite,
				GET_MOD_STRUCT_MEMBER_OFF(vmlinux, uts_namespace, name), ret);
		for (size_t i = 0; !found && i < ARRAY_SIZE(guesses); i++)
			found = read_utsname(k, r, overwrite, guesses[i], ret);
	}
	if (!found)
		*ret = (struct kdump_utsname){ 0 };
	complete_utsname(k, ret);
	return found;
}
