#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--fill: after all pages of a level, as many of another one as there is space or time for."""
import json
import os
import re
import signal

from harness import *

MACHINES = ('x86_64', 'arm64', 'arm64-64k', 'loongarch64', 'ppc64', 'ppc64le', 'riscv64', 's390x')
# Pages of zeros are written, so that there is something to fill with.
LEVELS = ('-d', '30', '--fill', '0')
CUT = 'Dump level 30 is complete; of level 0, .* (is|are) missing: '


def classes():
    """The classes of the last report, those without pages aside."""
    return {c['class']: c for c in json.loads(read('report'))['pages']['classes'] if c['pages']}


def there(dump):
    """The pages that have descriptors."""
    return {pfn for i, pfn in enumerate(dump.pages) if any(dump.desc(i))}


def check_cut(path, memory, first):
    """A dump has the pages of a smaller one, and not all others. Returns the number of these."""
    dump = Kdump(path)
    dump.check_there(memory)
    found = there(dump)
    check(first <= found, f'{len(first - found)} pages of the first level are missing')
    check(dump.status & Kdump.INCOMPLETE, 'it is not marked')
    check(len(found) < len(dump.pages), 'nothing is missing')
    return len(found - first)


def first_level():
    """The memory of a miniature kernel, and the pages of its dump, which is kept as "first"."""
    memory = core('mini', *DISTINCT_FREE, 'page 0xa08..0xe00 random 7').memory
    makedumpfile('-f', '-d', '30', 'mini', 'first').check_done()
    return memory, set(Kdump('first').pages)


for machine in MACHINES:
    @test(f'{machine}: with room for all, it has the pages of the level of --fill')
    def _(machine=machine):
        c = core('mini', text=mini(machine))
        makedumpfile('-f', '-c', '-d', '0', 'mini', 'want').check_done()
        done = makedumpfile('-f', '-c', *LEVELS, '--json', 'report', 'mini', 'dump')
        done.check_done()
        check('Dump level' not in done.text, done)
        dump = Kdump('dump')
        dump.check_contents(c.memory)
        check(dump.pages == Kdump('want').pages and not dump.status & Kdump.INCOMPLETE, 'pages')
        check(dump.level == 30, dump.level)
        check({name for name, c in classes().items() if c['fill']} <=
              {'cache', 'user', 'free'}, classes())
        check(list(classes()) == ['essential', 'kernel', 'memory_map', 'cache', 'user', 'free'] or
              machine != 'x86_64', classes())
        output = json.loads(read('report'))['output']
        check((output['fill_level'], output['fill_end']) == (0, None), output)
        makedumpfile('--verify', 'dump').check_done()
        check(b'--fill 0: ' in dump.bytes, 'eraseinfo')


@test('-L: the first level is whole, and some of the other, for any number of threads')
def _():
    memory, first = first_level()
    makedumpfile('-f', *LEVELS, '--json', 'report', 'mini', 'whole').check_done()
    whole = os.path.getsize('whole')
    seen = set()
    for limit in range(whole - 1, whole - (5 << 20), -(1 << 20)):
        done = makedumpfile('-f', *LEVELS, '-L', limit, '--json', 'report', 'mini', 'dump')
        check(done.code == 0, done)
        check(re.search(CUT + 'the limit of -L was reached', done.text), done)
        want = read('dump')
        check(len(want) <= limit, len(want))
        seen.add(check_cut('dump', memory, first))
        output = json.loads(read('report'))['output']
        check(output['fill_end'] == 'the limit of -L was reached', output)
        check(sum(c['copied'] for c in classes().values()) == len(there(Kdump('dump'))),
              classes())
        for threads in (1, 4):
            makedumpfile('-f', *LEVELS, '-L', limit, '--num-threads', threads, 'mini', 'dump')
            check(read('dump') == want, f'{threads} threads, {limit}: it differs')
    check(len(seen) > 2, seen)


@test('-L with too little room for its page descriptors: the dump is as without --fill')
def _():
    memory, first = first_level()
    limit = os.path.getsize('first') + 1000
    makedumpfile('-f', *LEVELS, '-L', limit, 'mini', 'dump').check_done()
    dump = Kdump('dump')
    check(set(dump.pages) == first and not dump.status & Kdump.INCOMPLETE, 'pages')
    check(dump.check_there(memory) == len(first), 'contents')
    makedumpfile('-f', *LEVELS, '-L', limit // 2, 'mini', 'dump').check_failed(
        'the dump is incomplete, .*; (essential|kernel) memory is complete|essential memory')


@test('pages that the first level keeps come before all others')
def _():
    for level, fill, before in (('27', '1', {'cache_private'}), ('23', '0', {'user'}),
                                ('15', '8', {'free'}), ('4', '2', {'user', 'free'})):
        core('mini')
        makedumpfile('-f', '-d', level, '--json', 'report', 'mini', 'dump').check_done()
        want = sum(c['pages'] for c in classes().values())
        makedumpfile('-f', '-d', level, '--fill', fill, '--json', 'report', 'mini',
                     'dump').check_done()
        found = classes()
        check(not any(found[name]['fill'] for name in before if name in found), found)
        check(any(c['fill'] for c in found.values()), found)
        # The page cache that only a fill has is not one with another class.
        makedumpfile('-f', '-d', str(int(fill) | int(level) & 1), 'mini', 'all').check_done()
        check(Kdump('dump').pages == Kdump('all').pages, f'{level}, {fill}')
        total = sum(c['pages'] for c in found.values() if not c['fill'])
        check(total >= want, f'{level}, {fill}: {total} pages of {want} come first')


