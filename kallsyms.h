/* SPDX-License-Identifier: GPL-2.0-or-later */
/**
 * @file
 * Symbols of the crashed kernel, for authors of extensions: facts/declare.h.
 */
#ifndef KALLSYMS_H
#define KALLSYMS_H

#include "facts/declare.h"

#endif
