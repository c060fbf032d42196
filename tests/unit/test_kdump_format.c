// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "lib/byteorder.h"
#include "lib/elf_machine.h"
#include "lib/err.h"
#include "lib/types.h"
#include "vmcore/kdump_format.h"

static const struct kdump_layout le64 = { .is64 = true, .swap = HOST_BIG_ENDIAN };
static const struct kdump_layout be64 = { .is64 = true, .swap = !HOST_BIG_ENDIAN };
static const struct kdump_layout le32 = { .align8 = true, .swap = HOST_BIG_ENDIAN };
static const struct kdump_layout be32 = { .align8 = true, .swap = !HOST_BIG_ENDIAN };
static const struct kdump_layout i386 = { .swap = HOST_BIG_ENDIAN };

static const struct kdump_layout *const layouts[] = { &le64, &be64, &le32, &be32, &i386 };

static const struct kdump_header header = {
	.version = 6,
	.utsname = {
		.sysname = "Linux", .nodename = "node", .release = "6.1.0",
		.version = "#1 SMP", .machine = "ppc64le", .domainname = "(none)",
	},
	.timestamp = 0x65432100,
	.status = KDUMP_LZO | KDUMP_INCOMPLETE,
	.block_size = 65536,
	.sub_hdr_size = 3,
	.bitmap_blocks = 0x80000002,
	.max_mapnr = 0xfffffff1,
	.nr_cpus = 17,
};

/* Small enough for 32 bits where longs are, larger than that elsewhere. */
static const struct kdump_sub_header sub = {
	.phys_base = 0x81000000, .dump_level = 31, .split = 1,
	.start_pfn = 0x90000001, .end_pfn = 0x90000002,
	.offset_vmcoreinfo = 0x1000000003, .size_vmcoreinfo = 0x90000004,
	.offset_note = 0x1000000005, .size_note = 0x90000006,
	.offset_eraseinfo = 0x1000000007, .size_eraseinfo = 0x90000008,
	.start_pfn_64 = 0x1000000009, .end_pfn_64 = 0x100000000a, .max_mapnr_64 = 0x100000000b,
};

static void assert_same_header(const struct kdump_header *a, const struct kdump_header *b)
{
	assert_int_equal(a->version, b->version);
	assert_memory_equal(&a->utsname, &b->utsname, sizeof(a->utsname));
	assert_int_equal(a->timestamp, b->timestamp);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->block_size, b->block_size);
	assert_int_equal(a->sub_hdr_size, b->sub_hdr_size);
	assert_int_equal(a->bitmap_blocks, b->bitmap_blocks);
	assert_int_equal(a->max_mapnr, b->max_mapnr);
	assert_int_equal(a->nr_cpus, b->nr_cpus);
}

/* Encoding writes exactly as many bytes as it says; decoding gives all back. */
static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct kdump_layout *l = layouts[i];
		struct kdump_page_desc desc = { 0x123456789a, 4000, KDUMP_ZSTD, 7 }, desc2;
		unsigned char buf[KDUMP_HEADER_SIZE_MAX + 1];
		struct kdump_sub_header s;
		struct kdump_header h;

		assert_true(kdump_header_size(l) <= KDUMP_HEADER_SIZE_MAX);
		memset(buf, 0xaa, sizeof(buf));
		kdump_encode_header(l, &header, buf);
		assert_memory_equal(buf, KDUMP_SIGNATURE, KDUMP_SIGNATURE_SIZE);
		assert_int_equal(buf[kdump_header_size(l)], 0xaa);
		kdump_decode_header(l, buf, &h);
		assert_same_header(&h, &header);

		assert_true(kdump_sub_header_size(l) <= KDUMP_SUB_HEADER_SIZE_MAX);
		memset(buf, 0xaa, sizeof(buf));
		kdump_encode_sub_header(l, &sub, buf);
		assert_int_equal(buf[kdump_sub_header_size(l)], 0xaa);
		kdump_decode_sub_header(l, 6, buf, &s);
		assert_memory_equal(&s, &sub, sizeof(s));

		memset(buf, 0xaa, sizeof(buf));
		kdump_encode_page_desc(l, &desc, buf);
		assert_int_equal(buf[KDUMP_PAGE_DESC_SIZE], 0xaa);
		kdump_decode_page_desc(l, buf, &desc2);
		assert_memory_equal(&desc, &desc2, sizeof(desc));
	}
}

static uint64_t at(const struct kdump_layout *l, const unsigned char *buf, size_t off, int size)
{
	return size == 8 ? load_u64(buf + off, l->swap) : load_u32(buf + off, l->swap);
}

