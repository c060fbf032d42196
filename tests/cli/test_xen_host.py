#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""/proc/vmcore of Xen hosts: dom0's memory by the frames of the machine, pages of other domains."""
import json

from harness import *

TABLES = '0xe80000,0x80000'     # of mini-xen.txt
# As mkxenhost has them.
FOREIGN = set(range(0x700, 0x710))
GONE = FOREIGN | set(range(0x710, 0x71a))       # what -X excludes
KEPT = set(range(0x71a, 0x71e)) | set(range(0x4000, 0x4004))
COUNT_INFO = 0x1000 * PAGE + 8  # of frame 0
POINTERS = 0x400 * PAGE         # Xen's variables
LEAVES = len({pfn >> 9 for pfn in EXISTS} | {8})        # of the tree of dom0's frames


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


@test('each level, with and without -X: the pages by the frames of the machine')
def _():
    made()
    host_pages = None
    for level in (0, 1, 2, 4, 8, 16, 31):
        dumped(level=level).check_done()
        others = pages() - frames(EXISTS)
        check(GONE | KEPT < others and len(others) > 100, f'level {level}: {len(others)} pages')
        host_pages = host_pages or others
        check(others == host_pages, f'level {level}: pages of others')
        own = frames(kept(level))
        check(pages() - others == own, f'level {level}: pages of dom0')
        dumped('-X', level=level).check_done()
        check(pages() == own | (host_pages - GONE), f'level {level} with -X')
    makedumpfile('-f', '-E', '-X', '-d', '31', 'host', 'elf').check_done()
    makedumpfile('--verify', 'elf').check_done()


@test('the dump has the bytes of the vmcore, and is filtered again like it')
def _():
    made()
    dumped(level=0).check_done()
    os.rename('dump', 'whole')
    for path in ('host', 'whole'):
        dumped('-X', path=path).check_done()
        os.rename('dump', f'{path}-filtered')
        done = makedumpfile('--vtop', 'ffff888000905000', path)
        check(done.code == 0 and f'{frame(0x905):x}000'.encode() in done.out, done)
    check(read('host-filtered') == read('whole-filtered'), 'the dumps differ')
    whole = dict(Kdump('whole').contents())
    for number, data in Kdump('host-filtered').contents():
        check(whole[number] == data, f'frame {number:#x}')


@test('the bits of each version of Xen')
def _():
    made()
    dumped('-X').check_done()
    wanted = pages()
    for bits in ('old', '4.22'):
        host('--bits', bits)
        dumped('-X').check_done()
        check(pages() == wanted, f'{bits}: pages')


@test('the report counts pages of other domains')
def _():
    made()
    dumped('-X', '--json', 'report').check_done()
    counts = json.loads(read('report'))['pages']
    check(counts['excluded_by_kind']['other_domains'] == len(GONE), counts)
    check(counts['struct_page_missing'] == counts['original'] - len(EXISTS), counts)
    check(b'Of other domains of Xen : 0x000000000000001a' in dumped('-X', '--show-stats').out,
          'the line')


@test("--xen-vmcoreinfo and --xen_phys_start bring what the notes lack")
def _():
    made()
    dumped('-X').check_done()
    wanted = pages()
    host('--vmcoreinfo', 'text')
    dumped('-X').check_warned(
        r'pages of other domains are kept: missing: SYMBOL\(domain_list\), SYMBOL\(frame_table\)')
    check(GONE <= pages(), 'pages')
    dumped('-X', '--strict-level').check_failed('missing: ')
    dumped('-X', '--xen-vmcoreinfo', 'text').check_done()
    check(pages() == wanted, 'pages')
    host('--no-start')
    dumped('-X').check_warned('the place of Xen\'s image is not known: use --xen_phys_start')
    dumped('-X', '--xen_phys_start', '0x400000').check_done()
    check(pages() == wanted, 'pages')
    dumped('-X', '--xen-vmcoreinfo', 'missing').check_warned('missing: No such file')
    with open('large', 'wb') as f:
        f.write(read('text').replace(b'SIZE(page_info)=32', b'SIZE(page_info)=4096'))
    dumped('-X', '--xen-vmcoreinfo', 'large').check_warned('page_info of 4096 bytes cannot have')
    limited('--xen_phys_start', 'x', 'host', 'dump').check_failed('address x is invalid')


