/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Differences between architectures: turning a kernel virtual address into a
 * physical one.
 *
 * Code here sees no dump and no file: only a callback that reads physical
 * memory, and facts about the kernel that it declares itself (kallsyms.h,
 * btf_info.h). All architectures are always compiled, so each is tested on any
 * host, from page tables in a text file.
 *
 * Adding an architecture:
 *  - a file arch/NAME.c with one const struct arch_ops, put in the table of
 *    arch.c;
 *  - the minimum: name, machine, page_size, max_physmem_bits: its dumps are
 *    saved whole (-d 0, -d 1);
 *  - with init() and translate(): its dumps are filtered. State that
 *    struct arch has no field for goes to arch.state;
 *  - finish() if only the kernel's own symbols and types tell how the rest is
 *    translated, once they have been read from the image;
 *  - init_user() if processes' addresses are not translated as the kernel's are,
 *    with another root (extensions look at user memory);
 *  - section_size_bits for kernels that do not export it (before 5.13);
 *  - find_vmcoreinfo() if memory says where VMCOREINFO is, so that dumps without it are
 *    filtered, too;
 *  - kernel_image() so that the kernel's own pages are kept whatever their
 *    flags say, and kaslr_image if that is somewhere else in each boot;
 *  - user_regs() if a kernel stack begins with the registers of user space (extensions find
 *    the pages of user stacks by them);
 *  - tests/unit/test_NAME.c with each paging mode (tests/unit/page_tables.h), and a row in
 *    docs/support-matrix.md.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/types.h"

/** An entry of a page table, on the way to a page. */
struct arch_step {
	unsigned int level; /**< of the table; 1 is the one of pages */
	paddr_t paddr;	    /**< where the entry is */
	uint64_t entry;
};

/** Physical memory of the crashed machine. */
struct arch_mem {
	/** Copy @p len bytes at @p pa. @return 0, -EFAULT or another -errno  */
	int (*read)(void *ctx, paddr_t pa, void *buf, size_t len);
	/**
	 * NULL, or: entries of page tables have addresses of the machine that the kernel's is a
	 * domain of (PV domains of Xen). Find the physical address of one.
	 * @return 0 or -EFAULT
	 */
	int (*to_physical)(void *ctx, uint64_t machine, paddr_t *pa);
	void *ctx;
	/** Called for each entry that is read, in the order of the walk; may be NULL. */
	void (*trace)(void *ctx, const struct arch_step *step);
	void *trace_ctx;
};

/** Virtual memory that a PT_LOAD says is mapped linearly. */
struct arch_segment {
	vaddr_t vaddr;
	paddr_t paddr;
	uint64_t memsz; /**< bytes */
};

/** Translation of addresses by one dump's kernel. Constant after arch_init_late(). */
struct arch {
	const struct arch_ops *ops;
	bool is64;
	bool swap; /**< dump's byte order is not the host's */
	unsigned int page_shift;
	const struct arch_segment *segments; /**< borrowed */
	size_t nr_segments;

	/**
	 * Physical minus link address of the kernel image, as far as the
	 * architecture has such a thing; goes to the dump's sub-header. For arm64
	 * those who read it expect the physical address of the linear map's beginning.
	 */
	uint64_t phys_base;
	bool ready;		/**< arch_init() has been done */
	bool user;		/**< of a process, not of the kernel: arch_init_user() */
	paddr_t root;		/**< top-level page table */
	unsigned int levels;	/**< of page tables */
	uint64_t pte_addr_mask; /**< the address bits of an entry */
	/**
	 * Private data of the architecture's own file: one malloc()ed piece or NULL, set by
	 * its init() and finish(), constant afterwards, freed by arch_deinit().
	 */
	void *state;
};

/** Contiguous memory. */
struct arch_run {
	paddr_t paddr;
	/**
	 * Bytes from the address asked for that are mapped (or, after -EFAULT,
	 * known not to be mapped) together; >= 1. 0 wraps around the top of
	 * the address space.
	 */
	uint64_t len;
};

/** The most bytes between the registers of user space and the end of a kernel stack. */
#define ARCH_USER_REGS_GAP 16

/** The address bits of an entry of page tables of x86_64, and of i386 with PAE: 12 to 51. */
#define ARCH_X86_PTE_ADDR UINT64_C(0x000ffffffffff000)
/** The one of these bits that is none of the address of a large page: its memory type (PAT). */
#define ARCH_X86_PTE_HUGE_PAT UINT64_C(0x1000)

