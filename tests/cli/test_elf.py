#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""-E: dumps that are ELF cores."""
import os
import random
import re

from harness import *

ZEROS = bytes(PAGE)


def check_core(dump, memory, want, level, what=''):
    """The dump has these pages, as they were, and nothing else."""
    pages = dump.pages()
    for pfn in want - set(pages):
        check(level & 1 and memory.read(pfn * PAGE, PAGE) == ZEROS,
              f'{what}level {level}: pfn {pfn:#x} is lost')
    check(not set(pages) - want, f'{what}level {level}: pages that should not be there: '
          f'{[hex(p) for p in sorted(set(pages) - want)[:5]]}')
    for pfn, data in pages.items():
        check(data == memory.read(pfn * PAGE, PAGE), f'{what}level {level}: pfn {pfn:#x} differs')


@test('every level has exactly its pages, at their virtual addresses, and describes all others')
def _():
    memory = core('mini').memory
    source = ElfCore('mini')
    for level in range(32):
        makedumpfile('-f', '-E', '-d', level, 'mini', 'dump').check_done()
        dump = ElfCore('dump')
        check_core(dump, memory, kept(level), level)
        check(dump.described() == EXISTS, f'level {level}: the memory that is described')
        check((dump.type, dump.machine, dump.flags) == (4, 62, 0), f'level {level}: the header')
        check(dump.notes == source.notes, f'level {level}: the notes')
        moved = {vaddr - paddr for vaddr, paddr, *_ in dump.loads}
        check(moved == {vaddr - paddr for vaddr, paddr, *_ in source.loads},
              f'level {level}: virtual addresses')


@test('what several PT_LOADs cover is stored once, and pages of zeros take no room')
def _():
    core('mini')
    makedumpfile('-f', '-E', '-d', '0', 'mini', 'dump').check_done()
    check(os.path.getsize('dump') < os.path.getsize('mini') - (1 << 20), 'its size')
    core('zeros', text='segment M 64*M\npage 0x100..0x120 pattern\npage 0x1ff pattern\n'
         'page 0x3fff pattern\n')
    makedumpfile('-f', '-E', '-d', '1', 'zeros', 'dump').check_done()
    # Those between the two pages that are near each other are a hole of the file.
    check(len(ElfCore('dump').loads) == 2, ElfCore('dump').loads)
    check(os.stat('dump').st_blocks * 512 < 300 << 10, 'zeros take room')
    check(os.path.getsize('dump') < 2 << 20, 'a run of zeros takes room')


@test('-F -E gives the same file, and so does any number of threads')
def _():
    core('mini')
    makedumpfile('-f', '-E', '-d', '31', 'mini', 'direct').check_done()
    done = makedumpfile('-F', '-E', '-d', '31', 'mini')
    check(done.code == 0 and unflatten(done.out) == read('direct'), 'the files differ')
    for threads in (1, 2, 8):
        makedumpfile('-f', '-E', '-d', '31', '--num-threads', threads, 'mini', 'dump').check_done()
        check(read('dump') == read('direct'), f'{threads} threads: the files differ')


@test('-F -E has records for all that PT_LOADs have in the file, zeros too; -R makes them holes')
def _():
    core('zeros', text='segment M 64*M\npage 0x100..0x120 pattern\npage 0x1ff pattern\n'
         'page 0x3fff pattern\n')
    makedumpfile('-f', '-E', '-d', '1', 'zeros', 'direct').check_done()
    with open('stream', 'wb') as f:
        check(makedumpfile('-F', '-E', '-d', '1', 'zeros', stdout=f).code == 0, 'its exit status')
    # In a file of any other byte, what no record holds shows.
    file, covered = unflatten(read('stream')), unflatten(read('stream'), 0xa5)
    check(file == read('direct'), 'the files differ')
    for _, _, offset, filesz, _ in ElfCore('direct').loads:
        check(covered[offset:offset + filesz] == file[offset:offset + filesz],
              f'{offset:#x}: {filesz} bytes are not all in records')
    with open('stream', 'rb') as f:
        makedumpfile('-f', '-R', 'dump', stdin=f).check_done()
    check(read('dump') == file, 'after -R')
    check(os.stat('dump').st_blocks * 512 < 300 << 10, 'zeros take room after -R')


