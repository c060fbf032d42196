# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges for dumps of real kernels.

A vmcore directory is what mkvmcore makes: vmcore, and truth/ with what the guest
itself said about every page.  A dump is a kdump-compressed file (not flattened,
not split) made from that vmcore.  Each judge returns a list of sentences, empty
when there is nothing to complain about:

    compare(dumpdir, dump, level)         the pages against the kernel's own words
    pages_equal(vmcore, dump)             every page in the dump against the vmcore
    stored_equal(vmcore, dump)            the same without libkdumpfile, of fewer compressions
    compare_peer(dumpdir, dump, level)    the pages against what the makedumpfile
                                          installed on this machine keeps

The first two need nothing but the files (and, to read a dump, libkdumpfile's
Python module).
"""
import array
import contextlib
import importlib.util
import mmap
import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections import Counter

PAGE = 4096                     # of x86_64

# ---- what a page is ----------------------------------------------------------

# Bits of /proc/kpageflags.
LRU, SLAB, BUDDY, ANON, SWAPCACHE, SWAPBACKED, HEAD, TAIL, HUGE, HWPOISON, NOPAGE, THP, OFFLINE, \
    PGTABLE, RESERVED, PRIVATE = (1 << n for n in (
        5, 7, 10, 12, 13, 14, 15, 16, 17, 19, 20, 22, 23, 26, 32, 35))
# All that decide the kind of a page.  KSM is not among them: from 6.12 to 6.19
# the kernel reports every anonymous page as KSM.
KIND_MASK = LRU | SLAB | BUDDY | ANON | SWAPCACHE | SWAPBACKED | HEAD | TAIL | HUGE | HWPOISON \
    | NOPAGE | THP | OFFLINE | PGTABLE | RESERVED | PRIVATE

# kind -> dump level bits of which any one drops it; ALWAYS: dropped whenever pages
# are looked at, as reading such a page can kill the machine or tells nothing.
ALWAYS = -1
DROPPED_BY = {
    "free": 16, "cache": 2 | 4, "private cache": 4, "anon": 8, "hugetlb": 8,
    "hwpoison": ALWAYS, "offline": ALWAYS,
    "slab": 0, "page table": 0, "reserved": 0, "no page": 0, "kernel": 0,
}


def kind_of(flags):
    """The kind of a page that is not a compound tail."""
    if flags & NOPAGE:
        return "no page"
    if flags & HWPOISON:
        return "hwpoison"
    if flags & BUDDY:
        return "free"
    if flags & OFFLINE:
        return "offline"
    if flags & SLAB:
        return "slab"
    if flags & PGTABLE:
        return "page table"
    if flags & HUGE:
        return "hugetlb"
    if flags & ANON:
        return "anon"
    if flags & LRU or flags & (SWAPCACHE | SWAPBACKED) == SWAPCACHE | SWAPBACKED:
        return "private cache" if flags & PRIVATE else "cache"
    if flags & RESERVED:
        return "reserved"
    return "kernel"


def page_size(dumpdir):
    """Bytes of a page, in the kernel's own words."""
    with open(f"{dumpdir}/truth/vmcoreinfo") as f:
        return int(re.search(r"^PAGESIZE=(\d+)$", f.read(), re.M)[1])


def read_words(path):
    """The 64-bit words of a file that the guest wrote, which are little-endian."""
    with open(path, "rb") as f:
        words = array.array("Q")
        words.frombytes(f.read())
    return words


