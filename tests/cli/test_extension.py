#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Extensions: what they decide, and what becomes of those that misbehave."""
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *  # noqa: E402,F403
from erase_kernel import Kernel  # noqa: E402

CC = os.environ.get('CC') or 'cc'
PLACE = 'extensions-of-test'
HEAD = '''
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include "makedumpfile.h"
#include "extension.h"
#include "erase_info.h"
'''


def build(name, source, *options, script=True):
    """Compile an extension's source, and give the path to load it by."""
    if not shutil.which(CC.split()[0]):
        skip(f'{CC} is not installed')
    os.makedirs(PLACE, mode=0o755, exist_ok=True)
    os.chmod(PLACE, 0o755)
    path = f'./{PLACE}/{name}.so'
    write(f'{PLACE}/{name}.c', source)
    linking = [f'-Wl,-T,{TOP}/makedumpfile.ld'] if script else []
    done = subprocess.run([*CC.split(), '-shared', '-fPIC', '-O1', '-g', f'-I{TOP}', '-o', path,
                           f'{PLACE}/{name}.c', *linking, *options], capture_output=True,
                          check=False)
    check(done.returncode == 0, done.stderr.decode())
    os.chmod(path, 0o755)
    return path


def extension(name, init=None, page=None, pages=None, rest='', **options):
    """An extension made of what its functions do; page returns a verdict itself."""
    source = HEAD + rest
    if init is not None:
        source += f'void extension_init(void)\n{{\n{init}\n}}\n'
    if page is not None:
        source += ('int extension_callback(unsigned long pfn, const void *pcache)\n'
                   f'{{\n{page}\n}}\n')
    if pages is not None:
        source += ('void extension_pages_callback(const struct extension_pages *pages, '
                   f'uint8_t *verdicts)\n{{\n{pages}\n}}\n')
    return build(name, source, **options)


def dump(*args, level=31, name='mini', **options):
    if not os.path.exists(name):
        core(name)
    return makedumpfile('-c', '-f', '-d', level, *args, name, 'dump', **options)


def extension_lines(result):
    return [line for line in result.errors + result.text.splitlines() if 'extension ' in line]


def same_dump(path='dump', level=31):
    """The dump holds the pages that it would hold without any extension."""
    plain = f'plain-{level}'
    if not os.path.exists(plain):
        core('mini')
        makedumpfile('-c', '-d', level, 'mini', plain).check_done()
    with_it, without = Kdump(path), Kdump(plain)
    check(not with_it.status & Kdump.INCOMPLETE, 'the dump is incomplete')
    check(with_it.pages == without.pages, 'other pages were dumped')
    check(list(with_it.contents()) == list(without.contents()), 'contents differ')
    return with_it


def check_stopped(path, pattern, *args, level=31, **options):
    """It is stopped with one line about it, and the dump is as if there were none."""
    if os.path.exists('dump'):
        os.unlink('dump')
    result = dump('--extension', path, *args, level=level, **options).check_alive()
    check(result.code == 0, f'no dump was made: {result}')
    lines = [e for e in result.errors if e.startswith('makedumpfile: ')]
    name = os.path.basename(path)[:-3]
    check(len(lines) == 1, f'expected one line, got {result.errors}')
    check(re.fullmatch(f'makedumpfile: extension {name}: {pattern}', lines[0]),
          f'expected "{pattern}" in "{lines[0]}"')
    same_dump(level=level)
    check(f'extension {name} did not run: '.encode() in read('dump'), 'nothing in eraseinfo')
    return result


def running(pid):
    """Return whether a process runs."""
    try:
        return read(f'/proc/{pid}/stat').rsplit(b')', 1)[1].split()[0] not in (b'Z', b'X')
    except OSError:
        return False


UNDECIDED = 'return PG_UNDECID;'

# ---- what they decide -----------------------------------------------------------


@test('an extension that has no opinion changes nothing')
def _():
    dump('--extension', extension('silent', init='', page=UNDECIDED)).check_done()
    check(read('dump') == read('dump') and same_dump(), 'differs')


@test('INCLUDE and EXCLUDE of a page count, INCLUDE beats EXCLUDE, also of another extension')
def _():
    one = extension('one', page='''
        if (pfn == 0x985 || pfn == 0x8123)
            return PG_INCLUDE;
        return pfn == 0xe11 || pfn == 0xb07 || pfn == 0x8401 ? PG_EXCLUDE : PG_UNDECID;''')
    two = extension('two', page='''
        return pfn == 0xe11 ? PG_INCLUDE : pfn == 0x985 ? PG_EXCLUDE : PG_UNDECID;''')
    dump('--extension', one, '--extension', two).check_done()
    check(set(Kdump('dump').pages) == (kept(31) | {0x985, 0x8123}) - {0x8401},
          'not what was decided')
    dump('--extension', one, level=0).check_done()
    check(set(Kdump('dump').pages) == kept(0) - {0xe11, 0xb07, 0x8401}, 'not what was decided')


@test('each page that is in the dump is asked about once, in order, with its struct page')
def _():
    path = extension('asked', page='''
        static unsigned long last, count, users;
        unsigned long mapping;

        if (count++ && pfn <= last)
            extension_fail("pfn %#lx comes after %#lx", pfn, last);
        last = pfn;
        memcpy(&mapping, (const char *)pcache + 24, sizeof(mapping));
        users += mapping & 1;
        if (pfn == 0x87ff)
            MSG("%lu pages, %lu mapped\\n", count, users);
        return PG_UNDECID;''')
    result = dump('--extension', path).check_done()
    # Heads of huge pages count, their tails have no mapping; 8 slabs have an odd one.
    check(f'extension asked: {len(EXISTS)} pages, ' in result.text, result.text)


