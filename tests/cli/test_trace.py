#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--trace: lines about decisions."""
import os
import re

from harness import *
from mini_symbols import MiniSymbols, need_types

OWN = MiniSymbols(0xffffffff89400000)
EXTENSION = f'{os.path.dirname(PROGRAM)}/extensions/sample.so'
# A line that each subsystem prints about a dump that is filtered with an extension.
DECISIONS = {
    'vmcore': 'format ELF core: yes',
    'facts': r'optional  SIZE\(page\) = 64  from',
    'kallsyms': r'\d+ symbols, names at 0x',
    'btf': r"the kernel's types: \d+ bytes at 0x",
    'modules': 'modules',
    'memmap': 'struct pages of 64 bytes in 1 ranges',
    'filter': 'level 30: done, plausible',
    'extension': 'sample: its verdicts are taken',
    'output': r'(\d+) of \1 pages copied, 0 unreadable: complete',
}


def traced(*subsystems):
    """Lines of --trace: (subsystem, text)."""
    done = makedumpfile('-f', '-c', '-d', '31', '--trace', ','.join(subsystems), '--extension',
                        EXTENSION, 'full', 'dump')
    check(done.code == 0 and 'trace ' not in done.text, 'standard output has lines of it')
    return re.findall(r'^trace (\w+): (.+)$', done.err, re.M)


@test('--trace prints the decisions of the named subsystems, and of no other')
def _():
    need_types()
    if not os.path.exists(EXTENSION):
        skip('extensions are not built')
    core('full', *OWN.there, *OWN.exported, 'set OFFSET(new_utsname.release) 130')
    for name, decision in DECISIONS.items():
        lines = traced(name)
        if name == 'modules':      # the miniature kernel has none
            check(not lines, lines)
            continue
        check({who for who, _ in lines} == {name}, f'{name}: {lines[:5]}')
        check(any(re.search(decision, text) for _, text in lines), f'{name}: {lines}')
    check({who for who, _ in traced('vmcore', 'output')} == {'vmcore', 'output'}, 'a list')


@test('--trace changes no byte of the dump, and is off by default')
def _():
    core('full', *OWN.there, *OWN.exported)
    done = makedumpfile('-f', '-c', '-d', '31', 'full', 'a').check_done()
    check('trace ' not in done.err + done.text, done)
    done = makedumpfile('-f', '-c', '-d', '31', '--trace', ','.join(DECISIONS), 'full', 'b')
    check(done.code == 0 and read('a') == read('b'), 'the dumps differ')


@test('--trace names what it takes')
def _():
    for names in ('nothing', 'facts,', '', 'fact', 'facts,nothing'):
        makedumpfile('--trace', names, 'full', 'x').check_failed(
            f"' is not a subsystem: use some of {', '.join(DECISIONS)}$")


run_tests()
