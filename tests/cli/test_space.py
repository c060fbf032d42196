#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""-L, and what is tried when there is not enough space: -d LEVEL,LEVEL..."""
import json
import os
import re

from harness import *

FULL = ('-c', '-d', '31')
COUNTS = re.compile(r'pages.*: 0x[0-9a-f]+|Write bytes.*')


def sizes(*levels):
    """The sizes of dumps of these levels, which are kept as d0, d1, ..."""
    core('mini', *DISTINCT_FREE)
    for level in levels:
        makedumpfile('-f', '-d', level, 'mini', f'd{level}').check_done()
    return [os.path.getsize(f'd{level}') for level in levels]


@test('-L: no byte more than that; what fits is there, and marked as incomplete')
def _():
    memory = core('mini').memory
    makedumpfile('-f', *FULL, 'mini', 'want').check_done()
    size = os.path.getsize('want')
    makedumpfile('-f', *FULL, '-L', size, 'mini', 'dump').check_done()
    check(read('dump') == read('want'), 'it differs')
    for limit in (size - 1, size * 3 // 4, 250000):
        makedumpfile('-f', *FULL, '-L', limit, 'mini', 'dump').check_failed(
            'bytes are missing.*the limit of -L .* was reached')
        dump = Kdump('dump')
        check(len(dump.bytes) <= limit, f'{len(dump.bytes)} bytes')
        check(dump.status & Kdump.INCOMPLETE, 'it is not marked')
        check(dump.check_there(memory) > (0 if limit < size * 3 // 4 else 100), 'pages')


@test('-L takes suffixes; one that leaves no room for a page leaves no file')
def _():
    core('mini', *DISTINCT_FREE)
    makedumpfile('-f', *FULL, '-L', '1M', 'mini', 'dump').check_done()
    makedumpfile('-f', '-d', '0', '-L', '0x1000K', 'mini', 'dump').check_failed(
        'the limit of -L .4 MiB. was reached')
    os.unlink('dump')
    makedumpfile(*FULL, '-L', '10k', 'mini', 'dump').check_failed(
        'the limit of -L .10 KiB. was reached')
    check(not os.path.exists('dump'), 'there is a file')


@test('-L with -E, and with parts: each file')
def _():
    memory = core('mini', *DISTINCT_KERNEL).memory
    makedumpfile('-f', '-E', '-d', '31', '-L', '2M', 'mini', 'dump').check_failed('missing')
    dump = ElfCore('dump')
    check(dump.flags == 1 and len(dump.bytes) <= 2 << 20, 'flags or size')
    pages = dump.pages()
    check(len(pages) > 200, 'pages')
    for pfn, data in pages.items():
        check(data == memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x} differs')
    makedumpfile('-f', '--split', '-d', '31', '-L', '2M', 'mini', 'a', 'b', 'c').check_failed(
        'missing')
    check([os.path.getsize(name) <= 2 << 20 for name in 'abc'] == [True] * 3, 'sizes')
    check([Kdump(name).status for name in 'abc'].count(Kdump.INCOMPLETE) == 1, 'status')


@test('-L with -F: the stream is no longer, says that it is cut, and holds what came before')
def _():
    memory = core('mini').memory
    for options in (FULL, ['-d', '0']):
        whole = len(makedumpfile('-F', *options, 'mini').out)
        # There is room to repeat the header, which says then that the dump is incomplete.
        done = makedumpfile('-F', *options, '-L', whole + 464 + 116, 'mini')
        check(done.code == 0 and len(done.out) == whole, done)
        done = makedumpfile('-F', *options, '-L', whole * 3 // 4, 'mini')
        check(done.code == 1 and 'bytes are missing' in done.err, done)
        check(len(done.out) <= whole * 3 // 4, f'{len(done.out)} bytes')
        with open('stream', 'wb') as f:
            f.write(done.out)
        with open('stream', 'rb') as f:
            makedumpfile('-R', '-f', 'dump', stdin=f).check_failed('no end record')
        dump = Kdump('dump')
        check(dump.status & Kdump.INCOMPLETE, 'it is not marked')
        check(dump.check_there(memory) > 50, 'pages')


@test('-d 0,16,31 -L: the first level that fits, as if it had been the only one')
def _():
    size0, size16, size31 = sizes(0, 16, 31)
    check(size0 > size16 > size31, 'sizes')
    for limit, level in ((size0, 0), (size0 - 1, 16), (size16 - 1, 31)):
        for more in ([], ['--dry-run']):
            done = makedumpfile('-f', '-d', '0,16,31', '-L', limit, '--show-stats', *more, 'mini',
                                'dump').check_done()
            tried = re.findall(r'Retry to create a dumpfile by dump_level\((\d+)\)\.', done.text)
            check(tried == [str(n) for n in (16, 31) if n <= level], done.text)
            want = makedumpfile('-f', '-d', level, '--show-stats', 'mini', 'want').check_done()
            check(COUNTS.findall(done.text) == COUNTS.findall(want.text),
                  f'{COUNTS.findall(done.text)} is not {COUNTS.findall(want.text)}')
        check(read('dump') == read(f'd{level}'), f'limit {limit}: it differs')


@test('--json names each level that was tried')
def _():
    size0, _ = sizes(0, 31)
    makedumpfile('-f', '-d', '0,31,1', '-L', size0 - 1, '--json', 'report', 'mini',
                 'dump').check_done()
    output = json.loads(read('report'))['output']
    check(output['levels_asked'] == [0, 31, 1] and output['levels_tried'] == [0, 31] and
          output['dump_level'] == 31, output)


@test('when none of the levels fits, there is part of a dump of the last one')
def _():
    *_, size31 = sizes(0, 31)
    for more in ([], ['--dry-run']):
        makedumpfile('-f', '-d', '0,31', '-L', size31 - 1, *more, 'mini', 'dump').check_failed(
            'incomplete.*bytes are missing')
    dump = Kdump('dump')
    check(dump.status & Kdump.INCOMPLETE and dump.level == 31, 'status or level')
    check(dump.check_there(core('mini', *DISTINCT_FREE).memory) > 1000, 'pages')


@test('a level that cannot be filtered costs nothing of the one before')
def _():
    core('bad', 'set SYMBOL(mem_section)', *DISTINCT_FREE, *DISTINCT_KERNEL)
    makedumpfile('-f', '-d', '1,31', '-L', '3M', 'bad', 'dump').check_failed('bytes are missing')
    dump = Kdump('dump')
    memory = core('mini', *DISTINCT_FREE, *DISTINCT_KERNEL).memory
    check(dump.level == 1 and dump.check_there(memory) > 500, 'what there is')


@test('a level that is not possible is passed over; what is possible of it is tried last')
def _():
    core('poor', 'set OFFSET(page.mapping)')
    for levels, used in (('31,1', 1), ('31,17,1', 17), ('31,15', 17), ('30,0', 0), ('0,31', 0)):
        done = makedumpfile('-f', '-d', levels, 'poor', 'dump')
        if used or levels[0] != '0':
            done.check_warned(f'dump level 3. is not possible, {used} is used: .*page.mapping')
            check(f'is not possible, {used} is used'.encode() in read('dump'), 'eraseinfo')
        else:
            done.check_done()
        check(Kdump('dump').level == used, f'{levels}: level {Kdump("dump").level}')
    makedumpfile('-f', '-d', '1', 'poor', 'one').check_done()
    makedumpfile('-f', '-d', '17', 'poor', 'seventeen').check_done()
    limit = os.path.getsize('one') - 1
    check(os.path.getsize('seventeen') < limit - 1000, 'sizes')
    makedumpfile('-f', '-d', '1,31', '-L', limit, 'poor', 'dump').check_warned('17 is used')
    check(Kdump('dump').level == 17, 'level')


@test('--strict-level: no dump rather than one of another level, and nothing is written')
def _():
    core('poor', 'set OFFSET(page.mapping)')
    write('old', 'what was there')
    makedumpfile('-f', '--strict-level', '-d', '31', 'poor', 'old').check_failed(
        'dump level 31 is not possible, and --strict-level is given: .*page.mapping')
    check(read('old') == b'what was there', 'it was overwritten')
    done = makedumpfile('-F', '--strict-level', '-d', '31', 'poor')
    check(done.code == 1 and not done.out, done)
    # Those that are possible are as good as any.
    makedumpfile('-f', '--strict-level', '-d', '31,17', 'poor', 'dump').check_warned('17 is used')
    core('mini')
    makedumpfile('-f', '--strict-level', '-d', '31', 'mini', 'dump').check_done()


@test('a level that is not possible: ELF, a stream and parts say so, too')
def _():
    core('poor', 'set OFFSET(page.mapping)')
    for options in (['-E'], ['--split']):
        names = ['a', 'b'] if options == ['--split'] else ['a']
        makedumpfile('-f', *options, '-d', '31', 'poor', *names).check_warned('17 is used')
        check(b'# dump level 31 is not possible, 17 is used' in read(names[-1]), options)
    done = makedumpfile('-F', '-d', '31', 'poor')
    check(done.code == 0 and b'level 31 is not possible, 17 is used' in done.out, done)


@test('a smaller level is tried for ELF and for parts, too')
def _():
    core('mini')
    makedumpfile('-f', '-E', '-d', '31', 'mini', 'want').check_done()
    makedumpfile('-f', '-E', '-d', '0,31', '-L', '6M', 'mini', 'dump').check_done()
    check(read('dump') == read('want'), '-E: it differs')
    makedumpfile('-f', '--split', '-d', '31', 'mini', 'w1', 'w2').check_done()
    limit = max(os.path.getsize(name) for name in ('w1', 'w2'))
    makedumpfile('-f', '--split', '-d', '0,31', '-L', limit, 'mini', 'a', 'b').check_done()
    check(read('a') == read('w1') and read('b') == read('w2'), '--split: it differs')


@test('other errors are no reason to try another level')
def _():
    core('cut', f'truncate {18 << 20}')
    done = makedumpfile('-f', '-d', '0,31', 'cut', 'dump').check_failed('cut short')
    check('Retry' not in done.text and Kdump('dump').level == 0, done.text)
    # This file takes nothing but a number.
    core('mini')
    done = makedumpfile('-f', '-d', '0,31', 'mini', '/proc/self/oom_score_adj')
    done.check_failed('Invalid argument')
    check('Retry' not in done.text, done.text)


run_tests()
