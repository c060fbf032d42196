# SPDX-License-Identifier: GPL-2.0-or-later
"""The judge of erase_secrets: no key that the guest gave its kernel is in a dump.

A vmcore directory is what mkvmcore makes; truth/keys there has a line for each key:
"KIND NUMBER BYTES". Its bytes follow from the number, as in guest/keys.c.
"""
import os
import tempfile

import extensions
import compare
from compare import PAGE
from report import run

LEVELS = [0, 31]
# The pieces to search for: 8 bytes out of each 16 of a key. A cipher may keep no more of it
# in one piece, and a Curve25519 key's first and last bits are not free.
PIECE, PIECE_AT, BLOCK = 8, 4, 16
# More than all keys of the guest and the crypto API's copies of them.
ERASED_MOST = 1 << 16
# kind of key -> modules whose types are needed to find it.
MODULES = {"dm_crypt": ["dm_mod", "dm_crypt"], "tls": ["tls"], "wireguard": ["wireguard"]}
KEYRING = {"user", "logon"}


def key_bytes(number, size):
    """The bytes of a key: of splitmix64, started at NUMBER << 32."""
    mask, state, out = (1 << 64) - 1, number << 32, b""
    while len(out) < size:
        state = state + 0x9e3779b97f4a7c15 & mask
        z = (state ^ state >> 30) * 0xbf58476d1ce4e5b9 & mask
        z = (z ^ z >> 27) * 0x94d049bb133111eb & mask
        out += (z ^ z >> 31).to_bytes(8, "little")
    return out[:size]


def pieces(dumpdir):
    """Pieces of all keys: {bytes: (kind, number)}."""
    found = {}
    with open(f"{dumpdir}/truth/keys") as f:
        for line in f:
            kind, number, size = line.split()
            key = key_bytes(int(number), int(size))
            for at in range(PIECE_AT, len(key), BLOCK):
                found[key[at:at + PIECE]] = kind, int(number)
    return found


def findable(dumpdir, kinds):
    """The kinds for which this kernel has types."""
    return {k for k in kinds
            if all(os.path.exists(f"{dumpdir}/truth/btf/{m}") for m in MODULES.get(k, []))}


def in_memory(dumpdir, wanted):
    """The kinds of the keys that are in a vmcore."""
    with compare.Vmcore(f"{dumpdir}/vmcore") as core:
        return {kind for piece, (kind, _) in wanted.items() if core.map.find(piece) >= 0}


def in_dump(dump, wanted, stride=512):
    """Find pieces in a dump: [(pfn, kind and number of the key)].

    Pages are searched in runs, as a key can lie across a boundary of pages.
    """
    import libkdumpfile         # a package of the distribution, needed only here
    handle, found = libkdumpfile.open_dump(dump), []
    handle.attr["file.mmap_policy"] = 0         # as compare.pages_equal() has it
    for first, end in compare.runs(compare.Dump(dump).dumped):
        tail = b""
        for pfn in range(first, end, stride):
            size = min(stride, end - pfn) * PAGE
            data = tail + bytes(handle.read(libkdumpfile.MACHPHYSADDR, pfn * PAGE, size))
            zero = data == bytes(len(data))
            for piece, (kind, number) in () if zero else wanted.items():
                at = data.find(piece)
                if at >= 0:
                    found.append((pfn + (at - len(tail)) // PAGE, f"{kind} {number}"))
            tail = data[-PIECE + 1:]
    return found


def keyless(program, extension, dumpdir, level, work):
    """Judge a dump from which all is erased that this kernel has types for."""
    wanted = pieces(dumpdir)
    kinds = findable(dumpdir, {kind for kind, _ in wanted.values()})
    wanted = {p: key for p, key in wanted.items() if key[0] in kinds}
    missing = kinds - in_memory(dumpdir, wanted)
    wrong = [f"the vmcore has no key of kind {kind}" for kind in sorted(missing)]
    dump = os.path.join(work, "dump")
    failed = run(program, ["-l", "-d", str(level), "--require-extension", extension],
                 f"{dumpdir}/vmcore", dump)
    return wrong + (failed or compare.census(in_dump(dump, wanted), "key in the dump"))


def nothing_else(program, extension, dumpdir, work):
    """Judge that the pages are those of a dump without, and that they hardly differ."""
    plain, dump = os.path.join(work, "plain"), os.path.join(work, "dump")
    failed = (run(program, ["-l", "-d", "31"], f"{dumpdir}/vmcore", plain)
              or run(program, ["-l", "-d", "31", "--require-extension", extension],
                     f"{dumpdir}/vmcore", dump))
    return failed or (extensions.same_pages(dumpdir, plain, dump)
                      + extensions.little_differs(plain, dump, ERASED_MOST))


def strict(program, extension, dumpdir, work):
    """Judge that a dump is made if all is found, and none if there are keys left."""
    wanted = pieces(dumpdir)
    kinds = {kind for kind, _ in wanted.values()}
    dump = os.path.join(work, "dump")
    failed = run(program, ["-l", "-d", "31", "--require-extension", f"{extension},strict"],
                 f"{dumpdir}/vmcore", dump)
    if findable(dumpdir, kinds) == kinds:
        return failed
    if not failed:
        return ["there is a dump, although there are keys that cannot be found"]
    return ["something is left"] if os.path.exists(dump) else []


def only_keyring(program, extension, dumpdir, work):
    """Judge that kinds= chooses."""
    wanted = pieces(dumpdir)
    dump = os.path.join(work, "dump")
    failed = run(program, ["-l", "-d", "31", "--extension", f"{extension},kinds=keyring"],
                 f"{dumpdir}/vmcore", dump)
    if failed:
        return failed
    found = {what.split()[0] for _, what in in_dump(dump, wanted)}
    expected = in_memory(dumpdir, wanted) - KEYRING
    return [] if found == expected else [f"{sorted(found)} in the dump, not {sorted(expected)}"]


def judge_secrets(report, program, extension, dumpdir):
    """All tests of erase_secrets (EXTENSION, a path) on one vmcore."""
    name = os.path.basename(dumpdir).split(".part")[0].rsplit(".", 1)[0].replace("-", " ", 1)
    with tempfile.TemporaryDirectory() as work:
        for level in LEVELS:
            report.judged(f"{name}: erase_secrets leaves no key, -d {level}",
                          keyless, program, extension, dumpdir, level, work)
        report.judged(f"{name}: erase_secrets erases nothing else", nothing_else, program,
                      extension, dumpdir, work)
        report.judged(f"{name}: erase_secrets, strict", strict, program, extension, dumpdir, work)
        report.judged(f"{name}: erase_secrets of one kind", only_keyring, program, extension,
                      dumpdir, work)
