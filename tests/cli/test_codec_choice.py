#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--compression auto: whichever codec is chosen, the dump says so and has all pages."""
import json
import os

from harness import *

AUTO = ('-f', '--compression', 'auto', '--num-threads', '1')
# Pages that each codec makes smaller.
TEXT = 'memory pattern\nsegment M 16*M\n'
FLAGS = {name: flag for flag, name in Kdump.CODECS.items()}


def clock(number):
    """Let the codec of this number take no time, and all others an hour."""
    if not os.path.exists('clock.so'):
        write('clock.c', """#define _GNU_SOURCE
            #include <stdlib.h>
            #include <sys/syscall.h>
            #include <time.h>
            #include <unistd.h>
            int clock_gettime(clockid_t clock, struct timespec *now) {
                static int n;
                if (clock != CLOCK_THREAD_CPUTIME_ID)
                    return syscall(SYS_clock_gettime, clock, now);
                now->tv_nsec = 0;
                now->tv_sec = n % 2 && n / 2 != atoi(getenv("FAST")) ? 3600 : 0;
                n++;
                return 0;
            }""")
        done = run([need_tool('cc'), '-shared', '-fPIC', '-o', 'clock.so', 'clock.c'])
        check(done.code == 0, done)
    return {'LD_PRELOAD': os.path.abspath('clock.so'), 'FAST': str(number)}


def auto(*args, env=None):
    """Make a dump; returns what the report says about its output."""
    done = makedumpfile(*AUTO, '--json', 'report', *args, env=env).check_done()
    output = json.loads(read('report'))['output']
    check(f"\nCompression: {output['compression']}, chosen for 1 thread and a target of "
          in done.text, done)
    return output


def check_dump(path, codec):
    """The header names the codec, and all pages are there, the first of them as they are."""
    dump = Kdump(path)
    flag = FLAGS.get(codec, 0)
    check(dump.status == flag, f'{codec}: status {dump.status:#x}')
    used = {dump.desc(i)[2] for i in range(len(dump.pages))}
    check(used == {0, flag}, f'{codec}: flags of the pages: {used}')
    makedumpfile('-f', path, 'plain').check_done()
    Kdump('plain').check_contents(core('mini', text=TEXT).memory)
    check(Kdump('plain').pages == dump.pages, f'{codec}: other pages')


def choices():
    """The codecs that can be chosen, in the order in which they are measured."""
    core('mini', text=TEXT)
    return [c['compression'] for c in auto('mini', 'dump')['compression_choice']['codecs']]


@test('each codec can be chosen: the header names it, and the dump has all pages')
def _():
    for number, codec in [*enumerate(choices()), (-1, 'none')]:
        output = auto('mini', 'dump', env=clock(number))
        check(output['compression'] == codec, f"{output['compression']}, not {codec}")
        check(output['compression_choice']['raw_bytes'] >= 4096, output)
        check_dump('dump', codec)


@test('a codec is chosen for a stream: its header comes after the first pages')
def _():
    codecs = choices()
    for number, codec in ((len(codecs) - 1, codecs[-1]), (-1, 'none')):
        with open('stream', 'wb') as f:
            makedumpfile(*AUTO, '-F', '--message-level', '0', 'mini', stdout=f,
                         env=clock(number)).check_done()
        with open('stream', 'rb') as f:
            makedumpfile('-R', '-f', 'dump', stdin=f).check_done()
        check_dump('dump', codec)


@test('a codec is chosen for a split dump: one for all parts')
def _():
    codecs = choices()
    auto('--split', 'mini', 'a', 'b', 'c', env=clock(0))
    check({Kdump(part).status for part in 'abc'} == {FLAGS[codecs[0]]}, 'of the parts')
    makedumpfile('-f', '--reassemble', 'a', 'b', 'c', 'dump').check_done()
    check_dump('dump', codecs[0])


@test('with the same choice the dump is the same for any number of threads')
def _():
    choices()
    for threads in '1', '2', '5':
        makedumpfile(*AUTO, '--num-threads', threads, 'mini', f'dump{threads}',
                     env=clock(0)).check_done()
    check(read('dump1') == read('dump2') == read('dump5'), 'they differ')


@test('a dump that is only first pages has none but these')
def _():
    core('small', text='memory pattern\nsegment M 64*K\n')
    done = makedumpfile(*AUTO, '--json', 'report', 'small', 'dump').check_done()
    output = json.loads(read('report'))['output']
    check(output['compression'] == 'none' and 'compression_choice' not in output, output)
    check('Compression: ' not in done.text and Kdump('dump').status == 0, done)


@test('--compression names a codec, like its letter, and the last option counts')
def _():
    core('mini')
    for letter, codec in (('-c', 'zlib'), ('-l', 'lzo'), ('-p', 'snappy'), ('-z', 'zstd')):
        if f'{codec}\tdisabled' in makedumpfile('-v').text:
            continue
        makedumpfile('-f', letter, 'mini', 'letter').check_done()
        makedumpfile(*AUTO, '--compression', codec, 'mini', 'name').check_done()
        check(read('name') == read('letter'), codec)
    makedumpfile(*AUTO, '-c', 'mini', 'letter').check_done()
    makedumpfile('-f', '-c', 'mini', 'name').check_done()
    check(read('name') == read('letter'), 'auto, then -c')
    makedumpfile('-f', '-c', '--compression', 'none', 'mini', 'dump').check_done()
    check(Kdump('dump').status == 0, 'none')


run_tests()
