#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each option, and the errors about invalid command lines."""
import itertools
import os
import re

from harness import *
from option_table import read_options, read_topics

CODECS = {'-c': 'zlib', '-l': 'lzo', '-p': 'snappy', '-z': 'zstd'}


@test('-h and --help print the usage to standard output and exit 0')
def _():
    short, long = makedumpfile('-h').check_done(), makedumpfile('--help').check_done()
    check(short.text.startswith('Usage: makedumpfile'), short.text)
    check(short.text == long.text, 'they differ')


@test('-h all names every option that is accepted')
def _():
    source = read(f'{TOP}/cli/option_table.c').decode()
    rows = re.findall(r"\.letter = '(.)',|\.name = \"(.+?)\",", source)
    expected = {f'-{letter}' if letter else f'--{name}' for letter, name in rows}
    found = {s for option in read_options(PROGRAM) for s in option.spellings()}
    check(len(expected) > 45 and found == expected, found ^ expected)


@test('each option of -h all is accepted, and takes an argument if -h all shows one')
def _():
    for option in read_options(PROGRAM):
        for spelling in option.spellings():
            last = makedumpfile(spelling)
            check('is not an option' not in last.err, f'{spelling}: {last.err}')
            check(('needs an argument' in last.err) == option.has_arg(), f'{spelling}: {last.err}')


@test('-h TOPIC fits on a screen, -h names all topics, and an unknown one is refused')
def _():
    *topics, last = read_topics(PROGRAM)
    check(len(topics) > 5 and last == 'all', topics)
    for topic in (None, *topics):
        text = makedumpfile('-h', *([topic] if topic else [])).check_done().text
        lines = text.splitlines()
        check(len(lines) <= 24, f'{topic}: {len(lines)} lines')
        for line in lines:
            check(len(line) <= 80, f'{topic}: "{line}" has {len(line)} columns')
        check(text in makedumpfile('-h', 'all').text, f'{topic}: all lacks it')
    makedumpfile('-h', 'nothing').check_failed(
        f"'nothing' is not a help topic: use one of {', '.join(topics)}, all$")
    check(makedumpfile('--help', 'all').text == makedumpfile('-h', 'all').text, '--help all')


@test('-v prints the version, what is enabled or disabled, and libraries, and exits 0')
def _():
    text = makedumpfile('-v').check_done().text
    check(text == makedumpfile('--version').check_done().text, '--version')
    check(text.startswith('makedumpfile: version '), text)
    for name in (*CODECS.values(), 'types', 'vmlinux', 'extensions'):
        check(f'{name}\tenabled\n' in text or f'{name}\tdisabled\n' in text, name)
    check(re.search(r'^Libraries:.* zlib \d+\.\d', text, re.M), text)


@test('-h and -v need no file and win over the rest')
def _():
    makedumpfile('-d', '31', '-v').check_done()
    makedumpfile('-h', 'vmcore', 'dumpfile', 'more').check_done()


@test('every dump level from 0 to 31 keeps exactly the pages it should, with their contents')
def _():
    memory = core('mini').memory
    for level in range(32):
        makedumpfile('-f', '-d', level, 'mini', 'dump').check_done()
        dump = Kdump('dump')
        check(set(dump.exists) == EXISTS, f'level {level}: the pages that exist')
        lost, more = kept(level) - set(dump.pages), set(dump.pages) - kept(level)
        check(not lost, f'level {level}: lost {[hex(p) for p in sorted(lost)[:5]]}')
        check(not more, f'level {level}: kept {[hex(p) for p in sorted(more)[:5]]}')
        check(dump.level == level, f'level {level}: the header says {dump.level}')
        dump.check_contents(memory)


@test('without -d everything is kept but what must not be read')
def _():
    makedumpfile('-f', 'mini', 'dump').check_done()
    check(set(Kdump('dump').pages) == kept(0), 'pages differ from those of -d 0')


@test('all zero pages share one: with -d 1 the first of the data, without it one among the others')
def _():
    for level, first in ((1, True), (0, False)):
        makedumpfile('-f', '-d', level, 'mini', 'dump').check_done()
        dump = Kdump('dump')
        where = [dump.desc(i)[0] for i in range(len(dump.pages))]
        zeros = {off for off, (_, data) in zip(where, dump.contents()) if not any(data)}
        check(len(zeros) == 1, f'-d {level}: zero pages at {len(zeros)} places')
        check((zeros.pop() == min(where)) == first, f'-d {level}: place')


