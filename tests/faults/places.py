# SPDX-License-Identifier: GPL-2.0-or-later
"""The places of a crashed kernel's structures in its ELF vmcore, as the program itself finds
them: facts by -g, symbols by --list-ksyms, addresses by --vtop."""
import os
import random
import re
import struct
import subprocess

from formats import ElfFile

# Pages that are translated of each structure, and struct pages and modules that are looked at.
PAGES, STRUCT_PAGES, MODULES = 8, 16, 4
LAST_SYMBOL_BYTES = 4096


class Places:
    """structures: {name: [(offset in the file, bytes)]}; pfn_at: {offset: pfn} of struct
    pages. Structures that the dump does not have are missing."""

    def __init__(self, program, path, work, seed):
        self.program, self.path, self.work = program, path, work
        self.elf = ElfFile(path)
        self.random = random.Random(f'{seed}/places')
        self.structures = self.elf.structures()
        self.pfn_at, self.tables = {}, set()
        self.pages = {}
        self.facts = self.known()
        self.page = int(self.facts.get('PAGESIZE', 4096))
        self.elf.page = self.page
        self.copies_of_vmcoreinfo()
        for find in (self.kallsyms, self.btf, self.modules, self.memory_map, self.struct_pages,
                     self.log, self.release):
            find()
        self.structures['page tables'] = sorted((at, 8) for at in self.tables)
        self.structures = {name: places for name, places in self.structures.items() if places}

    # -- the program's answers ---------------------------------------------------

    def ask(self, *args):
        done = subprocess.run([self.program, '--message-level', '6', *args, self.path],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, errors='replace', check=False)
        return done.stdout

    def known(self):
        path = os.path.join(self.work, 'facts')
        subprocess.run([self.program, '--message-level', '0', '-f', '-g', path, self.path],
                       check=True)
        with open(path, encoding='utf-8', errors='replace') as f:
            lines = [line.rstrip('\n').partition('=') for line in f]
        os.unlink(path)
        return {key: value for key, _, value in lines}

    def number(self, kind, name):
        """A fact, or None."""
        text = self.facts.get(f'{kind}({name})')
        return None if text is None else int(text, 16 if kind == 'SYMBOL' else 0)

    def symbols(self, pattern):
        return {name: int(address, 16) for address, _, name in
                (line.split()[:3] for line in self.ask('--list-ksyms', pattern).splitlines()
                 if re.match(r'[0-9a-f]+ \S \S', line))}

    def translate(self, va):
        """The place in the file of a virtual address, or None."""
        page = va & -self.page
        if page not in self.pages:
            text = self.ask('--vtop', f'{page:x}')
            for m in re.finditer(r'^\d+ +([0-9a-f]+) +[0-9a-f]{16}$', text, re.M):
                at = self.elf.offset(int(m[1], 16))
                if at is not None:
                    self.tables.add(at)
            m = re.search(r'^VIRTUAL +PHYSICAL\n[0-9a-f]+ +([0-9a-f]+)', text, re.M)
            self.pages[page] = self.elf.offset(int(m[1], 16)) if m else None
        at = self.pages[page]
        return None if at is None else at + va - page

    def read(self, va, size):
        """A few bytes, within a page."""
        at = self.translate(va)
        return bytes(size) if at is None else self.elf.data[at:at + size]

    def pointer(self, va):
        return struct.unpack(self.elf.order + 'Q', self.read(va, 8))[0]

    # -- the structures ----------------------------------------------------------

    def add(self, name, va, size):
        """Some pages of a structure: its first, its last, and others."""
        pages = list(range(va & -self.page, va + size, self.page))
        if len(pages) > PAGES:
            pages = [pages[0], pages[-1], *self.random.sample(pages[1:-1], PAGES - 2)]
        for page in pages:
            first, end = max(page, va), min(page + self.page, va + size)
            at = self.translate(first)
            if at is not None and end > first:
                self.structures.setdefault(name, []).append((at, end - first))

    def copies_of_vmcoreinfo(self):
        """Those in memory. The note's is 'vmcoreinfo'."""
        self.structures['vmcoreinfo in memory'] = []
        if not self.structures['vmcoreinfo']:
            return
        start, size = self.structures['vmcoreinfo'][0]
        text = self.elf.data[start:start + size].partition(b'\nCRASHTIME')[0]
        at = self.elf.data.find(text[:512], start + size)
        while at >= 0:
            self.structures['vmcoreinfo in memory'].append((at, len(text)))
            at = self.elf.data.find(text[:512], at + 1)

    def kallsyms(self):
        symbols = self.symbols('kallsyms_*')
        symbols.update({name: self.number('SYMBOL', name) for name in (
            'kallsyms_names', 'kallsyms_num_syms', 'kallsyms_token_table',
            'kallsyms_token_index', 'kallsyms_offsets', 'kallsyms_addresses',
            'kallsyms_relative_base') if self.number('SYMBOL', name)})
        starts = sorted(symbols[name] for name in symbols if re.fullmatch(
            'kallsyms_(names|num_syms|markers|token_table|token_index|offsets|addresses|'
            'relative_base|seqs_of_names)', name))
        for start, end in zip(starts, [*starts[1:], 0]):
            self.add('kallsyms', start, end - start if end else LAST_SYMBOL_BYTES)

    def btf(self):
        start, end = self.number('SYMBOL', '__start_BTF'), self.number('SYMBOL', '__stop_BTF')
        if start and end and start < end:
            # The header is small, and all depends on it.
            self.add('btf', start, 24)
            self.add('btf', start, end - start)

    def modules(self):
        head, link = self.number('SYMBOL', 'modules'), self.number('OFFSET', 'module.list')
        size = self.number('SIZE', 'module')
        if not head or link is None or not size:
            return
        self.add('modules', head, 16)
        at = self.pointer(head)
        for _ in range(MODULES):
            if at in (0, head):
                break
            self.add('modules', at - link, size)
            at = self.pointer(at)

    def memory_map(self):
        symbol, bits = self.number('SYMBOL', 'mem_section'), self.number('NUMBER',
                                                                        'SECTION_SIZE_BITS')
        entry = self.number('SIZE', 'mem_section')
        if not symbol or not bits or not entry:
            return
        last = max(start + size for start, size, _ in self.elf.loads)
        sections = -(-last // (1 << bits))
        per_root = self.page // entry
        if self.number('LENGTH', 'mem_section') == (1 << self.number(
                'NUMBER', 'MAX_PHYSMEM_BITS') - bits):
            self.add('memory map', symbol, sections * entry)
            return
        for root in range(-(-sections // per_root)):
            self.add('memory map', symbol + 8 * root, 8)
            if table := self.pointer(symbol + 8 * root):
                self.add('memory map', table, min(per_root, sections - root * per_root) * entry)

    def struct_pages(self):
        array, size = self.number('SYMBOL', 'vmemmap'), self.number('SIZE', 'page')
        if not array or not size:
            return
        for i in range(STRUCT_PAGES):
            # Each segment has its turn, however small it is.
            start, length, _ = self.elf.loads[i % len(self.elf.loads)]
            if length < self.page:
                continue
            pfn = self.random.randrange(start // self.page, (start + length) // self.page)
            at = self.translate(array + pfn * size)
            if at is not None:
                self.structures.setdefault('struct pages', []).append((at, size))
                self.pfn_at[at] = pfn

    def log(self):
        prb = self.number('SYMBOL', 'prb')
        facts = [self.number('OFFSET', name) for name in (
            'prb_desc_ring.descs', 'prb_desc_ring.infos', 'prb_desc_ring.count_bits',
            'printk_ringbuffer.text_data_ring', 'prb_data_ring.data', 'prb_data_ring.size_bits')]
        if not prb or None in facts:
            return
        descs, infos, count_bits, text, data, size_bits = facts
        ring = self.pointer(prb)
        self.add('log ring', prb, 8)
        self.add('log ring', ring, self.number('SIZE', 'printk_ringbuffer') or 80)
        count = 1 << min(20, self.read(ring + count_bits, 1)[0] or
                         self.read(ring + count_bits + 3, 1)[0])
        self.add('log', self.pointer(ring + descs), count * self.number('SIZE', 'prb_desc'))
        self.add('log', self.pointer(ring + infos), count * self.number('SIZE', 'printk_info'))
        bits = self.read(ring + text + size_bits, 4)
        self.add('log', self.pointer(ring + text + data), 1 << min(24, max(bits)))

    def release(self):
        if uts := self.number('SYMBOL', 'init_uts_ns'):
            self.add('release', uts, 400)
