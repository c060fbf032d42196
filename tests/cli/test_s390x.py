#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of s390x: big-endian, and with VMCOREINFO in memory if they have no note of it."""
from harness import *

FIRST = 'elf 64 big s390x\n'

# A kernel of the time when memory was mapped one to one: 16 MiB in pages of 1 MiB.
KERNEL = '''
segment 0 16*M
u64 0x4000 0x8007
u64 0x8000 %s 0x20
mapped 0 0 16*M
sections 0..1 roots=0xc000 entries=0xd000 direct=0 array=2*M bits=28
pages 2*M 0..0x1000 flags=1<<13 refcount=1 mapcount=-1
buddy 0x420 order=3
compound 0x440 order=4 flags=0x20128 mapping=0x123451
page_struct 0x460..0x470 flags=0x2c mapping=0x123450
page 0x110..0x120 pattern
page 0x460..0x468 random 1
text 0x170000 Linux
text 0x170000+65 mini
text 0x170000+130 6.12.0-small
text 0x170000+195 "#1 SMP"
text 0x170000+260 s390x
''' % ' '.join(f'{n}*M+0x3503' for n in range(16))
EXISTS = pfns((0, 0x1000))
KEPT = EXISTS - pfns((0x420, 0x428), (0x440, 0x450), (0x460, 0x470))
SYMBOLS = {'SYMBOL(swapper_pg_dir)': '4000', 'SYMBOL(_stext)': '100000', 'SYMBOL(_end)': '180000',
           'SYMBOL(init_uts_ns)': '170000', 'OFFSET(uts_namespace.name)': '0',
           'SYMBOL(mem_section)': 'c000', 'NUMBER(SECTION_SIZE_BITS)': '28'}
# All that the small kernel has, but for what depends on where it is or on its machine.
INFO = [line for line in SMALL.partition('<<END\n')[2].partition('END\n')[0].splitlines()
        if '$' not in line and line.partition('=')[0] not in
        (*SYMBOLS, 'NUMBER(sme_mask)', 'NUMBER(pgtable_l5_enabled)')]
INFO += [f'{key}={value}' for key, value in SYMBOLS.items()]
ESCAPED = ''.join(line + r'\n' for line in INFO)
IN_MEMORY = FIRST + KERNEL + f"prstatus 1\nmemnote 0xe100 VMCOREINFO 0 '{ESCAPED}'\n"
POINTER = 'u64 0xe0c 0xe100'
AS_NOTE = '\n'.join([FIRST, 'vmcoreinfo <<END', *INFO, 'END', 'prstatus 1', KERNEL])


def dump(*args):
    makedumpfile('-f', '-c', *args).check_done()
    return Kdump(args[-1], order='>')


@test('s390x: -d 31 leaves out what it should, and nothing else')
def _():
    c = core('core', text=AS_NOTE)
    for level, pages in ((31, KEPT), (1, EXISTS), (8, EXISTS - pfns((0x440, 0x450)))):
        d = dump('-d', level, 'core', 'dump').check_contents(c.memory)
        check(set(d.pages) == pages and set(d.exists) == EXISTS, f'-d {level}: the pages')


@test('s390x: VMCOREINFO in memory does what one among the notes does')
def _():
    core('core', text=IN_MEMORY)
    makedumpfile('-f', '-d', '31', 'core', 'dump').check_warned('no VMCOREINFO')
    d = dump('-d', '1', 'core', 'dump')
    check(set(d.pages) == EXISTS, '-d 1: the pages')
    core('core', POINTER, text=IN_MEMORY)
    core('noted', POINTER, f"memnote 0xe100 VMCOREINFO 0 '{ESCAPED}'", text=AS_NOTE)
    for level in (31, 1):
        d = dump('-d', level, 'core', 'dump')
        check(set(d.pages) == (KEPT if level == 31 else EXISTS), f'-d {level}: the pages')
        dump('-d', level, 'noted', 'wanted')
        check(read('dump') == read('wanted'), f'-d {level}: the dumps differ')
    makedumpfile('-f', '-g', 'info', 'core').check_done()
    check(read('info').decode().startswith('\n'.join(INFO) + '\n'), read('info'))


@test('s390x: a dump that VMCOREINFO was added to can be filtered again')
def _():
    core('core', POINTER, text=IN_MEMORY)
    want = dump('-d', '31', 'core', 'want')
    dump('-d', '0', 'core', 'first')
    again = dump('-d', '31', 'first', 'second')
    check(again.pages == want.pages, 'the pages')
    check(list(again.contents()) == list(want.contents()), 'the contents')


@test('s390x: libkdumpfile finds the VMCOREINFO that was added')
def _():
    core('core', POINTER, text=IN_MEMORY)
    dump('-d', '31', 'core', 'dump')
    k = open_kdumpfile('dump')
    import libkdumpfile
    check(k.attr['arch.name'] == 's390x', k.attr['arch.name'])
    raw = libkdumpfile.vmcoreinfo(k).decode()
    check(raw == '\n'.join(INFO) + '\n', raw)
    check(k.attr['cpu.number'] == 1, 'the other notes are lost')


run_tests()