@test('an ELF dump is filtered again as its input would have been')
def _():
    core('mini')
    makedumpfile('-f', '-E', '-d', '16', 'mini', 'elf').check_done()
    makedumpfile('-f', '-d', '31', 'elf', 'dump').check_done()
    check(set(Kdump('dump').pages) == kept(31), 'pages')
    makedumpfile('-f', '-E', '-d', '31', 'elf', 'again').check_done()
    makedumpfile('-f', '-E', '-d', '31', 'mini', 'direct').check_done()
    check(ElfCore('again').pages() == ElfCore('direct').pages(), 'as ELF again')


@test('segments that are not aligned keep their bounds')
def _():
    text = MINI.replace(' align=4096', '') + 'segment 0x4000123 0x5678 vaddr=0xffff900000000123\n'
    memory = core('odd', 'page 0x4000..0x4006 pattern', text=text).memory
    makedumpfile('-f', '-E', '-d', '31', 'odd', 'dump').check_done()
    load, = [x for x in ElfCore('dump').loads if x[1] == 0x4000123]
    check((load[0], load[3], load[4]) == (0xffff900000000123, 0x5678, 0x5678), f'{load}')
    check(ElfCore('dump').bytes[load[2]:load[2] + 0x5678] == memory.read(0x4000123, 0x5678),
          'its contents')


@test('a PT_LOAD whose addresses contradict the page tables marks the dump')
def _():
    for lie in ('4 paddr 0x8040*P', '4 vaddr direct+0x8200*P', '1 paddr 0x9000*P'):
        core('mini', f'lie {lie}')
        makedumpfile('-f', '-d', '31', 'mini', 'dump').check_failed(
            'the dump is incomplete: pages may be at wrong addresses: a PT_LOAD has p_vaddr .*')
        check(makedumpfile('--info', 'dump').out.find(b'incomplete') > 0, f'{lie}: no mark')
    # No virtual address, a physical one, and the only one: nothing proves that it is wrong.
    for lies in (('3 vaddr 0x100*P', '4 vaddr 0'),
                 ('1 vaddr 0', '2 vaddr 0', '3 vaddr 0', '4 vaddr direct+0x8200*P')):
        core('mini', *(f'lie {lie}' for lie in lies))
        makedumpfile('-f', '-d', '31', 'mini', 'dump').check_done()


@test('32-bit and big-endian cores stay what they are')
def _():
    for elf in ('32 little arm', '32 big 20', '64 big s390x'):
        text = f'elf {elf}\nsegment 0x10000 0x20000 vaddr=0xc0010000\npage 0x10..0x20 pattern\n'
        core('odd', text=text)
        makedumpfile('-f', '-E', '-d', '1', 'odd', 'dump').check_done()
        check(read('dump')[:20] == read('odd')[:20], f'{elf}: the header')
        makedumpfile('-f', '-E', 'dump', 'again').check_done()
        makedumpfile('-f', '-d', '0', 'odd', 'a').check_done()
        makedumpfile('-f', '-d', '0', 'dump', 'b').check_done()
        tail = 16 * PAGE
        # The pages of zeros share one.
        check(read('a')[-tail - PAGE:-PAGE] == read('b')[-tail:], f'{elf}: the contents')


@test('more PT_LOADs than a header counts')
def _():
    core('many', text='segment M PAGE count=70000 step=2*PAGE\n'.replace('PAGE', '0x1000') +
         'page 0x100..0x200 pattern\n')
    makedumpfile('-f', '-E', '-d', '1', 'many', 'dump').check_done()
    check(len(ElfCore('dump').loads) == 70000, 'PT_LOADs')
    makedumpfile('-f', '-E', '-d', '0', 'dump', 'again').check_done()


@test('a kdump-compressed VMCORE becomes what an ELF one would have become')
def _():
    core('mini')
    makedumpfile('-f', '-d', '0', '-c', 'mini', 'compressed').check_done()
    for level in (0, 1, 31):
        makedumpfile('-f', '-E', '-d', level, 'mini', 'want').check_done()
        makedumpfile('-f', '-E', '-d', level, 'compressed', 'dump').check_done()
        dump, want = ElfCore('dump'), ElfCore('want')
        check(sorted(dump.loads) == sorted(want.loads), f'level {level}: PT_LOADs')
        check(dump.pages() == want.pages() and dump.notes == want.notes, f'level {level}')
        check((dump.type, dump.machine, dump.flags) == (4, 62, 0), f'level {level}: the header')