@test('the callback for runs gets the kind of each page, and its verdicts count')
def _():
    path = extension('runs', page='abort();', pages='''
        static const char letters[] = ".FCPUHO";
        const uint8_t *kinds = extension_page_kinds(pages);

        if (pages->struct_size != 64)
            extension_fail("%zu", pages->struct_size);
        for (size_t i = 0; i < pages->nr; i++) {
            unsigned long pfn = pages->pfn + i;

            if (!i || kinds[i] != kinds[i - 1])
                printf("from %#lx: %c\\n", pfn, letters[kinds[i]]);
            if (kinds[i] == PAGE_IS_FREE && pfn % 2)
                verdicts[i] = PG_INCLUDE;
            if (pfn == 0xe17)
                verdicts[i] = PG_EXCLUDE;
            if (pfn == 0xe18)
                verdicts[i] = 77;
        }''')
    result = dump('--extension', path).check_done()
    told = re.findall(r'from (0x[0-9a-f]+): (.)', result.text)
    check(told == [('0x1', '.'), ('0x100', '.'), ('0x900', 'F'), ('0x940', 'C'), ('0x960', 'P'),
                   ('0x970', 'C'), ('0x980', 'U'), ('0x9b0', '.'), ('0x9c8', 'O'), ('0x9d0', 'H'),
                   ('0x9d1', '.'), ('0xa00', 'U'), ('0xe00', 'C'), ('0xe10', '.'),
                   ('0x8000', 'F'), ('0x8400', '.')], told)
    check(set(Kdump('dump').pages) ==
          (kept(31) | {pfn for pfn in FREE if pfn % 2}) - {0xe17}, 'not what was decided')


@test('what was decided before it was asked, and after, by its destructor, counts')
def _():
    path = extension('any-time', init='extension_decide(0x980, 2, PG_INCLUDE);', rest='''
        __attribute__((destructor)) static void end(void)
        {
            extension_decide(0xe10, 3, PG_EXCLUDE);
            extension_decide(0x87ff, 1UL << 60, PG_EXCLUDE);
        }''')
    dump('--extension', path).check_done()
    check(set(Kdump('dump').pages) == (kept(31) | {0x980, 0x981}) - {0xe10, 0xe11, 0xe12, 0x87ff},
          'not what was decided')


@test('where no process can be made, a warning says so, and the dump is made')
def _():
    path = extension('lonely', init='extension_decide(0x980, 2, PG_INCLUDE);')
    write('nofork.c', '#include <errno.h>\nint fork(void);\n'
                      'int fork(void) { errno = ENOMEM; return -1; }\n')
    done = run([need_tool('cc'), '-shared', '-fPIC', '-o', 'nofork.so', 'nofork.c'])
    check(done.code == 0, done)
    env = {'LD_PRELOAD': os.path.abspath('nofork.so')}
    result = dump('--extension', path, env=env)
    check(result.code == 0, result)
    lines = extension_lines(result)
    check(len(lines) == 1 and 'process' in lines[0] and 'Cannot allocate' in lines[0], lines)
    same_dump()
    os.unlink('dump')
    makedumpfile('-d', '31', '--require-extension', path, 'mini', 'dump',
                 env=env).check_failed('no dump is made: extension lonely')
    check(not os.path.exists('dump'), 'there is a dump')


@test('types that may be wrong: a warning, if one ran that uses types; none does if required')
def _():
    if 'libbpf' in makedumpfile('--check-params', '--list-ktypes', 'x', 'y').err:
        skip('built without libbpf')
    k, uses = Kernel(), 'INIT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);'
    k.core('right')
    k.core('wrong', 'set OFFSET(task_struct.thread_node) 8')
    silent = extension('silent', init='', page=UNDECIDED)
    typed = extension('typed', init='', rest=uses)
    failing = extension('failing', init='extension_fail("no");', rest=uses)
    for path, name, doubtful in ((typed, 'right', False), (typed, 'wrong', True),
                                 (silent, 'wrong', False), (failing, 'wrong', False)):
        done = dump('--extension', path, name=name)
        check(done.code == 0, done)
        check(('extensions may be wrong: the types' in done.err) == doubtful, done)
    check(dump('--require-extension', silent, name='wrong').code == 0, 'no types')
    check(dump('--require-extension', typed, name='right').code == 0, 'right types')
    done = dump('--require-extension', typed, name='wrong')
    check(done.code == 1 and 'extension typed: the types may be wrong' in done.err, done)


@test('arguments reach the extension, and it can refuse')
def _():
    path = extension('args', init='''
        const char *v = extension_argument("who"), *flag = extension_argument("flag");

        if (!v || !flag || *flag || extension_argument("other"))
            extension_fail("who=%s", v ? v : "(none)");
        MSG("who is %s\\n", v);''')
    result = dump('--extension', f'{path},who=me,flag').check_done()
    check('extension args: who is me' in result.text, result.text)
    check_stopped(path, r'who=\(none\)')


