// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/elf_machine.h"
#include "lib/err.h"
#include "lib/resources.h"
#include "lib/trace.h"
#include "notes.h"

#define PAGE_SIZE_MIN (UINT64_C(4) << 10)
#define PAGE_SIZE_MAX (UINT64_C(256) << 10)

/* As much of the file's beginning as formats get to recognise theirs by. */
#define HEAD_SIZE 4096

static const struct vmcore_ops *const formats[] = {
	&raw_vmcore_ops,	/* first: the user says so, whatever its bytes */
	&xen_domain_vmcore_ops, /* before other ELF cores */
	&kdump_vmcore_ops,	&elf_vmcore_ops,       &lime_vmcore_ops,
	&sadump_vmcore_ops,	&migration_vmcore_ops, &vmware_vmcore_ops,
};

static bool valid_page_size(uint64_t size)
{
	return size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && !(size & (size - 1));
}

/* Machines with one page size only have no other, whatever VMCOREINFO says. */
static bool has_page_size(uint16_t machine, uint64_t size)
{
	if (machine == EM_X86_64 || machine == EM_386 || machine == EM_S390)
		return size == 4096;
	return valid_page_size(size);
}

/* The value of the first line PAGESIZE=; 0 if there is none that is valid. */
static uint64_t vmcoreinfo_page_size(const struct vmcore *vc)
{
	static const char key[] = "PAGESIZE=";
	const size_t key_len = sizeof(key) - 1;
	const char *line = vc->vmcoreinfo;
	size_t left = vc->vmcoreinfo_size;
	uint64_t size = 0;

	while (left > key_len && memcmp(line, key, key_len)) {
		size_t len = 0;

		/* A NUL that damage put into the text ends a line, too. */
		while (len < left && line[len] && line[len] != '\n')
			len++;
		if (len == left)
			return 0;
		left -= len + 1;
		line += len + 1;
	}
	if (left <= key_len)
		return 0;
	for (size_t i = key_len; i < left && line[i] && line[i] != '\n'; i++) {
		if (line[i] < '0' || line[i] > '9' || size > PAGE_SIZE_MAX)
			return 0;
		size = size * 10 + (line[i] - '0');
	}
	return has_page_size(vc->machine, size) ? size : 0;
}

static uint64_t usual_page_size(uint16_t machine)
{
	switch (machine) {
	case EM_PPC64:
		return 64 << 10;
	case EM_IA_64:
	case EM_LOONGARCH:
		return 16 << 10;
	case EM_SPARCV9:
		return 8 << 10;
	default:
		return 4 << 10;
	}
}

int vmcore_set_page_size(struct vmcore *vc, uint64_t page_size)
{
	if (vc->fixed_page_size) {
		if (page_size == vc->page_size)
			return 0;
		return err_set(-EINVAL, "a page size of %llu bytes, but the dump has pages of %u",
			       (unsigned long long)page_size, vc->page_size);
	}
	if (!valid_page_size(page_size))
		return err_set(-EINVAL, "%llu bytes is not a page size any machine has",
			       (unsigned long long)page_size);
	vc->page_size = page_size;
	vc->page_shift = __builtin_ctz(vc->page_size);
	vc->max_pfn = div_round_up(vc->memory_end, page_size);
	return 0;
}

/* Files that a dump can be made of, or taken out of: their bytes at an offset, and the way. */
static const struct {
	size_t offset;
	const char *magic, *what;
} convertible[] = {
	{ 0, "\xa8\x19\x01\x73\x61\x8f\x23",
	  "a stand-alone dump of s390x: convert it with zgetdump -f elf" },
	{ 257, "ustar", "an archive: take the dump out of it with tar -xf" },
	{ 0, "PK\3\4", "an archive: take the dump out of it with unzip" },
	{ 0, "7z\xbc\xaf\x27\x1c", "an archive: take the dump out of it with 7z x" },
};

