#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--triage, --triage-file and --all-tasks: where they write, and that they name what they cannot
find. tests/vm/check-triage tests their findings in real kernels."""
import json
import os
import stat
import sys

from harness import *
from erase_kernel import Kernel

sys.path.insert(0, TOOLS)
from schema import problems

PANIC = 'Kernel panic - not syncing: Fatal exception'
LOG = ring((0, 'Linux version 6.12.0-mini'), (1234567890, 'one'),
           (2000000000, 'BUG: kernel NULL pointer dereference, address: 0000000000000010'),
           (98765432109876, PANIC + ' \x1b[31mred'))
SCHEMA = json.loads(read(f'{TOP}/docs/triage.schema.json'))


def load(text):
    """A triage, which must be JSON and as documented."""
    triage = json.loads(text)
    wrong = problems(triage, SCHEMA)
    check(not wrong, '\n'.join(wrong))
    return triage


def triage(*args):
    return makedumpfile('--triage', *args).check_done().text


@test('--triage prints to standard output, and nothing else there')
def _():
    core('crashed', *LOG)
    done = makedumpfile('--triage', '-D', 'crashed')
    check(done.code == 0 and 'makedumpfile' not in done.text, done)
    head, *_, last = done.text.splitlines()
    check(head == 'NULL pointer dereference', head)
    check('kernel     6.12.0-mini' in done.text, done.text)
    check(last == f'[98765.432109] {PANIC} \\x1b[31mred', last)
    check('uptime     1 d 03:26:05' in done.text, done.text)


@test('an oops is the kind of a fatal exception; a panic is its own kind otherwise')
def _():
    for message, kind in (('Fatal exception in interrupt', 'null-pointer'), ('strange', 'panic'),
                          ('hung_task: blocked tasks', 'hung-task'),
                          ('softlockup: hung tasks', 'soft-lockup'),
                          ('Hard LOCKUP', 'hard-lockup'), ('sysrq triggered crash', 'sysrq'),
                          ('System is deadlocked on memory: Out of memory', 'oom'),
                          ('Fatal Machine check', 'machine-check'),
                          ('NMI: Not continuing', 'nmi'), ('RCU Stall', 'rcu-stall'),
                          ('Attempted to kill init! exitcode=0x9', 'init-died'),
                          ('kernel stack overflow', 'stack-overflow')):
        core('crashed', *ring((0, 'BUG: kernel NULL pointer dereference, address: 8'),
                              (1, f'Kernel panic - not syncing: {message}')))
        crash = load(triage('--json', '-', 'crashed'))['crash']
        check(crash['kind'] == kind, f'{message}: {crash["kind"]}')
    for message, kind in (('kernel BUG at mm/slub.c:1!', 'bug'),
                          ('BUG: unable to handle page fault for address: 8', 'page-fault'),
                          ('Oops: general protection fault, 0000 [#1]', 'protection-fault'),
                          ('BUG: TASK stack guard page was hit at 8', 'stack-overflow')):
        core('crashed', *ring((0, message), (1, 'Kernel panic - not syncing: Fatal exception')))
        crash = load(triage('--json', '-', 'crashed'))['crash']
        check(crash['kind'] == kind, f'{message}: {crash["kind"]}')
        check(crash['message'] == message, crash)
    core('running', *ring((0, 'BUG: kernel NULL pointer dereference, address: 8')))
    check(load(triage('--json', '-', 'running'))['crash']['kind'] == 'running', 'running')


@test('what cannot be found is listed with the reason, as text and as JSON')
def _():
    core('crashed', *LOG)
    text, found = triage('crashed'), load(triage('--json', '-', 'crashed'))
    for part in ('CPUs', 'tasks', 'slabs', 'memory', 'command line', 'network interfaces'):
        check(any(line.startswith(part) for line in found['missing']), f'{part}: {found}')
    for line in found['missing']:
        check(f'missing    {line}\n' in text, line)
    check(found['log']['text'].endswith('red\n'), found['log'])
    check(found['crash']['time'] is None or found['crash']['time'] > 0, found['crash'])


@test('a dump without VMCOREINFO: the head alone')
def _():
    core('bare', text='segment M M\n')
    found = load(triage('--json', '-', 'bare'))
    check(found['kernel']['release'] == '(unknown)', found)
    check(any('only the head' in line for line in found['missing']), found['missing'])


@test('a dump without a log')
def _():
    core('mini')
    check(any(line.startswith('no log') for line in load(triage('--json', '-', 'mini'))['missing']),
          'the log is not missing')
    check('The end of the log' not in triage('mini'), 'there is an end of the log')


@test('FILE, --json FILE, both; files are created as those of dumps are')
def _():
    core('crashed', *LOG)
    text = triage('crashed')
    check(triage('crashed', 'text') == '' and read('text').decode() == text, 'text')
    check(stat.S_IMODE(os.stat('text').st_mode) == 0o600, 'mode')
    makedumpfile('--triage', 'crashed', 'text').check_failed('text')
    check(triage('-f', '--json', 'json', 'crashed', 'text') == '', 'both')
    load(read('json'))
    check(triage('--json', 'json', 'crashed') == text, 'text and JSON')
    load(triage('--json', '-', 'crashed', 'other'))
    makedumpfile('-f', '--triage', 'crashed', 'crashed').check_failed('are the same file')
    makedumpfile('--triage', 'crashed', '-').check_failed("'-' is not a file")
    makedumpfile('--triage', 'crashed', 'a', 'b').check_failed('one argument too many')
    makedumpfile('--triage', '-d', '31', 'crashed').check_failed('-d cannot be used with --triage')


@test('--triage-file: the same beside a dump; JSON by its name')
def _():
    core('crashed', *LOG)
    text = triage('crashed')
    done = makedumpfile('-c', '-d', '31', '--triage-file', 'beside', 'crashed', 'dump').check_done()
    check(read('beside').decode() == text, read('beside'))
    check(os.path.exists('dump') and 'saved to dump' in done.text, done.text)
    makedumpfile('-f', '--triage-file', 'beside.json', 'crashed', 'dump').check_done()
    check(load(read('beside.json'))['crash']['kind'] == 'null-pointer', 'kind')
    check(triage('dump') == text, 'the triage of our own dump differs')
    makedumpfile('-f', '--triage-file', 'dump', 'crashed', 'dump').check_failed('the same file')
    makedumpfile('--all-tasks', 'crashed', 'dump').check_failed('--all-tasks needs')
    triage('--all-tasks', 'crashed')


@test('a triage that cannot be written is a warning beside a dump, and an error alone')
def _():
    core('crashed', *LOG)
    done = makedumpfile('-f', '--triage-file', 'no/such/place', 'crashed', 'dump')
    check(done.code == 0 and 'there is no triage' in done.err, done)
    makedumpfile('--triage', 'crashed', 'no/such/place').check_failed('no/such/place')
    makedumpfile('--triage', 'crashed', stdout=open('/dev/full', 'w')).check_failed(
        'cannot write to standard output')


@test('data that --config erases is erased in a triage, too')
def _():
    if 'libbpf' in makedumpfile('--check-params', '--list-ktypes', 'x', 'y').err:
        skip('built without libbpf')
    Kernel().core('full')
    write('conf', 'erase (char *)saved_command_line\nerase (struct task_struct)shell.comm\n')
    makedumpfile('-f', '--config', 'conf', '--triage-file', 'beside.json', 'full',
                 'dump').check_done()
    plain, erased = load(triage('--json', '-', 'full')), load(read('beside.json'))
    check(plain['kernel']['command_line'] == 'root=/dev/mini password=1234', plain['kernel'])
    check(erased['kernel']['command_line'] == 'X' * 28, erased['kernel'])
    names = [t['command'] for t in plain['tasks']]
    check('shell' in names and len(names) == 2, names)
    check('X' * 15 in [t['command'] for t in erased['tasks']], erased['tasks'])
    check(load(triage('--json', '-', 'dump'))['tasks'] == erased['tasks'], 'of the dump')


@test('facts that only a triage needs are resolved for it alone')
def _():
    core('crashed', *LOG)
    fact = 'OFFSET(orc_entry.sp_offset)'
    check(fact in makedumpfile('--trace', 'facts', '--triage', 'crashed').err, '--triage')
    plain = makedumpfile('--trace', 'facts', '--dry-run', '-d', '31', 'crashed').err
    check('SYMBOL(init_task)' in plain and fact not in plain, plain)


run_tests()