@test('erased data are in no page, and the dump says that something was erased')
def _():
    path = extension('eraser', init='''
        if (erase_physical(0xe10fffUL, 0x1002, 'X'))
            extension_fail("no");''')
    memory = core('mini').memory
    dump('--extension', path).check_done()
    expected = bytearray(memory.read(0xe10000, 3 * PAGE))
    expected[0xfff:0x2001] = b'X' * 0x1002
    pages = dict(Kdump('dump').contents())
    check(b''.join(pages[pfn] for pfn in (0xe10, 0xe11, 0xe12)) == bytes(expected), 'not erased')
    check(b'extension eraser: 4098 bytes in 1 range erased' in read('dump'), 'not said')
    makedumpfile('-f', '-E', '-d', '31', '--extension', path, 'mini', 'elf').check_done()
    pages = ElfCore('elf').pages()
    check(b''.join(pages[pfn] for pfn in (0xe10, 0xe11, 0xe12)) == bytes(expected), '-E')
    check(b'extension eraser: 4098 bytes in 1 range' in ElfCore('elf').notes, '-E: not said')


@test('what they decided holds for each level that is tried, and they are asked once')
def _():
    core('distinct', *DISTINCT_FREE)
    path = extension('once', init='''
        printf("asked\\n");
        fflush(stdout);
        erase_physical(0xe10fffUL, 0x1002, 'X');''', page='''
        return pfn == 0x8500 ? PG_EXCLUDE : pfn < 0x8000 ? PG_INCLUDE : PG_UNDECID;''')
    args = ('-f', '--extension', path, '-c', '--show-stats')
    want = makedumpfile(*args, '-d', '31', 'distinct', 'want').check_done()
    limit = os.path.getsize('want')
    done = makedumpfile(*args, '-d', '0,31', '-L', limit, 'distinct', 'dump').check_done()
    check('Retry' in done.text and done.text.count('asked') == 1, done.text)
    check(read('dump') == read('want'), 'it differs')
    counts = re.compile(r'(?:pages|extensions|overwritten) *: .*')
    check(counts.findall(done.text) == counts.findall(want.text), done.text)


# ---- what they declare ----------------------------------------------------------

NEEDS = '''
INIT_MOD_SYM(vmlinux, init_uts_ns);
INIT_MOD_STRUCT_MEMBER(vmlinux, page, mapping);
INIT_OPT_MOD_STRUCT(vmlinux, no_such_struct);
INIT_MOD_STRUCT(vmlinux, page);
INIT_MOD_NUM(vmlinux, PG_lru);
INIT_MOD_MEMBER_LEN(vmlinux, zone, free_area);
'''
TELLS = '''
    MSG("%#lx %u %u %d %ld %lu\\n", (long)GET_MOD_SYM(vmlinux, init_uts_ns),
        GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, page, mapping), GET_MOD_STRUCT_SSIZE(vmlinux, page),
        MOD_STRUCT_EXIST(vmlinux, no_such_struct), (long)GET_MOD_NUM(vmlinux, PG_lru),
        (long)GET_MOD_MEMBER_LEN(vmlinux, zone, free_area));'''
TOLD = ': 0xffffffff89580000 192 64 0 5 11'


@test('declarations are filled in, with the linker script, without, and without section headers')
def _():
    def check_told(path):
        result = dump('--extension', path).check_done()
        check(TOLD in result.text, result.text)

    check_told(extension('script', init=TELLS, rest=NEEDS))
    check_told(extension('no-script', init=TELLS, rest=NEEDS, script=False))

    def without_headers(name, **options):
        path = extension(name, init=TELLS, rest=NEEDS, **options)
        data = bytearray(read(path))
        data[0x28:0x30] = bytes(8)              # e_shoff
        data[0x3c:0x40] = bytes(4)              # e_shnum, e_shstrndx
        with open(path, 'wb') as f:
            f.write(data)
        return path

    check_told(without_headers('script-only'))
    check_stopped(without_headers('neither', script=False), '.*-Wl,-T,makedumpfile.ld')


@test('required declarations that are missing are named, all of them')
def _():
    path = extension('wants', init='abort();', rest='''
        INIT_MOD_SYM(vmlinux, init_uts_ns);
        INIT_MOD_SYM(vmlinux, no_such);
        INIT_MOD_SYM(xfs, xfs_thing);
        INIT_OPT_MOD_SYM(vmlinux, not_needed);
        INIT_MOD_STRUCT_MEMBER(vmlinux, nothing, member);
        INIT_MOD_STRUCT(vmlinux, nothing);
        INIT_MOD_NUM(vmlinux, NONE);
        INIT_MOD_MEMBER_LEN(vmlinux, zone, nothing);
        INIT_MOD_PATH(ext4, p, "a.b.c");''')
    missing = ('missing: SYMBOL(no_such), xfs:SYMBOL(xfs_thing), SIZE(nothing), '
               'OFFSET(nothing.member), NUMBER(NONE), LENGTH(zone.nothing), ext4:OFFSET(a.b.c)')
    result = dump('--extension', path).check_alive()
    check(result.code == 0, result)
    line, = result.errors
    check(sorted(re.split(r'(?<=missing): |, ', line.split('wants: ')[1])) ==
          sorted(re.split(r'(?<=missing): |, ', missing)), line)
    same_dump()
    many = ''.join(f'INIT_MOD_SYM(vmlinux, symbol_{i:050});' for i in range(40))
    check_stopped(extension('greedy', init='', rest=many), r'missing: .*\), \.\.\.')