static int not_a_dump(const unsigned char *head, size_t len)
{
	char hex[8 * 3 + 1] = "", text[8 + 1] = "";

	for (size_t i = 0; i < ARRAY_SIZE(convertible); i++) {
		size_t at = convertible[i].offset, n = strlen(convertible[i].magic);

		/* A file of nothing else is none of them. */
		if (at + n < len && !memcmp(head + at, convertible[i].magic, n))
			return err_set(-ENOTSUP, "%s", convertible[i].what);
	}
	for (size_t i = 0; i < len && i < 8; i++) {
		sprintf(hex + 3 * i, " %02x", head[i]);
		text[i] = isascii(head[i]) && isprint(head[i]) ? head[i] : '.';
	}
	return err_set(-ENOTSUP, "not a dump: it begins with%s \"%s\"", hex, text);
}

/* Open with the format that knows the file. */
static int probe(struct vmcore *vc)
{
	unsigned char head[HEAD_SIZE];
	size_t len = min_u64(vc->file.size, sizeof(head));
	struct file_reader r;
	int ret;

	if (!len)
		return err_set(-ENOTSUP, "not a dump: it is empty");
	file_reader_init(&r, &vc->file);
	ret = file_read(&r, 0, head, len);
	file_reader_deinit(&r);
	if (ret)
		return ret;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		vc->ops = formats[i];
		ret = vc->ops->open(vc, head, len);
		TRACE(VMCORE, "format %s: %s", vc->ops->name,
		      ret == -ENOENT ? "no" :
		      ret	     ? err_text(ret) :
				       "yes");
		if (ret != -ENOENT)
			return ret;
	}
	vc->ops = NULL;
	return not_a_dump(head, len);
}

static int open_formatted(struct vmcore *vc)
{
	uint64_t page_size;
	int ret;

	if (vc->file.damage[0])
		vmcore_warn(vc, "%s", vc->file.damage);
	ret = probe(vc);
	if (!ret && vc->options->nr_diskset && vc->ops != &sadump_vmcore_ops)
		ret = err_set(-EINVAL, "--diskset: it is not a disk of sadump");
	if (ret)
		return ret;
	vc->incomplete |= vc->file.damage[0] != '\0';
	/* Formats tell the word size of their headers. */
	vc->headers64 = vc->is64;
	if (elf_machine_is_32bit(vc->machine))
		vc->is64 = false;
	ret = notes_scan(vc);
	if (ret == -EBADMSG)
		vmcore_warn(vc, "%s", err_text(ret));
	else if (ret)
		return ret;
	if (vc->page_size) {
		vc->fixed_page_size = true;
		return 0;
	}
	page_size = vmcoreinfo_page_size(vc);
	return vmcore_set_page_size(vc, page_size ? page_size : usual_page_size(vc->machine));
}

int vmcore_drop_vmcoreinfo(struct vmcore *vc)
{
	return vc->vmcoreinfo ? notes_drop_vmcoreinfo(vc) : 0;
}

int vmcore_set_vmcoreinfo(struct vmcore *vc, const char *text, size_t size)
{
	int err = vmcore_drop_vmcoreinfo(vc);
	uint64_t page_size;
	char *copy;

	if (!err)
		err = notes_add(vc, VMCOREINFO_NAME, size, &copy);
	if (err)
		return err;
	memcpy(copy, text, size);
	vc->vmcoreinfo = copy;
	vc->vmcoreinfo_size = size;
	page_size = vmcoreinfo_page_size(vc);
	return page_size && !vc->fixed_page_size ? vmcore_set_page_size(vc, page_size) : 0;
}

int vmcore_open(struct vmcore **ret, const char *path, const struct vmcore_options *opt)
{
	struct vmcore *vc = calloc(1, sizeof(*vc));
	int err;

	if (!vc)
		return err_set(-ENOMEM, "%s: no memory to open it", path);
	vc->bitmaps = opt->bitmaps;
	vc->parts = opt->parts;
	vc->options = opt;
	err = file_open(&vc->file, path, !opt->no_mmap, opt->spool);
	if (err) {
		free(vc);
		return err;
	}
	err = open_formatted(vc);
	vc->options = NULL;
	if (err) {
		err_prefix(err, "%s", path);
		vmcore_close(vc);
		return err;
	}
	TRACE(VMCORE,
	      "machine %u, %u bits, %s-endian, pages of %u bytes%s, %zu PT_LOADs, "
	      "highest pfn %#llx, dump level %u%s",
	      vc->machine, vc->is64 ? 64 : 32, vc->big_endian ? "big" : "little", vc->page_size,
	      vc->fixed_page_size ? " by its format" : "", vc->nr_segments,
	      (unsigned long long)vc->max_pfn, vc->dump_level,
	      vc->incomplete ? ", incomplete" : "");
	*ret = vc;
	return 0;
}

