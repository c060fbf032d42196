#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make an ELF core from a few lines of text.

usage: mkelfcore.py [-s STATEMENT]... TEXT CORE     one core; TEXT "-" is stdin
       mkelfcore.py [-s STATEMENT]... -m TEXT DIR   one core for each part of TEXT

-s adds a statement after those of TEXT. With -m each part begins with a line
"=== NAME" and becomes DIR/NAME; what stands before the first is put in front of
each part.

A statement is a line of words; "#" begins a comment, words with blanks are
quoted as in a shell. Numbers are expressions in the syntax of Python, without
blanks: 0x1000, 64*K, base+8; the names in them are K, M, G, T, P (bytes of a page),
what `let` has set, and p(VADDR), the physical address that the maps give. FROM..TO is a range,
without TO. OPTIONs are written name=value, in any order. Addresses are physical
unless said otherwise.

File
  elf CLASS ORDER MACHINE    32 or 64; little or big; a name (x86_64, i386, arm,
                             arm64, ppc, ppc64, s390x, riscv, loongarch64, mips64,
                             sparc64, ia64) or a number.
                             First statement if it is needed. Default: elf 64
                             little x86_64
  include NAME               the statements of a file beside this program
  phoff OFFSET               of the program headers. Default: after the header
  xnum                       number of program headers in section header 0. Done
                             without being told where they are 65535 or more
  segment START MEMSZ [vaddr=] [filesz=] [offset=] [align=] [fill=] [count=] [step=]
                             a PT_LOAD. offset: of its data, else after the data
                             before; align: of this default; fill: the data is
                             this byte instead of memory's contents; count: that
                             many PT_LOADs, each step (default MEMSZ) higher
  phdr TYPE [field=value]... any other program header, type first
  truncate SIZE              end the file there, or make it longer by a hole

Notes
  prstatus COUNT             this many NT_PRSTATUS notes
  vmcoreinfo [file=PATH] [<<END]
                             the VMCOREINFO note: a file, or the lines up to one
                             that is just END; ${EXPR} in it is a decimal number,
                             ${EXPR:x} a hexadecimal one
  set KEY [VALUE]            change this line of VMCOREINFO, or remove it; VALUE may
                             have ${...} in it
  note NAME TYPE [TEXT]      any other note; TEXT with \\n and the like
  rawnote HEX                bytes as they are
  ptnotes one|split|last|none
                             one PT_NOTE in front of the PT_LOADs (default); one
                             for each note, each followed by 20 bytes of zeros; one
                             after the PT_LOADs; none at all

Memory: what is not set is zero
  base ADDRESS               where memory begins: physical addresses and pfns in statements
                             count from there. On arm only; before the first of them
  pagesize BYTES             of the machine. Before the first page is named.
                             Default: 4096
  memory pattern             ... is a pattern: each 64-bit word is its own address
  page PFN|FROM..TO zero|pattern|random [SEED]|text TEXT|byte VALUE
  u8|u16|u32|u64|ulong ADDRESS VALUE...
                             integers one after the other, in the dump's byte order
  hex ADDRESS HEX
  text ADDRESS TEXT
  memnote ADDRESS NAME TYPE [TEXT]
                             an ELF note, which is not one of the dump's; of the name
                             VMCOREINFO and without TEXT: the lines of vmcoreinfo