@test('a page that has waiters is no slab page: excluded at -d 8, kept at -d 2 and -d 4')
def _():
    for level, kept_there in ((8, False), (2, True), (4, True)):
        makedumpfile('-f', '-d', level, 'mini', 'dump').check_done()
        found = WAITED_FOR & set(Kdump('dump').pages)
        check(found == (WAITED_FOR if kept_there else set()), f'-d {level}: {len(found)} kept')


for option, codec in CODECS.items():
    @test(f'{option} compresses with {codec}, and the header says so')
    def _(option=option, codec=codec):
        if f'{codec}\tdisabled' in makedumpfile('-v').text:
            skip(f'built without {codec}')
        makedumpfile('-f', option, '-d', '31', 'mini', 'dump').check_done()
        dump = Kdump('dump')
        flag = {name: flag for flag, name in Kdump.CODECS.items()}[codec]
        check(dump.status == flag, f'status {dump.status:#x}')
        used = {dump.desc(i)[2] for i in range(len(dump.pages))}
        # Random pages do not become smaller, and pages of zeros are never compressed.
        check(used == {0, flag}, f'flags of the pages: {used}')
        if codec == 'zlib':
            dump.check_contents(core('mini').memory)


@test('of several compressions the last one wins')
def _():
    makedumpfile('-f', '-l', '-z', '-c', 'mini', 'dump').check_done()
    check(Kdump('dump').status == 1, 'it is not zlib')


@test('without a compression pages are stored as they are')
def _():
    makedumpfile('-f', 'mini', 'dump').check_done()
    dump = Kdump('dump')
    check({dump.desc(i)[1:] for i in range(len(dump.pages))} == {(PAGE, 0)}, 'sizes and flags')
    check(dump.status == 0, f'status {dump.status:#x}')


@test('options may stand after the files, in one word, and be abbreviated')
def _():
    makedumpfile('-d31', '-cf', 'mini', 'a').check_done()
    makedumpfile('mini', 'b', '-d', '31', '-c').check_done()
    makedumpfile('--num-thr=1', '--non-mm', '-c', '-d', '31', '--', 'mini', 'c').check_done()
    a = read('a')
    check(a == read('b') and a == read('c'), 'the dumps differ')


@test('--non-mmap gives the same dump, aligned segments or not')
def _():
    core('odd', 'phoff 200', text=MINI.replace(' align=4096', ''))
    for name in ('mini', 'odd'):
        makedumpfile('-f', '-c', '-d', '31', name, 'a').check_done()
        makedumpfile('-f', '-c', '-d', '31', '--non-mmap', name, 'b').check_done()
        check(read('a') == read('b'), f'{name}: the dumps differ')


@test('-i takes VMCOREINFO from a file for a dump that has none')
def _():
    c = core('none')
    text = '\n'.join(c.vmcoreinfo) + '\n'
    write('info', text)
    c.notes = [n for n in c.notes if n[0] != 'VMCOREINFO']
    c.write('none')
    makedumpfile('-f', '-d', '31', 'none', 'x').check_warned('VMCOREINFO')
    makedumpfile('-f', '-d', '31', '-i', 'info', 'none', 'a').check_done()
    check(set(Kdump('a').pages) == kept(31), 'pages')


@test('-i wins over the dump\'s own VMCOREINFO, which fills the rest')
def _():
    c = core('mini')
    core('wrong', 'set NUMBER(PG_lru) 30')
    write('info', 'OSRELEASE=6.12.0-mini\nNUMBER(PG_lru)=5\n')
    makedumpfile('-f', '-d', '2', 'wrong', 'a').check_done()
    check(set(Kdump('a').pages) != kept(2), 'the wrong number makes no difference')
    makedumpfile('-f', '-d', '2', '-i', 'info', 'wrong', 'a').check_done()
    check(set(Kdump('a').pages) == kept(2), 'pages')
    write('info', '\n'.join(c.vmcoreinfo) + '\n')
    makedumpfile('-f', '-d', '31', '-i', 'info', 'mini', 'a').check_done()
    check(set(Kdump('a').pages) == kept(31), 'pages with all of it')


