// SPDX-License-Identifier: GPL-2.0-or-later
#include "extension/answers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/err.h"
#include "lib/size_text.h"

/* No machine has memory at or above this. */
#define PHYSICAL_END (UINT64_C(1) << 52)

/* Rounded up to whole pages. */
static uint64_t pages(uint64_t bytes)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	return div_round_up(bytes, page) * page;
}

/* A file tells which parts of it were written to; without one all has to be looked at. */
static void *map_shared(int fd, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
}

static int shared_map(struct extension_answers *a, uint64_t size)
{
	a->fd = memfd_create("extension", MFD_CLOEXEC);
	if (a->fd >= 0 && ftruncate(a->fd, size)) {
		close(a->fd);
		a->fd = -1;
	}
	a->base = map_shared(a->fd, size);
	if (a->base != MAP_FAILED)
		return 0;
	a->base = NULL;
	if (a->fd >= 0)
		close(a->fd);
	return err_set(-ENOMEM, "no memory for %" PRIu64 " bytes of its answers", size);
}

int extension_answers_create(struct extension_answers *a, uint64_t nr_pfns)
{
	uint64_t bits = pages(div_round_up(nr_pfns, 64) * sizeof(uint64_t));
	uint64_t head = pages(sizeof(*a->shared));
	uint64_t size = head + 2 * bits + pages(ERASURES_MAX * sizeof(*a->erasures));
	int err;

	if (size > SIZE_MAX / 2)
		return err_set(-ENOMEM, "a bitmap of %" PRIu64 " pages is too large", nr_pfns);
	err = shared_map(a, size);
	if (err)
		return err;
	a->size = size;
	a->shared = (void *)a->base;
	a->include = (struct bitmap){ .words = (void *)(a->base + head), .nbits = nr_pfns };
	a->exclude = (struct bitmap){
		.words = (void *)(a->base + head + bits),
		.nbits = nr_pfns,
	};
	a->erasures = (void *)(a->base + head + 2 * bits);
	*a->shared = (struct extension_shared){
		.include = a->include,
		.exclude = a->exclude,
		.erasures = a->erasures,
	};
	return 0;
}

void extension_answers_destroy(struct extension_answers *a)
{
	munmap(a->base, a->size);
	if (a->fd >= 0)
		close(a->fd);
}

/* --- taking over what it said ------------------------------------------------------- */

/*
 * The next part of [pos, end) that was written to; looking at the rest would cost its
 * memory. false: there is none.
 */
static bool next_written(const struct extension_answers *a, uint64_t *pos, uint64_t end,
			 uint64_t *stop)
{
	off_t data, hole;

	*stop = end;
	if (*pos >= end)
		return false;
	if (a->fd < 0)
		return true;
	data = lseek(a->fd, *pos, SEEK_DATA);
	if (data < 0)
		return errno != ENXIO;
	hole = lseek(a->fd, data, SEEK_HOLE);
	*pos = data;
	if (hole > data)
		*stop = min_u64(hole, end);
	return *pos < end;
}

/* Take over bits [first, end), copied piece by piece. @param first a multiple of 64 */
static void take_piece(const struct bitmap *from, uint64_t first, uint64_t end, struct bitmap *to)
{
	uint64_t words[512];

	for (uint64_t nr; first < end; first += nr) {
		struct bitmap copy = { .words = words };

		copy.nbits = nr = min_u64(end - first, sizeof(words) * 8);
		memcpy(words, from->words + first / 64, div_round_up(nr, 64) * sizeof(*words));
		for (uint64_t e, b = bitmap_next_set(&copy, 0, nr); b < nr;
		     b = bitmap_next_set(&copy, e, nr)) {
			e = bitmap_next_clear(&copy, b, nr);
			bitmap_set_range(to, first + b, first + e);
		}
	}
}

static void take_bits(const struct extension_answers *a, const struct bitmap *from,
		      struct bitmap *to)
{
	uint64_t start = (uint8_t *)from->words - a->base;
	uint64_t end = start + div_round_up(from->nbits, 64) * sizeof(uint64_t);
	uint64_t stop;

	for (uint64_t pos = start; next_written(a, &pos, end, &stop); pos = stop)
		take_piece(from, (pos - start) / sizeof(uint64_t) * 64,
			   min_u64((stop - start) * 8, from->nbits), to);
}

/* Ranges to be erased, out of reach of the extension's process. */
struct erasures {
	struct erase_range *ranges; /* owned */
	uint32_t nr;
};

static int copy_erasures(const struct extension_answers *a, struct erasures *ret)
{
	uint32_t nr = __atomic_load_n(&a->shared->nr_erasures, __ATOMIC_RELAXED);

	if (a->shared->erasures_lost)
		return err_set(-E2BIG, "it has more than %u ranges to be erased", ERASURES_MAX);
	if (nr > ERASURES_MAX)
		return err_set(-EBADMSG, "its answers were overwritten");
	ret->ranges = calloc(nr + 1, sizeof(*ret->ranges));
	if (!ret->ranges)
		return err_set(-ENOMEM, "no memory for %" PRIu32 " ranges to be erased", nr);
	ret->nr = nr;
	memcpy(ret->ranges, a->erasures, nr * sizeof(*ret->ranges));
	for (uint32_t i = 0; i < nr; i++) {
		const struct erase_range *r = &ret->ranges[i];

		if (r->start >= r->end || r->end > PHYSICAL_END)
			return err_set(-EBADMSG, "its answers were overwritten");
	}
	return 0;
}

static int take_erasures(const struct erasures *e, const char *name, struct erase_list *list)
{
	uint64_t bytes = 0;
	int err = 0;

	for (uint32_t i = 0; !err && i < e->nr; i++) {
		const struct erase_range *r = &e->ranges[i];

		err = erase_list_add(list, r->start, r->end - r->start, r->fill);
		bytes += r->end - r->start;
	}
	if (!err && e->nr)
		err = erase_list_note(list,
				      "extension %s: %" PRIu64 " byte%s in %" PRIu32
				      " range%s erased",
				      name, bytes, plural_s(bytes), e->nr, plural_s(e->nr));
	return err;
}

int extension_answers_take(const struct extension_answers *a, const char *name, struct verdicts *v,
			   struct erase_list *list, struct reported *values, int *fatal)
{
	struct erasures e = { .nr = 0 };
	int err = copy_erasures(a, &e);

	if (!err)
		err = reported_copy(values, &a->shared->reported);
	if (!err) {
		take_bits(a, &a->include, &v->include);
		take_bits(a, &a->exclude, &v->exclude);
		*fatal = err = take_erasures(&e, name, list);
	}
	free(e.ranges);
	return err;
}
