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


def made_cpus(*statements, machine='x86_64', **made):
    """A file of sadump with CPUs 0, 1 and 3 online, whose APIC ids are 5, 0 and 2, and with the
    registers of CPUs of these and of 3."""
    per_cpu, online, ids = 0x190000, 0x192000, 0x191000
    c = core('running', f'set SYMBOL(__per_cpu_offset) ${{stext+{per_cpu}:x}}',
             f'set SYMBOL(__cpu_online_mask) ${{stext+{online}:x}}', 'set SIZE(cpumask) 1024',
             'set SYMBOL(x86_cpu_to_apicid) 10',
             f'ulong image+{per_cpu} ' + ' '.join(f'stext+{ids + 256 * i - 16}' for i in range(4)),
             *(f'u16 image+{ids + 256 * i} {n}' for i, n in enumerate((5, 0, 3, 2))),
             f'ulong image+{online} 0xb', *statements, 'memnote 5*P VMCOREINFO 0',
             text=mini(machine))
    c.notes = [('CORE', 1, bare_prstatus(machine, i)) for i in range(4)]
    c.write('running')
    done = run([sys.executable, '-B', f'{TOOLS}/mksadump', '--apic-ids', '5,0,3,2', *(
        ['--32'] if machine != 'x86_64' else []), 'running', 'cpus'])
    check(not done.code, done)


def bare_prstatus(machine, cpu):
    """A note without the registers that sadump does not save."""
    desc = bytearray(prstatus(machine, cpu))
    if machine == 'x86_64':     # the bases of FS and GS
        desc[112 + 21 * 8:112 + 23 * 8] = bytes(16)
    return bytes(desc)


@test('registers of CPUs become notes, in the order of the numbers that the kernel has for them')
def _():
    for machine in ('x86_64', 'i386-pae'):
        made_cpus(machine=machine)
        for level in ('0', '31'):
            makedumpfile('-f', '-E', '-d', level, 'cpus', 'dump').check_done()
            check(prstatus_notes('dump') == [bare_prstatus(machine, i) for i in (0, 1, 3)],
                  f'{machine}: other registers')
        dumped('cpus', 'dump').check_done()
        check(b'OSRELEASE=6.12.0-mini' in read('dump')[:65536], 'VMCOREINFO')


@test('no CPUs in the kernel, or others than sadump saw: no notes, or notes of zeros')
def _():
    made_cpus('set SYMBOL(x86_cpu_to_apicid)')
    makedumpfile('-f', '-E', '-d', '31', 'cpus', 'dump').check_done()
    check(not prstatus_notes('dump'), 'the ids are not known')
    made_cpus('u16 image+0x191000 4', 'u16 image+0x191100 0xffff')
    makedumpfile('-f', '-E', '-d', '31', 'cpus', 'dump').check_done()
    check(prstatus_notes('dump') == [struct.pack('<32xI300x', 1), struct.pack('<32xI300x', 2),
                                     bare_prstatus('x86_64', 3)], 'CPUs without states')
    # The bytes after the last state.
    made_cpus('u16 image+0x191000 6')
    beyond = changed('cpus', 2 * PAGE + 4 + 6 * (16 + 1024), b'\xff' * 1024)
    makedumpfile('-f', '-E', '-d', '31', beyond, 'dump').check_done()
    check(prstatus_notes('dump')[0] == struct.pack('<32xI300x', 1), 'a CPU beyond the last one')


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