@test('--check-extension prints each declaration and what became of it')
def _():
    path = extension('looked-at', init='abort();', rest=NEEDS)
    core('mini')
    result = makedumpfile('--check-extension', path, 'mini')
    check(result.code == 0 and not result.errors, result)
    check(sorted(result.text.splitlines()) == sorted([
        'required  SYMBOL(init_uts_ns) = 0xffffffff89580000  from VMCOREINFO',
        'required  OFFSET(page.mapping) = 24  from VMCOREINFO',
        'optional  SIZE(no_such_struct) missing',
        'required  SIZE(page) = 64  from VMCOREINFO',
        'required  NUMBER(PG_lru) = 5  from VMCOREINFO',
        'required  LENGTH(zone.free_area) = 11  from VMCOREINFO']), result.text)
    core('no-lru', 'set NUMBER(PG_lru)')
    result = makedumpfile('--check-extension', path, 'no-lru')
    check(result.code == 1, result)
    check(result.errors == ['makedumpfile: extension looked-at: missing: NUMBER(PG_lru)'],
          result.errors)
    check('required  NUMBER(PG_lru) missing' in result.text, result.text)


@test('--check-extension prints the line of help first')
def _():
    path = extension('helped', init='abort();', rest='EXTENSION_HELP("do nothing at all");')
    core('mini')
    text = makedumpfile('--check-extension', path, 'mini').check_done().text
    check(text == 'do nothing at all\n', text)


def reported(path):
    dump('--json', 'report', '--require-extension', path).check_done()
    with open('report', encoding='utf-8') as f:
        return json.load(f)['extensions']['reported']


@test('what an extension reports to programs is in --json: the last value of each key')
def _():
    path = extension('reporter', init='''
        char long_text[200], key[16];

        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = 0;
        if (extension_report_number("pages", 1) || extension_report_text("name", "a \\"b\\"") ||
            extension_report_number("pages", 18446744073709551615ULL) ||
            extension_report_text("long_text", long_text))
            extension_fail("%s", mdf_error());
        if (extension_report_number("", 1) != -EINVAL ||
            extension_report_number("a key", 1) != -EINVAL ||
            extension_report_number("a_key_that_has_too_many_letters_", 1) != -EINVAL)
            extension_fail("a bad key is taken");
        for (int i = 3; i < 64; i++) {
            snprintf(key, sizeof(key), "k%d", i);
            if (extension_report_number(key, i))
                extension_fail("%s", mdf_error());
        }
        if (extension_report_text("k64", "") != -ENOSPC)
            extension_fail("more keys than there is room for");''')
    found = reported(path)
    check(len(found) == 1 and found[0]['extension'] == 'reporter', found)
    values = found[0]['values']
    check(list(values)[:3] == ['pages', 'name', 'long_text'] and len(values) == 64, values)
    check(values['pages'] == 2**64 - 1 and values['name'] == 'a "b"' and values['k63'] == 63 and
          values['long_text'] == 'x' * 127, values)
    check(reported(extension('silent', init='')) == [], 'nothing was reported')
    failing = extension('failing', init='extension_report_number("n", 1); extension_fail("no");')
    dump('--json', 'report', '--extension', failing)
    with open('report', encoding='utf-8') as f:
        check(json.load(f)['extensions']['reported'] == [], 'it did not come to its end')


@test('--check-extension without a dump asks the running kernel')
def _():
    path = extension('of-now', init='abort();', rest='''
        INIT_OPT_MOD_SYM(vmlinux, _stext);
        INIT_OPT_MOD_SYM(vmlinux, no_such_symbol);
        INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, task_struct, comm);''')
    if not os.path.exists('/proc/kallsyms'):
        skip('there is no /proc/kallsyms')
    if not os.path.exists('/sys/kernel/btf/vmlinux'):
        skip('there is no /sys/kernel/btf/vmlinux')
    result = makedumpfile('--check-extension', path)
    check(result.code == 0, result)
    check(re.search(r'optional  SYMBOL\(_stext\) = 0x?[0-9a-f]*  from kallsyms', result.text),
          result.text)
    check('optional  SYMBOL(no_such_symbol) missing' in result.text, result.text)
    check(re.search(r'optional  OFFSET\(task_struct.comm\) = \d+, 16 bytes  from BTF', result.text),
          result.text)


# ---- what cannot be loaded --------------------------------------------------------

@test('a bare name is sought in EXTENSIONDIR only, a name with a slash is a path')
def _():
    path = extension('nearby', init='')
    shutil.copy(path, 'nearby.so')
    os.makedirs('extensions', exist_ok=True)
    shutil.copy(path, 'extensions/nearby.so')
    core('mini')
    for name in ('nearby', 'nearby.so'):
        result = dump('--extension', name).check_alive()
        check(result.code == 0, result)
        check(re.search(r'extension nearby: cannot open /\S*/nearby.so: No such file',
                        result.errors[0]), result.errors)
    dump('--extension', './nearby.so').check_done()
    os.unlink('nearby.so')


@test('what is no extension is refused with the reason')
def _():
    write(f'{PLACE}/text.so', 'no object')
    check_stopped(f'./{PLACE}/text.so', f'cannot load ./{PLACE}/text.so: .*')
    os.makedirs(f'{PLACE}/dir.so', exist_ok=True)
    check_stopped(f'./{PLACE}/dir.so', '.* is not a file')
    if not os.path.exists(f'{PLACE}/fifo.so'):
        os.mkfifo(f'{PLACE}/fifo.so', 0o644)
    check_stopped(f'./{PLACE}/fifo.so', '.* is not a file')
    check_stopped(f'./{PLACE}/none.so', 'cannot open .*: No such file or directory')
    check_stopped(build('empty', 'int nothing;'), 'it has neither extension_init.*')
    check_stopped(build('unresolved', HEAD + 'int no_such_function(void);'
                        'void extension_init(void) { no_such_function(); }'),
                  'cannot load .*undefined symbol: no_such_function')


