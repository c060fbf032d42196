# SPDX-License-Identifier: GPL-2.0-or-later
"""The page tables of an x86_64 kernel, read from its vmcore by the addresses that the guest told."""
import re
import struct

import compare

KERNEL_MAP = 0xffffffff80000000     # __START_KERNEL_map
PRESENT, HUGE = 1, 1 << 7
VMALLOC_START = 0xffffc90000000000  # of kernels that do not move it
FRAME = (1 << 52) - 1 & ~0xfff


def read_truth(dumpdir, name, pattern):
    with open(f"{dumpdir}/truth/{name}", encoding="utf-8", errors="replace") as f:
        m = re.search(pattern, f.read(), re.M)
    return m and m[1]


class Tables:
    """The page tables of the kernel, by their page frames."""

    def __init__(self, core, dumpdir):
        self.core = core
        self.phys_base = int(read_truth(dumpdir, "vmcoreinfo", r"^NUMBER\(phys_base\)=(-?\d+)$"))
        la57 = read_truth(dumpdir, "vmcoreinfo", r"^NUMBER\(pgtable_l5_enabled\)=(\d+)$")
        self.levels = 5 if la57 == "1" else 4
        self.root = int(read_truth(dumpdir, "vmcoreinfo", r"^SYMBOL\(init_top_pgt\)=(.*)$"), 16)
        self.vmalloc = VMALLOC_START
        base = read_truth(dumpdir, "kallsyms", r"^(\w+) \w vmalloc_base$")
        if base:
            self.vmalloc, = self.words(self.image_pa(int(base, 16)), 1)

    def image_pa(self, va):
        return va - KERNEL_MAP + self.phys_base

    def words(self, pa, nr):
        page = self.core.read(pa >> 12, 1)
        return struct.unpack_from(f"<{nr}Q", page, pa & 0xfff) if page else ()

    def below(self, table, level, va, start):
        """The table at a physical address, which maps VA on, and those below it that lead to
        START or beyond."""
        found, span = {table >> 12}, 1 << 12 + 9 * (level - 1)
        for i, entry in enumerate(self.words(table, 512)):
            at = va + i * span
            if level > 1 and entry & PRESENT and not entry & HUGE and at + span > start:
                found |= self.below(entry & FRAME, level - 1, at, start)
        return found

    def of_kernel(self):
        """Those of vmalloc, the memory map, the image, modules, and all between."""
        bits = 12 + 9 * self.levels
        # The entries of the upper half are those of addresses whose upper bits are set.
        return self.below(self.image_pa(self.root), self.levels, 0,
                          self.vmalloc % (1 << bits))


def of_kernel(dumpdir):
    """The page frames of the tables that lead to vmalloc and beyond."""
    with compare.open_vmcore(dumpdir) as core:
        return Tables(core, dumpdir).of_kernel()
