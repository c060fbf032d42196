#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""-e: the struct pages of pages that are left out, too."""
import re

from harness import *

EXCLUDED_VMEMMAP = 0x10
# In the small kernel each page of struct pages describes 64 pages; they lie together here.
STRUCTS = 0x180
# Pages 0x40-0x80 are free, 0xc0-0x100 are no memory.
TEXT = SMALL.replace('compound 0x40 order=4 flags=0x20128 mapping=direct+1', 'buddy 0x40 order=6')
TEXT = TEXT.replace('page_struct 0x60..0x70 flags=0x2c mapping=direct\n', '')
KEPT = pfns((0x1, 0xa0), (0x100, 0x200)) - pfns((0x20, 0x28), (0x40, 0x80))


def pages(*args, vmcore='small'):
    makedumpfile('-f', *args, vmcore, 'dump').check_done()
    return Kdump('dump')


@test('struct pages go if nothing that they describe is saved')
def _():
    core('small', text=TEXT)
    plain, less = pages('-d', '31'), pages('-d', '31', '-e')
    check(set(plain.pages) == KEPT, 'without -e')
    check(set(plain.pages) - set(less.pages) == {STRUCTS + 1, STRUCTS + 3},
          f'{set(plain.pages) - set(less.pages)}')
    check(plain.status == 0 and less.status == EXCLUDED_VMEMMAP, f'status {less.status:#x}')
    # Free pages are saved at level 15, and so are their struct pages.
    check(set(pages('-d', '15', '-e').pages) == set(pages('-d', '15').pages) - {STRUCTS + 3},
          'at level 15')
    check(set(pages('--exclude-unused-vm', '-d', '31').pages) == set(less.pages), 'the long name')


@test('a page that is mapped at several places goes only if none of them is needed')
def _():
    # As the kernel does with struct pages of huge pages: one page stands for many.
    for at, gone in (('0x82000', {STRUCTS + 1}), ('0x81000', {STRUCTS + 1})):
        core('small', text=TEXT.replace('sections 0..1',
                                        f'map vmemmap+0x3000 M+{at} 0x1000\nsections 0..1'))
        check(set(pages('-d', '31').pages) - set(pages('-d', '31', '-e').pages) == gone, at)


@test('struct pages that are mapped by large pages')
def _():
    core('mini')
    less = pages('-d', '31', '-e', vmcore='mini')
    more = kept(31) - set(less.pages)
    # Half of what the second section has is free: 0x400 struct pages of 64 bytes.
    check(len(more) >= 16 and set(less.pages) < kept(31), f'{len(more)} pages')
    again = pages('-d', '31', '-e', vmcore='mini')
    check(again.pages == less.pages, 'they differ')


@test('the report counts them, and -E, parts and any number of threads leave out the same')
def _():
    core('small', text=TEXT)
    done = makedumpfile('-f', '-e', '-d', '31', '--show-stats', 'small', 'dump').check_done()
    number = re.search(r'Unused struct pages *: 0x0*(\d+)', done.text)[1]
    remaining = re.search(r'Remaining pages *: 0x([0-9a-f]+)', done.text)[1]
    zero = re.search(r'Pages filled with zero *: 0x([0-9a-f]+)', done.text)[1]
    check(number == '2' and int(remaining, 16) + int(zero, 16) == len(Kdump('dump').pages),
          done.text)
    want, pages_of_all = read('dump'), Kdump('dump').pages
    makedumpfile('-f', '-e', '-d', '31', '--num-threads', '4', 'small', 'dump').check_done()
    check(read('dump') == want, 'with threads')
    makedumpfile('-f', '-e', '-d', '31', '--split', 'small', 'a', 'b').check_done()
    makedumpfile('-f', '--reassemble', 'a', 'b', 'dump').check_done()
    check(Kdump('dump').pages == pages_of_all, 'in parts')
    makedumpfile('-f', '-e', '-E', '-d', '30', 'small', 'elf').check_done()
    check(set(ElfCore('elf').pages()) == KEPT - {STRUCTS + 1, STRUCTS + 3}, '-E')
    counts = re.compile(r'pages.*: 0x[0-9a-f]+|Write bytes.*')
    dry = makedumpfile('--dry-run', '-e', '-d', '31', '--show-stats', 'small').check_done()
    check(counts.findall(dry.text) == counts.findall(done.text), 'the dry run')


@test('such a dump can be filtered again, and keeps its mark')
def _():
    core('small', text=TEXT)
    makedumpfile('-f', '-e', '-d', '31', 'small', 'once').check_done()
    makedumpfile('-f', '-d', '31', 'once', 'twice').check_done()
    check(read('once') == read('twice'), 'they differ')


@test('the place of struct pages is not known: a warning says so, and they are kept')
def _():
    core('bad', 'set SYMBOL(mem_section)', text=TEXT)
    makedumpfile('-f', '-d', '1', 'bad', 'without').check_done()
    makedumpfile('-f', '-e', '-d', '1', 'bad', 'dump').check_warned('struct pages.*mem_section')
    check(Kdump('dump').pages == Kdump('without').pages, 'other pages')
    check(b'# cannot find struct pages' in read('dump'), 'the dump does not say so')
    makedumpfile('-e', '-d', '1', '--strict-level', 'bad', 'left').check_failed('mem_section')
    check(not os.path.exists('left'), 'there is a file')


@test('struct pages that the makedumpfile of the distribution leaves out are left out')
def _():
    peer = need_tool('makedumpfile')
    core('mini')
    sets = []
    for args in ([], ['-e', '--work-dir', '.']):
        done = run([peer, '-f', *args, '-d', '31', 'mini', 'peer'])
        check(done.code == 0, done)
        sets.append(set(Kdump('peer').pages))
    gone = kept(31) - set(pages('-d', '31', '-e', vmcore='mini').pages)
    check(sets[0] - sets[1] and sets[0] - sets[1] <= gone, f'{sets[0] - sets[1]}')


run_tests()
