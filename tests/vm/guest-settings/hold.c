// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hold FILE BYTES: map a file, use one page of each 2 MiB, and stay with it in the background.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP (1UL << 21)

int main(int argc, char **argv)
{
	size_t size = argc == 3 ? strtoull(argv[2], NULL, 0) : 0;
	int fd = size ? open(argv[1], O_RDWR) : -1, ready[2];
	volatile char *p;
	char c;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED || pipe(ready)) {
		perror("hold");
		return 1;
	}
	if (fork()) {
		close(ready[1]);
		return read(ready[0], &c, 1) != 1;
	}
	for (size_t at = 0; at < size; at += STEP)
		p[at] = 1;
	if (write(ready[1], "", 1) != 1)
		return 1;
	for (;;)
		pause();
}
