# SPDX-License-Identifier: GPL-2.0-or-later
"""The stacks that drgn finds in a dump: look_stacks VMLINUX DUMP. For drgn's own python.

Prints a JSON object: process ID -> addresses of the frames, without those of inline functions;
null where drgn finds no stack.
"""
import json
import sys

import drgn
from drgn.helpers.linux import for_each_task


def addresses(prog, task):
    try:
        return [f.pc for f in prog.stack_trace(task) if not f.is_inline]
    except (ValueError, LookupError, drgn.FaultError):
        return None


def main():
    vmlinux, dump = sys.argv[1:]
    prog = drgn.Program()
    prog.set_core_dump(dump)
    prog.load_debug_info([vmlinux])
    print(json.dumps({task.pid.value_(): addresses(prog, task) for task in for_each_task(prog)}))


main()
