/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Writing SVG 1.1: rectangles and texts with classes of a style sheet.
 *
 * Coordinates are pixels. Texts can have any bytes: all but printable ASCII becomes "?". The
 * stream knows if all of it could be written (ferror()).
 */
#ifndef LIB_SVG_H
#define LIB_SVG_H

#include <stdio.h>

/**
 * Begin a picture.
 * @param style the style sheet (CSS); written as it is
 */
void svg_begin(FILE *out, unsigned int width, unsigned int height, const char *title,
	       const char *style);

/** @param title what a browser shows for the rectangle under the pointer; NULL: nothing */
void svg_rect(FILE *out, double x, double y, double width, double height, const char *class,
	      const char *title);

/** @param y of the text's base line */
void svg_text(FILE *out, double x, double y, const char *class, const char *text);

void svg_end(FILE *out);

#endif
