# SPDX-License-Identifier: GPL-2.0-or-later
"""The judge of a log that was found in a dump: against what the guest's own syslog(2) gave.

    compare(guest, said, crashed)         texts as bytes; crashed: the guest went on to panic
"""
import re

# The message of a kernel before a panic that sysrq causes.
LAST_WORDS = "sysrq: Trigger a crash"
# Messages of a guest between its own look at the log and the instant of the dump.
LATER = 20

KERNEL_LINE = re.compile(r"(?:<\d+>)?(\[ *\d+\.\d{6}\])(?:\[ *([TC]\d+)\])? (.*)", re.S)
LINE = re.compile(r"(\[ *\d+\.\d{6}\] (?:\[ *[TC]\d+\] )?)(.*)", re.S)


def escape(text):
    return "".join(c if " " <= c <= "~" or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def kernel_lines(guest):
    """[(prefix as dmesg shows it, text)]: each line of a message has a prefix of its own."""
    lines = []
    for line in guest.decode("latin-1").split("\n")[:-1]:
        m = KERNEL_LINE.fullmatch(line)
        if not m:
            raise ValueError(f"the guest's own log has the line {line!r}")
        caller = f"[{m[2]:>8}] " if m[2] else ""
        lines.append((f"{m[1]} {caller}", escape(m[3])))
    return lines


def lines_of(said):
    """The same of a log in which further lines of a message are indented."""
    lines, prefix = [], None
    for line in said.decode("ascii").split("\n")[:-1]:
        m = LINE.fullmatch(line)
        if m:
            prefix = m[1]
            lines.append(m.groups())
        elif prefix and line.startswith(" " * len(prefix)):
            lines.append((prefix, line[len(prefix):]))
        else:
            raise ValueError(f"a line is {line!r}")
    return lines


def compare(guest, said, crashed):
    """Judge a log: all that the guest saw has to be in it, and nothing else but what came later."""
    right, ours = kernel_lines(guest), lines_of(said)
    if not right:
        return ["the guest's own log is empty"]
    for number, (a, b) in enumerate(zip(right, ours), 1):
        if a != b:
            return [f"line {number} is {''.join(b)!r}, not {''.join(a)!r}"]
    if len(ours) < len(right):
        return [f"it ends after {len(ours)} of {len(right)} lines"]
    later = [text for _, text in ours[len(right):]]
    if crashed and not any(LAST_WORDS in text for text in later):
        return [f'"{LAST_WORDS}" is not among the last lines']
    if not crashed and len(later) > LATER:
        return [f"{len(later)} lines more than the guest saw, such as {later[0]!r}"]
    return []
