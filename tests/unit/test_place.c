// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Places in the kernel's code: the sizes of functions, as the kernel prints them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/kernel_tables.h"
#include "symbols/kallsyms.h"
#include "tests/unit/kallsyms_image.h"
#include "triage/parts.h"

#define AT 0xffffffff81000000

static const struct kimage_text text = {
	"image",
	"many 606 at+0x10000 16 t function_{}\n"
	"symbol T _stext at\n"
	"symbol D init_uts_ns at+0x80\n"
	"symbol t last at+0x20000\n"
	"pad 4000\n"
	"tables\n"
	"pad 128*K\n",
};

static void check_size(struct kallsyms *ks, vaddr_t pc, vaddr_t end, const char *symbol,
		       uint64_t size)
{
	struct kernel_tables tables = { .kallsyms = ks };
	struct triage_view view = { .tables = &tables };
	struct triage t = { .view = &view };
	struct code_range range = { .start = AT, .end = end };
	struct code_map code = { .ranges = &range, .nr = 1 };
	struct unwind_frame frame = { .pc = pc, .exception = true };
	struct triage_place place = triage_place_of(&t, &code, &frame);

	assert_string_equal(place.symbol, symbol);
	assert_int_equal(place.size, size);
}

static void test_sizes(void **state)
{
	struct ksym_info stext = {
		.modname = "vmlinux",
		.symname = "_stext",
		.value = AT,
		.index = FACT_VMCOREINFO,
	};
	struct ksym_info uts = {
		.modname = "vmlinux",
		.symname = "init_uts_ns",
		.value = AT + 0x80,
		.index = FACT_VMCOREINFO,
	};
	struct ksym_info *syms[] = { &stext, &uts };
	struct fact_set set = { .ksyms = syms, .nr_ksyms = ARRAY_SIZE(syms) };
	struct kimages images;
	struct kallsyms *ks;
	struct kimage img;

	(void)state;
	assert_int_equal(kimages_make(&images, NULL, &text, 1), 0);
	kimage_open(&img, &images, text.name);
	kimage_facts(&img, NULL, NULL);
	assert_int_equal(kallsyms_create(&ks, &img.mem), 0);
	assert_int_equal(register_ksym_section(ks, &set), 0);
	if (init_kernel_kallsyms(ks))
		fail_msg("%s", kallsyms_why(ks));
	check_size(ks, AT + 0x10014, AT + 0x21000, "function_1", 16);
	/* Another range begins before the next symbol, or no symbol follows. */
	check_size(ks, AT + 0x10014, AT + 0x10018, "function_1", 8);
	check_size(ks, AT + 0x20010, AT + 0x21000, "last", 0x1000);
	check_size(ks, AT + 0x21010, AT + 0x21000, "last", 0);
	kallsyms_destroy(ks);
	kimage_close(&img);
	assert_int_equal(kimages_remove(&images), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
