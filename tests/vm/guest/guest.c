// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest fill KIB			populate memory, stay alive
 * guest truth DISK pause|crash		export the truth, then stop or crash
 * guest kexec KERNEL INITRD CMDLINE	load a crash kernel
 * guest keeper FILE READY		stay alive with several stacks
 * guest tasks PID...			print what processes have in memory
 * guest keys MOUNT INTERFACE READY	give the kernel known keys, stay alive
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load -1	/* not on i386: ENOSYS */
#endif

void die(const char *what)
{
	fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void load_crash_kernel(const char *kernel, const char *initrd,
			      const char *cmdline)
{
	int k = open(kernel, O_RDONLY), i = open(initrd, O_RDONLY);

	if (k < 0 || i < 0 ||
	    syscall(SYS_kexec_file_load, k, i, strlen(cmdline) + 1, cmdline,
		    KEXEC_FILE_ON_CRASH) < 0)
		die("kexec_file_load");
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "fill")) {
		fill(strtoull(argv[2], NULL, 0) << 10);
	} else if (argc == 4 && !strcmp(argv[1], "truth")) {
		truth(argv[2], !strcmp(argv[3], "crash"));
	} else if (argc == 5 && !strcmp(argv[1], "kexec")) {
		load_crash_kernel(argv[2], argv[3], argv[4]);
	} else if (argc == 4 && !strcmp(argv[1], "keeper")) {
		keeper(argv[2], argv[3]);
	} else if (argc > 2 && !strcmp(argv[1], "tasks")) {
		tasks(argv + 2);
	} else if (argc == 5 && !strcmp(argv[1], "keys")) {
		keys(argv[2], argv[3], argv[4]);
	} else {
		fprintf(stderr, "guest: fill KIB | truth DISK pause|crash | "
			"kexec KERNEL INITRD CMDLINE | keeper FILE READY | "
			"tasks PID... | keys MOUNT INTERFACE READY\n");
		return 2;
	}
	return 0;
}