@test('another interface is refused with both numbers; none at all is taken')
def _():
    plain = 'void extension_init(void) {}'
    for number, word, ours in ((0, 'old', 1), (7, 'new', 3)):
        path = build(f'too-{word}', f'const unsigned int makedumpfile_extension_abi = {number};'
                     + plain)
        check_stopped(path, f'.*interface {number},.* {ours}.*too {word}')
    dump('--extension', build('numberless', plain)).check_done()


@test('declarations that point anywhere are refused')
def _():
    wild = '''
        static void *const bad __attribute__((used, section(".init_ksyms"))) = (void *)%s;
        void extension_init(void) {}'''
    for i, value in enumerate(('0', '0x1000', '-1', '&stdout')):
        path = build(f'wild{i}', '#include <stdio.h>\n' + wild % value)
        check_stopped(path, 'declaration 0 in its section .init_ksyms is invalid')
    path = build('odd', 'static const char bad[13] __attribute__((used, section(".init_knums")))'
                 ' = "odd"; void extension_init(void) {}')
    check_stopped(path, 'its section .init_knums is invalid')


@test('root refuses a file or directory that others may write to')
def _():
    if os.geteuid():
        skip('only root is that careful')
    path = extension('open', init='')
    os.chmod(path, 0o775)
    check_stopped(path, '.*open.so may be written by others.*')
    os.chmod(path, 0o755)
    os.chmod(PLACE, 0o757)
    check_stopped(path, f'the directory ./{PLACE} may be written by others.*')
    os.chmod(PLACE, 0o755)
    os.makedirs('elsewhere', exist_ok=True)
    os.chmod('elsewhere', 0o777)
    os.rename(path, 'elsewhere/open.so')
    os.symlink('../elsewhere/open.so', path)
    check_stopped(path, r'the directory /\S*/elsewhere may be written by others.*')
    os.unlink(path)
    os.chmod('elsewhere', 0o755)
    os.chown('elsewhere/open.so', 12345, 0)
    check_stopped('./elsewhere/open.so', '.* belongs to user 12345.*')


@test('--check-params tells what can be told without a dump')
def _():
    core('mini')
    path = extension('fine', init='abort();')
    makedumpfile('--check-params', '--extension', path, '-d31', 'mini', 'dump').check_done()
    for bad in (f'{PLACE}/none.so', build('empty', 'int nothing;'),
                extension('falls', init='', rest='__attribute__((constructor)) static void c(void)'
                          '{ abort(); }')):
        result = makedumpfile('--check-params', '--extension', bad, '-d31', 'mini', 'dump')
        check(result.code == 1 and len(result.errors) == 1, result)
        check(f'extension {os.path.basename(bad)[:-3]}: ' in result.errors[0], result.errors)


# ---- misbehaviour ------------------------------------------------------------------

@test('a segmentation fault in extension_init(), about a page, in a constructor, in a destructor')
def _():
    crash = '*(volatile int *)8 = 1;'
    how = r'killed by SIGSEGV \(Segmentation fault\)'
    check_stopped(extension('crash-init', init=crash), rf'{how} in extension_init\(\)')
    check_stopped(extension('crash-page', page=f'if (pfn == 0x907) {crash} return PG_EXCLUDE;'),
                  f'{how} while asked about pfn 0x907')
    check_stopped(extension('crash-run', pages=f'memset(verdicts, 0, pages->nr); {crash}'),
                  f'{how} while asked about pfn 0x1')
    for what, where in (('constructor', 'while it was loaded'),
                        ('destructor', 'in its destructors')):
        path = extension(f'crash-{what}', init='extension_decide(0, 0x10000, PG_EXCLUDE);',
                         rest=f'__attribute__(({what})) static void f(void) {{ {crash} }}')
        check_stopped(path, f'{how} {where}')


@test('a write into a struct page stays in the extension')
def _():
    dump('--extension', extension('writer', page=f'*(char *)pcache = 1; {UNDECIDED}')).check_done()
    same_dump()


@test('abort(), heap corruption, exit(), and signals')
def _():
    check_stopped(extension('aborts', init='abort();'),
                  r'killed by SIGABRT .* in extension_init\(\)')
    check_stopped(extension('corrupts', page='''
        char *p = malloc(24);

        memset(p - sizeof(size_t), 0x41, sizeof(size_t));
        __asm__ volatile("" : : "r"(p) : "memory");
        free(p);
        return PG_EXCLUDE;'''), 'killed by SIG(ABRT|SEGV) .* while asked about pfn 0x1')
    check_stopped(extension('exits', init='exit(3);'), r'it called exit\(3\) in extension_init\(\)')
    check_stopped(extension('exits-0', page='if (pfn > 0x100) exit(0); return PG_EXCLUDE;'),
                  r'it called exit\(0\) while asked about pfn 0x101')
    check_stopped(extension('kills-itself', init='raise(SIGKILL);'), 'killed by SIGKILL .*')
    check_stopped(extension('kills-group', init='kill(0, SIGTERM); pause();'),
                  'killed by SIGTERM .*')
    check_stopped(extension('divides', page='return 1000 / (int)(pfn - 0x200);'
                            if os.uname().machine == 'x86_64' else 'raise(SIGFPE); return 0;'),
                  'killed by SIGFPE .*')


