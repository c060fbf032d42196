#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Several copies of VMCOREINFO: the note, the kernel's own in memory, the -i FILE. Which of
them is right, the dump's memory tells."""
from harness import *
import mini_symbols
from mini_symbols import MiniSymbols, need_types

HERE = 0x5000
COPY = f'memnote {HERE} VMCOREINFO 0'
STALE = 'memnote 0x4000 VMCOREINFO 0 ' \
        "'OSRELEASE=6.12.0-mini\\nPAGESIZE=4096\\nSYMBOL(init_top_pgt)=ffffffff89600000\\n" \
        "NUMBER(phys_base)=4096\\n'"


def damage(path, *changes):
    """Change the note of a core in place: it lies in front of the memory."""
    data = read(path)
    for old, new in changes:
        check(len(old) == len(new) and old in data, f'{old} cannot be {new}')
        data = data.replace(old, new, 1)
    with open(path, 'wb') as f:
        f.write(data)


def note(path):
    """The VMCOREINFO of a dump."""
    d = Kdump(path)
    offset, size = d._ints('QQ', d.block + 32)
    return d.bytes[offset:offset + size]


def lines(c):
    return ''.join(line + '\n' for line in c.vmcoreinfo).encode()


def dump(*args):
    return makedumpfile('-f', '-c', '-d', '31', *args, 'core', 'dump')


def check_used(done, c, pattern):
    """The dump is whole, one line tells why another text was used, and that is its note."""
    check(done.code == 0, done)
    check(len(done.errors) == 1 and re.search(pattern, done.errors[0]), done.errors)
    check(set(Kdump('dump').check_contents(c.memory).pages) == kept(31), 'other pages')


DAMAGED = (
    # The page tables, the memory map, what struct pages are like, and the kernel it is of.
    (b'SYMBOL(init_top_pgt)=ffffffff89', b'SYMBOL(init_top_pgt)=ffffffff8b'),
    (b'NUMBER(phys_base)=-', b'NUMBER(phys_base)=1'),
    (b'SYMBOL(mem_section)=ffff8', b'SYMBOL(mem_section)=ffff7'),
    (b'OFFSET(page.flags)', b'OFFSET(page.flagr)'),
    (b'OFFSET(page.mapping)', b'OFFSET(page.\0apping)'),
    (b'SIZE(page)=64', b'SIZE(page)=00'),
    (b'OSRELEASE=6.12.0-mini', b'OSRELEASE=6.11.0-mini'),
    (b'SYMBOL(init_uts_ns)=ffffffff89', b'SYMBOL(init_uts_ns)=fffffffff9'),
)


@test('a damaged line in the note: the copy in memory is used, and becomes the note')
def _():
    for old, new in DAMAGED:
        c = core('core', COPY)
        damage('core', (old, new))
        check_used(dump(), c, 'using VMCOREINFO of memory at 0x5000 instead of the note: ')
        check(note('dump') == lines(c), f'{new}: another note')
        makedumpfile('-f', '-E', '-d', '31', 'core', 'elf')
        check(ElfCore('elf').notes.count(b'OSRELEASE=') == 1, 'the old note is there, too')


@test('a note of another boot or kernel: the copy in memory is used')
def _():
    c = core('core', COPY, STALE)
    damage('core', (b'ffffffff89400000', b'ffffffff8b400000'),
           (b'SYMBOL(init_uts_ns)=ffffffff89', b'SYMBOL(init_uts_ns)=ffffffff8b'),
           (b'SYMBOL(init_top_pgt)=ffffffff89', b'SYMBOL(init_top_pgt)=ffffffff8b'))
    check_used(dump(), c, 'memory at 0x5000 instead of the note')
    makedumpfile('-f', '-g', 'info', 'core')
    check(read('info').startswith(lines(c)), '-g writes another text')


@test('a note that is proven is all that is looked at')
def _():
    for statements in ((), (COPY,), (STALE,)):
        c = core('core', *statements)
        done = dump('-D')
        check(done.code == 0, done)
        check('VMCOREINFO of' not in done.text + done.err and
              'Searching' not in done.text + done.err, 'others were tried')
        check(note('dump') == lines(c), 'the note is another one')


