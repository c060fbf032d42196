# SPDX-License-Identifier: GPL-2.0-or-later
"""Single faults: what becomes of the bytes of a structure."""

NUMBERS = (0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
           1 << 40, 1 << 52, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
TEXTS = (b'\0', b'\n', b'=', b'9', b'f', b'-', b' ', b'\xff')
# The bytes that cannot be read around a bad sector: the least that is read of a disk.
SECTOR = 4096


class Fault:
    """patch: (offset, bytes) of a file; bad: (from, to) of it, which cannot be read; changed:
    where the vmcore is not the intact one; block: the page frame that a damaged struct page
    is about, or None; of_memory: it is in what only filtering needs."""

    def __init__(self, text, patch=None, bad=None):
        self.text, self.patch, self.bad = text, patch, bad
        self.changed, self.block, self.of_memory = [], None, False


def word(rnd, old, order):
    """Another number of the same size as the bytes."""
    bits = 8 * len(old)
    value = int.from_bytes(old, order)
    how = rnd.randrange(4)
    if how == 0:
        value ^= 1 << rnd.randrange(bits)
    elif how == 1:
        value = rnd.choice(NUMBERS)
    elif how == 2:
        value += rnd.choice((-1, 1, -8, 8, 64, 4096, -4096))
    else:
        value = rnd.getrandbits(bits)
    return (value % (1 << bits)).to_bytes(len(old), order)


def choose(rnd, data, places, order, text=False, unreadable=True):
    """A fault in one of the places, (offset, bytes) of data; text: they hold text."""
    at, size = rnd.choice(places)
    how = rnd.randrange(16)
    if how == 0 and unreadable:
        start = rnd.randrange(at, at + size) & -SECTOR
        return Fault(f'{start:#x}: {SECTOR} bytes cannot be read', bad=(start, start + SECTOR))
    if how < 6:
        at += rnd.randrange(size)
        new = bytes((data[at] ^ 1 << rnd.randrange(8),))
    elif how == 6:
        length = min(size, 1 << rnd.randrange(3, 10))
        at += rnd.randrange(size - length + 1)
        new = rnd.choice((b'\0', b'\xff')) * length
    elif text:
        at += rnd.randrange(size)
        new = rnd.choice(TEXTS)
    else:
        length = min(size, rnd.choice((4, 8, 8)))
        at += rnd.randrange(size // length) * length
        new = word(rnd, data[at:at + length], order)
    if new == data[at:at + len(new)]:
        new = bytes((new[0] ^ 1,)) + new[1:]
    shown = f'{new[:1].hex()} x {len(new)}' if len(new) > 8 else new.hex()
    return Fault(f'{at:#x}: {data[at:at + min(8, len(new))].hex()} -> {shown}', patch=(at, new))


def little_or_big(order):
    return 'little' if order == '<' else 'big'


def hide(data, places, keys):
    """Patches of VMCOREINFO's copies after which none of the keys is known."""
    ret = []
    for at, size in places:
        text = data[at:at + size]
        for key in keys:
            pos = text.find(b'\n' + key.encode() + b'=')
            if pos >= 0:
                ret.append((at + pos + 1, b'#'))
    return ret
