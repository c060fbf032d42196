# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges for the symbols and types that a program finds in a dump.

The symbols are compared with what the guest read in /proc/kallsyms, the types with
what bpftool reads in the guest's /sys/kernel/btf. Each judge returns a list of
sentences, empty when there is nothing to complain about:

    compare_symbols(said, listed)         lines as in /proc/kallsyms
    compare_types(said, listed)           structs and unions, as Btf and read_listing()
                                          return them
    same_dumps(one, other)                two dumps, their notes apart
    same_pages(one, other)                which pages two dumps have
"""
import json
import mmap
import os
import re
import struct
import subprocess
from collections import Counter

from compare import Dump, Vmcore


# Lines of /proc/kallsyms that no table has: BPF programs and trampolines come and go, and 4.19 has
# a copy of a function for each CPU.
DYNAMIC = {"bpf", "__builtin__ftrace", "__builtin__kprobes"}
COPIED = "__entry_SYSCALL_64_trampoline"
SHOWN = 3                       # differences that a complaint names

# Local labels of some assemblers have a space or a control character in their names, for
# which a program may print a question mark.
ODD = re.compile(r"[^!-~]")
SYMBOL = re.compile(r"([0-9a-f]{8}(?:[0-9a-f]{8})?) (\S) ([^\t]+?)(?:\t\[(\S+)\])?")


# ---- symbols -----------------------------------------------------------------

def read_symbols(text):
    """{(module or "", name, address, type): how often}, of lines as in /proc/kallsyms.

    The kernel has one letter for a module's symbols, and prints it as a capital if
    they are exported, which their table does not tell.
    """
    found = Counter()
    for line in text.rstrip("\n").split("\n"):
        m = SYMBOL.fullmatch(line)
        if not m:
            raise ValueError(f"no symbol: {line!r}")
        address, kind, name, module = m.groups("")
        if module not in DYNAMIC and name != COPIED:
            name = ODD.sub("?", name)
            found[module, name, int(address, 16), kind.lower() if module else kind] += 1
    return found


def say_symbol(symbol):
    module, name, address, kind = symbol
    return f"{address:016x} {kind} {name}{f' [{module}]' if module else ''}"


def excess(what, more, less, say):
    """A sentence about what MORE has and LESS, another Counter, has not: [] if nothing."""
    extra = more - less
    if not extra:
        return []
    shown = ", ".join(say(thing) for thing in sorted(extra)[:SHOWN])
    return [f"{extra.total()} {what}: {shown}{' ...' if len(extra) > SHOWN else ''}"]


def compare_symbols(said, listed):
    """Judge two results of read_symbols(): the kernel's own words, and a program's."""
    return (excess("symbols are missing", said, listed, say_symbol)
            + excess("symbols are not the kernel's", listed, said, say_symbol))


# ---- types, as bpftool reads them ----------------------------------------------
#
# A struct or union is (module or "vmlinux", "struct" or "union", name, bytes, members);
# a member is (path, offset in bits, width of a bit field or 0, bytes or 0 for a bit
# field). Members of a member that has no name, nor its type, are listed as the struct's own;
# those of a member whose type has no name as MEMBER.NAME. A member without a name whose
# type has one goes by that.

MODIFIERS = {"TYPEDEF", "CONST", "VOLATILE", "RESTRICT", "TYPE_TAG"}
WORDS = {"long unsigned int", "unsigned long"}          # as gcc and clang call it


class Btf:
    """The types of a kernel, or of a module on top of the kernel's."""

    def __init__(self, path, base=None):
        cmd = ["bpftool", *(["-B", base.path] if base else []), "-j", "btf", "dump", "file",
               path, "format", "raw"]
        r = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if r.returncode:
            raise ValueError(f"bpftool cannot read {path}: "
                             f"{(r.stderr or r.stdout).decode(errors='replace').strip()}")
        self.path = path
        self.base = base
        self.own = {t["id"]: t for t in json.loads(r.stdout)["types"]}
        self.pointer_bytes = base.pointer_bytes if base else next(
            t["size"] for t in self.own.values() if t["kind"] == "INT" and t["name"] in WORDS)

    def type(self, number):
        return self.own.get(number) or self.base.own[number]

    def size(self, number):
        """Bytes of a type; 0 for void and functions."""
        count = 1
        while number:
            t = self.type(number)
            if t["kind"] in MODIFIERS:
                number = t["type_id"]
            elif t["kind"] == "ARRAY":
                count *= t["nr_elems"]
                number = t["type_id"]
            else:
                return count * (self.pointer_bytes if t["kind"] == "PTR" else t.get("size", 0))
        return 0

    def nameless(self, number):
        """The struct or union without a name that a type is, or is an array of; or None."""
        while number:
            t = self.type(number)
            if t["kind"] in MODIFIERS - {"TYPEDEF"} | {"ARRAY"}:
                number = t["type_id"]
            elif t["kind"] in ("STRUCT", "UNION") and t["name"] == "(anon)":
                return t
            else:
                return None
        return None

    def members(self, t, path="", at=0):
        for m in t["members"]:
            name = "" if m["name"] == "(anon)" else m["name"]
            offset, width = at + m["bits_offset"], m.get("bitfield_size", 0)
            inner = self.nameless(m["type_id"])
            # gcc -fms-extensions: a member without a name, whose struct has one.
            name = name or ("" if inner else self.type(m["type_id"])["name"])
            if name:
                yield path + name, offset, width, 0 if width else self.size(m["type_id"])
            if inner:
                yield from self.members(inner, f"{path}{name}." if name else path, offset)

    def structs(self, module="vmlinux"):
        """All that have a name, as a Counter."""
        return Counter((module, t["kind"].lower(), t["name"], t["size"], tuple(self.members(t)))
                       for t in self.own.values()
                       if t["kind"] in ("STRUCT", "UNION") and t["name"] != "(anon)")


