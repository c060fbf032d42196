// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/classes.h"

#include <inttypes.h>

#include "lib/log.h"
#include "lib/size_text.h"
#include "lib/text.h"

static uint64_t missing(const struct class_stats *s)
{
	return s->pages - s->copied;
}

void classes_missing(const struct copy_stats *copy, char *text, size_t size)
{
	enum order_class first = 0;
	unsigned int nr = 0, left = 0;

	text[0] = '\0';
	while (first < NR_ORDER_CLASSES && !missing(&copy->classes[first]))
		first++;
	for (enum order_class c = first; c < NR_ORDER_CLASSES; c++)
		left += missing(&copy->classes[c]) != 0;
	if (!left)
		return;
	if (first > ORDER_ESSENTIAL)
		text_append(text, size, "%s memory is complete; ",
			    first > ORDER_KERNEL ? "kernel" : "essential");
	for (enum order_class c = first; c < NR_ORDER_CLASSES; c++) {
		const struct class_stats *s = &copy->classes[c];
		unsigned int percent;

		if (!missing(s))
			continue;
		percent = (double)missing(s) * 100 / s->pages;
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

void classes_show(const struct copy_stats *copy)
{
	char size[SIZE_TEXT_MAX];

	REPORT_MSG("In the order of writing:\n");
	for (enum order_class c = 0; c < NR_ORDER_CLASSES; c++) {
		const struct class_stats *s = &copy->classes[c];

		if (s->pages)
			REPORT_MSG("    %-24s: %" PRIu64 " page%s, %s of data, %f seconds\n",
				   order_class_name(c), s->pages, plural_s(s->pages),
				   size_about(size, s->bytes), s->seconds);
	}
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
		json_seconds(j, "seconds", s->seconds);
		json_end(j);
	}
	json_end(j);
}
