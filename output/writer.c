// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"

int writer_begin(struct writer *w, const struct bitmap *exists)
{
	return w->ops->begin(w, exists);
}

int writer_set_pages(struct writer *w, const struct bitmap *dumpable)
{
	return w->ops->set_pages(w, dumpable);
}

int writer_put(struct writer *w, const struct page_batch *b)
{
	return w->ops->put(w, b);
}

int writer_begin_class(struct writer *w, unsigned int position)
{
	return w->ops->begin_class ? w->ops->begin_class(w, position) : 0;
}

int writer_set_codec(struct writer *w, enum codec_id codec)
{
	return w->ops->set_codec(w, codec);
}

int writer_finish(struct writer *w, bool complete)
{
	return w->ops->finish(w, complete);
}

int writer_abort(struct writer *w)
{
	return w->ops->abort(w);
}

void writer_destroy(struct writer *w)
{
	if (w)
		w->ops->destroy(w);
}

int source_eraseinfo(const struct dump_source *src, char **text, size_t *size)
{
	size_t before = src->vc->eraseinfo_size, own = src->erase ? src->erase->text_size : 0;
	char *p = NULL;

	*text = NULL;
	*size = before + own;
	if (!*size)
		return 0;
	p = malloc(before + 1 + own);
	if (!p)
		return err_set(-ENOMEM, "no memory for the eraseinfo");
	if (before)
		memcpy(p, src->vc->eraseinfo, before);
	if (before && own && p[before - 1] != '\n')
		p[before++] = '\n';
	if (own)
		memcpy(p + before, src->erase->text, own);
	*text = p;
	*size = before + own;
	return 0;
}