@test('where nothing is known of virtual addresses, physical ones are there')
def _():
    memory = core('blind', 'set SYMBOL(init_top_pgt)', 'set SYMBOL(swapper_pg_dir)').memory
    makedumpfile('-f', '-c', 'blind', 'compressed').check_done()
    makedumpfile('-f', '-E', '-d', '1', 'compressed', 'dump').check_done()
    dump = ElfCore('dump')
    check({vaddr for vaddr, *_ in dump.loads} == {0}, 'virtual addresses')
    check(dump.described() == EXISTS, 'what is described')
    for pfn, data in dump.pages().items():
        check(data == memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x} differs')


@test('a note says what was erased, one for all times')
def _():
    core('erased', "note ERASEINFO 0 'erase jiffies size 8\\n'", 'prstatus 1')
    makedumpfile('-f', '-E', 'erased', 'dump').check_done()
    notes = ElfCore('dump').notes
    check(notes.count(b'ERASEINFO') == 1 and b'erase jiffies size 8\n' in notes, 'the note')
    check(notes.count(b'CORE\0') == 3, 'other notes')
    makedumpfile('-f', 'erased', 'compressed').check_done()
    makedumpfile('-f', '-E', 'compressed', 'dump').check_done()
    check(ElfCore('dump').notes == notes, 'by way of another format')


@test('an input that is cut short: exit 1, and the dump is marked')
def _():
    core('cut', f'truncate {18 << 20}')
    makedumpfile('-f', '-E', '-d', '1', 'cut', 'dump').check_failed('incomplete.*cut short')
    check(ElfCore('dump').flags == 1, 'flags')
    memory = core('mini').memory
    for pfn, data in ElfCore('dump').pages().items():
        check(data == memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x} differs')
    makedumpfile('-f', '-E', '-d', '1', 'dump', 'again').check_failed('incomplete')


@test('a file that grows too large: what is there can be read, and is marked')
def _():
    memory = core('mini').memory
    for size in (200 << 10, 700 << 10, 3 << 20):
        makedumpfile('-f', '-E', '-d', '0', 'mini', 'left', file_size=size).check_failed(
            'bytes are missing.*File too large')
        left = ElfCore('left')
        check(left.flags == 1, 'it is not marked as incomplete')
        pages = left.pages()
        check(len(pages) > size / PAGE * 0.7 - 128, f'only {len(pages)} pages are there')
        for pfn, data in pages.items():
            check(data == memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x} differs')
        check(left.described() == EXISTS, 'what is described')


@test('a write that fails before a hole: no PT_LOAD claims what was not written')
def _():
    core('zeros', text='segment M 64*M\npage 0x100..0x110 pattern\npage 0x118 pattern\n')
    makedumpfile('-f', '-E', '-d', '1', 'zeros', 'direct').check_done()
    begin = min(offset for _, _, offset, filesz, _ in ElfCore('direct').loads if filesz)
    makedumpfile('-f', '-E', '-d', '1', 'zeros', 'left', file_size=begin + (16 << 10)).check_failed(
        'bytes are missing.*File too large')
    claimed = [(offset, filesz) for _, _, offset, filesz, _ in ElfCore('left').loads if filesz]
    check(all(offset + filesz <= os.path.getsize('left') for offset, filesz in claimed), claimed)


@test('the pages that are kept are those of the makedumpfile of the distribution')
def _():
    peer = need_tool('makedumpfile')
    core('mini')
    for level in (0, 1, 2, 4, 8, 16, 31):
        if os.path.exists('peer'):
            os.unlink('peer')
        done = run([peer, '-E', '-d', str(level), 'mini', 'peer'])
        check(done.code == 0, done)
        makedumpfile('-f', '-E', '-d', level, 'mini', 'dump').check_done()
        theirs, ours = ElfCore('peer'), ElfCore('dump')
        check(ours.described() == theirs.described(), f'level {level}: what is described')
        there, here = theirs.pages(), ours.pages()
        for pfn in kept(level):
            check(here.get(pfn, ZEROS) == there.get(pfn, ZEROS), f'level {level}: pfn {pfn:#x}')
        check(os.path.getsize('dump') <= os.path.getsize('peer') + 2 * PAGE, 'the size')


