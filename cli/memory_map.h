/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * A picture of physical memory: --mem-usage --svg.
 */
#ifndef CLI_MEMORY_MAP_H
#define CLI_MEMORY_MAP_H

#include "kernel/kernel.h"

/**
 * Write an SVG picture of a machine's memory: cells of equal size, each in the color of the kind
 * of most of its pages, with the part that a dump of level 31 keeps, the zones, the kernel image
 * and the memory that is reserved for a crash kernel. Rows without memory are not drawn.
 *
 * @param path of the file, which is overwritten
 * @param nr_threads 0: as many as there are CPUs
 * @return 0; -errno, whose message says what is missing or broken
 */
int memory_map_write(const struct kernel *k, unsigned int nr_threads, const char *path)
	__attribute__((warn_unused_result));

#endif
