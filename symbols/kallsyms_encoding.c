// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols/kallsyms_encoding.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/trace.h"

/*
 * VMCOREINFO tells the addresses of these as symbol tables have them. For others it
 * tells something else: what a macro stands for (swapper_pg_dir), or what a pointer
 * holds (mem_section, vmemmap).
 */
static const char *const anchors[] = {
	"_stext",	    "init_uts_ns",	"prb",
	"printk_rb_static", "clear_seq",	"node_data",
	"init_top_pgt",	    "vmap_area_list",	"log_buf",
	"log_buf_len",	    "contig_page_data",
};
INIT_OPT_MOD_SYM(vmlinux, _stext);
INIT_OPT_MOD_SYM(vmlinux, prb);
INIT_OPT_MOD_SYM(vmlinux, printk_rb_static);
INIT_OPT_MOD_SYM(vmlinux, clear_seq);
INIT_OPT_MOD_SYM(vmlinux, node_data);
INIT_OPT_MOD_SYM(vmlinux, vmap_area_list);
INIT_OPT_MOD_SYM(vmlinux, log_buf);
INIT_OPT_MOD_SYM(vmlinux, log_buf_len);
INIT_OPT_MOD_SYM(vmlinux, contig_page_data);

/* Bytes at a symbol that are the same in all kernels. */
static const struct landmark {
	const char *name, *bytes;
	size_t len;
} landmarks[] = {
	{ "linux_banner", "Linux version ", 14 },
	{ "__start_BTF", "\x9f\xeb\x01", 3 },
	{ "__start_BTF", "\xeb\x9f\x01", 3 },
};

_Static_assert(ARRAY_SIZE(anchors) + ARRAY_SIZE(landmarks) <= KSYM_EVIDENCE_NAMES,
	       "KSYM_EVIDENCE_NAMES is too small");

void ksym_evidence_want(struct symbol_match *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(anchors); i++)
		symbol_match_add(w, anchors[i]);
	for (size_t i = 0; i < ARRAY_SIZE(landmarks); i++)
		symbol_match_add(w, landmarks[i].name);
}

/* One symbol that serves as evidence: where it is known to be, or what is there. */
struct evidence {
	uint32_t index;
	const struct landmark *landmark; /* or NULL */
	uint64_t address;
};

struct trial {
	const struct vmem *mem;
	const struct evidence *evidence;
	size_t nr;
};

/* A name with several symbols proves nothing. */
static bool single(const struct symbol_match *w, const char *name, uint32_t *index)
{
	const struct symbol_match_name *n = symbol_match_find(w, name);

	if (!n || n->nr != 1 || n->fit < KSYM_FIT_LOCAL)
		return false;
	*index = n->refs[0];
	return true;
}

static const struct ksym_info *known_address(const struct fact_set *sets, size_t nr_sets,
					     const char *name)
{
	for (size_t i = 0; i < nr_sets; i++) {
		for (size_t j = 0; j < sets[i].nr_ksyms; j++) {
			const struct ksym_info *s = sets[i].ksyms[j];

			if ((s->index == FACT_FILE || s->index == FACT_VMCOREINFO) &&
			    !strcmp(s->symname, name) && !strcmp(s->modname, "vmlinux"))
				return s;
		}
	}
	return NULL;
}

static size_t collect(struct evidence *e, const struct symbol_match *w, const struct fact_set *sets,
		      size_t nr_sets)
{
	size_t nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(anchors); i++) {
		const struct ksym_info *s = known_address(sets, nr_sets, anchors[i]);

		if (s && single(w, anchors[i], &e[nr].index)) {
			e[nr].landmark = NULL;
			e[nr++].address = s->value;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(landmarks); i++) {
		if (single(w, landmarks[i].name, &e[nr].index))
			e[nr++].landmark = &landmarks[i];
	}
	return nr;
}

static bool is_right(const struct trial *t, const struct evidence *e, uint64_t value)
{
	char bytes[16];

	if (!e->landmark)
		return value == e->address;
	return !vmem_read(t->mem, value, bytes, e->landmark->len) &&
	       !memcmp(bytes, e->landmark->bytes, e->landmark->len);
}

