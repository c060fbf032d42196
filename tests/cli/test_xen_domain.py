#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of xl dump-core: they give the dump that an ELF core of the same memory gives."""
import json
import struct

from harness import *


def made(machine='x86_64'):
    """Write the core of a miniature kernel without notes, and the dump of it."""
    c = core('core', 'memnote 5*P VMCOREINFO 0', text=mini(machine))
    c.notes = []
    c.write('core')
    dumped('core', 'wanted').check_done()


def dumped(*args, **options):
    return makedumpfile('-f', '-c', '-d', '31', *args, **options)


def domain(*options):
    done = run([sys.executable, '-B', f'{TOOLS}/mkxendomain', *options, 'core', 'input'])
    check(not done.code, done)


def check_same(*options):
    makedumpfile('--verify', *options, 'input').check_done()
    for more in ((), ('--non-mmap',)):
        dumped(*options, *more, 'input', 'dump').check_done()
        check(read('dump') == read('wanted'), f'{options} {more}: the dumps differ')


@test('an HVM or PVH domain, its pages in any order, and pages that it does not have')
def _():
    made()
    for options in ((), ('--absent', '600'), ('--reverse',)):
        domain(*options)
        check_same()
    info = json.loads(makedumpfile('--info', '--json', '-', 'input').out)
    check(info['input']['format'] == 'Xen domain', info['input'])


@test('domains of other machines; a 32-bit kernel on a 64-bit host')
def _():
    made('arm64')
    domain()
    check_same()
    made('i386-pae')
    domain('--machine', '62')
    check_same('--machine', 'i686')


def section(data, name):
    """Place of the header of a section."""
    names, = struct.unpack_from('<Q', data, 64 + 64 + 24)
    at = data.index(b'\0' + name + b'\0', names) + 1 - names
    return next(place for place in range(64 + 64, 64 + 64 * 7, 64)
                if struct.unpack_from('<I', data, place) == (at,))


@test('damaged and cut files cost the pages that cannot be found')
def _():
    made()
    domain()
    whole = read('input')
    pages, table = section(whole, b'.xen_pages'), section(whole, b'.xen_pfn')
    off, size = struct.unpack_from('<QQ', whole, table + 24)
    nr = size // 8

    def tried(data, why, code=1):
        with open('input', 'wb') as f:
            f.write(data)
        done = limited('-f', '-d', '1', 'input', 'dump').check_alive()
        check(done.code == code and why in done.err, f'{why}: {done}')
        return done

    def changed(at, form, *values):
        data = bytearray(whole)
        struct.pack_into('<' + form, data, at, *values)
        return bytes(data)

    tried(whole[:-100], 'cut short before the names of its sections')
    tried(whole[:200], 'cut short before the names of its sections')
    tried(whole[:70], 'no program headers')
    tried(changed(pages, 'I', 0), 'no program headers')
    tried(changed(table, 'I', 0), '.xen_pfn or .xen_p2m is missing')
    tried(changed(58, 'H', 63), 'no program headers')
    for at, value in ((pages + 32, (nr - 5) * 4096), (table + 32, size - 40)):
        tried(changed(at, 'Q', value), f'of {nr} pages only the first {nr - 5} can be read')
        check(set(Kdump('dump').pages) < EXISTS, 'pages')
    tried(changed(table + 32, 'Q', size << 30), f'only the first {nr} can be read')
    tried(changed(pages + 24, 'Q', len(whole) + 1), 'without memory')
    tried(changed(off, 'QQ', 1 << 40, 1 << 63),
          'pages with invalid entries in .xen_pfn are lost: 2')
    # One wrong bit of a pfn.
    tried(changed(off, 'Q', 1 | 1 << 39), 'are lost: 1')
    tried(changed(off, 'Q', 1 | 1 << 22), '', 0)
    # Two pages of one number: the first is used.
    tried(changed(off + 8, 'Q', 1), '', 0)
    tried(changed(off, f'{nr}Q', *[(1 << 64) - 1] * nr), 'a domain of Xen without memory')


