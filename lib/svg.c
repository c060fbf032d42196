// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/svg.h"

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else
			putc(*text >= ' ' && *text <= '~' ? *text : '?', out);
	}
}

void svg_begin(FILE *out, unsigned int width, unsigned int height, const char *title,
	       const char *style)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\">\n<title>",
		width, height, width, height);
	put_escaped(out, title);
	fprintf(out, "</title>\n<style>\n%s</style>\n", style);
}

void svg_rect(FILE *out, double x, double y, double width, double height, const char *class,
	      const char *title)
{
	fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"",
		class, x, y, width, height);
	if (!title) {
		fputs("/>\n", out);
		return;
	}
	fputs("><title>", out);
	put_escaped(out, title);
	fputs("</title></rect>\n", out);
}

void svg_text(FILE *out, double x, double y, const char *class, const char *text)
{
	fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	put_escaped(out, text);
	fputs("</text>\n", out);
}

void svg_end(FILE *out)
{
	fputs("</svg>\n", out);
}
