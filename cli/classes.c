// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/classes.h"

#include <inttypes.h>

#include "lib/log.h"
#include "lib/size_text.h"
#include "lib/text.h"

/* Pages that are missing of the fill, or of the rest. */
static uint64_t missing(const struct class_stats *s, bool fill)
{
	return s->fill == fill ? s->pages - s->copied : 0;
}

void classes_missing(const struct copy_stats *copy, bool fill, char *text, size_t size)
{
	enum order_class first = 0;
	unsigned int nr = 0, left = 0;

	text[0] = '\0';
	while (first < NR_ORDER_CLASSES && !missing(&copy->classes[first], fill))
		first++;
	for (enum order_class c = first; c < NR_ORDER_CLASSES; c++)
		left += missing(&copy->classes[c], fill) != 0;
	if (!left)
		return;
	if (!fill && first > ORDER_ESSENTIAL)
		text_append(text, size, "%s memory is complete; ",
			    first > ORDER_KERNEL ? "kernel" : "essential");
	for (enum order_class c = first; c < NR_ORDER_CLASSES; c++) {
		const struct class_stats *s = &copy->classes[c];
		unsigned int percent;

		if (!missing(s, fill))
			continue;
		percent = (double)missing(s, fill) * 100 / s->pages;
		text_append(text, size, "%s", !nr ? "" : nr + 1 == left ? " and " : ", ");
		if (s->copied)
			text_append(text, size, "%u %% of ", percent ? percent : 1);
		else
			text_append(text, size, "all of ");
		text_append(text, size, "%s", order_class_name(c));
		nr++;
	}
	text_append(text, size, " %s missing", nr == 1 ? "is" : "are");
}

static void show_classes(const struct copy_stats *copy, bool fill)
{
	for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++) {
		const struct class_stats *s = &copy->classes[c];
		char size[SIZE_TEXT_MAX], end[SIZE_TEXT_MAX];

		if (!s->pages || s->fill != fill)
			continue;
		REPORT_MSG("    %-24s: %" PRIu64 " page%s, %s of data up to %s, %f seconds%s\n",
			   order_class_name(c), s->pages, plural_s(s->pages),
			   size_about(size, s->bytes), size_about(end, s->file_bytes), s->seconds,
			   fill ? " (fill)" : "");
	}
}

void classes_show(const struct copy_stats *copy)
{
	REPORT_MSG("In the order of writing:\n");
	show_classes(copy, false);
	show_classes(copy, true);
}

void classes_put(struct json *j, const struct copy_stats *copy)
{
	json_array(j, "classes");
	for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++) {
		const struct class_stats *s = &copy->classes[c];

		json_object(j, NULL);
		json_string(j, "class", order_class_key(c));
		json_number(j, "pages", s->pages);
		json_number(j, "copied", s->copied);
		json_number(j, "bytes", s->bytes);
		json_number(j, "file_bytes", s->file_bytes);
		json_bool(j, "fill", s->fill);
		json_seconds(j, "seconds", s->seconds);
		json_end(j);
	}
	json_end(j);
}
