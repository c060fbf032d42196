/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Words in the text of a kernel's log, whose lines may begin with "[   12.345678] ".
 */
#ifndef TRIAGE_LOG_TEXT_H
#define TRIAGE_LOG_TEXT_H

/** The last place of some words; NULL if they are nowhere. */
const char *log_last(const char *log, const char *words);

/**
 * The beginning of the line that a place is in, after the time and the caller in front of it.
 * @param[out] seconds the time; negative: none; or NULL
 */
const char *log_line(const char *log, const char *within, double *seconds);

#endif
