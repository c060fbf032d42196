#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Miniature kernels of machines other than x86_64: of other page tables, byte orders and
sizes of words and pages, everything that is done with a dump is done the same."""
from harness import *
from mini_symbols import POOR, TYPES, MiniSymbols, need_types, page_words

# The machines, by the NAME in mini-NAME.txt.
ARM64 = {'arch': 'aarch64', 'order': 'little', 'page': 4096}
ARM = {'arch': 'armv7l', 'order': 'little', 'page': 4096, 'word': 4, 'types': page_words(0),
       'members': ('24 4', '32, members: 4')}
MACHINES = {
    'arm': {**ARM, 'class': 32, 'base': 0x40000000},
    'arm-lpae': {**ARM, 'base': 0x80000000},
    'arm64': ARM64,
    'arm64-64k': {**ARM64, 'page': 65536},
    'i386': {'arch': 'i686', 'order': 'little', 'page': 4096, 'word': 4,
             'class': 32, 'types': page_words(0), 'members': ('24 4', '32, members: 4')},
    'i386-pae': {'arch': 'i686', 'order': 'little', 'page': 4096, 'word': 4,
                 'types': page_words(2), 'members': ('24 4', '40, members: 5')},
    'ia64': {'arch': 'ia64', 'order': 'little', 'page': 16384},
    'loongarch64': {'arch': 'loongarch64', 'order': 'little', 'page': 16384},
    'mips64': {'arch': 'mips64', 'order': 'big', 'page': 4096},
    'mips64el': {'arch': 'mips64', 'order': 'little', 'page': 4096},
    'ppc': {'arch': 'ppc', 'order': 'big', 'page': 4096, 'word': 4,
            'class': 32, 'types': page_words(0), 'members': ('24 4', '32, members: 4')},
    'ppc64': {'arch': 'ppc64', 'order': 'big', 'page': 65536},
    'ppc64le': {'arch': 'ppc64le', 'order': 'little', 'page': 4096},
    'riscv64': {'arch': 'riscv64', 'order': 'little', 'page': 4096},
    's390x': {'arch': 's390x', 'order': 'big', 'page': 4096},
    'sparc64': {'arch': 'sparc64', 'order': 'big', 'page': 8192},
}
# Those that go through every test: of the others, whose page tables have unit tests of their
# own, only levels are tried, unless all are asked for.
THOROUGH = ('arm', 'i386', 'loongarch64', 's390x')
# Machines that tests omit if large pages make no difference to them: they take time.
LARGE = ('arm64-64k', 'ppc64')
CODECS = {'-c': 'zlib', '-l': 'lzo', '-p': 'snappy', '-z': 'zstd'}


def of_each(name, but=(), always=False):
    """Decorator: a function of a machine's name is a test for each machine, but some."""
    def add(function):
        for machine in sorted(set(MACHINES if always or FULL else THOROUGH) - set(but)):
            test(f'{machine}: {name}')(lambda m=machine: function(m))
    return add


def vmcore(machine, *statements):
    """The miniature kernel as "vmcore"."""
    return core('vmcore', *statements, text=mini(machine))


def dump(*args, source='vmcore', path='dump'):
    makedumpfile('-f', *args, source, path).check_done()
    return Kdump(path)


def lines(*args):
    return makedumpfile(*args).check_done().text.splitlines()


@of_each('each level drops what it is to drop; the header is as that machine writes it',
         always=True)
def _(machine):
    c = vmcore(machine)
    # Large pages are mostly zeros, which level 1 leaves out.
    for level in (1, 31) if machine in LARGE or not FULL else (0, 1, 2, 4, 8, 16, 31):
        made = dump('-d', str(level), '-c')
        check(set(made.pages) == kept(level), f'level {level}: other pages')
        check(set(made.exists) == EXISTS, f'level {level}: the 1st bitmap')
        check(made.level == level and made.max_mapnr == 0x8800, f'level {level}: the header')
        check(made.order == {'little': '<', 'big': '>'}[MACHINES[machine]['order']], 'order')
        check(made.block == MACHINES[machine]['page'], f'blocks of {made.block} bytes')
        made.check_contents(c.memory)
    names = made.bytes[12:12 + 6 * 65].split(b'\0')
    check(MACHINES[machine]['arch'].encode() in names, names)