@test('gdb reads it')
def _():
    gdb = need_tool('gdb')
    memory = core('mini', 'page 0x8500 pattern').memory
    makedumpfile('-f', '-E', '-d', '31', 'mini', 'dump').check_done()
    direct = 0xffff8ae140000000
    for pfn in (0x200, 0x380, 0x8500, 0x8401, 0x150):
        done = run([gdb, '-nx', '-batch', '-ex', f'x/2gx {direct + pfn * PAGE:#x}', '-c', 'dump'])
        line = re.search(r'^0x[0-9a-f]+:\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)$', done.text, re.M)
        check(line, f'{pfn:#x}: {done.text} {done.err}')
        want = struct.unpack('<QQ', memory.read(pfn * PAGE, 16))
        check(tuple(int(n, 16) for n in line.groups()) == want, f'{pfn:#x}: {line[0]}')


@test('libkdumpfile reads it, zeros too')
def _():
    memory = core('mini').memory
    makedumpfile('-f', '-E', '-d', '31', 'mini', 'dump').check_done()
    dump = open_kdumpfile('dump')
    import libkdumpfile
    dump.attr['file.zero_excluded'] = 1
    for pfn in sorted(kept(31))[::7]:
        check(dump.read(libkdumpfile.MACHPHYSADDR, pfn * PAGE, PAGE) ==
              memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x}')


@test('of what is mapped as the kernel only memory is described')
def _():
    core('odd', 'segment 0 0x1000', 'map text+32*M 0 2*M page=2M',
         text=SMALL.replace('segment M M\n', 'segment M 0x90000\n'))
    makedumpfile('-f', '-d', '0', 'odd', 'compressed').check_done()
    makedumpfile('-f', '-E', '-d', '0', 'compressed', 'dump').check_done()
    loads = ElfCore('dump').loads
    check(0xffffffff83000000 in [load[0] for load in loads], 'the first of it')
    check(ElfCore('dump').described() == pfns((0, 0xa0), (0x100, 0x190)), f'{loads}')


def odd_layout(rnd):
    """PT_LOADs as no machine has them: overlapping, in any order, of any bounds, with less in
    the file than in memory."""
    end = 1 << 36
    lines = [f'elf {rnd.choice(("64 little x86_64", "64 big s390x", "64 big ppc64"))}',
             'prstatus 1', *rnd.sample(('xnum', 'memory pattern'), rnd.randrange(3))]
    for _ in range(rnd.randrange(1, 16)):
        start = rnd.choice((0, 0x3000, MIB, end - 0x50000))
        start += rnd.choice((0, rnd.randrange(1 << 16)))
        size = rnd.choice((1, rnd.randrange(1, 3 * PAGE), rnd.randrange(1, 40) * PAGE, 70000))
        size = min(size, end - start)
        lines.append(f'segment {start} {size} vaddr={rnd.choice((0, rnd.getrandbits(64)))} '
                     f'filesz={rnd.choice((0, size, size, size, rnd.randrange(size)))}')
        lines += [f'page {(start + rnd.randrange(size)) // PAGE} '
                  f'{rnd.choice(("pattern", "zero", "byte 7"))}' for _ in range(4)]
    return '\n'.join(lines)


@test('whatever PT_LOADs there are, what was written is read as the input would be')
def _():
    for seed in range(12):
        core('odd', text=odd_layout(random.Random(seed)))
        dumps = []
        for level in '01':
            makedumpfile('-f', '-E', '-d', level, 'odd', 'elf').check_done()
            for vmcore in ('odd', 'elf'):
                makedumpfile('-f', '-d', level, vmcore, 'dump').check_done()
                dumps.append(Kdump('dump'))
        check(dumps[0].bytes == dumps[1].bytes, f'layout {seed}: the dumps differ')
        # Pages of zeros are not there any more.
        left, there = ({pfn: data for pfn, data in d.contents() if any(data)} for d in dumps[2:])
        check(left == there and dumps[2].exists == dumps[3].exists, f'layout {seed}, level 1')


run_tests()
