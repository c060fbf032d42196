// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Run a fuzz target without libFuzzer: replay [-m COUNT] [-o FILE] DIR|FILE...
 *
 * Each file goes through the target as it is, then COUNT times damaged: always in the
 * same way for the same contents. One line "ok" is written for each argument; an
 * input that the target does not survive, or that takes more than 10 seconds of CPU
 * time, ends the program with a line "not ok", and is left in FILE.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/types.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/cpu_limit.h"

/* Seconds of CPU time for one input. */
#define TIME_LIMIT 10
/* No target takes more. */
#define INPUT_MAX (1u << 20)

/* Not in every target, and not in every program. */
#pragma weak LLVMFuzzerInitialize
void __sanitizer_set_death_callback(void (*callback)(void));
#pragma weak __sanitizer_set_death_callback

/* The input that runs now: the functions that are called when it dies get no argument. */
static struct {
	const char *path, *out;
	unsigned int damage;		/* 0: none */
	const uint8_t *data;
	size_t size;
} now;

/* Only what may be called anywhere. */
static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

static void say_what_failed(const char *why)
{
	char number[16] = "", *p = number + sizeof(number) - 1;
	int fd;

	if (!now.path)
		return;
	for (unsigned int n = now.damage; n; n /= 10)
		*--p = '0' + n % 10;
	say("\nnot ok - ");
	say(now.path);
	say(now.damage ? ", damage no. " : "");
	say(p);
	say(why);
	say("\n");
	now.path = NULL;
	fd = now.out ? open(now.out, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
	if (fd >= 0 && write(fd, now.data, now.size) == (ssize_t)now.size)
		say("# the input is left where -o says\n");
}

static void on_signal(int sig)
{
	say_what_failed(sig == SIGPROF ? ": takes too long" : ": crashes");
	_exit(1);
}

static void on_death(void)
{
	say_what_failed(": the sanitizer complains");
}

static void run(const uint8_t *data, size_t size, unsigned int damage)
{
	/* A copy of the exact size, so that a sanitizer sees who reads beyond it. */
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	now.data = copy;
	now.size = size;
	now.damage = damage;
	cpu_limit(TIME_LIMIT);
	LLVMFuzzerTestOneInput(copy, size);
	cpu_limit(0);
	free(copy);
}

/* --- damage ------------------------------------------------------------------- */

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> 33;
}

/* Often in front, where headers are. */
static size_t somewhere(uint64_t *state, size_t size)
{
	return next_random(state) % (next_random(state) % 3 ? size : min_u64(size, 128));
}

static void put_number(uint8_t *data, size_t size, uint64_t *state)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x00ffffff, 0x7fffffff,
		0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX,
	};
	size_t len = 1u << next_random(state) % 4, at = somewhere(state, size);
	uint64_t n = numbers[next_random(state) % ARRAY_SIZE(numbers)];
	bool add = next_random(state) & 1, swap = next_random(state) & 1;

	if (add)
		n = next_random(state) % 33 - 16;
	at -= at % len;
	for (size_t i = 0; i < len && at + i < size; i++) {
		uint8_t byte = n >> 8 * (swap ? len - 1 - i : i);

		data[at + i] = add ? data[at + i] + byte : byte;
	}
}

static void copy_within(uint8_t *data, size_t size, uint64_t *state)
{
	size_t from = somewhere(state, size), to = somewhere(state, size);
	size_t len = next_random(state) % (size - (from > to ? from : to)) % 64 + 1;

	memmove(data + to, data + from, len);
}

/* @return the new size */
static size_t damage(uint8_t *data, size_t size, uint64_t *state)
{
	size_t at = somewhere(state, size);

	switch (next_random(state) % 8) {
	case 0:
		return at;
	case 1:
		memset(data + at, next_random(state) & 1 ? 0xff : 0,
		       min_u64(size - at, 1u << next_random(state) % 12));
		break;
	case 2:
	case 3:
		copy_within(data, size, state);
		break;
	case 4:
		data[at] ^= 1u << next_random(state) % 8;
		break;
	default:
		put_number(data, size, state);
		break;
	}
	return size;
}

static void run_damaged(const uint8_t *data, size_t size, unsigned int count)
{
	uint8_t *copy = malloc(size ? size : 1);
	uint64_t state = 1;

	if (!copy)
		abort();
	for (size_t i = 0; i < size; i++)
		state = (state ^ data[i]) * 0x100000001b3;
	for (unsigned int i = 1; i <= count; i++) {
		size_t left = size;

		memcpy(copy, data, size);
		for (unsigned int j = 0; left && j <= i % 4; j++)
			left = damage(copy, left, &state);
		run(copy, left, i);
	}
	free(copy);
}

/* --- files -------------------------------------------------------------------- */

static int run_file(const char *path, unsigned int count)
{
	uint8_t *data = malloc(INPUT_MAX);
	FILE *f = fopen(path, "r");
	size_t size;

	if (!data || !f) {
		printf("not ok - %s: %s\n", path, strerror(errno));
		free(data);
		return -1;
	}
	size = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	now.path = path;
	run(data, size, 0);
	run_damaged(data, size, count);
	now.path = NULL;
	free(data);
	return 0;
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* @return the number of files, or -1 */
static int run_argument(const char *path, unsigned int count)
{
	struct dirent **names;
	int nr = scandir(path, &names, not_hidden, alphasort), err = 0;

	if (nr < 0)
		return run_file(path, count) ? -1 : 1;
	for (int i = 0; i < nr; i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		err = err ? err : run_file(file, count);
		free(names[i]);
	}
	free(names);
	return err ? -1 : nr;
}

int main(int argc, char **argv)
{
	/* A sanitizer has handlers of its own for all but the first two, and says more. */
	static const int fatal[] = { SIGPROF, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	bool sanitized = __sanitizer_set_death_callback;
	unsigned int count = 0;
	int opt;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	while ((opt = getopt(argc, argv, "m:o:")) != -1) {
		if (opt == 'm')
			count = strtoul(optarg, NULL, 10);
		else if (opt == 'o')
			now.out = optarg;
		else
			return 2;
	}
	if (sanitized)
		__sanitizer_set_death_callback(on_death);
	for (size_t i = 0; i < (sanitized ? 2 : ARRAY_SIZE(fatal)); i++)
		signal(fatal[i], on_signal);
	printf("1..%d\n", argc - optind);
	for (int i = optind; i < argc; i++) {
		int nr;

		fflush(stdout);
		nr = run_argument(argv[i], count);
		if (nr < 0)
			return 1;
		if (!nr) {
			printf("not ok - %s: there are no inputs\n", argv[i]);
			return 1;
		}
		printf("ok - inputs: %d%s", nr, count ? "" : "\n");
		if (count)
			printf(", each also damaged %u times\n", count);
	}
	return 0;
}
