# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules for a run on a damaged dump, whatever the damage.

    crash       it ends by a signal, or with an exit status that is none of its own
    sanitizer   a sanitizer complains
    hang        it takes much more CPU time than the intact run, or sleeps without end
    time, memory, disk      more than twice what the intact run needs. A run that could not
                filter may need what a dump of everything needs, and has to say so
    wordless    it fails, and not a line says why
    babble      it says more than LINES lines
    silent      exit status 0, but pages of the kernel, or messages of its log, are missing and no
                line says so
    missing     exit status 0, but pages of the kernel are missing
    wrong       a page of the dump is not what it was in memory
    malformed   exit status 0, but the dump cannot be read
    lost        no dump at all, though only what filtering needs is damaged
    unmarked    it fails, but the dump is not marked as incomplete
    changed     a call failed, exit status 0, but the text is another one
"""
import os
import re

from formats import Malformed, open_dump

SANITIZER = re.compile(r'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:')
LINES = 20
# The excess that every run is allowed: microseconds of CPU, KiB.
TIME_MORE, KIB_MORE = 500000, 32 * 1024
# The largest block of the page allocator, in pages: what one struct page can speak for.
BLOCK = 1024


class Reference:
    """An intact run: what it costs, and what its outputs hold."""

    def __init__(self, way, result, at_level_0, worker):
        self.result, self.at_level_0 = result, at_level_0
        self.kept, self.text = [], b''
        paths = [worker.path(name) for name in way.outputs()]
        if way.makes == 'dump':
            self.kept = [open_dump(path).kept() for path in paths]
        else:
            with open(paths[0], 'rb') as f:
                self.text = f.read()

    @property
    def all(self):
        bits = 0
        for kept in self.kept:
            bits |= kept
        return bits


class Judge:
    """memory: the intact vmcore's, an ElfFile."""

    def __init__(self, memory):
        self.memory = memory

    def alive(self, result):
        """The faults of any run."""
        if result.limit in ('cpu', 'asleep'):
            return ['hang']
        if any(SANITIZER.search(line) for line in result.err):
            return ['sanitizer']
        if result.limit != '-':
            return [result.limit]
        if result.status not in (0, 1, 2):
            return ['crash']
        if result.status and not result.lines:
            return ['wordless']
        return ['babble'] if len(result.lines) > LINES else []

    @staticmethod
    def costs(result, reference):
        intact, whole = reference.result, reference.at_level_0
        found = []
        for kind, more in (('cpu', TIME_MORE), ('memory', KIB_MORE), ('disk', KIB_MORE)):
            limit = getattr(intact, kind)
            if result.lines and whole:
                limit = max(limit, getattr(whole, kind))
            if getattr(result, kind) > 2 * limit + more:
                found.append('time' if kind == 'cpu' else kind)
        return found

    def dump(self, paths, result, reference, fault, checks_contents):
        """The faults of dumps that were written, and how many pages of the kernel they lack."""
        found, kept, marked = [], 0, False
        for path in paths:
            if not os.path.exists(path) or not os.path.getsize(path):
                marked = True
                continue
            try:
                dump = open_dump(path)
            except (Malformed, OSError) as e:
                # Without its first bytes nothing takes it for a dump.
                if not result.status:
                    found.append('malformed')
                fault.text += f'; {os.path.basename(path)}: {e}'
                marked = True
                continue
            marked |= dump.incomplete
            try:
                kept |= dump.kept()
                if checks_contents and any(
                        self.is_wrong(pfn, fault) for pfn in dump.wrong(self.memory.memory)):
                    found.append('wrong')
            except Malformed as e:
                fault.text += f'; {os.path.basename(path)}: {e}'
                if not result.status:
                    found.append('malformed')
        missing = reference.all & ~kept
        lacks = bin(missing).count('1')
        if result.status:
            # Without the sector of the first header there is no dump to be read.
            headless = fault.bad is not None and fault.bad[0] == 0
            if fault.of_memory and not headless and not any(map(os.path.exists, paths)):
                found.append('lost')
            return found + ['unmarked'] * (not marked), lacks
        if fault.block is not None:
            missing &= ~(((1 << 2 * BLOCK) - 1) << max(0, fault.block - BLOCK))
        if missing or marked:
            found.append('missing' if result.lines else 'silent')
        return found, lacks

    def is_wrong(self, pfn, fault):
        """Unless it is a page in which something was changed."""
        at, page = self.memory.offset(pfn * self.memory.page), self.memory.page
        return not any(at is not None and at - page < changed < at + page
                       for changed in fault.changed)
