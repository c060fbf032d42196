#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bits and bytes flipped in the headers of every format, under AddressSanitizer and
UndefinedBehaviorSanitizer where that build is given: the program may refuse the dump or
take it, but it does not crash, hang, or ask for much memory."""
import concurrent.futures
import os
import random

from harness import *

ASAN = os.environ.get('MAKEDUMPFILE_ASAN')
# Leaks are looked for elsewhere, and cost a tenth of a second each time.
ENV = {'ASAN_OPTIONS': 'detect_leaks=0'}
DAMAGES = 25


def attempt(name, data, level):
    with open(name, 'wb') as f:
        f.write(data)
    args = ('-d', level, '--num-threads', '1', '-F', name)
    try:
        # That build cannot live with a limit of memory, so the other one tries first.
        result = limited(*args, stdout=subprocess.DEVNULL).check_alive()
        if 'no memory' not in result.err:
            result = makedumpfile(*args, program=ASAN, env=ENV, stdout=subprocess.DEVNULL)
            result.check_alive()
    finally:
        os.unlink(name)
    if result.code:
        check(result.errors, f'it fails without a word: {result}')


def damage(data, where, rnd):
    """One bit or one byte, or a word of extremes, somewhere in the ranges."""
    data = bytearray(data)
    first, end = rnd.choice(where)
    at = rnd.randrange(first, end)
    how = rnd.randrange(4)
    if how == 0:
        data[at] ^= 1 << rnd.randrange(8)
    elif how == 1:
        data[at] = rnd.randrange(256)
    else:
        at = first + (at - first) // 4 * 4
        data[at:at + 4] = rnd.choice((b'\xff\xff\xff\xff', b'\0\0\0\0', b'\xff\xff\xff\x7f',
                                      b'\0\0\0\x80', b'\1\0\0\0'))
    return bytes(data), at


def try_damages(data, where, seed, levels=(31,), nr=DAMAGES):
    if not ASAN:
        need_build('MAKEDUMPFILE_ASAN')

    def one(i):
        rnd = random.Random(seed * 1000 + i)
        changed, at = damage(data, where, rnd)
        try:
            attempt(f'damaged{i}', changed, levels[i % len(levels)])
        except Failure as e:
            raise Failure(f'damage {i}, near offset {at:#x}: {e}') from None
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(one, range(nr)):
            pass


# Two segments behind the notes, and a program header for each.
HEADERS = ((0, 64 + 3 * 56),)


def small_core(*statements):
    core('small', *statements, text=SMALL)
    return read('small')


@test('the small kernel itself is filtered as it should be')
def _():
    small_core()
    makedumpfile('-f', '-d', '31', 'small', 'dump').check_done()
    check(set(Kdump('dump').pages) == SMALL_KEPT, 'pages')


@test('damage in ELF headers')
def _():
    try_damages(small_core(), HEADERS, 1, (31, 0))


@test('damage in 32-bit big-endian ELF headers')
def _():
    core('small', text='elf 32 big ppc64\n' + SMALL_MEMORY + 'page 0x10..0x20 pattern\nprstatus 1\n'
         'vmcoreinfo <<END\nOSRELEASE=5.0\nEND\n')
    try_damages(read('small'), ((0, 52 + 3 * 32 + 100),), 2, (0, 31, 1))


@test('damage in ELF headers with more program headers than fit in 16 bits')
def _():
    try_damages(small_core('xnum'), ((0, 64 + 3 * 56 + 64),), 3, (0, 31))


@test('damage in ELF notes')
def _():
    data = small_core()
    try_damages(data, ((64 + 3 * 56, data.index(b'OSRELEASE')),), 4)


@test('damage in the text of VMCOREINFO')
def _():
    data = small_core()
    at = data.index(b'OSRELEASE')
    try_damages(data, ((at, data.index(b'\0', at)),), 5, nr=2 * DAMAGES)


@test('damage in page tables, section tables and struct pages')
def _():
    data = small_core()
    start = len(data) - MIB
    # The entries that are used: most of a table is never looked at.
    try_damages(data, ((start, start + 0x10000), (start + 0x10000, start + 0x10010),
                       (start + 0x11000, start + 0x11020), (start + 0x80000, start + 0x90000)), 6,
                nr=2 * DAMAGES)


@test('every word of the section tables and of some page tables in turn')
def _():
    if not ASAN:
        need_build('MAKEDUMPFILE_ASAN')
    data = small_core()
    start = len(data) - MIB
    words = [at for at in range(start, start + 0x12000, 8) if any(data[at:at + 8])]
    for at in random.Random(7).sample(words, min(len(words), DAMAGES)):
        changed = bytearray(data)
        changed[at:at + 8] = random.Random(at).choice(
            (b'\xff' * 8, b'A' * 8, b'\0' * 7 + b'\x80', (at - start + MIB).to_bytes(8, 'little')))
        attempt('damaged', bytes(changed), 31)


KDUMP = '''
max_mapnr = 64
nodename = host
release = 6.1.0
cpus = 1
vmcoreinfo = OSRELEASE=6.1.0
vmcoreinfo = PAGESIZE=4096
eraseinfo = erase x
page = 0-9 pattern zlib
page = 10-19 pattern lzo
page = 20-29 pattern snappy
page = 30-39 pattern zstd
page = 40-45 random none
page = 46-50 zero shared
'''


for layout, version in (('64le', 6), ('64be', 6), ('32le', 5), ('i386', 6), ('32be', 1)):
    @test(f'damage in a kdump-compressed file, layout {layout}, version {version}')
    def _(layout=layout, version=version):
        kdump('small', f'layout = {layout}\nversion = {version}\ncodec = zlib\n' + KDUMP)
        data = read('small')
        try_damages(data, ((0, 470), (4096, 4096 + 600), (8192, 8200),
                           (16384, 16384 + 24 * 51), (16384 + 24 * 51, len(data))), 8, (0, 1))


@test('damage in a flattened file')
def _():
    kdump('small', 'codec = zlib\n' + KDUMP)
    tool('mkflat', '--record-size', '100-5000', 'small', 'flat')
    data = read('flat')
    try_damages(data, ((0, 32), (4096, len(data))), 9, (0,))


run_tests()