void vmcore_close(struct vmcore *vc)
{
	if (!vc)
		return;
	if (vc->priv)
		vc->ops->close(vc);
	file_close(&vc->file);
	for (size_t i = 0; i < vc->nr_others; i++)
		file_close(&vc->others[i]);
	free(vc->others);
	free(vc->segments);
	free(vc->notes);
	frames_deinit(&vc->frames);
	free(vc->eraseinfo);
	free(vc->beside);
	free(vc->xen.vmcoreinfo);
	free(vc);
}

bool vmcore_is_kcore(const struct vmcore *vc)
{
	return file_is_kcore(&vc->file);
}

/* Free a reader but for what its format has allocated. */
static void free_reader(struct vmcore_reader *r)
{
	file_reader_deinit(&r->file);
	for (size_t i = 0; r->others && i < r->vc->nr_others; i++)
		file_reader_deinit(&r->others[i]);
	free(r->others);
	free(r->blocks);
	free(r);
}

int vmcore_reader_create(struct vmcore_reader **ret, struct vmcore *vc)
{
	struct vmcore_reader *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return err_set(-ENOMEM, "no memory to read the dump");
	r->vc = vc;
	file_reader_init(&r->file, &vc->file);
	r->blocks = calloc(VMCORE_BLOCKS, sizeof(*r->blocks));
	if (vc->nr_others)
		r->others = calloc(vc->nr_others, sizeof(*r->others));
	for (size_t i = 0; r->others && i < vc->nr_others; i++)
		file_reader_init(&r->others[i], &vc->others[i]);
	err = r->blocks && (r->others || !vc->nr_others) ?
		      0 :
		      err_set(-ENOMEM, "no memory to read the dump");
	if (!err && vc->ops->reader_init)
		err = vc->ops->reader_init(r);
	if (err) {
		free_reader(r);
		return err;
	}
	*ret = r;
	return 0;
}

void vmcore_reader_destroy(struct vmcore_reader *r)
{
	if (!r)
		return;
	if (r->vc->ops->reader_deinit)
		r->vc->ops->reader_deinit(r);
	free_reader(r);
}

/*
 * Readers go on without the bytes that a dump does not give them, whatever the reason: they
 * were never written, the device cannot read them (EIO), they are damaged (EBADMSG), this build
 * cannot decompress them (ENOTSUP). Lack of memory says nothing about the dump.
 */
static int unreadable(int err)
{
	return !err || err == -ENOMEM || err == -EFAULT ? err :
							  err_set(-EFAULT, "%s", err_text(err));
}

int vmcore_get(struct vmcore_reader *r, paddr_t pa, size_t want, const void **ptr, size_t *got)
{
	return unreadable(r->vc->ops->get(r, pa, want, ptr, got));
}

void vmcore_expect(struct vmcore_reader *r, paddr_t pa, uint64_t len)
{
	if (r->vc->ops->expect)
		r->vc->ops->expect(r, pa, len);
}

