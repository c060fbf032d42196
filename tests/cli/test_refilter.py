#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of dumps: kdump-compressed and flattened files as input."""
from harness import *

CODECS = ((), ('-c',), ('-l',), ('-p',), ('-z',))


def dump(*args):
    makedumpfile('-f', *args).check_done()
    return Kdump(args[-1])


def same(a, b):
    """Two dumps have the same pages with the same contents."""
    check(a.pages == b.pages, f'{len(a.pages)} and {len(b.pages)} pages')
    for (pfn, one), (_, other) in zip(a.contents(), b.contents()):
        check(one == other, f'pfn {pfn:#x} differs')


@test('a dump of each level, filtered again, is as if it had been filtered so at once')
def _():
    core('mini')
    for first, second in ((0, 31), (1, 31), (1, 0), (2, 8), (8, 16), (16, 31), (31, 31), (4, 1)):
        dump('-c', '-d', first, 'mini', 'first')
        twice = dump('-d', second, 'first', 'second')
        check(twice.level == first | second, f'{first} | {second} is not {twice.level}')
        check(set(twice.pages) == kept(first | second), f'{first}, then {second}: the pages')
        same(twice, dump('-d', first | second, 'mini', 'direct'))
        check(set(twice.exists) == EXISTS, 'the pages that exist')


@test('the pages of a dump of a dump have the order of those of a dump made at once')
def _():
    core('mini', *(f'page {pfn:#x} random {pfn}' for pfn in range(0x200, 0x240)))
    direct = {level: dump('-d', level, 'mini', 'direct') for level in (0, 31)}
    makedumpfile('-f', '-E', '-d', '0', 'mini', 'elf').check_done()
    dump('-c', '-d', '0', 'mini', 'whole')
    makedumpfile('-f', '-d', '0', '--split', 'mini', 'a', 'b').check_done()
    makedumpfile('-f', '--reassemble', 'a', 'b', 'joined').check_done()
    for name in ('elf', 'whole', 'joined'):
        for level, want in direct.items():
            check(dump('-d', level, name, 'again').same_sequence(want), f'{name}, {level}')


@test('a message says so when the level of a filtered dump changes the level asked for')
def _():
    core('mini')
    dump('-d', '8', 'mini', 'first')
    done = makedumpfile('-f', '-d', '2', 'first', 'second').check_done()
    check('dump_level is changed to 10, because first was created by dump_level(8).' in done.text,
          done.text)
    done = makedumpfile('-f', '-d', '8', 'first', 'second').check_done()
    check('changed' not in done.text, done.text)


@test('every compression can be read again')
def _():
    core('mini')
    want = dump('-d', '31', 'mini', 'want')
    for codec in CODECS:
        makedumpfile('-f', *codec, '-d', '0', 'mini', 'first').check_done()
        same(dump('-d', '31', 'first', 'second'), want)


@test('recompressing a dump at its own level changes nothing but the compression')
def _():
    core('mini')
    want = dump('-c', '-d', '31', 'mini', 'want')
    makedumpfile('-f', '-z', '-d', '31', 'mini', 'zstd').check_done()
    makedumpfile('-f', '-c', '-d', '31', 'zstd', 'again').check_done()
    same(Kdump('again'), want)
    check(read('again') == read('want'), 'the files differ')


@test('a dump without the memory that filtering needs can still be copied at -d 0')
def _():
    kdump('poor', 'max_mapnr = 0x1000\ndump_level = 31\nvmcoreinfo = OSRELEASE=6.1.0\n'
          'exists = 1-4095\npage = 0x10-0x20 pattern\n')
    done = makedumpfile('-f', '-c', '-d', '0', 'poor', 'copy')
    check(done.code == 0, done)
    check(Kdump('copy').pages == list(range(0x10, 0x21)) and Kdump('copy').level == 31,
          'the copy differs')


