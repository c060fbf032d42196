// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects that extensions look for, where the kernel's memory is damaged: CPUs, files, paths and
 * stacks; and erasing ranges of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdio.h>

#include "erase_info.h"
#include "facts/facts.h"
#include "makedumpfile.h"
#include "tests/unit/flatkernel.h"

INIT_OPT_MOD_SYM(vmlinux, __per_cpu_offset);
INIT_OPT_MOD_SYM(vmlinux, __cpu_online_mask);
INIT_OPT_MOD_SYM(vmlinux, __cpu_possible_mask);
INIT_OPT_MOD_STRUCT(vmlinux, cpumask);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, files);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, stack);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, mm);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, files_struct, fdt);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fdtable, max_fds);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fdtable, fd);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, dentry, d_parent);
INIT_OPT_MOD_STRUCT(vmlinux, pt_regs);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, pt_regs, cs);
INIT_OPT_MOD_SYM(vmlinux, __start_init_stack);
INIT_OPT_MOD_SYM(vmlinux, __end_init_stack);

#define MEMBER(s, m) GET_MOD_STRUCT_MEMBER_PTR(vmlinux, s, m)

static void set_symbol(struct ksym_info *s, uint64_t value)
{
	s->value = value;
	s->index = 0;
}

/* The numbers that were visited, as text. */
static int visit(void *ctx, uint64_t number)
{
	char *text = ctx;

	sprintf(text + strlen(text), "%d ", (int)number);
	return 0;
}

static int visit_file(void *ctx, uint64_t first, uint64_t last, uint64_t file)
{
	assert_int_equal(first, last);
	assert_int_equal(file & 0xff, first & 0xff);
	return visit(ctx, first);
}

static void test_cpus(void **state)
{
	uint64_t value;

	(void)state;
	for EACH_KERNEL(i) {
		char online[64] = "", possible[64] = "";
		struct flat f;

		BEGIN(&f, i);
		flat_put(&f, f.base, 0x5);
		flat_put(&f, f.base + 16, 0x7);
		for (unsigned int cpu = 0; cpu < 3; cpu++)
			flat_put(&f, f.base + 32 + cpu * flat_long(&f), cpu * 0x100);
		assert_int_equal(mdf_cpu_count(MDF_CPUS_ONLINE), -ENOENT);
		assert_int_equal(mdf_percpu_address(0x1234, 2, &value), -ENOENT);
		set_symbol(GET_MOD_SYM_PTR(vmlinux, __cpu_online_mask), f.base);
		set_symbol(GET_MOD_SYM_PTR(vmlinux, __cpu_possible_mask), f.base + 16);
		set_symbol(GET_MOD_SYM_PTR(vmlinux, __per_cpu_offset), f.base + 32);
		GET_MOD_STRUCT_SSIZE(vmlinux, cpumask) = 8;
		assert_int_equal(mdf_for_each_cpu(MDF_CPUS_ONLINE, visit, online), 0);
		assert_string_equal(online, "0 2 ");
		assert_int_equal(mdf_for_each_cpu(MDF_CPUS_POSSIBLE, visit, possible), 0);
		assert_string_equal(possible, "0 1 2 ");
		assert_int_equal(mdf_cpu_count(MDF_CPUS_POSSIBLE), 3);
		assert_int_equal(mdf_percpu_address(0x1234, 2, &value), 0);
		assert_int_equal(value, 0x1434);
		assert_int_equal(mdf_percpu_address(0x1234, 8192, &value), -EINVAL);
		GET_MOD_SYM(vmlinux, __cpu_online_mask) = f.base + FLAT_BYTES;
		assert_int_equal(mdf_cpu_count(MDF_CPUS_ONLINE), -EFAULT);
		GET_MOD_SYM_PTR(vmlinux, __cpu_online_mask)->index = -1;
		GET_MOD_SYM_PTR(vmlinux, __per_cpu_offset)->index = -1;
		flat_end(&f);
	}
}

static void check_files(uint32_t max_fds, unsigned int hole, int want, const char *text)
{
	for EACH_KERNEL(i) {
		char found[64] = "";
		struct flat f;

		BEGIN(&f, i);
		flat_member(MEMBER(task_struct, files), 8, flat_long(&f));
		flat_member(MEMBER(files_struct, fdt), 16, flat_long(&f));
		flat_member(MEMBER(fdtable, max_fds), 0, 4);
		flat_member(MEMBER(fdtable, fd), 8, flat_long(&f));
		/* A task; its files at 0x100; their table at 0x200; an array from page 1 on. */
		flat_put(&f, f.base + 8, f.base + 0x100);
		flat_put(&f, f.base + 0x110, f.base + 0x200);
		store_u32(flat_at(&f, f.base + 0x200), max_fds, f.vc.swap);
		flat_put(&f, f.base + 0x208, f.base + FLAT_PAGE);
		for (unsigned int fd = 0; fd < 2000; fd += fd < 60 ? 63 : 1000)
			flat_put(&f, f.base + FLAT_PAGE + fd * flat_long(&f), 0x10000 + fd);
		if (hole)
			f.map[hole] = FLAT_HOLE;
		assert_int_equal(mdf_for_each_file(f.base, visit_file, found), want);
		assert_string_equal(found, text);
		/* One that has exited has no files. */
		assert_int_equal(mdf_for_each_file(f.base + 0x20, visit_file, found), 0);
		flat_end(&f);
	}
}

static void test_files(void **state)
{
	(void)state;
	check_files(64, 0, 0, "0 63 ");
	check_files(63, 0, 0, "0 ");
	check_files(0, 0, 0, "");
	check_files(1064, 0, 0, "0 63 1063 ");
	check_files(64, 1, -EFAULT, "");
	check_files(UINT32_MAX, 0, -EBADMSG, "");
	/* More than there is memory. */
	check_files(1 << 24, FLAT_PAGES - 1, -EFAULT, "0 63 1063 ");
}

