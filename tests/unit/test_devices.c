// SPDX-License-Identifier: GPL-2.0-or-later
/* Block devices: in the list of their class, or as inodes, by the types that a kernel has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "facts/on_demand.h"
#include "kernel_words.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, blockdev_superblock);
INIT_OPT_MOD_SYM(vmlinux, block_class);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_inodes);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inode, i_sb_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inode, i_size);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, bdev_inode, bdev);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, bdev_inode, vfs_inode);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, block_device, bd_nr_sectors);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, block_device, bd_disk);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, gendisk, part0);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, gendisk, disk_name);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, class, p);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, subsys_private, klist_devices);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, klist, k_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, klist_node, n_node);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, device_private, knode_class);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, device_private, device);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, device, knode_class);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, hd_struct, __dev);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, hd_struct, nr_sects);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, hd_struct, partno);

/* One piece of memory: the head of the list, and two disks with a partition between them. */
#define BYTES 0x4000
#define CLASS (WORDS_BASE + 0x100)
#define SUBSYS (WORDS_BASE + 0x200)
#define POINTER (WORDS_BASE + 0x100)
#define SUPER (WORDS_BASE + 0x200)
#define NR 3
#define PLACE(i) (WORDS_BASE + 0x1000 * ((uint64_t)(i) + 1))
#define SECTORS(i) (1000 + (uint64_t)(i))

/* Offsets in a place: of the disk's name, of what the kind of list has there, and of its node. */
#define NAME 16
#define PART 0x100
#define DEVICE 0x40 /* in PART */
#define PRIVATE 0x400
#define INODE 0x600
#define NODE 0x30 /* in a device, a device_private or an inode */
#define NODE_LIST 8
#define LIST 0x20 /* in SUBSYS or SUPER */

struct fixture {
	struct kernel_words *words;
	struct triage_view view;
	struct triage t;
};

static void set_symbol(struct ksym_info *s, uint64_t value)
{
	s->value = value;
	s->index = FACT_BTF;
}

static struct fixture *begin(void)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct fact_set set = facts_on_demand();

	assert_non_null(f);
	facts_reset(&set);
	f->words = kernel_words_create(BYTES);
	f->view.mem = kernel_words_mem(f->words);
	f->t = (struct triage){ .view = &f->view };
	set_member(MEMBER(gendisk, disk_name), NAME, 32);
	for (int i = 0; i < NR; i++) {
		char name[8] = "vda";

		name[2] += i;
		memcpy(&f->words->words[(PLACE(i) + NAME - WORDS_BASE) / 8], name, sizeof(name));
	}
	return f;
}

/* Make a list of nodes: one in each place at the same offset. */
static void link_list(struct fixture *f, vaddr_t head, vaddr_t offset)
{
	vaddr_t last = head;

	for (int i = 0; i < NR; i++) {
		kernel_words_put(f->words, last, PLACE(i) + offset);
		kernel_words_put(f->words, PLACE(i) + offset + 8, last);
		last = PLACE(i) + offset;
	}
	kernel_words_put(f->words, last, head);
	kernel_words_put(f->words, head + 8, last);
}

/* Kernels before 5.11. The nodes are in device_private, or in 4.19 in device. */
static struct fixture *begin_class(bool private)
{
	struct fixture *f = begin();

	set_symbol(GET_MOD_SYM_PTR(vmlinux, block_class), CLASS);
	set_member(MEMBER(class, p), 24, 8);
	set_member(MEMBER(subsys_private, klist_devices), LIST - 8, 32);
	set_member(MEMBER(klist, k_list), 8, 16);
	set_member(MEMBER(klist_node, n_node), NODE_LIST, 16);
	set_member(MEMBER(hd_struct, __dev), DEVICE, 0x200);
	set_member(MEMBER(hd_struct, nr_sects), 8, 8);
	set_member(MEMBER(hd_struct, partno), 16, 4);
	set_member(MEMBER(gendisk, part0), PART, 0x300);
	kernel_words_put(f->words, CLASS + 24, SUBSYS);
	for (int i = 0; i < NR; i++) {
		kernel_words_put(f->words, PLACE(i) + PART + 8, SECTORS(i));
		kernel_words_put(f->words, PLACE(i) + PRIVATE + 8, PLACE(i) + PART + DEVICE);
	}
	/* A number of 32 bits, in either byte order. */
	kernel_words_put(f->words, PLACE(1) + PART + 16, UINT64_C(0x100000001));
	if (private) {
		set_member(MEMBER(device_private, knode_class), NODE, 32);
		set_member(MEMBER(device_private, device), 8, 8);
		link_list(f, SUBSYS + LIST, PRIVATE + NODE + NODE_LIST);
	} else {
		set_member(MEMBER(device, knode_class), NODE, 32);
		link_list(f, SUBSYS + LIST, PART + DEVICE + NODE + NODE_LIST);
	}
	return f;
}

