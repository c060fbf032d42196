#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""-g: VMCOREINFO text written from a dump or from a vmlinux, and what -i makes of it."""
import os
import stat

from harness import *

RELEASE = '6.12.0-mini'
BUILD_ID = '0123456789abcdef0123456789abcdef01234567'
# A vmlinux that fits the miniature kernel, at the addresses it was linked for.
VMLINUX = '''
struct list_head { struct list_head *next, *prev; };
typedef struct { unsigned long counter; } atomic_long_t;
struct page {
	unsigned long flags;
	union { struct { unsigned long compound_head, dtor; }; struct list_head lru; };
	struct { void *mapping; unsigned long index, private; };
	int _mapcount, _refcount;
	unsigned long memcg_data;
} one_page;
struct free_area { struct list_head free_list[5]; unsigned long nr_free; };
struct zone { struct free_area free_area[11]; } one_zone;
struct mem_section { unsigned long section_mem_map; void *usage; } one_section;
enum pageflags { PG_lru = 5, PG_head = 6, PG_swapcache = 10, PG_private = 14, PG_swapbacked = 17,
		 PG_hwpoison = 20 } flag;
enum pagetype { PGTY_buddy = 0xf0, PGTY_offline, PGTY_hugetlb = 0xf4, PGTY_slab } type;
const char linux_banner[] = "Linux version RELEASE (me@here) #1 SMP PREEMPT_DYNAMIC\\n";
char page_tables[4096] __attribute__((section(".tables")));
'''.replace('RELEASE', RELEASE)
LINK = '''
SECTIONS {
	. = 0xffffffff81000000;
	_text = .; _stext = .; .text : { *(.text*) } .rodata : { *(.rodata*) }
	.notes : { *(.note.gnu.build-id) }
	. = 0xffffffff811e0000; init_top_pgt = .; .tables : { *(.tables) }
	.data : { *(.data) } .bss : { *(.bss) } _end = .;
	/DISCARD/ : { *(.eh_frame*) *(.note.*) }
}
'''
# Keys of VMCOREINFO whose values the vmlinux has.
IN_VMLINUX = (*TOLD_BY_TYPES, 'SYMBOL(init_top_pgt)', 'SYMBOL(swapper_pg_dir)')
POOR = [f'set {key}' for key in IN_VMLINUX]


def vmlinux(name, build_id=BUILD_ID, text=VMLINUX):
    if 'libdw' in makedumpfile('--check-params', '-x', 'x', 'a', 'b').err:
        skip('built without libdw')
    write('vmlinux.c', text)
    write('vmlinux.lds', LINK)
    done = run([need_tool('gcc'), '-g', '-w', '-ffreestanding', '-fno-pic', '-mcmodel=kernel',
                '-nostdlib', '-static', '-no-pie', '-Wl,-T,vmlinux.lds',
                '-Wl,--no-warn-rwx-segments', f'-Wl,--build-id=0x{build_id}', '-o', name,
                'vmlinux.c'])
    check(done.code == 0, done)


def text_of(path):
    return read(path).decode()


def values(path):
    """The values of a text, by key; check that no key is there twice."""
    lines = [line.partition('=') for line in text_of(path).splitlines()]
    check(all(equals for _, equals, _ in lines), f'a line of {path} is no KEY=VALUE')
    keys = [key for key, _, _ in lines]
    check(len(set(keys)) == len(keys), f'{path} has a key twice')
    return {key: value for key, _, value in lines}


def check_same_dump(*args):
    """Makes dump "a", which is that of the miniature kernel with all of its VMCOREINFO."""
    core('mini')
    makedumpfile('-f', '-c', '-d', '31', 'mini', 'wanted').check_done()
    makedumpfile('-f', '-c', '-d', '31', *args, 'a').check_done()
    wanted, got = Kdump('wanted'), Kdump('a')
    check(got.pages == wanted.pages, 'other pages are in the dump')
    check(list(got.contents()) == list(wanted.contents()), 'their contents differ')


@test('-g FILE VMCORE begins with the lines of the dump, as they are')
def _():
    c = core('mini')
    done = makedumpfile('-g', 'info', 'mini').check_done()
    check('makedumpfile Completed.' in done.text, done.text)
    own = '\n'.join(c.vmcoreinfo) + '\n'
    check(text_of('info').startswith(own), text_of('info'))
    values('info')
    check(stat.S_IMODE(os.stat('info').st_mode) == 0o600, 'others may read where the kernel is')
    check_same_dump('-i', 'info', 'mini')


@test('-g FILE VMCORE names the release and the page size if the dump has only one of them')
def _():
    core('sizeless', 'set PAGESIZE')
    makedumpfile('-f', '-g', 'info', 'sizeless').check_done()
    check(text_of('info').startswith(f'PAGESIZE=4096\nOSRELEASE={RELEASE}\n'), text_of('info'))


@test('-g FILE of a dump without VMCOREINFO fails, and writes nothing')
def _():
    c = core('none')
    c.notes = [n for n in c.notes if n[0] != 'VMCOREINFO']
    c.write('none')
    makedumpfile('-g', 'left', 'none').check_failed('release')
    check(not os.path.exists('left'), 'there is a file')


