// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pages DIRECTORY: make a domain that has some pages of known content, and write files about the
 * machine's pages, which Xen calls frames, of 64-bit numbers each:
 *
 *	foreign	the frames of that domain; each word of page n of them is FOREIGN | n
 *	free	how many pages Xen has to give
 *	p2m	the frame of each page of dom0, as its kernel has it, with the bits of such an entry
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

#define PAGE 4096
#define WORDS (PAGE / sizeof(uint64_t))
#define FOREIGN_PAGES 4096
#define FOREIGN 0xd000f00d00000000ULL

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "pages: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void save(const char *name, const void *data, size_t size)
{
	FILE *f = fopen(name, "w");

	if (!f || fwrite(data, size, 1, f) != 1 || fclose(f))
		die(name);
}

static void fill(uint32_t domain, const xen_pfn_t *frames)
{
	xenforeignmemory_handle *h = xenforeignmemory_open(NULL, 0);
	uint64_t *words = h ? xenforeignmemory_map(h, domain, PROT_READ | PROT_WRITE, FOREIGN_PAGES,
						   frames, NULL) : NULL;

	if (!words)
		die("pages of the domain");
	for (size_t i = 0; i < FOREIGN_PAGES * WORDS; i++)
		words[i] = FOREIGN | i / WORDS;
	xenforeignmemory_unmap(h, words, FOREIGN_PAGES);
	xenforeignmemory_close(h);
}

static void make_domain(xc_interface *xen)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = 1,
		.max_evtchn_port = -1,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	static xen_pfn_t frames[FOREIGN_PAGES];
	uint32_t domain = 0;

	if (xc_domain_create(xen, &domain, &config) ||
	    xc_domain_setmaxmem(xen, domain, (FOREIGN_PAGES + 256) * (PAGE >> 10)))
		die("a domain");
	for (size_t i = 0; i < FOREIGN_PAGES; i++)
		frames[i] = i;
	/* The pages' numbers in the domain become those of their frames. */
	if (xc_domain_populate_physmap_exact(xen, domain, FOREIGN_PAGES, 0, 0, frames))
		die("memory of the domain");
	fill(domain, frames);
	save("foreign", frames, sizeof(frames));
}

static void save_free(xc_interface *xen)
{
	xc_physinfo_t info;

	if (xc_physinfo(xen, &info))
		die("physinfo");
	save("free", &info.free_pages, sizeof(info.free_pages));
}

static uint64_t address_of(const char *symbol)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char name[256];

	while (f && fscanf(f, "%llx %*c %255s%*[^\n]", &address, name) == 2)
		if (!strcmp(name, symbol))
			return address;
	die(symbol);
}

/* Read the running kernel's memory. */
static void read_kernel(uint64_t address, void *buf, size_t size)
{
	int fd = open("/proc/kcore", O_RDONLY);
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	if (fd < 0 || pread(fd, &eh, sizeof(eh), 0) != sizeof(eh))
		die("/proc/kcore");
	for (int i = 0; i < eh.e_phnum; i++) {
		if (pread(fd, &ph, sizeof(ph), eh.e_phoff + i * sizeof(ph)) != sizeof(ph))
			die("/proc/kcore");
		if (ph.p_type != PT_LOAD || address < ph.p_vaddr ||
		    address - ph.p_vaddr >= ph.p_memsz)
			continue;
		if (pread(fd, buf, size, ph.p_offset + (address - ph.p_vaddr)) != (ssize_t)size)
			die("/proc/kcore");
		close(fd);
		return;
	}
	errno = EFAULT;
	die("/proc/kcore");
}

static void save_p2m(void)
{
	uint64_t list, nr, *p2m;

	read_kernel(address_of("xen_p2m_addr"), &list, sizeof(list));
	read_kernel(address_of("max_pfn"), &nr, sizeof(nr));
	p2m = malloc(nr * sizeof(*p2m));
	if (!p2m)
		die("p2m");
	read_kernel(list, p2m, nr * sizeof(*p2m));
	save("p2m", p2m, nr * sizeof(*p2m));
}

int main(int argc, char **argv)
{
	xc_interface *xen = argc == 2 && !chdir(argv[1]) ? xc_interface_open(NULL, NULL, 0) : NULL;

	if (!xen)
		die("Xen");
	make_domain(xen);
	save_free(xen);
	save_p2m();
	xc_interface_close(xen);
	return 0;
}
