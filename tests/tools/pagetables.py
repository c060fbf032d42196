# SPDX-License-Identifier: GPL-2.0-or-later
"""Page tables as mkelfcore.py makes them: one class for each architecture.

A table of level 1 maps pages, the root is of the highest level.
"""


class Error(Exception):
    pass


class Tables:
    """The base of architectures with tables of one page each."""

    PAGES = (12,)           # log2 of the sizes that pages can have
    LEVELS = 4              # of kernels without anything special
    VA_BITS = None          # of an address that choose an entry; None: all levels have as many
    LARGE = 3               # highest level at which an entry can map memory
    ORDER = None            # of entries; None: as all integers of the machine
    ENTRY = 8               # bytes
    base = 0                # physical address of what is at 0 in `memory`

    def __init__(self, memory, order, page, start, size, levels, mask):
        self.memory = memory
        self.order = self.ORDER or order    # 'little' or 'big'
        self.shift = page.bit_length() - 1
        if self.shift not in self.PAGES:
            raise Error('there are no pages of %d bytes' % page)
        self.next, self.end = start, start + size
        self.levels = self.LEVELS if levels is None else levels
        self.mask = mask                    # set in each entry
        self.root = self.reserve(self.levels)
        self.prepare()
        self.clear(self.root, self.levels)

    # Methods that an architecture may override.

    def prepare(self):
        """Make the words that are needed before an entry."""

    def bits(self, _level):
        """log2 of the number of entries in a table."""
        return self.shift - 3

    def empty(self, _level):
        """An entry that maps nothing."""
        return 0

    def leaf(self, level, paddr, flags):
        raise NotImplementedError

    def table(self, level, address):
        """An entry that leads to a table of the level below."""
        raise NotImplementedError

    def target(self, level, entry):
        """The address of the table that an entry leads to; None if it maps memory."""
        raise NotImplementedError

    # The same for all.

    def level_shift(self, level):
        return self.shift + sum(self.bits(n) for n in range(1, level))

    def sizes(self):
        """Bytes that an entry can map -> its level."""
        return {1 << self.level_shift(n): n for n in range(1, min(self.LARGE, self.levels) + 1)}

    def reserve(self, level):
        """The address of a new table."""
        size = self.ENTRY << self.bits(level)
        start = -(-self.next // size) * size
        if start + size > self.end:
            raise Error('no room for another page table')
        # Nothing else shares a page with a table.
        self.next = start + max(size, 1 << self.shift)
        return start

    def clear(self, table, level):
        self.memory.write(table, self.pack(self.empty(level)) * (1 << self.bits(level)))

    def new(self, level):
        table = self.reserve(level)
        self.clear(table, level)
        return table

    def pack(self, entry):
        return entry.to_bytes(self.ENTRY, self.order)

    def map(self, vaddr, paddr, level, flags):
        """Map memory by an entry of a table of that level."""
        table = self.root
        for n in range(self.levels, 0, -1):
            slot = vaddr >> self.level_shift(n) & (1 << self.bits(n)) - 1
            if n == self.levels and self.VA_BITS:
                slot &= (1 << self.VA_BITS - self.level_shift(n)) - 1
            at = table + slot * self.ENTRY
            if n == level:
                self.memory.write(at, self.pack(self.leaf(n, paddr, flags) | self.mask))
                return
            entry = int.from_bytes(self.memory.read(at, self.ENTRY), self.order)
            if entry == self.empty(n):
                entry = self.table(n, self.new(n - 1)) | self.mask
                self.memory.write(at, self.pack(entry))
            table = self.target(n, entry & ~self.mask)
            if table is None:
                raise Error('a larger page is mapped there')


class X86_64(Tables):
    FLAGS = 0x63

    def leaf(self, level, paddr, flags):
        return paddr | flags | (0x80 if level > 1 else 0)

    def table(self, _level, address):
        return address | 0x63

    def target(self, _level, entry):
        return None if entry & 0x80 else entry & 0xffffffffff000


class I386(X86_64):
    """Two levels; three with PAE, the top one of four entries."""

    LEVELS = 2
    LARGE = 2

    def __init__(self, memory, order, page, start, size, levels, mask):
        self.pae = levels == 3
        self.ENTRY = 8 if self.pae else 4
        super().__init__(memory, order, page, start, size, levels, mask)

    def bits(self, level):
        return (9, 9, 2)[level - 1] if self.pae else 10

    def table(self, level, address):
        return address | (1 if level == 3 else 0x63)


class Arm(Tables):
    """Short descriptors, two levels; three with LPAE, the top one of four entries."""

    LEVELS = 2
    LARGE = 2

    def __init__(self, memory, order, page, start, size, levels, mask):
        self.lpae = levels == 3
        self.ENTRY = 8 if self.lpae else 4
        # The flags of data: written to, shareable, cached; with LPAE used, too.
        self.FLAGS = 0x704 if self.lpae else 0x40c
        super().__init__(memory, order, page, start, size, levels, mask)

    def bits(self, level):
        return ((9, 9, 2) if self.lpae else (8, 12))[level - 1]

    def leaf(self, level, paddr, flags):
        kind = (3 if level == 1 else 1) if self.lpae else 2
        return paddr + self.base | flags | kind

    def table(self, _level, address):
        return address + self.base | (3 if self.lpae else 1)

    def target(self, _level, entry):
        if self.lpae:
            return (entry & 0xfffffff000) - self.base if entry & 2 else None
        return (entry & 0xfffffc00) - self.base if entry & 3 == 1 else None


class Arm64(Tables):
    """48 bits of virtual, no more of physical address."""

    PAGES = (12, 14, 16)
    VA_BITS = 48
    FLAGS = 0x700           # in use, shareable, memory of kind 0

    def __init__(self, memory, order, page, start, size, levels, mask):
        bits = page.bit_length() - 4
        if page != 4096:
            self.LARGE = 2
        super().__init__(memory, order, page, start, size,
                         -(-(self.VA_BITS - bits - 3) // bits) if levels is None else levels,
                         mask)

    def leaf(self, level, paddr, flags):
        return paddr | flags | (3 if level == 1 else 1)

    def table(self, _level, address):
        return address | 3

    def target(self, _level, entry):
        return entry & 0xffffffffffff & -(1 << self.shift) if entry & 2 else None


class S390x(Tables):
    """Big-endian always; tables of pages are smaller than a page, others larger."""

    LEVELS = 3
    FLAGS = 0

    def bits(self, level):
        return 8 if level == 1 else 11

    @staticmethod
    def type(level):
        return level - 2 << 2

    def empty(self, level):
        return 0x400 if level == 1 else 0x20 | self.type(level)

    def leaf(self, level, paddr, flags):
        return paddr | flags | (0x400 | self.type(level) if level > 1 else 0)

    def table(self, level, address):
        # Regions tell which quarters of the next table there are: all.
        return address | self.type(level) | (3 if level > 2 else 0)

    def target(self, level, entry):
        if level > 1 and entry & 0x400:
            return None
        return entry & (-2048 if level == 2 else -4096)


class Riscv64(Tables):
    """Sv39 has three levels, Sv48 four, Sv57 five."""

    LEVELS = 3
    FLAGS = 0xef            # of data: dirty, used, global, executable, writable, readable

    def leaf(self, _level, paddr, flags):
        return paddr >> 2 | flags

    def table(self, _level, address):
        return address >> 2 | 1

    def target(self, _level, entry):
        return None if entry & 0xe else entry << 2 & -4096


class Ppc64(Tables):
    """With the radix MMU, big-endian always; memory that is mapped one to one has no tables."""

    PAGES = (12, 16)
    FLAGS = 0x18e           # used, written, the kernel's, readable and writable
    ORDER = 'big'

    def bits(self, level):
        return (5 if self.shift == 16 else 9, 9, 9, 13)[level - 1]

    def leaf(self, _level, paddr, flags):
        return 3 << 62 | paddr | flags

    def table(self, level, address):
        return 1 << 63 | address | self.bits(level - 1)

    def target(self, _level, entry):
        return None if entry >> 62 & 1 else entry & 0x3fffffffffffff00


class Ppc(Tables):
    """Two levels, with entries of 4 bytes, as Book3S has them."""

    LEVELS = 2
    LARGE = 1
    ENTRY = 4
    FLAGS = 0x597           # of data: present, hashed, readable, coherent, written, used, writable

    def bits(self, _level):
        return 10

    def leaf(self, _level, paddr, flags):
        return paddr | flags

    def table(self, _level, address):
        return address

    def target(self, _level, entry):
        return entry


class LoongArch64(Tables):
    """Tables are led to by addresses in a window; what maps nothing leads to empty ones."""

    PAGES = (12, 14, 16)
    LEVELS = 3
    FLAGS = 0x393           # of data: valid, dirty, cached, present, writable, written
    LARGE = 2
    WINDOW = 9 << 60

    def prepare(self):
        self.empties = {1: 0}
        for level in range(2, self.levels + 1):
            self.empties[level] = self.table(level, self.new(level - 1))

    def empty(self, level):
        return self.empties[level]

    def leaf(self, level, paddr, flags):
        return paddr | flags | (0x40 if level > 1 else 0)

    def table(self, _level, address):
        return self.WINDOW | address

    def target(self, _level, entry):
        return entry - self.WINDOW if entry >> 48 == self.WINDOW >> 48 else None


class Mips64(LoongArch64):
    """As Debian configures kernels: the number of a page is 14 bits above the software's flags."""

    FLAGS = 0x1f0f          # of data: present, writable, used, written; the hardware's; cached
    WINDOW = 0x98 << 56
    PFN_SHIFT = 14

    def bits(self, level):
        return self.shift - 3 + (self.shift == 12 and self.levels == 3 and level == 3)

    def leaf(self, level, paddr, flags):
        return paddr >> 12 << self.PFN_SHIFT | flags | (0x10 if level > 1 else 0)


class Sparc64(Tables):
    """Entries that map memory have the flags of sun4u."""

    PAGES = (13,)
    FLAGS = 1 << 63 | 0xfb6     # of data: valid, present, used, written, cached, privileged
    HUGE = 1 << 56

    def leaf(self, level, paddr, flags):
        return paddr | flags | (self.HUGE if level > 1 else 0)

    def table(self, _level, address):
        return address

    def target(self, _level, entry):
        return None if entry & self.HUGE else entry


class Ia64(Sparc64):
    """The tables of region 5: there are no large pages in them."""

    PAGES = (12, 13, 14, 16)
    LEVELS = 3
    LARGE = 1
    FLAGS = 1 << 52 | 0x661     # of data: deferred exceptions; executable, written, used, present


MACHINES = {'x86_64': X86_64, 'i386': I386, 'arm': Arm, 'arm64': Arm64, 's390x': S390x,
            'riscv': Riscv64, 'ppc': Ppc, 'ppc64': Ppc64, 'loongarch64': LoongArch64,
            'mips64': Mips64, 'sparc64': Sparc64, 'ia64': Ia64}