XEN_SYMS = """
struct page_info {
    long list, count_info;
    union { struct { long type_info; } inuse; } u;
    union { struct { unsigned int _domain; } inuse; } v;
    unsigned int time;
} *frames;
struct domain { unsigned short domain_id; char more[134]; struct domain *next_in_list; } *domains;
"""
SYMBOLS = {'domain_list': 0, '_frame_table.0': 8, 'max_page': 16, 'dom_xen': 24, 'dom_io': 32,
           'idle_pg_table': PAGE}


@test('--xen-syms brings symbols and types')
def _():
    gcc = need_tool('gcc')
    made()
    dumped('-X').check_done()
    wanted = pages()
    with open('xen.c', 'w') as f:
        f.write(XEN_SYMS)
    symbols = [f'-Wl,--defsym={name}={0xffff82d040000000 + at:#x}' for name, at in SYMBOLS.items()]
    done = run([gcc, '-g', '-nostdlib', '-shared', *symbols, '-o', 'xen-syms', 'xen.c'])
    check(not done.code, done)
    host('--vmcoreinfo', 'text')
    dumped('-X', '--xen-syms', 'xen-syms').check_done()
    check(pages() == wanted, 'pages')
    dumped('-X', '--xen-syms', 'text').check_warned('text is not a vmlinux: it is not an ELF file')
    check(GONE <= pages(), 'pages')


@test('dom0 that tells no frames: its pages are not judged, those of others are')
def _():
    made('--no-tree')
    dumped().check_warned('dump level 31 is not possible, 1 is used: .*only PV domains')
    check(frames(EXISTS) | GONE < pages(), 'pages')
    dumped('-X', level=1).check_done()
    check(frames(EXISTS) < pages() and not GONE & pages(), 'pages')


@test('a table of pages that cannot be right costs no page')
def _():
    made()
    # The table's address; the list of domains; dom0's number; the owner of dom0; Xen's image.
    implausible = 'pages of other domains are kept: .*'
    for changes, why in (
            ([(POINTERS + 8, 0)], ''), ([(POINTERS + 8, 1 << 63)], ''),
            ([(POINTERS, 0)], 'dom0 is not in Xen\'s list'),
            ([(POINTERS, 0x1000)], 'memory of Xen'),
            ([(0x421 * PAGE + 136, 0xffff830000421000)], 'dom0 is not in Xen\'s list'),
            ([(0x420 * PAGE, 7)], 'dom0 is not in Xen\'s list'),
            ([(0x422 * PAGE, 0), (POINTERS, 0xffff830000422000)],
             'implausible: of .* pages of dom0'),
            ([(COUNT_INFO + 0x400 * 32, 3 << 58)], 'implausible: Xen\'s own page 0x400')):
        host(*[word for address, number in changes
               for word in ('--change', f'{address:#x},{number:#x}')])
        done = dumped('-X')
        if why:
            done.check_warned(implausible + why)
        else:
            done.check_alive()
        check(frames(kept(31)) | GONE | KEPT <= pages(), f'{changes}: pages')


@test("damage in the tree of dom0's frames")
def _():
    made()
    for entry, number in ((0x410, 0x410), (0x411, 0x411), (0x411, 1 << 40), (0x410, 0),
                          (0x411, 0x500 | 1 << 63), (0x411, 0x501)):
        host('--change', f'{entry * PAGE:#x},{number:#x}')
        done = dumped('-X').check_alive()
        check(done.code == 0, done)
        check(frames(kept(31)) <= pages(), f'{entry:#x}: {number:#x}: pages')


@test("a tree of dom0's frames that names a frame many times: it counts once")
def _():
    made()

    def runs():
        found = re.search(r'dom0: (\d+) runs of frames', dumped('--trace', 'memmap').err)
        check(found, 'no trace of the tree')
        return int(found[1])
    intact = runs()
    # The first leaf, in the place of each.
    host(*[word for i in range(512) for word in ('--change', f'{0x411 * PAGE + 8 * i:#x},0x500')])
    check(0 < runs() <= intact, 'runs of frames')
    check(frames(kept(31)) <= pages(), 'pages')


