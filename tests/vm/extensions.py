# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges of what extensions do to dumps of real kernels.

A vmcore directory is what mkvmcore makes; truth/tasks there says what some processes had
in memory. A dump is a kdump-compressed file made from that vmcore; the plain one is made
without extensions. Each judge returns a list of sentences, empty when there is nothing to
complain about.
"""
import collections
import importlib.machinery
import importlib.util
import os
import re
import zlib

import compare
from compare import PAGE

LEVEL = 31
# Bit of /proc/kpageflags.
KPF_ANON = 12
RED_ZONE = 128


# ---- what processes had in memory ----------------------------------------------------

class Process:
    """One process: mappings [(start, end)], pages {address: pfn}, ELF files {address: CRC of
    the first page}, and threads {thread id: stack pointer}."""

    def __init__(self, pid):
        self.pid = pid
        self.maps, self.pages, self.elfs, self.threads = [], {}, {}, {}

    def present(self, start, end):
        """The page frames between two addresses."""
        return {self.pages[at] for at in range(start, end, PAGE) if at in self.pages}

    def mapping(self, at):
        """The mapping that an address is in."""
        return next(m for m in self.maps if m[0] <= at < m[1])

    def stacks(self, kib):
        """The page frames of the threads' stacks that are in use, up to KIB KiB each."""
        found = set()
        for sp in self.threads.values():
            first, end = self.mapping(sp)
            start = max(first, sp - RED_ZONE) // PAGE * PAGE
            found |= self.present(start, min(end, start + (kib << 10)))
        return found


def processes(dumpdir):
    """Those that truth/tasks lists, in its order: the one that filled the memory, and
    the one with several stacks."""
    found = {}
    with open(f"{dumpdir}/truth/tasks") as f:
        for line in f:
            what, pid, *rest = line.split()
            p = found.setdefault(int(pid), Process(int(pid)))
            if what == "thread":
                p.threads[int(rest[0])] = int(rest[1], 16)
            elif what == "map":
                p.maps.append((int(rest[0], 16), int(rest[1], 16)))
            else:
                {"page": p.pages, "elf": p.elfs}[what][int(rest[0], 16)] = int(rest[1], 16)
    filler, keeper = found.values()
    return filler, keeper


# ---- what the functions for extensions find --------------------------------------------

def api(dumpdir, lines):
    """Judge what api.c prints by what the guest says about itself."""
    found = collections.defaultdict(list)
    for line in lines:
        what, *rest = line.split() or [""]
        found[what].append(rest)

    def truth(name):
        with open(f"{dumpdir}/truth/{name}") as f:
            return [line.split() for line in f]

    cpus = str(sum(words[:1] == ["processor"] for words in truth("cpuinfo")))
    wrong = [] if found["cpus"] == [[cpus, cpus]] else [f"CPUs: {found['cpus']}, not {cpus}"]
    if found["cpu"] != [[str(n), str(n)] for n in range(int(cpus))]:
        wrong.append(f"per-CPU variables: {found['cpu']}")
    modules = {words[0] for words in truth("modules")}
    if {m for m, in found["module"]} != modules or len(found["module"]) != len(modules):
        wrong.append(f"modules: {len(found['module'])}, not {len(modules)}")
    # No file of /proc has the mount below the root.
    mounts = collections.Counter(words[2] for words in truth("mounts"))
    more = collections.Counter(kind for kind, _ in found["mount"])
    more.subtract(mounts)
    if any(n and kind != "nullfs" for kind, n in more.items()):
        wrong.append(f"mounts: {more}")
    if set(mounts) - {kind for kind, _ in found["super_block"]}:
        wrong.append(f"super blocks: {found['super_block']}")
    stacks = {int(tid): sp for p in processes(dumpdir) for tid, sp in p.threads.items()}
    have = {int(t[0]): int(t[3], 16) for t in found["task"] if "sp" in t}
    if any(have.get(tid) != sp for tid, sp in stacks.items()) or not stacks:
        wrong.append(f"stack pointers: {have}, not {stacks}")
    if not any(f[0] == "1" and f[2] == "/init" and int(f[3]) for f in found["file"]):
        wrong.append("the page cache of /init, which process 1 has open, is not found")
    return wrong


