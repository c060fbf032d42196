// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/printk/printk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kallsyms.h"
#include "kernel/printk/walk.h"
#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"

DECLARE_MOD_SYM(vmlinux, prb);
DECLARE_MOD_SYM(vmlinux, log_next_idx);
DECLARE_MOD_SYM(vmlinux, log_end);

#define PAGE 4096u

/* As wide as dmesg makes it. */
#define CALLER_WIDTH 8
/* No prefix is longer: two numbers of 20 digits, brackets, a caller. */
#define PREFIX_MAX 80

int printk_for_each(const struct vmem *mem, bool partial, printk_record_fn *fn, void *ctx,
		    struct printk_stats *stats)
{
	struct printk_walk w = { mem, partial, fn, ctx, stats };

	*stats = (struct printk_stats){ 0 };
	if (MOD_SYM_EXIST(vmlinux, prb))
		return printk_walk_ring(&w);
	if (MOD_SYM_EXIST(vmlinux, log_next_idx))
		return printk_walk_records(&w);
	if (MOD_SYM_EXIST(vmlinux, log_end))
		return printk_walk_text(&w);
	return err_set(-ENOENT, "the kernel's log cannot be found: SYMBOL(prb), "
		       "SYMBOL(log_next_idx) and SYMBOL(log_end) are missing");
}

int printk_emit(struct printk_walk *w, const struct printk_record *rec)
{
	w->stats->records++;
	return w->fn(w->ctx, rec);
}

void printk_damage(struct printk_walk *w, uint64_t lost, const char *fmt, ...)
{
	va_list ap;

	w->stats->lost += lost;
	if (w->stats->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(w->stats->why, sizeof(w->stats->why), fmt, ap);
	va_end(ap);
}

int printk_read_u64(const struct vmem *mem, vaddr_t va, uint64_t *ret)
{
	uint8_t raw[8];
	int err = vmem_read(mem, va, raw, sizeof(raw));

	if (!err)
		*ret = load_u64(raw, mem->swap);
	return err;
}

uint64_t printk_unmapped_len(const struct vmem *mem, vaddr_t va)
{
	uint64_t rest = PAGE - va % PAGE, len;

	if (!mem->extent(mem->ctx, va, &len))
		return rest;
	return len ? max_u64(len, rest) : UINT64_MAX;
}

int printk_check_members(const struct printk_member *members, size_t nr, uint32_t struct_size)
{
	for (size_t i = 0; i < nr; i++) {
		if (members[i].known && !range_fits(members[i].off, members[i].size, struct_size))
			return err_set(-EBADMSG, "%s %u makes no sense in a struct of %u bytes",
				       members[i].name, members[i].off, struct_size);
	}
	return 0;
}

/* --- as text -------------------------------------------------------------------- */

static size_t make_prefix(const struct printk_record *rec, char buf[PREFIX_MAX])
{
	int n = snprintf(buf, PREFIX_MAX, "[%5llu.%06llu] ",
			 (unsigned long long)rec->ts_nsec / 1000000000,
			 (unsigned long long)rec->ts_nsec % 1000000000 / 1000);

	if (rec->has_caller) {
		char caller[16];

		snprintf(caller, sizeof(caller), "%c%u", rec->caller & PRINTK_CPU ? 'C' : 'T',
			 rec->caller & ~PRINTK_CPU);
		n += snprintf(buf + n, PREFIX_MAX - n, "[%*s] ", CALLER_WIDTH, caller);
	}
	return n;
}

static bool is_plain(uint8_t c)
{
	return (c >= ' ' && c <= '~') || c == '\t';
}

/* The level at the beginning of a line, "<6>", which dmesg does not show. */
static size_t skip_level(const uint8_t *text, size_t len)
{
	size_t n = 1;

	if (!len || text[0] != '<')
		return 0;
	while (n < len && n < 4 && text[n] >= '0' && text[n] <= '9')
		n++;
	return n > 1 && n < len && text[n] == '>' ? n + 1 : 0;
}

int printk_format(const struct printk_record *rec, int (*put)(void *ctx, const char *s, size_t len),
		  void *ctx)
{
	char prefix[PREFIX_MAX], hex[8];
	size_t prefix_len = rec->is_line ? 0 : make_prefix(rec, prefix);
	size_t i = rec->is_line ? skip_level(rec->text, rec->len) : 0;
	int err = put(ctx, prefix, prefix_len);

	memset(prefix, ' ', prefix_len);
	while (!err && i < rec->len) {
		size_t n = 0;

		while (i + n < rec->len && is_plain(rec->text[i + n]))
			n++;
		if (n) {
			err = put(ctx, (const char *)rec->text + i, n);
			i += n;
		} else if (rec->text[i++] == '\n') {
			err = put(ctx, "\n", 1);
			if (!err)
				err = put(ctx, prefix, prefix_len);
		} else {
			snprintf(hex, sizeof(hex), "\\x%02x", rec->text[i - 1]);
			err = put(ctx, hex, 4);
		}
	}
	return err ? err : put(ctx, "\n", 1);
}
