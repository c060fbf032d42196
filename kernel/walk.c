// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/walk.h"

#include <stdio.h>

#include "kernel/member.h"

void damage_note(struct damage *d, int err)
{
	if (d->err)
		return;
	d->err = err;
	snprintf(d->why, sizeof(d->why), "%s", err_text(err));
}

int damage_error(const struct damage *d)
{
	return d->err ? err_set(d->err, "%s", d->why) : 0;
}

int walk_check_address(const struct vmem *mem, const char *what, vaddr_t address)
{
	if (address && !(address % vmem_ulong_size(mem)))
		return 0;
	return err_set(-EBADMSG, "%#" PRIx64 " is no address of a %s", address, what);
}

/* Go on from a list_head to the next one. */
static int follow(const struct vmem *mem, uint64_t *at)
{
	return vmem_read_ulong(mem, *at, at);
}

/*
 * Count the different entries of a list that leads into a loop. The loop's length is
 * known.
 */
static uint32_t before_loop(const struct vmem *mem, uint64_t head, uint32_t length)
{
	uint64_t here = head, ahead = head;
	uint32_t steps = 0;

	for (uint32_t i = 0; i < length; i++)
		if (follow(mem, &ahead))
			return 0;
	for (; here != ahead; steps++)
		if (follow(mem, &here) || follow(mem, &ahead))
			return 0;
	return steps + length - 1;
}

/*
 * Count the readable, different entries that follow the head. A list can
 * have too many for all of them to be remembered, so it is gone through twice; the way to
 * find a loop is Brent's.
 * @param[out] err 0, or why the list does not lead back to its head
 */
static uint32_t list_length(const struct vmem *mem, uint64_t head, int *err)
{
	uint64_t at = head, mark = head;
	uint32_t steps = 0, marked = 0;

	while (steps <= WALK_STEPS_MAX) {
		*err = follow(mem, &at);
		if (*err)
			return steps ? steps - 1 : 0;
		*err = walk_check_address(mem, "list_head", at);
		if (*err || at == head)
			return steps;
		steps++;
		if (at == mark) {
			*err = -EBADMSG;
			return before_loop(mem, head, steps - marked);
		}
		if (!(steps & (steps - 1))) {
			mark = at;
			marked = steps;
		}
	}
	*err = -EBADMSG;
	return WALK_STEPS_MAX;
}

/* The second word of a list_head leads to the one before. */
static vaddr_t prev_of(const struct vmem *mem, vaddr_t at)
{
	return at + vmem_ulong_size(mem);
}

/*
 * Visit entries from the end of a broken list, the last one first, as far as each leads forward to
 * the one after it. So all of them lead to the head, and none that was visited on the way
 * from the head to the break does.
 * @param[out] nr how many were visited
 */
static int walk_back(const struct vmem *mem, vaddr_t head, uint64_t offset, walk_visit *visit,
		     void *ctx, uint32_t *nr)
{
	uint64_t at, next, after = head;

	for (*nr = 0; *nr < WALK_STEPS_MAX; ++*nr) {
		int err;

		if (vmem_read_ulong(mem, prev_of(mem, after), &at) ||
		    walk_check_address(mem, "list_head", at) || at == head ||
		    vmem_read_ulong(mem, at, &next) || next != after)
			return 0;
		err = visit(ctx, at - offset);
		if (err)
			return err;
		after = at;
	}
	return 0;
}

int walk_list(const struct vmem *mem, vaddr_t head, const struct ktype_info *link,
	      walk_visit *visit, void *ctx)
{
	uint64_t at = head, offset;
	uint32_t nr, nr_back;
	int broken = 0, err = member_offset(link, &offset);

	if (err)
		return err;
	nr = list_length(mem, head, &broken);
	for (uint32_t i = 0; i < nr; i++) {
		err = follow(mem, &at);
		if (!err)
			err = visit(ctx, at - offset);
		if (err)
			return err;
	}
	if (!broken)
		return 0;
	err = walk_back(mem, head, offset, visit, ctx, &nr_back);
	if (err)
		return err;
	return err_set(broken,
		       "the list at %#" PRIx64 " does not lead back to its head: it breaks off "
		       "after %#" PRIx64 ", its entry %" PRIu32 "; entries reached from its end: "
		       "%" PRIu32,
		       head, at, nr, nr_back);
}