/** One architecture. A NULL function is something it does not support. */
struct arch_ops {
	const char *name;		/**< as in utsname.machine */
	const char *name_little_endian; /**< if that has another: the same for it; or NULL */
	uint16_t machine;		/**< EM_* */
	uint32_t page_size;		/**< bytes, unless VMCOREINFO says otherwise */
	unsigned int section_size_bits; /**< default; 0: must be exported */
	unsigned int max_physmem_bits;	/**< default */
	/**
	 * Optional: find VMCOREINFO text in memory, for a dump that has none. Nothing
	 * is known of the kernel then, so this is where firmware or the kernel leaves
	 * it for any dump tool.
	 * @param[out] pa, size as recorded in memory: wrong if memory is damaged
	 * @return 0; -ENOENT or -EFAULT if it is not found
	 */
	int (*find_vmcoreinfo)(const struct arch_mem *mem, paddr_t *pa, uint64_t *size);
	/**
	 * Find the page tables, or at least the kernel image: declarations have been filled
	 * in by VMCOREINFO only.
	 * @return 0; -ENOENT naming what is missing
	 */
	int (*init)(struct arch *a, const struct arch_mem *mem);
	/** Optional: arch_init_late() */
	int (*finish)(struct arch *a, const struct arch_mem *mem);
	/**
	 * Optional: make the copy of a kernel's @p a, with the root of a process, ready.
	 * @return 0; -ENOTSUP or -EBADMSG
	 */
	int (*init_user)(struct arch *a, const struct arch_mem *mem);
	/** arch_translate() */
	int (*translate)(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
			 struct arch_run *ret);
	/**
	 * Bounds of the virtual addresses the kernel image can be mapped at: [start, end).
	 * May be called before init().
	 */
	void (*kernel_image)(const struct arch *a, vaddr_t *start, vaddr_t *end);
	/** The range is around SYMBOL(_stext), so another boot's is elsewhere. */
	bool kaslr_image;
	/**
	 * With FLATMEM, mem_map begins with the struct page of arch.phys_base (ARCH_PFN_OFFSET),
	 * not with that of address 0.
	 */
	bool flat_from_phys_base;
	/**
	 * The beginning of vmalloc in kernels that do not tell it, if page tables map all that
	 * follows, up to the last address; 0 for others.
	 */
	vaddr_t vmalloc_start;
	/**
	 * Optional: find the registers of user space (struct pt_regs) at the end of the kernel
	 * stack of a task that entered the kernel.
	 * @param top the last @p regs_bytes + ARCH_USER_REGS_GAP bytes of the stack
	 * @param regs_bytes bytes of struct pt_regs
	 * @param[out] gap bytes between the end of the struct and that of the stack
	 * @return 0; -ENOENT if no registers of user space are there
	 */
	int (*user_regs)(const struct arch *a, const uint8_t *top, size_t regs_bytes, size_t *gap);
};

/** The architecture of an ELF machine number, or NULL. */
const struct arch_ops *arch_find(uint16_t machine);

/**
 * Prepare translation. The caller has set ops, is64, swap, page_shift and the
 * segments; declarations have been resolved as far as they can be.
 * @return 0; -ENOTSUP or -ENOENT, whose message says what is missing
 */
int arch_init(struct arch *a, const struct arch_mem *mem) __attribute__((warn_unused_result));
/**
 * Learn what else addresses outside the kernel image need, when all has been resolved that
 * the dump tells of its kernel. Once, after arch_init(). After an error the image is still
 * translated.
 * @return 0; -ENOENT, -ENOTSUP, -EBADMSG, -EFAULT or -ENOMEM
 */
int arch_init_late(struct arch *a, const struct arch_mem *mem) __attribute__((warn_unused_result));
/** Free what these allocated; translation is no longer set up. */
void arch_deinit(struct arch *a);

/** The name of utsname.machine in a dump of this byte order, or NULL if @p a has no ops. */
const char *arch_name(const struct arch *a);

/**
 * Prepare the translation of a process's addresses.
 * @param kernel the kernel's, ready; must outlive @p ret, which needs no arch_deinit()
 * @param pgd physical address that mm_struct.pgd points to
 * @return 0; -ENOTSUP or -EBADMSG
 */
int arch_init_user(const struct arch *kernel, const struct arch_mem *mem, paddr_t pgd,
		   struct arch *ret) __attribute__((warn_unused_result));