@test('--split: each part has its pages of the first level, though others have no room left')
def _():
    memory, first = first_level()
    makedumpfile('-f', *LEVELS, '--split', 'mini', 'a', 'b', 'c').check_done()
    makedumpfile('-f', '--reassemble', 'a', 'b', 'c', 'all').check_done()
    makedumpfile('-f', *LEVELS, 'mini', 'want').check_done()
    check(Kdump('all').pages == Kdump('want').pages, 'pages')
    # One part alone has not enough room.
    limit = max(map(os.path.getsize, 'abc')) - (64 << 10)
    done = makedumpfile('-f', *LEVELS, '-L', limit, '--split', 'mini', 'a', 'b', 'c')
    check(done.code == 0 and re.search(CUT, done.text), done)
    makedumpfile('-f', '--reassemble', 'a', 'b', 'c', 'all')
    check_cut('all', memory, first)


@test('killed at any flush: what is there is right, and the fill comes after the whole first level')
def _():
    memory, first = first_level()
    write('kill.c', """#include <signal.h>
        #include <stdlib.h>
        int fdatasync(int fd) {
            static int n;
            if (++n == atoi(getenv("KILL_AT")))
                raise(SIGKILL);
            return fd < 0;
        }""")
    done = run([need_tool('cc'), '-shared', '-fPIC', '-o', 'kill.so', 'kill.c'])
    check(done.code == 0, done)
    found, number = [], 0
    while True:
        number += 1
        done = makedumpfile('-f', *LEVELS, 'mini', 'dump', env={
            'LD_PRELOAD': os.path.abspath('kill.so'), 'KILL_AT': str(number)})
        if done.code == 0:
            break
        check(done.code == -signal.SIGKILL, done)
        dump = Kdump('dump')
        marked = bool(dump.status & Kdump.INCOMPLETE)
        dump.check_there(memory)
        found.append(there(dump))
        check(marked or found[-1] == set(dump.pages), f'{number}: it is not marked')
        check(first <= found[-1] or found[-1] <= first, f'{number}: the fill came before')
        check(len(found) < 2 or found[-2] <= found[-1], f'{number}: pages were lost again')
        again = makedumpfile('-f', '-d', '31', 'dump', 'again').check_alive()
        check(again.code == marked and marked == ('the dump is incomplete' in again.err), again)
    whole = [pages for pages in found if first <= pages]
    check(found[0] < first and whole and whole[0] < whole[-1], [len(pages) for pages in found])
    check(whole == found[-len(whole):], 'the first level is whole, and then not')


@test('a twentieth of the disk stays free')
def _():
    memory, first = first_level()
    kib = (os.path.getsize('first') >> 10) + (3 << 10)
    script = (f'mkdir -p disk && mount -t tmpfs -o size={kib}k none disk || exit 77; "$@"; '
              'code=$?; df -k --output=avail disk | tail -1 > free; cp disk/dump left; exit $code')
    result = run([need_tool('unshare'), '-m', 'sh', '-c', script, 'sh', PROGRAM, *LEVELS,
                  'mini', 'disk/dump'])
    if result.code in (1, 77) and ('mount:' in result.err or 'unshare:' in result.err):
        skip('mount is not permitted')
    check(result.code == 0 and re.search(CUT + 'the rest of the disk is a reserve', result.text),
          result)
    check(kib // 20 <= int(read('free')) < kib // 20 + 1024, read('free'))
    check(check_cut('left', memory, first) > 100, 'few pages')


@test('the levels must fit together')
def _():
    core('mini')
    for options, why in (
            (['--fill', '1'], '--fill 1 keeps no page that -d 0 excludes'),
            (['-d', '31', '--fill', '31'], '--fill 31 keeps no page that -d 31 excludes'),
            (['-d', '31', '--fill', '30'], '--fill 30 keeps no page'),
            (['-d', '6', '--fill', '4'], '--fill 4 keeps no page'),
            (['-d', '7', '--fill', '24'], '--fill 24 excludes pages that -d 7 keeps'),
            (['-d', '31,17', '--fill', '1'], '--fill needs one level of -d'),
            (['-d', '31', '--fill', '32'], "'32' is not a dump level"),
            (['-d', '31', '--fill', ''], "'' is not a dump level"),
            (['-d', '31', '--fill', '1,0'], "'1,0' is not a dump level"),
            (['-F', '-d', '31', '--fill', '1'], '-F and --fill exclude each other'),
            (['-E', '-d', '31', '--fill', '1'], '-E and --fill exclude each other'),
            (['--essential', '--fill', '1'], '--essential and --fill exclude each other')):
        makedumpfile('--check-params', *options, 'mini', 'x').check_failed(re.escape(why))


run_tests()
