// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/vmcoreinfo_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debuginfo/dwarf_provider.h"
#include "facts/macro_values.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/output_file.h"

/* A text that grows; bytes and size are up to date after fflush(). */
struct text {
	FILE *out;
	char *bytes;
	size_t size;
};

static int text_init(struct text *t)
{
	*t = (struct text){ 0 };
	t->out = open_memstream(&t->bytes, &t->size);
	return t->out ? 0 : err_set(-ENOMEM, "no memory for VMCOREINFO text");
}

static int text_finish(struct text *t)
{
	bool failed = ferror(t->out);

	if (fclose(t->out) || failed)
		return err_set(-ENOMEM, "no memory for VMCOREINFO text");
	if (t->size >= VMCOREINFO_MAX)
		return err_set(-EFBIG, "the VMCOREINFO text would be too large: %zu bytes",
			       t->size);
	return 0;
}

/* Return whether there is a line with this key already. */
static bool has(struct text *t, const char *key)
{
	const char *val;
	size_t len;

	fflush(t->out);
	return vmcoreinfo_find(&(struct vmcoreinfo){ t->bytes, t->size }, key, &val, &len);
}

/* Write "KIND(name)=value" or "KIND(name.member)=value" unless there is one. */
static void add(struct text *t, const char *kind, const char *name, const char *member,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void add(struct text *t, const char *kind, const char *name, const char *member,
		const char *fmt, ...)
{
	char key[256];
	va_list ap;

	if (snprintf(key, sizeof(key), "%s(%s%s%s)", kind, name, member ? "." : "",
		     member ? member : "") >= (int)sizeof(key) ||
	    has(t, key))
		return;
	fprintf(t->out, "%s=", key);
	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
	putc('\n', t->out);
}

static bool known(const char *modname, int index)
{
	return index >= 0 && !strcmp(modname, "vmlinux");
}

static void add_type(struct text *t, const struct ktype_info *type)
{
	if (type->struct_size)
		add(t, "SIZE", type->struct_name, NULL, "%u", type->struct_size);
	if (type->member_name && !type->member_bit_sz && type->member_bit_offset % 8 == 0)
		add(t, "OFFSET", type->struct_name, type->member_name, "%u",
		    type->member_bit_offset / 8);
}

static void add_facts(struct text *t, const struct fact_set *set)
{
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		const struct ksym_info *s = set->ksyms[i];

		if (known(s->modname, s->index))
			add(t, "SYMBOL", s->symname, NULL, "%" PRIx64, s->value);
	}
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		if (known(set->ktypes[i]->modname, set->ktypes[i]->index))
			add_type(t, set->ktypes[i]);
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		const struct klen_info *l = set->klens[i];

		if (known(l->modname, l->index))
			add(t, "LENGTH", l->name, l->member, "%" PRIu64, l->value);
	}
	for (size_t i = 0; i < set->nr_knums; i++) {
		const struct knum_info *n = set->knums[i];

		if (known(n->modname, n->index) && !has(t, n->name))
			add(t, "NUMBER", n->name, NULL, "%" PRId64, n->value);
	}
}

/* Keys that a text must contain before other programs can use it. */
static int add_release(struct text *t, const struct kernel *k)
{
	if (has(t, "OSRELEASE"))
		return 0;
	if (!k->release[0])
		return err_set(-ENOENT, "the dump does not say of which kernel release it is");
	fprintf(t->out, "OSRELEASE=%s\n", k->release);
	return 0;
}

/* Return whether a line is the same in each boot of a kernel. */
static bool is_constant(const char *line, size_t len)
{
	static const char *const kinds[] = { "OFFSET(", "SIZE(", "LENGTH(" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (len > strlen(kinds[i]) && !memcmp(line, kinds[i], strlen(kinds[i])))
			return true;
	}
	return false;
}

/* Add the lines of a text whose keys are missing; @param constants only such lines. */
static void add_lines(struct text *t, const struct vmcoreinfo *vi, bool constants)
{
	const char *line;
	size_t pos = 0, len;

	while (vmcoreinfo_next_line(vi, &pos, &line, &len)) {
		const char *equals = memchr(line, '=', len);
		char key[256];

		if (!equals || (constants && !is_constant(line, len)) ||
		    snprintf(key, sizeof(key), "%.*s", (int)min_u64(equals - line, sizeof(key)),
			     line) >= (int)sizeof(key) ||
		    has(t, key))
			continue;
		fprintf(t->out, "%.*s\n", (int)len, line);
	}
}

