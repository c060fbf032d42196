#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs that are compressed as a whole: they give the dump that their contents give."""
import bz2
import functools
import gzip
import json
import lzma
import struct

from harness import *

MIB = 1 << 20


def zstd_compress(data):
    """A frame of zstd: blocks as they are, or one byte and how often it is repeated."""
    out = [struct.pack('<IBB', 0xfd2fb528, 0, 0x38)]        # a window of 128 KiB
    blocks = [data[i:i + MIB // 8] for i in range(0, len(data), MIB // 8)] or [b'']
    for i, block in enumerate(blocks):
        same = len(block) > 1 and block == block[:1] * len(block)
        out.append(struct.pack('<I', (i == len(blocks) - 1) | same << 1 | len(block) << 3)[:3])
        out.append(block[:1] if same else block)
    return b''.join(out)


PACKERS = {'gzip': lambda data: gzip.compress(data, 1),
           'xz': lambda data: lzma.compress(data, preset=0),
           'zstd': zstd_compress, 'bzip2': lambda data: bz2.compress(data, 1)}
INPUTS = makedumpfile('-v').text.partition('compressed inputs\t')[2].split('\n')[0].split(', ')
check(INPUTS == list(PACKERS) or INPUTS == ['gzip'], f'-v says {INPUTS}')
os.environ.pop('TMPDIR', None)


def put(path, data):
    with open(path, 'wb') as f:
        f.write(data)


def dumped(*args, **options):
    return makedumpfile('-f', '-c', '-d', '31', *args, **options)


def unpacked(*args, **options):
    return dumped('--work-dir', 'work', *args, 'dump', **options)


@functools.cache
def made():
    """A core and its dump."""
    os.mkdir('work')
    core('core')
    dumped('core', 'wanted').check_done()
    return read('core'), read('wanted')


def check_same(what, *args):
    unpacked(*args).check_done()
    check(read('dump') == made()[1], f'{what}: the dump differs')
    check(not os.listdir('work'), 'a file is left in work')


@test('an ELF core, compressed; --info names the format; -v lists it')
def _():
    for name in INPUTS:
        put('packed', PACKERS[name](made()[0]))
        check_same(name, 'packed')
        check_same(name, '--non-mmap', 'packed')
        done = makedumpfile('--work-dir', 'work', '--info', 'packed')
        check(f'compressed with {name}' in done.text, done)
        done = makedumpfile('--work-dir', 'work', '--info', '--json', '-', 'packed')
        check(json.loads(done.out)['info']['packed'] == name, done)


@test('several streams, padding, and frames of zstd to be skipped')
def _():
    whole = made()[0]
    half = len(whole) // 2
    for name in INPUTS:
        pack = PACKERS[name]
        for end in (b'', bytes(MIB)):
            put('packed', pack(whole[:half]) + bytes(len(end) and 4) + pack(whole[half:]) + end)
            check_same(name, 'packed')
    if 'zstd' in INPUTS:
        skipped = struct.pack('<II4x', 0x184d2a50, 4)
        put('packed', skipped + zstd_compress(whole[:half]) + skipped + zstd_compress(whole[half:]))
        check_same('zstd', 'packed')


@test('a dump of ours, and a flattened one')
def _():
    put('packed', gzip.compress(made()[1]))
    check_same('a dump', 'packed')
    done = makedumpfile('-F', '-c', '-d', '31', 'core')
    put('packed', gzip.compress(done.out))
    check_same('flattened', 'packed')


@test('raw memory of several files')
def _():
    made()
    put('low', gzip.compress(b'x' * MIB))
    put('high', b'y' * MIB)
    done = makedumpfile('-f', '--work-dir', 'work', '--machine', 'x86_64', '--raw', '0',
                        '--raw', '4M:high', 'low', 'dump')
    done.check_done()
    pages = dict(Kdump('dump').contents())
    check(pages[3] == b'x' * 4096 and pages[1024] == b'y' * 4096, 'the pages')


@test('TMPDIR is the place if there is no --work-dir; without both the file is refused')
def _():
    put('packed', gzip.compress(made()[0]))
    dumped('packed', 'dump', env={'TMPDIR': 'work'}).check_done()
    check(read('dump') == made()[1], 'the dump differs')
    for env in (None, {'TMPDIR': ''}):
        dumped('packed', 'dump', env=env).check_failed('with gzip: give --work-dir .*zcat')
    dumped('--work-dir', 'gone', 'packed', 'dump').check_failed('in gone')


@test('each mode that reads a dump takes --work-dir; --reassemble does not name it')
def _():
    put('packed', gzip.compress(made()[0]))
    makedumpfile('-f', '--split', '-c', '-d', '31', 'core', 'part1', 'part2').check_done()
    put('part2.gz', gzip.compress(read('part2')))
    for mode, *more in (('--dump-dmesg', '-f', 'log'), ('--triage',), ('--mem-usage',),
                        ('--list-ksyms',), ('--list-ktypes', 'list_head'), ('--verify',),
                        ('-g', 'info', '-f')):
        want = makedumpfile(mode, *more[:mode == '-g'], 'core', *more[mode == '-g':])
        done = makedumpfile(mode, *more[:mode == '-g'], '--work-dir', 'work', 'packed',
                            *more[mode == '-g':])
        check('cannot be used' not in done.err and done.code == want.code, f'{done}; {want}')
    makedumpfile('-f', '--reassemble', 'part1', 'part2.gz', 'whole').check_failed(
        'compressed with gzip: write it to a file with zcat first')


@test('what this build does not decompress is refused')
def _():
    for name, magic in (('xz', b'\xfd7zXZ\0'), ('zstd', b'\x28\xb5\x2f\xfd'), ('bzip2', b'BZh9'),
                        ('lz4', b'\x04\x22\x4d\x18')):
        put('packed', magic + bytes(1000))
        why = 'data are damaged' if name in INPUTS else \
            f'with {name}, which this build does not decompress'
        unpacked('packed').check_failed(why)


@test('a library that is loaded when it is needed: without it, its format is refused')
def _():
    program = need_build('MAKEDUMPFILE_DLOPEN')
    text = read(program)
    for name, library, sonames in (('xz', 'liblzma', ['liblzma.so.5']),
                                   ('bzip2', 'libbz2', ['libbz2.so.1.0', 'libbz2.so.1']),
                                   ('zstd', 'zstd', ['libzstd.so.1'])):
        note = json.dumps(sonames, separators=(',', ':'))
        check(f'"soname":{note}'.encode() in text, f'no note of {library}')
        put('packed', PACKERS[name](made()[0]))
        unpacked('packed', program=program).check_done()
        check(read('dump') == made()[1], f'{name}: the dump differs')
        without = without_libraries(*sonames)
        unpacked('packed', program=program, env=without).check_failed(
            f'with {name}, and {library} cannot be loaded: write it to a file with')
        check(name not in makedumpfile('-v', program=program, env=without).text.partition(
            'compressed inputs')[2].partition('\n')[0], '-v')
        dumped('core', 'dump', program=program, env=without).check_done()


@test('a stream that is cut short or damaged: the dump is incomplete, and has what came before')
def _():
    for name in INPUTS:
        whole = PACKERS[name](made()[0] + os.urandom(2 * MIB))
        for what, data in (('short', whole[:len(whole) - MIB]),
                           ('damaged', whole[:-MIB] + bytes(4096) + whole[4096 - MIB:]),
                           ('follows', PACKERS[name](made()[0]) + b'garbage')):
            if name == 'zstd' and what == 'damaged':        # a frame without a checksum
                continue
            put('packed', data)
            done = unpacked('packed')
            check(done.code == 1 and f'{name} data are damaged' in done.err, f'{what}: {done}')
            Kdump('dump')
        put('packed', whole[:8])
        unpacked('packed').check_failed(f'{name} data are damaged: they are cut short')


@test('a stream of 512 MiB of zeros takes no space, and --time-limit ends one that lasts long')
def _():
    bomb = gzip.compress(bytes(64 * MIB))
    put('packed', gzip.compress(made()[0]) + bomb * 8)
    check_same('zeros', 'packed')
    put('packed', gzip.compress(made()[0]) + bomb * 400)
    unpacked('--time-limit', '1', 'packed').check_failed('time limit')
    put('packed', gzip.compress(made()[0]))
    os.truncate('packed', 1 << 40)
    unpacked('--time-limit', '1', 'packed').check_failed('time limit')


@test('a disk without room: the file is refused, and the way out named')
def _():
    put('packed', gzip.compress(os.urandom(4 * MIB), 1))
    unpacked('packed', file_size=MIB).check_failed('cannot decompress it .*--work-dir')
    check(not os.listdir('work'), 'a file is left')


run_tests()