int vmcore_read(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
{
	char *to = buf;

	if (r->vc->ops->read)
		return unreadable(r->vc->ops->read(r, pa, buf, len));
	while (len) {
		const void *from;
		size_t got;
		int ret = vmcore_get(r, pa, len, &from, &got);

		if (ret)
			return ret;
		memcpy(to, from, got);
		to += got;
		pa += got;
		len -= got;
	}
	return 0;
}

/* The block that begins at start, if it can be read whole; else NULL. */
static const struct vmcore_block *get_block(struct vmcore_reader *r, paddr_t start)
{
	struct vmcore_block *b;

	for (unsigned int i = 0; i < VMCORE_BLOCKS; i++) {
		b = &r->blocks[i];
		if (b->valid && b->start == start)
			return b;
	}
	b = &r->blocks[r->next_block++ % VMCORE_BLOCKS];
	b->start = start;
	b->valid = !vmcore_read(r, start, b->bytes, sizeof(b->bytes));
	return b->valid ? b : NULL;
}

int vmcore_read_cached(struct vmcore_reader *r, paddr_t pa, void *buf, size_t len)
{
	size_t off = pa % sizeof(r->blocks->bytes);
	const struct vmcore_block *b = NULL;

	if (len <= sizeof(b->bytes) - off)
		b = get_block(r, pa - off);
	/* The dump may have what is wanted, if not the whole block. */
	if (!b)
		return vmcore_read(r, pa, buf, len);
	memcpy(buf, b->bytes + off, len);
	return 0;
}

int vmcore_read_page(struct vmcore_reader *r, pfn_t pfn, void *buf)
{
	const struct vmcore *vc = r->vc;
	paddr_t pa = pfn << vc->page_shift;

	if (pfn >= vc->max_pfn)
		return err_set(-EFAULT, "page %#llx is beyond the end of memory",
			       (unsigned long long)pfn);
	if (vc->ops->read_page)
		return unreadable(vc->ops->read_page(r, pa, buf, vc->page_size));
	return vmcore_read(r, pa, buf, vc->page_size);
}

int vmcore_bitmap(struct vmcore *vc, enum vmcore_bitmap_kind which, struct bitmap *b)
{
	return vc->ops->bitmap(vc, which, b);
}

int vmcore_cpu_regs(struct vmcore *vc, uint32_t id, uint64_t *words)
{
	return vc->ops->cpu_regs ? vc->ops->cpu_regs(vc, id, words) : -ENOENT;
}

void vmcore_check_places(struct vmcore *vc)
{
	if (vc->ops->check_places)
		vc->ops->check_places(vc);
}

/* VMCOREINFO is text: each line is KEY=VALUE, or a key alone. */
static void check_vmcoreinfo(const struct vmcore *vc, const struct vmcore_faults *faults)
{
	uint64_t page_size = vmcoreinfo_page_size(vc);

	for (size_t i = 0; i < vc->vmcoreinfo_size; i++) {
		unsigned char c = vc->vmcoreinfo[i];

		if (isprint(c) || c == '\n' || c == '\t')
			continue;
		vmcore_fault(faults, "VMCOREINFO: byte %zu is not text [%#x]", i, c);
		break;
	}
	if (page_size && page_size != vc->page_size)
		vmcore_fault(faults,
			     "VMCOREINFO: PAGESIZE is %" PRIu64
			     ", but the dump has pages of %u bytes",
			     page_size, vc->page_size);
}

int vmcore_check(struct vmcore *vc, const struct vmcore_faults *faults)
{
	check_vmcoreinfo(vc, faults);
	return vc->ops->check ? vc->ops->check(vc, faults) : 0;
}

/*
 * Memory that an ELF core claims without having its bytes costs its maker nothing,
 * but us a bit per page.
 */
int vmcore_check_claim(const struct vmcore *vc)
{
	const struct vmcore_segment *largest = NULL;
	uint64_t bytes = 0;

	for (size_t i = 0; i < vc->nr_segments; i++) {
		const struct vmcore_segment *s = &vc->segments[i];

		if (!checked_add(bytes, s->memsz, &bytes))
			bytes = UINT64_MAX;
		if (!largest || s->memsz > largest->memsz)
			largest = s;
	}
	if (!largest || bytes >> vc->page_shift >> 3 <= available_memory() / 2)
		return 0;
	return err_set(-ENOMEM,
		       "no memory for a bit per page of %" PRIu64 " GiB, most of it in "
		       "the PT_LOAD at physical address %#" PRIx64,
		       bytes >> 30, largest->paddr);
}
