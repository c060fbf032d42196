#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--mem-usage --svg: a picture of physical memory."""
import os
import xml.etree.ElementTree as ElementTree

from harness import *

# The color of each kind, as the style sheet has it, and its label.
KINDS = [((0xd6, 0x27, 0x28), 'memory of the kernel', 'KERN_DATA', 'ZERO'),
         ((0x1f, 0x77, 0xb4), 'memory of user processes', 'USER'),
         ((0xff, 0x9f, 0x0e), 'page cache', 'NON_PRI_CACHE', 'PRI_CACHE'),
         ((0x2c, 0xa0, 0x2c), 'free pages', 'FREE'),
         ((0x7f, 0x7f, 0x7f), 'offline or poisoned', 'HWPOISON', 'OFFLINE'),
         ((0xdd, 0xdd, 0xdd), 'not in input', 'ABSENT')]


class Picture:
    """A picture, and the table that was printed with it."""

    def __init__(self, vmcore, *args):
        done = makedumpfile('--mem-usage', '--svg', 'map.svg', *args, vmcore).check_done()
        self.table = {kind: int(pages) for kind, pages in
                      re.findall(r'^([A-Z_]+) +(\d+) +(?:yes|no) ', done.text, re.M)}
        root = ElementTree.fromstring(read('map.svg'))
        self.size = int(root.get('width')), int(root.get('height'))
        name = '{http://www.w3.org/2000/svg}'
        place = ('x', 'y', 'width', 'height')
        self.rects = [(r.get('class'), *(float(r.get(key)) for key in place),
                       r.findtext(f'{name}title')) for r in root.iter(f'{name}rect')]
        self.texts = [(t.get('class'), float(t.get('x')), float(t.get('y')), t.text)
                      for t in root.iter(f'{name}text')]

    def cells(self):
        """The rectangles with a title."""
        return [r for r in self.rects if r[5]]


@test('the legend has the numbers of the table, and so have the cells together')
def _():
    core('mini')
    makedumpfile('-f', '-d', '16', 'mini', 'dump').check_done()
    for vmcore in ('mini', 'dump'):
        p = Picture(vmcore)
        for index, (_, label, *rows) in enumerate(KINDS):
            want = sum(p.table.get(row, 0) for row in rows)
            legend = [text for _, _, _, text in p.texts if text.startswith(f'{label}: ')]
            check(len(legend) == 1 and legend[0].split(': ')[1].split()[0] == str(want),
                  f'{vmcore} {label}: {legend}, not {want}')
            pages = [int(n) for r in p.cells() for n in re.findall(rf'(\d+) {label}', r[5])]
            check(sum(pages) == want, f'{vmcore} {label}: {sum(pages)}, not {want}')
            if want > 64:
                check(any(r[0] == f'k{index}' for r in p.cells()), f'no cell of {label}')


@test('the kernel image, a crashkernel reservation and zones are marked')
def _():
    made = core('marked', 'set SYMBOL(crashk_res) ${stext+0x182000:x}',
                'set OFFSET(resource.start) 0', 'set OFFSET(resource.end) 8',
                'u64 p(stext+0x182000) 0x8400*P 0x8500*P-1',
                'set SYMBOL(_end) ${stext+0x100000:x}', 'set SYMBOL(node_data)',
                'set SYMBOL(contig_page_data) ${stext+0x183000:x}',
                'set OFFSET(pglist_data.node_zones) 16', 'set OFFSET(pglist_data.nr_zones) 0',
                'set OFFSET(pglist_data.node_id) 4', 'set OFFSET(zone.zone_start_pfn) 0',
                'set OFFSET(zone.spanned_pages) 8', 'set OFFSET(zone.name) 16', 'set SIZE(zone) 24',
                'u32 p(stext+0x183000) 2 0', 'u64 p(stext+0x183010) 1 0x1000 stext+0x184000',
                'u64 p(stext+0x183028) 0x8000 0x800 stext+0x184010',
                'text p(stext+0x184000) <D&MA>', 'text p(stext+0x184010) Normal')
    check(made.translate(0xffffffff89400000), 'another kernel')
    p = Picture('marked')
    zones = [text for name, _, _, text in p.texts if name == 'zone']
    check(zones == ['node 0 <D&MA>', 'node 0 Normal'], zones)
    framed = [[r for r in p.rects if r[0] == name] for name in ('image', 'reserved')]
    # One of each is in the legend; cells of 4 pages are too small to tell how many there are.
    check(all(len(frames) > 1 for frames in framed), framed)
    core('unknown', 'set SYMBOL(node_data)', 'set SYMBOL(contig_page_data) ffffc90000000000')
    check(not [t for t in Picture('unknown').texts if t[0] == 'zone'], 'zones')