/* The offsets, as the ABIs have them. */
static void test_header_offsets(void **state)
{
	unsigned char buf[KDUMP_HEADER_SIZE_MAX];

	(void)state;
	assert_int_equal(kdump_header_size(&le64), 464);
	assert_int_equal(kdump_header_size(&le32), 452);
	assert_int_equal(kdump_header_size(&i386), 452);
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct kdump_layout *l = layouts[i];
		size_t time = l->is64 ? 408 : 404, rest = l->is64 ? 424 : 412;

		kdump_encode_header(l, &header, buf);
		assert_int_equal(at(l, buf, 8, 4), 6);
		assert_string_equal((char *)buf + 12, "Linux");
		assert_string_equal((char *)buf + 12 + 65, "node");
		assert_string_equal((char *)buf + 12 + 2 * 65, "6.1.0");
		assert_string_equal((char *)buf + 12 + 3 * 65, "#1 SMP");
		assert_string_equal((char *)buf + 12 + 4 * 65, "ppc64le");
		assert_string_equal((char *)buf + 12 + 5 * 65, "(none)");
		assert_int_equal(at(l, buf, time, l->is64 ? 8 : 4), 0x65432100);
		assert_int_equal(at(l, buf, rest, 4), KDUMP_LZO | KDUMP_INCOMPLETE);
		assert_int_equal(at(l, buf, rest + 4, 4), 65536);
		assert_int_equal(at(l, buf, rest + 8, 4), 3);
		assert_int_equal(at(l, buf, rest + 12, 4), 0x80000002);
		assert_int_equal(at(l, buf, rest + 16, 4), 0xfffffff1);
		for (size_t off = rest + 20; off < rest + 36; off++)
			assert_int_equal(buf[off], 0);
		assert_int_equal(at(l, buf, rest + 36, 4), 17);
	}
}

static void test_sub_header_offsets(void **state)
{
	unsigned char buf[KDUMP_SUB_HEADER_SIZE_MAX];

	(void)state;
	assert_int_equal(kdump_sub_header_size(&le64), 104);
	kdump_encode_sub_header(&be64, &sub, buf);
	assert_int_equal(at(&be64, buf, 0, 8), 0x81000000);
	assert_int_equal(at(&be64, buf, 8, 4), 31);
	assert_int_equal(at(&be64, buf, 12, 4), 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(at(&be64, buf, 16 + 8 * i, 8), 0x90000001 + i);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(at(&be64, buf, 32 + 16 * i, 8), 0x1000000003 + 2 * i);
		assert_int_equal(at(&be64, buf, 40 + 16 * i, 8), 0x90000004 + 2 * i);
		assert_int_equal(at(&be64, buf, 80 + 8 * i, 8), 0x1000000009 + i);
	}

	assert_int_equal(kdump_sub_header_size(&le32), 96);
	kdump_encode_sub_header(&be32, &sub, buf);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(at(&be32, buf, 24 + 16 * i, 8), 0x1000000003 + 2 * i);
		assert_int_equal(at(&be32, buf, 32 + 16 * i, 4), 0x90000004 + 2 * i);
		assert_int_equal(at(&be32, buf, 72 + 8 * i, 8), 0x1000000009 + i);
	}

	assert_int_equal(kdump_sub_header_size(&i386), 80);
	kdump_encode_sub_header(&i386, &sub, buf);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(at(&i386, buf, 20 + 12 * i, 8), 0x1000000003 + 2 * i);
		assert_int_equal(at(&i386, buf, 28 + 12 * i, 4), 0x90000004 + 2 * i);
		assert_int_equal(at(&i386, buf, 56 + 8 * i, 8), 0x1000000009 + i);
	}

	/* Up to there, the 32-bit ones are the same. */
	for (int i = 0; i < 2; i++) {
		const struct kdump_layout *l = i ? &le32 : &i386;

		kdump_encode_sub_header(l, &sub, buf);
		assert_int_equal(at(l, buf, 0, 4), 0x81000000);
		assert_int_equal(at(l, buf, 4, 4), 31);
		assert_int_equal(at(l, buf, 8, 4), 1);
		assert_int_equal(at(l, buf, 12, 4), 0x90000001);
		assert_int_equal(at(l, buf, 16, 4), 0x90000002);
	}
}