@test('the report of a filtered dump adds up: holes and pages that were gone before')
def _():
    core('mini')
    dump('-d', '9', 'mini', 'first')
    done = makedumpfile('-f', '-d', '31', '--show-stats', 'first', 'second').check_done()
    numbers = {name.strip(): int(value, 16) for name, value in
               re.findall(r'^ *([A-Z][^:\n]*?) *: 0x([0-9a-f]{16})(?:  .*)?$', done.text, re.M)}
    second = Kdump('second')
    zeros = sum(not any(data) for _, data in second.contents())
    check(numbers['Original pages'] == len(EXISTS), numbers)
    check(numbers['Remaining pages'] == len(second.pages) - zeros, f'{numbers}, {zeros} zeros')
    check(numbers['Excluded pages'] + numbers['Remaining pages'] == len(EXISTS), numbers)
    check(numbers['Memory Hole'] + numbers['Original pages'] == numbers['Total pages'], numbers)
    parts = [v for k, v in numbers.items() if k not in (
        'Original pages', 'Excluded pages', 'Remaining pages', 'Memory Hole', 'Total pages')]
    check(sum(parts) == numbers['Excluded pages'], numbers)


@test('a flattened file is filtered like the file it is of: ELF and kdump-compressed')
def _():
    core('mini')
    want = dump('-d', '31', 'mini', 'want')
    makedumpfile('-f', '-c', '-d', '1', 'mini', 'first').check_done()
    for name in ('mini', 'first'):
        for args in ((), ('--shuffle',), ('--record-size', '100-100000'), ('--garbage', '5000')):
            tool('mkflat', *args, name, 'flat')
            same(dump('-d', '31', 'flat', 'dump'), want)
        # The later one holds of records that overwrite others, but one of them is damaged.
        tool('mkflat', '--rewrite', '20', '--shuffle', name, 'flat')
        makedumpfile('-f', '-d', '31', 'flat', 'dump').check_failed('overwrites others')
        check(Kdump('dump').status & Kdump.INCOMPLETE, 'it is not marked')
        check(Kdump('dump').pages == Kdump('want').pages, 'the pages')


@test('what -F wrote can be filtered again, and flattened again')
def _():
    core('mini')
    with open('flat', 'wb') as f:
        makedumpfile('-F', '-l', '-d', '1', 'mini', stdout=f)
    want = dump('-c', '-d', '31', 'mini', 'want')
    same(dump('-c', '-d', '31', 'flat', 'dump'), want)
    again = makedumpfile('-F', '-c', '-d', '31', 'flat').out
    check(unflatten(again) == read('dump'), 'the stream differs from the file')


@test('every header version and byte order of kdump-compressed files is read')
def _():
    for layout in ('64le', '64be', '32le', '32be', 'i386'):
        for version in range(1, 7):
            kdump('old', f'layout = {layout}\nversion = {version}\nmax_mapnr = 64\n'
                  'codec = zlib\npage = 0-40 pattern\npage = 41-50 zero shared\n')
            result = makedumpfile('-f', '-d', '0', 'old', 'dump').check_done()
            check(b'KDUMP' in read('dump')[:8], result)
            if layout == '64le':
                check(Kdump('dump').pages == list(range(51)), f'version {version}: pages')


@test('the notes go with a dump: VMCOREINFO, registers of each CPU, and what was erased')
def _():
    kdump('old', 'max_mapnr = 64\ncpus = 3\nvmcoreinfo = OSRELEASE=6.1.0\n'
          'vmcoreinfo = CRASHTIME=1234567890\neraseinfo = erase secret\npage = 1-9 pattern\n'
          'release = 6.1.0\n')
    makedumpfile('-f', '-d', '0', 'old', 'dump').check_done()
    data = read('dump')
    new = Kdump('dump')
    note = int.from_bytes(data[new.block + 32:new.block + 40], 'little')
    size = int.from_bytes(data[new.block + 40:new.block + 48], 'little')
    check(data[note:note + size] == b'OSRELEASE=6.1.0\nCRASHTIME=1234567890\n',
          data[note:note + size])
    check(int.from_bytes(data[460:464], 'little') == 3, 'CPUs')
    check(int.from_bytes(data[408:416], 'little') == 1234567890, 'time of the crash')
    where = int.from_bytes(data[new.block + 64:new.block + 72], 'little')
    size = int.from_bytes(data[new.block + 72:new.block + 80], 'little')
    check(data[where:where + size] == b'erase secret\n', data[where:where + size])


run_tests()