@test('-i FILE of another kernel release exits 2, names both, and writes nothing')
def _():
    write('info', 'OSRELEASE=5.10.0-other\n')
    makedumpfile('-i', 'info', 'mini', 'left').check_failed(
        r'5\.10\.0-other.*6\.12\.0-mini', code=2)
    check(not os.path.exists('left'), 'there is a dump')


@test('-i FILE that is missing, a directory, empty, no text, or huge')
def _():
    for name, pattern in (('missing', 'missing: No such file'),
                          ('/', 'cannot read /: it is a directory'),
                          ('/dev/null', '/dev/null: it is a device'), ('mini', 'mini'),
                          ('/dev/zero', '/dev/zero')):
        limited('-i', name, 'mini', 'left').check_failed(pattern)
        check(not os.path.exists('left'), 'there is a dump')


VMLINUX = '''
struct list_head { void *next, *prev; };
struct page {
	unsigned long flags;
	union { struct { unsigned long compound_head, dtor; }; struct list_head lru; };
	void *mapping;
	unsigned long index, private;
	int _mapcount, _refcount;
	unsigned long memcg_data;
} one_page;
int _stext;
'''
BUILD_ID = '0123456789abcdef0123456789abcdef01234567'
# Keys that VMCOREINFO may lack if debug information has the structure above.
IN_VMLINUX = ('SIZE(page)', 'OFFSET(page.flags)', 'OFFSET(page.mapping)', 'OFFSET(page.private)',
              'OFFSET(page._mapcount)', 'OFFSET(page.compound_head)')


def vmlinux(name, build_id):
    """A kernel, as far as debug information goes."""
    if 'libdw' in makedumpfile('--check-params', '-x', 'x', 'a', 'b').err:
        skip('built without libdw')
    write('vmlinux.c', VMLINUX)
    done = run([need_tool('gcc'), '-g', '-nostdlib', '-shared', f'-Wl,--build-id=0x{build_id}',
                '-o', name, 'vmlinux.c'])
    check(done.code == 0, done)


@test('-x takes from the debug information of a vmlinux what VMCOREINFO lacks')
def _():
    vmlinux('vmlinux', BUILD_ID)
    core('poor', *(f'set {key}' for key in IN_VMLINUX))
    makedumpfile('-d', '31', '--strict-level', 'poor', 'left').check_failed(r'SIZE\(page\)')
    makedumpfile('-f', '-d', '31', '-x', 'vmlinux', 'poor', 'a').check_done()
    check(set(Kdump('a').pages) == kept(31), 'pages')


@test('-x VMLINUX of another build exits 2, names both, and writes nothing')
def _():
    other = BUILD_ID[::-1]
    vmlinux('other', other)
    core('mini')
    makedumpfile('-d', '31', '-x', 'other', 'mini', 'left').check_failed(
        f'{other}.*{BUILD_ID}|{BUILD_ID}.*{other}', code=2)
    check(not os.path.exists('left'), 'there is a dump')


@test('-x VMLINUX that is missing, no ELF file, or without debug information')
def _():
    vmlinux('vmlinux', BUILD_ID)
    core('mini')
    run([need_tool('strip'), '-o', 'stripped', 'vmlinux'])
    for name in ('missing', '/dev/null', '/', 'vmlinux.c', 'stripped', 'mini'):
        limited('-x', name, 'mini', 'left').check_failed(name)
        check(not os.path.exists('left'), 'there is a dump')


