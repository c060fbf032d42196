// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/printk/printk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "facts/declare.h"
#include "kernel/printk/walk.h"
#include "lib/err.h"

INIT_OPT_MOD_SYM(vmlinux, prb);
INIT_OPT_MOD_SYM(vmlinux, log_next_idx);
INIT_OPT_MOD_SYM(vmlinux, log_end);

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