static void test_versions(void **state)
{
	unsigned char buf[KDUMP_SUB_HEADER_SIZE_MAX];
	struct kdump_sub_header s;

	(void)state;
	kdump_encode_sub_header(&le64, &sub, buf);
	for (int version = 0; version <= 6; version++) {
		kdump_decode_sub_header(&le64, version, buf, &s);
		assert_int_equal(s.phys_base, sub.phys_base);
		assert_int_equal(s.dump_level, version >= 1 ? sub.dump_level : 0);
		assert_int_equal(s.split, version >= 2 ? sub.split : 0);
		assert_int_equal(s.start_pfn, version >= 2 ? sub.start_pfn : 0);
		assert_int_equal(s.end_pfn, version >= 2 ? sub.end_pfn : 0);
		assert_int_equal(s.offset_vmcoreinfo, version >= 3 ? sub.offset_vmcoreinfo : 0);
		assert_int_equal(s.size_vmcoreinfo, version >= 3 ? sub.size_vmcoreinfo : 0);
		assert_int_equal(s.offset_note, version >= 4 ? sub.offset_note : 0);
		assert_int_equal(s.size_note, version >= 4 ? sub.size_note : 0);
		assert_int_equal(s.offset_eraseinfo, version >= 5 ? sub.offset_eraseinfo : 0);
		assert_int_equal(s.size_eraseinfo, version >= 5 ? sub.size_eraseinfo : 0);
		assert_int_equal(s.start_pfn_64, version >= 6 ? sub.start_pfn_64 : 0);
		assert_int_equal(s.end_pfn_64, version >= 6 ? sub.end_pfn_64 : 0);
		assert_int_equal(s.max_mapnr_64, version >= 6 ? sub.max_mapnr_64 : 0);
	}
}

static void test_strings_end(void **state)
{
	unsigned char buf[KDUMP_HEADER_SIZE_MAX];
	struct kdump_header h;

	(void)state;
	memset(buf, 'x', sizeof(buf));
	kdump_decode_header(&le64, buf, &h);
	assert_int_equal(strlen(h.utsname.sysname), UTS_LEN - 1);
	assert_int_equal(strlen(h.utsname.nodename), UTS_LEN - 1);
	assert_int_equal(strlen(h.utsname.release), UTS_LEN - 1);
	assert_int_equal(strlen(h.utsname.version), UTS_LEN - 1);
	assert_int_equal(strlen(h.utsname.machine), UTS_LEN - 1);
	assert_int_equal(strlen(h.utsname.domainname), UTS_LEN - 1);
}

static void test_negative_timestamp(void **state)
{
	unsigned char buf[KDUMP_HEADER_SIZE_MAX];
	struct kdump_header h = header;

	(void)state;
	h.timestamp = -1;
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct kdump_header h2;

		kdump_encode_header(layouts[i], &h, buf);
		kdump_decode_header(layouts[i], buf, &h2);
		assert_int_equal(h2.timestamp, -1);
	}
}

static void test_guess_layout(void **state)
{
	static const int32_t sizes[] = { 4096, 8192, 16384, 65536, 262144 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		const struct kdump_layout *l = layouts[i];

		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			unsigned char buf[KDUMP_HEADER_SIZE_MAX] = { 0 };
			struct kdump_header h = header;
			struct kdump_layout guess;

			h.version = 1 + j;
			h.block_size = sizes[j];
			/* As large as a block, where a 64-bit header has that. */
			h.max_mapnr = 65536;
			kdump_encode_header(l, &h, buf);
			assert_int_equal(kdump_guess_layout(buf, &guess), 0);
			assert_int_equal(guess.is64, l->is64);
			assert_int_equal(guess.swap, l->swap);
		}
	}
}

static void test_guess_layout_fails(void **state)
{
	static const int32_t sizes[] = { 0, -4096, 2048, 4097, 12288, 524288, INT32_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		unsigned char buf[KDUMP_HEADER_SIZE_MAX] = { 0 };
		struct kdump_header h = header;
		struct kdump_layout guess;

		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			h.block_size = sizes[j];
			kdump_encode_header(layouts[i], &h, buf);
			assert_int_equal(kdump_guess_layout(buf, &guess), -EBADMSG);
			assert_non_null(strstr(err_text(-EBADMSG), "block size"));
		}
		h = header;
		h.version = -1;
		kdump_encode_header(layouts[i], &h, buf);
		assert_int_equal(kdump_guess_layout(buf, &guess), -EBADMSG);
	}
}

static bool guess_align8(struct kdump_layout l, const struct kdump_header *h,
			 const struct kdump_sub_header *s)
{
	unsigned char buf[KDUMP_SUB_HEADER_SIZE_MAX] = { 0 };

	kdump_encode_sub_header(&l, s, buf);
	l.align8 = !l.align8;
	kdump_guess_sub_layout(h, buf, &l);
	return l.align8;
}