def kernel_image(dumpdir):
    """The page frames of the kernel image as [(first, last + 1)]."""
    found, page = [], page_size(dumpdir)
    with open(f"{dumpdir}/truth/iomem") as f:
        for line in f:
            m = re.match(r"\s+([0-9a-f]+)-([0-9a-f]+) : Kernel (code|rodata|data|bss)$", line)
            if m:
                found.append((int(m[1], 16) // page, int(m[2], 16) // page + 1))
    return found


def kinds(dumpdir):
    """The kind of each page frame, in the kernel's own words: a list by pfn.

    The tails of a compound page are of its head's kind.  A page of the kernel image is
    "reserved" whatever its other flags, unless it was freed after boot (the text's and
    data's initial parts, the unused end of .bss..decrypted).
    """
    out, head, memo = [], None, {}
    words = read_words(f"{dumpdir}/truth/kpageflags")
    for flags in words:
        if not flags & TAIL:
            flags &= KIND_MASK
            if flags not in memo:
                memo[flags] = kind_of(flags)
            head = memo[flags]
        out.append(head or "kernel")
    for first, end in kernel_image(dumpdir):
        for pfn in range(first, min(end, len(out))):
            if words[pfn] & RESERVED:
                out[pfn] = "reserved"
    return out


def dropped_kinds(dumpdir, level):
    """The kinds of pages that a dump of this level leaves out.

    Levels 0 and 1 look at pages only if the kernel can have poisoned ones.
    """
    with open(f"{dumpdir}/truth/vmcoreinfo") as f:
        looks = level & ~1 or "NUMBER(PG_hwpoison)=" in f.read()
    return {kind for kind, by in DROPPED_BY.items()
            if (looks if by == ALWAYS else by & level)}


# ---- vmcores -----------------------------------------------------------------

EM_S390 = 22
LOWCORE_VMCOREINFO = 0xe0c      # where s390x has the note's physical address
NOTE_HEADER = 12                # bytes


class Vmcore:
    """An ELF core: loads as (physical address, bytes, file offset), notes as (name, type,
    bytes), vmcoreinfo_at as (file offset, bytes). PAGE is the size of a page."""

    def __init__(self, path, page=PAGE):
        with open(path, "rb") as f:
            self.map = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        if self.map[:4] != b"\x7fELF" or self.map[4] not in (1, 2):
            raise ValueError(f"{path} is not an ELF file")
        self.page = page
        self.order = ">" if self.map[5] == 2 else "<"
        wide = self.map[4] == 2
        self.phoff, = self.unpack("Q", 32) if wide else self.unpack("I", 28)
        self.phentsize, self.phnum = self.unpack("HH", 54 if wide else 42)
        self.loads, self.notes = [], []
        self.vmcoreinfo_at = 0, 0
        for i in range(self.phnum):
            at = self.phoff + i * self.phentsize
            typ, off, _, paddr, size = self.unpack("I4xQQQQ" if wide else "IIIII", at)
            if typ == 1:
                self.loads.append((paddr, size, off))
            elif typ == 4:
                self.read_notes(off, off + size)
        if self.unpack("H", 18) == (EM_S390,) and not self.vmcoreinfo_at[1]:
            self.read_lowcore()

    def read_lowcore(self):
        """The note with VMCOREINFO, of which s390x has the address at a fixed place."""
        at, = struct.unpack_from(">Q", self.read(0, 1), LOWCORE_VMCOREINFO)
        for paddr, size, off in self.loads:
            if paddr <= at < paddr + size:
                self.read_notes(off + at - paddr, off + at - paddr + NOTE_HEADER)

    def unpack(self, form, at):
        return struct.unpack_from(self.order + form, self.map, at)

    def read_notes(self, off, end):
        while off + NOTE_HEADER <= end:
            namesz, descsz, typ = self.unpack("III", off)
            desc = off + NOTE_HEADER
            name = self.map[desc:desc + namesz].rstrip(b"\0").decode()
            desc += namesz + 3 & ~3
            self.notes.append((name, typ, self.map[desc:desc + descsz]))
            if name == "VMCOREINFO":
                self.vmcoreinfo_at = desc, descsz
            off = desc + (descsz + 3 & ~3)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.map.close()

    def ranges(self):
        """Whole page frames in the file: [(first, last + 1)], sorted, not overlapping."""
        out = []
        for paddr, size, _ in sorted(self.loads):
            first, end = -(-paddr // self.page), (paddr + size) // self.page
            if out:
                first = max(first, out[-1][1])
            if first < end:
                out.append((first, end))
        return out

    def read(self, pfn, count):
        """COUNT pages from PFN on, or None if one segment does not hold them all. A single page
        may consist of the parts that segments hold, and zeros."""
        start, length = pfn * self.page, count * self.page
        for paddr, size, off in self.loads:
            if paddr <= start and start + length <= paddr + size:
                return self.map[off + start - paddr:off + start - paddr + length]
        parts = [(max(start, paddr), min(start + length, paddr + size), off - paddr)
                 for paddr, size, off in self.loads
                 if count == 1 and paddr < start + length and start < paddr + size]
        page = bytearray(length)
        for first, end, shift in parts:
            page[first - start:end - start] = self.map[first + shift:end + shift]
        return bytes(page) if parts else None

    def vmcoreinfo(self):
        """The VMCOREINFO note as {key: value}."""
        text = next((d for n, _, d in self.notes if n == "VMCOREINFO"), b"")
        return dict(line.split("=", 1) for line in text.rstrip(b"\0").decode().splitlines()
                    if "=" in line)


# ---- dumps -------------------------------------------------------------------

COMPRESSION = {1: "zlib", 2: "lzo", 4: "snappy", 0x20: "zstd"}
INCOMPLETE = 0x8
PAGE_SIZES = (0x1000, 0x2000, 0x4000, 0x10000)
DESCRIPTOR = 24                 # bytes of a page descriptor


class Dump:
    """Headers and bitmaps of a kdump-compressed file."""

    MACHINE = 12 + 4 * 65       # where utsname.machine is
    # Offsets of the status, and in the sub-header of the level and of max_mapnr_64; by machine.
    PLACES_64, PLACES = (424, 8, 96), {b"i686": (412, 4, 72), b"ppc": (412, 4, 88),
                                   b"armv7l": (412, 4, 88)}

    def __init__(self, path):
        with open(path, "rb") as f:
            head = f.read(PAGE)
            if len(head) < PAGE or head[:8] != b"KDUMP   ":
                raise ValueError(f"{path} is not kdump-compressed")
            # The version is a small number, in the right order.
            self.order = "<" if head[8] else ">"
            self.version, = struct.unpack_from(f"{self.order}i", head, 8)
            machine = head[self.MACHINE:self.MACHINE + 65].partition(b"\0")[0]
            status, level, max_mapnr = self.PLACES.get(machine, self.PLACES_64)
            self.status, block, sub, blocks = struct.unpack_from(f"{self.order}IiiI", head, status)
            if block not in PAGE_SIZES or sub <= 0:
                raise ValueError(f"{path}: block size {block}, sub header of {sub} blocks")
            self.page = block
            f.seek(block)
            subhead = f.read(104)
            self.level, = struct.unpack_from(f"{self.order}i", subhead, level)
            self.max_mapnr, = struct.unpack_from(f"{self.order}Q", subhead, max_mapnr)
            f.seek((1 + sub) * block)
            maps = f.read(blocks * block)
        self.path, self.descs_at = path, (1 + sub + blocks) * block
        if len(maps) != blocks * block or len(maps) * 4 < self.max_mapnr:
            raise ValueError(f"{path}: bitmaps of {len(maps)} bytes for {self.max_mapnr} pages")
        # Files of 32-bit arm count pages from phys_base on, with which the sub-header begins.
        first = struct.unpack_from("<I", subhead)[0] // block if machine == b"armv7l" else 0
        self.exists, self.dumped = (
            bytes(first // 8) + half for half in (maps[:len(maps) // 2], maps[len(maps) // 2:]))

    def compression(self):
        return next((name for bit, name in COMPRESSION.items() if self.status & bit), "none")

    def data(self):
        """{pfn: (offset, bytes)} of the pages whose data are in the file, which may be cut."""
        pfns = [pfn for first, end in runs(self.dumped) for pfn in range(first, end)]
        with open(self.path, "rb") as f:
            f.seek(self.descs_at)
            table = f.read(len(pfns) * DESCRIPTOR)
            end = f.seek(0, os.SEEK_END)
        table = table[:len(table) // DESCRIPTOR * DESCRIPTOR]
        descs = struct.iter_unpack(f"{self.order}qIIQ", table)
        return {pfn: (offset, size) for pfn, (offset, size, *_) in zip(pfns, descs)
                if offset and offset + size <= end}


def has(bitmap, pfn):
    """Is the bit of PFN set?  Beyond the end of the bitmap none is."""
    return pfn >> 3 < len(bitmap) and bitmap[pfn >> 3] >> (pfn & 7) & 1


def bitmap_of(pfns, nr):
    """A bitmap of NR pages in which the bits of some are set."""
    bitmap = bytearray(nr // 8 + 1)
    for pfn in pfns:
        bitmap[pfn >> 3] |= 1 << (pfn & 7)
    return bitmap


def runs(bitmap):
    """The runs of set bits in a bitmap: (first, last + 1), ascending."""
    start = None
    for at, byte in enumerate(bitmap):
        if byte == 0xff and start is not None or byte == 0 and start is None:
            continue
        for bit in range(8):
            if byte >> bit & 1:
                if start is None:
                    start = at * 8 + bit
            elif start is not None:
                yield start, at * 8 + bit
                start = None
    if start is not None:
        yield start, len(bitmap) * 8


def census(pfns, what):
    """One sentence for each kind: what happened to how many pages, and to which first."""
    count, first = Counter(), {}
    for pfn, kind in pfns:
        count[kind] += 1
        first.setdefault(kind, pfn)
    return [f"{what}: {n} {kind} page{'s' * (n > 1)}, first pfn {first[kind]:#x}"
            for kind, n in sorted(count.items())]


# ---- the judges --------------------------------------------------------------

def open_vmcore(dumpdir):
    """The vmcore of a vmcore directory, its pages of the right size."""
    return Vmcore(f"{dumpdir}/vmcore", page_size(dumpdir))


def content(dumpdir, place=lambda pfn: pfn):
    """Check the pages whose content the guest knew against its vmcore. PLACE: a page's number in
    the vmcore."""
    wrong, total = [], 0
    with open_vmcore(dumpdir) as core, open(f"{dumpdir}/truth/content") as f:
        for line in f:
            region, kind, pfn, crc = line.split()
            page = core.read(place(int(pfn, 16)), 1)
            total += 1
            if page is None or zlib.crc32(page) != int(crc, 16):
                wrong.append((int(pfn, 16), f"{region}/{kind}"))
    return census(wrong, "not as the guest knew it") if total else ["no page is listed"]


def compare(dumpdir, dump, level):
    """Judge the pages in a dump by the kernel's own flags.

    No slab, page-table or other kernel page may be lost, at any level; what the level
    excludes has to be gone, and nothing else.  For zero pages there is no exception: the
    kdump format keeps their bits.  Pages of the firmware, which QEMU writes far above the
    last page that the kernel knows of, are not judged.
    """
    d = Dump(dump)
    wrong = []
    if d.page != page_size(dumpdir):
        return [f"the dump says that pages have {d.page} bytes"]
    if d.level != level:
        wrong.append(f"the dump says its level is {d.level}, not {level}")
    if d.status & INCOMPLETE:
        wrong.append("the dump says it is incomplete")
    kind, drops = kinds(dumpdir), dropped_kinds(dumpdir, level)
    lost, kept, absent = [], [], []
    with open_vmcore(dumpdir) as core:
        for first, end in core.ranges():
            for pfn in range(first, min(end, len(kind))):
                if not has(d.exists, pfn):
                    absent.append((pfn, "vmcore"))
                if has(d.dumped, pfn):
                    if kind[pfn] in drops:
                        kept.append((pfn, kind[pfn]))
                elif kind[pfn] not in drops:
                    lost.append((pfn, kind[pfn]))
    return (wrong + census(absent, "not in the first bitmap") + census(lost, "lost")
            + census(kept, "kept though excluded"))


def can_read():
    """Is libkdumpfile's Python module on this machine?"""
    return importlib.util.find_spec("kdumpfile") is not None


def pages_equal(vmcore, dump, cut=False):
    """Compare every page in the dump, as libkdumpfile reads it, with the vmcore's. In a dump
    that was CUT the pages without data must be unreadable."""
    import libkdumpfile         # a package of the distribution, needed only here
    d = Dump(dump)
    pages = bitmap_of(d.data(), d.max_mapnr) if cut else d.dumped
    try:
        handle = libkdumpfile.open_dump(dump)
        # Mapped, the missing end of a truncated file would kill this process.
        handle.attr["file.mmap_policy"] = 0
    except libkdumpfile.Error as e:
        return [f"libkdumpfile cannot open it: {e}"]
    differ, unread, strange, invented, total = [], [], [], [], 0
    stride = (2 << 20) // d.page

    def check(pfn, count):
        expected = core.read(pfn, count)
        if expected is None and count == 1:
            strange.append((pfn, "dumped"))
            return
        data = None
        if expected is not None:
            try:
                data = handle.read(libkdumpfile.MACHPHYSADDR, pfn * d.page, count * d.page)
            except libkdumpfile.Error as e:
                if count == 1:
                    unread.append((pfn, f"unreadable ({e})"))
                    return
        if data is not None and data == expected:
            return
        if count == 1:
            differ.append((pfn, "dumped"))
            return
        half = count // 2
        check(pfn, half)
        check(pfn + half, count - half)

    with Vmcore(vmcore, d.page) as core:
        for first, end in runs(pages):
            total += end - first
            for pfn in range(first, end, stride):   # pages that are read at once
                check(pfn, min(stride, end - pfn))
    for first, end in runs(d.dumped) if d.status & INCOMPLETE else ():
        for pfn in range(first, end):
            with contextlib.suppress(libkdumpfile.Error):
                if not has(pages, pfn):
                    handle.read(libkdumpfile.MACHPHYSADDR, pfn * d.page, d.page)
                    invented.append((pfn, "missing"))
    wrong = [] if total else ["there is no page in the dump"]
    return (wrong + census(differ, "differs from the vmcore") + census(unread, "libkdumpfile")
            + census(strange, "not in the vmcore") + census(invented, "libkdumpfile reads"))


def stored_equal(vmcore, dump):
    """Compare every page in the dump with the vmcore's, as zlib expands those that are smaller than
    a page: of machines whose dumps libkdumpfile does not read."""
    d = Dump(dump)
    data, differ = d.data(), []
    with Vmcore(vmcore, d.page) as core, open(dump, "rb") as f:
        for pfn, (offset, size) in data.items():
            f.seek(offset)
            page = f.read(size)
            if (zlib.decompress(page) if size < d.page else page) != core.read(pfn, 1):
                differ.append((pfn, "dumped"))
    missing = [(pfn, "dumped") for first, end in runs(d.dumped) for pfn in range(first, end)
               if pfn not in data]
    wrong = [] if data else ["there is no page in the dump"]
    return wrong + census(differ, "differs from the vmcore") + census(missing, "has no data")


class PeerRefused(Exception):
    """The installed makedumpfile cannot make this dump."""


def peer_version(program="makedumpfile"):
    """(major, minor, patch) of the installed makedumpfile, or None without one."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if not path:
        return None
    r = subprocess.run([path, "-v"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       check=False)
    m = re.search(r"version (\d+)\.(\d+)\.(\d+)", r.stdout + r.stderr)
    return tuple(map(int, m.groups())) if m else None


@contextlib.contextmanager
def headers_first(vmcore):
    """Path of a vmcore whose program headers follow the ELF header.

    The peer takes them to be there, whatever e_phoff says.  A file of which this is not
    true is copied for the time of a `with`.
    """
    with open(vmcore, "rb") as f:
        head = bytearray(f.read(PAGE))
    phoff, = struct.unpack_from("<Q", head, 32)
    phnum, = struct.unpack_from("<H", head, 56)
    if phoff == 64:
        yield vmcore
        return
    head[64:64 + 56 * phnum] = head[phoff:phoff + 56 * phnum]
    struct.pack_into("<QQ", head, 32, 64, 0)            # e_phoff, e_shoff
    struct.pack_into("<HHH", head, 58, 0, 0, 0)         # no section headers
    with tempfile.TemporaryDirectory(dir=os.path.dirname(vmcore)) as work:
        copy = f"{work}/vmcore"
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", vmcore, copy], check=True)
        os.chmod(copy, 0o600)
        with open(copy, "r+b") as f:
            f.write(head)
        yield copy


class Peer:
    """The pages of a vmcore that the installed makedumpfile keeps, at any level.

    Its bitmaps are remembered beside the vmcore.  Close it, or use it in a `with`.
    """

    def __init__(self, dumpdir, program="makedumpfile"):
        self.dumpdir = dumpdir
        self.program = program
        self.version = peer_version(program)
        if not self.version:
            raise PeerRefused(f"{program} is not on this machine")
        self.memo = os.path.join(dumpdir, "peer-" + ".".join(map(str, self.version)))
        self.stack = contextlib.ExitStack()
        self.copy = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.stack.close()

    def dump(self, level):
        """The peer's dump of this level as an object of class Dump."""
        os.makedirs(self.memo, exist_ok=True)
        memo = os.path.join(self.memo, f"d{level}")
        if not os.path.exists(memo):
            if not self.copy:
                self.copy = self.stack.enter_context(headers_first(f"{self.dumpdir}/vmcore"))
            with tempfile.TemporaryDirectory(dir=self.dumpdir) as work:
                r = subprocess.run([self.program, "-l", "-d", str(level), self.copy, f"{work}/d"],
                                   stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"},
                                   check=False)
                if r.returncode:
                    words = [w for w in re.split(r"[\r\n]+", r.stdout + r.stderr) if w.strip()]
                    raise PeerRefused(f"-d {level}: " + " | ".join(words[-2:]))
                with open(f"{work}/d", "rb") as f:
                    head = f.read(PAGE)
                    sub, blocks = struct.unpack_from("<iI", head, 432)
                    f.seek(0)
                    data = f.read((1 + sub + blocks) * PAGE)
            with open(memo + ".part", "wb") as f:
                f.write(data)
            os.rename(memo + ".part", memo)
        return Dump(memo)


# Known faults of peers: (first version that is right, first series that it is wrong for, first
# newer series that it is right for, kinds of pages, does it keep them?, why).  Such a difference
# is none of ours as long as the kernel itself says so.
NEVER = (99,)
PEER_FAULTS = [
    (NEVER, (4, 18), (5, 4), {"offline"}, True,
     "the peer does not know the type, which VMCOREINFO of 4.19 does not have"),
    ((1, 7, 6), (6, 3), NEVER, {"cache", "private cache", "anon", "hugetlb"}, True,
     "the peer looks for a compound page's order where it was before 6.3"),
    ((1, 7, 6), (6, 10), NEVER, {"slab"}, False,
     "the peer looks for a flag of slab pages, which are a page type since 6.10"),
    ((1, 7, 7), (6, 12), NEVER, {"free", "offline"}, True,
     "the peer takes page types for flags, which they no longer are since 6.12"),
    (NEVER, (7, 1), NEVER, {"slab", "kernel", "cache", "private cache"}, False,
     "the peer judges compound tails by fields that have another meaning since 7.1"),
]


def series_of(release):
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", release).groups()))


def peer_differences(dumpdir, dump, level, peer):
    """The pages known to the kernel on which a dump and the peer's disagree:
    (pfn, kind, peer has it)."""
    ours, theirs = Dump(dump).dumped, peer.dump(level).dumped
    return [(pfn, kind, has(theirs, pfn)) for pfn, kind in enumerate(kinds(dumpdir))
            if has(ours, pfn) != has(theirs, pfn)]


def compare_peer(dumpdir, dump, level, peer=None):
    """Judge the pages in a dump by what the installed makedumpfile keeps at this level.

    Returns (complaints, known faults of the peer that explain other differences).
    """
    with contextlib.ExitStack() as stack:
        if peer is None:
            peer = stack.enter_context(Peer(dumpdir))
        differences = peer_differences(dumpdir, dump, level, peer)
        with Vmcore(f"{dumpdir}/vmcore") as core:
            series = series_of(core.vmcoreinfo()["OSRELEASE"])
        drops = dropped_kinds(dumpdir, level)
        wrong, explained = [], Counter()
        for keeps in (False, True):
            for what in sorted({k for _, k, theirs in differences if bool(theirs) == keeps}):
                pages = [(pfn, k) for pfn, k, theirs in differences
                         if bool(theirs) == keeps and k == what]
                sentence, = census(pages, "the peer has, we have not" if keeps
                                   else "we have, the peer has not")
                fault = next((why for fixed, since, until, which, faulty, why in PEER_FAULTS
                              if peer.version < fixed and since <= series < until
                              and what in which and keeps == faulty
                              and (what in drops) == keeps), None)
                if fault:
                    explained[fault] += len(pages)
                else:
                    wrong.append(sentence)
    return wrong, [f"{n} pages on which {why}" for why, n in explained.items()]
