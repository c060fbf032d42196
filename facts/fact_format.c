// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/fact_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A declaration of any kind. */
struct declared {
	bool required;
	int index;
	const char *module, *kind, *name, *member;
	char value[96];
};

static void describe_place(char *buf, size_t size, uint32_t bit_offset, uint32_t bit_size,
			   uint32_t bytes)
{
	int n = snprintf(buf, size, "%" PRIu32, bit_offset / 8);

	if (bit_size)
		snprintf(buf + n, size - n, " bit %" PRIu32 ", %" PRIu32 " bits", bit_offset % 8,
			 bit_size);
	else if (bytes)
		snprintf(buf + n, size - n, ", %" PRIu32 " bytes", bytes);
}

static struct declared of_ksym(const struct ksym_info *s)
{
	struct declared d = {
		s->sym_required, s->index, s->modname, "SYMBOL", s->symname, NULL, "",
	};

	snprintf(d.value, sizeof(d.value), "%#" PRIx64, s->value);
	return d;
}

static struct declared of_ktype(const struct ktype_info *t)
{
	struct declared d = {
		.required = t->member_name ? t->member_required : t->struct_required,
		.index = t->index,
		.module = t->modname,
		.kind = t->member_name ? "OFFSET" : "SIZE",
		.name = t->struct_name,
		.member = t->member_name,
	};

	if (t->member_name)
		describe_place(d.value, sizeof(d.value), t->member_bit_offset, t->member_bit_sz,
			       t->member_size);
	else
		snprintf(d.value, sizeof(d.value), "%" PRIu32, t->struct_size);
	return d;
}

static struct declared of_knum(const struct knum_info *n)
{
	struct declared d = { n->required, n->index, n->modname, "NUMBER", n->name, NULL, "" };

	snprintf(d.value, sizeof(d.value), "%" PRId64, n->value);
	return d;
}

static struct declared of_klen(const struct klen_info *l)
{
	struct declared d = { l->required, l->index, l->modname, "LENGTH", l->name, l->member, "" };

	snprintf(d.value, sizeof(d.value), "%" PRIu64, l->value);
	return d;
}

static struct declared of_kpath(const struct kpath_info *p)
{
	struct declared d = { p->required, p->index, p->modname, "OFFSET", p->path, NULL, "" };

	describe_place(d.value, sizeof(d.value), p->bit_offset, p->bit_sz, p->size);
	return d;
}

size_t fact_count(const struct fact_set *set)
{
	return set->nr_ksyms + set->nr_ktypes + set->nr_knums + set->nr_klens + set->nr_kpaths;
}

static struct declared nth(const struct fact_set *set, size_t n)
{
	if (n < set->nr_ksyms)
		return of_ksym(set->ksyms[n]);
	n -= set->nr_ksyms;
	if (n < set->nr_ktypes)
		return of_ktype(set->ktypes[n]);
	n -= set->nr_ktypes;
	if (n < set->nr_knums)
		return of_knum(set->knums[n]);
	n -= set->nr_knums;
	if (n < set->nr_klens)
		return of_klen(set->klens[n]);
	return of_kpath(set->kpaths[n - set->nr_klens]);
}

/* Such as xfs:OFFSET(xfs_inode.i_ino). */
static void write_name(const struct declared *d, char *buf, size_t size)
{
	bool kernel = !strcmp(d->module, "vmlinux");

	snprintf(buf, size, "%s%s%s(%s%s%s)", kernel ? "" : d->module, kernel ? "" : ":", d->kind,
		 d->name, d->member ? "." : "", d->member ? d->member : "");
}

static const char *source_name(int index)
{
	static const char *const names[] = {
		[FACT_FILE] = "the -i FILE",
		[FACT_VMCOREINFO] = "VMCOREINFO",
		[FACT_KALLSYMS] = "kallsyms",
		[FACT_BTF] = "BTF",
		[FACT_DWARF] = "VMLINUX",
	};

	return index >= 0 && index <= FACT_DWARF ? names[index] : "elsewhere";
}

void fact_format(const struct fact_set *set, size_t n, char *buf, size_t size)
{
	struct declared d = nth(set, n);
	char name[FACT_FORMAT_MAX / 2];

	write_name(&d, name, sizeof(name));
	if (d.index >= 0)
		snprintf(buf, size, "%s  %s = %s  from %s", d.required ? "required" : "optional",
			 name, d.value, source_name(d.index));
	else
		snprintf(buf, size, "%s  %s %s", d.required ? "required" : "optional", name,
			 d.index == FACT_AMBIGUOUS ? "ambiguous" : "missing");
}

size_t facts_missing(const struct fact_set *set, char *buf, size_t size)
{
	size_t nr = fact_count(set), missing = 0, used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < nr; i++) {
		struct declared d = nth(set, i);
		char name[FACT_FORMAT_MAX / 2], text[FACT_FORMAT_MAX];
		size_t len;

		if (!d.required || d.index >= 0)
			continue;
		write_name(&d, name, sizeof(name));
		len = snprintf(text, sizeof(text), "%s%s%s", missing++ ? ", " : "missing: ", name,
			       d.index == FACT_AMBIGUOUS ? " (ambiguous)" : "");
		/* There is always room for ", ...". */
		if (used + len + 6 > size) {
			if (used < size)
				snprintf(buf + used, size - used, ", ...");
			used = size;
			continue;
		}
		memcpy(buf + used, text, len + 1);
		used += len;
	}
	return missing;
}