@test('-g FILE -x VMLINUX VMCORE adds what the dump does not know, for -i to take')
def _():
    vmlinux('vmlinux')
    core('poor', *POOR)
    makedumpfile('-d', '31', '--strict-level', 'poor', 'left').check_failed('not possible')
    makedumpfile('-f', '-g', 'info', '-x', 'vmlinux', 'poor').check_done()
    got, full = values('info'), dict(line.partition('=')[::2] for line in core('mini').vmcoreinfo)
    for key in IN_VMLINUX:
        if key != 'SYMBOL(swapper_pg_dir)':
            check(got.get(key) == full[key], f'{key}={got.get(key)} instead of {full[key]}')
    check_same_dump('-i', 'info', 'poor')


@test('-g FILE -x VMLINUX needs no dump; -i brings its addresses to where the kernel was')
def _():
    vmlinux('vmlinux')
    makedumpfile('-f', '-g', 'info', '-x', 'vmlinux').check_done()
    got = values('info')
    for key, value in (('OSRELEASE', RELEASE), ('BUILD-ID', BUILD_ID), ('PAGESIZE', '4096'),
                       ('SYMBOL(_stext)', 'ffffffff81000000'), ('KERNELOFFSET', '0'),
                       ('SYMBOL(init_top_pgt)', 'ffffffff811e0000'), ('SIZE(page)', '64'),
                       ('OFFSET(page.private)', '40'), ('LENGTH(zone.free_area)', '11'),
                       ('NUMBER(PG_head_mask)', '64'),
                       ('NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)', '-268435456')):
        check(got.get(key) == value, f'{key}={got.get(key)} instead of {value}')
    core('poor', *POOR)
    check_same_dump('-i', 'info', 'poor')
    # By KERNELOFFSET alone, too.
    core('poorer', *POOR, 'set SYMBOL(_stext)')
    check_same_dump('-i', 'info', 'poorer')
    # -i changes nothing if no fact was missing.
    check_same_dump('-i', 'info', 'mini')


@test('-i takes constants from another boot of the kernel, and what differs from the dump')
def _():
    own = '\n'.join(core('mini').vmcoreinfo) + '\n'
    for old, new in (('ffffffff89', 'ffffffff95'),
                     ('KERNELOFFSET=8400000', 'KERNELOFFSET=14400000'),
                     ('SYMBOL(mem_section)=ffff8', 'SYMBOL(mem_section)=ffff9'),
                     ('NUMBER(phys_base)=-', 'NUMBER(phys_base)=-1')):
        check(old in own, f'{old} is not there')
        own = own.replace(old, new)
    write('info', own)
    core('poor', *POOR)
    check_same_dump('-i', 'info', 'poor')
    check_same_dump('-i', 'info', 'mini')


@test('-g FILE -x VMLINUX of another build than VMCORE exits 2, and writes nothing')
def _():
    vmlinux('other', BUILD_ID[::-1])
    core('mini')
    makedumpfile('-g', 'left', '-x', 'other', 'mini').check_failed(BUILD_ID[::-1], code=2)
    check(not os.path.exists('left'), 'there is a file')


@test('-g FILE -x VMLINUX that is missing, no ELF file, or of no known release')
def _():
    vmlinux('nameless', text=VMLINUX.replace('linux_banner', 'a_banner'))
    core('mini')
    for name in ('missing', '/dev/null', 'vmlinux.c', 'nameless', 'mini'):
        limited('-g', 'left', '-x', name).check_failed(name)
        check(not os.path.exists('left'), 'there is a file')


@test('-g does not overwrite FILE without -f')
def _():
    core('mini')
    for args in (['mini'], ['-x', 'vmlinux']):
        if args[0] == '-x':
            vmlinux('vmlinux')
        write('here', 'x' * 100000)
        makedumpfile('-g', 'here', *args).check_failed('here: file exists')
        check(read('here') == b'x' * 100000, 'it was touched')
        makedumpfile('-f', '-g', 'here', *args).check_done()
        check('x' * 100 not in text_of('here'), 'something of the old file is left')


@test('-g never writes to what it reads, not even with -f')
def _():
    core('mini')
    before = read('mini')
    os.symlink('mini', 'link')
    for name in ('mini', './mini', 'link'):
        makedumpfile('-f', '-g', name, 'mini').check_failed(
            f'VMCORE mini and FILE of -g {name} are the same')
    check(read('mini') == before, 'the dump was changed')
    vmlinux('vmlinux')
    before = read('vmlinux')
    makedumpfile('-f', '-g', 'vmlinux', '-x', 'vmlinux').check_failed(
        'VMLINUX vmlinux and FILE of -g vmlinux are')
    check(read('vmlinux') == before, 'the vmlinux was changed')


@test('-g leaves no FILE that is not whole')
def _():
    core('mini')
    makedumpfile('-g', 'no/info', 'mini').check_failed('cannot create no/info')
    makedumpfile('-g', 'left', 'mini', file_size=512).check_failed('cannot write left')
    check(not os.path.exists('left'), 'there is a file')
    # By a name of ours: it must not be removed.
    os.symlink('/dev/full', 'full')
    makedumpfile('-f', '-g', 'full', 'mini').check_failed('No space left')
    check(os.path.islink('full'), 'what is no file was removed')


@test('a program without libdw writes VMCOREINFO of a dump, but not of a vmlinux')
def _():
    minimal = need_build('MAKEDUMPFILE_MINIMAL')
    c = core('mini')
    makedumpfile('-f', '-g', 'info', 'mini', program=minimal).check_done()
    check(text_of('info').startswith('\n'.join(c.vmcoreinfo) + '\n'), text_of('info'))
    makedumpfile('-g', 'left', '-x', 'vmlinux', program=minimal).check_failed('libdw')
    check(not os.path.exists('left'), 'there is a file')


run_tests()
