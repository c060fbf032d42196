// SPDX-License-Identifier: GPL-2.0-or-later
#include "facts/vmcoreinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/cleanup.h"
#include "lib/elf_machine.h"
#include "lib/err.h"
#include "lib/fdio.h"
#include "lib/input_file.h"
#include "lib/types.h"

/* No struct of the kernel, and no offset in one, comes near this. */
#define STRUCT_MAX (1u << 24)

int vmcoreinfo_read(const char *path, char **text, struct vmcoreinfo *ret)
{
	_cleanup_close_ int fd = input_file_open(path);
	_cleanup_free_ char *buf = NULL;
	ssize_t n;

	if (fd < 0)
		return fd;
	buf = malloc(VMCOREINFO_MAX);
	if (!buf)
		return err_set(-ENOMEM, "no memory to read %s", path);
	n = fd_read(fd, buf, VMCOREINFO_MAX);
	if (n < 0)
		return err_errno(n, "cannot read %s", path);
	if (n == VMCOREINFO_MAX)
		return err_set(-EFBIG, "%s is too large to be VMCOREINFO text", path);
	*text = take_ptr(buf);
	*ret = (struct vmcoreinfo){ .text = *text, .size = n };
	return 0;
}

bool vmcoreinfo_next_line(const struct vmcoreinfo *vi, size_t *pos, const char **line, size_t *len)
{
	size_t left = vi->size - *pos;
	const char *p, *eol;

	if (*pos >= vi->size)
		return false;
	p = vi->text + *pos;
	eol = memchr(p, '\n', left);
	*len = eol ? (size_t)(eol - p) : left;
	eol = memchr(p, '\0', *len);
	if (eol)
		*len = eol - p;
	*line = p;
	*pos += *len + 1;
	return true;
}

bool vmcoreinfo_find(const struct vmcoreinfo *vi, const char *key, const char **val, size_t *len)
{
	size_t pos = 0, key_len = strlen(key), line_len;
	const char *line;

	while (vmcoreinfo_next_line(vi, &pos, &line, &line_len)) {
		if (line_len > key_len && line[key_len] == '=' && !memcmp(line, key, key_len)) {
			*val = line + key_len + 1;
			*len = line_len - key_len - 1;
			return true;
		}
	}
	return false;
}

/* A damaged text goes to a terminal, and into files. */
static void make_ascii(char *text)
{
	for (; *text; text++)
		*text = *text < ' ' || *text > '~' ? '?' : *text;
}

bool vmcoreinfo_string(const struct vmcoreinfo *vi, const char *key, char *buf, size_t size)
{
	const char *val;
	size_t len;

	buf[0] = '\0';
	if (!vmcoreinfo_find(vi, key, &val, &len))
		return false;
	snprintf(buf, size, "%.*s", (int)min_u64(len, size), val);
	make_ascii(buf);
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

bool vmcoreinfo_number(const char *val, size_t len, bool hex, uint64_t *ret)
{
	bool minus = len && *val == '-' && !hex;
	unsigned int base = hex ? 16 : 10;
	uint64_t n = 0;

	if (minus)
		val++, len--;
	if (len > 2 && val[0] == '0' && (val[1] == 'x' || val[1] == 'X')) {
		val += 2, len -= 2;
		base = 16;
	}
	if (!len)
		return false;
	for (; len; val++, len--) {
		unsigned int d = digit(*val);

		if (d >= base || !checked_mul(n, base, &n) || !checked_add(n, d, &n))
			return false;
	}
	if (minus && n > UINT64_C(1) << 63)
		return false;
	*ret = minus ? -n : n;
	return true;
}

uint16_t vmcoreinfo_machine(const struct vmcoreinfo *vi, bool is64, bool big_endian)
{
	/* Keys that only one architecture exports. */
	static const struct {
		const char *key;
		bool is64;
		uint16_t machine;
	} keys[] = {
		{ "SYMBOL(init_top_pgt)", true, EM_X86_64 },
		{ "SYMBOL(init_level4_pgt)", true, EM_X86_64 },
		{ "NUMBER(sme_mask)", true, EM_X86_64 },
		{ "NUMBER(kimage_voffset)", true, EM_AARCH64 },
		{ "NUMBER(va_kernel_pa_offset)", true, EM_RISCV },
		{ "NUMBER(phys_ram_base)", true, EM_RISCV },
		{ "SYMBOL(mmu_vmemmap_psize)", true, EM_PPC64 },
		{ "NUMBER(RADIX_MMU)", true, EM_PPC64 },
		{ "SYMBOL(lowcore_ptr)", true, EM_S390 },
		{ "KERNELOFFPHYS", true, EM_S390 },
		{ "CONFIG_PGTABLE_3", true, EM_IA_64 },
		{ "CONFIG_PGTABLE_4", true, EM_IA_64 },
		{ "CONFIG_X86_PAE", false, EM_386 },
		{ "CONFIG_ARM_LPAE", false, EM_ARM },
	};
	const char *val;
	uint64_t stext;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].is64 == is64 && (keys[i].machine != EM_S390 || big_endian) &&
		    vmcoreinfo_find(vi, keys[i].key, &val, &len))
			return keys[i].machine;
	}
	/* The window through which the kernel of loongarch64 is linked, on no other machine. */
	if (is64 && !big_endian && vmcoreinfo_find(vi, "SYMBOL(_stext)", &val, &len) &&
	    vmcoreinfo_number(val, len, true, &stext) && stext >> 60 == 9)
		return EM_LOONGARCH;
	return 0;
}