# ---- types, as a program prints them -------------------------------------------

OPENING = re.compile(r"(?:const |volatile )*(struct|union|enum)(?: (\w+))? ?\{")
CLOSING = re.compile(r"\}\s*([^;]*);\s*(?:/\*.*\*/)?")
MEMBER = re.compile(r"(.*\S)\s*;\s*/\*\s*(\d+)(?::\s*(\d+))?\s+(\d+)\s*\*/")
SIZE = re.compile(r"/\* size: (\d+)[,\s]")
MODULE = re.compile(r"/\* module (\S+) \*/")      # in front of each type that is a module's
# The name in a declaration: that of a pointer to a function, or the last word, and a width.
FUNCTION = re.compile(r"\(\s*(?:\*\s*)+(?:const |volatile )*(\w+)[^()]*\)")
NAME = re.compile(r"(\w+)\s*(?:\[[^]]*\]\s*)*(?::\s*(\d+))?$")


class Listing:
    """The reader of what --list-ktypes prints."""

    def __init__(self):
        self.found = Counter()
        self.module = "vmlinux"
        self.open = []          # from the outermost: [kind, name, bytes, members]

    def line(self, text):
        if m := OPENING.fullmatch(text):
            self.open.append([m[1], m[2], None, []])
        elif not self.open:
            if m := MODULE.fullmatch(text):
                self.module = m[1]
        elif m := SIZE.match(text):
            self.open[-1][2] = int(m[1])
        elif self.open[-1][0] == "enum" and text[:1] != "}":
            pass                # an enumerator
        elif m := MEMBER.fullmatch(text):
            place = int(m[2]) * 8 + int(m[3] or 0), int(m[4])
            if text[0] == "}":
                self.close(m[1][1:].strip(), *place)
            else:
                self.member(m[1], *place)
        elif m := CLOSING.fullmatch(text):
            self.end(text)
        elif text and not text.startswith("/*"):
            raise ValueError(f"no member: {text!r}")

    def member(self, declaration, bits, size):
        m = FUNCTION.search(declaration) or NAME.search(declaration)
        if not m:
            raise ValueError(f"no name: {declaration!r}")
        width = int(m[2] or 0) if m.re is NAME else 0
        self.open[-1][3].append((m[1], bits, width, 0 if width else size))

    def close(self, declarator, bits, size):
        """The end of a member whose type has no name."""
        *_, inner = self.open.pop()
        if not self.open:
            raise ValueError("a member outside of a struct")
        outer = self.open[-1][3]
        prefix = ""
        if declarator:
            self.member(declarator, bits, size)
            prefix = f"{outer[-1][0]}."
        if "*" not in declarator:
            outer += [(prefix + name, *rest) for name, *rest in inner]

    def end(self, text):
        kind, name, size, members = self.open.pop()
        if self.open or not name or size is None:
            raise ValueError(f"a struct without a name or size, or a member without a place: "
                             f"{kind} {name or ''}")
        self.found[self.module, kind, name, size, tuple(members)] += 1


def read_listing(text):
    """The structs and unions in what --list-ktypes printed, as a Counter."""
    listing = Listing()
    for line in text.splitlines():
        listing.line(line.strip())
    if listing.open:
        raise ValueError("the last struct has no end")
    return listing.found


