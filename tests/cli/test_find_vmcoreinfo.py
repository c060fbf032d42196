#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""VMCOREINFO that is in no note of the dump, but in the machine's memory."""
from harness import *

# Pages of the kernel, that every level keeps; the first is in front of the others.
FIRST, SECOND, THIRD = 0x4000, 0x5000, 0xff0000
HERE = f'memnote {SECOND} VMCOREINFO 0'
# A VMCOREINFO that an earlier boot left: its tables were elsewhere.
STALE = 'OSRELEASE=6.12.0-mini\\nPAGESIZE=4096\\nSYMBOL(init_top_pgt)=ffffffff89600000\\n' \
        'NUMBER(phys_base)=4096\\n'


def noteless(path, *statements):
    """The miniature kernel without the note."""
    c = core(path, *statements)
    c.notes = [n for n in c.notes if n[0] != 'VMCOREINFO']
    c.write(path)
    return c


def stale(at):
    return f"memnote {at} VMCOREINFO 0 '{STALE}'"


def told(path):
    """The size of VMCOREINFO that a dump says it has."""
    d = Kdump(path)
    return d._ints('Q', d.block + 40)[0]


def check_found(c, path='dump'):
    """A dump of the miniature kernel at level 31."""
    d = Kdump(path).check_contents(c.memory)
    check(set(d.pages) == kept(31), 'the pages')
    check(told(path) == sum(len(line) + 1 for line in c.vmcoreinfo), 'VMCOREINFO')


@test('VMCOREINFO in memory only: found where a level or a mode needs it, else not looked for')
def _():
    c = noteless('core', HERE)
    makedumpfile('-f', '-c', '-d', '31', 'core', 'dump').check_done()
    check_found(c)
    # As if it had been there: the first of the notes.
    c.notes.insert(0, ('VMCOREINFO', 0, None))
    c.write('noted')
    makedumpfile('-f', '-c', '-d', '31', 'noted', 'wanted').check_done()
    check(read('dump') == read('wanted'), 'the dumps differ')
    makedumpfile('-f', '-g', 'info', 'core').check_done()
    check(read('info').decode().startswith('\n'.join(c.vmcoreinfo)), 'it is another text')
    makedumpfile('-f', '-c', '-d', '2,16', 'core', 'dump').check_done()
    check(told('dump'), '-d 2,16: not found')
    for level in (0, 1):
        makedumpfile('-f', '-d', level, 'core', 'dump').check_done()
        check(not told('dump'), f'-d {level}: it was looked for')


@test('VMCOREINFO in memory: the text of -i is enough')
def _():
    c = noteless('core', HERE)
    write('info', '\n'.join(c.vmcoreinfo))
    done = makedumpfile('-f', '-D', '-c', '-d', '31', '-i', 'info', 'core', 'dump')
    check(done.code == 0 and 'Searching' not in done.err, f'it was looked for: {done}')
    check(set(Kdump('dump').pages) == kept(31), 'the pages')


@test('VMCOREINFO in memory: that of an earlier boot is passed over, in front or after')
def _():
    for at in (FIRST, THIRD):
        c = noteless('core', HERE, stale(at))
        makedumpfile('-f', '-c', '-d', '31', 'core', 'dump').check_done()
        check_found(c)
    # A stale one is used if it is the only one; if there are two, neither is.
    noteless('core', stale(FIRST))
    makedumpfile('-f', '-d', '31', 'core', 'dump').check_warned('dump level 31 is not possible')
    makedumpfile('-f', '-g', 'info', 'core').check_done()
    check('NUMBER(phys_base)=4096' in read('info').decode(), 'it is not used')
    noteless('core', stale(FIRST), stale(THIRD))
    makedumpfile('-f', '-d', '31', 'core', 'dump').check_warned('no VMCOREINFO')


@test('VMCOREINFO in memory: in a kdump-compressed file, too')
def _():
    c = noteless('core', HERE)
    makedumpfile('-f', '-c', '-d', '0', 'core', 'first').check_done()
    check(not told('first'), 'it was looked for')
    makedumpfile('-f', '-c', '-d', '31', 'first', 'dump').check_done()
    check_found(c)


@test('VMCOREINFO in memory: addresses without pages do not count')
def _():
    core('far', text="segment M M\nsegment 300*G M\n"
         "memnote 300*G VMCOREINFO 0 'OSRELEASE=1.2.3\\nPAGESIZE=4096\\n'\n")
    makedumpfile('-f', '-c', '-d', '0', 'far', 'dump').check_done()
    makedumpfile('-f', '-g', 'info', 'dump').check_done()
    check(read('info').startswith(b'OSRELEASE=1.2.3\n'), 'another text')


@test('VMCOREINFO in memory: in no place, of no size, or of no kind that the kernel has')
def _():
    for bad in (f'memnote {SECOND}+8 VMCOREINFO 0', f'u32 {SECOND} 10', f'u32 {SECOND} 12',
                f'u32 {SECOND}+4 0', f'u32 {SECOND}+4 0xffffffff', f'u32 {SECOND}+4 9',
                f'text {SECOND}+12 VMCOREINFO_XEN', f'text {SECOND}+24 osrelease='):
        noteless('core', *([bad] if '+8 ' in bad else [HERE, bad]))
        limited('-f', '-d', '31', 'core', 'dump').check_warned('no VMCOREINFO')


@test('VMCOREINFO in memory: thousands of notes that lead nowhere do not make it wait')
def _():
    c = noteless('core')
    for pfn in range(0xa00, 0xe00):
        c.run(stale(pfn * PAGE))
    c.write('core')
    done = limited('-f', '-D', '-d', '31', 'core', 'dump').check_warned('no VMCOREINFO')
    check(1 < (done.text + done.err).count('does not lead to its kernel') < 20, 'all were tried')


run_tests()
