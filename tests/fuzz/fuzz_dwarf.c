// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A vmlinux (-x): its symbols and debug information. The input is the file.
 */
#include "debuginfo/dwarf_provider.h"
#include "tests/fuzz/file.h"

/* One of each kind; tests/fuzz/mkseeds has a source with all of them. */
INIT_OPT_MOD_SYM(vmlinux, fuzz_symbol);
INIT_OPT_MOD_STRUCT(vmlinux, fuzz_struct);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fuzz_struct, member);
INIT_OPT_MOD_NUM(vmlinux, fuzz_number);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, fuzz_struct, array);
INIT_OPT_MOD_VAR_LEN(vmlinux, fuzz_array);
INIT_OPT_MOD_PATH(vmlinux, fuzz_path, "fuzz_struct.inner.member");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vmcoreinfo vi = { .text = "OSRELEASE=1\nKERNELOFFSET=0\n", .size = 27 };
	const struct fact_set set = facts_of_program();
	struct fuzz_input in = { data, size };
	struct fuzz_file file;
	struct debuginfo *d;
	uint64_t moved;
	int err;

	facts_reset(&set);
	fuzz_file_make(&file, in);
	err = debuginfo_open(&d, file.path);
	fuzz_check_file_err(err);
	if (!err) {
		assert(fuzz_is_clean(d->release));
		fuzz_check_file_err(debuginfo_check(d, 0, &vi));
		(void)!debuginfo_kaslr_offset(d, &vi, &moved);
		fuzz_check_file_err(debuginfo_resolve_symbols(d, &set, FACT_DWARF, 0));
		fuzz_check_file_err(debuginfo_resolve_types(d, &set, FACT_DWARF));
		debuginfo_close(d);
	}
	facts_reset(&set);
	fuzz_file_close(&file);
	return 0;
}