def say_type(t):
    module, kind, name, size, members = t
    return f"{kind} {name}{f' [{module}]' * (module != 'vmlinux')}, {size} bytes, " \
           f"{len(members)} members"


def first_difference(said, listed):
    """Describe the first difference between two structs of one name."""
    if said[3] != listed[3]:
        return f"{say_type(listed)}: it has {said[3]} bytes"
    for mine, theirs in zip(listed[4], said[4]):
        if mine != theirs:
            return f"{say_type(listed)}: member {say_member(mine)} is {say_member(theirs)}"
    return f"{say_type(listed)}: it has {len(said[4])} members"


def say_member(member):
    path, bits, width, size = member
    return f"{path} at {bits // 8}" + (f":{bits % 8} ({width} bits)" if width else f" ({size})")


def compare_types(said, listed):
    """Judge structs and unions, as Counters: bpftool's, and a program's.

    A type of the kernel, or of several modules, need not be listed for each module.
    """
    wrong, once = listed - said, {t[1:] for t in listed}
    missing = Counter({t: n for t, n in (said - listed).items()
                       if t[0] == "vmlinux" or t[1:] not in once})
    by_name = {t[:3]: t for t in missing}
    pairs = [t for t in sorted(wrong) if t[:3] in by_name]
    complaints = []
    if pairs:
        shown = ", ".join(first_difference(by_name[t[:3]], t) for t in pairs[:SHOWN])
        complaints.append(f"{len(pairs)} types differ: {shown}")
    known = {t[:3] for t in pairs}
    for what, types in (("types are missing", missing), ("types are not the kernel's", wrong)):
        rest = Counter({t: n for t, n in types.items() if t[:3] not in known})
        complaints += excess(what, rest, Counter(), say_type)
    return complaints


# ---- dumps that are the same but for their notes ---------------------------------

def stored_pages(data, dump):
    """The (size, flags, bytes) of each page of a kdump-compressed file, in the order of pfns."""
    nr = sum(byte.bit_count() for byte in dump.dumped)
    descs = data[dump.descs_at:dump.descs_at + 24 * nr]
    for offset, size, flags, _ in struct.iter_unpack(f"{dump.order}QIIQ", descs):
        yield size, flags, data[offset:offset + size]


def same_dumps(one, other):
    """Judge two kdump-compressed files, which shall have the same pages, stored in the same way.
    Their order may differ: which pages are essential depends on what is known; and their headers:
    makedumpfile adds what it found to VMCOREINFO."""
    a, b = Dump(one), Dump(other)
    if (a.exists, a.dumped, a.status, a.level) != (b.exists, b.dumped, b.status, b.level):
        return ["other pages, or another level or compression"]
    with open(one, "rb") as f, open(other, "rb") as g:
        x = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        y = mmap.mmap(g.fileno(), 0, prot=mmap.PROT_READ)
    with x, y:
        sizes = len(x) - a.descs_at, len(y) - b.descs_at
        if sizes[0] != sizes[1]:
            return [f"{sizes[1]} bytes after the headers, not {sizes[0]}"]
        different = sum(p != q for p, q in zip(stored_pages(x, a), stored_pages(y, b)))
        return [f"{different} pages differ"] if different else []


def same_pages(one, other):
    """Judge two kdump-compressed files, which shall have the same pages."""
    return [] if Dump(one).dumped == Dump(other).dumped else ["other pages"]


# ---- vmcores that know less --------------------------------------------------------

def forget(vmcore, copy, keys, needs=()):
    """Copy a vmcore without the keys of its VMCOREINFO that match KEYS, a regular expression;
    or, if NEEDS are -i and a text that comes beside it, that text.

    They become keys that no program knows, so that everything stays where it is.
    Returns how many they were, the options that are needed then, and the vmcore to read.
    """
    def less(text):
        return re.subn(rb"(?m)^(?:%s)=" % keys.encode(), lambda m: m[0].lower(), text)

    if needs and needs[0] == "-i":
        option, path = needs
        with open(path, "rb") as f:
            text, count = less(f.read())
        with open(copy, "wb") as f:
            f.write(text)
        return count, [option, copy], vmcore
    with Vmcore(vmcore) as core:
        at, size = core.vmcoreinfo_at
        text, count = less(bytes(core.map[at:at + size]))
    if os.path.exists(copy):
        os.unlink(copy)
    subprocess.run(["cp", "--reflink=auto", "--sparse=always", vmcore, copy], check=True)
    with open(copy, "r+b") as f:
        f.seek(at)
        f.write(text)
    return count, list(needs), copy
