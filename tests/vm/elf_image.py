# SPDX-License-Identifier: GPL-2.0-or-later
"""Images of machines for which QEMU writes none, or wrong ones: the machine's memory, with
ELF headers before it."""
import shutil
import struct

NOTE_AT = 0x1000                # after the headers
ET_CORE, PT_LOAD, PT_NOTE = 4, 1, 4


def note(order, name, text):
    """One ELF note without a type, in the byte ORDER "<" or ">"."""
    def pad(data):
        return data + bytes(-len(data) % 4)
    return struct.pack(f"{order}III", len(name) + 1, len(text), 0) + pad(name + b"\0") + pad(text)


def write(path, machine, vmcoreinfo, parts):
    """Write the ELF64 core PATH of a MACHINE of machines.py with VMCOREINFO (bytes, or None) and
    PARTS, each (physical address, bytes, path of a file that has them)."""
    order = ">" if machine.big_endian else "<"
    notes = b"" if vmcoreinfo is None else note(order, b"VMCOREINFO", vmcoreinfo)
    at = NOTE_AT + -(-len(notes) // NOTE_AT) * NOTE_AT
    headers = [(PT_NOTE, NOTE_AT, 0, len(notes))]
    for start, size, _ in parts:
        headers.append((PT_LOAD, at, start, size))
        at += size
    ident = b"\x7fELF\x02" + (b"\x02" if machine.big_endian else b"\x01") + b"\x01" + bytes(9)
    with open(path, "wb") as f:
        f.write(ident + struct.pack(f"{order}HHIQQQIHHHHHH", ET_CORE, machine.elf_machine, 1, 0,
                                    64, 0, 0, 64, 56, len(headers), 0, 0, 0))
        for kind, offset, start, size in headers:
            f.write(struct.pack(f"{order}IIQQQQQQ", kind, 0, offset, 0, start, size, size, 0))
        f.seek(NOTE_AT)
        f.write(notes)
        for (_, _, source), (_, offset, _, _) in zip(parts, headers[1:]):
            f.seek(offset)
            with open(source, "rb") as memory:
                shutil.copyfileobj(memory, f, 1 << 20)
