// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory in files without headers (--raw): the user says which addresses they hold. Such files
 * are written by the firmware of phones, and back the memory of virtual machines.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "vmcore/bare.h"
#include "vmcore/ranges.h"

static const struct dump_file *file_of(const struct vmcore *vc, unsigned int number)
{
	return number ? &vc->others[number - 1] : &vc->file;
}

/* Return the number of a file by its name, or of the next one to be opened. */
static unsigned int find_file(const struct vmcore *vc, const char *path)
{
	unsigned int number = 0;

	while (path && number <= vc->nr_others && strcmp(file_of(vc, number)->path, path))
		number++;
	return number;
}

static int check_overlap(const struct vmcore_options *opt, const struct range_piece *pieces,
			 size_t nr, const struct memory_range *r)
{
	for (size_t i = 0; i < nr; i++)
		if (pieces[i].range.start < r->end && r->start < pieces[i].range.end)
			return err_set(-EINVAL,
				       "--raw: the memory at %#" PRIx64 " and at %#" PRIx64
				       " overlaps",
				       opt->raw[pieces[i].index].base, r->start);
	return 0;
}

/*
 * Add the memory of one --raw: it follows in its file what earlier ones took of it.
 * @param used bytes of each file that were taken
 */
static int add(struct vmcore *vc, size_t index, uint64_t *used, struct range_piece *pieces,
	       size_t *nr)
{
	const struct vmcore_options *opt = vc->options;
	const struct raw_range *raw = &opt->raw[index];
	unsigned int number = find_file(vc, raw->path);
	int err = number > vc->nr_others ? vmcore_add_file(vc, raw->path) : 0;
	const struct dump_file *f = file_of(vc, number);
	struct memory_range r = { .start = raw->base, .off = used[number], .file = number };
	uint64_t left, size;

	if (err)
		return err;
	left = f->size - used[number];
	size = raw->size ? raw->size : left;
	if (!size)
		return err_set(-EINVAL, "--raw: %s has no bytes for the memory at %#" PRIx64,
			       f->path, raw->base);
	if (!range_fits(raw->base, size, PADDR_MAX))
		return err_set(-EINVAL,
			       "--raw: %" PRIu64 " bytes at %#" PRIx64
			       " end beyond the memory of any machine",
			       size, raw->base);
	r.end = r.start + size;
	err = check_overlap(opt, pieces, *nr, &r);
	if (err)
		return err;
	if (size > left) {
		vmcore_warn(vc,
			    "--raw: %s is cut short: it has %" PRIu64 " of %" PRIu64
			    " bytes for the memory at %#" PRIx64,
			    f->path, left, size, raw->base);
		vc->incomplete = true;
		size = left;
	}
	used[number] += size;
	ranges_add(pieces, nr, index,
		   &(struct memory_range){ r.start, r.start + size, r.off, number, RANGE_FILE });
	ranges_add(pieces, nr, index,
		   &(struct memory_range){ r.start + size, r.end, 0, number, RANGE_LOST });
	return 0;
}

static int raw_open(struct vmcore *vc, const void *head __attribute__((unused)),
		    size_t head_len __attribute__((unused)))
{
	size_t nr_raw = vc->options->nr_raw, nr = 0;
	_cleanup_free_ struct range_piece *pieces = NULL;
	_cleanup_free_ uint64_t *used = NULL;
	int err = 0;

	if (!nr_raw)
		return -ENOENT;
	pieces = calloc(nr_raw, 2 * sizeof(*pieces));
	used = calloc(nr_raw + 1, sizeof(*used));
	if (!pieces || !used)
		return err_set(-ENOMEM, "no memory for %zu ranges", nr_raw);
	bare_init(vc);
	for (size_t i = 0; !err && i < nr_raw; i++)
		err = add(vc, i, used, pieces, &nr);
	return err ? err : ranges_build(vc, pieces, nr);
}

const struct vmcore_ops raw_vmcore_ops = {
	.name = "raw memory",
	.open = raw_open,
	RANGES_OPS,
};