@test('a machine with holes of terabytes, and pages in part: rows of memory only')
def _():
    core('holes', 'segment 3*1024*G 8*P', 'segment 40*1024*G+0x800 0x900')
    with subprocess.Popen([PROGRAM, '--mem-usage', '--svg', 'map.svg', 'holes'],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0 and used.ru_maxrss < 512 << 10, f'{status}, {used}')
    p = Picture('holes')
    check(p.size[1] < 150 + 97 * 12 + 20 and len(p.cells()) > 50, p.size)
    rows = [text for name, _, _, text in p.texts if name == 'address']
    check(rows == sorted(rows, key=lambda t: int(t, 16)) and int(rows[-1], 16) >= 40 << 40, rows)


@test('--svg writes a file of --mem-usage, and says what it cannot do')
def _():
    core('mini')
    makedumpfile('--mem-usage', '--svg', '-', 'mini').check_failed("'-' is not a file")
    makedumpfile('--mem-usage', '--svg', 'mini', 'mini').check_failed('FILE of --svg')
    makedumpfile('--svg', 'map.svg', 'mini', 'dump').check_failed('--svg cannot be used')
    makedumpfile('--mem-usage', '--svg', 'no/map.svg', 'mini').check_failed('no/map.svg')


def screenshot(browser, width, height):
    """A function that returns the color of a pixel as a browser draws the picture."""
    run([browser, '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars',
         f'--user-data-dir={os.getcwd()}/profile', '--screenshot=map.png',
         f'--window-size={width},{height}', f'file://{os.getcwd()}/map.svg'])
    if not os.path.exists('map.png'):
        skip(f'{browser} does not draw here')
    png, pos, data = read('map.png'), 8, b''
    while pos < len(png):
        size, kind = struct.unpack_from('>I4s', png, pos)
        body = png[pos + 8:pos + 8 + size]
        if kind == b'IHDR':
            across, _, depth, color = struct.unpack_from('>IIBB', body)
        elif kind == b'IDAT':
            data += body
        pos += 12 + size
    check(depth == 8 and color in (2, 6), f'an unusual PNG file: {depth}, {color}')
    n = 3 if color == 2 else 4
    raw, rows, before = zlib.decompress(data), [], bytes(across * n)
    for at in range(0, len(raw), across * n + 1):
        line = bytearray(raw[at + 1:at + 1 + across * n])
        for i, byte in enumerate(line):
            left, up = line[i - n] if i >= n else 0, before[i]
            corner = before[i - n] if i >= n else 0
            line[i] = (byte + (0, left, up, (left + up) // 2,
                               paeth(left, up, corner))[raw[at]]) % 256
        rows.append(line)
        before = line
    return lambda x, y: tuple(rows[int(y)][int(x) * n:int(x) * n + 3])


def paeth(left, up, corner):
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
               (abs(guess - corner), 2, corner))[2]


@test('a browser draws it: each kind in the color of its legend')
def _():
    browser = shutil.which('chromium') or skip('chromium is not installed')
    core('mini')
    p = Picture('mini')
    pixel = screenshot(browser, *p.size)
    check(pixel(2, 2) == (255, 255, 255), f'the background is {pixel(2, 2)}')
    for index, (color, label, *_) in enumerate(KINDS):
        rects = [r for r in p.rects if r[0] == f'k{index}']
        legend = [t for t in p.texts if t[3].startswith(label)][0]
        check(abs(rects[0][1] + 18 - legend[1]) < 1, label)
        check(abs(rects[0][2] + 10 - legend[2]) < 1, label)
        # The image's frame covers the cells that it is in.
        for _, x, y, width, _, _ in rects[:1] + rects[-1:]:
            found = pixel(x + width / 2, y + 5)
            check(found == color, f'{label} at {x}, {y}: {found}, not {color}')


run_tests()
