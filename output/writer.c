// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/writer.h"

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
