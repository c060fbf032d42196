#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--info, which describes a dump, and --verify, which checks it."""
import json
import os

from harness import *

ZERO_BYTES = bytes(24)


def info(*args, **options):
    """The output of --info: a dictionary of its lines, and its table {kind: (pages, stored)}."""
    done = makedumpfile('--info', *args, **options)
    check(done.code == 0, done)
    lines = dict(re.findall(r'^([A-Z][^:\n]*?) *: (.*)$', done.text, re.M))
    kinds = {kind: (int(pages), int(stored)) for kind, pages, stored in re.findall(
        r'^(\w[\w -]*?) +(\d+) +[\d.]+ \w+ +(\d+) +[\d.]+ \w+$', done.text, re.M)}
    lines['text'] = done.text
    return lines, kinds


def dump(*args, vmcore='mini'):
    core('mini')
    makedumpfile('-f', *args, vmcore, 'dump').check_done()
    return read('dump')


def save(path, data):
    with open(path, 'wb') as f:
        f.write(data)


@test('--info describes a dump: format, compression, level, machine, kernel, host, pages by kind')
def _():
    for option, codec in (('-c', 'zlib'), ('-l', 'lzo'), ('-p', 'snappy'), ('-z', 'zstd'),
                          ('-D', 'none')):
        dump(option, '-d', '31')
        lines, kinds = info('dump')
        check(lines['Format'] == 'kdump-compressed, header version 6', lines)
        check(lines['Compression'] == codec, lines)
        check(lines['Dump level'] == '31: without zero, cache, cache_private, user, free', lines)
        check(lines['State'] == 'complete' and 'Missing' not in lines, lines)
        check(lines['Machine'] == 'x86_64, 64-bit, little-endian, pages of 4096 bytes', lines)
        check(lines['Kernel release'] == '6.12.0-mini' and lines['Host'] == 'mini', lines)
        check(lines['Build id'] == '0123456789abcdef0123456789abcdef01234567', lines)
        check(lines['CPUs'] == '2', lines)
        check(lines['Memory'].startswith(f'{len(EXISTS)} pages ('), lines)
        check(lines['In the dump'].startswith(f'{len(kept(31))} pages ('), lines)
        check(f'{len(read("dump"))} bytes' in lines['File size'], lines)
        check(sum(pages for pages, _ in kinds.values()) == len(EXISTS), kinds)
        check(kinds['Memory of the kernel'] == (len(kept(31)), len(kept(31))), kinds)
        check(kinds['Free pages'][0] and not kinds['Free pages'][1], kinds)


@test('--info: kinds of pages are those that a dump of each level excludes')
def _():
    excluded = {}
    for level in (2, 4, 8, 16):
        dump('-d', str(level))
        excluded[level] = info('dump')[1]
    for level, kind in ((2, 'Non-private cache pages'), (8, 'User process data pages'),
                        (16, 'Free pages')):
        for other, kinds in excluded.items():
            pages, stored = kinds[kind]
            gone = other == level or (level == 2 and other == 4)
            check(stored == (0 if gone else pages), (level, other, kinds))


@test('--info works on ELF, flattened files, parts of a split dump, and dumps of other machines')
def _():
    dump('-E', '-d', '31')
    check(info('dump')[0]['Compression'] == 'none', info('dump'))
    lines, kinds = info('dump')
    check(lines['Format'] == 'ELF core' and kinds['Free pages'][1] == 0, lines['text'])
    save('flat', makedumpfile('-F', '-c', '-d', '31', 'mini').out)
    check(info('flat')[0]['Format'].endswith(', flattened'), 'not flattened')
    names = ['part0', 'part1', 'part2']
    makedumpfile('-f', '--split', '-c', '-d', '31', 'mini', *names).check_done()
    parts = [info(name)[0] for name in names]
    ends = [p['Part of a split dump'].split(',')[0] for p in parts[::2]]
    check(ends == ['the first', 'the last'], parts)
    check(sum(int(p['In the dump'].split()[0]) for p in parts) == len(kept(31)), parts)
    core('other', text='elf 32 big 20\nsegment 0x100000 0x10000 vaddr=0xc0000000\n')
    lines, kinds = info('other')
    check(lines['Machine'].startswith('ppc, 32-bit, big-endian') and not kinds, lines)
    check(lines['Pages by kind'].startswith('(unknown): '), lines)
    check(lines['Crash time'] == '(unknown)', lines)


@test('--info prints the time of the crash in the local form and in UTC')
def _():
    core('mini', 'set CRASHTIME 1795355278')
    lines, _ = info('mini', env={'TZ': 'JST-9'})
    check(lines['Crash time'] == '2026-11-22 22:47:58 +0900 (2026-11-22 13:47:58 UTC)', lines)