@test('--check-params says nothing and exits 0 for every option it has, without any file')
def _():
    singles = [[], ['-c'], ['-l'], ['-p'], ['-z'], ['-D'], ['-d', '0'], ['-d', '31'], ['-f'],
               ['-i', 'info'], ['--dry-run'], ['--message-level', '0'],
               ['--message-level', '31'], ['--non-mmap'], ['--num-threads', '4'],
               ['--show-stats']]
    for a, b in itertools.combinations(singles, 2):
        done = makedumpfile('--check-params', *a, *b, 'vmcore', 'dumpfile').check_done()
        check(not done.out, f'{a + b}: {done.text}')
    done = makedumpfile('--check-params', '-F', '-l', '-d', '31', 'vmcore').check_done()
    check(not done.out, done.text)
    for args in (['--list-ksyms'], ['--list-ksyms', 'pattern'], ['-g', 'dumpfile']):
        done = makedumpfile('--check-params', *args, 'vmcore').check_done()
        check(not done.out, f'{args}: {done.text}')
    check(not os.path.exists('dumpfile'), 'a file was made')


@test('--check-params does not mind that DUMPFILE exists')
def _():
    write('here', 'x')
    done = makedumpfile('--check-params', '-d', '31', 'mini', 'here').check_done()
    check(not done.out and read('here') == b'x', 'it was touched')


WRONG = (
    (['-d', '32'], "'32' is not a dump level: use a number from 0 to 31"),
    (['-d', '-1'], "'-1' is not a dump level"),
    (['-d', ' -1'], "' -1' is not a dump level"),
    (['-d', '+1'], "'.1' is not a dump level"),
    (['-d', '1 '], "'1 ' is not a dump level"),
    (['-d', ''], "'' is not a dump level"),
    (['-d', 'x'], "'x' is not a dump level"),
    (['-d', '31x'], "'31x' is not a dump level"),
    (['-d', '99999999999999999999'], "'9999.* is not a dump level"),
    (['--message-level', '32'], "'32' is not a message level: use a number from 0 to 31"),
    (['--message-level', '-1'], "'-1' is not a message level: use a number from 0 to 31"),
    (['--message-level', 'all'], "'all' is not a message level: use a number from 0 to 31"),
    (['--num-threads', '-2'], "'-2' is not a number of threads"),
    (['--num-threads', '1000000'], "'1000000' is not a number of threads"),
    (['--num-threads', 'x'], "'x' is not a number of threads"),
    (['--num-threads='], "'' is not a number of threads"),
    (['--bogus'], '--bogus is not an option'),
    (['--bogus=1'], '--bogus=1 is not an option'),
    (['-Q'], '-Q is not an option'),
    (['-cQ'], '-Q is not an option'),
    (['--n'], '--n'),
    (['--dry-run=yes'], '--dry-run'),
    (['-i', 'info', '-x', 'vmlinux'], '-i and -x'),
    (['-F'], 'dumpfile is one argument too many'),
    (['--list-ksyms', 'third'], 'dumpfile is one argument too many'),
    (['--list-ksyms', '--list-ktypes=x'], 'exclude each other'),
    (['-g', 'file', '--list-ksyms'], 'exclude each other'),
    (['-g', 'file'], 'dumpfile is one argument too many'),
    (['-g', 'file', '-i', 'info'], '-i cannot be used with -g'),
    (['-g', 'file', '-F'], '-F cannot be used'),
    (['--extension', ''], 'is not the name of an extension'),
    (['--extension', ',a=b'], 'is not the name of an extension'),
    (['--extension', 'x'] * 33, 'more than 32 extensions'),
    (['--extension-timeout', '0'], "'0' is not a time limit"),
    (['--extension', 'x', '--list-ksyms'], '--extension cannot be used'),
    (['--check-extension', 'x', '--list-ksyms'], 'exclude each other'),
    (['more'], 'one argument too many'),
)


@test('what is wrong with a command line is named, with and without --check-params')
def _():
    for args, pattern in WRONG:
        makedumpfile(*args, 'vmcore', 'dumpfile').check_failed(pattern)
        result = makedumpfile('--check-params', *args, 'vmcore', 'dumpfile')
        check(result.code == 1, f'expected exit status 1: {result}')
        check(len(result.errors) == 1 and re.search(pattern, result.errors[0]),
              f'expected one line with "{pattern}": {result.errors}')
    check(not os.path.exists('dumpfile'), 'a file was made')


@test('an option that lacks its argument is named')
def _():
    for option in ('-d', '-g', '-i', '-x', '--list-ktypes', '--extension', '--require-extension',
                   '--check-extension', '--extension-timeout', '--message-level', '--num-threads'):
        makedumpfile('vmcore', 'dumpfile', option).check_failed(f'{option} needs an argument')