TABLES = 0xe80000, 0x80000      # of mini-xen.txt


def made_pv(*options):
    made('xen')
    domain('--pv', f'{TABLES[0]},{TABLES[1]}', *options)


def check_pages(path, wanted, but=()):
    """A dump has the pages of another one but for some; they differ in page tables only."""
    dump, other = dict(Kdump(path).contents()), dict(Kdump(wanted).contents())
    check(dump.keys() == other.keys() - set(but), f'{path}: the pages')
    tables = range(TABLES[0] // PAGE, (TABLES[0] + TABLES[1]) // PAGE)
    differ = {pfn for pfn in dump if dump[pfn] != other[pfn]}
    check(differ and differ <= set(tables), f'{path}: pages {sorted(differ)[:9]} differ')


@test('a PV domain, whose page tables have frames of the machine: every level')
def _():
    for options in ((), ('--absent', '600', '--reverse')):
        made_pv(*options)
        makedumpfile('--verify', 'input').check_done()
        for level in (0, 1, 2, 4, 8, 16, 31):
            makedumpfile('-f', '-c', '-d', level, 'core', 'wanted').check_done()
            makedumpfile('-f', '-c', '-d', level, 'input', 'dump').check_done()
            # The core has no notes, and is not searched for VMCOREINFO at these levels.
            check_pages('dump', 'wanted', range(0x9c8, 0x9d1) if level < 2 else ())


@test('the dump of a PV domain is filtered again, and its addresses translated')
def _():
    made_pv()
    steps = b'e87828            00000001003ad063\n'
    for options in (('-E',), ('-c',)):
        makedumpfile('-f', *options, '-d', '0', 'input', 'whole').check_done()
        dumped('whole', 'dump').check_done()
        check_pages('dump', 'wanted')
        for path in ('input', 'whole'):
            done = makedumpfile('--vtop', 'ffff888000905000', path)
            check(done.code == 0 and steps in done.out and b'905000  905000' in done.out, done)


@test('frames that are damaged cost what is translated by them')
def _():
    made_pv()
    whole = read('input')
    off, size = struct.unpack_from('<QQ', whole, section(whole, b'.xen_p2m') + 24)
    numbers = list(struct.unpack_from(f'<{size // 8}Q', whole, off))

    def tried(numbers, why, code=0):
        with open('input', 'wb') as f:
            f.write(whole[:off] + struct.pack(f'<{size // 8}Q', *numbers) + whole[off + size:])
        done = limited('-f', '-c', '-d', '31', 'input', 'dump').check_alive()
        check(done.code == code and why in done.err, f'{why}: {done}')

    for value in (0, 1 << 40, (1 << 64) - 1):
        tried([value if i % 2 else n for i, n in enumerate(numbers)], 'level 31 is not possible')
        check(set(Kdump('dump').pages) == EXISTS, 'pages')
    # A page of struct pages, those from 0x940 on, is not found.
    at = numbers.index(0x425) + 1
    tried(numbers[:at] + [5] + numbers[at + 1:], '')
    check(set(Kdump('wanted').pages) < set(Kdump('dump').pages) < EXISTS, 'pages')


@test('libkdumpfile reads the files that the test makes: each page by its pfn, or by its frame')
def _():
    for options in ((), ('--pv', f'{TABLES[0]},{TABLES[1]}')):
        c = core('core', text=mini('xen'))
        domain(*options)
        dump = open_kdumpfile('input')
        import libkdumpfile
        for pfn in sorted(EXISTS - pfns((TABLES[0] // PAGE, 0xf00)))[::7]:
            number = 0x100000 + (pfn ^ 0xaa8) if options else pfn       # as mkxendomain has it
            check(dump.read(libkdumpfile.MACHPHYSADDR, number * PAGE, PAGE) ==
                  c.memory.read(pfn * PAGE, PAGE), f'{options}: pfn {pfn:#x}')


run_tests()
