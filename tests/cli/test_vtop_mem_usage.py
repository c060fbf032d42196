#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The other modes: --vtop, --mem-usage."""
import json
import os

from harness import *

STEXT = 0xffffffff89400000
DIRECT = 0xffff8ae140000000
VMEMMAP = 0xfffff4cbc0000000


def steps(done):
    """The page tables' entries that --vtop shows: (level, address, entry)."""
    return [(int(level), int(at, 16), int(entry, 16)) for level, at, entry in
            re.findall(r'^([1-5]) +([0-9a-f]+) +([0-9a-f]{16})$', done.text, re.M)]


def found(done):
    """The physical address that --vtop ends with."""
    return int(re.search(r'^VIRTUAL +PHYSICAL\n[0-9a-f]{16}  ([0-9a-f]+)$', done.text, re.M)[1], 16)


@test('--vtop: the entries of all page tables on the way, and the physical address')
def _():
    made = core('mini')
    for address, levels in ((STEXT + 0x12345, 4), (VMEMMAP + 0x212340, 3), (DIRECT + 0x8400abc, 2)):
        done = makedumpfile('--vtop', f'{address:x}', 'mini').check_done()
        check(f'Translating virtual address {address:x} to physical address.' in done.text, done)
        walked = steps(done)
        check([level for level, _, _ in walked] == [4, 3, 2, 1][:levels], walked)
        for level, at, entry in walked:
            there, = struct.unpack('<Q', made.memory.read(at, 8))
            check(there == entry, f'level {level}: {there:#x} is at {at:#x}, not {entry:#x}')
        check(found(done) == made.translate(address), done.text)
        check('does not hold' not in done.text, done.text)


@test('--vtop: with 0x or without; what is no address, and what is mapped nowhere, is an error')
def _():
    core('mini')
    done = makedumpfile('--vtop', f'{STEXT:#x}', 'mini').check_done()
    check(found(done) == 2 * MIB, done.text)
    done = makedumpfile('--vtop', '0', 'mini').check_failed('0 is not mapped')
    check(len(steps(done)) == 1, done.text)
    makedumpfile('--vtop', '8000000000000000', 'mini').check_failed('not a canonical address')
    makedumpfile('--vtop', 'xyz', 'mini').check_failed('address xyz is invalid')
    makedumpfile('--vtop', f'1{STEXT:x}', 'mini').check_failed('is invalid')
    core('none', 'set OSRELEASE', 'set NUMBER(phys_base)', 'set SYMBOL(init_top_pgt)',
         'set SYMBOL(swapper_pg_dir)')
    makedumpfile('--vtop', '0', 'none').check_failed('addresses cannot be translated: ')


@test('--vtop with DUMPFILE: the dump is made, too, whatever the address')
def _():
    core('mini')
    makedumpfile('-f', '-d', '31', 'mini', 'plain').check_done()
    done = makedumpfile('-f', '-d', '31', '--vtop', f'{STEXT:x}', 'mini', 'dump').check_done()
    check(found(done) == 2 * MIB and 'is saved to dump' in done.text, done.text)
    check(read('dump') == read('plain'), 'another dump')
    done = makedumpfile('-f', '-d', '31', '--vtop', '0', 'mini', 'dump')
    check(done.code == 0 and len(done.errors) == 1, done)
    check(read('dump') == read('plain'), 'another dump')
    done = makedumpfile('-F', '-d', '31', '--vtop', f'{STEXT:x}', 'mini')
    check(done.code == 0 and 'VIRTUAL' in done.err, done)
    check(unflatten(done.out) == read('plain'), 'another dump')
    done = makedumpfile('--dry-run', '--vtop', f'{STEXT:x}', 'mini').check_done()
    check('this was a dry run' in done.text, done.text)
    os.unlink('dump')
    makedumpfile('--vtop', f'{STEXT:x}', 'mini').check_done()
    check(not os.path.exists('dump'), 'a dump was made')


@test('--vtop says if the page that is there was left out')
def _():
    core('mini')
    makedumpfile('-f', '-d', '31', 'mini', 'dump').check_done()
    for pfn, there in ((0x985, False), (0x9b5, True)):
        done = makedumpfile('--vtop', f'{DIRECT + pfn * PAGE + 8:x}', 'dump').check_done()
        check(found(done) == pfn * PAGE + 8, done.text)
        check(('does not hold' in done.text) != there, done.text)


def usage(done):
    """The table that --mem-usage prints: kind -> (pages, whether they can be left out)."""
    return {kind: (int(pages), excludable == 'yes') for kind, pages, excludable in
            re.findall(r'^([A-Z_]+) +(\d+) +(yes|no) +\w', done.text, re.M)}


def total(done):
    return tuple(int(n) for n in re.search(
        r'^page size: +(\d+)\nTotal pages on system: +(\d+)\nTotal size on system: +(\d+) Byte$',
        done.text, re.M).groups())


