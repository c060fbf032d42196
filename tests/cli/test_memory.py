#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--cyclic-buffer and --work-dir: machines that need more bitmap than there is memory."""
import os
import re

from harness import *

BIG = '''
segment M M vaddr=0xffff888000100000
segment 4*G 1024*G filesz=0
page 0x100..0x110 pattern
truncate 1100*M
'''
# The bitmap of its pages has some 33,000 KiB.
LIMIT = 30000


def with_little(*args):
    """Run the program with so much memory of its own, in KiB. Mapped files do not count."""
    return run(['sh', '-c', f'ulimit -d {LIMIT} && exec "$@"', 'sh', PROGRAM, '--num-threads', '1',
                *args])


def directory():
    os.makedirs('work', exist_ok=True)
    check(not os.listdir('work'), 'something was left in the directory')
    return 'work'


@test('the dump is the same wherever the bitmaps are, and nothing is left of them')
def _():
    core('mini')
    makedumpfile('-f', 'mini', 'full').check_done()
    where = (['--cyclic-buffer', '1'], ['--work-dir', directory()],
             ['--cyclic-buffer', '1', '--work-dir', directory()],
             ['--cyclic-buffer', '1000000'], ['-b', '0', '--cyclic-buffer', '0x10'])
    for what in (['-c', '-d', '31'], ['-E', '-d', '31'], ['-d', '1']):
        for vmcore in ('mini', 'full'):
            if vmcore == 'full' and '-E' in what:
                continue
            makedumpfile('-f', *what, vmcore, 'want').check_done()
            for args in where:
                makedumpfile('-f', *args, *what, vmcore, 'dump').check_done()
                check(read('dump') == read('want'), f'{args} {what} {vmcore}: it differs')
    directory()


@test('with a directory for bitmaps, those of a TiB need no memory')
def _():
    core('big', text=BIG)
    with_little('--dry-run', '-d', '1', 'big').check_failed('no memory for a bit')
    numbers = re.compile(r'[ages]* *: 0x[0-9a-f]+|Write bytes.*')
    want = makedumpfile('--dry-run', '-d', '1', '--show-stats', 'big').check_done()
    for args in ([], ['--cyclic-buffer', '64']):
        done = with_little('--dry-run', '-d', '1', '--show-stats', '--work-dir', directory(), *args,
                           'big').check_done()
        check(numbers.findall(done.text) == numbers.findall(want.text), done.text)
    directory()


@test('a directory that cannot be used is refused; without one, memory has to do')
def _():
    core('mini')
    for name in ('missing', 'mini', '/proc'):
        makedumpfile('-d', '31', '--work-dir', name, 'mini', 'left').check_failed(
            f'cannot make a file in {name}')
        check(not os.path.exists('left'), 'there is a dump')
    makedumpfile('-f', '-d', '31', 'mini', 'want').check_done()
    makedumpfile('-f', '-d', '31', '--cyclic-buffer', '1', 'mini', 'dump',
                 env={'TMPDIR': '/missing'}).check_done()
    check(read('dump') == read('want'), 'it differs')


@test('a directory without room for the bitmaps: memory has to do')
def _():
    core('big', text=BIG)
    script = ('mkdir -p small && mount -t tmpfs -o size=100k none small || exit 77; exec "$@"')
    result = run([need_tool('unshare'), '-m', 'sh', '-c', script, 'sh', PROGRAM, '--dry-run', '-d',
                  '1', '--cyclic-buffer', '1', '--work-dir', 'small', 'big'])
    if result.code == 77 or 'unshare:' in result.err:
        skip('mount is not permitted')
    result.check_done()


run_tests()
