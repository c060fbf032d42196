// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"
#include "lib/trace.h"

/* makedumpfile.ld */
#define BOUNDS(when) \
	extern struct ksym_info *__start_##when##_ksyms[], *const __stop_##when##_ksyms[]; \
	extern struct ktype_info *__start_##when##_ktypes[], *const __stop_##when##_ktypes[]; \
	extern struct knum_info *__start_##when##_knums[], *const __stop_##when##_knums[]; \
	extern struct klen_info *__start_##when##_klens[], *const __stop_##when##_klens[]; \
	extern struct kpath_info *__start_##when##_kpaths[], *const __stop_##when##_kpaths[]
BOUNDS(init);
BOUNDS(late);
BOUNDS(xen);

/*
 * Files that declare the same fact leave a pointer each to the one record. Keep the first of them,
 * so that a fact is moved, written and counted once. Doing it again changes nothing: the places
 * that become free repeat the first pointer.
 */
#define KEEP_FIRST(start, stop, ret_nr) \
	do { \
		size_t nr_ = (stop) - (start), n_ = 0; \
\
		for (size_t i_ = 0; i_ < nr_; i_++) { \
			size_t j_ = 0; \
\
			while (j_ < n_ && (start)[j_] != (start)[i_]) \
				j_++; \
			if (j_ == n_) \
				(start)[n_++] = (start)[i_]; \
		} \
		for (size_t i_ = n_; i_ < nr_; i_++) \
			(start)[i_] = (start)[0]; \
		(ret_nr) = n_; \
	} while (0)

#define FACT_SET(when) \
	{ \
		.ksyms = __start_##when##_ksyms, .ktypes = __start_##when##_ktypes, \
		.knums = __start_##when##_knums, .klens = __start_##when##_klens, \
		.kpaths = __start_##when##_kpaths, \
	}