/* Kernels from 5.11 on; the number of sectors is in the block device, or the inode's size. */
static struct fixture *begin_inodes(bool sectors)
{
	struct fixture *f = begin();

	set_symbol(GET_MOD_SYM_PTR(vmlinux, blockdev_superblock), POINTER);
	set_member(MEMBER(super_block, s_inodes), LIST, 16);
	set_member(MEMBER(inode, i_sb_list), NODE, 16);
	set_member(MEMBER(inode, i_size), 8, 8);
	set_member(MEMBER(bdev_inode, bdev), 0, 0x100);
	set_member(MEMBER(bdev_inode, vfs_inode), INODE - PART, 0x100);
	set_member(MEMBER(block_device, bd_disk), 16, 8);
	set_member(MEMBER(gendisk, part0), 0, 8);
	if (sectors)
		set_member(MEMBER(block_device, bd_nr_sectors), 8, 8);
	kernel_words_put(f->words, POINTER, SUPER);
	for (int i = 0; i < NR; i++) {
		kernel_words_put(f->words, PLACE(i), PLACE(i) + PART);
		kernel_words_put(f->words, PLACE(i) + PART + 8, sectors ? SECTORS(i) : 0);
		kernel_words_put(f->words, PLACE(i) + PART + 16, PLACE(i));
		kernel_words_put(f->words, PLACE(i) + INODE + 8, sectors ? 0 : SECTORS(i) * 512);
	}
	/* A partition of the first disk. */
	kernel_words_put(f->words, PLACE(1) + PART + 16, PLACE(0));
	link_list(f, SUPER + LIST, INODE + NODE);
	return f;
}

static void end(struct fixture *f)
{
	free(f->t.disks);
	free(f->t.missing);
	free(f->words);
	free(f);
}

static void check_disks(struct fixture *f)
{
	assert_int_equal(triage_read_devices(&f->t), 0);
	assert_int_equal(f->t.nr_disks, 2);
	assert_string_equal(f->t.disks[0].name, "vda");
	assert_int_equal(f->t.disks[0].value, SECTORS(0) * 512);
	assert_string_equal(f->t.disks[1].name, "vdc");
	assert_int_equal(f->t.disks[1].value, SECTORS(2) * 512);
	end(f);
}

static void test_class(void **state)
{
	(void)state;
	check_disks(begin_class(true));
	check_disks(begin_class(false));
}

static void test_inodes(void **state)
{
	(void)state;
	check_disks(begin_inodes(true));
	check_disks(begin_inodes(false));
}

/* A device that cannot be read is left out; a list that cannot be read is missing. */
static void test_damaged(void **state)
{
	struct fixture *f = begin_class(true);

	(void)state;
	kernel_words_put(f->words, PLACE(0) + PRIVATE + 8, 8);
	kernel_words_put(f->words, PLACE(2) + PART + 8, UINT64_MAX);
	assert_int_equal(triage_read_devices(&f->t), 0);
	assert_int_equal(f->t.nr_disks, 1);
	assert_string_equal(f->t.disks[0].name, "vdc");
	assert_int_equal(f->t.disks[0].value, 0);
	end(f);

	f = begin_class(true);
	kernel_words_put(f->words, CLASS + 24, 8);
	assert_int_equal(triage_read_devices(&f->t), 0);
	assert_int_equal(f->t.nr_disks, 0);
	assert_int_equal(f->t.nr_missing, 2);
	assert_non_null(strstr(f->t.missing[1], "block devices: "));
	end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_class),
		cmocka_unit_test(test_inodes),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