/* The dentries of /a/bb/c, in pages 1 to 3; page 0 is the root. */
static void begin_dentries(struct flat *f)
{
	static const char *const names[] = { "/", "a", "bb", "c" };

	flat_begin(f, true, false);
	flat_member(MEMBER(dentry, d_parent), 8, 8);
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t at = f->base + i * FLAT_PAGE;

		flat_put(f, at + 8, i ? at - FLAT_PAGE : at);
		flat_put(f, at + 16, at + 32);
		strcpy((char *)flat_at(f, at + 32), names[i]);
	}
}

static void check_path(const struct flat *f, unsigned int n, size_t size, int want,
		       const char *text)
{
	char buf[4096] = "#";

	assert_int_equal(mdf_dentry_path(f->base + n * FLAT_PAGE, buf, size), want);
	assert_string_equal(buf, text);
}

static void set_path_of_names(void)
{
	struct fact_set set = facts_of_program();

	for (size_t i = 0; i < set.nr_kpaths; i++) {
		if (strcmp(set.kpaths[i]->path, "dentry.d_name.name"))
			continue;
		set.kpaths[i]->bit_offset = 16 * 8;
		set.kpaths[i]->size = 8;
		set.kpaths[i]->index = 0;
		return;
	}
	fail_msg("the path of names is not declared");
}

static void test_paths(void **state)
{
	struct flat f;

	(void)state;
	set_path_of_names();
	begin_dentries(&f);
	check_path(&f, 0, 64, 0, "/");
	check_path(&f, 3, 64, 0, "/a/bb/c");
	check_path(&f, 3, 8, 0, "/a/bb/c");
	check_path(&f, 3, 7, -EINVAL, "");
	check_path(&f, 3, 1, -EINVAL, "");
	flat_end(&f);
	/* Round and round. */
	begin_dentries(&f);
	flat_put(&f, f.base + 8, f.base + FLAT_PAGE);
	check_path(&f, 3, 64, -EINVAL, "");
	flat_end(&f);
	begin_dentries(&f);
	flat_put(&f, f.base + 8, f.base + 8 * FLAT_PAGE);
	check_path(&f, 3, 64, -EFAULT, "");
	flat_end(&f);
}

static void check_regs(uint16_t machine, uint64_t cs_at, int want, uint64_t regs)
{
	struct arch_ops ops;
	struct flat f;
	uint64_t value;

	flat_begin(&f, true, false);
	f.vc.machine = machine;
	ops = *f.k.arch.ops;
	ops.user_regs = arch_find(machine)->user_regs;
	f.k.arch.ops = &ops;
	flat_member(MEMBER(task_struct, stack), 8, 8);
	flat_member(MEMBER(task_struct, mm), 16, 8);
	GET_MOD_STRUCT_SSIZE(vmlinux, pt_regs) = 168;
	_kstruct_vmlinux_pt_regs.index = 0;
	set_symbol(GET_MOD_SYM_PTR(vmlinux, __start_init_stack), 0x1000);
	set_symbol(GET_MOD_SYM_PTR(vmlinux, __end_init_stack), 0x5000);
	flat_put(&f, f.base + 8, f.base + 0x4000);
	flat_put(&f, f.base + 16, 1);
	if (cs_at)
		flat_put(&f, f.base + cs_at, 0x33);
	assert_int_equal(mdf_task_user_regs(f.base, &value), want);
	if (!want)
		assert_int_equal(value - f.base, regs);
	/* A kernel thread. */
	assert_int_equal(mdf_task_user_regs(f.base + 0x100, &value),
			 machine == EM_S390 ? -ENOTSUP : -ENOENT);
	flat_end(&f);
}

static void test_user_regs(void **state)
{
	(void)state;
	check_regs(EM_X86_64, 0x8000 - 168 + 136, 0, 0x8000 - 168);
	check_regs(EM_X86_64, 0x8000 - 184 + 136, 0, 0x8000 - 184);
	check_regs(EM_X86_64, 0, -ENOENT, 0);
	check_regs(EM_AARCH64, 0, 0, 0x8000 - 168);
	check_regs(EM_S390, 0, -ENOTSUP, 0);
}

static void test_erase(void **state)
{
	struct flat f;

	(void)state;
	flat_begin(&f, true, false);
	f.map[1] = 7;
	f.map[3] = FLAT_HOLE;
	assert_int_equal(mdf_erase(f.base + 0x10, 0, 'X'), 0);
	assert_int_equal(f.shared.nr_erasures, 0);
	assert_int_equal(mdf_erase(f.base + 0xff0, 0x20, 'X'), 0);
	assert_int_equal(f.shared.nr_erasures, 2);
	assert_int_equal(f.shared.erasures[0].start, 0xff0);
	assert_int_equal(f.shared.erasures[0].end, 0x1000);
	assert_int_equal(f.shared.erasures[1].start, 0x7000);
	assert_int_equal(f.shared.erasures[1].end, 0x7010);
	assert_int_equal(mdf_erase(f.base + 0x2000, 0x3000, 'X'), -EFAULT);
	assert_int_equal(f.shared.nr_erasures, 4);
	assert_int_equal(f.shared.erasures[3].start, 0x4000);
	assert_int_equal(mdf_erase(UINT64_MAX - 8, 0x20, 'X'), -EFAULT);
	assert_int_equal(mdf_erase_user(f.base, UINT64_MAX - 8, 0x20, 'X'), -EINVAL);
	assert_int_equal(f.shared.nr_erasures, 4);
	flat_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_user_regs),
		cmocka_unit_test(test_erase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