Kernel
  let NAME VALUE
  tables START SIZE [levels=] [mask=]
                             page tables as pagetables.py has them for the machine are
                             taken from here, the top one first; levels: default 4 on
                             x86_64, ppc64 and sparc64, 2 on ppc, i386 and arm (3 on
                             the latter two: PAE, LPAE), 3 on others, as many as 48 bits
                             need on arm64; mask: set in each entry (SME)
  map VADDR START SIZE [page=64K] [flags=]
                             page: what an entry maps, as 4K, 2M, 1G. Default: a page;
                             flags: of the entries, default those of the kernel's data
  direct VADDR SIZE [page=]  map all memory from 0 on at VADDR (page: default the
                             largest that there is)
  mapped VADDR START SIZE    what follows may believe this; tables are made elsewhere
  layout NAME=OFFSET[:BYTES]...
                             members of struct page; size=BYTES of all of it.
                             BYTES is 4 for mapcount, refcount and type, else those of a
                             long. Default: that of Linux 6.12 on x86_64 and i386
  pages VADDR FROM..TO [NAME=VALUE]...
                             an array of struct page for these pfns, at a mapped
                             virtual address; members as given, else 0. Several
                             arrays make a sparse machine
  page_struct PFN|FROM..TO NAME=VALUE...
                             change members
  buddy PFN order=N          a free block: mapcount, private
  compound PFN order=N [head=MASK] [NAME=VALUE]...
                             a compound page: members are the head's; head is the
                             flag that marks it (default 0x40); tails point to the
                             head, the first one has the order
  sections FROM..TO entries=ADDRESS array=VADDR [roots=ADDRESS direct=VADDR]
           [bits=27] [flags=0xf] [entry=16]
                             mem_section tables: the struct pages of sections
                             FROM..TO, each of 1 << bits bytes, are at array, one
                             section after the other. entry: SIZE(mem_section).
                             With roots it is SPARSEMEM_EXTREME: an array of
                             pointers there (direct + address) to the pages at
                             entries; else the classic array of all sections at
                             entries

Lies, applied last
  ehdr FIELD VALUE           e_FIELD of the ELF header
  shdr FIELD VALUE           sh_FIELD of section header 0
  lie INDEX FIELD VALUE      p_FIELD of a program header; counted from 0
  lienote INDEX FIELD VALUE  n_FIELD of a note; counted from 0
  patch OFFSET HEX           bytes of the file

