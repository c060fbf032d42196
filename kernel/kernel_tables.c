// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kernel_tables.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"
#include "symbols/kallsyms.h"
#include "types/btf_info.h"

INIT_OPT_MOD_SYM(vmlinux, modules);

/* Only a lack of memory is worth erase_log: the rest is in the providers' own words. */
static int only_enomem(int err)
{
	return err == -ENOMEM ? err : 0;
}

static int resolve(struct kernel_tables *of, const struct fact_set *set, bool types,
		   const struct fact_set *check)
{
	int err = kallsyms_create(&of->kallsyms, &of->view.mem);

	if (!err)
		err = register_ksym_section(of->kallsyms, set);
	if (!err)
		err = only_enomem(init_kernel_kallsyms(of->kallsyms));
	if (err || !types || !btf_info_supported())
		return err;
	err = btf_info_create(&of->types, &of->view.mem);
	if (!err)
		err = register_ktype_section(of->types, set);
	if (!err && check)
		err = register_ktype_section(of->types, check);
	if (!err)
		err = only_enomem(init_kernel_btf(of->types));
	return err;
}

int kernel_tables_open(struct kernel_tables **ret, const struct kernel *k,
		       const struct fact_set *set, bool types, const struct fact_set *check)
{
	struct kernel_tables *of = calloc(1, sizeof(*of));
	int err;

	if (!of)
		return err_set(-ENOMEM, "no memory");
	err = kernel_vmem_init(&of->view, k);
	if (!err)
		err = resolve(of, set, types, check);
	if (err)
		kernel_tables_close(of);
	else
		*ret = of;
	return err;
}

int kernel_tables_modules(struct kernel_tables *of)
{
	int err;

	/* A kernel that knows no modules. */
	if (!MOD_SYM_EXIST(vmlinux, modules))
		return 0;
	err = module_list_read(&of->modules, &of->view.mem);
	if (!err)
		err = only_enomem(init_module_kallsyms(of->kallsyms, &of->modules));
	if (!err && of->types)
		err = only_enomem(init_module_btf(of->types, &of->modules));
	return err;
}

void kernel_tables_close(struct kernel_tables *of)
{
	if (!of)
		return;
	kallsyms_destroy(of->kallsyms);
	if (of->types)
		btf_info_destroy(of->types);
	module_list_free(&of->modules);
	kernel_vmem_deinit(&of->view);
	free(of);
}