@of_each('each compression can be expanded again')
def _(machine):
    c = vmcore(machine)
    for option, codec in CODECS.items():
        made = dump(option, '-d', '31')
        check(Kdump.CODECS[made.status] == codec, f'{option}: status {made.status:#x}')
        again = dump('-d', '0', source='dump', path='again')
        check(again.pages == made.pages, f'{option}: other pages')
        again.check_contents(c.memory)


@of_each('a filtered dump is filtered again, a flattened one is the same', but=LARGE)
def _(machine):
    vmcore(machine)
    want = dump('-c', '-d', '31').bytes
    dump('-l', '-d', '1', path='first')
    check(dump('-c', '-d', '31', source='first').bytes == want, 'filtered twice')
    flat = makedumpfile('-F', '-c', '-d', '31', 'vmcore').out
    check(unflatten(flat) == want, 'flattened')
    with open('flat', 'wb') as f:
        f.write(flat)
    check(dump('-c', '-d', '31', source='flat').bytes == want, 'filtered out of a stream')


@of_each('its symbols and types are found, with and without the help of VMCOREINFO')
def _(machine):
    need_types()
    kernel = MACHINES[machine]
    stext = vmcore(machine).names['stext']
    word = kernel.get('word', 8)
    own = MiniSymbols(stext, kernel['order'], kernel['page'], 'swapper_pg_dir',
                      kernel.get('types', TYPES), word)
    vmcore(machine, *own.there)
    scanned = lines('--list-ksyms', 'vmcore')
    vmcore(machine, *own.there, *own.exported)
    found = lines('--list-ksyms', 'vmcore')
    check(found == scanned, 'without VMCOREINFO there are others')
    check(f'{stext:0{2 * word}x} T _stext' in found, found[:5])
    check(sum('_of_many' in line for line in found) == 600, 'some are missing')
    text = '\n'.join(' '.join(line.split()) for line in lines('--list-ktypes', 'page', 'vmcore'))
    mapcount, size = kernel.get('members', ('48 4', '64, members: 5'))
    check(f'int _mapcount; /* {mapcount} */' in text and f'/* size: {size} */' in text, text)
    vmcore(machine, *own.there, *POOR)
    check(set(dump('-c', '-d', '31').pages) == kept(31), 'other pages with facts of BTF only')


@of_each('an ELF core has the same pages, and is filtered again')
def _(machine):
    memory = vmcore(machine).memory
    kernel = MACHINES[machine]
    makedumpfile('-f', '-E', '-d', '31', 'vmcore', 'elf').check_done()
    made = ElfCore('elf', kernel['page'], kernel.get('class', 64), kernel.get('base', 0))
    check(made.order == {'little': '<', 'big': '>'}[kernel['order']], 'byte order')
    check(made.described() == EXISTS, 'the memory that is described')
    # Zeros need not be there.
    want = {pfn: data for pfn in kept(31)
            for data in [memory.read(pfn * made.page, made.page)] if any(data)}
    pages = made.pages()
    check(not set(pages) - kept(31), 'pages that should not be there')
    check({pfn: data for pfn, data in pages.items() if any(data)} == want, 'the contents')
    makedumpfile('-f', '-E', '-d', '1', 'vmcore', 'elf').check_done()
    again = dump('-c', '-d', '31', source='elf')
    check({pfn: data for pfn, data in again.contents() if any(data)} == want, 'filtered again')


@of_each('parts of a dump become the whole again', but=LARGE)
def _(machine):
    vmcore(machine)
    want = dump('-c', '-d', '31')
    parts = ['part1', 'part2', 'part3']
    makedumpfile('-f', '-c', '-d', '31', '--split', 'vmcore', *parts).check_done()
    makedumpfile('-f', '--reassemble', *parts, 'whole').check_done()
    check(Kdump('whole').same_pages(want), 'it differs')


@of_each('the log of its kernel', but=LARGE)
def _(machine):
    vmcore(machine, *ring((0, 'Linux version 6.12.0-mini'), (1234567890, 'panic'),
                          word=MACHINES[machine].get('word', 8)))
    text = '[    0.000000] Linux version 6.12.0-mini\n[    1.234567] panic\n'
    makedumpfile('-f', '--dump-dmesg', 'vmcore', 'log').check_done()
    check(read('log').decode() == text, read('log'))
    dump('-c', '-d', '31')
    makedumpfile('-f', '--dump-dmesg', 'dump', 'log').check_done()
    check(read('log').decode() == text, read('log'))


