# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps as the campaign sees them: where their structures lie, and which pages they hold.

A dump is read by rules of its own, not by the program's: docs/formats.md has them. Any
violation raises Malformed.
"""
import mmap
import os
import struct
import zlib

FLAT = b'makedumpfile'.ljust(16, b'\0')
# Bytes of the range of a structure that a reader looks at again and again.
STATUS, BLOCK, SUB_BLOCKS, MAP_BLOCKS = 424, 428, 432, 436
INCOMPLETE = 8
PT_LOAD, PT_NOTE, PN_XNUM = 1, 4, 0xffff
# Page frames beyond this are not looked at: no input has them, but a damaged header can put
# memory anywhere.
PFNS = 1 << 24


class Malformed(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Malformed(why)


def contents(path):
    """All bytes of a file, read when they are looked at."""
    with open(path, 'rb') as f:
        return mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) if os.fstat(f.fileno()).st_size \
            else b''


def integers(data, codes, at):
    size = struct.calcsize(codes)
    need(0 <= at <= len(data) - size, f'{size} bytes at {at:#x} are beyond its end')
    return struct.unpack_from(codes, data, at)


def pages_of(bits):
    """The page frames whose bits are set in a number."""
    for byte, value in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, 'little')):
        if value:
            for n in range(8):
                if value >> n & 1:
                    yield 8 * byte + n


def run_of(first, end):
    """A number with the bits from first to end - 1 set."""
    return ((1 << end - first) - 1) << first if first < end else 0


class ElfFile:
    """An ELF64 core: an input, or what -E wrote."""

    def __init__(self, path, page=4096):
        self.data, self.page = contents(path), page
        need(self.data[:5] == b'\x7fELF\x02', 'not an ELF64 file')
        self.order = '<' if self.data[5] == 1 else '>'
        self.phoff, self.shoff = integers(self.data, self.order + 'QQ', 32)
        self.flags, = integers(self.data, self.order + 'I', 48)
        number, = integers(self.data, self.order + 'H', 56)
        if number == PN_XNUM:
            number, = integers(self.data, self.order + 'I', self.shoff + 44)
        need(number <= 1 << 20, f'{number} program headers')
        headers = [integers(self.data, self.order + 'IIQQQQQQ', self.phoff + 56 * i)
                   for i in range(number)]
        self.nr_headers = number
        # (physical address, bytes in the file, offset)
        self.loads = [(h[4], h[5], h[2]) for h in headers if h[0] == PT_LOAD]
        self.notes = [(h[2], h[5]) for h in headers if h[0] == PT_NOTE]
        self.incomplete = bool(self.flags & 1)

    def structures(self):
        """{name: [(offset, bytes)]} of what is not memory."""
        ret = {'elf headers': [(0, 64), (self.phoff, 56 * self.nr_headers)],
               'notes': [], 'vmcoreinfo': []}
        for start, size in self.notes:
            at = start
            while at + 12 <= start + size:
                name, desc, _ = integers(self.data, self.order + 'III', at)
                text = at + 12 + (name + 3) // 4 * 4
                after = text + (desc + 3) // 4 * 4
                if self.data[at + 12:at + 22] == b'VMCOREINFO':
                    ret['vmcoreinfo'].append((text, desc))
                    ret['notes'].append((at, text - at))
                else:
                    ret['notes'].append((at, min(after, start + size) - at))
                at = after
        return ret

    def offset(self, paddr):
        """The offset of a byte of memory in the file; None if it is not there."""
        for start, size, offset in self.loads:
            if start <= paddr < start + size:
                return offset + paddr - start
        return None

    def memory(self, pfn):
        """The bytes of a page, or None."""
        at = self.offset(pfn * self.page)
        return None if at is None else self.data[at:at + self.page]

    def kept(self):
        bits = 0
        for start, size, offset in self.loads:
            need(not size or offset + size <= len(self.data), 'a PT_LOAD ends beyond the file')
            bits |= run_of(start // self.page, min(-(-(start + size) // self.page), PFNS))
        return bits

    def wrong(self, memory):
        """Pages of it that are not what they are in memory(pfn)."""
        for start, size, offset in self.loads:
            for at in range(0, size, self.page):
                pfn = (start + at) // self.page
                page, mine = memory(pfn), self.data[offset + at:offset + at + self.page]
                if page is not None and page != mine and any(mine):
                    yield pfn


class KdumpFile:
    """A kdump-compressed file of a 64-bit machine."""

    def __init__(self, path):
        self.data = contents(path)
        need(self.data[:8] == b'KDUMP   ', 'not a kdump-compressed file')
        self.order = '<' if self.data[8] else '>'
        (status, self.block, sub, blocks) = integers(self.data, self.order + 'IiiI', STATUS)
        need(self.block in (4096, 16384, 65536), f'a block of {self.block}')
        self.incomplete = bool(status & INCOMPLETE)
        self.status = status
        half = blocks * self.block // 2
        self.sub = self.block
        self.maps = (1 + sub) * self.block
        self.half = half
        self.descs = self.maps + 2 * half
        need(self.descs <= len(self.data), 'the bitmaps end beyond the file')
        self.split, = integers(self.data, self.order + 'i', self.sub + 12)
        self.first, self.end = 0, 1 << 64
        if self.split:
            self.first, self.end = integers(self.data, self.order + 'QQ', self.sub + 80)
        bits = self.data[self.maps + half:min(self.descs, self.maps + half + PFNS // 8)]
        self.bits = int.from_bytes(bits, 'little')
        if self.split:
            self.bits &= run_of(self.first, min(self.end, 8 * len(bits)))
        self.nr = bin(self.bits).count('1')

    def structures(self):
        notes = integers(self.data, self.order + 'QQ', self.sub + 48)
        info = integers(self.data, self.order + 'QQ', self.sub + 32)
        used = (self.bits.bit_length() + 7) // 8
        return {'kdump headers': [(0, 464), (self.sub, 104)],
                'kdump notes': [notes, info],
                'bitmaps': [(self.maps, used), (self.maps + self.half, used)],
                'descriptors': [(self.descs, 24 * self.nr)]}

    def descriptors(self):
        """(pfn, offset, bytes, flags) of each page."""
        need(self.descs + 24 * self.nr <= len(self.data), 'the descriptors end beyond the file')
        table = struct.iter_unpack(self.order + 'QIIQ',
                                   self.data[self.descs:self.descs + 24 * self.nr])
        for pfn, (offset, size, flags, _) in zip(pages_of(self.bits), table):
            yield pfn, offset, size, flags

    def looks_right(self, at, new):
        """Return whether no reader can notice changed bytes: of the 2nd bitmap, since as many
        pages have data; or of the descriptors, since they name data of other pages, and all data
        still belong to a page."""
        if at < self.descs:
            old, new = (bin(int.from_bytes(b, 'big')).count('1')
                        for b in (self.data[at:at + len(new)], new))
            return at >= self.maps + self.half and old == new
        table = bytearray(self.data[self.descs:self.descs + 24 * self.nr])
        before = [d[:3] for d in struct.iter_unpack(self.order + 'QIIQ', table)]
        table[at - self.descs:at - self.descs + len(new)] = new
        after = [d[:3] for d in struct.iter_unpack(self.order + 'QIIQ', table)]
        return before != after and set(before) == set(after)

    def kept(self):
        """As a number of bits; a page whose descriptor is empty is lost."""
        bits, lost = self.bits, []
        for pfn, offset, size, _ in self.descriptors():
            if not offset:
                lost.append(pfn)
            else:
                need(0 < size <= self.block and offset + size <= len(self.data),
                     f'page {pfn:#x}: impossible place {offset:#x}, {size} bytes')
        if lost:
            mask = bytearray((bits.bit_length() + 7) // 8)
            for pfn in lost:
                mask[pfn >> 3] |= 1 << (pfn & 7)
            bits &= ~int.from_bytes(mask, 'little')
        return bits

    def wrong(self, memory):
        """Pages of it that are not what they are in memory(pfn): of those that are stored raw
        or with zlib."""
        for pfn, offset, size, flags in self.descriptors():
            page = memory(pfn) if offset else None
            if page is None or flags & ~1:
                continue
            mine = self.data[offset:offset + size]
            if flags & 1:
                try:
                    mine = zlib.decompress(mine)
                except zlib.error:
                    yield pfn
                    continue
            if mine != page:
                yield pfn


class Flattened:
    """A flattened stream."""

    def __init__(self, path):
        self.data = contents(path)
        need(self.data[:16] == FLAT, 'not a flattened file')
        self.records, self.whole, at = [], False, 4096
        while at + 16 <= len(self.data):
            offset, size = integers(self.data, '>qq', at)
            if offset == size == -1:
                self.whole = True
                self.end = at
                break
            need(offset >= 0 and size > 0, f'a record of {size} bytes at {offset:#x}')
            self.records.append((at, offset, size))
            at += 16 + size

    def structures(self):
        return {'flattened': [(0, 32), *((at, 16) for at, _, _ in self.records), (self.end, 16)]}

    def unpack(self, path):
        """Write the file that is in it."""
        with open(path, 'wb') as f:
            for at, offset, size in self.records:
                f.seek(offset)
                f.write(self.data[at + 16:at + 16 + size])


def open_dump(path):
    """Open a dump of any format; a flattened one is unpacked beside it."""
    with open(path, 'rb') as f:
        head = f.read(16)
    if head == FLAT:
        flat = Flattened(path)
        flat.unpack(path + '.inner')
        dump = open_dump(path + '.inner')
        dump.incomplete |= not flat.whole
        return dump
    return ElfFile(path) if head[:4] == b'\x7fELF' else KdumpFile(path)
