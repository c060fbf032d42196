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
