# SPDX-License-Identifier: GPL-2.0-or-later
"""Print drgn's view of a dump, in sections: look_drgn VMLINUX DUMP. For drgn's own python."""
import sys

import drgn
from drgn.helpers.linux import cpu_curr, for_each_online_cpu, for_each_task, get_dmesg


def section(name):
    print(f"==== {name}", flush=True)


def main():
    vmlinux, dump = sys.argv[1:]
    prog = drgn.Program()
    prog.set_core_dump(dump)
    prog.load_debug_info([vmlinux])
    section("sys")
    for field in ("sysname", "nodename", "release", "version", "machine"):
        print(prog["init_uts_ns"].name.member_(field).string_().decode())
    section("log")
    print(get_dmesg(prog).decode())
    section("ps")
    for task in for_each_task(prog):
        print(hex(task), task.pid.value_(), task.comm.string_().decode())
    section("bt -a")
    for cpu in for_each_online_cpu(prog):
        task = cpu_curr(prog, cpu)
        print(cpu, task.pid.value_(), prog.stack_trace(task), sep="\n")


main()