@test('an endless loop, and one that sleeps, is stopped when its time is over')
def _():
    started = time.monotonic()
    for name, parts, where in (
            ('loops-init', {'init': 'for (;;) ;'}, r'in extension_init\(\)'),
            ('loops-page', {'page': 'while (pfn == 0x333) ; return PG_EXCLUDE;'},
             'while asked about pfn 0x333'),
            ('sleeps', {'init': 'signal(SIGTERM, SIG_IGN); for (;;) pause();'}, '.*'),
            ('stops', {'init': 'raise(SIGSTOP);'}, '.*'),
            ('reads', {'init': 'char c; for (;;) readmem(PADDR, 0x200000, &c, 1);'}, '.*'),
            ('chatters', {'init': 'for (;;) puts("and another thing");'}, '.*')):
        check_stopped(extension(name, **parts), rf'did nothing for \d+ s {where}: stopped',
                      '--extension-timeout', '1')
    check(time.monotonic() - started < 150, 'that took too long')


@test('one that is slow, but gets on, is waited for')
def _():
    path = extension('slow', page='if (pfn < 8) usleep(500000); return PG_UNDECID;')
    dump('--extension', path, '--extension-timeout', '3').check_done()
    same_dump()


@test('a read of memory that is not there fails in the extension, and breaks nothing')
def _():
    path = extension('reads', init='''
        char buf[64];

        if (readmem(VADDR, 0x123456789abcULL, buf, 64) || readmem(PADDR, 1ULL << 51, buf, 64) ||
            readmem(VADDR, ~0ULL, buf, 64) || readmem(VADDR, 0, buf, 64))
            extension_fail("it could be read");
        if (readmem(PADDR, 0xe10000, buf, 64) != 64)
            extension_fail("it could not be read");''')
    dump('--extension', path).check_done()
    same_dump()


@test('a mistyped key is an error, if the extension says which ones it knows')
def _():
    path = extension('keys', init='''
        static const char *const keys[] = { "pid", "comm", "what", NULL };

        extension_known_keys(keys);''')
    for good in ('', ',pid=1', ',pid,comm=a=b', ',,what'):
        dump('--require-extension', path + good).check_done()
    for wrong in ('pidd=1', 'pi', 'comm=a,wha', 'a', '=1'):
        dump('--require-extension', f'{path},{wrong}').check_failed(
            f'unknown argument {wrong.split(",")[-1]}: the known keys are pid, comm and what')


@test('declarations are printed in the order of the source')
def _():
    path = extension('ordered', init='', rest=''.join(
        f'INIT_OPT_MOD_SYM(vmlinux, s{n});INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, t{n}, m);'
        for n in (3, 1, 4, 0, 5, 9, 2, 6)))
    core('mini')
    text = makedumpfile('--check-extension', path, 'mini').text
    check(re.findall(r'SYMBOL\(s(\d)', text) == list('31405926'), text)
    check(re.findall(r'OFFSET\(t(\d)', text) == list('31405926'), text)


@test('of thousands of messages the first are shown, line by line with its name')
def _():
    path = extension('talks', init='''
        for (int i = 0; i < 20000; i++)
            printf("line %d\\n", i);''')
    result = dump('--extension', path).check_done()
    lines = extension_lines(result)
    check(lines[:100] == [f'extension talks: line {i}' for i in range(100)], lines[:101])
    check(lines[100:] == ['extension talks: more than 100 lines or 16 KiB of messages: '
                            '--message-level 31 shows the rest'], lines[100:])
    result = dump('--message-level', '31', '--extension', path).check_done()
    check('extension talks: line 19999' in extension_lines(result), 'the limit is not lifted')
    path = extension('rambles', init='''
        for (int i = 0; i < 200000; i++)
            fputs("blah ", stderr);''')
    result = dump('--extension', path).check_alive()
    check(result.code == 0, result)
    check(10000 < len(result.err) < 20000, f'{len(result.err)} bytes')
    path = extension('controls', init=r'fputs("\033[2Jred\nlast words", stdout);')
    result = dump('--extension', path).check_done()
    check(extension_lines(result) == ['extension controls: ?[2Jred',
                                      'extension controls: last words'], extension_lines(result))


@test('messages are out before a crash, also with the dump on standard output')
def _():
    path = extension('last-words', init='MSG("first\\n"); printf("second\\n"); abort();')
    result = dump('--extension', path)
    check(extension_lines(result)[1:] == ['extension last-words: first',
                                          'extension last-words: second'], result)
    core('mini')
    result = makedumpfile('-F', '-c', '-d31', '--extension', path, 'mini')
    check(result.code == 0 and 'extension last-words: second' in result.err, result)
    with open('dump', 'wb') as f:
        f.write(unflatten(result.out))
    same_dump()


@test('closing all descriptors harms only the extension')
def _():
    path = extension('closes', init='for (int fd = 0; fd < 1024; fd++) close(fd);',
                     page='return PG_EXCLUDE;')
    result = dump('--extension', path, '--non-mmap').check_alive()
    check(result.code == 0, result)
    lines = [e for e in result.errors if 'makedumpfile: extension closes: ' in e]
    check(len(lines) == 1 and "it closed the dump's descriptor" in lines[0], result.errors)
    same_dump()
    path = extension('closes-some', init='close(1); close(2); usleep(300000);')
    dump('--extension', path).check_done()


