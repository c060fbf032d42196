#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--dump-dmesg and --partial-dmesg."""
import os
import stat

from harness import *
import mini_symbols
from mini_symbols import MiniSymbols, need_types

MESSAGES = ((0, 'Linux version 6.12.0-mini'), (1234567890, 'two\nlines'),
            (98765432109876, 'Kernel panic - not syncing: \x1b[31mred'))
LOG = ring(*MESSAGES, clear_seq=98)
TEXT = ('[    0.000000] Linux version 6.12.0-mini\n'
        '[    1.234567] two\n'
        '               lines\n'
        '[98765.432109] Kernel panic - not syncing: \\x1b[31mred\n')
PARTIAL = '[98765.432109] Kernel panic - not syncing: \\x1b[31mred\n'


@test('--dump-dmesg writes the log to a file that only its owner can read')
def _():
    core('logged', *LOG)
    done = makedumpfile('--dump-dmesg', 'logged', 'log').check_done()
    check(read('log').decode() == TEXT, read('log'))
    check(stat.S_IMODE(os.stat('log').st_mode) == 0o600, 'mode')
    check('The dmesg log is saved to log.' in done.text, done.text)
    check(done.text.endswith('\nmakedumpfile Completed.\n'), done.text)


@test('--partial-dmesg: what came after the log was cleared')
def _():
    core('logged', *LOG)
    makedumpfile('-f', '--dump-dmesg', '--partial-dmesg', 'logged', 'log').check_done()
    check(read('log').decode() == PARTIAL, read('log'))
    core('cleared', *LOG, f'u64 image+{RING + 0x20:#x} 99')
    makedumpfile('-f', '--dump-dmesg', '--partial-dmesg', 'cleared', 'log').check_done()
    check(read('log') == b'', read('log'))
    makedumpfile('--partial-dmesg', 'logged', 'log').check_failed('--partial-dmesg cannot be used')


@test('-F: nothing but the log on standard output, all messages on standard error')
def _():
    core('logged', *LOG)
    done = makedumpfile('-F', '-D', '--dump-dmesg', 'logged')
    check(done.code == 0 and done.text == TEXT, done)
    check('makedumpfile Completed.' in done.err, done.err)
    done = makedumpfile('-F', '--message-level', '0', '--dump-dmesg', 'logged')
    check(done.code == 0 and done.text == TEXT and not done.err, done)
    makedumpfile('-F', '--dump-dmesg', 'logged', 'log').check_failed('log is one argument too many')


@test('an existing file is overwritten only with -f, and VMCORE never')
def _():
    core('logged', *LOG)
    write('log', 'precious')
    makedumpfile('--dump-dmesg', 'logged', 'log').check_failed('log: file exists')
    check(read('log') == b'precious', 'it was changed')
    makedumpfile('-f', '--dump-dmesg', 'logged', 'log').check_done()
    check(read('log').decode() == TEXT, read('log'))
    before = read('logged')
    makedumpfile('-f', '--dump-dmesg', 'logged', 'logged').check_failed(
        'VMCORE logged and LOGFILE logged are the same file')
    check(read('logged') == before, 'VMCORE was changed')


@test('a dump of ours has the same log, whatever its level, and a flattened one')
def _():
    core('logged', *LOG)
    makedumpfile('-f', '-c', '-d', '31', 'logged', 'dump').check_done()
    makedumpfile('-f', '--dump-dmesg', 'dump', 'log').check_done()
    check(read('log').decode() == TEXT, read('log'))
    with open('flat', 'wb') as f:
        done = makedumpfile('-F', '-c', '-d', '31', 'logged', stdout=f)
    check(done.code == 0, done)
    makedumpfile('-f', '--dump-dmesg', 'flat', 'log').check_done()
    check(read('log').decode() == TEXT, read('log'))


@test('no log: one line says what is missing, and no file is left')
def _():
    core('mini')
    makedumpfile('--dump-dmesg', 'mini', 'nolog').check_failed('log cannot be found: SYMBOL')
    core('poor', *LOG, 'set OFFSET(prb_desc_ring.descs)')
    makedumpfile('--dump-dmesg', 'poor', 'nolog').check_failed(r'OFFSET\(prb_desc_ring.descs\)')
    core('bad', *LOG, f'u32 image+{RING + 0x100:#x} 40')
    makedumpfile('--dump-dmesg', 'bad', 'nolog').check_failed('are invalid')
    check(not os.path.exists('nolog'), 'nolog was created')


