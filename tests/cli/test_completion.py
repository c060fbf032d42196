#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Completions of the command line."""
import os

from harness import *
from option_table import read_options

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
    options = read_options(PROGRAM)
    check(set(completed('-')) == {s for o in options for s in o.spellings()}, completed('-'))
    check(completed('--dump') == ['--dump-dmesg'], completed('--dump'))
    # After an option that takes an argument there is no other option.
    for option in options:
        for spelling in option.spellings():
            if option.letter != 'h':
                check(('--help' in completed(spelling, '-')) != option.has_arg(), spelling)


@test('zsh and fish accept their completions')
def _():
    for shell, name in (('zsh', '_makedumpfile'), ('fish', 'makedumpfile.fish')):
        done = run([need_tool(shell), '-n', f'{TOP}/completions/{name}'])
        check(done.code == 0 and not done.err, f'{shell}: {done}')


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
