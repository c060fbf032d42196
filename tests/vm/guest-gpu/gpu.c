// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gpu CARD SHRINK CONTENT	have buffers of a graphics card in memory, stay alive
 *
 * Two processes share some of the buffers. SHRINK is a file that has a buffer swapped out
 * when it is read. CONTENT becomes, in the end, a list "NAME PAGES STATE": which buffers
 * there are, and whether they are "live", "swapped", or "empty", which is to say never
 * looked at. A page of a buffer repeats a line that has the buffer's name and the
 * page's number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define LINE 32

/* Declarations of <drm/drm.h> and <drm/drm_mode.h>, which not every machine has. */
struct gem_flink {
	uint32_t handle, name;
};

struct gem_open {
	uint32_t name, handle;
	uint64_t size;
};

struct create_dumb {
	uint32_t height, width, bpp, flags, handle, pitch;
	uint64_t size;
};

struct map_dumb {
	uint32_t handle, pad;
	uint64_t offset;
};

struct destroy_dumb {
	uint32_t handle;
};

#define GEM_FLINK _IOWR('d', 0x0a, struct gem_flink)
#define GEM_OPEN _IOWR('d', 0x0b, struct gem_open)
#define CREATE_DUMB _IOWR('d', 0xb2, struct create_dumb)
#define MAP_DUMB _IOWR('d', 0xb3, struct map_dumb)
#define DESTROY_DUMB _IOWR('d', 0xb4, struct destroy_dumb)

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "gpu: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void control(int card, unsigned long request, void *arg, const char *what)
{
	if (ioctl(card, request, arg))
		die(what);
}

static int open_card(const char *path)
{
	int card = open(path, O_RDWR | O_CLOEXEC);

	if (card < 0)
		die(path);
	return card;
}

/* One line of 1024 pixels is a page. */
static uint32_t create(int card, size_t pages)
{
	struct create_dumb c = { .height = (uint32_t)pages, .width = 1024, .bpp = 32 };

	control(card, CREATE_DUMB, &c, "create");
	if (c.size != pages * PAGE) {
		fprintf(stderr, "gpu: %llu bytes, not %zu pages\n", (unsigned long long)c.size,
			pages);
		exit(1);
	}
	return c.handle;
}

static void destroy(int card, uint32_t handle)
{
	struct destroy_dumb d = { .handle = handle };

	control(card, DESTROY_DUMB, &d, "destroy");
}

static void fill(int card, uint32_t handle, char name, size_t pages)
{
	struct map_dumb m = { .handle = handle };
	char line[LINE + 1];
	unsigned char *p;

	control(card, MAP_DUMB, &m, "map");
	p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)m.offset);
	if (p == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < pages; i++) {
		snprintf(line, sizeof(line), "buffer %c, page %15zu.\n", name, i);
		for (size_t at = 0; at < PAGE; at += LINE)
			memcpy(p + i * PAGE + at, line, LINE);
	}
}

static uint32_t create_filled(int card, char name, size_t pages)
{
	uint32_t handle = create(card, pages);

	fill(card, handle, name, pages);
	return handle;
}

static uint32_t publish(int card, uint32_t handle)
{
	struct gem_flink f = { .handle = handle };

	control(card, GEM_FLINK, &f, "flink");
	return f.name;
}

static void subscribe(int card, uint32_t name)
{
	struct gem_open o = { .name = name };

	control(card, GEM_OPEN, &o, "open");
}

static void swap_out(const char *shrink)
{
	char text[32] = "";
	int fd = open(shrink, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(shrink);
	printf("VM swapped %s", text);
	close(fd);
}

static uint32_t receive(int from)
{
	uint32_t value;

	if (read(from, &value, sizeof(value)) != sizeof(value))
		die("read");
	return value;
}

static void send(int to, uint32_t value)
{
	if (write(to, &value, sizeof(value)) != sizeof(value))
		die("write");
}

/* Has a buffer of its own, one that it shares and one that it was given; says so to BACK. */
static _Noreturn void second(const char *path, int from, int back)
{
	int card = open_card(path);

	create_filled(card, 'd', 300);
	subscribe(card, receive(from));
	subscribe(card, receive(from));
	send(back, 0);
	for (;;)
		pause();
}

static void share(int card, const char *path, uint32_t shared, uint32_t given)
{
	int to[2], back[2];

	if (pipe(to) || pipe(back))
		die("pipe");
	if (!fork())
		second(path, to[0], back[1]);
	send(to[1], publish(card, shared));
	send(to[1], publish(card, given));
	receive(back[0]);
	destroy(card, given);
}

static void tell(const char *content)
{
	FILE *out = fopen("/run/part", "w");

	if (!out)
		die("/run/part");
	fprintf(out, "a 1024 live\nb 777 live\nc 55 live\nd 300 live\ns 200 swapped\ne 100 empty\n");
	if (fclose(out) || rename("/run/part", content))
		die(content);
}

int main(int argc, char **argv)
{
	uint32_t shared, given;
	int card;

	if (argc != 4)
		return 2;
	card = open_card(argv[1]);
	/* The first one is the first to be swapped out. */
	create_filled(card, 's', 200);
	create_filled(card, 'a', 1024);
	shared = create_filled(card, 'b', 777);
	given = create_filled(card, 'c', 55);
	share(card, argv[1], shared, given);
	swap_out(argv[2]);
	create(card, 100);
	/* The same open file once more. */
	if (dup(card) < 0)
		die("dup");
	tell(argv[3]);
	for (;;)
		pause();
}