@test('an extension gets none of our descriptors but the dump, for reading')
def _():
    path = extension('looks', init='''
        for (int fd = 3; fd < 1024; fd++)
            if (fcntl(fd, F_GETFD) >= 0) {
                MSG("fd %d\\n", fd);
                if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
                    MSG("writable\\n");
            }
        if (read(0, &(char){0}, 1))
            MSG("stdin\\n");''')
    result = dump('--extension', path).check_done()
    lines = extension_lines(result)
    check(len(lines) == 1 and re.fullmatch(r'extension looks: fd \d+', lines[0]), lines)


@test('taking all memory ends the extension, not the program')
def _():
    path = extension('takes', init='''
        for (;;) {
            char *p = malloc(1 << 20);

            if (!p)
                extension_fail("no memory after all");
            memset(p, 1, 1 << 20);
        }''')
    check_stopped(path, 'no memory after all')
    path = extension('maps', init='''
        for (int i = 0; i < 1000; i++)
            if (mmap(NULL, 100 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
                extension_fail("%d times", i);''')
    check_stopped(path, '[12] times')
    path = extension('recurses', rest='static int deep(volatile char *p) { char here[4096];'
                     ' here[0] = *p; return deep(here) + here[0]; }',
                     init='exit(deep(""));')
    check_stopped(path, r'killed by SIGSEGV .* in extension_init\(\)')


@test('an extension that leaves processes after is not waited for')
def _():
    path = extension('forks', init='if (!fork()) { for (;;) pause(); }')
    started = time.monotonic()
    dump('--extension', path).check_done()
    check(time.monotonic() - started < 50, 'waited')
    same_dump()


@test('processes in sessions of their own end with the extension')
def _():
    path = extension('daemons', init='''
        int ready[2], byte;
        if (pipe(ready))
            extension_fail("no pipe");
        if (!fork()) {
            setsid();
            if (!fork()) {
                fork();
                MSG("survivor %d\\n", getpid());
                fflush(NULL);
                if (write(ready[1], "x", 1))
                    for (;;)
                        pause();
            }
            _exit(0);
        }
        for (int i = 0; i < 2; i++)
            if (read(ready[0], &byte, 1) != 1)
                extension_fail("nothing read");
        ''')
    result = dump('--extension', path).check_done()
    survivors = re.findall(r'survivor (\d+)', result.text)
    check(len(survivors) == 2, result.text)
    check(not any(running(int(pid)) for pid in survivors), 'they still run')
    same_dump()


@test('with --work-dir, stray writes of an extension do not reach bitmaps of the program')
def _():
    path = extension('scribbles', init='''
        unsigned long start, end;
        char line[512];
        FILE *f = fopen("/proc/self/maps", "r");
        int nr = 0;

        while (f && fgets(line, sizeof(line), f)) {
            char how[8];
            if (sscanf(line, "%lx-%lx %7s", &start, &end, how) != 3 || how[3] != 's' ||
                strstr(line, "memfd:extension"))
                continue;
            nr++;
            if (!extension_argument("look") || strchr(how, 'w'))
                memset((char *)start, 0xff, end - start);
        }
        MSG("%d bitmaps\\n", nr);
        ''')
    where = ['--work-dir', '.', '--cyclic-buffer', '1']
    result = dump('--extension', f'{path},look', *where).check_done()
    check('extension scribbles: 2 bitmaps' in result.text, result.text)
    same_dump()
    check_stopped(path, r'killed by SIGSEGV \(Segmentation fault\) in extension_init\(\)', *where)
    # A dump of ours has a bitmap more.
    os.rename('dump', 'ours')
    result = dump('--extension', f'{path},look', *where, name='ours').check_done()
    check('extension scribbles: 3 bitmaps' in result.text, result.text)
    same_dump()


@test('-e keeps the struct pages that it wants')
def _():
    dump('-e').check_done()
    less = set(Kdump('dump').pages)
    gone = sorted(kept(31) - less)
    check(len(gone) > 3, f'{len(gone)} pages of struct pages')
    wants = extension('wants', init=f'extension_decide({gone[1]}, 2, PG_INCLUDE);')
    dump('-e', '--extension', wants).check_done()
    check(set(Kdump('dump').pages) == less | set(gone[1:3]), 'other pages were dumped')


@test('overwriting what it shares with us is noticed')
def _():
    find = '''
        /* The answers are the only mapping of a file in memory. */
        unsigned long start = 0, end = 0;
        char line[512];
        FILE *f = fopen("/proc/self/maps", "r");

        while (f && fgets(line, sizeof(line), f))
            if (strstr(line, "memfd:extension"))
                sscanf(line, "%lx-%lx", &start, &end);
        if (!start)
            extension_fail("not found");
        erase_physical(0x200000, 1, 'X');
        '''
    # 1 << 20 ranges of 24 bytes are at its end.
    path = extension('overwrites', init=find + 'memset((char *)end - (24 << 20), 0x7f, 64);')
    check_stopped(path, 'its answers were overwritten')
    path = extension('overwrites-all', init=find + 'memset((char *)start, 0x7f, end - start);')
    result = dump('--extension', path).check_alive()
    check(result.code == 0 and len(result.errors) == 1, result)
    same_dump()