@of_each('-g writes its VMCOREINFO, and -i takes it', but=LARGE)
def _(machine):
    c = vmcore(machine)
    want = dump('-c', '-d', '31').bytes
    makedumpfile('-f', '-g', 'info', 'vmcore').check_done()
    text = read('info').decode()
    check(text.startswith('\n'.join(c.vmcoreinfo) + '\n'), text)
    check(dump('-c', '-d', '31', '-i', 'info').bytes == want, 'the dump differs')


@of_each('where it has no VMCOREINFO, -i is enough, also to know the size of its pages')
def _(machine):
    c = vmcore(machine)
    makedumpfile('-f', '-g', 'info', 'vmcore').check_done()
    c.notes = [note for note in c.notes if note[0] != 'VMCOREINFO']
    c.write('vmcore')
    for level in (1, 31):
        made = dump('-c', '-d', str(level), '-i', 'info')
        check(made.block == MACHINES[machine]['page'], f'blocks of {made.block} bytes')
        check(set(made.pages) == kept(level), f'level {level}: other pages')
        made.check_contents(c.memory)


# In the mem_section table a section above 4 GiB, with 16 anonymous pages and 16 of the kernel.
HIGH_PAGES = ('segment 0x100000*P 0x20*P align=4096',
              'sections (1<<32-section_bits)..(1<<32-section_bits)+1 bits=section_bits '
              'entries=image+0x182000 array=vmemmap+0x300*P entry=8',
              'pages vmemmap+0x300*P 0x100000..0x100020 flags=1<<13 refcount=1 mapcount=-1',
              'page_struct 0x100000..0x100010 flags=0x20128 mapping=direct+0x80b000+1 mapcount=0',
              'page 0x100000..0x100020 pattern')


def high_pages(machine):
    high = set(range(0x100010, 0x100020))
    memory = vmcore(machine, *HIGH_PAGES).memory
    made = dump('-c', '-d', '31')
    check(set(made.pages) == kept(31) | high, 'other pages')
    check(made.max_mapnr == 0x100020, f'max_mapnr is {made.max_mapnr:#x}')
    made.check_contents(memory)
    for source in 'vmcore', 'dump':
        makedumpfile('-f', '-E', '-d', '31', source, 'elf').check_done()
        pages = ElfCore('elf', base=MACHINES[machine].get('base', 0)).pages()
        check({pfn for pfn in pages if pfn > 0xfffff} == high, f'other pages in ELF of {source}')
        check(all(pages[pfn] == memory.read(pfn * PAGE, PAGE) for pfn in high), 'the contents')
        check(dump('-c', '-d', '31', source='elf', path='again').pages[-16:] == sorted(high),
              'filtered again')


for _name in 'arm-lpae', 'i386-pae':
    test(f'{_name}: pages above 4 GiB are filtered, in a kdump-compressed file and an ELF core')(
        lambda m=_name: high_pages(m))


def phys_base(made):
    return made._ints('I', made.block)[0]


@test('arm: a dump counts pages from the beginning of memory, which is its phys_base')
def _():
    vmcore('arm')
    made = dump('-c', '-d', '31')
    check(phys_base(made) == 0x40000000 and made.pages[0] == 1, f'{phys_base(made):#x}')
    check(dump('-c', '-d', '31', source='dump', path='again').bytes == made.bytes, 'filtered again')


@test('arm: a dump with memory before the kernel\'s counts pages from 0')
def _():
    base = 0x40000
    vmcore('arm', 'segment -16*P 16*P align=4096')
    made = dump('-c', '-d', '31')
    check(phys_base(made) == 0, f'phys_base {phys_base(made):#x}')
    check(set(made.pages) == {base + pfn for pfn in kept(31) | set(range(-16, 0))}, 'other pages')
    check(dump('-c', '-d', '31', source='dump', path='again').bytes == made.bytes, 'filtered again')


