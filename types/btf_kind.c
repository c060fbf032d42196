// SPDX-License-Identifier: GPL-2.0-or-later
#include "types/btf.h"

uint64_t btype_tail_words(unsigned int kind, uint32_t nr)
{
	switch (kind) {
	case BTYPE_INT:
	case BTYPE_VAR:
	case BTYPE_DECL_TAG:
		return 1;
	case BTYPE_ARRAY:
		return 3;
	case BTYPE_STRUCT:
	case BTYPE_UNION:
		return (uint64_t)nr * BTYPE_MEMBER_WORDS;
	case BTYPE_DATASEC:
		return (uint64_t)nr * 3;
	case BTYPE_ENUM:
		return (uint64_t)nr * BTYPE_ENUM_WORDS;
	case BTYPE_ENUM64:
		return (uint64_t)nr * BTYPE_ENUM64_WORDS;
	case BTYPE_FUNC_PROTO:
		return (uint64_t)nr * BTYPE_PARAM_WORDS;
	default:
		return 0;
	}
}

struct btype_id_places btype_id_places(unsigned int kind)
{
	static const struct btype_id_places places[BTYPE_ENUM64 + 1] = {
		[BTYPE_PTR] = { .third = true },
		[BTYPE_ARRAY] = { .first = 3, .step = 1 },
		[BTYPE_STRUCT] = { .first = 4, .step = BTYPE_MEMBER_WORDS },
		[BTYPE_UNION] = { .first = 4, .step = BTYPE_MEMBER_WORDS },
		[BTYPE_TYPEDEF] = { .third = true },
		[BTYPE_VOLATILE] = { .third = true },
		[BTYPE_CONST] = { .third = true },
		[BTYPE_RESTRICT] = { .third = true },
		[BTYPE_FUNC] = { .third = true },
		[BTYPE_FUNC_PROTO] = { .third = true, .first = 4, .step = BTYPE_PARAM_WORDS },
		[BTYPE_VAR] = { .third = true },
		[BTYPE_DATASEC] = { .first = 3, .step = 3 },
		[BTYPE_DECL_TAG] = { .third = true },
		[BTYPE_TYPE_TAG] = { .third = true },
	};

	return kind <= BTYPE_ENUM64 ? places[kind] : (struct btype_id_places){ 0 };
}