@test('missing files are named')
def _():
    makedumpfile().check_failed('VMCORE is missing')
    makedumpfile('-F').check_failed('VMCORE is missing')
    makedumpfile('-d', '31', 'vmcore').check_failed('DUMPFILE is missing: .* or use -F')
    makedumpfile('--dump-dmesg', 'vmcore').check_failed('LOGFILE is missing: .* or use -F')
    makedumpfile('--dry-run').check_failed('VMCORE is missing')
    makedumpfile('--list-ksyms').check_failed('VMCORE is missing')
    makedumpfile('-g', 'file').check_failed('VMCORE is missing')


@test('what scripts give the makedumpfile of distributions is taken, and makes the same dump')
def _():
    core('mini')
    plain = ('-c', '-d', '31')
    makedumpfile('-f', *plain, 'mini', 'expected').check_done()
    for args in (['--num-threads', '0'], ['--cyclic-buffer', '0'], ['--splitblock-size', '0'],
                 ['--splitblock-size', '1024'], ['--splitblock-size', '1'], ['-X'], ['-d', ' 31'],
                 ['-b', '0'], ['-L', ' 100m']):
        makedumpfile('-f', *plain, *args, 'mini', 'dump').check_done()
        check(read('dump') == read('expected'), f'{args}: another dump')
    done = makedumpfile('-F', '-f', *plain, 'mini')
    check(done.code == 0 and unflatten(done.out) == read('expected'), '-F -f: another dump')
    makedumpfile('-f', *plain, '--split', 'mini', 'a', 'b').check_done()
    makedumpfile('-f', *plain, '--split', '--splitblock-size', '0', 'mini', 'c', 'd').check_done()
    check(read('a') == read('c') and read('b') == read('d'), 'other parts')


@test('- is no DUMPFILE: the way to standard output is named')
def _():
    for args in (['mini', '-'], ['--dump-dmesg', 'mini', '-'], ['--split', 'mini', 'x', '-'],
                 ['-R', '-'], ['--reassemble', 'a', 'b', '-'], ['-g', '-', 'mini']):
        makedumpfile(*args).check_failed("'-' is not a file: use -F to .* or ./- for a file")
    makedumpfile('-d', '31', 'mini', './-').check_done()
    check(Kdump('./-').level == 31, 'no dump')


@test('--dry-run writes nothing, needs no DUMPFILE, does not mind one, and reports as a run does')
def _():
    write('here', 'x')
    before = sorted(os.listdir('.'))
    counts = re.compile(r'pages.*: 0x[0-9a-f]+|Write bytes.*')
    real = makedumpfile('-f', '-c', '-d', '31', '--show-stats', 'mini', '/dev/null').check_done()
    for files in (['mini'], ['mini', 'here'], ['mini', '/no/such/directory/dump']):
        dry = makedumpfile('--dry-run', '-c', '-d', '31', '--show-stats', *files).check_done()
        check(counts.findall(dry.text) == counts.findall(real.text),
              f'{counts.findall(dry.text)} is not {counts.findall(real.text)}')
        check('saved' not in dry.text, 'it says that something was saved')
    check(sorted(os.listdir('.')) == before and read('here') == b'x', 'something was written')


@test('--dry-run with -F writes not one byte to standard output')
def _():
    done = makedumpfile('--dry-run', '-F', '-c', '-d', '31', 'mini')
    check(done.code == 0 and not done.out, f'{len(done.out)} bytes, {done}')


@test('without a library: its compression is refused by --check-params; a dump is made with zlib')
def _():
    program = need_build('MAKEDUMPFILE_MINIMAL')
    version = makedumpfile('-v', program=program).check_done().text
    check('zlib\tenabled' in version, version)
    for option, codec in list(CODECS.items())[1:]:
        check(f'{codec}\tdisabled' in version, version)
        result = makedumpfile('--check-params', option, 'a', 'b', program=program)
        check(result.code == 1 and codec in result.err, result)
        result = makedumpfile('-f', option, 'mini', 'dump', program=program)
        check(result.code == 0 and codec in result.err and 'zlib' in result.err, result)
        check(Kdump('dump').status == 1, 'the dump is not compressed with zlib')
        Kdump('dump').check_contents(core('mini').memory)


