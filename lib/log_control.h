/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * The choice of the messages that are shown, and of their channel. Not for extensions.
 */
#ifndef LIB_LOG_CONTROL_H
#define LIB_LOG_CONTROL_H

#include <stdbool.h>

#include "lib/log.h"

#define LOG_LEVEL_DEFAULT (MDF_LOG_PROGRESS | MDF_LOG_COMMON | MDF_LOG_ERROR)
#define LOG_LEVEL_MAX 31

/** Choose which levels are shown: a mask of enum log_level. Not thread-safe. */
void log_set_levels(unsigned int mask);

/** Send what would go to standard output to standard error. Not thread-safe. */
void log_to_stderr(void);

/** Return whether messages of a level are shown: ask before preparing costly ones. */
bool log_enabled(enum log_level level);

#endif
