// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading members and erasing keys; what goes wrong is counted.
 */
#include <string.h>

#include "search.h"

#define FILL 'X'

void record_error(struct search *s, const char *why)
{
	if (!s->damaged++)
		strncpy(s->why, why, sizeof(s->why) - 1);
}

bool failed(struct search *s, int err)
{
	if (err < 0)
		record_error(s, mdf_error());
	return err < 0;
}

uint64_t get(struct search *s, uint64_t base, const struct ktype_info *member)
{
	uint64_t value;

	if (!TYPE_EXIST(member))
		return 0;
	return failed(s, mdf_read_number(base, member, &value)) ? 0 : value;
}

void erase(struct search *s, uint64_t address, uint64_t len)
{
	if (len > SECRET_BYTES_MAX) {
		record_error(s, "a key is larger than can be");
		return;
	}
	if (!len)
		return;
	if (update_filter_info_raw(address, FILL, (int)len) != (int)len)
		record_error(s, mdf_error());
	else
		s->bytes += len;
}

void erase_member(struct search *s, uint64_t base, const struct ktype_info *member)
{
	if (TYPE_EXIST(member))
		erase(s, mdf_member_address(base, member), member->member_size);
}

bool known(struct search *s, const struct mdf_fact *facts, size_t nr)
{
	if (!mdf_require(facts, nr))
		return true;
	strncpy(s->unknown, mdf_error(), sizeof(s->unknown) - 1);
	return false;
}

bool known_symbol(struct search *s, const struct ksym_info *symbol,
		  const struct ktype_info *evidence)
{
	if (SYM_EXIST(symbol))
		return true;
	if (TYPE_EXIST(evidence))
		strncpy(s->unknown, symbol->symname, sizeof(s->unknown) - 1);
	else
		s->absent = symbol->symname;
	return false;
}
