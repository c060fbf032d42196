// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/vmcore.h"

#include "lib/array.h"

int vmcore_add_file(struct vmcore *vc, const char *path)
{
	int err = ARRAY_GROW(vc->others, vc->nr_others, "files");

	if (!err)
		err = file_open(&vc->others[vc->nr_others], path, vc->file.use_mmap,
				vc->options->spool);
	vc->nr_others += !err;
	return err;
}

struct file_reader *vmcore_file(struct vmcore_reader *r, unsigned int number)
{
	return number ? &r->others[number - 1] : &r->file;
}
