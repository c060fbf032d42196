#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""What else to do with a dump: --vtop."""
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


run_tests()
