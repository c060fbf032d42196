#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure the cost of one flipped bit in the headers of a dump.

usage: flips.py PROGRAM VMCORE [EVERY [FIRST]]

Flips each bit (or every EVERY-th, from FIRST on) of the ELF header, the program headers and the
heads of the notes, or of the header and the sub-header of a kdump-compressed file, one at a
time, in a copy of VMCORE beside it, and makes a dump of it.  Memory, blocks on the disk and CPU
seconds may be twice what the intact file costs.  For a vmcore of 512 MiB this takes hours.
"""
import os
import resource
import struct
import subprocess
import sys

# CPU seconds: the limit of a run that does not end, and an allowance for one that takes no time.
CPU_MAX = 60
CPU_SLACK = 1
# The name of the machine and its kernel, of which the program believes nothing but the text.
UTSNAME = range(12, 12 + 6 * 65)


def note_heads(data, start, size, order):
    """Offsets of the first 12 bytes of each note."""
    pos, end = start, start + size
    while pos + 12 <= end:
        name, desc, _ = struct.unpack_from(order + 'III', data, pos)
        if not name:
            break
        yield pos
        pos += 12 + (name + 3) // 4 * 4 + (desc + 3) // 4 * 4


def header_bytes(data):
    """The offsets of all bytes that are headers; of 64-bit files."""
    if data[:8] == b'KDUMP   ':
        block, = struct.unpack_from('<I', data, 0x1a8 + 4)
        offset, size = struct.unpack_from('<QQ', data, block + 0x30)
        found = {*range(464), *range(block, block + 104)} - {i for i in UTSNAME if i % 16}
        heads = note_heads(data, offset, size, '<')
    else:
        order = '<' if data[5] == 1 else '>'
        phoff, = struct.unpack_from(order + 'Q', data, 32)
        number, = struct.unpack_from(order + 'H', data, 56)
        found = {*range(64), *range(phoff, phoff + 56 * number)}
        heads = []
        for at in range(phoff, phoff + 56 * number, 56):
            kind, _, offset, _, _, size = struct.unpack_from(order + 'IIQQQQ', data, at)
            if kind == 4:
                heads += note_heads(data, offset, size, order)
    return sorted(found.union(*(range(head, head + 12) for head in heads)))


def cost(program, vmcore, dump, args):
    """Exit status, KiB of memory, KiB on the disk, CPU seconds."""
    if os.path.exists(dump):
        os.unlink(dump)
    with subprocess.Popen([program, '-f', '--message-level', '0', *args, vmcore, dump],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU,
                                                                (CPU_MAX, CPU_MAX))) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    disk = os.stat(dump).st_blocks // 2 if os.path.exists(dump) else 0
    return process.returncode, used.ru_maxrss, disk, used.ru_utime + used.ru_stime


def flip(path, offset, bit):
    with open(path, 'r+b') as f:
        f.seek(offset)
        byte = f.read(1)[0]
        f.seek(offset)
        f.write(bytes((byte ^ 1 << bit,)))


def flips(program, vmcore, args, slack_kib, every=1, first=0):
    """Flip bits of vmcore, which is changed meanwhile; yield (offset, bit, what is wrong)."""
    dump = f'{vmcore}.dump'
    with open(vmcore, 'rb') as f:
        offsets = header_bytes(f.read(1 << 20))
    intact = cost(program, vmcore, dump, args)
    if intact[0]:
        yield 0, 0, f'the intact file: exit status {intact[0]}'
    for number in range(first, len(offsets) * 8, every):
        offset, bit = offsets[number // 8], number % 8
        flip(vmcore, offset, bit)
        status, memory, disk, seconds = cost(program, vmcore, dump, args)
        flip(vmcore, offset, bit)
        wrong = [] if status in (0, 1) else [f'exit status {status}']
        if memory > 2 * intact[1] + slack_kib:
            wrong.append(f'{memory} KiB of memory instead of {intact[1]}')
        if disk > 2 * intact[2] + slack_kib:
            wrong.append(f'{disk} KiB on the disk instead of {intact[2]}')
        if seconds > 2 * intact[3] + CPU_SLACK:
            wrong.append(f'{seconds:.2f} s instead of {intact[3]:.2f}')
        yield offset, bit, ', '.join(wrong)
    os.unlink(dump)


def main(program, vmcore, every='1', first='0'):
    copy = f'{vmcore}.flips'
    subprocess.run(['cp', '--sparse=always', '--reflink=auto', vmcore, copy], check=True)
    os.chmod(copy, 0o600)
    done = failed = 0
    try:
        for offset, bit, wrong in flips(program, copy, ('-l', '-d', '31'), 0, int(every),
                                        int(first)):
            done += 1
            failed += bool(wrong)
            if wrong:
                print(f'byte {offset:#x} bit {bit}: {wrong}', flush=True)
    finally:
        os.unlink(copy)
    print(f'{done} flips, {failed} of them too expensive')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
