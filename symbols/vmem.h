/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Virtual memory of the crashed kernel, as its symbols and types are read from
 * it: code here sees no dump and no page tables, only these callbacks, so it is
 * tested on any bytes.
 */
#ifndef SYMBOLS_VMEM_H
#define SYMBOLS_VMEM_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/byteorder.h"
#include "lib/checked.h"
#include "lib/err.h"
#include "lib/types.h"

/** Constant once set up. Not thread-safe, unless the callbacks are. */
struct vmem {
	/**
	 * Copy @p len bytes at @p va, across any number of pages.
	 * @return 0; -EFAULT if part of them is unmapped or unreadable (vmcore_get(); the
	 * buffer's contents are unspecified then); -ENOMEM
	 */
	int (*read)(void *ctx, vaddr_t va, void *buf, size_t len);
	/**
	 * Get the length of the mapping, or the unmapped range, that @p va is in.
	 * @param[out] len bytes from @p va, at least 1; 0 wraps around the top
	 * @return 0 if @p va is mapped, -EFAULT if not
	 */
	int (*extent)(void *ctx, vaddr_t va, uint64_t *len);
	void *ctx;
	bool is64; /**< of the kernel: unsigned long has 8 bytes */
	bool swap; /**< its byte order is not the host's */
	/** The range in which the kernel image can be mapped: [start, end), mostly unmapped. */
	vaddr_t image_start, image_end;
};

/**
 * Read memory at an address that can be anything.
 * @return as read(); -EFAULT also if the address space ends within it
 */
static inline int vmem_read(const struct vmem *m, vaddr_t va, void *buf, size_t len)
{
	if (!range_fits(va, len, m->is64 ? UINT64_MAX : UINT64_C(1) << 32))
		return err_set(-EFAULT, "no memory goes from %#" PRIx64 " on for %zu bytes", va,
			       len);
	return m->read(m->ctx, va, buf, len);
}

/** Bytes of the kernel's unsigned long, and of its pointers. */
static inline unsigned int vmem_ulong_size(const struct vmem *m)
{
	return m->is64 ? 8 : 4;
}

/** Read an unsigned long, or a pointer. @return as read() */
static inline int vmem_read_ulong(const struct vmem *m, vaddr_t va, uint64_t *ret)
{
	uint8_t raw[8];
	int err = vmem_read(m, va, raw, vmem_ulong_size(m));

	if (!err)
		*ret = load_ulong(raw, m->is64, m->swap);
	return err;
}

static inline int vmem_read_u32(const struct vmem *m, vaddr_t va, uint32_t *ret)
{
	uint8_t raw[4];
	int err = vmem_read(m, va, raw, sizeof(raw));

	if (!err)
		*ret = load_u32(raw, m->swap);
	return err;
}

/** Read a signed number of 4 bytes, such as an int. */
static inline int vmem_read_s32(const struct vmem *m, vaddr_t va, int64_t *ret)
{
	uint32_t value;
	int err = vmem_read_u32(m, va, &value);

	if (!err)
		*ret = (int32_t)value;
	return err;
}

#endif
