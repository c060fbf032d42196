#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of sadump: they give the dump that an ELF core of the same memory gives."""
import functools
import struct

from harness import *

SET = ('disk1', 'disk2', 'disk3')


@functools.cache
def made():
    """A core without notes; returns its dump."""
    c = core('core', 'memnote 5*P VMCOREINFO 0')
    c.notes = []
    c.write('core')
    dumped('core', 'wanted').check_done()
    return read('wanted')


def mksadump(*args):
    made()
    done = run([sys.executable, '-B', f'{TOOLS}/mksadump', *args])
    check(not done.code, done)


def dumped(*args, **options):
    return makedumpfile('-f', '-c', '-d', '31', *args, **options)


def check_same(*args):
    for more in ((), ('--non-mmap',)):
        dumped(*more, *args, 'dump').check_done()
        check(read('dump') == made(), f'{args}: the dumps differ')


def disks(*names):
    return [word for name in names for word in ('--diskset', name)]


def changed(path, at, data, output='changed'):
    whole = read(path)
    with open(output, 'wb') as f:
        f.write(whole[:at] + data + whole[at + len(data):])
    return output


@test('one partition, a backup on media, headers of both versions, and without states of CPUs')
def _():
    for more in ((), ('--media',), ('--version', 0), ('--no-cpus',)):
        mksadump(*more, 'core', 'input')
        check_same('input')
        makedumpfile('--verify', 'input').check_done()
    check('sadump, header version' in makedumpfile('--info', 'input').text, 'the format')


@test('a set of disks, in order and not')
def _():
    mksadump('core', *SET)
    check_same(*disks(*SET))
    check_same(*disks('disk1', 'disk3', 'disk2'))
    makedumpfile('--verify', *disks(*SET)).check_done()


@test('disks that are missing, given twice, of another set, or no disks')
def _():
    mksadump('core', 'one')
    mksadump('core', *SET)
    dumped('disk1', 'dump').check_failed('disk 1 of a set of 3: .*--diskset')
    dumped('disk2', 'dump').check_failed('disk 2 of a set: .*--diskset')
    dumped(*disks('disk2', 'disk1', 'disk3'), 'dump').check_failed('disk 1 first')
    dumped(*disks('disk1', 'disk3'), 'dump').check_failed('disk 2 of the set of 3 is missing')
    dumped(*disks('disk1', 'disk2', 'disk1'), 'dump').check_failed('same file|not expected')
    dumped(*disks('disk1', 'disk2', 'one'), 'dump').check_failed('disk 0 of this set')
    for at in (88, 104):    # ids of the system and of the set
        other = changed('disk3', at, b'x')
        dumped(*disks('disk1', 'disk2', other), 'dump').check_failed('not a disk')
    dumped(*disks('core'), 'dump').check_failed('not a disk of sadump')
    dumped(*disks('one', 'disk2'), 'dump').check_failed('not a disk of a set')
    dumped('--raw', '0', *disks('one'), 'dump').check_failed('cannot be used with')
    makedumpfile(*disks('disk1', 'disk2'), 'disk2').check_failed('same file')
    done = dumped(*disks('disk1', 'disk2'), 'dump')
    check(done.code == 1 and 'disk 3 of the set of 3 is missing' in done.err, done)
    Kdump('dump')


@test('a file that is cut short: the dump is incomplete; pages before the end are in it')
def _():
    mksadump('core', *SET)
    mksadump('core', 'input')
    makedumpfile('-f', '-d', '0', 'input', 'wanted0').check_done()
    whole = read('input')
    with open('input', 'wb') as f:
        f.write(whole[:len(whole) - 3 * 4096 - 5])
    done = makedumpfile('-f', '-d', '0', 'input', 'dump')
    check(done.code == 1 and 'cut short: 12293 bytes' in done.err, done)
    lost = set(dict(Kdump('wanted0').contents())) - set(dict(Kdump('dump').contents()))
    check(len(lost) == 4, f'lost: {lost}')
    second = read('disk2')
    with open('disk2', 'wb') as f:
        f.write(second[:-4096])
    done = makedumpfile('-f', '-d', '0', *disks(*SET), 'dump')
    check(done.code == 1 and 'disk2 is cut short' in done.err, done)
    lost = set(dict(Kdump('wanted0').contents())) - set(dict(Kdump('dump').contents()))
    check(len(lost) == 1, f'lost: {lost}')


@test('larger blocks, which are larger pages')
def _():
    core('random', text='segment 0 8*M\npage 0..2048 random\n')
    mksadump('--block', 8192, 'random', 'input')
    makedumpfile('-f', '-d', '0', 'input', 'dump').check_done()
    check(struct.unpack_from('<i', read('dump'), 428)[0] == 8192, 'the size of a page')


@test('damaged headers')
def _():
    mksadump('core', 'input')
    dump = 4096
    makedumpfile('--verify', changed('input', 172, b'x')).check_alive()
    check('check sequence' in makedumpfile('--verify', 'changed').err, 'the check sequence')
    for at, data, why in ((dump, b'x', 'no dump header'), (dump + 40, b'\1', 'no dump header'),
                          (dump + 52, bytes(4), 'bitmaps'), (dump + 56, b'\xff' * 4, 'bitmaps'),
                          (dump + 48, b'\xff' * 4, 'bitmaps'), (dump + 88, bytes(8), 'no memory'),
                          (0, b'x', 'not a dump')):
        dumped(changed('input', at, data), 'dump').check_failed(why)
    # Far more pages than the bitmaps have.
    dumped(changed('input', dump + 88, b'\xff' * 8), 'dump').check_alive()
    mksadump('core', *SET)
    for at, data in ((4096, b'\xff' * 4), (4100, b'\xff' * 4), (160, bytes(8)), (160, b'\xff' * 8)):
        first = changed('disk1', at, data)
        limited('-f', '-d', '31', *disks(first, *SET[1:]), 'dump').check_alive()
    for data in (bytes(8), b'\xff' * 8):
        limited('-f', '-d', '31', *disks('disk1', changed('disk2', 160, data), 'disk3'),
                'dump').check_alive()


run_tests()