@test('a damaged log: what is left is written, and the exit status says that it is not all')
def _():
    # The descriptor of the second message leads to a place without text.
    core('bad', *LOG, f'u64 image+{RING + 0x200 + 24 + 16:#x} 0x10000')
    makedumpfile('-f', '--dump-dmesg', 'bad', 'log').check_failed('at least 1 message is missing: ')
    lines = TEXT.splitlines(keepends=True)
    check(read('log').decode() == lines[0] + lines[3], read('log'))


@test('a log whose ring is damaged is not an empty one')
def _():
    # Zeros follow the descriptors.
    core('bad', *LOG, f'u64 image+{RING + 0x108:#x} stext+{RING + 0x5000:#x}')
    for args in ((), ('--partial-dmesg',)):
        makedumpfile('-f', '--dump-dmesg', *args, 'bad', 'log').check_failed(
            'at least 3 messages are missing: the ring of descriptors is damaged: 3 of 3')
        check(read('log') == b'', read('log'))


@test('text that is not that of a message is not printed as if it were')
def _():
    lines = TEXT.splitlines(keepends=True)
    # The ring of text is elsewhere; the text of the second message is that of an older one.
    for change, left, lost in (
            (f'u64 image+{RING + 0x138:#x} stext+{RING + 0x1008:#x}', [], '3 messages are'),
            (f'u64 image+{RING + 0x1028:#x} 7', [lines[0], lines[3]], '1 message is')):
        core('bad', *LOG, change)
        makedumpfile('-f', '--dump-dmesg', 'bad', 'log').check_failed(
            f'at least {lost} missing: the text of message 0x700[01] begins with the id ')
        check(read('log').decode() == ''.join(left), read('log'))


