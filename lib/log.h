/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Messages for people. Each call is one write, so lines of different threads
 * do not mix.
 *
 * lib/log_control.h chooses what is shown, which extensions cannot.
 *
 * The bits of --message-level keep upstream's values. Common, debug and report
 * messages go to standard output, or to standard error once
 * log_to_stderr() was called (-F: standard output carries the dump);
 * progress, errors and traces always go to standard error.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

enum log_level {
	MDF_LOG_PROGRESS = 1,
	MDF_LOG_COMMON = 2,
	MDF_LOG_ERROR = 4,
	MDF_LOG_DEBUG = 8,
	MDF_LOG_REPORT = 16,
	MDF_LOG_TRACE = 32, /**< lib/trace.h; always shown, since that decides */
};

/**
 * Write one message if its level is shown.
 * @param func name of the calling function, put in front of errors; may be NULL
 * @param fmt ends with a newline, but for progress lines
 *
 * Thread-safe. errno is kept.
 */
void mdf_log(enum log_level level, const char *func, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define MSG(...) mdf_log(MDF_LOG_COMMON, 0, __VA_ARGS__)
#define ERRMSG(...) mdf_log(MDF_LOG_ERROR, __func__, __VA_ARGS__)
#define DEBUG_MSG(...) mdf_log(MDF_LOG_DEBUG, 0, __VA_ARGS__)
#define PROGRESS_MSG(...) mdf_log(MDF_LOG_PROGRESS, 0, __VA_ARGS__)
#define REPORT_MSG(...) mdf_log(MDF_LOG_REPORT, 0, __VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
