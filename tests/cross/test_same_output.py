#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The program built for another machine, run by QEMU, does what the one for this machine does.

Compressed pages may differ, since libraries may take other ways on other machines, so
they are compared as the other one of the two programs expands them.

From the environment, besides MAKEDUMPFILE: MAKEDUMPFILE_CROSS, the program of the other
machine.
"""
import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, 'cli'))

from harness import (PROGRAM, check, core, kdump, makedumpfile, mini,  # noqa: E402
                     need_build, read, run_tests, test)

# Dumps without a kernel that is understood: of every byte order and word size.
PLAIN_CORE = '''
elf {bits} {order} {machine}
memory pattern
segment 1*M 64*K
segment 2*M 64*K
prstatus 2
vmcoreinfo <<END
OSRELEASE=6.12.0
PAGESIZE=4096
CRASHTIME=1795355278
END
'''
PLAIN_KDUMP = '''
layout = {layout}
max_mapnr = 100
machine = {machine}
vmcoreinfo = OSRELEASE=6.12.0
vmcoreinfo = CRASHTIME=1795355278
cpus = 2
eraseinfo = erase it
codec = zlib
page = 3-30 pattern
page = 40-90 zero shared
page = 91-92 random none
'''


def other():
    return need_build('MAKEDUMPFILE_CROSS')


def both(*args):
    """The same command of either program, writing to a file that is named by "OUT"."""
    dumps = []
    for name, program in (('here', PROGRAM), ('there', other())):
        words = [name if word == 'OUT' else word for word in args]
        done = makedumpfile(*words, program=program)
        check(done.code == 0, done)
        dumps.append(read(name) if 'OUT' in args else done.out)
    return dumps


def same(*args):
    here, there = both(*args)
    check(here == there, f'"{" ".join(args)}": the outputs differ')


def same_expanded(*args):
    """Each of the two dumps, expanded by the program that did not write it."""
    both(*args)
    for dump, program in (('here', other()), ('there', PROGRAM)):
        done = makedumpfile('-f', '-d', '0', dump, f'{dump}.raw', program=program)
        check(done.code == 0, done)
    check(read('here.raw') == read('there.raw'), f'"{" ".join(args)}": the dumps differ')


# One machine of either byte order.
MINIS = ('x86_64', 's390x')


@test('dumps of miniature kernels, of each level')
def _():
    for machine in MINIS:
        core('mini', text=mini(machine))
        each_level()


def each_level():
    for level in ('0', '1', '2', '8', '16', '31'):
        same('-f', '-d', level, 'mini', 'OUT')
    same('-F', '-d', '31', 'mini')


@test('... and by each compression')
def _():
    for machine in MINIS:
        core('mini', text=mini(machine))
        for codec in ('-c', '-l', '-p', '-z'):
            same_expanded('-f', codec, '-d', '31', 'mini', 'OUT')


@test('a filtered dump is filtered again')
def _():
    core('mini')
    for codec in ('-c', '-l', '-p', '-z'):
        makedumpfile('-f', codec, '-d', '1', 'mini', 'first').check_done()
        same('-f', '-d', '31', 'first', 'OUT')


@test('cores of every byte order and word size')
def _():
    for machine, bits, order in (('x86_64', 64, 'little'), ('s390x', 64, 'big'),
                                 ('i386', 32, 'little'), ('20', 32, 'big')):
        core('plain', text=PLAIN_CORE.format(machine=machine, bits=bits, order=order))
        same('-f', '-d', '1', 'plain', 'OUT')
        same_expanded('-f', '-c', '-d', '0', 'plain', 'OUT')


@test('kdump-compressed files of every layout')
def _():
    for layout, machine in (('64le', 'aarch64'), ('64be', 's390x'), ('32le', 'armv7l'),
                            ('32be', 'ppc'), ('i386', 'i686')):
        kdump('plain', PLAIN_KDUMP.format(layout=layout, machine=machine))
        same('-f', '-d', '0', 'plain', 'OUT')
        same_expanded('-f', '-l', '-d', '1', 'plain', 'OUT')


@test('VMCOREINFO of a dump, as -g writes it')
def _():
    for machine in MINIS:
        core('mini', text=mini(machine))
        same('-f', '-g', 'OUT', 'mini')


run_tests()
