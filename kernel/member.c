// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/member.h"

/* STRUCT.MEMBER; of a path, whose member has no name, PATH. */
#define NAME "%s%s%s"
#define NAME_OF(m) \
	(m)->struct_name, (m)->member_name &&*(m)->member_name ? "." : "", \
		(m)->member_name ? (m)->member_name : ""

static int need_member(const struct ktype_info *m)
{
	if (m->member_name && TYPE_EXIST(m))
		return 0;
	return err_set(-ENOENT, "OFFSET(" NAME ") is not known", NAME_OF(m));
}

int member_offset(const struct ktype_info *member, uint64_t *offset)
{
	int err = need_member(member);

	if (err)
		return err;
	if (member->member_bit_offset % 8)
		return err_set(-EBADMSG, NAME " begins at bit %" PRIu32 " of a struct",
			       NAME_OF(member), member->member_bit_offset);
	*offset = member->member_bit_offset / 8;
	return 0;
}

static bool big_endian(const struct vmem *mem)
{
	return mem->swap != HOST_BIG_ENDIAN;
}

static uint64_t load_number(const struct vmem *mem, const uint8_t *p, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value = value << 8 | p[big_endian(mem) ? i : bytes - 1 - i];
	return value;
}

/* The bytes that a bit field touches are read, no more: others may not be there. */
static int read_bits(const struct vmem *mem, vaddr_t base, const struct ktype_info *m,
		     uint64_t *value)
{
	unsigned int before = m->member_bit_offset % 8, width = m->member_bit_sz;
	unsigned int bytes = div_round_up((uint64_t)before + width, 8);
	unsigned int shift = before;
	uint8_t raw[8];
	int err;

	if (width > 64 || bytes > sizeof(raw))
		return err_set(-EINVAL, NAME ", %u bits wide, is no number", NAME_OF(m), width);
	err = vmem_read(mem, base + m->member_bit_offset / 8, raw, bytes);
	if (err)
		return err;
	/* A big-endian machine counts bits from the other end, too. */
	if (big_endian(mem))
		shift = bytes * 8 - before - width;
	*value = load_number(mem, raw, bytes) >> shift & UINT64_MAX >> (64 - width);
	return 0;
}

static int read_whole(const struct vmem *mem, vaddr_t base, const struct ktype_info *m,
		      uint64_t *value)
{
	uint32_t size = m->member_size;
	uint64_t offset = 0;
	uint8_t raw[8];
	int err = member_offset(m, &offset);

	if (!err && !size)
		err = err_set(-ENOENT, "the size of " NAME " is not known", NAME_OF(m));
	if (err)
		return err;
	if (size > 8 || (size & (size - 1)))
		return err_set(-EINVAL, NAME ", of %" PRIu32 " bytes, is no number", NAME_OF(m),
			       size);
	err = vmem_read(mem, base + offset, raw, size);
	if (!err)
		*value = load_number(mem, raw, size);
	return err;
}

int member_read(const struct vmem *mem, vaddr_t base, const struct ktype_info *member,
		uint64_t *value)
{
	int err = need_member(member);

	if (err)
		return err;
	return member->member_bit_sz ? read_bits(mem, base, member, value) :
				       read_whole(mem, base, member, value);
}

int member_read_signed(const struct vmem *mem, vaddr_t base, const struct ktype_info *member,
		       int64_t *value)
{
	uint64_t number = 0;
	int err = member_read(mem, base, member, &number);
	unsigned int unused =
		64 - (member->member_bit_sz ? member->member_bit_sz : member->member_size * 8);

	if (!err)
		*value = (int64_t)(number << unused) >> unused;
	return err;
}

struct ktype_info member_of_path(const struct kpath_info *path)
{
	return (struct ktype_info){
		.modname = path->modname,
		.struct_name = path->path,
		.member_name = "",
		.member_bit_offset = path->bit_offset,
		.member_bit_sz = path->bit_sz,
		.member_size = path->size,
		.index = path->index,
	};
}

uint64_t member_or_0(const struct vmem *mem, vaddr_t base, const struct ktype_info *member)
{
	uint64_t value = 0;

	return member_read(mem, base, member, &value) ? 0 : value;
}

uint64_t path_or_0(const struct vmem *mem, vaddr_t base, const struct kpath_info *path)
{
	const struct ktype_info member = member_of_path(path);

	return member_or_0(mem, base, &member);
}
