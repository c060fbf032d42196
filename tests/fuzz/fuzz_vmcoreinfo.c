// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of VMCOREINFO, and the numbers that follow from it. The input is the text.
 */
#include "facts/macro_values.h"
#include "facts/vmcoreinfo.h"
#include "tests/fuzz/fuzz.h"

/* One of each kind. */
INIT_OPT_MOD_SYM(vmlinux, fuzz_symbol);
INIT_OPT_MOD_STRUCT(vmlinux, fuzz_struct);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, fuzz_struct, member);
INIT_OPT_MOD_NUM(vmlinux, fuzz_number);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, fuzz_struct, array);
INIT_OPT_MOD_VAR_LEN(vmlinux, fuzz_array);
INIT_OPT_MOD_PATH(vmlinux, fuzz_path, "fuzz_struct.member.member");
/* These are known only by what was derived. */
INIT_OPT_MOD_NUM(vmlinux, PAGE_BUDDY_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PAGE_SLAB_MAPCOUNT_VALUE);
INIT_OPT_MOD_NUM(vmlinux, PG_head_mask);

static void check_value(const struct vmcoreinfo *vi, const char *key)
{
	const char *val;
	char buf[16];
	uint64_t n;
	size_t len;

	if (!vmcoreinfo_find(vi, key, &val, &len)) {
		assert(!vmcoreinfo_string(vi, key, buf, sizeof(buf)) && !buf[0]);
		return;
	}
	assert(val > vi->text && range_fits(val - vi->text, len, vi->size));
	assert(!memchr(val, '\n', len));
	assert(vmcoreinfo_string(vi, key, buf, sizeof(buf)));
	assert(strlen(buf) <= len && fuzz_is_clean(buf));
	if (vmcoreinfo_number(val, len, true, &n))
		assert(len && *val != '-');
	if (vmcoreinfo_number(val, len, false, &n))
		assert(len && len < vi->size);
}

/* The key of each line, by which the same line or an earlier one has to be found. */
static void check_keys(const struct vmcoreinfo *vi)
{
	const char *line = vi->text, *end = vi->text + vi->size, *eol;

	for (unsigned int i = 0; line < end && i < 64; i++, line = eol + 1) {
		const char *equals, *val;
		char key[64] = "";
		size_t len;

		eol = memchr(line, '\n', end - line) ?: end;
		equals = memchr(line, '=', eol - line);
		if (!equals || equals - line >= (ptrdiff_t)sizeof(key) ||
		    memchr(line, '\0', equals - line))
			continue;
		memcpy(key, line, equals - line);
		assert(vmcoreinfo_find(vi, key, &val, &len) && val <= equals + 1);
		check_value(vi, key);
	}
}

static void check_resolved(const struct fact_set *set)
{
	for (size_t i = 0; i < set->nr_ksyms; i++)
		assert(set->ksyms[i]->index >= 0 || !set->ksyms[i]->value);
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		const struct ktype_info *t = set->ktypes[i];

		assert(t->index >= 0 || (!t->member_bit_offset && !t->struct_size));
		assert(t->index < 0 || t->member_name || t->struct_size);
	}
	/* VMCOREINFO has no paths. */
	for (size_t i = 0; i < set->nr_kpaths; i++)
		assert(set->kpaths[i]->index < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vmcoreinfo vi = { .text = (const char *)data, .size = size };
	const struct fact_set set = facts_of_program();
	char bad[80], line[200];

	check_value(&vi, "OSRELEASE");
	check_value(&vi, "");
	if (size)
		check_keys(&vi);
	facts_reset(&set);
	vmcoreinfo_resolve(&vi, &set, FACT_FILE, bad, sizeof(bad));
	assert(strlen(bad) < sizeof(bad) && fuzz_is_clean(bad));
	check_resolved(&set);
	vmcoreinfo_resolve(&vi, &set, FACT_VMCOREINFO, NULL, 0);
	facts_compute_macros(&set);
	facts_describe(&set, line, sizeof(line));
	assert(strlen(line) < sizeof(line) && fuzz_is_clean(line));
	facts_reset(&set);
	return 0;
}