/* Count the pieces of evidence for a candidate, and those against it. */
static void count_evidence(const struct trial *t, const struct ksym_values *candidate,
			   unsigned int *right, unsigned int *wrong)
{
	uint64_t seen[KSYM_EVIDENCE_NAMES];

	*right = *wrong = 0;
	for (size_t i = 0; i < t->nr; i++) {
		const struct evidence *e = &t->evidence[i];
		bool known = false;
		uint64_t value;

		if (ksym_value(t->mem, candidate, e->index, &value) || !is_right(t, e, value)) {
			/* If a landmark has two byte orders, one of them is wrong. */
			*wrong += !e->landmark;
			continue;
		}
		for (unsigned int j = 0; j < *right; j++)
			known |= seen[j] == value;
		if (!known)
			seen[(*right)++] = value;
	}
}

/*
 * Return whether all addresses are in order, as the tables are made, and nearly all in the
 * kernel image: those that are not come first, as per-CPU symbols do.
 */
static bool in_order(const struct vmem *mem, const struct kallsyms_tables *tables,
		     const struct ksym_values *candidate)
{
	uint32_t outside = 0;
	uint64_t last = 0;

	for (uint32_t i = 0; i < tables->num_syms; i += KSYM_VALUES_CHUNK) {
		uint32_t n = min_u64(KSYM_VALUES_CHUNK, tables->num_syms - i);
		uint64_t values[KSYM_VALUES_CHUNK];

		if (ksym_values_read(mem, candidate, i, n, values))
			return false;
		for (uint32_t j = 0; j < n; j++) {
			if (values[j] < last || values[j] >= mem->image_end)
				return false;
			outside += values[j] < mem->image_start;
			last = values[j];
		}
	}
	return outside < tables->num_syms / 16;
}

static bool shows_landmark(const struct trial *t, const struct ksym_values *candidate)
{
	for (size_t i = 0; i < t->nr; i++) {
		const struct evidence *e = &t->evidence[i];
		uint64_t value;

		if (e->landmark && !ksym_value(t->mem, candidate, e->index, &value) &&
		    is_right(t, e, value))
			return true;
	}
	return false;
}

/*
 * The base that a known symbol suggests, where the kernel's is damaged. A landmark has to agree:
 * known addresses that are all wrong by the same distance agree, too.
 */
static bool infer_base(const struct trial *t, const struct ksym_values *candidate,
		       struct ksym_values *ret)
{
	if (candidate->encoding != KSYM_BASE_RELATIVE &&
	    candidate->encoding != KSYM_ABSOLUTE_PERCPU)
		return false;
	for (size_t i = 0; i < t->nr; i++) {
		const struct evidence *e = &t->evidence[i];
		struct ksym_values other = *candidate;
		unsigned int right, wrong;
		uint64_t value;

		other.base = 0;
		if (e->landmark || ksym_value(t->mem, &other, e->index, &value))
			continue;
		other.base = e->address - value;
		count_evidence(t, &other, &right, &wrong);
		if (right < 3 || wrong || !shows_landmark(t, &other))
			continue;
		*ret = other;
		return true;
	}
	return false;
}

int kallsyms_encoding_choose(struct ksym_values *ret, const struct vmem *mem,
			     const struct kallsyms_tables *tables, const struct symbol_match *w,
			     const struct fact_set *sets, size_t nr_sets)
{
	struct evidence evidence[KSYM_EVIDENCE_NAMES];
	const struct trial t = {
		.mem = mem,
		.evidence = evidence,
		.nr = collect(evidence, w, sets, nr_sets),
	};
	unsigned int best_right = 0, best_wrong = 0;

	for (unsigned int i = 0; i < tables->nr_candidates; i++) {
		const struct ksym_values *c = &tables->candidates[i];
		unsigned int right, wrong;

		count_evidence(&t, c, &right, &wrong);
		if (right < 2 && !wrong)
			right += in_order(mem, tables, c);
		TRACE(KALLSYMS, "encoding %d at %#" PRIx64 ": %u known symbols right, %u wrong",
		      c->encoding, c->table, right, wrong);
		if (right > best_right || (right == best_right && right && wrong < best_wrong)) {
			best_right = right;
			best_wrong = wrong;
			*ret = *c;
		}
	}
	if (!t.nr)
		return err_set(-EBADMSG, "cannot tell where symbols are: neither VMCOREINFO (give "
					 "it with -i) nor linux_banner tells the address of one");
	if (best_right >= 2 && best_wrong < best_right)
		return 0;
	for (unsigned int i = 0; i < tables->nr_candidates; i++)
		if (infer_base(&t, &tables->candidates[i], ret))
			return 0;
	return err_set(-EBADMSG,
		       "cannot tell where symbols are: of %zu known ones the tables have %u right",
		       t.nr, best_right);
}
