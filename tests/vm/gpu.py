# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges of dumps without the buffers of graphics cards.

A vmcore directory is what a guest with a graphics card leaves: truth/content there
says which buffers there were, "NAME PAGES STATE". Each page of a buffer repeats a line
with the buffer's name and the page's number, so they are found by what is in them. Each
judge returns a list of sentences, empty when there is nothing to complain about.
"""
import re
from collections import defaultdict

import compare
from extensions import dumped, open_dump
from compare import PAGE

LINE = re.compile(rb"buffer ([a-z]), page +(\d+)\.\n")


def buffers(dumpdir):
    """[(name, pages, state)]: a state is live, swapped or empty."""
    with open(f"{dumpdir}/truth/content") as f:
        return [(name, int(pages), state) for name, pages, state in map(str.split, f)]


def live_names(dumpdir):
    return {name for name, _, state in buffers(dumpdir) if state == "live"}


def in_memory(dumpdir):
    """The page frames that the kernel has for main memory: a card's own are not there."""
    words = compare.read_words(f"{dumpdir}/truth/kpageflags")
    return lambda pfn: pfn < len(words) and not words[pfn] & compare.NOPAGE


class Found:
    """The pages of buffers in a vmcore: {(name, number): [page frames]}, those in main
    memory only."""

    def __init__(self, dumpdir):
        self.dumpdir = dumpdir
        self.at = defaultdict(list)
        known = in_memory(dumpdir)
        with compare.Vmcore(f"{dumpdir}/vmcore") as core:
            for first, end in core.ranges():
                for pfn in range(first, end):
                    page = core.read(pfn, 1)
                    m = page and LINE.match(page)
                    if m and known(pfn) and page == m[0] * (PAGE // len(m[0])):
                        self.at[m[1].decode(), int(m[2])].append(pfn)

    def live(self):
        """The page frames of all buffers that have some."""
        names = live_names(self.dumpdir)
        return {pfn for (name, _), pfns in self.at.items() if name in names for pfn in pfns}

    def complete(self):
        """Judge that every page is as often in memory as its buffer's state has it.

        Swapped pages are in their file. They may also still be at their old place, which the
        driver remembers; others have taken some of these pages since.
        """
        wrong = []
        for name, pages, state in buffers(self.dumpdir):
            often = {"live": {1}, "swapped": {1, 2}, "empty": {0}}[state]
            odd = sum(len(self.at.get((name, i), ())) not in often for i in range(pages))
            if odd:
                wrong.append(f"{odd} of {pages} pages of buffer {name} ({state}) are there too "
                             "often, or not at all")
        return wrong


def drops(dumpdir, plain, dump, pfns):
    """Judge that a dump lacks these page frames and no others of those in the plain one."""
    kind = compare.kinds(dumpdir)

    def said(these, what):
        return compare.census([(p, kind[p] if p < len(kind) else "unknown")
                             for p in sorted(these)], what)

    had, have = dumped(plain), dumped(dump)
    return (said(pfns - had, "not in the plain dump either") + said(pfns & have, "kept")
            + said(had - have - pfns, "lost") + said(have - had, "more than in the plain dump"))


def nowhere(dumpdir, dump):
    """Judge that no page of a dump has several lines of a live buffer."""
    live = {name.encode() for name in live_names(dumpdir)}
    read, found = open_dump(dump), []
    for pfn in sorted(filter(in_memory(dumpdir), dumped(dump))):
        page = read(pfn)
        if b"buffer " in page:
            lines = [m[1] for m in LINE.finditer(page) if m[1] in live]
            if len(lines) > 1:
                found.append((pfn, f"buffer {lines[0].decode()}'s"))
    return compare.census(found, "still there")