def frames(triage, lines):
    """Judge the frames that api.c prints by those of the triage, which check-triage judges."""
    found = collections.defaultdict(list)
    for line in lines:
        what, *rest = line.split() or [""]
        if what == "frame":
            found[int(rest[0])].append(rest[1:])
    want = {}
    for task in triage["tasks"]:
        stack = triage["stacks"][task["stack"]] if task["stack"] is not None else {"frames": []}
        want[task["pid"]] = [
            [str(f["exception"] + 2 * (not f["reliable"])), f["address"], f["function"] or "-",
             f["module"] or "-", f"{f.get('offset') or 0:#x}".replace("0x0", "0")]
            for f in stack["frames"]]
    wrong = [f"task {pid}: {found[pid]} instead of {want[pid]}" for pid in want
             if pid and found[pid] != want[pid]]
    return wrong[:3] if any(want.values()) else ["no task has frames"]


# ---- environments, files, statistics ----------------------------------------------------

def environment(dumpdir, plain, dump, what):
    """Judge that the environment or the arguments of processes are overwritten, as WHAT says."""
    before, after, wrong = open_dump(plain), open_dump(dump), []
    for p in processes(dumpdir):
        # The first thread's stack begins with these. The vDSO can be above it.
        page = p.pages[p.mapping(p.threads[p.pid])[1] - PAGE]
        for kind, text in (("env", b"\0HOME=/\0"), ("args", b"\0guest\0")):
            if text not in before(page):
                wrong.append(f"process {p.pid} never had its {kind}")
            if (text not in after(page)) != (kind in what):
                wrong.append(f"process {p.pid}: its {kind}")
    return wrong + same_pages(dumpdir, plain, dump) + little_differs(plain, dump, 1 << 20)


def only_cache(dumpdir, plain, dump):
    """Judge that a dump lacks many pages, and only such as are in the page cache."""
    lost = dumped(plain) - dumped(dump)
    flags = compare.read_words(f"{dumpdir}/truth/kpageflags")
    others = [pfn for pfn in lost if pfn < len(flags) and flags[pfn] >> KPF_ANON & 1]
    wrong = [] if len(lost) > 1000 else [f"only {len(lost)} pages are excluded"]
    return wrong + ([f"{len(others)} pages are anonymous"] if others else [])


def stats(filler, text):
    """Judge what stats prints about a process whose pages are known, but for later ones."""
    pages = re.search(rf"process {filler.pid} \(.*\): pages (\d+)", text)
    known = len(filler.pages)
    wrong = [] if pages and known <= int(pages[1]) <= known * 1.02 else \
        [f"process {filler.pid} has {len(filler.pages)} pages: {pages and pages[1]}"]
    classes = re.findall(r"class (.*): pages (\d+)", text)
    if len(classes) < 4 or not re.search(r"page cache of ext4: pages \d", text):
        wrong.append(f"classes: {classes}")
    return wrong


# ---- which pages are in a dump ---------------------------------------------------------

def dumped(dump):
    """The page frames of a dump, as a set."""
    return {pfn for first, end in compare.runs(compare.Dump(dump).dumped)
            for pfn in range(first, end)}


def in_vmcore(dumpdir, pfns):
    with compare.Vmcore(f"{dumpdir}/vmcore") as core:
        return {pfn for first, end in core.ranges() for pfn in range(first, end)} & pfns


def same_pages(dumpdir, plain, dump, more=frozenset()):
    """Judge a dump that shall have the pages of the plain one, and MORE, and no others."""
    kind = compare.kinds(dumpdir)

    def said(pfns, what):
        return compare.census([(p, kind[p] if p < len(kind) else "unknown") for p in sorted(pfns)],
                            what)

    have, expected = dumped(dump), dumped(plain) | in_vmcore(dumpdir, set(more))
    return said(expected - have, "lost") + said(have - expected, "kept for no reason")


def keeps(dumpdir, plain, dump, pfns):
    """Judge which pages keep_task has kept, and that it had something to do."""
    missed = pfns - dumped(plain)
    wrong = [] if missed else ["the plain dump has all these pages, too"]
    return wrong + same_pages(dumpdir, plain, dump, pfns)


