/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Types of the crashed kernel, for authors of extensions: facts/declare.h.
 */
#ifndef BTF_INFO_H
#define BTF_INFO_H

#include "facts/declare.h"

#endif