@test('arm-lpae: where memory begins above 4 GiB, pages count from 0; so they do in files of QEMU')
def _():
    core('vmcore', text=mini('arm-lpae').replace('base 0x80000000', 'base 0x800000000'))
    made = dump('-c', '-d', '31')
    check(phys_base(made) == 0, f'phys_base {phys_base(made):#x}')
    check(set(made.pages) == {0x800000 + pfn for pfn in kept(31)}, 'other pages')
    # QEMU sets phys_base all the same.
    with open('qemu', 'wb') as f:
        f.write(made.bytes[:made.block] + bytes((0, 0, 0, 0x40)) + made.bytes[made.block + 4:])
    check(dump('-c', '-d', '31', source='qemu', path='again').bytes == made.bytes, 'of QEMU')


@test('i386: struct pages of a kernel with FLATMEM; memory after the end of its node is kept')
def _():
    flat = ('set SYMBOL(mem_section)', 'set LENGTH(mem_section)', 'set SIZE(mem_section)',
            'set SYMBOL(mem_map) ${stext+0x182000:x}', 'ulong image+0x182000 vmemmap',
            'page_struct 0x8400..0x8800 flags=0x20128 mapping=direct+0x80b000+1 mapcount=0')
    after = set(range(0x8400, 0x8800))
    vmcore('i386', *flat)
    check(set(dump('-c', '-d', '31').pages) == kept(31) - after, 'other pages')
    vmcore('i386', *flat, 'set SYMBOL(contig_page_data) ${direct+node0:x}',
           'u32 node0+171576 0x83ff')
    check(set(dump('-c', '-d', '31').pages) == kept(31), 'other pages with contig_page_data')


@test('ia64: struct pages of nodes with DISCONTIGMEM, as kernels up to 5.13 have them')
def _():
    nodes = ('set SYMBOL(mem_section)', 'set SYMBOL(node_data)',
             'set SYMBOL(pgdat_list) ${stext+0x181000:x}', 'set LENGTH(pgdat_list) 1024',
             'set OFFSET(pglist_data.node_mem_map) 171592')
    vmcore('ia64', *nodes, 'u64 node0+171592 vmemmap+64')
    made = dump('-c', '-d', '31')
    check(set(made.pages) == kept(31), 'other pages')
    check(dump('-c', '-d', '31', source='dump', path='again').bytes == made.bytes, 'filtered again')
    vmcore('ia64', *nodes)
    done = makedumpfile('-f', '-d', '31', 'vmcore', 'dump')
    check(not done.code and 'no node can be read at 0xa000000100981000' in done.err, done)


@test('i386: --triage prints the parts that it finds, and names the others; --essential too')
def _():
    vmcore('i386', *ring((0, 'Linux version 6.12.0-mini'), (1, 'Kernel panic - not syncing: no'),
                         word=4))
    text = makedumpfile('--triage', 'vmcore').check_done().text
    check('Kernel panic - not syncing: no' in text and 'machine    i686' in text, text)
    check('not found  slabs: ' in text and 'not found  stacks: ' not in text, text)
    made = dump('--essential', '-c')
    check(made.pages and set(made.pages) <= EXISTS, 'other pages')
    check('not syncing: no' in makedumpfile('--triage', 'dump').check_done().text, 'of the dump')


# libkdumpfile opens the others' dumps, too, but does not know what they are, or (arm) where their
# pages belong.
@of_each('libkdumpfile reads the same',
         but=['arm', 'arm-lpae', 'ia64', 'loongarch64', 'ppc', 'riscv64', 'sparc64'])
def _(machine):
    memory = vmcore(machine).memory
    made = dump('-c', '-d', '31')
    theirs = open_kdumpfile('dump')
    import libkdumpfile
    kernel = MACHINES[machine]
    name = {'i686': 'ia32'}.get(kernel['arch'], kernel['arch'].removesuffix('le'))
    check(theirs.attr['arch.name'] == name, theirs.attr['arch.name'])
    check(theirs.attr['arch.page_size'] == kernel['page'], 'size of pages')
    check(theirs.attr['arch.byte_order'] == (kernel['order'] == 'little'), 'byte order')
    check(theirs.attr['linux.uts.release'] == '6.12.0-mini', 'release')
    check(theirs.attr['linux.vmcoreinfo.lines.PAGESIZE'] == str(kernel['page']), 'VMCOREINFO')
    for pfn in made.pages:
        data = theirs.read(libkdumpfile.MACHPHYSADDR, pfn * made.block, made.block)
        check(bytes(data) == memory.read(pfn * made.block, made.block), f'pfn {pfn:#x}')


run_tests()
