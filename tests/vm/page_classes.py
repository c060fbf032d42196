# SPDX-License-Identifier: GPL-2.0-or-later
"""Judge the classes in which a dump has its pages, by the kernel's own words on each page."""
import json
import re

import compare
import page_tables
from machines import X86_64

# Kinds of pages (compare.py) that a class can have. Zero pages are in the class of their kind.
KERNEL = {"slab", "page table", "reserved", "no page", "kernel"}
KINDS = {
    "essential": KERNEL, "kernel": KERNEL, "memory_map": {"reserved", "kernel"},
    "cache_private": {"private cache"}, "cache": {"cache", "private cache"},
    "user": {"anon", "hugetlb"}, "free": {"free"},
}
MAP_PERCENT = 99                # of the struct pages that there are, at least: a few are essential


def order(dump, classes):
    """{class: its pages} by the places of their data in a file. Pages that share data are left
    out: they are where the first one is."""
    places = {}
    for pfn, (offset, _) in compare.Dump(dump).data().items():
        places.setdefault(offset, []).append(pfn)
    found, ends = {c["class"]: [] for c in classes}, iter([c for c in classes if c["file_bytes"]])
    now = next(ends)
    for offset in sorted(places):
        while offset >= now["file_bytes"]:
            now = next(ends)
        if len(places[offset]) == 1:
            found[now["class"]] += places[offset]
    return found


def shared_map(dumpdir, flags, size):
    """The number of pages that the memory map lacks, since with hugetlb_free_vmemmap=on all struct
    pages of a huge page are one page of the map."""
    with open(f"{dumpdir}/truth/cmdline") as f:
        if "hugetlb_free_vmemmap=on" not in f.read():
            return 0
    huge = [f for f in flags if f & compare.HUGE]
    return len(huge) * size // compare.page_size(dumpdir) - sum(1 for f in huge
                                                                if f & compare.HEAD)


def is_flat(dumpdir):
    """With FLATMEM the map is where the kernel's image is mapped. These kernels do not say where
    that ends: what follows it is essential, too."""
    with open(f"{dumpdir}/truth/config") as f:
        return "CONFIG_FLATMEM=y" in f.read()


def check_map(dumpdir, nr, dumped):
    """Complaints about the number of pages of the memory map in a dump of all memory, DUMPED. A
    section can have more, such as that of a virtio-mem device: struct pages of what is not plugged
    there are in the class of other memory of the kernel, or there are none."""
    if is_flat(dumpdir):
        return []
    with open(f"{dumpdir}/truth/vmcoreinfo") as f:
        size = int(re.search(r"^SIZE\(page\)=(\d+)$", f.read(), re.M)[1])
    flags = [f for pfn, f in enumerate(compare.read_words(f"{dumpdir}/truth/kpageflags"))
             if compare.has(dumped, pfn)]
    wanted = sum(not f & compare.NOPAGE for f in flags) * size // compare.page_size(dumpdir)
    wanted -= shared_map(dumpdir, flags, size)
    return [f"the memory map has {nr} pages, not {wanted}"] if nr * 100 < wanted * MAP_PERCENT \
        else []


def check_tables(dumpdir, essential):
    """Complaints about page tables that are not among the ESSENTIAL pages, a bitmap."""
    tables = page_tables.of_kernel(dumpdir)
    return compare.census([(pfn, "page table") for pfn in sorted(tables)
                           if not compare.has(essential, pfn)], "not essential") if tables \
        else ["no page table of the kernel was found"]


def judge(dumpdir, dump, report, essential, machine):
    """Judge the classes of a dump of all pages with its REPORT of --json, and of one of
    ESSENTIAL pages."""
    with open(report) as f:
        classes = json.load(f)["pages"]["classes"]
    found, kinds = order(dump, classes), compare.kinds(dumpdir)
    chosen, wrong = compare.Dump(essential).dumped, []
    for name, pages in found.items():
        known = [pfn for pfn in pages if pfn < len(kinds)]
        wrong += compare.census([(pfn, kinds[pfn]) for pfn in known
                                 if kinds[pfn] not in KINDS[name]], f"in the class {name}")
        wrong += compare.census([(pfn, name) for pfn in known
                                 if bool(compare.has(chosen, pfn)) != (name == "essential")],
                                "not as in a dump of --essential")
    if machine is X86_64:
        wrong += check_tables(dumpdir, chosen)
    return wrong + check_map(dumpdir, next(c["pages"] for c in classes
                                           if c["class"] == "memory_map"),
                             compare.Dump(dump).dumped)
