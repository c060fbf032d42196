#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps that end early: by a limit of size or time, by a signal, or since only the essential
pages are wanted."""
import array
import fcntl
import json
import os
import re
import signal
import termios
import time

from harness import *

MACHINES = ('x86_64', 'arm64', 'arm64-64k', 'loongarch64', 'ppc64', 'ppc64le', 'riscv64', 's390x')
# The end of the line about a dump that was cut while essential pages were copied.
LACKS = (r'; (\d+ %|all) of essential memory, all of other kernel memory, .* and all of .* '
         r'are missing$')


NAMES = {'essential': 'essential memory', 'kernel': 'other kernel memory',
         'memory_map': 'the memory map', 'cache_private': 'the private page cache',
         'cache': 'the page cache', 'user': 'user memory', 'free': 'free memory'}


def classes():
    """The classes of the last report, those without pages aside."""
    found = json.loads(read('report'))['pages']['classes']
    return {c['class']: c for c in found if c['pages']}


class Stalled:
    """A program that waits in the middle of its pages, since its output is not read yet."""

    def __init__(self, *args, ignores=None):
        r, w = os.pipe()

        def set_signals():
            # Those who run the tests in the background may ignore SIGINT.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN if number == ignores else signal.SIG_DFL)
        self.process = subprocess.Popen([PROGRAM, '-F', *args], stdin=subprocess.DEVNULL, stdout=w,
                                        stderr=subprocess.PIPE, text=True, preexec_fn=set_signals)
        os.close(w)
        self.stream = open(r, 'rb')
        while self.waiting() < 32768 and self.process.poll() is None:
            time.sleep(0.01)

    def waiting(self):
        """Bytes in the pipe: more than headers and bitmaps have, and less than a batch of pages."""
        size = array.array('i', [0])
        fcntl.ioctl(self.stream, termios.FIONREAD, size)
        return size[0]

    def catches(self, number):
        """Return whether it handles a signal."""
        mask = re.search(r'SigCgt:\t(\w+)', read(f'/proc/{self.process.pid}/status').decode())[1]
        return int(mask, 16) & 1 << number - 1

    def end(self):
        """(exit status, messages), and the dump as "cut" if there is one."""
        stream = self.stream.read()
        self.stream.close()
        err = self.process.communicate()[1]
        with open('stream', 'wb+') as f:
            f.write(stream)
            f.seek(0)
            makedumpfile('-f', '-R', 'cut', stdin=f)
        return self.process.returncode, err.strip()


for machine in MACHINES:
    @test(f'{machine}: --essential saves some of the pages of the kernel')
    def _(machine=machine):
        c = core('mini', text=mini(machine))
        makedumpfile('-f', '-c', '-d', '31', 'mini', 'whole').check_done()
        makedumpfile('-f', '-c', '--essential', '--json', 'report', 'mini', 'dump').check_done()
        whole, dump = Kdump('whole'), Kdump('dump')
        dump.check_contents(c.memory)
        check(0 < len(dump.pages) < len(whole.pages) and set(dump.pages) <= set(whole.pages),
              f'{len(dump.pages)} of {len(whole.pages)} pages')
        check(list(classes()) == ['essential'], classes())
        makedumpfile('--verify', 'dump').check_done()

    @test(f'{machine}: a limit of size cuts off the least valuable pages')
    def _(machine=machine):
        core('mini', 'page 0x8000..0x8020 random 5', 'page 0x100..0x110 random 6',
             text=mini(machine))
        makedumpfile('-f', '-d', '0', '--json', 'report', 'mini', 'dump').check_done()
        essential = classes()['essential']
        check(sum(c['pages'] for c in classes().values()) ==
              json.loads(read('report'))['pages']['remaining'], classes())
        rest = sum(c['bytes'] for c in classes().values()) - essential['bytes']
        limit = os.path.getsize('dump') - rest // 2
        result = makedumpfile('-f', '-d', '0', '-L', limit, '--json', 'report', 'mini', 'dump')
        result.check_failed('the limit of -L .* was reached; (essential|kernel) memory is complete')
        check(classes()['essential']['copied'] == essential['pages'], classes())
        missing = [NAMES[name] for name, c in classes().items() if c['copied'] < c['pages']]
        named = re.findall(r'(?:all|[1-9]\d* %) of (.*?)(?=, | and | is missing| are missing)',
                           result.err)
        check(missing and named == missing, f'{named}, not {missing}: {result.err}')


@test('--dry-run tells the size up to the end of each class: with -L it is whole, but not before')
def _():
    core('mini')
    for levels in (['-d', '0'], ['-c', '-d', '31']):
        makedumpfile('-f', *levels, '--json', 'report', 'mini', 'dump').check_done()
        written = classes()
        makedumpfile(*levels, '--dry-run', '--json', 'report', 'mini').check_done()
        planned = classes()
        for found in (written, planned):
            for c in found.values():
                del c['seconds']
        check(planned == written, f'{planned}, not {written}')
        for name in ('essential', 'kernel'):
            for short in (0, 1):
                makedumpfile('-f', *levels, '-L', planned[name]['file_bytes'] - short,
                             '--json', 'report', 'mini', 'dump')
                there = classes()[name]
                check((there['copied'] == there['pages']) == (not short), f'{name}: {there}')


for name in ('SIGTERM', 'SIGINT'):
    @test(f'{name} while pages are copied: the dump is cut, and says so; exit 1')
    def _(name=name):
        memory = core('mini').memory
        p = Stalled('-d', '0', 'mini')
        p.process.send_signal(getattr(signal, name))
        code, err = p.end()
        check(code == 1 and re.search(f'stopped by {name}{LACKS}', err, re.M), err)
        makedumpfile('-f', 'cut', 'again').check_failed('incomplete')
        Kdump('again').check_there(memory)


@test('a signal that the caller ignores changes nothing')
def _():
    core('mini')
    p = Stalled('-d', '0', 'mini', ignores=signal.SIGINT)
    p.process.send_signal(signal.SIGINT)
    code, err = p.end()
    check(code == 0, err)


@test('a second signal ends the program at once')
def _():
    core('mini')
    p = Stalled('-d', '0', 'mini')
    p.process.send_signal(signal.SIGTERM)
    # It was seen as soon as no handler waits for it any more.
    while p.catches(signal.SIGTERM):
        time.sleep(0.01)
    p.process.send_signal(signal.SIGTERM)
    check(p.process.wait() == -signal.SIGTERM, p.process.returncode)
    p.end()


@test('--time-limit: nothing is begun after it; the dump is cut')
def _():
    core('mini')
    p = Stalled('--time-limit', '1', '-d', '0', 'mini')
    time.sleep(1.1)
    code, err = p.end()
    check(code == 1 and re.search(f'the time limit was reached{LACKS}', err, re.M), err)
    makedumpfile('-f', '--time-limit', '3600', '-d', '31', 'mini', 'dump').check_done()


run_tests()
