/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Output of -h: a screen of 80 columns and 24 lines for each topic.
 */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include <stddef.h>

/**
 * The text of a topic.
 * @param topic NULL: the overview, which names the topics; "all": all of them
 * @return whether there is such a topic
 */
_Bool usage_print(const char *topic);

/** List the names of all topics in @p buf, with "all" as the last. */
void usage_topics(char *buf, size_t size);

#endif
