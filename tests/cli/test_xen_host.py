#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""/proc/vmcore of Xen hosts: dom0's memory by the frames of the machine."""
from harness import *

TABLES = '0xe80000,0x80000'     # of mini-xen.txt
# As mkxenhost has them.
OTHERS = set(range(0x700, 0x71e)) | set(range(0x4000, 0x4004))


def made(*options):
    """The memory of dom0 in a core, and the vmcore of its host; the core."""
    c = core('core', 'memnote 5*P VMCOREINFO 0', text=mini('xen'))
    c.notes = []
    c.write('core')
    host(*options)
    return c


def host(*options):
    done = run([sys.executable, '-B', f'{TOOLS}/mkxenhost', '--pv', TABLES, *options, 'core',
                'host'])
    check(not done.code, done)


def frame(pfn):
    return 0x100000 + (pfn ^ 0xaa8)


def frames(pages):
    return {frame(pfn) for pfn in pages}


def dumped(*options, level=31, path='host'):
    return limited('-f', '-c', '-d', level, *options, path, 'dump')


def pages(path='dump'):
    return set(Kdump(path).pages)


@test('each level: the pages by the frames of the machine')
def _():
    made()
    host_pages = None
    for level in (0, 1, 2, 4, 8, 16, 31):
        dumped(level=level).check_done()
        others = pages() - frames(EXISTS)
        check(OTHERS < others and len(others) > 100, f'level {level}: {len(others)} pages')
        host_pages = host_pages or others
        check(others == host_pages, f'level {level}: pages of others')
        # VMCOREINFO in memory is looked for above level 1 only.
        own = frames(kept(level) if level > 1 else EXISTS)
        check(pages() - others == own, f'level {level}: pages of dom0')
    makedumpfile('-f', '-E', '-d', '31', 'host', 'elf').check_done()
    makedumpfile('--verify', 'elf').check_done()


@test('the dump has the bytes of the vmcore, and is filtered again like it')
def _():
    made()
    dumped(level=0).check_done()
    os.rename('dump', 'whole')
    for path in ('host', 'whole'):
        dumped(path=path).check_done()
        os.rename('dump', f'{path}-filtered')
        done = makedumpfile('--vtop', 'ffff888000905000', path)
        check(done.code == 0 and f'{frame(0x905):x}000'.encode() in done.out, done)
    check(read('host-filtered') == read('whole-filtered'), 'the dumps differ')
    whole = dict(Kdump('whole').contents())
    for number, data in Kdump('host-filtered').contents():
        check(whole[number] == data, f'frame {number:#x}')


@test('dom0 that tells no frames: its pages are not judged')
def _():
    made('--no-tree')
    dumped().check_warned('dump level 31 is not possible, 1 is used: .*only PV domains')
    check(frames(EXISTS) | OTHERS < pages(), 'pages')



@test("damage in the tree of dom0's frames")
def _():
    made()
    for entry, number in ((0x410, 0x410), (0x411, 0x411), (0x411, 1 << 40), (0x410, 0),
                          (0x411, 0x500 | 1 << 63), (0x411, 0x501)):
        host('--change', f'{entry * PAGE:#x},{number:#x}')
        done = dumped().check_alive()
        check(done.code == 0, done)
        check(frames(kept(31)) <= pages(), f'{entry:#x}: {number:#x}: pages')


@test('extensions and -e do not run on a Xen host')
def _():
    made()
    dumped('--extension', 'amdgpu').check_warned('extensions do not run on a dump of a Xen host')
    check(frames(kept(31)) <= pages(), 'pages')
    dumped('-e').check_warned('struct pages of a Xen host are not excluded')


run_tests()
