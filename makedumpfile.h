/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * For authors of extensions: what an extension can find out about the crashed
 * kernel. Addresses are virtual addresses of that kernel unless said otherwise.
 *
 * Memory of a crashed kernel can hold anything. All functions check what they follow, all
 * walks have a bound and never visit a node twice. Those that return an int return 0, or
 * a negative errno: -EFAULT where memory is not mapped, not in the dump, or cannot be read
 * from it (a bad sector, a damaged page), -ENOENT where there is no such thing or a fact
 * about it is missing, -EBADMSG where the bytes that were read are invalid, -EINVAL, -ENOMEM.
 * mdf_error() is the sentence to it.
 *
 * Values are in the byte order of this machine, whatever that of the kernel is; what
 * readmem() and mdf_read_member() copy is as the kernel had it.
 *
 * They are to be called in the extension's process, from its one thread.
 */
#ifndef MAKEDUMPFILE_H
#define MAKEDUMPFILE_H

#include <stddef.h>
#include <stdint.h>

#include "btf_info.h"
#include "kallsyms.h"
#include "lib/log.h"

#ifdef __cplusplus
extern "C" {
#endif

/** For readmem(). */
enum {
	VADDR, /**< a virtual address of the kernel */
	PADDR, /**< a physical address */
};

/**
 * Copy memory.
 * @param type_addr VADDR or PADDR
 * @return @p size; 0 if part of it cannot be read
 */
int readmem(int type_addr, unsigned long long addr, void *bufptr, size_t size);

/**
 * The address in the first pointer of a list_head (or of anything).
 * @return 0 if it cannot be read
 */
unsigned long next_list(unsigned long addr);

/** The sentence that belongs to the last error of one of the other functions. */
const char *mdf_error(void);

/** Bytes of a page, and of the kernel's pointers and unsigned long. */
unsigned int mdf_page_size(void);
unsigned int mdf_long_size(void);

/* --- facts --------------------------------------------------------------------- */

/** One of several facts that are needed together: MDF_SYM(vmlinux, init_task) and so on. */
struct mdf_fact {
	const char *name; /**< such as "OFFSET(page.flags)" */
	const int *index; /**< of the declaration's record */
};

#define MDF_SYM(mod, sym) \
	{ \
		"SYMBOL(" #sym ")", &_ksym_##mod##_##sym.index \
	}
#define MDF_STRUCT(mod, s) \
	{ \
		"SIZE(" #s ")", &_kstruct_##mod##_##s.index \
	}
#define MDF_MEMBER(mod, s, m) \
	{ \
		"OFFSET(" #s "." #m ")", &_kmember_##mod##_##s##_##m.index \
	}
#define MDF_NUM(mod, num) \
	{ \
		"NUMBER(" #num ")", &_knum_##mod##_##num.index \
	}
#define MDF_PATH(mod, id) \
	{ \
		"OFFSET(" #id ")", &_kpath_##mod##_##id.index \
	}

/**
 * Check that all facts of a group were found: optional ones that make sense only together, such
 * as those of one module.
 * @return 0; -ENOENT: mdf_error() names those that are missing
 */
int mdf_require(const struct mdf_fact *facts, size_t nr);

/* --- values -------------------------------------------------------------------- */

/** The address of a member. @param base address of the struct */
static inline uint64_t mdf_member_address(uint64_t base, const struct ktype_info *member)
{
	return base + member->member_bit_offset / 8;
}

/** Read an unsigned long, or a pointer. */
int mdf_read_ulong(uint64_t address, uint64_t *value);

/**
 * Read a number, of 1, 2, 4 or 8 bytes or a bit field, by its declaration.
 * @param base address of the struct
 * @param member GET_MOD_STRUCT_MEMBER_PTR(...), which must have been found
 * @param[out] value not sign-extended
 */
int mdf_read_number(uint64_t base, const struct ktype_info *member, uint64_t *value);

/** The same of a signed number. @param[out] value sign-extended */
int mdf_read_signed(uint64_t base, const struct ktype_info *member, int64_t *value);

/**
 * Read the pointer that a member is, or begins with (an array or a union of pointers). Its size
 * need not be known.
 */
int mdf_read_pointer(uint64_t base, const struct ktype_info *member, uint64_t *value);

/**
 * Read a number as mdf_read_number(), by the declaration of a path.
 * @param base address of the struct that the path begins in
 * @param path GET_MOD_PATH_PTR(...)
 */
int mdf_read_path(uint64_t base, const struct kpath_info *path, uint64_t *value);

/**
 * Copy a member as it is, or as much of it as fits.
 * @return bytes copied, or negative; -ENOENT also for an array without a length
 */
int mdf_read_member(uint64_t base, const struct ktype_info *member, void *buf, size_t size);

/**
 * Copy a string that ends with a NUL, or is cut to @p size - 1 characters. On error it
 * becomes "".
 */
int mdf_read_string(uint64_t address, char *buf, size_t size);

/* --- walks --------------------------------------------------------------------- */

/*
 * A walk has at most some 16 million steps. Where something on its way is damaged, it goes on
 * with what can be reached nevertheless, and returns the first error when it is through.
 */

/** Visitor of a walk: returns 0 to continue; another value ends the walk and is returned. */
typedef int mdf_visit(void *ctx, uint64_t object);

/**
 * Walk a list: each object that is linked by @p link to a list_head.
 * @param head address of the list_head that is no member of an object
 * @param link GET_MOD_STRUCT_MEMBER_PTR(...) of the struct list_head in an object
 * @return 0; what the visitor returned; negative if the list is damaged (what comes before that
 * was visited)
 */
int mdf_for_each_list(uint64_t head, const struct ktype_info *link, mdf_visit *visit, void *ctx);

/**
 * Walk a chain of hlist_nodes (or hlist_nulls_nodes).
 * @param head address of the struct hlist_head (or hlist_nulls_head)
 * @param node GET_MOD_STRUCT_MEMBER_PTR(...) of the node in an object
 */
int mdf_for_each_hlist(uint64_t head, const struct ktype_info *node, mdf_visit *visit, void *ctx);

/**
 * Walk all chains of a hash table.
 * @param table address of the first bucket, which begins with a struct hlist_head (or
 * hlist_nulls_head)
 * @param nr buckets; more than 16 million are an error
 * @param bucket_bytes size of a bucket; 0: that of a pointer
 */
int mdf_for_each_hash(uint64_t table, uint64_t nr, uint64_t bucket_bytes,
		      const struct ktype_info *node, mdf_visit *visit, void *ctx);

/**
 * Walk a red-black tree in order.
 * @param root address of the struct rb_root
 * @param node the struct rb_node in an object
 */
int mdf_for_each_rb(uint64_t root, const struct ktype_info *node, mdf_visit *visit, void *ctx);

/** Visitor of a walk with indexes: an entry covers indexes first to last. */
typedef int mdf_visit_range(void *ctx, uint64_t first, uint64_t last, uint64_t entry);

/** Walk a maple tree (since Linux 6.1) in order. @param tree address of the struct maple_tree */
int mdf_for_each_maple(uint64_t tree, mdf_visit_range *visit, void *ctx);

/**
 * Walk an xarray in order, without values, shadows and siblings. An entry of several
 * indexes is visited once.
 * @param xarray address of the struct xarray (of a radix_tree_root since Linux 4.20)
 */
int mdf_for_each_xarray(uint64_t xarray, mdf_visit_range *visit, void *ctx);

/**
 * Walk all tasks, threads included, but not the idle ones. Each thread group's leader comes
 * first, also if it has exited.
 * @param visit gets the address of each struct task_struct
 */
int mdf_for_each_task(mdf_visit *visit, void *ctx);

/** A piece of a user address space. */
struct mdf_vma {
	uint64_t address;    /**< of the struct vm_area_struct */
	uint64_t start, end; /**< user addresses: [start, end) */
};

/**
 * Walk the mappings of an address space, in order: through the maple tree (since Linux 6.1),
 * or the list before.
 * @param mm address of the struct mm_struct
 */
int mdf_for_each_vma(uint64_t mm, int (*visit)(void *ctx, const struct mdf_vma *vma), void *ctx);

/**
 * The kernel stack of a task: where it begins, the lowest address, and its size.
 * @return -ENOENT if the size of stacks is not known
 */
int mdf_task_stack(uint64_t task, uint64_t *start, uint64_t *bytes);

/**
 * The address of a task's struct pt_regs: the registers of user space, which it saved when it
 * entered the kernel. A CPU that was in user mode has others, in the dump's notes.
 * @return -ENOENT for a kernel thread; -ENOTSUP for machines other than x86_64 and arm64
 */
int mdf_task_user_regs(uint64_t task, uint64_t *regs);

/** Flags of a frame. */
enum {
	/**
	 * An interrupt or exception came there, or the CPU was stopped there. Without it, the
	 * address is the one that the next inner function returns to.
	 */
	MDF_FRAME_EXCEPTION = 1,
	MDF_FRAME_GUESSED = 2, /**< an inner frame was found by a guess: it may be wrong */
};

/** A frame of a kernel stack: a function that had begun and not returned. */
struct mdf_frame {
	uint64_t address;     /**< in its code */
	const char *function; /**< its name, valid for the call; NULL if it has no symbol */
	const char *module;   /**< valid for the call; NULL for the kernel itself */
	uint64_t offset;      /**< bytes from the function to the address */
	uint32_t flags;	      /**< MDF_FRAME_* */
};

/** Visitor of a walk of frames: returns 0 to continue, as mdf_visit. */
typedef int mdf_visit_frame(void *ctx, const struct mdf_frame *frame);

/**
 * Walk the kernel stack of a task, from the innermost function on: of a task that waits, from
 * where it gave up the CPU; of one that was on a CPU, from the registers in the dump's notes, so
 * one that was in user mode has no frames. Interrupts and exceptions are part of the walk.
 *
 * The first call takes some 0.2 s: it looks up the facts that all need.
 * @param task address of a struct task_struct, also of an idle task
 * @return 0; what the visitor returned; -ENOENT if the task has no stack any more, or its
 * registers are not in the dump; -EBADMSG if the stack is damaged, or has more than 128 frames
 * (those before were visited); -ENOTSUP for a machine whose stacks are not known
 */
int mdf_for_each_frame(uint64_t task, mdf_visit_frame *visit, void *ctx);

/**
 * Walk the open files of a task: first and last are both the descriptor's number, and the entry
 * is the address of the struct file.
 */
int mdf_for_each_file(uint64_t task, mdf_visit_range *visit, void *ctx);

/* --- CPUs, modules, file systems ------------------------------------------------- */

enum mdf_cpus {
	MDF_CPUS_ONLINE,   /**< those that were */
	MDF_CPUS_POSSIBLE, /**< those that have per-CPU variables */
};

/** Walk CPUs: the visitor gets their numbers, in ascending order. */
int mdf_for_each_cpu(enum mdf_cpus which, mdf_visit *visit, void *ctx);

/** The number of CPUs. */
int mdf_cpu_count(enum mdf_cpus which);

/**
 * The address of a CPU's own copy of a per-CPU variable.
 * @param variable address of its symbol, or a pointer to memory of alloc_percpu()
 * @param cpu number of the CPU, which must be possible
 */
int mdf_percpu_address(uint64_t variable, unsigned int cpu, uint64_t *address);

/** Walk the modules, the newest first. @param visit gets the address of each struct module */
int mdf_for_each_module(mdf_visit *visit, void *ctx);

/** Walk the mounted file systems. @param visit gets the address of each struct super_block */
int mdf_for_each_super_block(mdf_visit *visit, void *ctx);

/**
 * Walk the mounts that a task sees: those of its mount namespace.
 * @param task address of a struct task_struct; none are seen by one that has exited
 * @param visit gets the address of each struct mount
 */
int mdf_for_each_mount(uint64_t task, mdf_visit *visit, void *ctx);

/**
 * Walk the page cache of a file, or the pages of another mapping, in order.
 * @param mapping address of the struct address_space, such as file.f_mapping and inode.i_mapping
 * @param visit gets page indexes, and the address of the struct page that they begin with
 */
int mdf_for_each_mapping_page(uint64_t mapping, mdf_visit_range *visit, void *ctx);

/**
 * The path of a dentry within its file system.
 * @param[out] buf the path, which begins with '/'; "" on error
 * @return 0; -EINVAL if it does not fit
 */
int mdf_dentry_path(uint64_t dentry, char *buf, size_t size);

/* --- addresses and pages --------------------------------------------------------- */

/** Translate an address of the kernel to a physical one. */
int mdf_to_physical(uint64_t address, uint64_t *physical);

/**
 * Translate a user address to a physical one, through the page tables of its address space.
 * @param mm address of the struct mm_struct
 * @return -EFAULT also if the page is swapped out or was never there; -ENOTSUP if that cannot
 * be done for this kind of machine
 */
int mdf_user_to_physical(uint64_t mm, uint64_t address, uint64_t *physical);

/** Visitor of a walk of user memory: @p len bytes that lie together in physical memory. */
typedef int mdf_visit_memory(void *ctx, uint64_t address, uint64_t physical, uint64_t len);

/**
 * Walk what is in memory of the user addresses [start, end), in order. A huge page is one
 * step, and so is each stretch that a page table has nothing for: this is the way through
 * mappings that are large and hardly used.
 * @return 0; what the visitor returned; -ENOTSUP or -ENOENT if nothing can be translated;
 * -EBADMSG if the page tables are invalid (what came before was visited)
 */
int mdf_for_each_user_memory(uint64_t mm, uint64_t start, uint64_t end, mdf_visit_memory *visit,
			     void *ctx);

/** The pfn of a struct page, and the other way round. -ENOENT if there is none. */
int mdf_page_to_pfn(uint64_t page, uint64_t *pfn);
int mdf_pfn_to_page(uint64_t pfn, uint64_t *page);

/* --- symbols at run time --------------------------------------------------------- */

/**
 * The address of a symbol. Declaring it is much faster, if its name is known before.
 * @param module NULL for the kernel; a module's name; "" for any
 * @return -ENOTUNIQ if there are several
 */
int mdf_symbol(const char *module, const char *name, uint64_t *address);

/**
 * The symbol that an address belongs to.
 * @param[out] name as NAME, or NAME [MODULE]; cut if it does not fit
 * @param[out] offset bytes from the symbol to the address; may be NULL
 */
int mdf_symbol_at(uint64_t address, char *name, size_t size, uint64_t *offset);

#ifdef __cplusplus
}
#endif

#endif
