// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/nodes.h"

#include "facts/declare.h"
#include "lib/checked.h"

INIT_OPT_MOD_SYM(vmlinux, node_data);
INIT_OPT_MOD_VAR_LEN(vmlinux, node_data);
/* ia64 */
INIT_OPT_MOD_SYM(vmlinux, pgdat_list);
INIT_OPT_MOD_VAR_LEN(vmlinux, pgdat_list);

bool nodes_find(struct nodes *ret)
{
	*ret = (struct nodes){ 0 };
	if (MOD_SYM_EXIST(vmlinux, node_data)) {
		ret->array = GET_MOD_SYM(vmlinux, node_data);
		if (MOD_VAR_LEN_EXIST(vmlinux, node_data))
			ret->nr = GET_MOD_VAR_LEN(vmlinux, node_data);
	} else if (MOD_SYM_EXIST(vmlinux, pgdat_list)) {
		ret->array = GET_MOD_SYM(vmlinux, pgdat_list);
		if (MOD_VAR_LEN_EXIST(vmlinux, pgdat_list))
			ret->nr = GET_MOD_VAR_LEN(vmlinux, pgdat_list);
	}
	ret->nr = min_u64(ret->nr, NODES_MAX);
	return ret->array;
}