@test('--mem-usage counts the pages of each kind, on any number of threads')
def _():
    made = core('mini')
    left = kept(31)
    zero = sum(1 for pfn in left if not any(made.memory.read(pfn * PAGE, PAGE)))
    want = {'ZERO': (zero, True), 'NON_PRI_CACHE': (len(CACHE), True),
            'PRI_CACHE': (len(CACHE_PRIVATE), True), 'USER': (len(USER), True),
            'FREE': (len(FREE), True), 'HWPOISON': (1, True), 'OFFLINE': (8, True),
            'KERN_DATA': (len(left) - zero, False)}
    for threads in ((), ('--num-threads', '1'), ('--num-threads', '8'), ('-f', '--non-mmap')):
        done = makedumpfile('--mem-usage', *threads, 'mini').check_done()
        check(usage(done) == want, f'{usage(done)}, not {want}')
        check(total(done) == (PAGE, len(EXISTS), len(EXISTS) * PAGE), done.text)
        check(sum(n for n, _ in usage(done).values()) == len(EXISTS), 'the sum')
        # Nothing but the table, for scripts.
        check('makedumpfile' not in done.text + done.err, done)
    check('excluded' in makedumpfile('--dry-run', '-d', '31', '--show-stats',
                                     'mini').check_done().text.lower(), 'the report')


@test('--mem-usage estimates the size of a dump at common levels, and the memory needed')
def _():
    core('mini')
    done = makedumpfile('--mem-usage', 'mini').check_done()
    titles = re.search(r'^LEVEL +PAGES +(.*)$', done.text, re.M)[1].split()
    units = {'bytes': 1, 'KiB': 1 << 10, 'MiB': MIB}
    options = {'none': '-D', 'zlib': '-c', 'lzo': '-l', 'snappy': '-p', 'zstd': '-z'}
    check(titles == [name for name in options if name in titles] and titles[0] == 'none', titles)
    rows = re.findall(r'^(\d+) +(\d+) ((?: +[\d.]+ \w+)+)$', done.text, re.M)
    check([level for level, _, _ in rows] == ['31', '23', '1', '0'], done.text)
    for level, pages, sizes in rows:
        sizes = [float(n) * units[unit] for n, unit in re.findall(r'([\d.]+) (\w+)', sizes)]
        for name, size in zip(titles, sizes):
            made = makedumpfile('--dry-run', '-d', level, options[name], '--json', 'report', 'mini')
            check(made.code == 0, made)
            report = json.loads(read('report'))
            want = report['output']['file_bytes']
            # The estimate has each page, also those that are equal.
            most = want + report['pages']['shared'] * PAGE
            check(want * .7 < size < most * 1.3, f'{level} {name}: {size}, not {want}')
            if level == '31':
                check(int(pages) == report['pages']['remaining'], (pages, report['pages']))
    check(re.search(r'^Memory needed to make a dump: about 1\d.\d MiB with one thread, 2.5 MiB for '
                    'each thread more$', done.text, re.M), done.text)
    # Parts of bitmaps for holes of 40 TiB need no memory.
    core('far', 'segment 40*1024*G 8*P')
    check('about 1' in makedumpfile('--mem-usage', 'far').check_done().text, 'a hole is memory')


@test('--mem-usage: pages that exist in part, and pages that do not lie together in the file')
def _():
    core('mini')
    want = usage(makedumpfile('--mem-usage', 'mini').check_done())
    want['ZERO'] = (want['ZERO'][0] + 1, True)
    core('odd', 'phoff 200', 'segment 0xa0100 0x800', text=MINI.replace(' align=4096', ''))
    for options in ((), ('--non-mmap',)):
        found = usage(makedumpfile('--mem-usage', *options, 'odd').check_done())
        check(found == want, f'{found}, not {want}')


@test('--mem-usage of a dump: what was left out before is absent')
def _():
    core('mini')
    makedumpfile('-f', '-c', '-d', '8', 'mini', 'dump').check_done()
    done = makedumpfile('--mem-usage', 'dump').check_done()
    found = usage(done)
    check(found['USER'] == (0, True) and found['FREE'] == (len(FREE), True), found)
    check(found['ABSENT'] == (len(EXISTS) - len(kept(8)), True), found)
    check(sum(n for n, _ in found.values()) == len(EXISTS), 'the sum')


@test('--mem-usage goes on where memory cannot be read, and says what it needs and lacks')
def _():
    made = core('cut')
    size = os.path.getsize('cut')
    core('cut', f'truncate {size - 256 * PAGE}')
    done = makedumpfile('--mem-usage', 'cut')
    check(done.code == 0, done)
    check(usage(done)['ABSENT'][0] == 256, done.text)
    check(sum(n for n, _ in usage(done).values()) == len(EXISTS), 'the sum')
    check(made.translate(STEXT) == 2 * MIB, 'another kernel')
    makedumpfile('-f', '-c', '-d', '0', 'cut', 'dump')
    Kdump('dump').damage('damaged', 0x8500, 0x8501)
    done = makedumpfile('--mem-usage', 'damaged')
    check(done.code == 0 and re.search(r'^Could not be read: +2 pages$', done.text, re.M), done)
    core('poor', 'set NUMBER(PG_lru)')
    makedumpfile('--mem-usage', 'poor').check_failed('PG_lru')
    with open('/dev/full', 'wb') as full:
        makedumpfile('--mem-usage', 'cut', stdout=full).check_failed('standard output')
    makedumpfile('--mem-usage', '-d', '31', 'cut').check_failed('-d cannot be used')


run_tests()