def keeps_stacks(dumpdir, plain, dump, process, size):
    """Judge that the stacks of a process are kept, and that all pages kept are anonymous."""
    kind, wrong = compare.kinds(dumpdir), []
    wanted = set()
    for sp in process.threads.values():
        wanted |= process.present(sp // PAGE * PAGE, min(process.mapping(sp)[1], sp + size))
    more = dumped(dump) - dumped(plain)
    missed = in_vmcore(dumpdir, wanted) - dumped(dump)
    others = [pfn for pfn in more if pfn >= len(kind) or kind[pfn] != "anon"]
    if missed or not wanted & more:
        wrong.append(f"of {len(wanted)} pages of its stacks {len(missed)} are not in the dump")
    return wrong + ([f"{len(others)} pages of others are kept"] if others else [])


def keeps_elfs(dumpdir, plain, dump, those, more=frozenset()):
    """Judge that the first page of each ELF file of processes is kept, and MORE pages, and
    no others.

    The guest does not know the page of a mapping that it never read: the CRC shows it.
    """
    known = {p.pages[at] for p in those for at in p.elfs if at in p.pages}
    crcs = {crc for p in those for at, crc in p.elfs.items() if at not in p.pages}
    other = dumped(dump) - dumped(plain) - known - more
    with compare.Vmcore(f"{dumpdir}/vmcore") as core:
        cached = {pfn for pfn in other if zlib.crc32(core.read(pfn, 1)) in crcs}
    wrong = [] if crcs else ["all files were looked at"]
    if len(cached) != len(crcs):
        wrong.append(f"{len(cached)} pages, not {len(crcs)}, of files never looked at")
    return wrong + keeps(dumpdir, plain, dump, known | cached | more)


# ---- what is in the pages ----------------------------------------------------------------

def open_dump(dump):
    import libkdumpfile         # a package of the distribution, needed only here
    handle = libkdumpfile.open_dump(dump)
    # Mapped, the missing end of a truncated file would kill this process.
    handle.attr["file.mmap_policy"] = 0
    return lambda pfn: bytes(handle.read(libkdumpfile.MACHPHYSADDR, pfn * PAGE, PAGE))


def content(dumpdir, dump):
    """Judge the pages that the guest filled by what it wrote, as a dump has them."""
    have, read, wrong, total = dumped(dump), open_dump(dump), [], 0
    with open(f"{dumpdir}/truth/content") as f:
        for line in f:
            region, kind, pfn, crc = line.split()
            total += 1
            if int(pfn, 16) not in have or zlib.crc32(read(int(pfn, 16))) != int(crc, 16):
                wrong.append((int(pfn, 16), f"{region}/{kind}"))
    return compare.census(wrong, "not as the guest wrote it") if total else ["no page is listed"]


# ---- names ---------------------------------------------------------------------------------

def load_inspect():
    """The program beside this file, whose name is a module's of Python, too."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inspect")
    loader = importlib.machinery.SourceFileLoader("inspect_dump", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def comms(dumpdir, dump):
    """The names of all processes as a dump has them: [(pid, name)]."""
    inspect = load_inspect()
    return inspect.tasks(inspect.Kernel(dump), f"{dumpdir}/truth")


def nameless(dumpdir, plain, dump):
    """Judge that no name of a process can be read in a dump, and that nothing else is lost.

    An extension overwrites with one character, so an erased name consists of that.
    """
    was, now = comms(dumpdir, plain), comms(dumpdir, dump)
    wrong = [] if len({name for _, name in was}) > 10 else ["the plain dump has no names either"]
    if [pid for pid, _ in was] != [pid for pid, _ in now]:
        wrong.append(f"{len(now)} processes, not {len(was)}")
    readable = [f"{pid} {name}" for pid, name in now if len(set(name)) > 1]
    if readable:
        wrong.append(f"{len(readable)} names can be read, first {readable[0]}")
    # Threads have names, too, but there are fewer of them than of processes.
    return wrong + same_pages(dumpdir, plain, dump) + little_differs(plain, dump, 32 * len(was))


def without(plain, dump, name):
    """Judge that a name, which pages of the plain dump have, is in none of a dump."""
    before, after = ([pfn for pfn in sorted(dumped(path)) if name in read(pfn)]
                     for path, read in ((p, open_dump(p)) for p in (plain, dump)))
    wrong = [] if before else [f"the plain dump does not have {name}, either"]
    return wrong + compare.census([(pfn, "dumped") for pfn in after], f"{name} is there")


def little_differs(plain, dump, most):
    """Judge that at most MOST bytes differ between two dumps with the same pages."""
    one, other, differ = open_dump(plain), open_dump(dump), 0
    for pfn in sorted(dumped(plain) & dumped(dump)):
        a, b = one(pfn), other(pfn)
        if a != b:
            differ += sum(x != y for x, y in zip(a, b))
    return [f"{differ} bytes differ, more than {most}"] if differ > most else []