def classes():
    """The classes of the last report: {name: (pages, is it of the fill?)}."""
    return {c['class']: (c['pages'], c['fill'])
            for c in json.loads(read('report'))['pages']['classes'] if c['pages']}


def in_file(dump):
    """The pages of a dump in the order of their data, except those that share it."""
    places = {}
    for index, pfn in enumerate(dump.pages):
        places.setdefault(dump.desc(index)[0], []).append(pfn)
    return [places[at][0] for at in sorted(places) if len(places[at]) == 1]


@test('pages of dom0 are saved in the order of their value, those of others before the page cache')
def _():
    made()
    own = {}
    for path in ('core', 'host'):
        dumped('--json', 'report', level=16, path=path).check_done()
        own[path] = classes()
    for name, more in (('essential', 3 + LEAVES), ('cache_private', 0), ('cache', 0), ('user', 0)):
        check(own['core'][name][0] + more == own['host'][name][0], f'{name}: {own}')
    dump = Kdump('dump')
    late = frames(kept(16) - kept(14))
    order = [pfn in late for pfn in in_file(dump)]
    check(order == sorted(order) and any(order), 'the order')


@test("triage: registers of Xen's CPUs are not taken for those of dom0's")
def _():
    made()
    done = makedumpfile('--triage', 'host')
    check(done.code == 0 and b'not found  registers: the notes of a Xen host are of the hypervisor'
          in done.out and b'damaged' not in done.out, done)


@test("--essential: debuggers find the frames of dom0's pages")
def _():
    # A part of the tree for pages that the machine cannot have: debuggers read that, too.
    made('--change', f'{0x410 * PAGE + 8 * 511:#x},{0x413:#x}',
         '--change', f'{0x413 * PAGE:#x},{0x414:#x}', '--change', f'{0x414 * PAGE:#x},0')
    makedumpfile('-f', '--essential', 'host', 'dump').check_done()
    # The tree that mkxenhost makes, with the page for parts without frames.
    tree = set(range(0x410, 0x415)) | set(range(0x500, 0x500 + LEAVES))
    check(tree <= pages() and not FOREIGN & pages(), f'{tree - pages()} are missing')
    done = makedumpfile('--vtop', 'ffff888000905000', 'dump')
    check(done.code == 0 and f'{frame(0x905):x}000'.encode() in done.out, done)


@test('--fill: with room for all the pages of its level, else pages of the first level first')
def _():
    made()
    dumped('--fill', '0', level=30).check_done()
    found = pages()
    dumped(level=0).check_done()
    check(found == pages(), 'pages')
    dumped('--json', 'report', '--fill', '0', level=30).check_done()
    check({name for name, (_, fill) in classes().items() if fill} == {'cache', 'user', 'free'},
          classes())
    dumped('-X', level=30).check_done()
    first = pages()
    dumped('-X', '--fill', '0', level=30).check_done()
    dumped('-X', '--fill', '0', '-L', os.path.getsize('dump') - 1, level=30).check_alive()
    dump = Kdump('dump')
    there = {pfn for i, pfn in enumerate(dump.pages) if any(dump.desc(i))}
    check(first < there < set(dump.pages), f'{len(first)} {len(there)} {len(dump.pages)}')


@test('-e: the struct pages of pages that are left out, and of those that dom0 does not have')
def _():
    made()
    dumped().check_done()
    whole = pages()
    dumped('-e').check_done()
    # A page of them is about 64 pages.
    unused = {0x400 + i for i in range(0x400) if not kept(31) & set(range(64 * i, 64 * i + 64))}
    check(whole - pages() == frames(unused), f'{len(whole - pages())} of {len(unused)}')


@test('extensions do not run on a Xen host')
def _():
    made()
    dumped('--extension', 'amdgpu').check_warned('extensions do not run on a dump of a Xen host')
    check(frames(kept(31)) <= pages(), 'pages')


run_tests()