@test('a damaged note stays if nothing is better, and -d 0 and -d 1 do not look for more')
def _():
    core('core', STALE)
    damage('core', (b'SYMBOL(mem_section)=ffff8', b'SYMBOL(mem_section)=ffff7'))
    done = dump('-D')
    check('using VMCOREINFO' not in done.err, done)
    core('core', COPY)
    damage('core', (b'SYMBOL(mem_section)=ffff8', b'SYMBOL(mem_section)=ffff7'))
    for level in ('0', '1'):
        done = makedumpfile('-f', '-D', '-d', level, 'core', 'dump')
        check(done.code == 0 and 'using VMCOREINFO' not in done.err, done)
        check(b'SYMBOL(mem_section)=ffff7' in note('dump'), 'another note')


@test('a NUL in the note costs one line at most')
def _():
    for where in (b'OFFSET(page.flags)', b'PAGESIZE=', b'SYMBOL(_stext)'):
        c = core('core')
        damage('core', (b'\n' + where, b'\0' + where))
        dump().check_done()
        check(set(Kdump('dump').pages) == kept(31), 'other pages')
        # Others read no further than to a NUL.
        check(note('dump').startswith(lines(c)) and b'\0' not in note('dump'), note('dump'))


@test('-i: the right text is used although the note has another address of the kernel')
def _():
    c = core('core')
    write('info', lines(c).decode())
    damage('core', (b'SYMBOL(_stext)=ffffffff89', b'SYMBOL(_stext)=ffffffff8b'),
           (b'SYMBOL(init_top_pgt)=ffffffff89', b'SYMBOL(init_top_pgt)=ffffffff8b'))
    check_used(dump('-i', 'info'), c, 'using VMCOREINFO of info instead of the note and info')
    check(note('dump') == lines(c), 'another note')
    # The release is wrong in the note, not in the file.
    core('core')
    damage('core', (b'OSRELEASE=6.12.0-mini', b'OSRELEASE=6.11.0-mini'))
    check_used(dump('-i', 'info'), c, 'using VMCOREINFO of info')


@test('-i: a wrong text is not used; one of another kernel is the mistake that it was')
def _():
    c = core('core')
    write('info', lines(c).decode().replace('SYMBOL(mem_section)=ffff8',
                                            'SYMBOL(mem_section)=ffff7'))
    check_used(dump('-i', 'info'), c, 'using VMCOREINFO of the note instead of the note and info')
    check(note('dump') == lines(c), 'another note')
    write('info', lines(c).decode().replace('6.12.0-mini', '6.12.0-maxi'))
    dump('-i', 'info').check_failed('info is of kernel 6.12.0-maxi', code=2)


@test('-i: the text becomes the note of the dump')
def _():
    c = core('core')
    text = lines(c) + b'SYMBOL(what_others_read)=ffffffff89401234\n'
    write('info', text.decode())
    c.notes = [n for n in c.notes if n[0] != 'VMCOREINFO']
    c.write('core')
    for level in ('31', '1'):
        makedumpfile('-f', '-c', '-d', level, '-i', 'info', 'core', 'dump').check_done()
        check(note('dump') == text, f'-d {level}: {note("dump")}')
    makedumpfile('-f', '-E', '-d', '31', '-i', 'info', 'core', 'elf').check_done()
    check(text in ElfCore('elf').notes, '-E: another note')
    theirs = open_kdumpfile('dump')
    check(theirs.attr['linux.vmcoreinfo.lines.OSRELEASE'] == '6.12.0-mini', 'libkdumpfile')


@test('-i: symbols of another boot are moved in the note, too, and its constants are added')
def _():
    moved = lines(core('whole')).replace(b'ffffffff89', b'ffffffff95')
    moved += b'OFFSET(task_struct.pid)=1234\nNUMBER(of_this_boot)=5\n'
    write('info', moved.decode())
    c = core('core', 'set SIZE(page)', 'set SYMBOL(init_uts_ns)')
    dump('-i', 'info').check_done()
    got = note('dump')
    check(got.startswith(lines(c)), got)
    for line in (b'SIZE(page)=64', b'SYMBOL(init_uts_ns)=ffffffff89580000',
                 b'OFFSET(task_struct.pid)=1234'):
        check(b'\n' + line + b'\n' in got, f'{line} is missing in {got}')
    check(b'of_this_boot' not in got, 'a number of another boot')


