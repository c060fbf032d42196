// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An extension of makedumpfile. See makedumpfile-extension(7).
 */
#include "makedumpfile.h"
#include "extension.h"

EXTENSION_HELP("print the address of init_task");

/* Facts about the crashed kernel. */
INIT_MOD_SYM(vmlinux, init_task);

/* Called once, when all of that was found. */
void extension_init(void)
{
	MSG("init_task is at 0x%llx\n", (unsigned long long)GET_MOD_SYM(vmlinux, init_task));
}

/* Called for each page with its struct page. Leave it out if pages do not matter. */
int extension_callback(unsigned long pfn, const void *pcache)
{
	(void)pfn;
	(void)pcache;
	return PG_UNDECID;
}
