#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The utsname in the header of kdump-compressed files: readers find the machine by it."""
from harness import *

UTS, UTS_LEN = 12, 65
NAMES = ('sysname', 'nodename', 'release', 'version', 'machine', 'domainname')


def utsname(path):
    header = read(path)
    return {name: header[UTS + i * UTS_LEN:UTS + (i + 1) * UTS_LEN].split(b'\0')[0].decode()
            for i, name in enumerate(NAMES)}


def check_utsname(path, **wanted):
    """Compare strings of the header; readers refuse one in which some are empty."""
    got = utsname(path)
    for name in ('sysname', 'release', 'version', 'machine'):
        check(got[name], f'{name} is empty')
    for name, value in wanted.items():
        check(got[name] == value, f'{name} is {got[name]!r}, not {value!r}')


def changed(path, name, change):
    """Write a dump whose utsname is what a function makes of its bytes."""
    data = bytearray(read(path))
    end = UTS + len(NAMES) * UTS_LEN
    data[UTS:end] = change(bytes(data[UTS:end]))
    with open(name, 'wb') as f:
        f.write(data)


def dump(*args):
    makedumpfile('-f', *args).check_done()


THIRTY_TWO = 'segment 0x100000 0x10000 vaddr=0xc0000000\nprstatus 1\n' \
             'vmcoreinfo <<END\nOSRELEASE=5.10.30-test\nPAGESIZE=4096\nEND\n' \
             'page 0x100..0x108 pattern\n'


@test('machine and release are in the header where init_uts_ns cannot be read')
def _():
    for elf, machine in (('32 little arm', 'armv7l'), ('32 little i386', 'i686'),
                         ('32 big 20', 'ppc'), ('64 big 43', 'sparc64'),
                         ('64 little x86_64', 'x86_64'), ('64 big ppc64', 'ppc64'),
                         ('64 little ppc64', 'ppc64le'), ('64 big s390x', 's390x')):
        core('core', text=f'elf {elf}\n{THIRTY_TWO}')
        dump('-d', '1', 'core', 'dump')
        check_utsname('dump', sysname='Linux', release='5.10.30-test', machine=machine,
                      version='(unknown)')
    core('core', 'page 0x3e0..0x400 zero')
    dump('-d', '1', 'core', 'dump')
    check_utsname('dump', release='6.12.0-mini', machine='x86_64')


@test('the header is readable without VMCOREINFO, too, and on machines without a name')
def _():
    core('core', text='elf 64 little x86_64\nsegment 0 0x10000\n')
    dump('-d', '1', 'core', 'dump')
    check_utsname('dump', release='(unknown)', machine='x86_64')
    core('core', text='elf 64 little 12345\nsegment 0 0x10000\n')
    dump('-d', '1', 'core', 'dump')
    check_utsname('dump', machine='(unknown)')


@test('what the memory does not tell is as in the header of the input')
def _():
    kdump('old', 'machine = armv7l\nsysname = Linux\nnodename = box\nrelease = 5.10\n'
          'uts_version = 1 SMP\ndomainname = example\nlayout = 32le\npage = 0-3 pattern\n')
    dump('-d', '1', 'old', 'dump')
    check(utsname('dump') == utsname('old'), utsname('dump'))


@test('libkdumpfile knows the machine by it')
def _():
    for elf, arch in (('32 little arm', 'arm'), ('32 little i386', 'ia32'),
                      ('64 little x86_64', 'x86_64')):
        core('core', text=f'elf {elf}\n{THIRTY_TWO}')
        dump('-d', '1', 'core', 'dump')
        theirs = open_kdumpfile('dump')
        check(theirs.attr['arch.name'] == arch, theirs.attr['arch.name'])
        check(theirs.attr['linux.uts.release'] == '5.10.30-test', 'release')


@test('a utsname that is 4 bytes off is recognised, and repaired')
def _():
    core('core', *ring((1000, 'a message')))
    dump('-c', '-d', '1', 'core', 'right')
    dump('-c', '-d', '31', 'right', 'wanted')
    for change in (lambda uts: uts[4:] + bytes(4), lambda uts: b'\2\0\0\0' + uts[:-4]):
        changed('right', 'off', change)
        dump('-c', '-d', '31', 'off', 'dump')
        check(read('dump') == read('wanted'), 'another dump')
        dump('--dump-dmesg', 'off', 'log')
        check(b'a message' in read('log'), read('log'))
        # The same for a dump of level 31.
        changed('wanted', 'off', change)
        dump('-d', '31', 'off', 'dump')
        check(utsname('dump') == utsname('wanted'), utsname('dump'))


@test('a string of utsname that fills its array ends with it')
def _():
    core('core', *(f'text uts+{at} {"X" * UTS_LEN}' for at in (65, 325)))
    dump('-d', '1', 'core', 'dump')
    check_utsname('dump', nodename='X' * 64, release='6.12.0-mini', domainname='X' * 64)


@test('VMCOREINFO tells the machine if the header does not')
def _():
    for machine in ('x86_64', 'arm64', 'ppc64le', 'riscv64', 's390x', 'loongarch64'):
        core('core', text=mini(machine))
        dump('-c', '-d', '0', 'core', 'right')
        dump('-c', '-d', '31', 'right', 'wanted')
        changed('right', 'odd', lambda uts: b'x' * 300 + bytes(90))
        dump('-c', '-d', '31', 'odd', 'dump')
        check(read('dump') == read('wanted'), f'{machine}: another dump')


run_tests()