@test('--info says that a dump is incomplete, why, and how many pages it lacks')
def _():
    whole = dump('-c', '-d', '31')
    save('cut', whole[:len(whole) - 5000])
    lines, _ = info('cut')
    check(lines['State'].startswith('incomplete: the file is shorter than'), lines)
    missing = int(lines['Missing'].split()[0])
    check(0 < missing < len(kept(31)), lines)
    check(int(lines['In the dump'].split()[0]) == len(kept(31)) - missing, lines)
    d = Kdump('dump')
    marked = bytearray(whole)
    marked[424] |= Kdump.INCOMPLETE
    marked[d.descs + 24:d.descs + 72] = ZERO_BYTES * 2
    save('marked', marked)
    lines, _ = info('marked')
    check('marked incomplete' in lines['State'] and lines['Missing'].startswith('2 pages'), lines)
    core('elf')
    save('elf', read('elf')[:-MIB])
    lines, _ = info('elf')
    check(lines['State'].startswith('incomplete: the file is cut short'), lines)
    check(int(lines['Missing'].split()[0]) in (256, 257), lines)


@test('--info decodes ERASEINFO')
def _():
    core('mini')
    write('conf', '[vmlinux]\nerase (char [65])init_uts_ns\nerase no_such_symbol\n')
    makedumpfile('-f', '--config', 'conf', 'mini', 'dump')
    lines, _ = info('dump')
    check('\nOverwritten: 65 bytes, by 1 line of ERASEINFO; 1 failure\n' in lines['text'] and
          '\n  erase (char [65])init_uts_ns size 65\n' in lines['text'], lines['text'])
    report = json.loads(makedumpfile('--info', '--json', '-', 'dump').out)['info']['erased']
    check((report['lines'], report['bytes'], report['failed']) == (1, 65, 1), report)
    check('erase (char [65])init_uts_ns size 65' in report['text'], report)


@test('--info decodes ERASEINFO of other tools: lines of extensions, bytes that a terminal obeys')
def _():
    core('mini')
    write('conf', '[vmlinux]\n' + 'erase (char [65])init_uts_ns\n' * 4)
    whole = dump('--config', 'conf')
    block = Kdump('dump').block
    where, size = struct.unpack_from('<QQ', whole, block + 64)
    # The last line lacks its newline.
    text = b'extension wipe: 700 bytes\nerase \x1b[31m.red size 9'
    check(size >= len(text), f'no room for it in {size} bytes')
    data = bytearray(whole)
    data[where:where + len(text)] = text
    struct.pack_into('<Q', data, block + 72, len(text))
    save('other', data)
    lines, _ = info('other')
    check('\nOverwritten: 709 bytes, by 2 lines of ERASEINFO; 0 failures\n'
          '  extension wipe: 700 bytes\n  erase ?[31m.red size 9\n' in lines['text'],
          lines['text'])


@test('--info --json: the same for programs, on standard output alone')
def _():
    dump('-l', '-d', '31')
    done = makedumpfile('--info', '--json', '-', 'dump')
    check(done.code == 0 and done.out.startswith(b'{'), done)
    report = json.loads(done.out)
    i = report['info']
    check(report['complete'] and report['output'] is None and i['part'] is None, report)
    check(i['compression'] == 'lzo' and i['host'] == 'mini' and not i['flattened'], i)
    check(i['memory_pages'] == len(EXISTS) and i['stored_pages'] == len(kept(31)), i)
    check(i['kinds']['free']['stored'] == 0 and i['kinds']['free']['memory'] > 0, i)
    makedumpfile('--info', '--json', 'report', 'dump').check_done()
    check(json.loads(read('report'))['info'] == i, 'another report')
    makedumpfile('-f', '--split', 'mini', 'part0', 'part1').check_done()
    report = json.loads(makedumpfile('--info', '--json', '-', 'part1').out)
    check(report['info']['part']['end_pfn'] == report['info']['part']['max_pfn'], report)
    check(report['info']['kinds'] is None and 'split' in report['info']['kinds_why'], report)


@test('--info -D prints VMCOREINFO, too')
def _():
    core('mini')
    done = makedumpfile('--info', '-D', 'mini')
    check(done.code == 0 and 'OSRELEASE=6.12.0-mini' in done.err, done)


@test('--info and --verify: dumps of another makedumpfile')
def _():
    peer = need_tool('makedumpfile')
    core('mini')
    for args in (('-c', '-d', '31'), ('-E', '-d', '31'), ('-d', '0')):
        if run([peer, *args, 'mini', 'theirs']).code:
            skip(f'{peer} does not read the dump')
        lines, kinds = info('theirs')
        check(lines['State'] == 'complete' and kinds['Free pages'][0], lines['text'])
        makedumpfile('--verify', 'theirs').check_done()
        os.unlink('theirs')