def contradict(fact, value):
    """A core whose types contradict one fact of VMCOREINFO, of which there is no other copy."""
    own = MiniSymbols(0xffffffff89400000)
    return core('core', *own.there, *own.exported, f'set {fact} {value}')


@test('VMCOREINFO that BTF contradicts: the copy in memory decides')
def _():
    need_types()
    own = MiniSymbols(0xffffffff89400000)
    for value in ('04', '16', '99'):
        c = core('core', *own.there, *own.exported, COPY)
        damage('core', (b'OFFSET(page.mapping)=24', f'OFFSET(page.mapping)={value}'.encode()))
        check_used(dump(), c, 'memory at 0x5000 instead of the note: BTF has another '
                   r'OFFSET\(page.mapping\)$')


@test('VMCOREINFO that BTF contradicts, without another copy: struct pages decide')
def _():
    need_types()
    for fact, values, right in (
            ('OFFSET(page.mapping)', (4, 16, 32, 99), 24),
            ('OFFSET(page.flags)', (8, 40), 0),
            ('OFFSET(page.compound_head)', (0, 24), 8),
            ('OFFSET(page._mapcount)', (44, 52), 48),
            ('OFFSET(page.private)', (32, 56), 40),
            ('SIZE(page)', (56, 128), 64),
            ('NUMBER(PG_lru)', (4, 17, 77), 5),
            ('NUMBER(PG_head_mask)', (32, 128), 64),
            ('NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)', (-129, -251658240), -268435456)):
        for value in values:
            contradict(fact, value)
            done = dump()
            check(done.code == 0 and len(done.errors) == 1, f'{fact} {value}: {done}')
            check(f'{fact} is {value} in VMCOREINFO and {right} in BTF: using {right}' in
                  done.errors[0], done)
            check(set(Kdump('dump').pages) == kept(31), f'{fact} {value}: other pages')


@test('BTF that VMCOREINFO contradicts, and is wrong: struct pages decide, too')
def _():
    need_types()
    own = MiniSymbols(0xffffffff89400000)
    # The offset of page.mapping in bits, as the member of a struct of 40 bytes has it.
    wrong = mini_symbols.mkbtf.Btf()
    wrong.run(mini_symbols.TYPES.replace('void *mapping; unsigned long index, private;',
                                         'unsigned long index; void *mapping; '
                                         'unsigned long private;'))
    blob = wrong.encode()
    check(len(blob) == len(own.blob), 'the types are not of one size')
    core('core', *own.there, *own.exported, f'hex image+{mini_symbols.BTF:#x} {blob.hex()}')
    done = dump()
    check(done.code == 0 and len(done.errors) == 1 and
          'OFFSET(page.mapping) is 24 in VMCOREINFO and 32 in BTF: using 24' in done.errors[0],
          done)
    check(set(Kdump('dump').pages) == kept(31), 'other pages')


@test('section_mem_map that contradicts vmemmap: the struct pages of most sections count')
def _():
    core('core', 'set SYMBOL(vmemmap_populate) ffffffff89400100',
             'u64 roots+16*K vmemmap+0x40000+3', 'sections 1..2 roots=roots entries=roots+16*K '
             'direct=direct array=vmemmap+0x8000*64', 'page_struct 0x8000..0x8800 flags=0')
    done = dump()
    check(done.code == 0, done)
    check(any('contradicts vmemmap: using vmemmap [1]' in e for e in done.errors), done)


BUILD_ID = bytes(range(20))


@test('a note of another build: its build id is not that in memory')
def _():
    here = ('set SYMBOL(vmlinux_build_id) ffffffff89400800', f'hex image+0x800 {BUILD_ID.hex()}')
    for text, used in ((BUILD_ID.hex(), False), ('01' * 20, True),
                       # Some stable kernels export the name of the note with it.
                       ('474e5500' + '01' * 16, False)):
        c = core('core', *here, f'set BUILD-ID {BUILD_ID.hex()}', COPY)
        damage('core', (BUILD_ID.hex().encode(), text.encode()))
        done = dump()
        if used:
            check_used(done, c, 'memory at 0x5000 instead of the note: it leads to a kernel of '
                       'another build id$')
        else:
            done.check_done()


run_tests()
