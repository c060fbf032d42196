#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs that hold the memory of a machine in other forms than the capture kernel's: each gives
the dump that an ELF core of the same memory gives."""
import json

from harness import *

MACHINES = ('x86_64', 'arm64', 's390x')


def noted(machine='x86_64', *statements):
    """Write the core of a miniature kernel without notes, with VMCOREINFO in memory."""
    c = core('core', 'memnote 5*P VMCOREINFO 0', *statements, text=mini(machine))
    c.notes = []
    c.write('core')
    return c


def convert(kind, *more, core_name='core', output='input'):
    """Make an input of a kind; returns what the tool prints."""
    done = run([sys.executable, '-B', f'{TOOLS}/mkmemory', kind, core_name, output, *more])
    check(not done.code, done)
    return done.text.split()


def dumped(*args, **options):
    return makedumpfile('-f', '-c', '-d', '31', *args, 'dump', **options)


def check_same(*args):
    """The dump of an input is that of the core, byte for byte, in each form of reading; and
    --verify finds no fault in it."""
    makedumpfile('--verify', *args).check_done()
    makedumpfile('-f', '-c', '-d', '31', 'core', 'wanted').check_done()
    for more in ((), ('--non-mmap',)):
        dumped(*more, *args).check_done()
        check(read('dump') == read('wanted'), f'{args} {more}: the dumps differ')


def assert_header(path, machine):
    check(read(path)[12 + 4 * 65:].startswith(machine + b'\0'), f'{path} is not of {machine}')


@test('raw memory: the machine is found, whatever its byte order')
def _():
    for machine in MACHINES:
        noted(machine)
        check_same(*convert('raw'), 'input')


@test('raw memory: ranges follow each other in their file, or are files of their own')
def _():
    noted()
    options = convert('raw')
    first, size = options[1].split(',')
    cut_file('input', 'low', 0, int(size, 16))
    cut_file('input', 'high', int(size, 16), None)
    files = [option + ':high' if ',' in option else option for option in options[2:]]
    check_same('--raw', f'{first}:low', *files)
    check_same(*files, '--raw', f'{first},{size}', 'low')
    last = options[-1].split(',')[0]
    check_same(*options[:-1], last, 'input')
    check(json_of(*options, 'input')['format'] == 'raw memory', 'the format')


def cut_file(path, to, start, end):
    with open(to, 'wb') as f:
        f.write(read(path)[start:end])


def json_of(*args):
    done = makedumpfile('--info', '--json', '-', *args)
    check(done.code == 0, done)
    return json.loads(done.out)['input']


@test('raw memory: --machine where no VMCOREINFO is in memory; else level 0 and a warning')
def _():
    core('core', text='segment 0 8*M\npage 0..2048 random\n')
    convert('raw')
    done = dumped('--raw', '0', 'input')
    check('makedumpfile: the machine is unknown, ' in done.err, done)
    for level in ('0', '31'):
        makedumpfile('-f', '-d', level, '--machine', 's390x', '--raw', '0', 'input', 'dump')
        check(read('dump')[8:12] == b'\0\0\0\6', 'the byte order')
        assert_header('dump', b's390x')
    noted()
    convert('raw')
    makedumpfile('-f', '-d', '0', '--raw', '0', 'input', 'dump').check_done()
    assert_header('dump', b'x86_64')


@test('raw memory: ranges that overlap, are empty, cut short, or beyond any machine')
def _():
    noted()
    convert('raw')
    size = os.path.getsize('input')
    for args, why in ((('0,1M', '--raw', '0xfffff'), 'overlaps'),
                      (('0', '--raw', '4G'), 'no bytes'),
                      ((1 << 52,), 'beyond'), (('0,0',), 'it is 0'), (('x',), 'invalid'),
                      (('0:',), 'no name'), (('0,1Z',), 'invalid')):
        dumped('--raw', *args, 'input').check_failed(why)
    done = dumped('--raw', f'0,{size + 4096}', 'input')
    check(done.code == 1 and 'cut short' in done.err, done)
    dumped('--raw', '0:gone').check_failed('cannot open gone')
    makedumpfile('--raw', '0:input', 'input').check_failed('same file')
    makedumpfile('--machine', 'pdp11', 'input', 'dump').check_failed('not a machine')
    makedumpfile('--raw', '0:input', '-d', '1').check_failed('DUMPFILE is missing')


@test('LiME: any machine and byte order')
def _():
    for machine in MACHINES:
        noted(machine)
        convert('lime')
        check_same('input')
    check(json_of('input')['format'] == 'LiME', 'the format')


@test('LiME: damaged headers, a file that is cut short, compressed ones')
def _():
    core('core', 'memnote 5*P VMCOREINFO 0',
         text=MINI.replace('include', '\nsegment 4*G M\ninclude'))
    convert('lime')
    whole = read('input')

    def damaged(at, data, why, code=1):
        with open('input', 'wb') as f:
            f.write(whole[:at] + data + whole[at + len(data):] if data else whole[:at])
        done = limited('-f', '-d', '1', 'input', 'dump').check_alive()
        check(done.code == code and why in done.err, f'{why}: {done}')

    second = whole.index(b'EMiL', 1)
    damaged(second, b'x', 'is invalid: memory after it is lost')
    damaged(second + 16, bytes(8), 'is invalid')
    damaged(second + 16, b'\xff' * 8, 'is invalid')
    damaged(len(whole) - 5000, b'', 'cut short')
    damaged(second + 10, b'', 'input ends')
    damaged(8, b'\xff' * 8, 'it holds no memory')
    damaged(4, b'\2', 'avml-convert')
    # The last one claims 2^51 bytes.
    damaged(second + 16, bytes(6) + b'\x08\0', 'cut short')


run_tests()
