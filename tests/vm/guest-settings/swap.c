// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * swap BYTES: swap out pages that can be compressed to a half, and stay in the background.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#define PAGE 4096UL
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

int main(int argc, char **argv)
{
	size_t size = argc == 2 ? strtoull(argv[1], NULL, 0) : 0;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("swap");
		return 1;
	}
	/* zswap of 6.12 takes no large folios. */
	madvise(p, size, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < size; at += PAGE)
		if (getrandom(p + at, PAGE / 2, 0) != PAGE / 2)
			return 1;
	if (madvise(p, size, MADV_PAGEOUT)) {
		perror("swap");
		return 1;
	}
	if (fork())
		_exit(0);
	for (;;)
		pause();
}