struct resolver {
	const struct vmcoreinfo *vi;
	char *bad;
	size_t bad_size;
};

/* The value of a key, at most max. One that is invalid is noted. */
static bool value_of(struct resolver *r, const char *key, bool hex, uint64_t max, uint64_t *ret)
{
	const char *val;
	size_t len;

	if (!vmcoreinfo_find(r->vi, key, &val, &len))
		return false;
	if (vmcoreinfo_number(val, len, hex, ret) && *ret <= max)
		return true;
	if (r->bad && !r->bad[0]) {
		snprintf(r->bad, r->bad_size, "%s=%.*s", key, (int)min_u64(len, 64), val);
		make_ascii(r->bad);
	}
	return false;
}

/* The number after "KIND(name)" or "KIND(name.member)", at most max. */
static bool lookup(struct resolver *r, const char *kind, const char *name, const char *member,
		   uint64_t max, uint64_t *ret)
{
	char key[256];

	return snprintf(key, sizeof(key), "%s(%s%s%s)", kind, name, member ? "." : "",
			member ? member : "") < (int)sizeof(key) &&
	       value_of(r, key, !strcmp(kind, "SYMBOL"), max, ret);
}

static void resolve_type(struct resolver *r, struct ktype_info *t, enum fact_source source)
{
	uint64_t size = 0, offset = 0;
	bool has_size = lookup(r, "SIZE", t->struct_name, NULL, STRUCT_MAX, &size);

	if (!t->member_name) {
		if (!has_size || !size)
			return;
	} else if (!lookup(r, "OFFSET", t->struct_name, t->member_name, STRUCT_MAX, &offset)) {
		return;
	}
	t->member_bit_offset = offset * 8;
	t->struct_size = size;
	t->index = source;
}

void vmcoreinfo_resolve(const struct vmcoreinfo *vi, const struct fact_set *set,
			enum fact_source source, char *bad, size_t bad_size)
{
	struct resolver r = { .vi = vi, .bad = bad, .bad_size = bad_size };

	if (bad)
		bad[0] = '\0';
	for (size_t i = 0; i < set->nr_ksyms; i++) {
		struct ksym_info *s = set->ksyms[i];

		if (fact_is_missing(s->index, s->modname, "vmlinux") &&
		    lookup(&r, "SYMBOL", s->symname, NULL, UINT64_MAX, &s->value))
			s->index = source;
	}
	for (size_t i = 0; i < set->nr_ktypes; i++) {
		if (fact_is_missing(set->ktypes[i]->index, set->ktypes[i]->modname, "vmlinux"))
			resolve_type(&r, set->ktypes[i], source);
	}
	for (size_t i = 0; i < set->nr_knums; i++) {
		struct knum_info *n = set->knums[i];
		uint64_t value;

		if (fact_is_missing(n->index, n->modname, "vmlinux") &&
		    (lookup(&r, "NUMBER", n->name, NULL, UINT64_MAX, &value) ||
		     value_of(&r, n->name, true, UINT64_MAX, &value))) {
			n->value = value;
			n->index = source;
		}
	}
	for (size_t i = 0; i < set->nr_klens; i++) {
		struct klen_info *l = set->klens[i];

		if (fact_is_missing(l->index, l->modname, "vmlinux") &&
		    lookup(&r, "LENGTH", l->name, l->member, UINT32_MAX, &l->value))
			l->index = source;
	}
}
