// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Measure the cost of facts in a dump: bench_facts VMCORE
 *
 * Declares what an extension with many wishes would (100 symbols, members, structs,
 * numbers and lengths), and, if built with WITH_MODULES, a few in each of four
 * modules. Writes "FOUND DECLARED CPU_SECONDS RESIDENT_KIB": how many of all declarations,
 * the program's own included, were found, and what that took of time and memory.
 */
#include <stdio.h>
#include <sys/resource.h>

#include "kernel/kernel.h"
#include "lib/err.h"

#define SYM(s) INIT_OPT_MOD_SYM(vmlinux, s)
#define MEMBER(s, m) INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, s, m)
#define STRUCT(s) INIT_OPT_MOD_STRUCT(vmlinux, s)
#define NUM(n) INIT_OPT_MOD_NUM(vmlinux, n)

SYM(init_task); SYM(init_mm); SYM(super_blocks); SYM(vmemmap_base); SYM(page_offset_base);
SYM(vmalloc_base); SYM(saved_command_line); SYM(runqueues); SYM(jiffies); SYM(jiffies_64);
SYM(tasklist_lock); SYM(init_pid_ns); SYM(init_net); SYM(net_namespace_list);
SYM(slab_caches); SYM(nr_cpu_ids); SYM(__per_cpu_offset); SYM(__cpu_online_mask);
SYM(linux_banner); SYM(panic_on_oops); SYM(crash_kexec); SYM(schedule);
SYM(do_exit); SYM(vfs_read); SYM(vfs_write); SYM(tcp_sendmsg); SYM(shmem_fops); SYM(def_blk_aops);
SYM(totalram_pages); SYM(swapper_spaces);

MEMBER(task_struct, tasks); MEMBER(task_struct, thread_node); MEMBER(task_struct, pid);
MEMBER(task_struct, tgid); MEMBER(task_struct, comm); MEMBER(task_struct, mm);
MEMBER(task_struct, files); MEMBER(task_struct, signal); MEMBER(task_struct, stack);
MEMBER(signal_struct, thread_head); MEMBER(mm_struct, mm_mt); MEMBER(mm_struct, pgd);
MEMBER(mm_struct, map_count); MEMBER(mm_struct, mmap); MEMBER(vm_area_struct, vm_start);
MEMBER(vm_area_struct, vm_end); MEMBER(vm_area_struct, vm_next); MEMBER(vm_area_struct, vm_ops);
MEMBER(vm_area_struct, vm_file); MEMBER(vm_area_struct, vm_private_data);
MEMBER(maple_tree, ma_root); MEMBER(maple_tree, ma_flags); MEMBER(files_struct, fdt);
MEMBER(fdtable, max_fds); MEMBER(fdtable, fd); MEMBER(file, f_op); MEMBER(file, f_mapping);
MEMBER(file, f_inode); MEMBER(file, private_data); MEMBER(address_space, host);
MEMBER(address_space, i_pages); MEMBER(address_space, nrpages); MEMBER(xarray, xa_head);
MEMBER(xa_node, shift); MEMBER(xa_node, slots); MEMBER(inode, i_mapping); MEMBER(inode, i_ino);
MEMBER(inode, i_sb_list); MEMBER(super_block, s_inodes); MEMBER(super_block, s_list);
MEMBER(dentry, d_parent); MEMBER(dentry, d_name); MEMBER(cred, uid); MEMBER(cred, gid);
MEMBER(net_device, name); MEMBER(sk_buff, data); MEMBER(sock, sk_prot); MEMBER(bio, bi_bdev);
MEMBER(rq, curr); MEMBER(kmem_cache, name);

STRUCT(task_struct); STRUCT(mm_struct); STRUCT(vm_area_struct); STRUCT(file); STRUCT(inode);
STRUCT(dentry); STRUCT(folio); STRUCT(slab); STRUCT(cred); STRUCT(rq);

NUM(NR_FREE_PAGES); NUM(MIGRATE_TYPES); NUM(maple_leaf_64); NUM(PIDTYPE_PID); NUM(MM_FILEPAGES);

INIT_OPT_MOD_MEMBER_LEN(vmlinux, task_struct, comm);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, xa_node, slots);
INIT_OPT_MOD_MEMBER_LEN(vmlinux, net_device, name);
INIT_OPT_MOD_PATH(vmlinux, mm_root, "mm_struct.mm_mt.ma_root");
INIT_OPT_MOD_PATH(vmlinux, task_uid, "cred.uid.val");

#ifdef WITH_MODULES
INIT_OPT_MOD_SYM(xfs, xfs_super_operations);
INIT_OPT_MOD_SYM(btrfs, btrfs_super_ops);
INIT_OPT_MOD_SYM(kvm, vm_list);
INIT_OPT_MOD_SYM(nfsd, nfsd_mutex);
INIT_OPT_MOD_STRUCT_MEMBER(xfs, xfs_mount, m_super);
INIT_OPT_MOD_STRUCT_MEMBER(btrfs, btrfs_fs_info, super_copy);
INIT_OPT_MOD_STRUCT_MEMBER(kvm, kvm_arch, vpit);
INIT_OPT_MOD_STRUCT_MEMBER(nfsd, nfsd_net, nfsd_serv);
#endif

static struct rusage usage(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u;
}

static double cpu(const struct rusage *u)
{
	return u->ru_utime.tv_sec + u->ru_stime.tv_sec +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static size_t count_found(const struct fact_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->nr_ksyms; i++)
		n += set->ksyms[i]->index >= 0;
	for (size_t i = 0; i < set->nr_ktypes; i++)
		n += set->ktypes[i]->index >= 0;
	for (size_t i = 0; i < set->nr_knums; i++)
		n += set->knums[i]->index >= 0;
	for (size_t i = 0; i < set->nr_klens; i++)
		n += set->klens[i]->index >= 0;
	for (size_t i = 0; i < set->nr_kpaths; i++)
		n += set->kpaths[i]->index >= 0;
	return n;
}

int main(int argc, char *argv[])
{
	const struct vmcore_options opt = { 0 };
	struct fact_set set = facts_of_program();
	struct rusage before, after;
	struct vmcore *vc;
	struct kernel *k;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_facts VMCORE\n");
		return 1;
	}
	err = vmcore_open(&vc, argv[1], &opt);
	before = usage();
	if (!err) {
		err = kernel_open(&k, vc, NULL, NULL);
		after = usage();
		if (!err)
			kernel_close(k);
		vmcore_close(vc);
	}
	if (err) {
		fprintf(stderr, "bench_facts: %s\n", err_text(err));
		return 1;
	}
	printf("%zu %zu %.6f %ld\n", count_found(&set),
	       set.nr_ksyms + set.nr_ktypes + set.nr_knums + set.nr_klens + set.nr_kpaths,
	       cpu(&after) - cpu(&before), after.ru_maxrss - before.ru_maxrss);
	return 0;
}