@test('a library that is loaded when it is needed: without it, a dump is made with zlib')
def _():
    program = need_build('MAKEDUMPFILE_DLOPEN')
    text = read(program)
    for option, codec in (('-p', 'snappy'), ('-z', 'zstd')):
        check(f'"soname":["lib{codec}.so.1"]'.encode() in text, f'no note of {codec}')
        makedumpfile('-f', option, '-d', '31', 'mini', 'dump', program=program).check_done()
        check(Kdump.CODECS[Kdump('dump').status] == codec, f'{codec} was not loaded')
    without = without_libraries('libsnappy.so.1', 'libzstd.so.1')
    version = makedumpfile('-v', program=program, env=without).check_done().text
    makedumpfile('-f', '-l', 'mini', 'dump', program=program, env=without).check_done()
    for option, codec in (('-p', 'snappy'), ('-z', 'zstd')):
        check(f'{codec}\tdisabled' in version, version)
        result = makedumpfile('-f', option, 'mini', 'dump', program=program, env=without)
        check(result.code == 0 and codec in result.err and 'zlib' in result.err, result)
        check(Kdump('dump').status == 1, 'the dump is not compressed with zlib')
        Kdump('dump').check_contents(core('mini').memory)
        makedumpfile('--check-params', option, 'a', 'b', program=program,
                     env=without).check_failed(codec)


@test('libdw is loaded for -x alone: without it, -x is refused')
def _():
    program = need_build('MAKEDUMPFILE_DLOPEN')
    vmlinux('vmlinux', BUILD_ID)
    core('poor', *(f'set {key}' for key in IN_VMLINUX))
    args = '-f', '-d', '31', '--strict-level'
    check(b'"soname":["libdw.so.1"]' in read(program), 'no note of libdw')
    makedumpfile(*args, '-x', 'vmlinux', 'poor', 'dump', program=program).check_done()
    without = without_libraries('libdw.so.1')
    makedumpfile(*args, '-x', 'vmlinux', 'poor', 'dump', program=program,
                 env=without).check_failed('libdw cannot be loaded: -x is not supported')
    makedumpfile('-f', '-g', 'info', '-x', 'vmlinux', program=program,
                 env=without).check_failed('libdw cannot be loaded')
    version = makedumpfile('-v', program=program, env=without).check_done().text
    check('vmlinux\tdisabled' in version and 'libdw' not in version, version)
    core('mini')
    makedumpfile(*args, 'mini', 'dump', program=program, env=without).check_done()


@test('without libbpf: -v says so, and an extension is refused for this reason')
def _():
    program = need_build('MAKEDUMPFILE_MINIMAL')
    check('extensions\tdisabled' in makedumpfile('-v', program=program).text, '-v')
    core('mini')
    makedumpfile('-d', '31', '--require-extension', './any.so', 'mini', 'none',
                 program=program).check_failed('built without extensions')


