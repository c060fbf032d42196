# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU and the compilers of the machines, each as the words of a command: those that are
installed, or those of a machine's suite."""
import os

from programs import Programs


def qemu(machine):
    """QEMU; the caller holds the cache's lock, as of all here."""
    if not machine.suite:
        return [machine.qemu]
    programs = Programs(machine.suite, [machine.package])
    words = [*programs.command(f"usr/bin/{machine.qemu}"), "-L", f"{programs.root}/usr/share/qemu"]
    if machine.firmware:
        package, path = machine.firmware
        words += ["-bios", f"{Programs(machine.suite, [package]).root}/{path}"]
    return words


def tool(machine, name):
    """The compiler or one of the binutils that is called NAME on the machine itself."""
    if not machine.suite:
        return [machine.tools + name]
    programs = Programs(machine.suite, machine.tools_packages)
    return programs.command(f"usr/bin/{machine.tools}{name}")


def compiler(machine):
    """gcc, which calls other programs: these need their loader, too."""
    gcc = tool(machine, "gcc")
    if not machine.suite:
        return gcc
    programs = Programs(machine.suite, machine.tools_packages)
    linker = programs.script(f"usr/bin/{machine.tools}ld", "ld")
    loader = programs.command("")[:-1]
    return [*gcc, "-wrapper", ",".join(loader), "-B", os.path.dirname(linker)]

