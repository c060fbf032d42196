#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages with equal contents are in a dump once."""
import collections
import functools
import json

from harness import *

CODECS = ((), ('-c',), ('-l',), ('-p',), ('-z',))
LEFT = sorted(kept(31))
# Pages of one word, equal pages of other contents, and pages that differ from these in one word
# only: some of them are equal.
WORDS, TEXTS, ALMOST = LEFT[100:140], LEFT[200:230] + LEFT[-5:], (*LEFT[300:304], LEFT[-10])
STATEMENTS = ([f'page {pfn:#x} byte 0xaa' for pfn in WORDS] +
              [f'page {pfn:#x} text equal-pages' for pfn in (*TEXTS, *ALMOST)] +
              [f'u8 {pfn * PAGE + PAGE - 1:#x} {i // 2}' for i, pfn in enumerate(ALMOST)])


@functools.cache
def hashed():
    """Does this build know equal pages of other contents than one word?"""
    core('pair', *STATEMENTS)
    makedumpfile('-f', '-d', '31', 'pair', 'probe').check_done()
    dump = Kdump('probe')
    return len({dump.desc(dump.pages.index(pfn)) for pfn in TEXTS}) == 1


def check_shared(path, memory, pages=None):
    """Check that equal pages, and no others, share their data."""
    dump = Kdump(path)
    places = collections.defaultdict(set)
    for index, pfn in enumerate(dump.pages if pages is None else pages):
        data = memory.read(pfn * PAGE, PAGE)
        if data != bytes(PAGE) and (hashed() or data == data[:8] * (PAGE // 8)):
            places[data].add(dump.desc(index))
    check(all(len(descs) == 1 for descs in places.values()),
          [descs for descs in places.values() if len(descs) > 1])
    where = [descs.pop() for descs in places.values()]
    check(len(set(where)) == len(where), 'pages that differ share data')


@test('equal pages share their data, with each compression and any number of threads')
def _():
    made = core('mini', *STATEMENTS)
    for codec in CODECS:
        if makedumpfile('-f', *codec, '-d', '31', '--num-threads', '1', 'mini', 'dump').code:
            continue
        check_shared('dump', made.memory)
        if codec in ((), ('-c',)):
            Kdump('dump').check_contents(made.memory)
        want = read('dump')
        for threads in (2, 3, 8):
            makedumpfile('-f', *codec, '-d', '31', '--num-threads', threads, 'mini',
                         'dump').check_done()
            check(read('dump') == want, f'{codec}: {threads} threads differ from 1')


@test('they do so in a stream, in parts, and in a dump that is made of a dump')
def _():
    made = core('mini', *STATEMENTS)
    makedumpfile('-f', '-c', '-d', '31', 'mini', 'dump').check_done()
    want = read('dump')
    check(unflatten(makedumpfile('-F', '-c', '-d', '31', 'mini').out) == want, 'stream')
    makedumpfile('-f', '-c', '-d', '31', 'dump', 'again').check_done()
    check(read('again') == want, 'a dump of the dump')
    makedumpfile('-f', '--split', '-c', '-d', '31', 'mini', 'part1', 'part2').check_done()
    makedumpfile('-f', '--reassemble', 'part1', 'part2', 'whole').check_done()
    Kdump('whole').check_contents(made.memory)
    check(len(want) < len(read('whole')) < len(want) + 4 * PAGE, 'each part has its own data')
    makedumpfile('--verify', 'whole').check_done()
    makedumpfile('--verify', 'dump').check_done()


@test('--show-stats and --json count them; an ELF core has each page')
def _():
    made = core('mini', *STATEMENTS)
    done = makedumpfile('-f', '-d', '31', '--show-stats', '--json', 'report', 'mini', 'dump')
    done.check_done()
    pages = json.loads(read('report'))['pages']
    dump = Kdump('dump')
    full = [dump.desc(i) for i, pfn in enumerate(dump.pages)
            if any(made.memory.read(pfn * PAGE, PAGE))]
    check(pages['shared'] == len(full) - len(set(full)) >= len(WORDS) - 1, pages['shared'])
    found = re.findall(r'^Share the data of an equal page +: (\d+) page', done.text, re.M)
    check(found == [str(pages['shared'])], done.text)
    makedumpfile('-f', '-E', '-d', '31', '--json', 'report', 'mini', 'dump').check_done()
    check(json.loads(read('report'))['pages']['shared'] == 0, 'ELF')
    for pfn, data in ElfCore('dump').pages().items():
        check(data == made.memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x} differs')


run_tests()
