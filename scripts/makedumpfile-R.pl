#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Write the dump in a flattened standard input: makedumpfile-R.pl DUMPFILE < FLATTENED
# Scripts know this name; makedumpfile does the work itself.
exec makedumpfile -R "$@"
