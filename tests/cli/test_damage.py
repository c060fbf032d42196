#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bits and bytes flipped in the headers of every format, under AddressSanitizer and
UndefinedBehaviorSanitizer where that build is given: the program may refuse the dump or
take it, but it does not crash, hang, or ask for much memory."""
import concurrent.futures
import os
import random
import re

from harness import *

ASAN = os.environ.get('MAKEDUMPFILE_ASAN')
# Leaks are looked for elsewhere, and cost a tenth of a second each time.
ENV = {'ASAN_OPTIONS': 'detect_leaks=0'}
DAMAGES = 40 if FULL else 8


def survive(*args, stdin=None):
    """Run it, on what is in a file of standard input if one is named."""
    def once(run_it, **options):
        with open(stdin or os.devnull, 'rb') as f:
            return run_it(*args, stdin=f, stdout=subprocess.DEVNULL, **options).check_alive()

    # That build cannot live with a limit of memory, so the other one tries first.
    result = once(limited)
    if 'no memory' not in result.err:
        result = once(makedumpfile, program=ASAN, env=ENV)
    if result.code:
        check(result.errors, f'it fails without a word: {result}')


def attempt(name, data, level):
    """level: of the dump, or how to run the program: a function of the name."""
    with open(name, 'wb') as f:
        f.write(data)
    try:
        if callable(level):
            level(name)
        else:
            survive('-d', level, '--num-threads', '1', '-F', name)
    finally:
        os.unlink(name)
        if os.path.exists(f'{name}.out'):
            os.unlink(f'{name}.out')


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


# Two segments after the notes, and a program header for each.
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


# ---- other machines ----------------------------------------------------------

# The small kernel on them: its page tables lie after all else. The
# columns: the ELF machine, the addresses of text, memory and struct pages, the page size of
# that mapping, and facts.
MACHINES = {
    'arm64': ('64 little arm64', 0xffffc2f989410000, 0xffff000000000000, 0xfffffdffc0000000, '2M',
              {'NUMBER(VA_BITS)': 48, 'NUMBER(TCR_EL1_T1SZ)': 16,
               'NUMBER(kimage_voffset)': '0x${text-M:x}'}),
    'riscv64': ('64 little riscv', 0xffffffff9e200000, 0xffffffd600000000, 0xffffffc700000000,
                '2M', {'NUMBER(VA_BITS)': 39, 'NUMBER(KERNEL_LINK_ADDR)': '0x${text:x}',
                       'NUMBER(va_kernel_pa_offset)': '0x${text-M:x}'}),
    's390x': ('64 big s390x', 0x3ffe0500000, 0x10000000000, 0x37200000000, '1M',
              {'KERNELOFFSET': '${text:x}', 'KERNELOFFPHYS': '${M:x}'}),
}
TABLES, TABLES_SIZE = 2 * MIB, 256 << 10


def small_of(machine):
    elf, text, direct, vmemmap, page, facts = MACHINES[machine]
    facts = {**facts, 'SYMBOL(swapper_pg_dir)': '${text+M:x}'}
    return (f'elf {elf}\n{SMALL_MEMORY}segment {TABLES} {TABLES_SIZE}\n'
            f'let text {text}\nlet direct {direct}\nlet vmemmap {vmemmap}\n'
            f'tables {TABLES} {TABLES_SIZE}\nmap text M 0x80000\n'
            f'map text+M {TABLES} {TABLES_SIZE}\ndirect direct 4*M page={page}\n'
            'map vmemmap M+0x80000 0x10000\nsections ' + SMALL.partition('\nsections ')[2] +
            ''.join(f'set {key} {value}\n' for key, value in facts.items()))


for machine in MACHINES:
    @test(f'{machine}: the small kernel is filtered as it should be')
    def _(machine=machine):
        core('small', text=small_of(machine))
        makedumpfile('-f', '-d', '31', 'small', 'dump').check_done()
        check(set(Kdump('dump').pages) == SMALL_KEPT | pfns((0x200, 0x240)), 'pages')

    @test(f'{machine}: damage in page tables, section tables and struct pages')
    def _(machine=machine):
        core('small', text=small_of(machine))
        data = read('small')
        tables = len(data) - TABLES_SIZE
        start = tables - MIB
        used = [(at, at + 8) for at in range(tables, len(data), 8)
                if any(data[at:at + 8]) and data[at:at + 8] != data[at - 8:at]]
        try_damages(data, [*used, (start + 0x10000, start + 0x10010)] * 2 +
                    [(start + 0x11000, start + 0x11020), (start + 0x80000, start + 0x90000)] *
                    (len(used) // 2), 10, nr=2 * DAMAGES)

    @test(f'{machine}: damage in the text of VMCOREINFO')
    def _(machine=machine):
        core('small', text=small_of(machine))
        data = read('small')
        at = data.index(b'OSRELEASE')
        ends = [m.end() for m in re.finditer(rb'\n(?:NUMBER|SYMBOL|SIZE|KERNEL)[^=]*=', data)]
        try_damages(data, [(at, data.index(b'\0', at))] + [(end, end + 4) for end in ends], 11,
                    nr=2 * DAMAGES)


@test('riscv64: an absurd address of the image does not make it look for ever')
def _():
    for address in ('0x1', '0x4000000000', '0x7fffffffffffffff', '0xffffffc000000000'):
        core('small', f'set NUMBER(KERNEL_LINK_ADDR) {address}', text=small_of('riscv64'))
        makedumpfile('-f', '-d', '31', 'small', 'dump').check_done()


# ---- files made of outputs ---------------------------------------------------

@test('damage in a flattened stream that -R reads')
def _():
    kdump('small', 'codec = zlib\n' + KDUMP)
    tool('mkflat', '--record-size', '100-5000', 'small', 'flat')
    data = read('flat')

    def rearrange(name):
        survive('-R', '-f', f'{name}.out', stdin=name)
    # The heads of records more often than what is in them.
    heads, pos = [(0, 32)], 4096
    while pos < len(data):
        heads.append((pos, pos + 16))
        pos += 16 + max(int.from_bytes(data[pos + 8:pos + 16], 'big', signed=True), 0)
    try_damages(data, heads, 12, (rearrange,))


@test('damage in a part that is put together with the others')
def _():
    core('mini')
    makedumpfile('-f', '--split', '-c', '-d', '31', 'mini', 'part0', 'part1', 'part2').check_done()
    data = read('part1')
    whole = Kdump('part1')

    def put_together(name):
        survive('--reassemble', '-f', 'part2', name, 'part0', f'{name}.out')
    try_damages(data, ((0, 470), (4096, 4096 + 200), (4096, 4096 + 200), (8192, 8292),
                       (whole.descs - whole.block, whole.descs), (whole.descs, whole.descs + 2400)),
                13, (put_together,))


run_tests()