/**
 * Translate a kernel virtual address.
 * @return 0; -EFAULT (sentence set, ret->len says how far the hole goes) if
 * nothing is mapped there or the tables cannot be read; -ENOTSUP without
 * arch_init(). Thread-safe if mem->read is.
 */
int arch_translate(const struct arch *a, const struct arch_mem *mem, vaddr_t va,
		   struct arch_run *ret) __attribute__((warn_unused_result));

/*
 * For the architectures.
 */

/**
 * Read an entry of 8 bytes in a page table, and tell who wants to know the way.
 * @param big_endian its byte order, on any host
 * @param va, level what the entry is read for, for the sentence
 * @return 0; -EFAULT
 */
int arch_read_entry(const struct arch_mem *mem, paddr_t pa, bool big_endian, vaddr_t va,
		    unsigned int level, uint64_t *ret) __attribute__((warn_unused_result));
/** The same for an entry of 4 bytes. */
int arch_read_entry_32(const struct arch_mem *mem, paddr_t pa, bool big_endian, vaddr_t va,
		       unsigned int level, uint64_t *ret) __attribute__((warn_unused_result));

/**
 * Turn the address in an entry into a physical one (arch_mem.to_physical).
 * @param va, level what the entry was read for, for the sentence
 * @return 0; -EFAULT
 */
int arch_to_physical(const struct arch_mem *mem, vaddr_t va, unsigned int level, paddr_t *address)
	__attribute__((warn_unused_result));
/**
 * The same for the memory that an entry maps. Neighbours in the machine are none in the
 * kernel's memory, so the run ends with its 4 KiB then.
 */
int arch_run_to_physical(const struct arch_mem *mem, vaddr_t va, unsigned int level,
			 struct arch_run *run) __attribute__((warn_unused_result));

/** Say that an entry maps nothing. @return -EFAULT */
int arch_not_mapped(vaddr_t va, unsigned int level, uint64_t entry);

/**
 * The error that an entry of a page table maps a large page to an address that is no multiple of
 * its size: the CPU does not take it, so it is damaged. @return -EFAULT
 */
int arch_not_aligned(vaddr_t va, unsigned int level, uint64_t entry);

/**
 * Describe the error that an address is not canonical, and the end of its range.
 * @return -EFAULT
 */
int arch_not_canonical(vaddr_t va, unsigned int bits, struct arch_run *ret);

/** The same for an address of more than 32 bits, where addresses have 32. @return -EFAULT */
int arch_not_32_bits(vaddr_t va, struct arch_run *ret);

/** Return whether the bits of @p va above its low @p bits are copies of the highest of those. */
bool arch_is_canonical(vaddr_t va, unsigned int bits);

/**
 * The run of an address within something of @p span bytes (a power of two) that lies at
 * @p paddr as a whole.
 */
struct arch_run arch_run_within(vaddr_t va, uint64_t span, paddr_t paddr);

/**
 * Bounds of an image that the symbols _stext and _end are of, at 64 KiB.
 * @param max bytes, if _end is not known; a multiple of 64 KiB
 * @param[out] start, end both 0 if nothing is known
 */
void arch_image_by_symbols(uint64_t max, vaddr_t *start, vaddr_t *end);

/** kernel_image() of a kernel whose addresses have 32 bits, if its image has at most 128 MiB. */
void arch_image_in_32_bits(const struct arch *a, vaddr_t *start, vaddr_t *end);

/**
 * kernel_image() of a kernel whose image is anywhere in a window of the linear map, so that what
 * surrounds it is mapped as well: at most 256 MiB.
 */
void arch_image_in_window(const struct arch *a, vaddr_t *start, vaddr_t *end);

extern const struct arch_ops arm_arch_ops;
extern const struct arch_ops arm64_arch_ops;
extern const struct arch_ops i386_arch_ops;
extern const struct arch_ops ia64_arch_ops;
extern const struct arch_ops loongarch64_arch_ops;
extern const struct arch_ops mips64_arch_ops;
extern const struct arch_ops ppc_arch_ops;
extern const struct arch_ops ppc64_arch_ops;
extern const struct arch_ops riscv64_arch_ops;
extern const struct arch_ops s390x_arch_ops;
extern const struct arch_ops sparc64_arch_ops;
extern const struct arch_ops x86_64_arch_ops;

#endif