#define KEEP_FIRST_OF_EACH(when, set) \
	do { \
		KEEP_FIRST(__start_##when##_ksyms, __stop_##when##_ksyms, (set).nr_ksyms); \
		KEEP_FIRST(__start_##when##_ktypes, __stop_##when##_ktypes, (set).nr_ktypes); \
		KEEP_FIRST(__start_##when##_knums, __stop_##when##_knums, (set).nr_knums); \
		KEEP_FIRST(__start_##when##_klens, __stop_##when##_klens, (set).nr_klens); \
		KEEP_FIRST(__start_##when##_kpaths, __stop_##when##_kpaths, (set).nr_kpaths); \
	} while (0)

struct fact_set facts_of_program(void)
{
	struct fact_set set = FACT_SET(init);

	KEEP_FIRST_OF_EACH(init, set);
	return set;
}

struct fact_set facts_on_demand(void)
{
	struct fact_set set = FACT_SET(late);

	KEEP_FIRST_OF_EACH(late, set);
	return set;
}

struct fact_set facts_of_xen(void)
{
	struct fact_set set = FACT_SET(xen);

	KEEP_FIRST_OF_EACH(xen, set);
	return set;
}

void facts_reset(const struct fact_set *set)
{
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		set->ksyms[i]->value = 0;
		set->ksyms[i]->index = -1;
	}
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		struct ktype_info *t = set->ktypes[i];

		t->member_bit_offset = t->member_bit_sz = t->member_size = t->struct_size = 0;
		t->index = -1;
	}
	for (size_t i = 0; i < set->nr_knums; i++) {
		set->knums[i]->value = 0;
		set->knums[i]->index = -1;
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		set->klens[i]->value = 0;
		set->klens[i]->index = -1;
	}
	for (size_t i = 0; i < set->nr_kpaths; i++) {
		struct kpath_info *p = set->kpaths[i];

		p->bit_offset = p->bit_sz = p->size = 0;
		p->index = -1;
	}
}

/* One declared fact of any kind. */
struct fact {
	int index;
	bool required;
	const char *module, *kind, *name, *member;
	char value[96]; /* in words; only of a fact that was found */
};

static void format_place(char *buf, size_t size, uint32_t bit_offset, uint32_t bit_size,
			 uint32_t bytes)
{
	int n = snprintf(buf, size, "%" PRIu32, bit_offset / 8);

	if (bit_size)
		snprintf(buf + n, size - n, " bit %" PRIu32 ", %" PRIu32 " bits", bit_offset % 8,
			 bit_size);
	else if (bytes)
		snprintf(buf + n, size - n, ", %" PRIu32 " bytes", bytes);
}

static struct fact fact_of_ksym(const struct ksym_info *s)
{
	struct fact f = {
		s->index, s->sym_required, s->modname, "SYMBOL", s->symname, NULL, "",
	};

	snprintf(f.value, sizeof(f.value), "%#" PRIx64, s->value);
	return f;
}

static struct fact fact_of_ktype(const struct ktype_info *t)
{
	struct fact f = {
		.index = t->index,
		.required = t->member_name ? t->member_required : t->struct_required,
		.module = t->modname,
		.kind = t->member_name ? "OFFSET" : "SIZE",
		.name = t->struct_name,
		.member = t->member_name,
	};

	if (t->member_name)
		format_place(f.value, sizeof(f.value), t->member_bit_offset, t->member_bit_sz,
			     t->member_size);
	else
		snprintf(f.value, sizeof(f.value), "%" PRIu32, t->struct_size);
	return f;
}

static struct fact fact_of_knum(const struct knum_info *n)
{
	struct fact f = { n->index, n->required, n->modname, "NUMBER", n->name, NULL, "" };

	snprintf(f.value, sizeof(f.value), "%" PRId64, n->value);
	return f;
}

static struct fact fact_of_klen(const struct klen_info *l)
{
	struct fact f = { l->index, l->required, l->modname, "LENGTH", l->name, l->member, "" };

	snprintf(f.value, sizeof(f.value), "%" PRIu64, l->value);
	return f;
}

static struct fact fact_of_kpath(const struct kpath_info *p)
{
	struct fact f = { p->index, p->required, p->modname, "OFFSET", p->path, NULL, "" };

	format_place(f.value, sizeof(f.value), p->bit_offset, p->bit_sz, p->size);
	return f;
}

/* Call a function with each fact once, however many files declare it. */
static void for_each_fact(const struct fact_set *set, void (*fn)(void *ctx, const struct fact *f),
			  void *ctx)
{
	struct fact f;

#define VISIT(kind) \
	for (size_t i = 0; i < set->nr_##kind##s; i++) { \
		size_t first = 0; \
\
		while (set->kind##s[first] != set->kind##s[i]) \
			first++; \
		if (first != i) \
			continue; \
		f = fact_of_##kind(set->kind##s[i]); \
		fn(ctx, &f); \
	}
	VISIT(ksym)
	VISIT(ktype)
	VISIT(knum)
	VISIT(klen)
	VISIT(kpath)
#undef VISIT
}

static void look_for_module(void *ctx, const struct fact *f)
{
	bool *found = ctx;

	*found |= strcmp(f->module, "vmlinux");
}

bool facts_of_modules(const struct fact_set *set)
{
	bool found = false;

	for_each_fact(set, look_for_module, &found);
	return found;
}

/* The line of facts_describe(), as far as it is written. */
struct description {
	char *buf;
	size_t size;
	int source; /* facts of this one only */
	size_t count;
	const char *before; /* the next name; NULL: names are not listed */
};

static void count_source(void *ctx, const struct fact *f)
{
	struct description *d = ctx;

	d->count += f->index == d->source;
}

static void list_source(void *ctx, const struct fact *f)
{
	struct description *d = ctx;

	if (f->index != d->source)
		return;
	text_append(d->buf, d->size, "%s%s(%s%s%s)", d->before, f->kind, f->name,
		    f->member ? "." : "", f->member ? f->member : "");
	d->before = " ";
}

static void describe_source(const struct fact_set *set, int source, const char *from, char *buf,
			    size_t size)
{
	struct description d = { .buf = buf, .size = size, .source = source, .before = " (" };

	for_each_fact(set, count_source, &d);
	if (!d.count)
		return;
	text_append(buf, size, "%s %zu %s", buf[0] ? "," : "facts:", d.count, from);
	if (source == FACT_FILE || source == FACT_VMCOREINFO)
		return;
	for_each_fact(set, list_source, &d);
	text_append(buf, size, ")");
}

void facts_describe(const struct fact_set *set, char *buf, size_t size)
{
	buf[0] = '\0';
	describe_source(set, FACT_FILE, "from the -i FILE", buf, size);
	describe_source(set, FACT_VMCOREINFO, "from VMCOREINFO", buf, size);
	describe_source(set, FACT_KALLSYMS, "from kallsyms", buf, size);
	describe_source(set, FACT_BTF, "from BTF", buf, size);
	describe_source(set, FACT_DWARF, "from VMLINUX", buf, size);
	describe_source(set, FACT_AMBIGUOUS, "ambiguous", buf, size);
	describe_source(set, -1, "unknown", buf, size);
}

/* Such as xfs:OFFSET(xfs_inode.i_ino). */
static void format_name(const struct fact *f, char *buf, size_t size)
{
	bool kernel = !strcmp(f->module, "vmlinux");

	snprintf(buf, size, "%s%s%s(%s%s%s)", kernel ? "" : f->module, kernel ? "" : ":", f->kind,
		 f->name, f->member ? "." : "", f->member ? f->member : "");
}

static const char *source_name(int index)
{
	static const char *const names[] = {
		[FACT_FILE] = "the -i FILE",  [FACT_VMCOREINFO] = "VMCOREINFO",
		[FACT_KALLSYMS] = "kallsyms", [FACT_BTF] = "BTF",
		[FACT_DWARF] = "VMLINUX",
	};

	return index >= 0 && index <= FACT_DWARF ? names[index] : "elsewhere";
}

/* The function that facts_for_each_line() calls. */
struct lines {
	void (*fn)(void *ctx, const char *line);
	void *ctx;
};

static void format_line(void *ctx, const struct fact *f)
{
	const struct lines *l = ctx;
	const char *required = f->required ? "required" : "optional";
	char name[256], line[512];

	format_name(f, name, sizeof(name));
	if (f->index >= 0)
		snprintf(line, sizeof(line), "%s  %s = %s  from %s", required, name, f->value,
			 source_name(f->index));
	else
		snprintf(line, sizeof(line), "%s  %s %s", required, name,
			 f->index == FACT_AMBIGUOUS ? "ambiguous" : "missing");
	l->fn(l->ctx, line);
}

void facts_for_each_line(const struct fact_set *set, void (*fn)(void *ctx, const char *line),
			 void *ctx)
{
	struct lines l = { fn, ctx };

	for_each_fact(set, format_line, &l);
}

static void trace_line(void *ctx, const char *line)
{
	(void)ctx;
	TRACE(FACTS, "%s", line);
}

void facts_trace(const struct fact_set *set)
{
	if (trace_enabled(TRACE_FACTS))
		facts_for_each_line(set, trace_line, NULL);
}

/* The text of facts_missing(), as far as it is written. */
struct missing {
	char *buf;
	size_t size, used, count;
};

static void list_missing(void *ctx, const struct fact *f)
{
	struct missing *m = ctx;
	char name[256], text[512];
	size_t len;

	if (!f->required || f->index >= 0)
		return;
	format_name(f, name, sizeof(name));
	len = snprintf(text, sizeof(text), "%s%s%s", m->count++ ? ", " : "missing: ", name,
		       f->index == FACT_AMBIGUOUS ? " (ambiguous)" : "");
	/* There is always room for ", ...". */
	if (m->used + len + 6 > m->size) {
		if (m->used < m->size)
			snprintf(m->buf + m->used, m->size - m->used, ", ...");
		m->used = m->size;
		return;
	}
	memcpy(m->buf + m->used, text, len + 1);
	m->used += len;
}

size_t facts_missing(const struct fact_set *set, char *buf, size_t size)
{
	struct missing m = { .buf = buf, .size = size };

	buf[0] = '\0';
	for_each_fact(set, list_missing, &m);
	return m.count;
}

void facts_need(struct fact_list *missing, int there, const char *name)
{
	size_t len = strlen(missing->text);

	if (there)
		return;
	snprintf(missing->text + len, sizeof(missing->text) - len, "%s%s", len ? ", " : "", name);
	missing->count++;
}

int facts_check(const struct fact_list *missing)
{
	return missing->count ? err_set(-ENOENT, "missing: %s", missing->text) : 0;
}
