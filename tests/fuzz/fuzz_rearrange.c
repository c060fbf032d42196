// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a flattened stream to its file (-R): what comes out is what reading the stream as a file
 * gives. The input is the stream.
 */
#include <signal.h>
#include <sys/resource.h>

#include "lib/log_control.h"
#include "output/rearrange.h"
#include "tests/fuzz/file.h"
#include "vmcore/file.h"

/* Bytes of the inner file: more cannot be written, and not compared either. */
#define FILE_MAX (16u << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct rlimit limit = { FILE_MAX, FILE_MAX };

	(void)argc;
	(void)argv;
	log_set_levels(0);
	signal(SIGXFSZ, SIG_IGN);
	/* An input that was found still has to be written: it is smaller. */
	return setrlimit(RLIMIT_FSIZE, &limit);
}

static void compare(const struct fuzz_file *stream, const struct fuzz_file *out)
{
	struct dump_file file;
	struct file_reader r;
	uint64_t size = fuzz_file_size(out);
	uint8_t *ours, *theirs;

	if (file_open(&file, stream->path, false, NULL))
		abort();
	assert(file.size == size);
	ours = malloc(size + 1);
	theirs = malloc(size + 1);
	file_reader_init(&r, &file);
	if (!ours || !theirs || pread(out->fd, ours, size, 0) != (ssize_t)size ||
	    (size && file_read(&r, 0, theirs, size)))
		abort();
	assert(!memcmp(ours, theirs, size));
	free(theirs);
	free(ours);
	file_reader_deinit(&r);
	file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct fuzz_file stream, out;
	int err;

	fuzz_file_make(&stream, in);
	fuzz_file_make(&out, (struct fuzz_input){ data, 0 });
	err = rearrange(stream.fd, out.path, true);
	fuzz_check_file_err(err);
	if (!err)
		compare(&stream, &out);
	fuzz_file_close(&out);
	fuzz_file_close(&stream);
	return 0;
}
