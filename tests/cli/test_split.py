#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--split and --reassemble: a dump in parts."""
import os
import re

from harness import *

FULL = ('-c', '-d', '31')


def remove(*names):
    for name in names:
        if os.path.exists(name):
            os.unlink(name)


def split(number, *args, vmcore='mini'):
    """The names of the parts of a dump."""
    names = [f'part{i}' for i in range(number)]
    makedumpfile('-f', '--split', *args, vmcore, *names).check_done()
    return names


def direct(*args):
    core('mini')
    makedumpfile('-f', *args, 'mini', 'direct').check_done()
    return read('direct')


class Part(Kdump):
    """A part of a split dump."""

    def __init__(self, path):
        super().__init__(path)
        self.split, = struct.unpack_from('<i', self.bytes, self.block + 12)
        self.old_range = struct.unpack_from('<QQ', self.bytes, self.block + 16)
        self.start, self.end = struct.unpack_from('<QQ', self.bytes, self.block + 80)
        self.own = [pfn for pfn in self.pages if self.start <= pfn < self.end]


@test('parts describe the whole dump; each has the data of its pages, about as many as the others')
def _():
    whole = len(direct(*FULL))
    for number in (2, 3, 7):
        parts = [Part(name) for name in split(number, *FULL)]
        check([p.start for p in parts] == [0] + [p.end for p in parts[:-1]], 'the ranges')
        check(parts[-1].end == parts[0].max_mapnr, 'the last range')
        for p in parts:
            check(p.split == 1 and p.old_range == (p.start, p.end), 'the sub-header')
            check(set(p.pages) == kept(31) and set(p.exists) == EXISTS, 'the bitmaps')
            check(p.status == 1, f'status {p.status:#x}')
            check(abs(len(p.own) - len(p.pages) / number) <= 1, f'{len(p.own)} pages')
            memory = core('mini').memory
            for index, pfn in enumerate(p.own):
                offset, size, flags = p.desc(index)
                data = p.bytes[offset:offset + size]
                data = zlib.decompress(data) if flags else data
                check(data == memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x} differs')
        check(sum(len(p.bytes) for p in parts) < whole + number * (whole // 2), 'too large')


@test('--splitblock-size: parts begin at multiples of it, and are as large as that allows')
def _():
    direct()
    for kib in (4, 512, 1024):
        parts = [Part(name) for name in split(3, '-d', '31', '--splitblock-size', kib)]
        for p in parts[1:]:
            check(p.start % (kib // 4) == 0, f'{kib}: part begins at {p.start:#x}')
        for p in parts:
            check(abs(len(p.own) - len(p.pages) / 3) <= kib // 4 + 1, f'{kib}: {len(p.own)} pages')
    parts = [Part(name) for name in split(3, '-d', '31', '--splitblock-size', 1 << 20)]
    check(sum(len(p.own) for p in parts) == len(kept(31)), 'all in one')
    makedumpfile('-f', '--split', '--splitblock-size', '6', 'mini', 'part0', 'part1').check_failed(
        'block size 6 KiB is not a multiple of the page size')


@test('parts do not depend on the number of threads')
def _():
    direct()
    want = [read(name) for name in split(3, *FULL, '--num-threads', '1')]
    for threads in (2, 5):
        names = split(3, *FULL, '--num-threads', threads)
        check([read(name) for name in names] == want, f'{threads} threads')


@test('what is said at the end names all parts')
def _():
    core('mini')
    for names, text in ((['a', 'b'], 'are saved to a and b.'),
                        (['a', 'b', 'c'], 'are saved to a, b, and c.')):
        done = makedumpfile('-f', '--split', 'mini', *names).check_done()
        check(text in done.text, done.text)


@test('--dry-run --split writes nothing')
def _():
    core('mini')
    remove('x', 'y')
    args = ('--split', '--show-stats', *FULL, 'mini', 'x', 'y')
    done = makedumpfile('--dry-run', *args).check_done()
    check(not os.path.exists('x') and not os.path.exists('y'), 'a file was made')
    real = makedumpfile(*args).check_done()
    size = re.compile('Write bytes.*')
    check(size.search(done.text)[0] == size.search(real.text)[0], 'Write bytes')


@test('a name that is taken, or twice the same: refused, and nothing new is left')
def _():
    core('mini')
    remove('a')
    write('b', 'precious')
    makedumpfile('--split', 'mini', 'a', 'b').check_failed('b: file exists')
    check(not os.path.exists('a') and read('b') == b'precious', 'the files')
    for force in ([], ['-f']):
        makedumpfile(*force, '--split', 'mini', 'a', 'a').check_failed('are the same file')
    makedumpfile('-f', '--split', 'mini', 'a', 'mini').check_failed('the VMCORE itself')


@test('a part that cannot be written: exit 1, it is named, and the others are whole')
def _():
    core('mini')
    for names in (['/dev/full', 'b', 'c'], ['a', '/dev/full', 'c'], ['a', 'b', '/dev/full']):
        remove('a', 'b', 'c')
        result = makedumpfile('-f', '--split', *FULL, 'mini', *names)
        result.check_failed('/dev/full.*No space left')
    # It is full before the first page: no part is of use.
    check(not os.path.exists('a'), 'there is a part')
    names = ['part0', 'part1', 'part2']
    limit = 2 << 20
    makedumpfile('-f', '--split', '-d', '31', 'mini', *names, file_size=limit).check_failed(
        'bytes are missing.*part1.*File too large')
    status = [Part(name).status for name in names]
    check(status == [0, Part.INCOMPLETE, 0], f'status {status}')


@test('one part is no VMCORE: what to do is said')
def _():
    core('mini')
    name = split(2, *FULL)[0]
    makedumpfile('-f', '-d', '31', name, 'dump').check_failed(r'part0.*--reassemble')


@test('the makedumpfile of the distribution puts our parts together')
def _():
    peer = need_tool('makedumpfile')
    for options in (FULL, ['-d', '0'], ['-l', '-d', '1']):
        want = direct(*options)
        for number, more in ((2, []), (5, ['--splitblock-size', '64'])):
            remove('whole')
            done = run([peer, '--reassemble', *split(number, *options, *more), 'whole'])
            check(done.code == 0, done)
            check(read('whole') == want, f'{options}, {number} parts: it differs')


run_tests()
