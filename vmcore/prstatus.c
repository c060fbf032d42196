// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/prstatus.h"

#include <elf.h>
#include <errno.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "vmcore/notes.h"

#define SIZE_MAX_BYTES 392

/* The struct elf_prstatus of a machine: its size, and offsets in it. */
static const struct layout {
	uint16_t machine, size, pid, regs;
	uint8_t nr_words;
} layouts[] = {
	{ EM_X86_64, 336, 32, 112, 27 },
	{ EM_386, 144, 24, 72, 17 },
	{ EM_AARCH64, SIZE_MAX_BYTES, 32, 112, PRSTATUS_WORDS },
	{ EM_S390, 336, 32, 112, 26 },
};

int prstatus_add(struct vmcore *vc, unsigned int cpu, const uint64_t words[PRSTATUS_WORDS])
{
	uint8_t desc[SIZE_MAX_BYTES] = { 0 };
	const struct layout *l = layouts;

	while (l < layouts + ARRAY_SIZE(layouts) && l->machine != vc->machine)
		l++;
	if (l == layouts + ARRAY_SIZE(layouts))
		return err_set(-ENOTSUP, "registers of the machine %u", vc->machine);
	/* As QEMU has it: a process 0 would be an idle one. */
	store_u32(desc + l->pid, cpu + 1, vc->swap);
	for (unsigned int i = 0; i < l->nr_words; i++) {
		if (vc->is64)
			store_u64(desc + l->regs + i * 8, words[i], vc->swap);
		else
			store_u32(desc + l->regs + i * 4, words[i], vc->swap);
	}
	return notes_append(vc, "CORE", NT_PRSTATUS, desc, l->size);
}
