#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The messages: their text, their stream and their message level."""
import json
import os
import pty

from harness import *

PROGRESS_BIT, COMMON, ERROR, DEBUG, REPORT = 1, 2, 4, 8, 16

REPORT_LABELS = (
    'Original pages  :', '  Excluded pages   :', '    Pages filled with zero  :',
    '    Non-private cache pages :', '    Private cache pages     :',
    '    User process data pages :', '    Free pages              :',
    '    Hwpoison pages          :', '    Offline pages           :', '  Remaining pages  :',
    'Memory Hole     :', 'Total pages     :', 'Write bytes')


def said(result):
    """The message level bits of what was said, by the stream that it belongs to."""
    bits = 0
    lines = result.err.splitlines()
    if any(PROGRESS.fullmatch(line) for line in lines):
        bits |= PROGRESS_BIT
    if re.search('makedumpfile (Completed|Failed)', result.text):
        bits |= COMMON
    if any(line.startswith('makedumpfile: ') for line in lines):
        bits |= ERROR
    if 'OSRELEASE=' in result.text:
        bits |= DEBUG
    if 'Original pages' in result.text:
        bits |= REPORT
    return bits


@test('each bit of --message-level shows its kind of message, on its stream, and no other')
def _():
    core('mini')
    for level in range(32):
        done = makedumpfile('-f', '-d', '31', '--message-level', level, 'mini', 'dump')
        check(done.code == 0, done)
        check(said(done) == level & ~ERROR, f'level {level}: {said(done)} was said')
        if not level:
            check(not done.out and not done.err, f'level 0: {done.text}{done.err}')
    core('bad', 'set OFFSET(page.flags)')
    for level in range(32):
        result = makedumpfile('-d', '31', '--strict-level', '--message-level', level, 'bad',
                              'left')
        check(result.code == 1, result)
        check(said(result) & (COMMON | ERROR) == level & (COMMON | ERROR),
              f'level {level}: {said(result)} was said of the error')


@test('without --message-level it is 7')
def _():
    core('mini')
    check(said(makedumpfile('-f', '-d', '31', 'mini', 'dump')) == 7 & ~ERROR, 'not 7')


@test('--show-stats adds the report and -D debugging, before and after --message-level')
def _():
    core('mini')
    for option, bit in (('--show-stats', REPORT), ('-D', DEBUG)):
        for args in ((option,), ('--message-level', '2', option), (option, '--message-level', '2')):
            bits = said(makedumpfile('-f', *args, 'mini', 'dump').check_done())
            check(bits & bit, f'{args}: not shown')


