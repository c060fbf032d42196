// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/vmcoreinfo_search.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "kernel/vmcoreinfo.h"
#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/err.h"
#include "lib/log.h"

static int mem_read(void *ctx, paddr_t pa, void *buf, size_t len)
{
	return vmcore_peek(ctx, pa, buf, len);
}

/* Read what may be text, and is to be freed; *text is NULL if it is none. */
static int read_text(struct vmcore_reader *r, paddr_t pa, uint64_t size, char **text, size_t *len)
{
	_cleanup_free_ char *buf = NULL;
	struct vmcoreinfo vi;
	const char *val;
	size_t val_len;

	*text = NULL;
	size = min_u64(size, VMCOREINFO_MAX);
	buf = malloc(size + 1);
	if (!buf)
		return err_set(-ENOMEM, "no memory for %" PRIu64 " bytes of VMCOREINFO", size);
	if (vmcore_read(r, pa, buf, size))
		return 0;
	vi = (struct vmcoreinfo){ .text = buf, .size = strnlen(buf, size) };
	*len = vi.size;
	if (vmcoreinfo_find(&vi, "OSRELEASE", &val, &val_len))
		*text = take_ptr(buf);
	return 0;
}

/* Ask the architecture. */
static int find_text(struct vmcore *vc, char **text, size_t *len)
{
	const struct arch_ops *ops = arch_find(vc->machine);
	struct vmcore_reader *r;
	struct arch_mem mem;
	uint64_t size;
	paddr_t pa;
	int err;

	*text = NULL;
	if (!ops || !ops->find_vmcoreinfo)
		return 0;
	err = vmcore_reader_create(&r, vc);
	if (err)
		return err;
	mem = (struct arch_mem){ .read = mem_read, .ctx = r };
	if (!ops->find_vmcoreinfo(&mem, &pa, &size))
		err = read_text(r, pa, size, text, len);
	if (*text)
		DEBUG_MSG("VMCOREINFO was found in memory at %#" PRIx64 "\n", pa);
	vmcore_reader_destroy(r);
	return err;
}

int vmcoreinfo_search(struct vmcore *vc)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int err;

	if (vc->vmcoreinfo)
		return 0;
	err = find_text(vc, &text, &len);
	if (!err && text)
		err = vmcore_set_vmcoreinfo(vc, text, len);
	return err;
}