@test('when the program is killed the extension ends too')
def _():
    path = extension('outlives', init='printf("%d\\n", getpid()); for (;;) pause();')
    core('mini')
    with subprocess.Popen([PROGRAM, '-c', '-f', '-d31', '--extension', path, 'mini', 'dump'],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as p:
        pid = int(p.stdout.readline().split()[-1])
        p.kill()
    until = time.monotonic() + 50
    while running(pid) and time.monotonic() < until:
        time.sleep(0.01)
    check(not running(pid), f'process {pid} still runs')


@test('one that fails takes no other with it, whatever the order')
def _():
    bad = extension('bad', page='if (pfn == 0x8100) abort(); return PG_EXCLUDE;')
    good = extension('good', page='return pfn == 0x980 ? PG_INCLUDE : PG_UNDECID;')
    for order in ((bad, good), (good, bad), (bad, good, bad)):
        result = dump(*[word for path in order for word in ('--extension', path)]).check_alive()
        check(result.code == 0, result)
        check(all('extension bad: killed by SIGABRT' in e for e in result.errors), result.errors)
        check(set(Kdump('dump').pages) == kept(31) | {0x980}, 'good did not count')


@test('--require-extension: if it cannot do its work there is no dump')
def _():
    good = extension('good', page=UNDECIDED)
    dump('--require-extension', good).check_done()
    same_dump()
    for path, why in ((extension('abrt', init='abort();'), 'killed by SIGABRT'),
                      (extension('late', rest='__attribute__((destructor)) static void f(void)'
                                 '{ abort(); }', init=''), 'killed by SIGABRT'),
                      (extension('needs', init='', rest='INIT_MOD_SYM(vmlinux, no_such);'),
                       r'missing: SYMBOL\(no_such\)'),
                      (f'./{PLACE}/none.so', 'cannot open')):
        if os.path.exists('dump'):
            os.unlink('dump')
        result = dump('--extension', good, '--require-extension', path)
        result.check_failed(f'extension {os.path.basename(path)[:-3]}: {why}')
        check(not os.path.exists('dump'), 'something was left')


@test('a dump of another byte order or word size is made without them')
def _():
    path = extension('any', init='', page='return PG_EXCLUDE;')
    for machine, word in (('elf 64 big s390x', 'byte order'), ('elf 32 little i386', 'word size')):
        core('other', text=machine + '\nsegment 0x1000 0x10000\npage 1..4 random 1\n'
             'vmcoreinfo <<END\nOSRELEASE=6.12.0-x\nPAGESIZE=4096\nEND\n')
        result = dump('--extension', path, level=0, name='other').check_alive()
        check(result.code == 0, result)
        check(any(f'extension any: the dump is of a machine with another {word}' in e
                  for e in result.errors), result.errors)


@test('without a memory map, extensions that ask about pages cannot run, others do')
def _():
    core('mapless', 'set SYMBOL(mem_section)')
    asks = extension('asks', page=UNDECIDED)
    does = extension('does', init='MSG("here\\n");')
    result = dump('--extension', asks, '--extension', does, level=0, name='mapless').check_alive()
    check(result.code == 0 and 'extension does: here' in result.text, result)
    check(re.search(r'extension asks: it cannot be asked about pages: missing: .*mem_section',
                    result.errors[0]), result.errors)


@test('--extension-in-process does the same without a process')
def _():
    path = extension('inside', init='MSG("process %d\\n", getpid() == getsid(0)); '
                     'printf("parent %d\\n", getppid());',
                     page='return pfn == 0x980 ? PG_INCLUDE : PG_UNDECID;')
    result = dump('--extension', path, '--extension-in-process').check_done()
    check(f'parent {os.getpid()}' in result.text, result.text)
    check(set(Kdump('dump').pages) == kept(31) | {0x980}, 'not what was decided')
    bad = extension('lacks', init='', rest='INIT_MOD_SYM(vmlinux, no_such);')
    result = dump('--extension', bad, '--extension-in-process')
    check(result.code == 0 and 'missing: SYMBOL(no_such)' in result.err, result)
    fails = extension('fails', init='extension_fail("no %s today", "work");')
    result = dump('--extension', fails, '--extension-in-process')
    check(result.code == 1, result)
    check(result.errors == ['makedumpfile: extension fails: no work today'], result.errors)


@test('VMCORE that becomes shorter while it is read costs its lost pages, and no signal')
def _():
    core('mini')
    path = extension('shortens', rest='static int done;', page="""
        if (!done++ && truncate("short", 20 << 20))
            MSG("it is as it was\\n");
        return PG_UNDECID;""")
    for args in ([], ['--extension-in-process']):
        shutil.copy('mini', 'short')
        makedumpfile('-f', '-c', '-d', '31', '--extension', path, *args, 'short',
                     'dump').check_failed('pages could not be read')
        dump = Kdump('dump')
        check(dump.status & Kdump.INCOMPLETE and set(dump.pages) == kept(31), 'its pages')


@test('where no process can be made the dump is made without the extension')
def _():
    if not shutil.which('prlimit'):
        skip('prlimit is not installed')
    path = extension('lonely', page='return PG_EXCLUDE;')
    if not os.geteuid():
        # Root has no limit; a descriptor too few does as well.
        core('mini')
        result = run(['sh', '-c', 'ulimit -n 7; exec "$@"', 'sh', PROGRAM, '-c', '-f', '-d31',
                      '--extension', path, 'mini', 'dump'])
    else:
        result = run(['prlimit', '--nproc=1', PROGRAM, '-c', '-f', '-d31', '--extension', path,
                      'mini', 'dump'])
    check(result.code == 0, result)
    check('no process can be made for it' in result.err, result)
    same_dump()


run_tests()
