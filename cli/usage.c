// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/usage.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/option_table.h"

#define COLUMNS 80
#define HELP_COLUMN 22

static const char synopsis[] =
	"Usage: makedumpfile [OPTIONS] VMCORE DUMPFILE\n"
	"       makedumpfile -F [OPTIONS] VMCORE > FLATTENED\n"
	"       makedumpfile -R DUMPFILE < FLATTENED\n"
	"       makedumpfile --split [OPTIONS] VMCORE DUMPFILE1 DUMPFILE2...\n"
	"       makedumpfile --reassemble DUMPFILE1 DUMPFILE2... DUMPFILE\n"
	"       makedumpfile --dump-dmesg [OPTIONS] VMCORE LOGFILE\n"
	"       makedumpfile --mem-usage /proc/kcore\n"
	"\n"
	"Save a crashed Linux kernel's memory (usually /proc/vmcore) as DUMPFILE, without\n"
	"the pages you do not need. The usual call is\n"
	"       makedumpfile -l -d 31 /proc/vmcore DUMPFILE\n"
	"\n";

static const char exit_status[] =
	"\n"
	"Exit status: 0 done; 1 failed, or the dump is incomplete; 2 the FILE of -i or\n"
	"the VMLINUX of -x is of another kernel.\n";

/* The words of -h, and the headings, which are those of the manual. */
static const struct {
	const char *name;
	const char *heading;
} topics[NR_TOPICS] = {
	[TOPIC_FILTER] = { "filter", "Pages to exclude" },
	[TOPIC_OUTPUT] = { "output", "Output" },
	[TOPIC_INPUT] = { "input", "Input" },
	[TOPIC_ERASE] = { "erase", "Data to overwrite" },
	[TOPIC_EXTENSIONS] = { "extensions", "Extensions" },
	[TOPIC_INSPECT] = { "inspect",
			    "Other actions (VMCORE can be a dump of makedumpfile, or /proc/kcore)" },
	[TOPIC_MESSAGES] = { "messages", "Messages" },
};

/* Print the words of @p text between HELP_COLUMN and COLUMNS, from @p column on. */
static void print_wrapped(size_t column, const char *text)
{
	const char *gap = "";

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column + strlen(gap) + len > COLUMNS) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
			gap = "";
		}
		column += printf("%s%.*s", gap, (int)len, text);
		gap = " ";
		text += len + strspn(text + len, " ");
	}
	printf("\n");
}

/* "  -x, --name ARG" and the help. At least two blanks divide them, for scripts. */
static void print_option(const struct option_row *row)
{
	int column = row->letter ? printf("  -%c", row->letter) : printf("    ");

	if (row->name)
		column += printf("%s--%s", row->letter ? ", " : "  ", row->name);
	if (row->arg)
		column += printf(" %s", row->arg);
	column += printf("%*s", column < HELP_COLUMN - 2 ? HELP_COLUMN - column : 2, "");
	print_wrapped(column, row->help);
}

static void print_options(enum help_topic topic)
{
	for (size_t i = 0; i < option_table_size; i++)
		if (option_table[i].topic == topic)
			print_option(&option_table[i]);
}

static void print_overview(void)
{
	char names[128];

	fputs(synopsis, stdout);
	print_options(TOPIC_GENERAL);
	usage_topics(names, sizeof(names));
	printf("\nTopics: %s.\n%s", names, exit_status);
}

bool usage_print(const char *topic)
{
	bool all = topic && !strcmp(topic, "all"), found = !topic || all;

	if (!topic || all)
		print_overview();
	for (size_t i = TOPIC_FILTER; topic && i < NR_TOPICS; i++) {
		if (!all && strcmp(topic, topics[i].name))
			continue;
		printf("%s%s:\n", all ? "\n" : "", topics[i].heading);
		print_options(i);
		found = true;
	}
	return found;
}

void usage_topics(char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = TOPIC_FILTER; i < NR_TOPICS && used < size; i++)
		used += snprintf(buf + used, size - used, "%s, ", topics[i].name);
	if (used < size)
		snprintf(buf + used, size - used, "all");
}
