// SPDX-License-Identifier: GPL-2.0-or-later
#include "sink.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

static int null_pwrite(struct sink *s, const void *buf, size_t len, uint64_t off)
{
	(void)buf;
	return sink_check_limit(s, off + len, off, len);
}

static int null_restart(struct sink *s)
{
	(void)s;
	return 0;
}

static void null_close(struct sink *s)
{
	free(s);
}

static const struct sink_ops null_ops = {
	.name = "null",
	.forgets = true,
	.pwrite = null_pwrite,
	.restart = null_restart,
	.close = null_close,
};

int sink_null_create(struct sink **ret, const char *path)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(-ENOMEM, "no memory to write %s", path);
	s->ops = &null_ops;
	s->path = path;
	*ret = s;
	return 0;
}
