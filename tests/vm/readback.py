# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that read dumps, and what they make of one: text in sections."""
import os
import re
import subprocess

import compare
from programs import Programs

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = "==== "
TIMEOUT = 1800                  # seconds for one dump
# The lines that differ between dumps of one kernel: their names.
NAMES = re.compile(r"^ +DUMPFILES?: .*\n(?: {14}\S.*\n)*", re.M)
SUITE = "sid"
PACKAGES = ["crash", "python3-drgn", "python3-libkdumpfile"]


def sections(command, wanted, work, env=None):
    """The output of a COMMAND, as {section: text}, that before the first under None; a
    ValueError if it fails or not all of the WANTED are there: that has (reason, sections)."""
    try:
        r = subprocess.run(command, text=True, check=False, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                           timeout=TIMEOUT, cwd=work, env=env)
    except subprocess.TimeoutExpired as e:
        raise ValueError(f"it did not end in {TIMEOUT} seconds", {}) from e
    parts = re.split(rf"^{MARK}(.*)\n", r.stdout, flags=re.M)
    found = {None: parts[0]} | dict(zip(parts[1::2], parts[2::2]))
    if r.returncode or any(name not in found for name in wanted):
        words = [w.strip() for w in r.stdout.splitlines() if w.strip()]
        raise ValueError(f"exit status {r.returncode}: {' | '.join(words[-2:])}", found)
    return found


def crash(program, vmlinux, files, commands, work):
    """The output of crash (PROGRAM, words) for each of the COMMANDS on a dump of some FILES,
    as sections()."""
    script = os.path.join(work, "commands")
    with open(script, "w") as f:
        for command in commands:
            f.write(f"!echo '{MARK}{command}'\n{command}\n")
        f.write("quit\n")
    found = sections([*program, "-s", "-i", script, vmlinux, *files], commands, work)
    return {name: NAMES.sub("", text) for name, text in found.items()}


class Crash:
    name, package = "crash", "crash"
    sections = ["sys", "log", "ps", "bt -a"]

    def __init__(self, programs, vmlinux):
        self.program, self.vmlinux = programs.command("usr/bin/crash"), vmlinux

    def look(self, files, work):
        return crash(self.program, self.vmlinux, files, self.sections, work)


class Drgn:
    name, package = "drgn", "python3-drgn"
    sections = ["sys", "log", "ps", "bt -a"]

    def __init__(self, programs, vmlinux):
        self.python, self.env = programs.python()
        self.vmlinux = vmlinux

    def look(self, files, work):
        if len(files) > 1:
            return None             # it takes one
        return sections([*self.python, f"{HERE}/readers/look_drgn.py", self.vmlinux, *files],
                        self.sections, work, self.env)


class Kdumpfile:
    name, package = "libkdumpfile", "libkdumpfile12"
    sections = ["sys", "virtual", "memory"]

    def __init__(self, programs, vmlinux):
        del vmlinux                 # it needs none
        self.python, self.env = programs.python()
        self.pfns = ""

    def pages_of(self, dump):
        """From now on read the pages that a kdump-compressed DUMP has."""
        found = compare.Dump(dump)
        self.pfns = " ".join(str(pfn) for pfn in range(found.max_mapnr)
                             if compare.has(found.dumped, pfn))

    def look(self, files, work):
        pfns = os.path.join(work, "pfns")
        with open(pfns, "w") as f:
            f.write(self.pfns)
        return sections([*self.python, f"{HERE}/readers/look_kdumpfile.py", pfns, *files],
                        self.sections, work, self.env)


READERS = (Crash, Drgn, Kdumpfile)


def programs():
    """The readers' programs, of the newest versions that there are. The caller holds the
    cache's lock."""
    return Programs(SUITE, PACKAGES)
