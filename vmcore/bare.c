// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/bare.h"

#include <string.h>

#include "lib/byteorder.h"
#include "lib/elf_machine.h"

static const struct bare_machine {
	const char *name, *other_name;
	uint16_t machine;
	bool is64, big_endian;
} machines[] = {
	{ "x86_64", "amd64", EM_X86_64, true, false },
	{ "i686", "i386", EM_386, false, false },
	{ "aarch64", "arm64", EM_AARCH64, true, false },
	{ "armv7l", "arm", EM_ARM, false, false },
	{ "ppc64le", "ppc64el", EM_PPC64, true, false },
	{ "ppc64", "ppc64", EM_PPC64, true, true },
	{ "ppc", "powerpc", EM_PPC, false, true },
	{ "s390x", "s390x", EM_S390, true, true },
	{ "riscv64", "riscv64", EM_RISCV, true, false },
	{ "loongarch64", "loong64", EM_LOONGARCH, true, false },
	{ "sparc64", "sparc64", EM_SPARCV9, true, true },
	{ "ia64", "ia64", EM_IA_64, true, false },
};

static const struct bare_machine *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (!strcmp(name, machines[i].name) || !strcmp(name, machines[i].other_name))
			return &machines[i];
	return NULL;
}

bool bare_knows_machine(const char *name)
{
	return find(name);
}

void bare_set_order(struct vmcore *vc, bool big_endian)
{
	vc->big_endian = big_endian;
	vc->swap = big_endian != HOST_BIG_ENDIAN;
}

void bare_set_machine(struct vmcore *vc, uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		const struct bare_machine *m = &machines[i];

		if (m->machine != machine)
			continue;
		vc->machine = machine;
		vc->is64 = m->is64;
		bare_set_order(vc, m->big_endian);
		return;
	}
}

void bare_init(struct vmcore *vc)
{
	const char *name = vc->options->machine;
	const struct bare_machine *m = name ? find(name) : NULL;

	vc->bare = true;
	vc->machine = m ? m->machine : 0;
	vc->is64 = !m || m->is64;
	bare_set_order(vc, m && m->big_endian);
}
