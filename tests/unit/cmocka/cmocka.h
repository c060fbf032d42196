/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka 2 has names for each type of number, and deprecates the one that cmocka 1 has. */
#include_next <cmocka.h>

#ifdef assert_uint_in_range
#undef assert_in_range
#define assert_in_range assert_uint_in_range
#endif
