// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Block devices and network interfaces.
 */
#include <errno.h>

#include "facts/on_demand.h"
#include "kernel/member.h"
#include "kernel/walk.h"
#include "lib/array.h"
#include "triage/parts.h"

INIT_OPT_MOD_SYM(vmlinux, init_net);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, net, dev_base_head);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, net_device, dev_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, net_device, name);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, net_device, flags);

/* Inodes of block devices: since Linux kernel commit 22ae8ce8b892 ("block: simplify bdev/disk
 * lookup in blkdev_get") (in v5.11) each belongs to a disk or a partition. The number of sectors
 * is the inode's size until v5.15. */
INIT_OPT_MOD_SYM(vmlinux, blockdev_superblock);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, super_block, s_inodes);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inode, i_sb_list);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, inode, i_size);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, bdev_inode, bdev);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, bdev_inode, vfs_inode);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, block_device, bd_nr_sectors);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, block_device, bd_disk);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, gendisk, part0);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, gendisk, disk_name);

/* Before that, disks and partitions are the devices of a class. Each has the node of its list in
 * struct device, and from v5.1 on in struct device_private (commit 570d0200123f). */
INIT_OPT_MOD_SYM(vmlinux, block_class);
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

/* Devices of each kind. */
#define DEVICES_MAX 1024
#define SECTOR_BYTES 512

static int add_net(void *ctx, uint64_t device)
{
	struct triage *t = ctx;
	const struct vmem *mem = &t->view->mem;
	struct triage_number *to;

	if (t->nr_nets == DEVICES_MAX)
		return 0;
	if (ARRAY_GROW(t->nets, t->nr_nets, "network interfaces"))
		return -ENOMEM;
	to = &t->nets[t->nr_nets++];
	*to = (struct triage_number){ 0 };
	read_name(mem, device + OFFSET(net_device, name), to->name, 16);
	to->value = member_or_0(mem, device, MEMBER(net_device, flags));
	return 0;
}

static int read_nets(struct triage *t)
{
	int err;

	if (HAS_SYMBOL(init_net) && HAS_MEMBER(net, dev_base_head) && HAS_MEMBER(net_device, name))
		err = walk_list(&t->view->mem, SYMBOL(init_net) + OFFSET(net, dev_base_head),
				MEMBER(net_device, dev_list), add_net, t);
	else
		err = err_set(-ENOENT,
			      "SYMBOL(init_net) or OFFSET(net.dev_base_head) is not known");
	return triage_missing_err(t, err, "network interfaces");
}

static int add_disk(struct triage *t, vaddr_t disk, uint64_t sectors)
{
	struct triage_number *to;

	if (!sectors || t->nr_disks == DEVICES_MAX)
		return 0;
	if (ARRAY_GROW(t->disks, t->nr_disks, "disks"))
		return -ENOMEM;
	to = &t->disks[t->nr_disks++];
	*to = (struct triage_number){ 0 };
	read_name(&t->view->mem, disk + OFFSET(gendisk, disk_name), to->name, 32);
	if (!checked_mul(sectors, SECTOR_BYTES, &to->value))
		to->value = 0;
	return 0;
}

/* Add the whole disk, not a partition of it. */
static int visit_inode(void *ctx, uint64_t inode)
{
	struct triage *t = ctx;
	const struct vmem *mem = &t->view->mem;
	vaddr_t bdev = inode - OFFSET(bdev_inode, vfs_inode) + OFFSET(bdev_inode, bdev);
	uint64_t disk = member_or_0(mem, bdev, MEMBER(block_device, bd_disk));

	if (!disk || member_or_0(mem, disk, MEMBER(gendisk, part0)) != bdev)
		return 0;
	if (HAS_MEMBER(block_device, bd_nr_sectors))
		return add_disk(t, disk,
				member_or_0(mem, bdev, MEMBER(block_device, bd_nr_sectors)));
	return add_disk(t, disk, member_or_0(mem, inode, MEMBER(inode, i_size)) / SECTOR_BYTES);
}

static int walk_inodes(struct triage *t)
{
	const struct vmem *mem = &t->view->mem;
	uint64_t sb;
	int err = vmem_read_ulong(mem, SYMBOL(blockdev_superblock), &sb);

	if (err)
		return err;
	return walk_list(mem, sb + OFFSET(super_block, s_inodes), MEMBER(inode, i_sb_list),
			 visit_inode, t);
}

/* The same of the node that a device has in the list of its class. */
static int visit_node(void *ctx, uint64_t node)
{
	struct triage *t = ctx;
	const struct vmem *mem = &t->view->mem;
	uint64_t device = node - OFFSET(device, knode_class), number;
	vaddr_t part;

	if (HAS_MEMBER(device_private, knode_class) &&
	    member_read(mem, node - OFFSET(device_private, knode_class),
			MEMBER(device_private, device), &device))
		return 0;
	part = device - OFFSET(hd_struct, __dev);
	if (member_read(mem, part, MEMBER(hd_struct, partno), &number) || number)
		return 0;
	return add_disk(t, part - OFFSET(gendisk, part0),
			member_or_0(mem, part, MEMBER(hd_struct, nr_sects)));
}

static int walk_class(struct triage *t)
{
	const struct vmem *mem = &t->view->mem;
	uint64_t list;
	int err = member_read(mem, SYMBOL(block_class), MEMBER(class, p), &list);

	if (err)
		return err;
	list += OFFSET(subsys_private, klist_devices) + OFFSET(klist, k_list);
	return walk_list(mem, list, MEMBER(klist_node, n_node), visit_node, t);
}

static int read_disks(struct triage *t)
{
	int err;

	if (HAS_SYMBOL(block_class) && HAS_MEMBER(hd_struct, __dev) && HAS_MEMBER(gendisk, part0) &&
	    HAS_MEMBER(gendisk, disk_name) && HAS_MEMBER(subsys_private, klist_devices) &&
	    HAS_MEMBER(klist, k_list) &&
	    (HAS_MEMBER(device_private, knode_class) || HAS_MEMBER(device, knode_class)))
		err = walk_class(t);
	else if (HAS_SYMBOL(blockdev_superblock) && HAS_MEMBER(super_block, s_inodes) &&
		 HAS_MEMBER(bdev_inode, vfs_inode) && HAS_MEMBER(block_device, bd_disk) &&
		 HAS_MEMBER(gendisk, disk_name))
		err = walk_inodes(t);
	else
		err = err_set(-ENOENT, "SYMBOL(blockdev_superblock) or a type is not known");
	return triage_missing_err(t, err, "block devices");
}

int triage_read_devices(struct triage *t)
{
	int err = read_nets(t);

	return err ? err : read_disks(t);
}