@test('a page of the log that is damaged in the dump costs its messages only')
def _():
    # The text of the first message lies at the end of a page, the others after it.
    begin = RING + 0x3000 - 40
    core('logged', *ring(*MESSAGES, text_at=begin))
    lines = TEXT.splitlines(keepends=True)
    for page, left, lost in ((0x2000, lines[1:], "1 message is"),
                             (0x3000, lines[:1], "2 messages are")):
        makedumpfile('-f', '-c', '-d', '0', 'logged', 'dump').check_done()
        Kdump('dump').damage('damaged', 0x200 + (RING + page) // PAGE)
        makedumpfile('-f', '--dump-dmesg', 'damaged', 'log').check_failed(
            f'at least {lost} missing: .*unknown flags')
        check(read('log').decode() == ''.join(left), read('log'))


@test('no memory to find the end of the log: its beginning is written')
def _():
    # Descriptors begin at the end of the image, after which nothing is mapped: all but the first
    # are looked for among the texts.
    missing, rb = 5003, f'image+{RING + 0x100:#x}'
    core('logged', *LOG, f'u32 {rb} 13', f'u64 {rb}+8 stext+0x200*P-24',
         f'u64 image+{RING + 0x1000:#x} 0x8000', f'u64 image+{RING + 0x400:#x} 0',
         f'u64 {rb}+24 {0x8000 + missing} 0x8000', f'u64 image+0x200*P-24 {2 << 62 | 0x8000} 0 40')
    write('full.c', f'#include <stdlib.h>\nvoid *__libc_calloc(size_t, size_t);\n'
                    f'void *calloc(size_t n, size_t size)\n'
                    f'{{ return n == {missing} ? NULL : __libc_calloc(n, size); }}\n')
    done = run([need_tool('cc'), '-shared', '-fPIC', '-o', 'full.so', 'full.c'])
    check(done.code == 0, done)
    env = {'LD_PRELOAD': os.path.abspath('full.so')}
    makedumpfile('-f', '--dump-dmesg', 'logged', 'log', env=env).check_failed(
        'no memory to search the log')
    check(read('log').decode() == TEXT.splitlines(keepends=True)[0], read('log'))
    makedumpfile('--dump-dmesg', 'logged', 'log', env=env).check_failed('log: file exists')


@test('logs of before: records, as from 3.5 to 5.9, and lines, as before that')
def _():
    log = f'{0xffffffff89400000 + RING:x}'
    at = [f'{0xffffffff89400000 + RING + 16 * i:x}' for i in range(6)]
    records = struct.pack('<QHHHHI12s', 5000000, 32, 10, 2, 0, 0, b'two\nlines.KEY'[:12])
    core('records', f'u64 image+{RING:#x} stext+{RING + 0x1000:#x}',
         f'u32 image+{RING + 0x10:#x} 4096', f'u32 image+{RING + 0x30:#x} 32',
         f'hex image+{RING + 0x1000:#x} {records.hex()}',
         *(f'set SYMBOL({name}) {where}' for name, where in zip(
             ('log_buf', 'log_buf_len', 'log_first_idx', 'log_next_idx', 'clear_idx'), at)),
         'set SIZE(printk_log) 20', 'set OFFSET(printk_log.ts_nsec) 0',
         'set OFFSET(printk_log.len) 8', 'set OFFSET(printk_log.text_len) 10')
    done = makedumpfile('-F', '--dump-dmesg', 'records')
    check(done.code == 0 and done.text == '[    0.005000] two\n               lines.\n', done)
    text = b'<6>[    0.005000] one\n<5>two\n'
    core('lines', f'u64 image+{RING:#x} stext+{RING + 0x1000:#x}',
         f'u32 image+{RING + 0x10:#x} 4096', f'u32 image+{RING + 0x20:#x} {len(text)}',
         f'hex image+{RING + 0x1000:#x} {text.hex()}', f'set SYMBOL(log_buf) {log}',
         f'set SYMBOL(log_buf_len) {at[1]}', f'set SYMBOL(log_end) {at[2]}')
    done = makedumpfile('-F', '--dump-dmesg', 'lines')
    check(done.code == 0 and done.text == '[    0.005000] one\ntwo\n', done)


@test('full disks and closed pipes: one line, and exit status 1')
def _():
    core('logged', *LOG)
    with open('/dev/full', 'wb') as full:
        makedumpfile('-F', '--dump-dmesg', 'logged', stdout=full).check_failed(
            'cannot write to standard output: No space left')
    makedumpfile('-f', '--dump-dmesg', 'logged', '/dev/full').check_failed('cannot write to /dev')
    closed_pipe([PROGRAM, '-F', '--dump-dmesg', 'logged'], 0).check_alive()


@test('a hostile log does not take long: rings as large as can be, ids far apart')
def _():
    rb = f'image+{RING + 0x100:#x}'
    for damage in ([f'u32 {rb} 26', f'u64 {rb}+24 {(1 << 62) - 1} 0'],
                   [f'u64 {rb}+24 0 1'],
                   [f'u64 image+{RING + 0x20:#x} 1500'],
                   [f'u32 {rb}+48 31']):
        core('bad', *LOG, *damage)
        for options in ([], ['--partial-dmesg']):
            limited('-F', '--dump-dmesg', *options, 'bad').check_alive()


@test('-L: the log is cut there, and that is an error')
def _():
    core('logged', *LOG)
    whole = TEXT.encode()
    for limit in (1, len(whole) - 1):
        makedumpfile('-f', '-L', limit, '--dump-dmesg', 'logged', 'log').check_failed(
            f'log is cut: the limit of -L .{limit} bytes?. was reached')
        check(read('log') == whole[:limit], f'{limit}: {read("log")}')
    for limit in (len(whole), '1G'):
        makedumpfile('-f', '-L', limit, '--dump-dmesg', 'logged', 'log').check_done()
        check(read('log') == whole, f'{limit}: {read("log")}')
    done = makedumpfile('-F', '-L', '5', '--dump-dmesg', 'logged')
    check(done.code == 1 and done.out == whole[:5], done)


@test('a log that is longer than what is written at once is written whole, or up to -L')
def _():
    core('long', *ring((0, '\n' * 8000), size_bits=13))
    makedumpfile('-f', '--dump-dmesg', 'long', 'log').check_done()
    whole = read('log')
    check(whole == b'[    0.000000] \n' + b'               \n' * (len(whole) // 16 - 1) and
          len(whole) > 120000, whole[-40:])
    for limit in (65536, 100000):
        makedumpfile('-f', '-L', limit, '--dump-dmesg', 'long', 'log').check_failed('log is cut')
        check(read('log') == whole[:limit], f'{limit}: {len(read("log"))}')


@test('types are read only if VMCOREINFO and symbols are not enough to read the whole log')
def _():
    need_types()
    info = 'struct printk_info { unsigned long long seq, ts_nsec; unsigned short text_len; ' \
           'unsigned char facility, flags; unsigned caller_id; char more[64]; } one_info;'
    own = MiniSymbols(0xffffffff89400000, types=mini_symbols.TYPES + info)
    for lines, reads in ((), False), (('set OFFSET(printk_info.ts_nsec)',), True), \
            (('set SIZE(prb_desc) 16',), True):
        core('typed', *own.there, *own.exported, *LOG, *lines)
        done = makedumpfile('-f', '--trace', 'btf', '--dump-dmesg', 'typed', 'log')
        check(('trace btf: ' in done.err) == reads, f'{lines}: {done}')
        if 'prb_desc' not in str(lines):
            check(done.code == 0 and read('log').decode() == TEXT, f'{lines}: {done}')


run_tests()