@test('the report has every label, and its numbers are those of the dump')
def _():
    core('mini')
    text = makedumpfile('-f', '-d', '31', '--show-stats', 'mini', 'dump').check_done().text
    for label in REPORT_LABELS:
        check(f'\n{label}' in text, f'"{label}" is not there')

    def number(label):
        return int(re.search(rf'{label} *: 0x([0-9a-f]+)', text)[1], 16)
    dump = Kdump('dump')
    zeros = sum(not any(data) for _, data in dump.contents())
    for label, want in (('Original pages', len(EXISTS)), ('Pages filled with zero', zeros),
                        ('Non-private cache pages', len(CACHE)),
                        ('Private cache pages', len(CACHE_PRIVATE)),
                        ('User process data pages', len(USER)), ('Free pages', len(FREE)),
                        ('Hwpoison pages', 1), ('Offline pages', 8),
                        ('Remaining pages', len(dump.pages) - zeros),
                        ('Total pages', dump.max_mapnr),
                        ('Memory Hole', dump.max_mapnr - len(EXISTS))):
        check(number(label) == want, f'{label}: {number(label)}, not {want}')
    percent = int(re.search(r'The number of pages is reduced to (\d+)%', text)[1])
    check(percent == (len(dump.pages) - zeros) * 100 // len(EXISTS), f'{percent}%')
    written = int(re.search(r'Write bytes +: (\d+)', text)[1])
    # Descriptors are written again when a page of another class lies between them.
    check(abs(written - len(dump.bytes)) < 24 * len(dump.pages), f'{written} bytes written')


@test('the report has a line about inconsistent struct pages')
def _():
    core('mini')
    intact = makedumpfile('--dry-run', '-d', '31', '--show-stats', 'mini').check_done().text
    core('odd', 'buddy 0xe11 order=3')
    text = makedumpfile('--dry-run', '-d', '31', '--show-stats', 'odd').check_done().text
    line = re.compile(r'^Inconsistent struct pages +: 1$', re.M)
    check(line.search(text) and 'Inconsistent' not in intact, text)


def cut_unclaimed(name):
    """Cut off the bytes of the last PT_LOAD of a vmcore if it says that it has none."""
    *_, (_, _, offset, filesz, _) = ElfCore(name).loads
    if not filesz:
        os.truncate(name, offset)


@test('memory that the kernel used and the vmcore lacks is named, holes are not')
def _():
    line = re.compile(r'VMCORE lacks about (\d+) MiB of memory .* \[(.*)\]$')
    lacks = ('lie 4 filesz 0', 'lie 4 memsz 0')
    reserved = 'page_struct 0x8000..0x8800 flags=1<<13 mapcount=-1 refcount=1 private=0'
    anonymous = 'page_struct 0x8000..0x8800 refcount=1 mapcount=0 mapping=direct+1 flags='
    for statements, want in (((), None), (lacks, '0x8000000-0xbffffff'),
                             ((*lacks, reserved), None),
                             # The pages are a device's, then a process's.
                             ((*lacks, anonymous + '0'), None),
                             ((*lacks, anonymous + '0x20128'), '0x8000000-0xbffffff'),
                             ((*lacks, 'page_struct 0x8000..0x8100 flags=-1 mapcount=-1 '
                               'mapping=-1 compound=-1'), None),
                             ((*lacks, 'set NUMBER(PG_lru)'), '0x8000000-0xbffffff')):
        core('absent', *statements)
        cut_unclaimed('absent')
        done = makedumpfile('--dry-run', '-d', '31', '--show-stats', '--json', 'report', 'absent')
        found = [line.search(text) for text in done.errors if line.search(text)]
        check(done.code == 0, done)
        check([m[2] for m in found] == ([want] if want else []), f'{statements}: {done}')
        check(('Memory of the kernel that VMCORE lacks' in done.text) == bool(want), done.text)
        report = json.loads(read('report'))
        check(report['pages']['absent_memory_bytes'] == (64 * MIB if want else 0), report)
        check(sum('lacks' in text for text in report['warnings']) == bool(want), report)
    core('absent', *lacks)
    cut_unclaimed('absent')
    done = makedumpfile('--dry-run', '-d', '1', 'absent').check_done()
    check(not done.errors, done)


@test('--show-stats counts the pages that VMCORE lost')
def _():
    text = 'codec = zlib\nvmcoreinfo = OSRELEASE=6.1.0\npage = 0-40 pattern\n'
    for lie, want in (('', None), ('page = 5 pattern zlib size=0\n', '1 page'),
                      ('page = 5-7 pattern zlib size=0\n', '3 pages')):
        kdump('lost', text + lie)
        done = makedumpfile('-f', '-d', '0', '--show-stats', '--json', 'report', 'lost', 'dump')
        found = re.findall(r'Lost because VMCORE could not be read there +: (.*)', done.text)
        check(found == ([want] if want else []), f'{lie}: {done}')
        check(done.code == bool(want), done)
        check(json.loads(read('report'))['pages']['lost'] == int((want or '0').split()[0]), lie)


@test('the end says where the dump is, then "makedumpfile Completed."')
def _():
    core('mini')
    text = makedumpfile('-f', 'mini', './dump').check_done().text
    check(text.endswith('\nThe dumpfile is saved to ./dump.\n\nmakedumpfile Completed.\n'), text)


@test('progress: plain lines in a pipe, each step ends at 100 %')
def _():
    core('mini')
    err = makedumpfile('-f', '-d', '31', 'mini', 'dump').err
    check('\r' not in err, 'carriage returns')
    for step in ('Excluding unnecessary pages', 'Copying data'):
        check(re.search(rf'^{step} +: \[100\.0 %\]', err, re.M), f'{step}: {err}')


@test('progress: a line that rewrites itself on a terminal, which the end leaves')
def _():
    core('mini')
    master, slave = pty.openpty()
    done = subprocess.run([PROGRAM, '-f', '-d', '31', 'mini', 'dump'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=slave, timeout=TIME_LIMIT)
    os.close(slave)
    shown = b''
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:
        pass        # a terminal that no process has open ends so
    os.close(master)
    check(done.returncode == 0, shown)
    # The terminal itself makes \r\n of \n.
    lines = shown.replace(b'\r\n', b'\n')
    check(b'\r' in lines, lines)
    check(lines.endswith(b'\n'), f'the last line is not ended: {lines[-80:]}')


@test('debugging messages have all of VMCOREINFO, also when it is long')
def _():
    core('long', *(f'set NUMBER(FILLER_{i:04}) {i}' for i in range(300)), 'set LAST_KEY there')
    for args in (('-D',), ('--message-level', '8')):
        text = makedumpfile('-f', *args, 'long', 'dump').text
        for line in ('OSRELEASE=6.12.0-mini', 'NUMBER(FILLER_0150)=150', 'LAST_KEY=there'):
            check(f'{line}\n' in text, f'{line} is not there')


@test('names and texts from a dump cannot control the terminal')
def _():
    evil = '\x1b]0;owned\x07\x1b[31m<>\x9b31m'
    write('info', f'OSRELEASE={evil}\n')
    core('mini')
    core('evil', f"set SIZE(page) '{evil}'")
    core('other', f"set OSRELEASE '{evil}'")
    write('good', 'OSRELEASE=6.12.0-mini\n')
    with open('start', 'wb') as f:
        f.write(evil.encode() + b'\x1b\x1b')
    # CSI as a single byte, and CR, which goes back over what the line says so far.
    for name in ('info', 'evil', 'other', 'start'):
        content = read(name)
        with open(name, 'wb') as f:
            f.write(content.replace(b'<>', b'\x9b\r'))
    for args in (('-i', 'info', 'mini'), ('evil',), ('-i', 'good', 'other'), ('start',),
                 ('-D', 'other')):
        result = makedumpfile('-f', '-d', '31', *args, 'dump')
        shown = result.text + result.err
        check(not re.search(r'[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd]', shown), f'{args}: {shown!r}')


@test('a message is one line, however long the names in it are')
def _():
    name = 'n' * 250
    makedumpfile('/'.join([name] * 12), 'dump').check_failed('nnn')
    makedumpfile('-d', '9' * 5000, 'a', 'b').check_failed("'999.* is not a dump level")


@test('the reason stays, however long a name is, and a long name of a dump is whole')
def _():
    core('mini')
    deep = '/'.join(['d' * 250] * 15)
    os.makedirs(deep)
    makedumpfile(f'{deep}/missing', 'dump').check_failed(
        r'cannot open ddd.*\.\.\..*/missing: No such file or directory$')
    done = makedumpfile('-d', '31', 'mini', f'{deep}/dump').check_done()
    check(f'The dumpfile is saved to {deep}/dump.\n' in done.text, done.text)
    makedumpfile('-d', '31', 'mini', f'{deep}/dump').check_failed('file exists.*use -f')


@test('-D shows version, command line and PT_LOADs before anything else')
def _():
    core('mini')
    args = ('-D', '-f', '-c', '-d', '31', 'mini', 'dump')
    said = makedumpfile(*args).check_done().text
    version = makedumpfile('-v').text.split()[2]
    check(said.startswith(f'makedumpfile: version {version}\nCommand line: '), said[:200])
    check(said.split('\n')[1].endswith(' '.join(args)), said[:200])
    loads = re.findall(r'PT_LOAD (\d+): physical (\w+), virtual (\w+), offset (\w+), '
                       r'(\w+) of (\w+) bytes', said)
    check([tuple(int(word, 0) for word in load) for load in loads] ==
          [(i, paddr, vaddr, offset, filesz, memsz) for i, (vaddr, paddr, offset, filesz, memsz)
           in enumerate(ElfCore('mini').loads)], loads)
    check('Command line' not in makedumpfile(*args[1:]).text, 'shown without -D')


run_tests()
