// SPDX-License-Identifier: GPL-2.0-or-later
#include "output/head.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "lib/byteorder.h"
#include "vmcore/kdump_format.h"

static bool is_kdump(const uint8_t *head, struct kdump_layout *l)
{
	return !memcmp(head, KDUMP_SIGNATURE, KDUMP_SIGNATURE_SIZE) && !kdump_guess_layout(head, l);
}

static void mark_elf(uint8_t *head)
{
	bool swap = (head[EI_DATA] == ELFDATA2MSB) != HOST_BIG_ENDIAN;
	uint8_t *flags = head + (head[EI_CLASS] == ELFCLASS64 ? offsetof(Elf64_Ehdr, e_flags) :
								offsetof(Elf32_Ehdr, e_flags));

	store_u32(flags, load_u32(flags, swap) | EF_INCOMPLETE, swap);
}

void head_mark_incomplete(uint8_t *head)
{
	struct kdump_layout l;

	if (!memcmp(head, ELFMAG, SELFMAG))
		mark_elf(head);
	else if (is_kdump(head, &l))
		kdump_set_incomplete(&l, head);
}
