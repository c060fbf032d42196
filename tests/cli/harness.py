# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness of the tests of the command line.

A test file decorates functions with @test("what must be so") and ends with
run_tests(). A test fails by raising: check() and the checks on a Result do so,
skip() says that the machine lacks something. The output is TAP-like:

    ok - NAME
    not ok - NAME: why
    skip - NAME: why
    1..N

From the environment: MAKEDUMPFILE, the program (default build/makedumpfile), and
builds of the same sources that some tests need: MAKEDUMPFILE_ASAN,
MAKEDUMPFILE_TSAN and MAKEDUMPFILE_MINIMAL (no library but zlib). MAKEDUMPFILE_SLOWNESS
says how many times longer than usual the program may take, since it is emulated. With
MAKEDUMPFILE_FULL each machine goes through all of test_machines.py, not only two, and
test_damage.py tries more damages.
"""
import copy
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
import zlib

sys.dont_write_bytecode = True

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = os.path.join(TOP, 'tests', 'tools')
sys.path.insert(0, TOOLS)
sys.path.insert(0, f'{TOP}/scripts')
sys.path.append(f'{TOP}/tests/vm')

import mkelfcore  # noqa: E402 (found through sys.path)

FULL = 'MAKEDUMPFILE_FULL' in os.environ
PAGE = mkelfcore.PAGE
MIB = 1 << 20
PROGRAM = os.path.abspath(os.environ.get('MAKEDUMPFILE', f'{TOP}/build/makedumpfile'))
# A damaged dump must not make the program wait, or need much memory. Limits of time only end
# what hangs: on a quiet machine nothing takes a tenth of them.
TIME_LIMIT = 200 * int(os.environ.get('MAKEDUMPFILE_SLOWNESS', 1))
MEMORY_LIMIT = 1024 * MIB

PROGRESS = re.compile(r'.*: \[ *\d+\.\d %\] eta: .*')
SANITIZER = re.compile(r'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:')


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def check(condition, why):
    if not condition:
        raise Failure(why)


def skip(why):
    raise Skip(why)


def need_tool(name):
    """The path of a program, or the test is skipped."""
    return shutil.which(name) or skip(f'{name} is not installed')


def need_build(variable):
    """The path of another build of the program, or the test is skipped."""
    return os.environ.get(variable) or skip(f'{variable} is not set')


def without_libraries(*sonames):
    """An environment in which these libraries cannot be loaded, for makedumpfile(env=)."""
    os.makedirs('empty', exist_ok=True)
    for soname in sonames:
        write(f'empty/{soname}', '')
    return {**os.environ, 'LD_LIBRARY_PATH': f'{os.getcwd()}/empty'}


# ---- running tests -----------------------------------------------------------

_tests = []


def test(name):
    """Decorator: a function without arguments is a test of this name."""
    def add(function):
        _tests.append((name, function))
        return function
    return add


def one_line(text):
    return ' '.join(str(text).split())


def run_tests():
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f'{PROGRAM} is missing: make it first, or set MAKEDUMPFILE')
    failed = False
    with tempfile.TemporaryDirectory(prefix='makedumpfile-cli.') as where:
        os.chdir(where)
        for name, function in _tests:
            try:
                function()
                print(f'ok - {name}', flush=True)
            except Skip as e:
                print(f'skip - {name}: {one_line(e)}', flush=True)
            except Failure as e:
                failed = True
                print(f'not ok - {name}: {one_line(e)}', flush=True)
            except Exception as e:
                failed = True
                print(f'not ok - {name}: {type(e).__name__}: {one_line(e)}', flush=True)
                for line in traceback.format_exc().splitlines():
                    print(f'# {line}', flush=True)
            if failed and 'STOP_AT_FAILURE' in os.environ:
                break
        os.chdir('/')
    print(f'1..{len(_tests)}')
    sys.exit(failed)


# ---- running the program -----------------------------------------------------

class Result:
    """The result of a command. out is bytes, err text."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out = args, code, out
        self.err = err.decode('utf-8', 'replace')

    @property
    def command(self):
        return '"' + ' '.join(self.args) + '"'

    def __str__(self):
        return f'{self.command} ended with {self.code}: {self.err.strip()[-1500:]}'

    @property
    def text(self):
        return self.out.decode('utf-8', 'replace')

    @property
    def errors(self):
        """Lines of standard error about what is wrong, not about progress or the end."""
        return [line for line in self.err.splitlines()
                if line.strip() and not PROGRESS.fullmatch(line) and
                line not in ('makedumpfile Failed.', 'makedumpfile Completed.')]

    def check_alive(self):
        """It ended by itself, and no sanitizer complained."""
        for line in self.err.splitlines():
            check(not SANITIZER.search(line), f'{self.command}: {line}')
        check(self.code in (0, 1, 2), self)
        return self

    def check_done(self):
        """Success, and not a word about errors."""
        check(self.code == 0, self)
        check(not self.errors, f'errors were shown: {self.errors}')
        return self

    def check_warned(self, pattern):
        """Success, with exactly one line about what is wrong."""
        check(self.code == 0, self)
        check(len(self.errors) == 1 and re.search(pattern, self.errors[0]) and
              self.errors[0].startswith('makedumpfile: '),
              f'expected one line with "{pattern}", got {self.errors}')
        return self

    def check_failed(self, pattern, code=1):
        """It says in exactly one line what is wrong, and that it failed."""
        self.check_alive()
        check(self.code == code, f'expected exit status {code}: {self}')
        lines = self.errors
        check(len(lines) == 1, f'expected one line about the error, got {lines}')
        check(lines[0].startswith('makedumpfile: '), f'who says so? {lines[0]}')
        check(re.search(pattern, lines[0]), f'expected "{pattern}" in "{lines[0]}"')
        said = self.text + self.err
        check('makedumpfile Failed.' in said, f'"makedumpfile Failed." is missing: {said}')
        check('Completed' not in said, f'it claims success: {said}')
        check('saved' not in said or 'This is an incomplete dumpfile' in said,
              f'it does not say that the dump is incomplete: {said}')
        return self