/* Add all lines of a text, but for the empty ones that NULs make. */
static void copy_lines(struct text *t, const struct vmcoreinfo *vi)
{
	const char *line;
	size_t pos = 0, len;

	while (vmcoreinfo_next_line(vi, &pos, &line, &len)) {
		if (len || vi->text[pos - 1])
			fprintf(t->out, "%.*s\n", (int)len, line);
	}
}

/*
 * The text that was believed, from the source that was believed first, then what others add.
 * In the text of another boot only constants are valid unchanged; its symbols have been
 * moved, and are among the facts.
 */
static int describe_dump(struct text *t, const struct kernel *k)
{
	const struct vmcoreinfo *first = &k->info, *second = &k->file;
	const char *val;
	size_t len;
	int err = 0;

	if (k->file.size && !k->file_moved) {
		first = &k->file;
		second = &k->info;
	}
	if (!vmcoreinfo_find(first, "OSRELEASE", &val, &len))
		err = add_release(t, k);
	if (!vmcoreinfo_find(first, "PAGESIZE", &val, &len))
		fprintf(t->out, "PAGESIZE=%" PRIu32 "\n", k->vc->page_size);
	copy_lines(t, first);
	if (!k->file_moved)
		add_lines(t, second, false);
	add_facts(t, &k->facts);
	if (k->file_moved)
		add_lines(t, second, true);
	return err;
}

static int describe_vmlinux(struct text *t, const struct debuginfo *d)
{
	const struct arch_ops *ops = arch_find(d->machine);
	const struct fact_set set = facts_of_program();
	int err;

	if (!d->release[0])
		return err_set(-ENOENT, "%s does not say of which kernel release it is", d->path);
	facts_reset(&set);
	err = debuginfo_resolve_symbols(d, &set, FACT_DWARF, 0);
	if (!err)
		err = debuginfo_resolve_types(d, &set, FACT_DWARF);
	if (err)
		return err;
	facts_compute_macros(&set);
	fprintf(t->out, "OSRELEASE=%s\n", d->release);
	if (d->has_id) {
		fputs("BUILD-ID=", t->out);
		for (size_t i = 0; i < sizeof(d->id.bytes); i++)
			fprintf(t->out, "%02x", d->id.bytes[i]);
		putc('\n', t->out);
	}
	if (ops)
		fprintf(t->out, "PAGESIZE=%" PRIu32 "\n", ops->page_size);
	if (d->has_stext)
		add(t, "SYMBOL", "_stext", NULL, "%" PRIx64, d->stext);
	fputs("KERNELOFFSET=0\n", t->out);
	add_facts(t, &set);
	return 0;
}

static int create_file(const char *path, bool force, const struct text *t)
{
	int fd = output_file_create(path, force), err;
	struct stat st;

	if (fd < 0)
		return fd;
	err = fd_write(fd, t->bytes, t->size, NULL);
	if (close(fd) && !err)
		err = -errno;
	if (!err)
		return 0;
	if (!lstat(path, &st) && S_ISREG(st.st_mode))
		unlink(path);
	return err_errno(err, "cannot write %s", path);
}

/* Write and forget a text, or only forget it if there was an error. */
static int write_text(struct text *t, int err, const char *path, bool force)
{
	if (err)
		fclose(t->out);
	else
		err = text_finish(t);
	if (!err)
		err = create_file(path, force, t);
	free(t->bytes);
	return err;
}

int vmcoreinfo_text(const struct kernel *k, char **text, size_t *size)
{
	struct text t;
	int err = text_init(&t);

	if (err)
		return err;
	err = describe_dump(&t, k);
	if (err)
		fclose(t.out);
	else
		err = text_finish(&t);
	if (err) {
		free(t.bytes);
		return err;
	}
	*text = t.bytes;
	*size = t.size;
	return 0;
}

int vmcoreinfo_write_dump(const struct kernel *k, const char *path, bool force)
{
	struct text t;
	int err = text_init(&t);

	return err ? err : write_text(&t, describe_dump(&t, k), path, force);
}

int vmcoreinfo_write_vmlinux(const char *vmlinux_path, const char *path, bool force)
{
	struct debuginfo *d;
	int err = debuginfo_open(&d, vmlinux_path);
	struct text t;

	if (err)
		return err;
	err = text_init(&t);
	if (!err)
		err = write_text(&t, describe_vmlinux(&t, d), path, force);
	debuginfo_close(d);
	return err;
}