static void test_guess_sub_layout(void **state)
{
	static const struct kdump_layout be_packed = { .swap = !HOST_BIG_ENDIAN };
	const struct kdump_layout *all[] = { &le32, &be32, &i386, &be_packed };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		uint64_t notes = 4096 + kdump_sub_header_size(all[i]);
		struct kdump_header h = { .version = 6, .block_size = 4096, .sub_hdr_size = 1,
					  .bitmap_blocks = 2, .max_mapnr = 0x4000 };
		struct kdump_sub_header s = { .max_mapnr_64 = 0x4000 };
		const char *machines[] = { "i686", "armv7l" };

		/* The contents count, not the name. */
		for (size_t j = 0; j < ARRAY_SIZE(machines); j++) {
			strcpy(h.utsname.machine, machines[j]);
			/* Nothing but the number of pages. */
			h.version = 6;
			assert_int_equal(guess_align8(*all[i], &h, &s), all[i]->align8);
			/* Nothing but notes. */
			h.version = 5;
			s.offset_note = notes;
			s.size_note = 400;
			assert_int_equal(guess_align8(*all[i], &h, &s), all[i]->align8);
			/* Nothing but VMCOREINFO. */
			h.version = 3;
			s.offset_vmcoreinfo = notes;
			s.size_vmcoreinfo = 200;
			assert_int_equal(guess_align8(*all[i], &h, &s), all[i]->align8);
			/* All of it. */
			h.version = 6;
			assert_int_equal(guess_align8(*all[i], &h, &s), all[i]->align8);
			memset(&s, 0, sizeof(s));
			s.max_mapnr_64 = 0x4000;
		}
		/* Nothing at all: the name counts. */
		h.version = 2;
		strcpy(h.utsname.machine, "i686");
		assert_false(guess_align8(*all[i], &h, &s));
		strcpy(h.utsname.machine, "ppc");
		assert_true(guess_align8(*all[i], &h, &s));
	}
}

static void test_codec_flags(void **state)
{
	static const struct {
		uint32_t flags;
		enum codec_id id;
	} cases[] = {
		{ 0, CODEC_NONE }, { 1, CODEC_ZLIB }, { 2, CODEC_LZO },
		{ 4, CODEC_SNAPPY }, { 0x20, CODEC_ZSTD },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(kdump_flags_of_codec(cases[i].id), cases[i].flags);
		assert_int_equal(kdump_codec_of_flags(cases[i].flags), cases[i].id);
		assert_int_equal(kdump_codec_of_flags(cases[i].flags | KDUMP_INCOMPLETE |
						      KDUMP_EXCLUDED_VMEMMAP), cases[i].id);
	}
	for (enum codec_id id = CODEC_NONE; id < NR_CODECS; id++)
		assert_int_equal(kdump_codec_of_flags(kdump_flags_of_codec(id)), id);
	assert_int_equal(kdump_codec_of_flags(KDUMP_ZLIB | KDUMP_LZO), CODEC_NONE);
}

static void test_machines(void **state)
{
	static const struct {
		const char *name;
		uint16_t em;
	} cases[] = {
		{ "x86_64", EM_X86_64 }, { "i686", EM_386 }, { "i386", EM_386 },
		{ "aarch64", EM_AARCH64 }, { "armv7l", EM_ARM }, { "ppc64le", EM_PPC64 },
		{ "ppc64", EM_PPC64 }, { "ppc", EM_PPC }, { "s390x", EM_S390 },
		{ "S390X", EM_S390 }, { "riscv64", EM_RISCV }, { "loongarch64", 258 },
		{ "mips64", EM_MIPS }, { "sparc64", EM_SPARCV9 }, { "ia64", EM_IA_64 },
		{ "", 0 }, { "i886", 0 }, { "x86", 0 }, { "Linux", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(kdump_machine_of_uts(cases[i].name), cases[i].em);
}

/* The usual name leads back to the number it is of. */
static void test_names_of_machines(void **state)
{
	static const uint16_t machines[] = {
		EM_X86_64, EM_386, EM_AARCH64, EM_ARM, EM_PPC64, EM_PPC, EM_S390, EM_RISCV,
		EM_LOONGARCH, EM_MIPS, EM_SPARCV9, EM_IA_64,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		for (int bits = 0; bits < 4; bits++) {
			const char *name = kdump_uts_of_machine(machines[i], bits & 1, bits & 2);

			assert_non_null(name);
			assert_int_equal(kdump_machine_of_uts(name), machines[i]);
		}
	}
	assert_string_equal(kdump_uts_of_machine(EM_PPC64, true, false), "ppc64le");
	assert_string_equal(kdump_uts_of_machine(EM_S390, false, true), "s390");
	assert_null(kdump_uts_of_machine(0, true, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_header_offsets),
		cmocka_unit_test(test_sub_header_offsets),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_strings_end),
		cmocka_unit_test(test_negative_timestamp),
		cmocka_unit_test(test_guess_layout),
		cmocka_unit_test(test_guess_layout_fails),
		cmocka_unit_test(test_guess_sub_layout),
		cmocka_unit_test(test_codec_flags),
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_names_of_machines),
	};

	return cmocka_run_group_tests_name("kdump_format", tests, NULL, NULL);
}
