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
        # The starts of classes follow the notes.
        note, size = struct.unpack_from('<QQ', self.bytes, self.block + 48)
        self.starts = -(-(note + size) // 8) * 8
        self.own = [pfn for pfn in self.pages if self.start <= pfn < self.end]


    def begins(self):
        """The starts of its classes."""
        return struct.unpack_from('<8Q', self.bytes, self.starts + 8)


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
            check(p.start % 64 == 0, f'a part begins at {p.start:#x}')
            # Each end is rounded to the nearest multiple of 64.
            check(abs(len(p.own) - len(p.pages) / number) <= 65, f'{len(p.own)} pages')
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
    for kib, unit in ((4, 64), (12, 192), (512, 128), (768, 192), (1024, 256)):
        parts = [Part(name) for name in split(3, '-d', '31', '--splitblock-size', kib)]
        for p in parts:
            check(p.start % unit == 0, f'{kib}: part begins at {p.start:#x}')
            check(abs(len(p.own) - len(p.pages) / 3) <= unit + 1, f'{kib}: {len(p.own)} pages')
    parts = [Part(name) for name in split(3, '-d', '31', '--splitblock-size', 1 << 20)]
    check([len(p.own) for p in parts] == [0, 0, len(kept(31))], 'all in one')


@test('more parts than there is memory for: empty ones begin at multiples of 64, too')
def _():
    core('small', text=SMALL)
    makedumpfile('-f', '-d', '31', 'small', 'direct').check_done()
    parts = [Part(name) for name in split(20, '-d', '31', vmcore='small')]
    check([p.start % 64 for p in parts] == [0] * 20, [p.start for p in parts])
    check(parts[-1].end == parts[0].max_mapnr, 'the last part')
    reassemble(*(f'part{i}' for i in range(20)), 'whole').check_done()
    check(Kdump('whole').same_pages(Kdump('direct')), 'it differs')


@test('--splitblock-size has to be a multiple of the page size')
def _():
    core('mini')
    makedumpfile('-f', '--split', '--splitblock-size', '6', 'mini', 'part0', 'part1').check_failed(
        'block size 6 KiB is not a multiple of the page size')


@test('parts do not depend on the number of threads')
def _():
    direct()
    want = [read(name) for name in split(3, *FULL, '--num-threads', '1')]
    for threads in (2, 5):
        names = split(3, *FULL, '--num-threads', threads)
        check([read(name) for name in names] == want, f'{threads} threads')


@test('the message at the end names all parts')
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
    makedumpfile('-f', '--split', 'mini', 'a', 'mini').check_failed(
        'VMCORE mini and DUMPFILE mini are')


@test('a part that cannot be written: exit 1, it is named, and the others are whole')
def _():
    core('mini', *DISTINCT_KERNEL)
    for names in (['/dev/full', 'b', 'c'], ['a', '/dev/full', 'c'], ['a', 'b', '/dev/full']):
        remove('a', 'b', 'c')
        result = makedumpfile('-f', '--split', *FULL, 'mini', *names)
        result.check_failed('/dev/full.*No space left')
    # It is full before the first page: no part is of use.
    check(not os.path.exists('a'), 'there is a part')
    names = ['part0', 'part1', 'part2']
    limit = 2 << 20
    makedumpfile('-f', '--split', '-d', '31', 'mini', *names, file_size=limit).check_failed(
        'bytes are missing.*part2.*File too large')
    status = [Part(name).status for name in names]
    check(status == [0, 0, Part.INCOMPLETE], f'status {status}')


@test('one part is no VMCORE: the error names --reassemble')
def _():
    core('mini')
    name = split(2, *FULL)[0]
    makedumpfile('-f', '-d', '31', name, 'dump').check_failed(r'part0.*--reassemble')


@test('the makedumpfile of the distribution puts our parts together')
def _():
    peer = need_tool('makedumpfile')
    for options in (FULL, ['-d', '0'], ['-l', '-d', '1']):
        direct(*options)
        for number, more in ((2, []), (5, ['--splitblock-size', '64'])):
            remove('whole')
            done = run([peer, '--reassemble', *split(number, *options, *more), 'whole'])
            check(done.code == 0, done)
            check(Kdump('whole').same_pages(Kdump('direct')),
                  f'{options}, {number} parts: it differs')


# ---- putting them together ---------------------------------------------------

def reassemble(*names, force=True):
    return makedumpfile(*['-f'] * force, '--reassemble', *names)


def change(name, offset, data):
    with open(name, 'r+b') as f:
        f.seek(offset)
        f.write(data)


@test('parts in any order become the file that is written without --split')
def _():
    for options in ([], FULL, ['-l', '-d', '1'], ['-z', '-d', '30']):
        direct(*options)
        for number in (2, 3, 9):
            names = split(number, *options)
            for order in (names, names[::-1], names[1:] + names[:1]):
                remove('whole')
                done = reassemble(*order, 'whole', force=False).check_done()
                check('saved to whole' in done.text, done.text)
                check(Kdump('whole').same_pages(Kdump('direct')), f'{options}, {order}: it differs')
                check(Kdump('whole').same_sequence(Kdump('direct')), f'{options}: the order')


@test('parts of pages that all differ become the same file; starts that are wrong cost the order')
def _():
    core('mini', *(f'page {pfn:#x} random {pfn}' for pfn in range(0x200, 0x240)))
    for options in (['-d', '0'], ['-c', '-d', '31'], ['-d', '31', '--fill', '0']):
        makedumpfile('-f', *options, 'mini', 'direct').check_done()
        names = split(3, *options)
        reassemble(*names, 'whole').check_done()
        check(Kdump('whole').same_sequence(Kdump('direct')), f'{options}: the order')
        size = os.path.getsize('whole')
        for name in names:
            part = Part(name)
            at = part.starts
            check(part.bytes[at:at + 8] == b'CLASSES ', 'no starts of classes')
            # In the middle of a page, before and after all data, in another order.
            starts = part.begins()
            for wrong in ([max(starts) + 1], [1], [1 << 60], sorted(starts, reverse=True)):
                change(name, at + 8, struct.pack('<8Q', *[0] * (8 - len(wrong)), *wrong))
                reassemble(*names, 'whole').check_done()
                check(Kdump('whole').same_pages(Kdump('direct')), f'{options}, {wrong}')
                check(os.path.getsize('whole') == size, f'{options}, {wrong}: bytes of no page')
            change(name, 0, part.bytes)


@test('parts of the makedumpfile of the distribution, empty ones too')
def _():
    peer = need_tool('makedumpfile')
    core('mini')
    for options in (FULL, ['-d', '1']):
        names = ['a', 'b', 'c']
        remove(*names, 'peer')
        check(run([peer, *options, 'mini', 'peer']).code == 0, 'its dump')
        for more in ([], ['--splitblock-size', '512']):
            remove(*names)
            done = run([peer, '--split', *options, *more, 'mini', *names])
            check(done.code == 0, done)
            reassemble('c', 'a', 'b', 'whole').check_done()
            check(read('whole') == read('peer'), f'{options} {more}: it differs')


@test('parts can be flattened files')
def _():
    direct(*FULL)
    names = split(3, *FULL)
    for name in names[:2]:
        tool('mkflat', '--record-size', '1-9000', '--shuffle', name, 'flat')
        os.rename('flat', name)
    reassemble(*names, 'whole').check_done()
    check(Kdump('whole').same_pages(Kdump('direct')), 'it differs')
    tool('mkflat', '--rewrite', '20', names[2], 'flat')
    reassemble(*names[:2], 'flat', 'whole').check_failed('flat is a damaged flattened file')
    check(Kdump('whole').status & Kdump.INCOMPLETE, 'it is not marked')


@test('a part that is missing, of another dump, twice the same, or overlapping: all are named')
def _():
    direct()
    other = core('mini', 'page 0x8500 pattern')
    other.write('other')
    split(2, '-d', '16', vmcore='other')
    os.rename('part1', 'foreign')
    names = split(4, '-d', '31')
    remove('whole')
    for i, name in enumerate(names):
        part = Part(name)
        reassemble(*names[:i], *names[i + 1:], 'whole').check_failed(
            f'the part with pages {part.start:#x} to {part.end:#x} is missing'.replace(
                '0x0 ', '0 '))
    shutil.copy('part1', 'copy')
    reassemble(*names, 'copy', 'whole').check_failed('(part1 and copy|copy and part1) are the same')
    reassemble(*names, 'foreign', 'whole').check_failed(
        'part0 and foreign are not parts of the same dump')
    shutil.copy('part2', 'copy')
    part = Part('part2')
    change('copy', part.block + 80, struct.pack('<Q', part.start - 1))
    reassemble('part0', 'part1', 'copy', 'part3', 'whole').check_failed('part1 and copy overlap')
    for name, pattern in (('mini', 'mini is not a kdump'), ('direct', 'direct is not a part'),
                          ('missing', 'cannot open missing'), ('/dev/null', '/dev/null')):
        reassemble(*names, name, 'whole').check_failed(pattern)
    check(not os.path.exists('whole'), 'a file was made')


@test('a part as DUMPFILE is refused, and so is an existing file without -f')
def _():
    direct()
    names = split(2, *FULL)
    before = [read(name) for name in names]
    reassemble(*names, 'part1').check_failed('part part1 and DUMPFILE part1 are the same')
    write('whole', 'precious')
    reassemble(*names, 'whole', force=False).check_failed('whole: file exists')
    check(read('whole') == b'precious' and [read(name) for name in names] == before, 'the files')


@test('--reassemble without parts is refused')
def _():
    makedumpfile('--reassemble', 'whole').check_failed('needs the names of the parts')


@test('a part that is marked incomplete: so is the whole, with all pages that there are')
def _():
    memory = core('mini', *DISTINCT_KERNEL).memory
    makedumpfile('-f', '-d', '31', 'mini', 'direct').check_done()
    want = read('direct')
    names = ['part0', 'part1', 'part2']
    result = makedumpfile('-f', '--split', '-d', '31', 'mini', *names, file_size=2 << 20)
    check(result.code == 1, result)
    reassemble(*names, 'whole').check_failed('[0-9]+ pages? (is|are) missing: part2 is marked')
    whole = Kdump('whole')
    check(whole.status & Kdump.INCOMPLETE, 'it is not marked')
    check(len(whole.bytes) < len(want), 'its size')
    there = 0
    for index, pfn in enumerate(whole.pages):
        offset, size, flags = whole.desc(index)
        if offset:
            there += 1
            check(whole.bytes[offset:offset + size] == memory.read(pfn * PAGE, PAGE), hex(pfn))
    check(len(whole.pages) * 0.5 < there < len(whole.pages), f'{there} pages')


@test('a part that is cut anywhere: exit 1 at once, one line that names it')
def _():
    direct()
    names = split(2, *FULL)
    whole = read('part1')
    for size in (0, 100, 500, 4100, 9000, 20000, len(whole) // 2, len(whole) - 1):
        with open('part1', 'wb') as f:
            f.write(whole[:size])
        reassemble(*names, 'whole').check_failed('part1')


@test('descriptors that are invalid cost their pages, and nothing else')
def _():
    direct()
    memory = core('mini').memory
    names = split(2, '-c', '-d', '30')
    part = Part('part0')
    good = read('part0')
    for offset, size in ((part.desc(3)[0], PAGE + 1), (part.desc(3)[0], 0), (1 << 62, 100),
                         (len(good) - 1, 100), (8, 100), ((1 << 64) - 1, 1 << 31)):
        change('part0', part.descs + 24 * 3, struct.pack('<QI', offset, size))
        reassemble(*names, 'whole').check_failed('1 page is missing: part0 describes pages')
        dump = Kdump('whole')
        check(dump.status == 1 | Kdump.INCOMPLETE, 'it is not marked')
        check(dump.desc(3) == (0, 0, 0), 'the descriptor')
        dump.pages.pop(3)
        for index, pfn in enumerate(dump.pages):
            at, length, flags = dump.desc(index + (index >= 3))
            data = dump.bytes[at:at + length]
            data = zlib.decompress(data) if flags else data
            check(data == memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x} differs')


@test('the reassembled dump has ERASEINFO once, however long it is')
def _():
    text = ''.join(f'erase symbol{i} size 8\\n' for i in range(5000))
    core('erased', f"note ERASEINFO 0 '{text}'")
    makedumpfile('-f', *FULL, 'erased', 'want').check_done()
    check(read('want').count(b'erase symbol4999 size 8\n') == 2, 'note and eraseinfo')
    names = split(3, *FULL, vmcore='erased')
    reassemble(*names, 'whole').check_done()
    check(Kdump('whole').same_pages(Kdump('want')), 'it differs')
    # A part whose ERASEINFO differs is accepted, one whose ERASEINFO is impossibly long is not.
    part = Part('part1')
    at, = struct.unpack_from('<Q', part.bytes, part.block + 64)
    change('part1', at, b'ERASE')
    reassemble(*names, 'whole').check_done()
    check(b'ERASE symbol0 ' in read('whole'), 'the other text')
    change('part1', part.block + 72, struct.pack('<Q', 1 << 40))
    reassemble(*names, 'whole').check_failed('part1 lacks the text of what was overwritten')


run_tests()