# Options that cannot be combined with a mode, or with each other, and the error.
REFUSED = [
    (['-E', '-c'], '-E and -c exclude each other: ELF pages are not compressed'),
    (['-E', '-z'], '-E and -z exclude each other'),
    (['-E', '--split', 'b2'], '-E and --split exclude each other'),
    (['-F', '--split', 'b2'], '-F and --split exclude each other'),
    (['-i', 'x', '-x', 'y'], '-i and -x exclude each other'),
    (['-g', 'x', '--xen-syms', 'y'], '-g and --xen-syms exclude each other: .* with -X'),
    (['--essential', '-d', '31'], '--essential and -d exclude each other'),
    (['--time-limit', '0'], 'is not a number of seconds'),
    (['-E', '--compression', 'zlib'], '-E and --compression exclude each other'),
    (['--compression', 'gzip'], "'gzip' is not a compression: use auto, none, zlib, lzo"),
    (['--compression', 'auto', '--dry-run'], '--compression auto and --dry-run exclude each other'),
    (['--compression', 'auto', '--compression-level', '3'], '--compression-level needs -c or -z'),
    (['--compression-level', '3'], '--compression-level needs -c or -z'),
    (['-l', '--compression-level', '3'], 'lzo has no compression levels'),
    (['-c', '--compression-level', '13'], '13 is not a compression level of zlib: '
     'use a number from -?1 to (12|9)'),
    (['-c', '--compression-level', '-2'], '-2 is not a compression level of zlib'),
    (['-z', '--compression-level', '23'], 'use a number from -131072 to 22'),
    *((['-c', '--compression-level', n], 'is not a compression level: use a number such as 6')
      for n in ('0', '-', '- 1', '1x', '0x1', '', '9999999999')),
    (['-d', '1,31', '-F'], 'cannot be used with -F'),
    (['--partial-dmesg'], '--partial-dmesg cannot be used when creating a dump'),
    (['--dump-dmesg', '-d', '31'], '-d cannot be used with --dump-dmesg'),
    (['--dump-dmesg', '-X'], '-X cannot be used with --dump-dmesg'),
    (['--dump-dmesg', '--dry-run'], '--dry-run cannot be used with --dump-dmesg'),
    (['--mem-usage', '-E'], '-E cannot be used with --mem-usage'),
    (['--mem-usage', '--dump-dmesg'], '--mem-usage and --dump-dmesg exclude each other'),
    (['-R', '--reassemble'], '-R and --reassemble exclude each other'),
    *((['-R', *option], f'{option[0]} cannot be used with -R') for option in (
        ['-c'], ['-d', '1'], ['-E'], ['-i', 'x'], ['-x', 'x'], ['-F'])),
    *((['--reassemble', *option], f'{option[0]} cannot be used with --reassemble') for option in (
        ['-c'], ['-d', '1'], ['-E'], ['-i', 'x'], ['-x', 'x'], ['-F'], ['--split'],
        ['--dry-run'])),
    (['-R', '-g', 'x'], '-R and -g exclude each other'),
    (['-g', 'x', '--dry-run'], '--dry-run cannot be used with -g'),
    (['-g', 'x', '-i', 'y'], '-i cannot be used with -g'),
    (['--split'], '--split needs the names of two DUMPFILEs or more'),
    (['-L', '0'], 'size limit 0 is invalid'),
    (['-L', '12Q'], 'size limit 12Q is invalid'),
    (['-L', '100000 '], 'size limit 100000  is invalid'),
    (['-L', '1@'], 'size limit 1@ is invalid'),
    *((['-L', f'{sign}1{unit}'], 'size limit .* is invalid') for sign in ('-', ' -', '+', '\t-')
      for unit in ('', 'K')),
    (['--cyclic-buffer', ' -1'], 'buffer size .* is invalid'),
    (['--splitblock-size', '-1'], 'block size .* is invalid'),
    (['--vtop', '-1'], 'address -1 is invalid'),
    (['--vtop', ' -1'], 'address  -1 is invalid'),
    *((['-b', n], 'is not a buffer order') for n in ('-1', ' -1')),
    *((['--num-threads', n], 'is not a number of threads') for n in ('-1', ' -1')),
    *((['--message-level', n], 'is not a message level') for n in ('-1', ' -1')),
    *((['--extension-timeout', n], 'is not a time limit') for n in ('-1', ' -1')),
    (['-L', '99999999999E'], 'too much'),
    (['-d', '31,32'], "'32' is not a dump level"),
    (['-d', '31,'], "'' is not a dump level"),
    (['-d', ','.join(['31'] * 33)], 'more than 32 dump levels'),
    (['--cyclic-buffer', 'x'], 'buffer size x is invalid'),
    (['--splitblock-size', 'x'], 'block size x is invalid'),
    (['-b', '32'], "'32' is not a buffer order: use a number from 0 to 31"),
    (['--vtop', 'xyz'], 'address xyz is invalid: it is hexadecimal'),
    (['--diskset=x'] * 17, 'more than 16 disks'),
    (['--eppic', 'x'], r'extensions replaced it, see makedumpfile-extension\(7\)'),
]


@test('options that are invalid, alone or together, are refused with the reason')
def _():
    for options, why in REFUSED:
        for more in ([], ['--check-params']):
            makedumpfile(*options, *more, 'a', 'b').check_failed(why)


run_tests()
