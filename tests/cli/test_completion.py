#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""What bash completes on a command line of ours."""
import os
import re

from harness import *

SCRIPT = f'{TOP}/completions/makedumpfile'
# As bash splits a line: also before and after "=".
COMPLETE = '''
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_makedumpfile
printf '%s\\n' "${COMPREPLY[@]}"
'''


def completed(*words, **env):
    done = run(['bash', '-c', COMPLETE, 'bash', SCRIPT, 'makedumpfile', *words], env=env)
    check(done.code == 0 and not done.err, done)
    return done.text.split()


@test('every option of the program is completed, and no other')
def _():
    source = read(f'{TOP}/cli/options.c').decode()
    long = {f'--{name}' for name in re.findall(r'^\t{ "([^"]+)", \w+_argument', source, re.M)}
    short = re.search(r'short_options\[\] = ":([^"]+)"', source)[1].replace(':', '')
    check(len(long) > 25, 'the options are not found in cli/options.c')
    check(set(completed('-')) == long | {f'-{letter}' for letter in short}, completed('-'))
    check(completed('--dump') == ['--dump-dmesg'], completed('--dump'))
    # Behind one that takes an argument there is no other option.
    for name, argument in re.findall(r'^\t{ "([^"]+)", (\w+)_argument', source, re.M):
        check(('--help' in completed(f'--{name}', '-')) == (argument == 'no'), f'--{name}')
    for letter, argument in re.findall(r'(\w)(:?)', re.search(r'short_options\[\] = ":([^"]+)"',
                                                             source)[1]):
        if letter != 'h':
            check(('--help' in completed(f'-{letter}', '-')) == (not argument), f'-{letter}')


@test('files, levels, topics and extensions are completed where they belong')
def _():
    os.makedirs('ext', exist_ok=True)
    for name in ('ext/one.so', 'ext/two.so', 'ext/two.o', 'vmcore'):
        write(name, '')
    check('vmcore' in completed('vm'), completed('vm'))
    check('vmcore' in completed('-c', '-i', 'vm'), 'after -i')
    check('31' in completed('-d', '3'), completed('-d', '3'))
    check(completed('-h', 'fi') == ['filter'], completed('-h', 'fi'))
    found = completed('--extension', '=', '', MAKEDUMPFILE_EXTENSIONDIR='ext')
    check('one' in found and 'two' in found and 'two.o' not in found[:2], found)
    check(completed('--work-dir', '') == ['ext'], completed('--work-dir', ''))
    check(completed('--vtop', '') == [], completed('--vtop', ''))


run_tests()
