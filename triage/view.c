// SPDX-License-Identifier: GPL-2.0-or-later
#include "triage/view.h"

#include <string.h>

#include "facts/facts.h"
#include "lib/printable.h"

/* Bytes of a string that are read at once; no read crosses a page. */
#define STRING_PIECE 64
/* A read of at most this many bytes suggests more reads nearby. */
#define PEEK_MAX 1024

/* The progress of a copy. */
struct copy {
	const struct triage_view *v;
	uint8_t *to;
};

static int copy_run(void *ctx, paddr_t pa, uint64_t len)
{
	struct copy *c = ctx;
	struct vmcore_reader *r = c->v->r;
	/* A running kernel changes what was read before. */
	int err = len <= PEEK_MAX && !c->v->live ? vmcore_read_cached(r, pa, c->to, len) :
						   vmcore_read(r, pa, c->to, len);

	if (!err && c->v->overwrite)
		c->v->overwrite->apply(c->v->overwrite->ctx, pa, c->to, len);
	c->to += len;
	return err;
}

static int view_read(void *ctx, vaddr_t va, void *buf, size_t len)
{
	struct copy c = { .v = ctx, .to = buf };

	return kernel_for_each_run(c.v->k, c.v->r, va, len, copy_run, &c);
}

static int view_extent(void *ctx, vaddr_t va, uint64_t *len)
{
	const struct triage_view *v = ctx;
	struct arch_run run;
	int err = kernel_translate(v->k, v->r, va, &run);

	*len = run.len;
	return err;
}

int triage_view_init(struct triage_view *v, const struct kernel *k,
		     const struct kernel_overwrite *overwrite)
{
	const struct fact_set set = facts_on_demand();
	int err;

	*v = (struct triage_view){
		.k = k,
		.overwrite = overwrite,
		.live = vmcore_is_kcore(k->vc),
		.mem = {
			.read = view_read,
			.extent = view_extent,
			.ctx = v,
			.is64 = k->arch.is64,
			.swap = k->arch.swap,
		},
	};
	if (k->arch.ops && k->arch.ops->kernel_image)
		k->arch.ops->kernel_image(&k->arch, &v->mem.image_start, &v->mem.image_end);
	if (k->translation_err)
		return err_set(k->translation_err, "addresses cannot be translated: %s",
			       k->translation_why);
	err = vmcore_reader_create(&v->r, k->vc);
	if (!err)
		err = kernel_resolve(k, &set, &v->tables);
	if (err)
		triage_view_deinit(v);
	return err;
}

void triage_view_deinit(struct triage_view *v)
{
	kernel_tables_close(v->tables);
	vmcore_reader_destroy(v->r);
	*v = (struct triage_view){ 0 };
}

bool read_name(const struct vmem *mem, vaddr_t va, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	while (len < size - 1) {
		size_t n = min_u64(STRING_PIECE - (va + len) % STRING_PIECE, size - 1 - len);

		if (vmem_read(mem, va + len, buf + len, n)) {
			buf[0] = '\0';
			return false;
		}
		if (memchr(buf + len, '\0', n))
			break;
		len += n;
	}
	buf[size - 1] = '\0';
	make_printable(buf, strlen(buf), "");
	return true;
}