As a Python module: Core() has a method run(TEXT) for statements, the attributes
used by them, and write(PATH). Set sys.dont_write_bytecode before the import.
"""

import inspect
import os
import random
import re
import shlex
import struct
import sys

# Nothing is to be left beside this program.
sys.dont_write_bytecode = True

import pagetables  # noqa: E402
from pagetables import Error  # noqa: E402

PAGE = 4096

# Machines whose kernels have longs of 4 bytes, also in ELF files of 64 bits.
NARROW_MACHINES = (3, 20, 40)

MACHINES = {'i386': 3, 'mips64': 8, 'ppc': 20, 'ppc64': 21, 's390x': 22, 'arm': 40,
            'sparc64': 43, 'ia64': 50, 'x86_64': 62, 'arm64': 183, 'riscv': 243,
            'loongarch64': 258}

# Bytes of an NT_PRSTATUS note; of x86_64 and s390x 336.
PRSTATUS = {MACHINES['arm']: 148, MACHINES['arm64']: 392, MACHINES['ppc']: 268,
            MACHINES['ppc64']: 504, MACHINES['riscv']: 376, MACHINES['loongarch64']: 480,
            MACHINES['mips64']: 480, MACHINES['sparc64']: 408, MACHINES['ia64']: 1144}

PT_LOAD, PT_NOTE = 1, 4
PN_XNUM = 0xffff

# Fields as (name, struct code); "A" is 4 or 8 bytes wide.
EHDR = (('type', 'H'), ('machine', 'H'), ('version', 'I'), ('entry', 'A'),
        ('phoff', 'A'), ('shoff', 'A'), ('flags', 'I'), ('ehsize', 'H'),
        ('phentsize', 'H'), ('phnum', 'H'), ('shentsize', 'H'),
        ('shnum', 'H'), ('shstrndx', 'H'))
PHDR64 = (('type', 'I'), ('flags', 'I'), ('offset', 'Q'), ('vaddr', 'Q'),
          ('paddr', 'Q'), ('filesz', 'Q'), ('memsz', 'Q'), ('align', 'Q'))
PHDR32 = (('type', 'I'), ('offset', 'I'), ('vaddr', 'I'), ('paddr', 'I'),
          ('filesz', 'I'), ('memsz', 'I'), ('flags', 'I'), ('align', 'I'))
SHDR = (('name', 'I'), ('type', 'I'), ('flags', 'A'), ('addr', 'A'),
        ('offset', 'A'), ('size', 'A'), ('link', 'I'), ('info', 'I'),
        ('addralign', 'A'), ('entsize', 'A'))

# The greatest value of each struct code.
MASKS = {'B': 0xff, 'H': 0xffff, 'I': 0xffffffff, 'Q': (1 << 64) - 1}

LAYOUT = {'size': 64, 'flags': (0, 8), 'compound': (8, 8), 'lru': (8, 8),
          'mapping': (24, 8), 'index': (32, 8), 'private': (40, 8),
          'mapcount': (48, 4), 'type': (48, 4), 'refcount': (52, 4)}
LAYOUT_32 = {'size': 32, 'flags': (0, 4), 'compound': (4, 4), 'lru': (4, 4),
             'mapping': (12, 4), 'index': (16, 4), 'private': (20, 4),
             'mapcount': (24, 4), 'type': (24, 4), 'refcount': (28, 4)}
NARROW = ('mapcount', 'type', 'refcount')
BUDDY_MAPCOUNT = 0xf0000000

UNITS = {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}


def roundup(n, unit):
    return (n + unit - 1) // unit * unit


def unescape(text):
    return text.encode('latin-1').decode('unicode_escape').encode('latin-1')


class Memory:
    """Physical memory, of which only the blocks that were written exist. They have the size
    of the smallest pages, whatever that of the machine's."""

    def __init__(self):
        self.pages = {}
        self.pattern = None     # struct code of a word, or None for zeros

    def blank(self, pfn):
        if self.pattern is None:
            return bytearray(PAGE)
        return bytearray(self.pattern_page(pfn, self.pattern))

    @staticmethod
    def pattern_page(pfn, code, size=PAGE):
        start = pfn * size
        return struct.pack('%s%dQ' % (code, size // 8), *range(start, start + size, 8))

    def write(self, addr, data):
        pos = 0
        while pos < len(data):
            pfn, off = divmod(addr + pos, PAGE)
            part = data[pos:pos + PAGE - off]
            page = self.pages.get(pfn)
            if page is None:
                page = self.pages[pfn] = self.blank(pfn)
            page[off:off + len(part)] = part
            pos += len(part)

    def read(self, addr, size):
        out = bytearray()
        while size:
            pfn, off = divmod(addr, PAGE)
            n = min(size, PAGE - off)
            page = self.pages.get(pfn)
            if page is None:
                page = self.blank(pfn)
            out += page[off:off + n]
            addr += n
            size -= n
        return bytes(out)

    def chunks(self, start, end):
        """The parts of [start, end) that are not zero, as (address, bytes)."""
        if start == end:
            return
        pfns = range(start // PAGE, (end - 1) // PAGE + 1)
        if self.pattern is None and len(pfns) > len(self.pages):
            pfns = [pfn for pfn in self.pages if pfn in pfns]
        for pfn in pfns:
            low = max(start, pfn * PAGE)
            high = min(end, (pfn + 1) * PAGE)
            if self.pattern is not None or pfn in self.pages:
                yield low, self.read(low, high - low)


class Core:
    """One ELF core: described by statements, then written."""

    def __init__(self):
        self.is64, self.big, self.machine = True, False, MACHINES['x86_64']
        self.phoff = None
        self.xnum = False
        self.phdrs = []             # dicts of fields; 'align_data', 'fill'
        self.size = None
        self.notes = []             # bytes, or (name, type, descriptor)
        self.vmcoreinfo = None      # lines
        self.ptnotes = 'one'
        self.memory = Memory()
        self.page = PAGE            # bytes
        self.names = {**UNITS, 'P': PAGE, 'p': self.translate}
        self.base = 0               # physical address of what is at 0 in memory
        self.maps = []              # (virtual, physical, size)
        self.tables = None
        self.layout = dict(LAYOUT)
        self.arrays = []            # (virtual, first pfn, end pfn)
        self.roots = {}             # (address of the roots, index) -> page
        self.lies = []

    # -- expressions ---------------------------------------------------------

    def number(self, word):
        try:
            # The text is a test's own; the names keep it to arithmetic.
            return int(eval(word, {'__builtins__': {}}, self.names))
        except (SyntaxError, NameError, TypeError, ValueError) as e:
            raise Error('"%s" is not a number: %s' % (word, e)) from e

    def range(self, word):
        first, dots, end = word.partition('..')
        first = self.number(first)
        return first, self.number(end) if dots else first + 1

    def translate(self, vaddr):
        for start, paddr, size in reversed(self.maps):
            if start <= vaddr < start + size:
                return paddr + vaddr - start
        raise Error('virtual address %#x is not mapped' % vaddr)

    @property
    def word(self):
        """Bytes of the kernel's long."""
        return 8 if self.is64 and self.machine not in NARROW_MACHINES else 4

    @property
    def order(self):
        return '>' if self.big else '<'

    def pack(self, code, *values):
        """Integers as unsigned ones of their width."""
        return struct.pack(self.order + code * len(values), *(v & MASKS[code] for v in values))

    # -- running text --------------------------------------------------------

    def run(self, text):
        lines = iter(enumerate(text.splitlines(), 1))
        for number, line in lines:
            try:
                words = shlex.split(line, comments=True)
                if not words:
                    continue
                if words[0] == 'vmcoreinfo':
                    self.do_vmcoreinfo(words[1:], lines)
                    continue
                if words[0] == 'include':
                    self.include(*words[1:])
                    continue
                do = getattr(self, 'do_' + words[0], None)
                if not do:
                    raise Error('no such statement: %s' % words[0])
                plain, options = [], {}
                known = inspect.getfullargspec(do)
                for word in words[1:]:
                    name, equals, value = word.partition('=')
                    if equals and (name in known.args or known.varkw and name.isidentifier()):
                        options[name] = value
                    else:
                        plain.append(word)
                do(*plain, **options)
            except (Error, TypeError, ValueError, KeyError) as e:
                raise Error('line %d: %s: %s' % (number, line.strip(), e)) from e

    def include(self, name):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name),
                  encoding='utf-8') as f:
            text = f.read()
        try:
            self.run(text)
        except Error as e:
            raise Error('%s: %s' % (name, e)) from e

    def fields(self, options):
        return {name: self.number(value) for name, value in options.items()}

    # -- the file ------------------------------------------------------------

    def do_elf(self, bits, order, machine):
        self.is64 = {'32': False, '64': True}[bits]
        self.big = {'little': False, 'big': True}[order]
        self.machine = MACHINES[machine] if machine in MACHINES else self.number(machine)
        if self.word == 4:
            self.layout = dict(LAYOUT_32)

    def do_phoff(self, offset):
        self.phoff = self.number(offset)

    def do_xnum(self):
        self.xnum = True

    def do_segment(self, start, memsz, vaddr='0', filesz=None, offset=None,
                   align='1', fill=None, count='1', step=None):
        start, memsz, vaddr = map(self.number, (start, memsz, vaddr))
        filesz = memsz if filesz is None else self.number(filesz)
        step = memsz if step is None else self.number(step)
        offset = None if offset is None else self.number(offset)
        align = self.number(align)
        fill = None if fill is None else self.number(fill)
        for i in range(self.number(count)):
            self.phdrs.append({
                'type': PT_LOAD, 'flags': 7, 'offset': offset,
                'vaddr': vaddr + i * step if vaddr else 0,
                'paddr': start + i * step, 'filesz': filesz, 'memsz': memsz,
                'align': 0, 'align_data': align, 'fill': fill})

    def do_phdr(self, kind, **options):
        self.phdrs.append({'type': self.number(kind), 'offset': 0,
                           **self.fields(options)})

    def do_truncate(self, size):
        self.size = self.number(size)

    # -- notes ---------------------------------------------------------------

    def do_prstatus(self, count):
        size = PRSTATUS.get(self.machine, 336 if self.word == 8 else 144)
        for _ in range(self.number(count)):
            self.notes.append(('CORE', 1, bytes(size)))

    def expand(self, text):
        """Put numbers in the place of ${EXPR}."""
        def value(match):
            expr, colon, _ = match.group(1).partition(':x')
            return '%x' % (self.number(expr) & (1 << 64) - 1) if colon else \
                '%d' % self.number(expr)
        return re.sub(r'\$\{([^}]*)\}', value, text)

    def do_vmcoreinfo(self, words, lines):
        text = ''
        for word in words:
            if word.startswith('file='):
                with open(word[5:], encoding='latin-1') as f:
                    text += f.read()
            elif word.startswith('<<'):
                for _, line in lines:
                    if line == word[2:]:
                        break
                    text += line + '\n'
                else:
                    raise Error('no line that ends it')
            else:
                raise Error('what is %s?' % word)
        self.vmcoreinfo = self.expand(text).splitlines()
        self.notes.append(('VMCOREINFO', 0, None))

    def do_set(self, key, *value):
        if self.vmcoreinfo is None:
            raise Error('there is no vmcoreinfo yet')
        old = [i for i, line in enumerate(self.vmcoreinfo) if line.split('=')[0] == key]
        new = ['%s=%s' % (key, self.expand(' '.join(value)))] if value else []
        if old:
            self.vmcoreinfo[old[0]:old[0] + 1] = new
        else:
            self.vmcoreinfo += new

    def do_note(self, name, kind, text=''):
        self.notes.append((name, self.number(kind), unescape(text)))

    def do_rawnote(self, data):
        self.notes.append(bytes.fromhex(data))

    def do_ptnotes(self, how):
        if how not in ('one', 'split', 'last', 'none'):
            raise Error('one, split, last or none')
        self.ptnotes = how

    # -- memory --------------------------------------------------------------

    def do_memory(self, what):
        if what != 'pattern':
            raise Error('it can only be a pattern')
        self.memory.pattern = self.order

    def do_pagesize(self, size):
        self.page = self.names['P'] = self.number(size)

    def do_page(self, pfns, what, *args):
        for pfn in range(*self.range(pfns)):
            if what == 'zero':
                data = bytes(self.page)
            elif what == 'pattern':
                data = Memory.pattern_page(pfn, self.order, self.page)
            elif what == 'random':
                seed = self.number(args[0]) if args else 0
                data = random.Random(seed << 64 | pfn).randbytes(self.page)
            elif what == 'text':
                text = args[0].encode('latin-1')
                data = (text * (self.page // len(text) + 1))[:self.page]
            elif what == 'byte':
                data = bytes([self.number(args[0])]) * self.page
            else:
                raise Error('a page of what?')
            self.memory.write(pfn * self.page, data)

    def integers(self, code, addr, values):
        self.memory.write(self.number(addr), self.pack(code, *map(self.number, values)))

    def do_u8(self, addr, *values):
        self.integers('B', addr, values)

    def do_u16(self, addr, *values):
        self.integers('H', addr, values)

    def do_u32(self, addr, *values):
        self.integers('I', addr, values)

    def do_u64(self, addr, *values):
        self.integers('Q', addr, values)

    def do_ulong(self, addr, *values):
        self.integers('Q' if self.word == 8 else 'I', addr, values)

    def do_hex(self, addr, data):
        self.memory.write(self.number(addr), bytes.fromhex(data))

    def do_text(self, addr, text):
        self.memory.write(self.number(addr), text.encode('latin-1') + b'\0')

    def do_memnote(self, addr, name, kind, text=None):
        desc = None if text is None and name == 'VMCOREINFO' else unescape(text or '')
        self.memory.write(self.number(addr),
                          self.encode_note(-1, (name, self.number(kind), desc)))

    # -- kernel --------------------------------------------------------------

    def do_let(self, name, value):
        self.names[name] = self.number(value)

    def write_long(self, addr, value):
        self.memory.write(addr, self.pack('Q' if self.word == 8 else 'I', value))

    def do_tables(self, start, size, levels=None, mask='0'):
        machine = {number: name for name, number in MACHINES.items()}.get(self.machine)
        if machine not in pagetables.MACHINES:
            raise Error('how page tables of this machine look is not known')
        self.tables = pagetables.MACHINES[machine](
            self.memory, 'big' if self.big else 'little', self.page, self.number(start),
            self.number(size), None if levels is None else self.number(levels),
            self.number(mask))
        self.tables.base = self.base

    def do_base(self, address):
        self.base = self.number(address)

    def do_map(self, vaddr, start, size, page=None, flags=None):
        vaddr, start, size = map(self.number, (vaddr, start, size))
        if not self.tables:
            raise Error('there are no tables yet')
        unit = int(page[:-1]) * UNITS[page[-1]] if page else self.page
        flags = self.tables.FLAGS if flags is None else self.number(flags)
        level = self.tables.sizes().get(unit)
        if not level:
            raise Error('no entry maps %d bytes' % unit)
        if (vaddr | start | size) % unit:
            raise Error('not aligned to %d bytes' % unit)
        self.maps.append((vaddr, start, size))
        for off in range(0, size, unit):
            self.tables.map(vaddr + off, start + off, level, flags)

    def do_mapped(self, vaddr, start, size):
        self.maps.append(tuple(map(self.number, (vaddr, start, size))))

    def do_direct(self, vaddr, size, page=None):
        if not page and self.tables:
            page = '%dK' % (max(self.tables.sizes()) >> 10)
        self.do_map(vaddr, '0', size, page)

    def do_layout(self, **options):
        for name, value in options.items():
            if name == 'size':
                self.layout['size'] = self.number(value)
                continue
            off, colon, width = value.partition(':')
            self.layout[name] = (self.number(off),
                                 self.number(width) if colon else
                                 4 if name in NARROW else self.word)

    def page_vaddr(self, pfn):
        for vaddr, first, end in reversed(self.arrays):
            if first <= pfn < end:
                return vaddr + (pfn - first) * self.layout['size']
        raise Error('there is no struct page of pfn %#x' % pfn)

    def members(self, fields):
        """Members of struct page as (offset, bytes)."""
        for name, value in fields.items():
            off, width = self.layout[name]
            yield off, self.pack({1: 'B', 2: 'H', 4: 'I', 8: 'Q'}[width], value)

    def set_page(self, pfn, fields):
        at = self.translate(self.page_vaddr(pfn))
        for off, data in self.members(fields):
            self.memory.write(at + off, data)

    def do_pages(self, vaddr, pfns, **options):
        first, end = self.range(pfns)
        vaddr = self.number(vaddr)
        size = self.layout['size']
        one = bytearray(size)
        for off, data in self.members(self.fields(options)):
            one[off:off + len(data)] = data
        self.arrays.append((vaddr, first, end))
        # Neighbouring pages of the array need not be so in physical memory.
        data, pos = bytes(one) * (end - first), 0
        while pos < len(data):
            at = vaddr + pos
            part = data[pos:pos + PAGE - at % PAGE]
            self.memory.write(self.translate(at), part)
            pos += len(part)

    def do_page_struct(self, pfns, **options):
        fields = self.fields(options)
        for pfn in range(*self.range(pfns)):
            self.set_page(pfn, fields)

    def do_buddy(self, pfn, order):
        self.set_page(self.number(pfn), {'mapcount': BUDDY_MAPCOUNT,
                                         'private': self.number(order)})

    def do_compound(self, pfn, order, head='0x40', **options):
        pfn, order, head = map(self.number, (pfn, order, head))
        fields = self.fields(options)
        fields['flags'] = fields.get('flags', 0) | head
        self.set_page(pfn, fields)
        for tail in range(pfn + 1, pfn + (1 << order)):
            self.set_page(tail, {'flags': order if tail == pfn + 1 else 0,
                                 'compound': self.page_vaddr(pfn) | 1})

    def do_sections(self, sections, entries, array, roots=None, direct='0', bits='27',
                    flags='0xf', entry='16'):
        first, end = (nr + (self.base >> self.number(bits)) for nr in self.range(sections))
        entries, array, direct, flags, entry = (
            self.number(w) for w in (entries, array, direct, flags, entry))
        # The kernel stores where the struct page of pfn 0 would be.
        first_pfn = first * (1 << self.number(bits)) // self.page
        value = array - first_pfn * self.layout['size'] | flags
        for nr in range(first, end):
            if roots is None:
                at = entries + nr * entry
            else:
                root, slot = divmod(nr, self.page // entry)
                page = self.roots.setdefault(
                    (self.number(roots), root), entries + self.page * len(self.roots))
                self.write_long(self.number(roots) + self.word * root, direct + page)
                at = page + slot * entry
            self.write_long(at, value)

    # -- lies ----------------------------------------------------------------

    def do_ehdr(self, field, value):
        self.lies.append(('ehdr', 0, field, self.number(value)))

    def do_shdr(self, field, value):
        self.lies.append(('shdr', 0, field, self.number(value)))

    def do_lie(self, index, field, value):
        self.lies.append(('phdr', self.number(index), field, self.number(value)))

    def do_lienote(self, index, field, value):
        self.lies.append(('note', self.number(index), field, self.number(value)))

    def do_patch(self, offset, data):
        self.lies.append(('patch', self.number(offset), None, bytes.fromhex(data)))

    def lies_about(self, what, index=0):
        return {field: value for kind, i, field, value in self.lies
                if kind == what and i == index}

    # -- writing -------------------------------------------------------------

    def encode(self, layout, fields, lies):
        for field in lies:
            if field not in dict(layout):
                raise Error('no such field: %s' % field)
        if lies:
            fields = {**fields, **lies}
        codes = ''.join(code for _, code in layout).replace('A', 'Q' if self.is64 else 'I')
        return struct.pack(self.order + codes, *(
            (fields.get(name) or 0) & MASKS[code] for (name, _), code in zip(layout, codes)))

    def encode_note(self, index, note):
        if isinstance(note, bytes):
            return note
        name, kind, desc = note
        if name == 'VMCOREINFO' and desc is None:
            desc = ''.join(line + '\n' for line in self.vmcoreinfo).encode('latin-1')
        name = name.encode('latin-1') + b'\0'
        head = {'namesz': len(name), 'descsz': len(desc), 'type': kind}
        layout = (('namesz', 'I'), ('descsz', 'I'), ('type', 'I'))
        return (self.encode(layout, head, self.lies_about('note', index)) +
                name.ljust(roundup(len(name), 4), b'\0') +
                desc.ljust(roundup(len(desc), 4), b'\0'))

    def note_segments(self):
        notes = [self.encode_note(i, n) for i, n in enumerate(self.notes)]
        if self.ptnotes == 'none' or not notes:
            return []
        if self.ptnotes == 'split':
            return [n + bytes(20) for n in notes]
        return [b''.join(notes)]

    def from_base(self, phdrs):
        """Program headers with the physical addresses that the file has."""
        return [{**p, 'paddr': p['paddr'] + self.base} if p['type'] == PT_LOAD else p
                for p in phdrs]

    def write(self, path):
        """Lay the file out and write it; what is zero becomes a hole."""
        ehsize = 64 if self.is64 else 52
        phdr_layout = PHDR64 if self.is64 else PHDR32
        phentsize = 56 if self.is64 else 32
        shentsize = 64 if self.is64 else 40
        note_data = self.note_segments()
        note_phdrs = [{'type': PT_NOTE, 'filesz': len(d), 'memsz': len(d), 'offset': None}
                      for d in note_data]
        phdrs = [dict(p) for p in self.phdrs]
        phdrs = phdrs + note_phdrs if self.ptnotes == 'last' else note_phdrs + phdrs
        xnum = self.xnum or len(phdrs) >= PN_XNUM

        phoff = ehsize if self.phoff is None else self.phoff
        end = max(phoff + phentsize * len(phdrs), ehsize)
        shoff = 0
        if xnum:
            shoff = end
            end += shentsize
        for p in phdrs:
            # Notes in front of the data, wherever their program headers are.
            if p['type'] == PT_NOTE and p['offset'] is None:
                p['offset'] = end = roundup(end, 4)
                end += p['filesz']
        for p in phdrs:
            if p['offset'] is None:
                if not p['filesz']:
                    p['offset'] = 0
                    continue
                p['offset'] = roundup(end, p['align_data'])
            if p['type'] == PT_LOAD and p['filesz']:
                end = max(end, p['offset'] + p['filesz'])

        ehdr = {'type': 4, 'machine': self.machine, 'version': 1, 'phoff': phoff,
                'shoff': shoff, 'ehsize': ehsize, 'phentsize': phentsize,
                'phnum': PN_XNUM if xnum else len(phdrs),
                'shentsize': shentsize if xnum else 0, 'shnum': 1 if xnum else 0}
        ident = b'\x7fELF' + bytes([2 if self.is64 else 1, 2 if self.big else 1, 1]) + bytes(9)
        with open(path, 'wb') as f:
            f.write(ident + self.encode(EHDR, ehdr, self.lies_about('ehdr')))
            f.seek(phoff)
            f.write(b''.join(
                self.encode(phdr_layout, p,
                            self.lies_about('phdr', i) if self.lies else {})
                for i, p in enumerate(self.from_base(phdrs))))
            if xnum:
                f.seek(shoff)
                f.write(self.encode(SHDR, {'info': len(phdrs)}, self.lies_about('shdr')))
            for p, data in zip(note_phdrs, note_data):
                f.seek(p['offset'])
                f.write(data)
            for p in phdrs:
                if p['type'] == PT_LOAD:
                    self.write_segment(f, p)
            f.truncate(max(end, f.seek(0, os.SEEK_END)))
            for kind, offset, _, data in self.lies:
                if kind == 'patch':
                    f.seek(offset)
                    f.write(data)
            if self.size is not None:
                f.truncate(self.size)

    def write_segment(self, f, p):
        if p.get('fill') is not None:
            f.seek(p['offset'])
            f.write(bytes([p['fill']]) * p['filesz'])
            return
        for addr, data in self.memory.chunks(p['paddr'], p['paddr'] + p['filesz']):
            f.seek(p['offset'] + addr - p['paddr'])
            f.write(data)


def parts(text):
    """The (name, text) of each part of a text of several cores."""
    common, *rest = re.split(r'(?m)^=== *(\S+) *$', text)
    # Line numbers stay those of the whole text.
    line = common.count('\n')
    for name, part in zip(rest[::2], rest[1::2]):
        yield name, common + '\n' * (line - common.count('\n')) + part
        line += part.count('\n')


def main(args):
    statements, many, plain = [], False, []
    args = iter(args)
    for arg in args:
        if arg == '-s':
            statements.append(next(args, ''))
        elif arg == '-m':
            many = True
        elif arg in ('-h', '--help'):
            print(__doc__)
            return 0
        else:
            plain.append(arg)
    if len(plain) != 2:
        print(__doc__.split('\n\n')[1], file=sys.stderr)
        return 1
    if plain[0] == '-':
        text = sys.stdin.read()
    else:
        with open(plain[0], encoding='utf-8') as f:
            text = f.read()
    for name, part in parts(text) if many else [(None, text)]:
        try:
            core = Core()
            core.run(part)
            for statement in statements:
                core.run(statement)
            core.write(os.path.join(plain[1], name) if name else plain[1])
        except Error as e:
            print('%s%s' % (name + ': ' if name else '', e), file=sys.stderr)
            return 1
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as e:
        sys.exit('mkelfcore.py: %s' % e)