def with_limits(args, memory, file_size):
    """The command under limits, in bytes. A shell does that faster than Python."""
    limits = ''
    if memory:
        limits += f'ulimit -v {memory // 1024} && '
    if file_size is not None:
        limits += f'ulimit -f {file_size // 512} && '
    return ['sh', '-c', limits + 'exec "$@"', 'sh', *args] if limits else args


def run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, memory=None, file_size=None,
        env=None, timeout=TIME_LIMIT, **options):
    """Run a command to its end."""
    args = [str(a) for a in args]
    try:
        done = subprocess.run(with_limits(args, memory, file_size), stdin=stdin, stdout=stdout,
                              stderr=subprocess.PIPE, timeout=timeout,
                              env=None if env is None else {**os.environ, **env}, **options)
    except subprocess.TimeoutExpired:
        raise Failure(f'"{" ".join(args)}" did not end within {timeout} s') from None
    return Result(args, done.returncode, done.stdout or b'', done.stderr)


def makedumpfile(*args, program=PROGRAM, **options):
    return run([program, *args], **options)


def limited(*args, **options):
    """As makedumpfile(), with little memory to be had."""
    return makedumpfile(*args, memory=MEMORY_LIMIT, **options)


def closed_pipe(args, keep):
    """Run a command whose standard output is a pipe that is closed after keep bytes."""
    with subprocess.Popen([str(a) for a in args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        timer = threading.Timer(TIME_LIMIT, p.kill)
        timer.start()
        p.stdout.read(keep)
        p.stdout.close()
        err = p.stderr.read()
        code = p.wait()
        timer.cancel()
    return Result(p.args, code, b'', err)


# ---- making dumps ------------------------------------------------------------

def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def mini(machine):
    """The text of a miniature kernel; mini.txt says what is in it."""
    return read(f'{TOOLS}/mini-{machine}.txt').decode()


MINI = mini('x86_64')
# Keys of its VMCOREINFO whose values the types have, too.
TOLD_BY_TYPES = (
    'SIZE(page)', 'OFFSET(page.flags)', 'OFFSET(page.mapping)', 'OFFSET(page.private)',
    'OFFSET(page._mapcount)', 'OFFSET(page.compound_head)', 'LENGTH(zone.free_area)',
    'SIZE(mem_section)', 'OFFSET(mem_section.section_mem_map)', 'NUMBER(PG_lru)',
    'NUMBER(PG_private)', 'NUMBER(PG_swapcache)', 'NUMBER(PG_swapbacked)', 'NUMBER(PG_hwpoison)',
    'NUMBER(PG_head_mask)', 'NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)',
    'NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)', 'NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)',
    'NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)')
_cores = {}


# Statements for core(): free pages, and pages of the kernel, that do not equal each other.
DISTINCT_FREE = ('page 0x8000..0x8400 random 5',)
DISTINCT_KERNEL = ('page 0x8410..0x8700 random 6',)


def core(path, *statements, text=MINI):
    """Write the miniature kernel's core, changed by more statements."""
    if text not in _cores:
        _cores[text] = mkelfcore.Core()
        _cores[text].run(text)
    c = copy.deepcopy(_cores[text])
    for statement in statements:
        c.run(statement)
    c.write(path)
    return c


def tool(name, *args):
    """Run another tool of tests/tools."""
    done = run([sys.executable, '-B', f'{TOOLS}/{name}', *args])
    if done.code:
        raise Failure(str(done))


def kdump(path, description):
    """Write a kdump-compressed file as mkkdump describes them."""
    write(f'{path}.txt', description)
    tool('mkkdump', f'{path}.txt', path)


# ---- reading dumps -----------------------------------------------------------

def pfns(*ranges):
    return {pfn for first, end in ranges for pfn in range(first, end)}


def unflatten(stream, hole=0):
    """The file in a flattened stream, which must be whole and end there. A byte that no record
    holds is HOLE."""
    check(stream[:16] == b'makedumpfile'.ljust(16, b'\0'), 'no flattened header')
    check(struct.unpack_from('>qq', stream, 16) == (1, 1), 'header of another version')
    out, pos = bytearray(), 4096
    while True:
        check(pos + 16 <= len(stream), 'the stream has no end record')
        offset, size = struct.unpack_from('>qq', stream, pos)
        pos += 16
        if (offset, size) == (-1, -1):
            break
        check(offset >= 0 and size > 0, f'a record of {size} bytes at {offset}')
        check(pos + size <= len(stream), 'the stream ends within a record')
        if len(out) < offset + size:
            out.extend(bytes([hole]) * (offset + size - len(out)))
        out[offset:offset + size] = stream[pos:pos + size]
        pos += size
    check(pos == len(stream), f'{len(stream) - pos} stray bytes after the end record')
    return bytes(out)


class Kdump:
    """A kdump-compressed file; of the order given, if one is."""

    INCOMPLETE = 8
    # Offsets of the status, and in the sub-header of the level, offset_eraseinfo and
    # max_mapnr_64, of 64-bit machines, and of 32-bit ones by their names.
    PLACES_64 = (424, 8, 64, 96)
    PLACES_ALIGNED = (412, 4, 56, 88)
    PLACES_32 = {b'i686': (412, 4, 44, 72), b'armv7l': PLACES_ALIGNED, b'ppc': PLACES_ALIGNED}
    CODECS = {0: 'none', 1: 'zlib', 2: 'lzo', 4: 'snappy', 0x20: 'zstd'}

    def __init__(self, path, order=None):
        self.bytes = read(path)
        check(self.bytes[:8] == b'KDUMP   ', f'{path} is not a kdump-compressed file')
        self.order = '<' if self.bytes[8] else '>'
        check(order in (None, self.order), f'{path} has the wrong byte order')
        self.version, = self._ints('i', 8)
        self.release = self.bytes[12 + 130:12 + 195].split(b'\0')[0].decode()
        status, level, self.eraseinfo, max_mapnr = \
            self.PLACES_32.get(self.bytes[12 + 260:].split(b'\0', 1)[0], self.PLACES_64)
        (self.status, self.block, sub_blocks, map_blocks) = self._ints('IiiI', status)
        self.level, = self._ints('i', self.block + level)
        self.max_mapnr, = self._ints('Q', self.block + max_mapnr)
        half = map_blocks * self.block // 2
        start = (1 + sub_blocks) * self.block
        self.exists = self._bits(start, half)
        self.pages = self._bits(start + half, half)
        self.descs = start + 2 * half

    def _ints(self, codes, offset):
        return struct.unpack_from(self.order + codes, self.bytes, offset)

    def _bits(self, start, size):
        bits = self.bytes[start:start + size]
        return [8 * i + n for i, byte in enumerate(bits) if byte
                for n in range(8) if byte >> n & 1]

    def desc(self, index):
        """(offset, size, flags) of the index-th page in the dump."""
        return self._ints('QII', self.descs + 24 * index)

    def damage(self, path, *damaged):
        """Write it to another file, in which these pages can no longer be read."""
        data = bytearray(self.bytes)
        for pfn in damaged:
            flags = self.descs + 24 * self.pages.index(pfn) + 12
            struct.pack_into(self.order + 'I', data, flags, 8)
        with open(path, 'wb') as f:
            f.write(data)

    def contents(self):
        """(pfn, bytes) of every page, the data as they are stored: raw or zlib."""
        for index, pfn in enumerate(self.pages):
            offset, size, flags = self.desc(index)
            data = self.bytes[offset:offset + size]
            check(flags in (0, 1), f'pfn {pfn:#x} has flags {flags:#x}')
            yield pfn, zlib.decompress(data) if flags else data

    def stored(self):
        """(flags, bytes) of every page, as they are stored."""
        for offset, size, flags in map(self.desc, range(len(self.pages))):
            yield flags, self.bytes[offset:offset + size]

    def same_pages(self, other):
        """Is it the same dump but for the places of the data and of ERASEINFO?"""
        place = slice(self.block + self.eraseinfo, self.block + self.eraseinfo + 8)
        heads = [bytearray(dump.bytes[:dump.descs]) for dump in (self, other)]
        for head in heads:
            head[place] = bytes(8)
        return (heads[0] == heads[1] and
                all(a == b for a, b in zip(self.stored(), other.stored())))

    def same_sequence(self, other):
        """Do the data of the pages follow one another as in a dump of the same pages? Pages that
        share data in either dump do not count."""
        sequences = []
        for dump in (self, other):
            places = {}
            for index, pfn in enumerate(dump.pages):
                places.setdefault(dump.desc(index)[0], []).append(pfn)
            sequences.append([p[0] for _, p in sorted(places.items()) if len(p) == 1])
        a, b = ([pfn for pfn in s if pfn in set.intersection(*map(set, sequences))]
                for s in sequences)
        return a == b

    def check_there(self, memory):
        """Check the pages of an incomplete dump against those of a core. Returns their number."""
        there = 0
        for index, pfn in enumerate(self.pages):
            raw = self.bytes[self.descs + 24 * index:self.descs + 24 * index + 24]
            if len(raw) < 24 or not any(raw):
                continue
            offset, size, flags = self.desc(index)
            data = self.bytes[offset:offset + size]
            check(len(data) == size, f'pfn {pfn:#x} has a descriptor, but no data')
            data = zlib.decompress(data) if flags else data
            check(data == memory.read(pfn * PAGE, PAGE), f'pfn {pfn:#x} differs')
            there += 1
        return there

    def check_contents(self, memory):
        """Every page of the dump is as in the memory of a core that was made."""
        for pfn, data in self.contents():
            check(data == memory.read(pfn * self.block, self.block), f'pfn {pfn:#x} differs')
        return self


class ElfCore:
    """An ELF core; page: bytes of a page, bits: of its class, base: where memory begins, from
    which its pfns count."""

    def __init__(self, path, page=PAGE, bits=64, base=0):
        self.bytes, self.page = read(path), page
        check(self.bytes[:5] == b'\x7fELF' + bytes([bits // 32]), f'{path} is not such an ELF file')
        self.order = '<' if self.bytes[5] == 1 else '>'
        self.type, self.machine = self._ints('HH', 16)
        if bits == 64:
            self.phoff, self.shoff, self.flags = self._ints('QQI', 32)
            number, = self._ints('H', 56)
            if number == 0xffff:
                number, = self._ints('I', self.shoff + 44)
            headers = [self._ints('IIQQQQQQ', self.phoff + 56 * i) for i in range(number)]
        else:
            self.phoff, self.shoff, self.flags = self._ints('III', 28)
            number, = self._ints('H', 44)
            headers = [self._ints('IIIIIIII', self.phoff + 32 * i) for i in range(number)]
            # In the order of the larger ones.
            headers = [(h[0], h[6], *h[1:6], h[7]) for h in headers]
        # (vaddr, paddr, offset, bytes in the file, bytes in memory)
        self.loads = [(vaddr, paddr - base, offset, filesz, memsz)
                      for kind, _, offset, vaddr, paddr, filesz, memsz, _ in headers if kind == 1]
        self.notes = b''.join(self.bytes[h[2]:h[2] + h[5]] for h in headers if h[0] == 4)

    def _ints(self, codes, offset):
        return struct.unpack_from(self.order + codes, self.bytes, offset)

    def described(self):
        """The pages that belong to the machine, whether the file has them or not."""
        return pfns(*((paddr // self.page, -(-(paddr + memsz) // self.page))
                      for _, paddr, _, _, memsz in self.loads))

    def pages(self):
        """The pages of the file, by pfn."""
        return {(paddr + at) // self.page: self.bytes[offset + at:offset + at + self.page]
                for _, paddr, offset, filesz, _ in self.loads
                for at in range(0, filesz, self.page)}


def open_kdumpfile(path):
    """A context of libkdumpfile, or the test is skipped."""
    try:
        import libkdumpfile
    except ImportError:
        skip('python3-libkdumpfile is not installed')
    return libkdumpfile.open_dump(path)


# ---- the miniature kernel ----------------------------------------------------

# The pages of mini.txt, by the bit of the dump level that excludes them.
EXISTS = pfns((0x1, 0x9f), (0x100, 0x1000), (0x8000, 0x8800))
FREE = pfns((0x900, 0x940), (0x8000, 0x8400))
CACHE = pfns((0x940, 0x960), (0x970, 0x980), (0xe00, 0xe10))
CACHE_PRIVATE = pfns((0x960, 0x970))
WAITED_FOR = pfns((0x9a0, 0x9a8))
USER = pfns((0x980, 0x9b0), (0xa00, 0xe00))
ALWAYS = pfns((0x9c8, 0x9d1))


def kept(level):
    """The pages that a dump of the miniature kernel has; zero pages stay in the bitmap."""
    gone = set(ALWAYS)
    if level & 2 or level & 4:
        gone |= CACHE
    if level & 4:
        gone |= CACHE_PRIVATE
    if level & 8:
        gone |= USER
    if level & 16:
        gone |= FREE
    return EXISTS - gone


# A log for it, as statements: of one message for each (nanoseconds, text).
RING = 0x190000


def ring_facts(word):
    """The lines of VMCOREINFO for it, in a kernel whose longs have WORD bytes."""
    return {
        'SYMBOL(prb)': f'${{stext+{RING}:x}}',
        'SYMBOL(clear_seq)': f'${{stext+{RING + 0x10}:x}}',
        'OFFSET(printk_ringbuffer.desc_ring)': 0,
        'OFFSET(printk_ringbuffer.text_data_ring)': 6 * word,
        'OFFSET(prb_desc_ring.count_bits)': 0, 'OFFSET(prb_desc_ring.descs)': word,
        'OFFSET(prb_desc_ring.infos)': 2 * word, 'OFFSET(prb_desc_ring.head_id)': 3 * word,
        'OFFSET(prb_desc_ring.tail_id)': 4 * word, 'SIZE(prb_desc)': 3 * word,
        'OFFSET(prb_desc.state_var)': 0, 'OFFSET(prb_desc.text_blk_lpos)': word,
        'OFFSET(prb_data_blk_lpos.begin)': 0, 'OFFSET(prb_data_blk_lpos.next)': word,
        'SIZE(printk_info)': 88, 'OFFSET(printk_info.seq)': 0,
        'OFFSET(printk_info.ts_nsec)': 8, 'OFFSET(printk_info.text_len)': 16,
        'OFFSET(printk_info.caller_id)': 20, 'OFFSET(prb_data_ring.size_bits)': 0,
        'OFFSET(prb_data_ring.data)': word, 'SIZE(latched_seq)': 16 + word,
        'OFFSET(latched_seq.val)': word,
    }


def ring(*messages, clear_seq=0, size_bits=12, word=8, text_at=RING + 0x1000):
    """Statements for core(): a log of these messages, numbered from 96 on, in a ring of text of
    2^size_bits bytes; a long has WORD bytes."""
    count_bits = 4
    where = {'rb': RING + 0x100, 'descs': RING + 0x200, 'infos': RING + 0x400, 'text': text_at}
    first = 0x7000          # of the descriptors' ids
    last = first + len(messages) - 1

    def address(name):
        return f'stext+{where[name]:#x}'
    rb = f'image+{where["rb"]:#x}'
    ret = [f'ulong image+{RING:#x} {address("rb")}', f'u32 {rb} {count_bits}',
           f'ulong {rb}+{word} {address("descs")} {address("infos")} {last} {first}',
           f'u32 {rb}+{6 * word} {size_bits}', f'ulong {rb}+{7 * word} {address("text")}',
           f'ulong image+{RING + 0x10:#x} 1', f'u64 image+{RING + 0x10 + word:#x} 0 {clear_seq}']
    text, ids = b'', []
    for i, (ns, message) in enumerate(messages):
        message = message.encode()
        begin, index = len(text), (first + i) % (1 << count_bits)
        ids.append(f'ulong image+{text_at + begin:#x} {first + i}')
        text += bytes(word) + message + bytes(-len(message) % word)
        ret.append(f'ulong image+{where["descs"] + 3 * word * index} '
                   f'{2 << 8 * word - 2 | first + i} {begin} {len(text)}')
        info = f'image+{where["infos"] + 88 * index}'
        ret += [f'u64 {info} {96 + i} {ns}', f'u16 {info}+16 {len(message)} 0', f'u32 {info}+20 1']
    check(len(text) <= 1 << size_bits, 'the messages do not fit')
    ret.append(f'hex image+{text_at:#x} {text.hex()}')
    return [*ret, *ids, *(f'set {key} {value}' for key, value in ring_facts(word).items())]


def prstatus(machine, cpu):
    """An NT_PRSTATUS of registers that all differ."""
    def words(nr, first=0):
        return [(cpu + 1) << 24 | (n + first) * 0x10001 for n in range(1, nr + 1)]

    if machine == 'i386-pae':
        general = words(17)
        general[11], general[14] = 0, 0x246
        return struct.pack('<24xI44x17I4x', cpu + 1, *general)
    if machine == 'x86_64':
        general = [n << 32 | n for n in words(27)]
        general[15], general[18] = 0, 0x10246
        for segment in (17, 20, 23, 24, 25, 26):
            general[segment] &= 0xffff
        return struct.pack('<32xI76x27Q8x', cpu + 1, *general)
    if machine == 'arm64':
        return struct.pack('<32xI76x34Q8x', cpu + 1, *[n << 32 for n in words(33)], 0x3c5)
    return struct.pack('>32xI76x18Q16I16x', cpu + 1, *[n << 32 for n in words(18)], *words(16, 18))


def prstatus_notes(path):
    """The descriptors of the NT_PRSTATUS notes of a dump."""
    with open(path, 'rb') as f:
        data = f.read()
    order = '<' if data[5] == 1 else '>'
    at, size = elf_notes(data, order)
    ret, end = [], at + size
    while at < end:
        namesz, descsz, kind = struct.unpack_from(order + '3I', data, at)
        desc = at + 12 + -(-namesz // 4) * 4
        if (data[at + 12:at + 16], kind) == (b'CORE', 1):
            ret.append(data[desc:desc + descsz])
        at = desc + -(-descsz // 4) * 4
    return ret


def elf_notes(data, order):
    if data[4] == 1:
        phoff, number = *struct.unpack_from(order + 'I', data, 28), data[44:46]
        headers = [struct.unpack_from(order + '5I', data, phoff + 32 * i)
                   for i in range(struct.unpack(order + 'H', number)[0])]
        return next((h[1], h[4]) for h in headers if h[0] == 4)
    phoff, = struct.unpack_from(order + 'Q', data, 32)
    number, = struct.unpack_from(order + 'H', data, 56)
    headers = [struct.unpack_from(order + 'IIQQQQ', data, phoff + 56 * i) for i in range(number)]
    return next((h[2], h[5]) for h in headers if h[0] == 4)


# A smaller one, where speed counts more than what there is in it: free pages,
# anonymous ones and page cache, in 1.6 MiB.
SMALL_MEMORY = '''
segment 0x1000 0x9f000
segment M M
'''
SMALL = SMALL_MEMORY + '''
let direct 0xffff888000000000
let text 0xffffffff81000000
let vmemmap 0xffffea0000000000
tables M 0x10000
map text M 0x80000
direct direct 2*M page=2M
map vmemmap M+0x80000 0x10000
sections 0..1 roots=M+0x10000 entries=M+0x11000 direct=direct array=vmemmap
pages vmemmap 0..0x400 flags=1<<13 refcount=1 mapcount=-1
buddy 0x20 order=3
compound 0x40 order=4 flags=0x20128 mapping=direct+1
page_struct 0x60..0x70 flags=0x2c mapping=direct
page 0x10..0x20 pattern
page 0x60..0x68 random 1
prstatus 1
vmcoreinfo <<END
OSRELEASE=6.12.0-small
PAGESIZE=4096
SYMBOL(init_top_pgt)=${text:x}
SYMBOL(_stext)=${text:x}
SYMBOL(mem_section)=${direct+M+0x10000:x}
LENGTH(mem_section)=2048
SIZE(mem_section)=16
OFFSET(mem_section.section_mem_map)=0
NUMBER(SECTION_SIZE_BITS)=27
NUMBER(MAX_PHYSMEM_BITS)=46
SIZE(page)=64
OFFSET(page.flags)=0
OFFSET(page._refcount)=52
OFFSET(page.mapping)=24
OFFSET(page.lru)=8
OFFSET(page._mapcount)=48
OFFSET(page.private)=40
OFFSET(page.compound_head)=8
LENGTH(zone.free_area)=11
NUMBER(PG_lru)=5
NUMBER(PG_private)=14
NUMBER(PG_swapcache)=10
NUMBER(PG_swapbacked)=17
NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376
NUMBER(PG_hwpoison)=20
NUMBER(PG_head_mask)=64
NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456
NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592
NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240
NUMBER(phys_base)=${M-(text-0xffffffff80000000)}
NUMBER(pgtable_l5_enabled)=0
NUMBER(sme_mask)=0
END
'''
SMALL_KEPT = pfns((0x1, 0xa0), (0x100, 0x200)) - pfns((0x20, 0x28), (0x40, 0x50), (0x60, 0x70))
