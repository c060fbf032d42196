# SPDX-License-Identifier: GPL-2.0-or-later
"""The event queues of XIVE, an interrupt controller of ppc64, in the truth of a guest that panics.

The kernel frees them while it goes down, after the guest has told that they are in use: one of each
CPU. They are recognized by their contents, and their pages are made free ones in the truth.
"""
import struct

from compare import BUDDY, Vmcore, page_size, read_words
from monitor import GuestFailed

QUEUE_BYTES = 1 << 16
VALID = 1 << 31                 # in a word of four bytes, with the number of an interrupt
NUMBERS = 1 << 16


def is_queue(data):
    """Is this one that was never full: valid words, and zeros after them?"""
    words = struct.unpack(f">{len(data) // 4}I", data)
    used = next((i for i, word in enumerate(words) if not word), len(words))
    return used > 0 and not any(words[used:]) and all(
        VALID <= word < VALID + NUMBERS for word in words[:used])


def free(dumpdir, cpus):
    """Make them free in the truth; GuestFailed if there is not one of each CPU."""
    page = page_size(dumpdir)
    pages, path = QUEUE_BYTES // page, f"{dumpdir}/truth/kpageflags"
    flags, found = read_words(path), []
    with Vmcore(f"{dumpdir}/vmcore", page) as core:
        for pfn in range(0, len(flags), pages):
            if not any(flags[pfn:pfn + pages]) and is_queue(core.read(pfn, pages) or b""):
                found.append(pfn)
    if len(found) != cpus:
        raise GuestFailed(f"{len(found)} event queues of {cpus} CPUs")
    for pfn in found:
        for i in range(pages):
            flags[pfn + i] = BUDDY
    with open(path, "wb") as f:
        f.write(flags.tobytes())
