#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The number of threads changes the time it takes and nothing else; and the program
as it is, under the tools that look for races and leaks."""
import os

from harness import *


@test('--num-threads 1 to 8, 64 and none at all give the same file, for each compression')
def _():
    core('mini')
    for codec in ((), ('-c',), ('-l',), ('-p',), ('-z',)):
        for level in ('0', '31') if codec == ('-c',) else ('31',):
            want = None
            for threads in (*range(1, 9), 64, None) if level == '31' else (1, 8):
                args = () if threads is None else ('--num-threads', threads)
                makedumpfile('-f', *codec, '-d', level, *args, 'mini', 'dump').check_done()
                got = read('dump')
                want = want or got
                check(got == want, f'{codec} -d {level}: {threads} threads differ from 1')


@test('--num-threads 1 to 8 give the same flattened stream')
def _():
    core('mini')
    streams = {makedumpfile('-F', '-c', '-d', '31', '--num-threads', n, 'mini').out
               for n in range(1, 9)}
    check(len(streams) == 1, f'{len(streams)} different streams')
    makedumpfile('-f', '-c', '-d', '31', 'mini', 'dump').check_done()
    check(unflatten(streams.pop()) == read('dump'), 'it differs from the file')


@test('more threads do not wait for each other: 8 on few CPUs take no longer than twice 1')
def _():
    # Enough pages to compress that starting threads does not matter.
    core('big', 'segment 256*M 24*M', 'page 0x10000..0x11800 random 9')
    times = {}
    for threads in (1, 8):
        times[threads] = min(cpu_seconds('-f', '-c', '--num-threads', threads, 'big', 'dump')
                             for _ in range(2))
    check(times[8] < 2 * times[1] + 0.2, f'CPU seconds by number of threads: {times}')


def cpu_seconds(*args):
    before = os.times()
    makedumpfile(*args).check_done()
    after = os.times()
    return (after.children_user + after.children_system -
            before.children_user - before.children_system)


@test('no memory for some of the threads: the others make the dump')
def _():
    core('mini')
    makedumpfile('-f', '-c', '-d', '31', '--num-threads', '1', 'mini', 'want').check_done()
    for limit in (60000, 100000):
        for vmcore in ('mini', 'want'):
            run(['sh', '-c', f'ulimit -v {limit} && exec "$@"', 'sh', PROGRAM, '-f', '-c', '-d',
                 '31', '--num-threads', '32', vmcore, 'dump']).check_done()
            check(read('dump') == read('want'), f'{limit} KiB, {vmcore}: the dump differs')


@test('many threads on a tiny dump, and on one of a single page')
def _():
    core('tiny', text='segment 0x1000 0x3000\npage 1..4 pattern\n')
    core('one', text='segment 0x1000 0x1000\n')
    for name in ('tiny', 'one'):
        for threads in (1, 2, 64):
            makedumpfile('-f', '-c', '--num-threads', threads, name, 'dump').check_done()
            check(Kdump('dump').pages == ([1, 2, 3] if name == 'tiny' else [1]), 'pages')


@test('threads are not started without end when memory is short')
def _():
    core('mini')
    result = makedumpfile('-f', '-c', '--num-threads', '64', 'mini', 'dump', memory=200 * MIB)
    check(result.code == 0, result)


@test('no race with 8 threads: ThreadSanitizer')
def _():
    program = need_build('MAKEDUMPFILE_TSAN')
    core('mini')
    makedumpfile('-f', '-c', '-d', '31', 'mini', 'want').check_done()
    for args in (('-c', '-d', '31'), ('-c', '-d', '31', '--non-mmap')):
        result = makedumpfile('-f', *args, '--num-threads', '8', 'mini', 'dump', program=program)
        check(result.code == 0 and not result.errors, result)
        check(read('dump') == read('want'), 'the dump differs')
    core('short', 'truncate 12*M')
    eight = ('--num-threads', '8')
    makedumpfile('-f', '-d', '31', *eight, 'short', 'dump', program=program).check_alive()
    closed_pipe([program, '-F', '-d', '0', *eight, 'mini'], 5000).check_alive()


@test('no leak and no bad access: AddressSanitizer, LeakSanitizer, UndefinedBehaviorSanitizer')
def _():
    program = need_build('MAKEDUMPFILE_ASAN')
    core('mini')
    core('short', 'truncate 12*M')
    core('bad', 'set OFFSET(page.flags)')
    write('text', 'no vmcore')
    for args, code in ((('-c', '-d', '31', 'mini'), 0), (('-l', '-d', '1', 'mini'), 0),
                       (('-z', '-d', '31', '-D', '--show-stats', 'mini'), 0),
                       (('-p', '-d', '16', '--non-mmap', 'mini'), 0),
                       (('-d', '31', 'short'), 1), (('-d', '31', 'bad'), 0),
                       (('-d', '31', 'text'), 1)):
        result = makedumpfile('-f', *args, 'dump', program=program).check_alive()
        check(result.code == code, result)
    makedumpfile('-F', '-d', '31', '-c', 'mini', program=program).check_alive()
    result = makedumpfile('-f', '-d', '31', 'mini', '/dev/full', program=program).check_alive()
    check(result.code == 1, result)


@test('not a word from valgrind')
def _():
    valgrind = need_tool('valgrind')
    core('mini')
    result = run([valgrind, '-q', '--leak-check=full', '--show-leak-kinds=all',
                  '--error-exitcode=99', PROGRAM, '-f', '-c', '-d', '31', '--num-threads', '2',
                  'mini', 'dump'])
    check(result.code == 0 and not result.errors, result)


run_tests()