@test('--verify reads every page of any format, on any number of threads')
def _():
    for args in (('-c',), ('-l',), ('-p',), ('-z',), ('-d', '0'), ('-E',)):
        pages = len(kept(0 if '-d' in args else 31))
        dump('-d', '31', *args)
        for threads in (1, 2, 7):
            done = makedumpfile('--verify', '--num-threads', threads, 'dump').check_done()
            if args != ('-E',):
                check(f'read        : {pages} (' in done.text, done.text)
    makedumpfile('--verify', 'mini').check_done()
    save('flat', makedumpfile('-F', '-c', '-d', '31', 'mini').out)
    makedumpfile('--verify', 'flat').check_done()
    names = ['part0', 'part1', 'part2']
    makedumpfile('-f', '--split', '-c', '-d', '31', 'mini', *names).check_done()
    for name in names:
        makedumpfile('--verify', name).check_done()


def check_found(pattern, data, unreadable=None):
    """--verify finds a fault, and says what it is."""
    save('bad', data)
    done = makedumpfile('--verify', 'bad').check_alive()
    check(done.code == 1 and 'Failed' in done.err, done)
    check(any(re.search(pattern, line) for line in done.errors), f'{pattern}: {done.errors}')
    check(done.errors[-1].startswith('makedumpfile: bad is damaged or incomplete'), done.errors)
    if unreadable is not None:
        check(f'unreadable   : {unreadable}\n' in done.text, done.text)


@test('--verify finds damage in each kind of structure of a dump')
def _():
    whole = dump('-c', '-d', '31')
    d = Kdump('dump')

    def changed(offset, code, value):
        data = bytearray(whole)
        struct.pack_into('<' + code, data, offset, value)
        return data

    packed = next(i for i in range(len(d.pages)) if d.desc(i)[1] not in (0, PAGE))
    offset, size, flags = d.desc(packed)
    check_found(f'page {d.pages[packed]:#x}', changed(offset + size // 2, 'Q', 2**64 - 1), 1)
    desc = d.descs + 24 * packed
    check_found('unknown flags', changed(desc + 12, 'I', 8), 1)
    check_found('impossible size', changed(desc + 8, 'I', PAGE + 1), 1)
    check_found('in the headers', changed(desc, 'Q', 64), 1)
    check_found('beyond the end', changed(desc, 'Q', len(whole)), 1)
    check_found('not written', whole[:desc] + ZERO_BYTES + whole[desc + 24:], 1)
    # A byte of the next page's data; another page's data, and its own belong to no page.
    check_found('data of .* overlap', changed(desc, 'Q', offset + 1))
    middle = next(i for i in range(packed + 1, len(d.pages)) if d.desc(i)[1] not in (0, PAGE))
    moved = bytearray(whole)
    where = d.descs + 24 * middle
    moved[where:where + 24] = whole[desc:desc + 24]
    check_found(f'{d.desc(middle)[1]} bytes of data belong to no page', moved)
    check_found('max_mapnr', changed(440, 'I', 77))
    check_found('VMCOREINFO at .* is not that', changed(d.block + 32, 'Q', d.block))
    check_found('VMCOREINFO is after the end', changed(d.block + 32, 'Q', 1 << 40))
    note = whole.index(b'OSRELEASE')
    check_found('is not text', changed(note + 3, 'B', 7))
    size_at = whole.index(b'VMCOREINFO\0') - 8
    check_found('notes?', changed(size_at, 'I', 1 << 30))
    exists = 2 * d.block + d.pages[-1] // 8
    check_found('do not exist', changed(exists, 'B', 0))
    check_found('marked incomplete', changed(424, 'I', d.status | Kdump.INCOMPLETE), 0)
    check_found('shorter than', whole[:-3000])
    core('mini')
    check_found('cut short', read('mini')[:-MIB])


@test('--verify prints 20 messages at most, and counts all faults')
def _():
    whole = bytearray(dump('-c', '-d', '0'))
    d = Kdump('dump')
    check(len(d.pages) > 4096, 'too few pages')
    for i in range(len(d.pages)):
        struct.pack_into('<I', whole, d.descs + 24 * i + 12, 8)
    save('bad', whole)
    done = makedumpfile('--verify', 'bad').check_alive()
    check(f'unreadable   : {len(d.pages)}\n' in done.text, done.text)
    check(len(done.errors) <= 22 and 'more up to page' in done.errors[0], done.errors)
    report = json.loads(makedumpfile('--verify', '--json', '-', 'bad').out)
    check(report['exit_status'] == 1 and not report['complete'] and
          report['verification']['unreadable'] == len(d.pages), report)


run_tests()
