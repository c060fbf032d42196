#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps that are none, end too early, or lie: one clear line, exit 1, in no time,
without memory that only a lie asks for."""
import json
import os
import random
import tarfile

from harness import *

# Compressed files are refused where there is no place for their contents.
os.environ.pop('TMPDIR', None)


def fails(path, pattern, level=31, **options):
    """It fails with one line that fits, and leaves no dump that claims to be whole."""
    if os.path.exists('dump'):
        os.unlink('dump')
    result = limited('-d', level, path, 'dump', **options).check_failed(pattern)
    if os.path.exists('dump'):
        check(Kdump('dump').status & Kdump.INCOMPLETE, 'the dump is not marked as incomplete')
    return result


def unfiltered(path, pattern, level=31, used=1):
    """A level is not possible: one line says why, and the dump has all that it should have."""
    limited('-f', '-d', level, path, 'dump').check_warned(
        f'dump level {level} is not possible, {used} is used: .*{pattern}')
    dump = Kdump('dump')
    check(dump.level == used, f'level {dump.level}')
    check(not dump.status & Kdump.INCOMPLETE, 'it is marked as incomplete')
    check(kept(used) <= set(dump.pages), 'pages are lost')
    return dump


def complains(path, pattern):
    """The damage is named; the level may not be possible for it, which is the first line then."""
    result = limited('-f', '-d', 31, path, 'dump').check_alive()
    about = [line for line in result.errors if 'dump level 31 is not possible' not in line]
    check(len(about) == 1 and re.search(pattern, about[0]), result)
    check(len(result.errors) <= 2, result)
    if result.code == 0:
        check(not Kdump('dump').status & Kdump.INCOMPLETE, 'it is marked as incomplete')


def lives(path, level=31):
    """Whatever it does, it says at most a line for the level and one for damage."""
    if os.path.exists('dump'):
        os.unlink('dump')
    result = limited('-d', level, path, 'dump').check_alive()
    check(len(result.errors) <= 2 - bool(result.code), f'more lines: {result.errors}')
    if result.code:
        check(result.errors, f'it fails without a word: {result}')
    else:
        check(not Kdump('dump').status & Kdump.INCOMPLETE, 'exit 0, but the dump is incomplete')
    return result


# ---- no vmcore ---------------------------------------------------------------

@test('VMCORE that is missing, a directory, empty, or a device without an end')
def _():
    write('empty', '')
    fails('missing', 'missing: No such file or directory')
    fails('/', '/.*irectory')
    fails('empty', 'empty.*empty')
    fails('/dev/null', '/dev/null')
    fails('/dev/zero', '/dev/zero')


@test('a file of text, of random bytes, a program, an ELF header with nothing after it')
def _():
    write('text', 'This is no vmcore.\n' * 1000)
    with open('random', 'wb') as f:
        f.write(random.Random(1).randbytes(100000))
    with open('magic', 'wb') as f:
        f.write(b'\x7fELF')
    for name in ('text', 'random'):
        fails(name, f'{name}: not a dump')
    with tarfile.open('archive', 'w') as tar:
        tar.add('text')
    fails('archive', 'an archive: take the dump out of it with tar')
    core('process', text='elf 64 little x86_64\nsegment 0 4096\nnote CORE 6 "auxv"\n')
    fails('process', 'process: the core of a process: a debugger such as gdb reads it')
    fails('/proc/self/exe', 'not a core')
    fails('magic', 'magic: ')


@test('a compressed dump: the way to a dump is shown')
def _():
    for head, pattern in ((b'\x1f\x8b\x08', r'gzip.*zcat'), (b'\xfd7zXZ\0', r'xz.*xzcat'),
                          (b'\x28\xb5\x2f\xfd', r'zstd.*zstdcat'), (b'BZh9', r'bzip2.*bzcat'),
                          (b'\x04\x22\x4d\x18', r'lz4, .*lz4cat')):
        with open('other', 'wb') as f:
            f.write(head + bytes(5000))
        fails('other', f'other: it is compressed with {pattern}')
    with open('other', 'wb') as f:
        f.write(b'QEV' + bytes(5000))
    fails('other', 'it begins with 51 45 56 00')


@test('a pipe as VMCORE, with and without a writer: it must be a file, and nothing waits')
def _():
    os.mkfifo('pipe')
    fails('pipe', 'pipe is a pipe: VMCORE must be a file')
    writer = os.open('pipe', os.O_RDWR)
    fails('pipe', 'pipe is a pipe: VMCORE must be a file')
    os.close(writer)
    result = run(['sh', '-c', 'echo x | "$@"', 'sh', PROGRAM, '-d', '31', '/dev/stdin', 'dump'])
    result.check_failed('/dev/stdin is a pipe: VMCORE must be a file')


@test('the beginning of each format and then something else')
def _():
    for head in (b'KDUMP   ', b'\x7fELF\2\1\1', b'\x7fELF\1\2\1', b'makedumpfile\0\0\0\0',
                 b'DISKDUMP', b'\x7fELF\7\7\7'):
        for tail in (b'', b'\0' * 10000, b'\xff' * 10000, random.Random(2).randbytes(10000)):
            with open('odd', 'wb') as f:
                f.write(head + tail)
            fails('odd', 'odd: ')
            fails('odd', 'odd: ', level=0)


# ---- cut short ---------------------------------------------------------------

@test('an ELF core that ends within its headers')
def _():
    for size in (1, 4, 16, 40, 63, 64, 65, 120, 200, 343):
        core('short', f'truncate {size}')
        fails('short', rf'short: .*({size} bytes|begins with)')


@test('an ELF core that ends within its notes')
def _():
    for size in (344, 400, 1000, 2000, 2800):
        core('short', f'truncate {size}')
        complains('short', rf'notes.*{size} bytes')


@test('an ELF core that ends in the middle of memory: says where, and keeps what is there')
def _():
    memory = core('whole').memory
    whole = os.path.getsize('whole')
    for size, level in ((whole - 1, 31), (20 * MIB, 31), (12 * MIB, 31), (5 * MIB, 0), (20000, 0)):
        core('short', f'truncate {size}')
        fails('short', rf'cut short: it has {size} of {whole} bytes', level)
        dump = Kdump('dump')
        # Without struct pages there is no erase_log which ones are poisoned.
        want = kept(level) if level else EXISTS
        left = pfns(*((paddr // PAGE, -(-(paddr + min(filesz, size - offset)) // PAGE))
                      for _, paddr, offset, filesz, _ in ElfCore('short').loads
                      if offset < size))
        check(set(dump.pages) == want & left, f'{size}: the pages')
        check(set(dump.exists) == EXISTS, f'{size}: the pages that exist')
        for index, pfn in enumerate(dump.pages):
            offset, length, _ = dump.desc(index)
            if length:
                check(dump.bytes[offset:offset + length] == memory.read(pfn * PAGE, PAGE),
                      f'{size}: pfn {pfn:#x} differs')


@test('an ELF core that ends before its struct pages: says so, and does what it can')
def _():
    core('short', 'truncate 3*M')
    for level in (0, 1):
        fails('short', 'cut short', level)
    done = limited('-f', '-d', 31, 'short', 'dump')
    check(done.code == 1 and len(done.errors) == 2, done)
    check('dump level 31 is not possible, 1 is used: no section' in done.errors[0], done)
    check('cut short' in done.errors[1], done)


@test('a truncated vmcore is no reason to wait, with however many threads')
def _():
    core('short', 'truncate 12*M')
    want = None
    for threads in (1, 2, 8):
        limited('-f', '-c', '-d', '31', '--num-threads', threads, 'short', 'dump',
                timeout=TIME_LIMIT // 4).check_failed('cut short')
        want = want or read('dump')
        check(read('dump') == want, f'{threads} threads: the dump differs')


# ---- VMCOREINFO --------------------------------------------------------------

@test('no VMCOREINFO: says so, and saves all pages')
def _():
    c = core('none')
    c.notes = [n for n in c.notes if n[0] != 'VMCOREINFO']
    c.write('none')
    unfiltered('none', 'VMCOREINFO')
    unfiltered('none', 'VMCOREINFO', 30, 0)
    for level in (0, 1):
        limited('-f', '-d', level, 'none', 'dump').check_done()
        dump = Kdump('dump').check_contents(c.memory)
        # Poisoned pages cannot be told without it.
        check(set(dump.pages) == EXISTS, f'-d {level}: the pages')


@test('no notes at all, an empty VMCOREINFO, one of zeros, one without an end')
def _():
    core('bad', 'ptnotes none')
    unfiltered('bad', 'VMCOREINFO')
    for desc in ('', r'\0' * 100, r'\n' * 100, 'OSRELEASE=6.12.0-mini'):
        c = core('bad')
        c.notes = [n for n in c.notes if n[0] != 'VMCOREINFO']
        c.run(f"note VMCOREINFO 0 '{desc}'")
        c.write('bad')
        unfiltered('bad', '')


@test('the dump of a Xen host that tells little is saved whole, with or without -X')
def _():
    c = core('xen', "note Xen 0x1000001 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
             "note VMCOREINFO_XEN 0 'SYMBOL(domain_list)=ffff82d080000000\\nPAGESIZE=4096\\n'")
    check(set(unfiltered('xen', 'Xen').pages) == EXISTS, 'pages')
    unfiltered('xen', 'Xen', 30, 0)
    for level in (0, 1):
        limited('-f', '-d', level, 'xen', 'dump').check_done()
        check(set(Kdump('dump').check_contents(c.memory).pages) == EXISTS, 'pages')
        limited('-f', '-X', '-d', level, 'xen', 'dump').check_warned(
            'pages of other domains are kept: missing: ')
        check(set(Kdump('dump').check_contents(c.memory).pages) == EXISTS, 'pages')
    core('mini')
    limited('-f', '-X', '-d', 31, 'mini', 'dump').check_done()


# Fact: the part of level 31 that is possible without it.
POSSIBLE = {
    'SIZE(page)': 1, 'OFFSET(page.flags)': 17, 'OFFSET(page.mapping)': 17,
    'OFFSET(page._mapcount)': 1, 'OFFSET(page.private)': 15, 'OFFSET(page.compound_head)': 17,
    'NUMBER(PG_lru)': 25, 'NUMBER(PG_head_mask)': 17, 'NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)': 15,
    'LENGTH(zone.free_area)': 15, 'SYMBOL(mem_section)': 1, 'LENGTH(mem_section)': 31,
    'SIZE(mem_section)': 1, 'OFFSET(mem_section.section_mem_map)': 1,
    'NUMBER(SECTION_SIZE_BITS)': 31, 'NUMBER(MAX_PHYSMEM_BITS)': 31, 'SYMBOL(_stext)': 31,
}


@test('a fact that filtering needs is missing: it is named, and what can be judged is')
def _():
    for key, used in POSSIBLE.items():
        core('bad', f'set {key}')
        if used == 31:
            limited('-f', '-d', 31, 'bad', 'dump').check_done()
            continue
        dump = unfiltered('bad', re.escape(key), 31, used)
        # Poisoned and offline pages go wherever they are known.
        gone = kept(used) - set(dump.pages)
        check(not gone, f'{key}: {gone}')
        check(set(dump.pages) <= kept(used) | set(range(0x9c8, 0x9d1)), f'{key}: pages are kept')
        for works in (0, 1):
            limited('-f', '-d', works, 'bad', 'dump').check_done()
            check(kept(0) <= set(Kdump('dump').pages), f'{key}: pages lost at -d {works}')


def keys():
    return [line.split('=')[0] for line in core('small', text=SMALL).vmcoreinfo]


@test('VMCOREINFO without any one of its lines: no page is lost, or one line about it')
def _():
    for key in keys():
        core('bad', f'set {key}', text=SMALL)
        if lives('bad').code == 0:
            pages = set(Kdump('dump').pages)
            check(SMALL_KEPT <= pages, f'without {key}: lost '
                  f'{[hex(p) for p in sorted(SMALL_KEPT - pages)[:5]]}')


GARBLED = ('', '-1', '0', '1', '99999999999999999999999', 'x', '0x', '18446744073709551615',
           '4294967295', '9223372036854775808', '63', '64')


@test('VMCOREINFO with nonsense in any one of its lines: no crash, no wait, one line at most')
def _():
    rnd = random.Random(3)
    for key in keys():
        for value in rnd.sample(GARBLED, 4):
            core('bad', f"set {key} '{value}'", text=SMALL)
            lives('bad')


@test('a number of VMCOREINFO that is no number is named')
def _():
    for key in ('SIZE(page)', 'OFFSET(page.flags)', 'NUMBER(PG_lru)', 'LENGTH(mem_section)'):
        core('bad', f'set {key} nonsense', text=SMALL)
        result = limited('-f', '-d', '31', 'bad', 'dump').check_alive()
        check(f'{key}=nonsense' in result.err, f'{key} is not named: {result}')
        check(len(result.errors) <= 2, f'more than two lines: {result.errors}')


@test('a VMCOREINFO of a page size that the machine does not have loses no page')
def _():
    for size in ('0', '3000', '8192', '65536', '1073741824', '-4096', 'x'):
        core('bad', f'set PAGESIZE {size}')
        result = lives('bad')
        if not result.code:
            dump = Kdump('dump')
            check(dump.block == PAGE, f'PAGESIZE={size}: blocks of {dump.block}')
            check(set(dump.pages) == kept(31), f'PAGESIZE={size}: other pages')


# ---- the memory map and the page tables --------------------------------------

@test('section counts and sizes that lie')
def _():
    for statement, pattern, *used in (
            ('set NUMBER(SECTION_SIZE_BITS) 63', 'SECTION_SIZE_BITS 63'),
            ('set NUMBER(SECTION_SIZE_BITS) 1', 'SECTION_SIZE_BITS 1'),
            ('set NUMBER(MAX_PHYSMEM_BITS) 20', 'MAX_PHYSMEM_BITS 20'),
            ('set SIZE(page) 16000000', r'SIZE\(page\) 16000000'),
            ('set SIZE(page) 16', r'SIZE\(page\) 16'),
            ('set SIZE(mem_section) 1', r'SIZE\(mem_section\) 1'),
            ('set OFFSET(mem_section.section_mem_map) 4096', 'section_mem_map'),
            ('set OFFSET(page.flags) 60', r'OFFSET\(page\.flags\) 60', 31, 17),
            ('set LENGTH(zone.free_area) 1000', r'LENGTH\(zone\.free_area\) 1000', 31, 15),
            ('set SYMBOL(mem_section) 0', 'mem_section 0'),
            ('set SYMBOL(mem_section) ffffffffffffffff', 'mem_section 0xf+')):
        core('bad', statement)
        unfiltered('bad', pattern, *used)


@test('a huge LENGTH(mem_section) costs neither time nor memory')
def _():
    for value in ('4294967295', '1099511627776', '9223372036854775807'):
        core('bad', f'set LENGTH(mem_section) {value}')
        if not lives('bad').code:
            check(set(Kdump('dump').pages) == kept(31), f'LENGTH {value}: other pages')


TABLES = {
    'to nowhere': 'page 0x3e0 byte 0xe3',
    'with nothing in them': 'page 0x3e0 zero',
    'to themselves': ' '.join(['u64 pgt'] + ['pgt|0x63'] * 512),
    'beyond the end of memory': ' '.join(['u64 pgt'] + ['0xffffffffff063'] * 512),
    'of text': 'page 0x3e0..0x3e8 text "page tables? "',
}


for what, statement in TABLES.items():
    @test(f'page tables that point {what}' if 'to' in what or 'beyond' in what
          else f'page tables {what}')
    def _(statement=statement):
        core('bad', statement)
        unfiltered('bad', '0x[0-9a-f]+')
        limited('-f', '-d', '1', 'bad', 'dump').check_done()


@test('mem_section tables of garbage: an address is named, or the pages are kept')
def _():
    for pages in ('0x800', '0x810', '0x814', '0x800..0x820'):
        for what in ('byte 0xff', 'zero', 'random 7', 'text "sections? "', 'byte 0x41'):
            core('bad', f'page {pages} {what}')
            result = lives('bad')
            check(result.code == 0, result)
            check(not result.errors or
                  re.search(r'mem_section 0x[0-9a-f]+|could not be read', result.err), result)
            check(kept(31) <= set(Kdump('dump').pages), f'{pages} {what}: pages are lost')


@test('one section whose struct pages cannot be read is kept, counted, and the rest is filtered')
def _():
    # Section 1 begins at 128 MiB; its entry is the second one.
    core('bad', 'u64 roots+16*K+16 (1<<47)|0xf')
    done = limited('-f', '-d', '31', '--show-stats', 'bad', 'dump')
    check(done.code == 0, done)
    want = {p for p in kept(31) if p < 0x8000} | {p for p in EXISTS if p >= 0x8000}
    check(set(Kdump('dump').pages) == want, 'pages')
    check(re.search(r'struct page could not be read +: 2048 pages', done.text), done.text)
    done.check_warned(r'2048 pages \(8 MiB\) are kept: their struct pages could not be read')
    limited('-f', '-d', '1', 'bad', 'dump').check_done()


@test('sections that cannot be read: their pages are kept, and a warning counts them')
def _():
    # The second root of three leads nowhere; memory is moved there, by 32 GiB.
    core('bad', 'sections 256..257 roots=roots entries=roots+48*K direct=direct array=vmemmap',
         'segment 0x800000*P 0x100*P', 'u64 roots+8 (1<<47)')
    done = limited('-f', '-d', '31', 'bad', 'dump')
    done.check_warned(r'256 pages \(1 MiB\) without a struct page are kept: memory '
                      r'sections could not be read \[1\]')
    check(set(range(0x800000, 0x800100)) <= set(Kdump('dump').pages), 'they are lost')


@test('a memory map without much of the memory: it is kept, and a warning counts it')
def _():
    core('beyond', 'segment 0x20000*P 0x2000*P vaddr=direct+0x20000*P')
    makedumpfile('-f', '-d', '30', 'beyond', 'dump').check_warned(
        r'8192 pages \(32 MiB\) without a struct page are kept: the memory map lacks them')
    check(set(range(0x20000, 0x22000)) <= set(Kdump('dump').pages), 'it is lost')
    # The only section is one of a hole.
    core('nothing', 'segment 0x20000*P 0x10000*P align=4096', 'segment 0x38000*P 0x100*P',
         'u64 roots+16*K 0 0 0 0',
         'sections 6..7 roots=roots entries=roots+16*K direct=direct array=vmemmap')
    makedumpfile('-f', '-d', '31', 'nothing', 'dump').check_warned(
        'dump level 31 is not possible, 1 is used: of 71838 pages none has a struct page that can '
        'be read')
    # The entry of all struct pages in the root of page tables is lost.
    core('unmapped', 'segment 0x20000*P 0x10000*P align=4096', 'u64 pgt+489*8 0',
         'sections 2..7 roots=roots entries=roots+16*K direct=direct array=vmemmap')
    makedumpfile('-f', '-d', '31', 'unmapped', 'dump').check_warned(
        'dump level 31 is not possible, 1 is used: of .* pages none has a struct page that can')
    makedumpfile('-f', '-d', '31', '--strict-level', 'unmapped', 'dump').check_failed(
        'dump level 31 is not possible, and --strict-level')


@test('struct pages too many of which are impossible are not believed: their pages are kept')
def _():
    # Heads without tails are of the page cache. More than 1/64 of 2048 are too many.
    there = set(range(0x8000, 0x8800))
    for odd in (1024, 33, 32):
        core('moved', f'page_struct 0x8400..0x8400+{odd} flags=0x60 mapping=direct+0x808000')
        done = makedumpfile('-f', '-d', '31', '--json', 'report', 'moved', 'dump')
        pages = json.loads(read('report'))['pages']
        check(pages['struct_page_odd'] == odd, pages)
        if odd > 32:
            done.check_warned('2048 pages .8 MiB. are kept: their struct pages could not be read, '
                              'or are those of other pages')
            check(set(Kdump('dump').pages) == {p for p in kept(31) if p < 0x8000} | there, odd)
            check(pages['struct_page_unreadable'] == 2048, pages)
        else:
            done.check_done()
            check(not set(Kdump('dump').pages) & set(range(0x8400, 0x8420)), 'pages are kept')


@test('struct pages of garbage: no crash, nothing else is lost')
def _():
    for what in ('byte 0xff', 'random 5', 'text "struct page? "'):
        core('bad', f'page 0x425..0x427 {what}')    # of pfns 0x940 to 0x9bf
        done = lives('bad')
        check(done.code == 0, done)
        lost = {p for p in kept(31) - set(Kdump('dump').pages) if not 0x940 <= p < 0x9c0}
        check(not lost, f'{what}: lost {[hex(p) for p in sorted(lost)[:5]]}')


@test('a free block or a compound page of an impossible order takes no other page along')
def _():
    for order in (10, 11, 20, 31, 32, 63, 64, 1 << 40):
        core('bad', f'buddy 0x940 order={order}', f'page_struct 0x9b1 flags={order}')
        lives('bad')
        lost = kept(31) - {0x940} - set(Kdump('dump').pages)
        check(not lost, f'order {order}: lost {[hex(p) for p in sorted(lost)[:5]]}')


# ---- ELF headers -------------------------------------------------------------

ELF_LIES = (
    ('ehdr phoff 1<<63', 'e_phoff'),
    ('ehdr phoff 0', ''),
    ('ehdr phentsize 0', 'e_phentsize'),
    ('ehdr phentsize 60000', 'e_phentsize'),
    ('ehdr phnum 0', 'e_phnum'),
    ('ehdr type 2', 'not a core'),
    ('ehdr phnum 0xffff', ''),
    ('lie 2 paddr 1<<60', 'PT_LOAD.* 0x[0-9a-f]+'),
    ('lie 2 memsz 1<<62', 'PT_LOAD.* 0x[0-9a-f]+'),
    ('lie 2 paddr (1<<64)-4096', 'PT_LOAD.* 0x[0-9a-f]+'),
    ('lie 2 offset 1<<62', 'cut short'),
    ('lie 0 filesz 1<<40', 'notes'),
    ('lie 0 filesz 0xffffffffffffffff', 'notes|PT_NOTE'),
    ('lie 0 offset 1<<62', 'notes'),
    ('lienote 1 descsz 0xffffffff', 'notes damaged at offset'),
    ('lienote 1 namesz 0xffffffff', 'notes damaged at offset'),
    ('lienote 0 namesz 0xfffffffd', 'notes damaged at offset'),
    ('lienote 0 descsz 0x7fffffff', 'notes damaged at offset'),
)


for statement, pattern in ELF_LIES:
    @test(f'an ELF header that lies: {statement}')
    def _(statement=statement, pattern=pattern):
        core('bad', statement, text=SMALL)
        complains('bad', pattern)
        lives('bad', 0)


@test('more program headers than fit in 16 bits, with a section header of a lying size or count')
def _():
    for lie, pattern in (('ehdr shentsize 60000', 'e_shentsize'),
                         ('ehdr shentsize 0', 'e_shentsize'),
                         ('ehdr shoff 1<<62', 'section header|e_shoff'), ('ehdr shoff 0', ''),
                         ('shdr info 0xffffffff', 'program headers'), ('shdr info 0', '')):
        core('bad', 'xnum', lie, text=SMALL)
        complains('bad', pattern)
        lives('bad', 0)


@test('memory that no machine has, in a small file: the segment is named, not just "no memory"')
def _():
    for lie in ('lie 3 paddr 1<<51', 'lie 3 memsz 1<<51', 'lie 3 filesz 1<<51'):
        core('bad', lie)
        result = lives('bad', 0)
        if result.code:
            check(re.search('PT_LOAD|physical address|beyond', result.err), result)


@test('a segment with more data than memory: only as much as there is memory is believed')
def _():
    for size in ('1<<48', '1<<62'):
        core('bad', f'lie 3 filesz {size}')
        limited('-f', '-d', '0', 'bad', 'dump').check_done()
        check(max(Kdump('dump').exists) == max(EXISTS), 'the pages that exist')


@test('program headers that are not at offset 64, as in the files of QEMU')
def _():
    for where in (64, 192, 1000):
        c = core('qemu', f'phoff {where}')
        limited('-f', '-d', '31', 'qemu', 'dump').check_done()
        check(set(Kdump('dump').check_contents(c.memory).pages) == kept(31), f'phoff {where}')
    c = core('qemu', 'phoff 192', 'ptnotes last', 'xnum')
    limited('-f', '-d', '31', 'qemu', 'dump').check_done()
    check(set(Kdump('dump').check_contents(c.memory).pages) == kept(31), 'notes last')


@test('segments that are not aligned, neither in memory nor in the file')
def _():
    c = core('odd', text=MINI.replace(' align=4096', ' align=1') + 'segment 0x8800123 0x1234\n'
             'page 0x8800..0x8802 pattern\n')
    limited('-f', '-d', '0', 'odd', 'dump').check_done()
    dump = Kdump('dump')
    check(set(dump.pages) == kept(0) | {0x8800, 0x8801}, 'the pages')
    pages = dict(dump.contents())
    start, end = 0x123, 0x123 + 0x1234
    want = bytes(start) + c.memory.read(0x8800000 + start, end - start) + bytes(2 * PAGE - end)
    check(pages[0x8800] + pages[0x8801] == want, 'a page that exists in part')


@test('a kernel newer than any, or of an odd name, is filtered without a warning')
def _():
    for release in ('7.9.3', '99.0.0', 'x', '6'):
        core('new', f'set OSRELEASE {release}')
        limited('-f', '-d', '31', 'new', 'dump').check_done()
        check(set(Kdump('dump').pages) == kept(31), f'{release}: other pages')


@test('an outcome that cannot be true: all pages are kept, and one line says why')
def _():
    # The pages that hold these struct pages would be a process's, as all of this memory.
    core('odd', 'segment 0x20000*P 0x20000*P align=4096',
         'sections 0..8 roots=roots entries=roots+16*K direct=direct array=vmemmap',
         'map vmemmap+0x20000*64 0x30000*P 8*M page=2M',
         'pages vmemmap+0x20000*64 0x20000..0x40000 flags=0x20 mapping=direct+1 mapcount=0')
    makedumpfile('-f', '-d', '31', 'odd', 'dump').check_warned(
        'dump level 31 is not possible, 1 is used: struct pages are implausible: '
        'of 768 pages that hold struct pages 512 would not be the kernel')
    check(kept(0) | set(range(0x20000, 0x40000)) <= set(Kdump('dump').pages), 'pages are lost')
    makedumpfile('-f', '-d', '8', 'odd', 'dump').check_warned('dump level 8 is not possible')
    makedumpfile('-f', '-d', '16', 'odd', 'dump').check_done()


# ---- kdump-compressed files --------------------------------------------------

KDUMP = '''
max_mapnr = 64
codec = zlib
vmcoreinfo = OSRELEASE=6.1.0
page = 0-40 pattern
page = 41-50 zero shared
'''

KDUMP_LIES = (
    ('header.block_size = 0', 'block size 0'),
    ('header.block_size = -4096', 'block size -4096'),
    ('header.block_size = 3000', 'block size 3000'),
    ('header.block_size = 1073741824', 'block size 1073741824'),
    ('header.sub_hdr_size = 0', 'sub-header'),
    ('header.sub_hdr_size = -1', 'sub-header'),
    ('header.sub_hdr_size = 2147483647', 'bytes'),
    ('header.bitmap_blocks = 0', 'bitmap'),
    ('header.bitmap_blocks = 4294967295', 'bytes'),
    ('header.max_mapnr = 0\nsub.max_mapnr_64 = 0x1000000000000000', 'max_mapnr'),
    ('header.max_mapnr = 0\nsub.max_mapnr_64 = 0', 'max_mapnr'),
    ('header.version = 0', 'version 0'),
    ('header.version = 99', 'version 99'),
    ('sub.split = 1', 'split'),
    ('header.status = 8', 'incomplete'),
    ('truncate = 8', 'ends within'),
    ('truncate = 465', '465'),
    ('truncate = 8200', '8200'),
    ('truncate = 17000', 'shorter'),
    ('truncate = -1', 'shorter'),
    ('page = 5 pattern zlib size=0', 'page 0x5.*0 bytes'),
    ('page = 5 pattern zlib size=8192', 'page 0x5.*8192 bytes'),
    ('page = 5 pattern zlib size=0xffffffff', 'page 0x5|shorter'),
    ('page = 5 pattern offset=0x7fffffffffffffff', 'page 0x5|shorter'),
    ('page = 5 pattern offset=-1', 'page 0x5|shorter'),
    ('page = 5 pattern flags=3', 'page 0x5.*flags 0x3'),
    ('page = 5 pattern flags=0x40', 'page 0x5.*flags 0x40'),
    ('page = 5 pattern zlib payload=789c0000', 'page 0x5'),
    ('page = 5 pattern zstd payload=28b52ffd00', 'page 0x5'),
    ('page = 5 pattern lzo payload=ffffffff', 'page 0x5'),
    # A block that says it holds 83260 bytes.
    ('page = 5 pattern snappy payload=bc8a05' + '00' * 64, 'page 0x5'),
)


for lie, pattern in KDUMP_LIES:
    @test(f'a kdump-compressed file that lies: {lie[:60]}')
    def _(lie=lie, pattern=pattern):
        kdump('bad', KDUMP + lie)
        fails('bad', pattern, 0)


@test('notes, VMCOREINFO and eraseinfo of impossible sizes or places in a kdump-compressed file')
def _():
    for lie in ('sub.offset_note = 0x7fffffffffffffff', 'sub.size_note = 0x10000000000',
                'sub.size_note = -1', 'sub.size_vmcoreinfo = 0x10000000000',
                'sub.offset_vmcoreinfo = 0x7fffffff00000000', 'sub.offset_vmcoreinfo = -1',
                'sub.size_eraseinfo = 0x10000000000\nsub.offset_eraseinfo = 99',
                'sub.size_eraseinfo = -1\nsub.offset_eraseinfo = 4096'):
        kdump('bad', KDUMP + lie)
        lives('bad', 0)


@test('a dump level that cannot be in a kdump-compressed file is not believed')
def _():
    for level in (-1, 32, 77, 0x7fffffff):
        kdump('bad', KDUMP + f'sub.dump_level = {level}')
        result = lives('bad', 0)
        check(result.code == 0, result)
        check(0 <= Kdump('dump').level <= 31, f'the new dump has level {Kdump("dump").level}')


@test('four megabytes of eraseinfo survive being filtered again')
def _():
    lines = ''.join(f'eraseinfo = erase {i:08d} {"x" * 4000}\n' for i in range(1000))
    kdump('big', KDUMP + lines)
    limited('-f', '-c', 'big', 'dump').check_done()
    check(b'erase 00000000 xxx' in read('dump') and b'erase 00000999 xxx' in read('dump'),
          'it is not there')


@test('flattened files that end too early or lie')
def _():
    core('mini')
    for args in (['signature'], ['type'], ['version'], ['negative-offset'], ['negative-length'],
                 ['overflow'], ['beyond-end'], ['huge-length'], ['half-end'], ['no-end']):
        tool('mkflat', '--record-size', '8192-65536', *[w for a in args for w in ('--lie', a)],
             'mini', 'flat')
        result = limited('-f', '-d', '31', 'flat', 'dump')
        result.check_failed('flat|is damaged: offset')


run_tests()
