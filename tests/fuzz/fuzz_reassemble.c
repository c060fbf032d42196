// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two parts of a split dump, and what they are put together to (--reassemble): if that worked,
 * each page of it can be found.
 *
 * Input:
 *	1	FUZZ_BINARY
 *	4	bytes of the first part
 *	...	the first part, and the second one
 */
#include <signal.h>
#include <sys/resource.h>

#include "lib/bitmap.h"
#include "lib/log_control.h"
#include "output/reassemble.h"
#include "tests/fuzz/file.h"
#include "vmcore/vmcore.h"

#define FILE_MAX (64u << 20)
/* Pages that a dump may claim to have, so that a bitmap of them takes no time. */
#define CLAIM_MAX (1u << 26)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct rlimit limit = { FILE_MAX, FILE_MAX };

	(void)argc;
	(void)argv;
	log_set_levels(0);
	signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &limit);
}

static void check_whole(const struct fuzz_file *out)
{
	static const struct vmcore_options opt;
	struct bitmap data;
	struct vmcore *vc;
	int err = vmcore_open(&vc, out->path, &opt);

	if (err)
		fprintf(stderr, "%s\n", err_text(err));
	assert(!err && !vc->incomplete);
	if (vc->max_pfn <= CLAIM_MAX) {
		if (bitmap_init(&data, vc->max_pfn))
			abort();
		err = vmcore_bitmap(vc, VMCORE_STORED, &data);
		assert(!err);
		bitmap_deinit(&data);
	}
	vmcore_close(vc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct fuzz_file parts[2], out;
	char *paths[] = { parts[0].path, parts[1].path };
	uint32_t first;
	int err;

	fuzz_number(&in, 1);
	first = fuzz_number(&in, 4);
	fuzz_file_make(&parts[0], fuzz_bytes(&in, first));
	fuzz_file_make(&parts[1], in);
	fuzz_file_make(&out, (struct fuzz_input){ data, 0 });
	err = reassemble(paths, 2, false, out.path, true);
	fuzz_check_file_err(err);
	if (!err)
		check_whole(&out);
	fuzz_file_close(&out);
	fuzz_file_close(&parts[1]);
	fuzz_file_close(&parts[0]);
	return 0;
}
