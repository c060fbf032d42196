#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bits of the headers of a miniature dump, flipped: what they cost is bounded by what the file
has.  flips.py, run by itself, flips all of them."""
from flips import flips
from harness import *

# The bitmaps of 32 GiB, and pieces of those of memory at impossible addresses.
SLACK_KIB = 10 << 10
# Each 29th bit: another one of the eight in each byte that follows.
EVERY = 29


def check_flips(path, level):
    wrong = [f'byte {offset:#x} bit {bit}: {what}' for offset, bit, what in
             flips(PROGRAM, path, ('-c', '-d', level), SLACK_KIB, EVERY) if what]
    check(not wrong, f'{len(wrong)} bits, as {"; ".join(wrong[:5])}')


@test('one bit of the headers of an ELF core: memory, disk and time are bounded')
def _():
    core('small', text=SMALL)
    check_flips('small', '0')


@test('one bit of the headers of a kdump-compressed file: memory, disk and time are bounded')
def _():
    core('small', text=SMALL)
    makedumpfile('-f', '-c', '-d', '0', 'small', 'dump').check_done()
    check_flips('dump', '1')


run_tests()
