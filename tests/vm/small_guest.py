# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest without disks, whose first program names functions and says on the console how far it
is; the host changes the code of functions while it runs."""
import contextlib
import os
import re
import time

import qemu
from gdb import Gdb
from machines import X86_64
from monitor import GuestFailed, Qemu

MEMORY_MIB = 256
STARTED = "VM started"          # the first program says


class SmallGuest:
    """A guest of a MACHINE that boots a KERNEL; INIT is its first program, MODULES what that
    loads, APPEND its command line. The directory WORK takes its files."""

    def __init__(self, machine, kernel, init, modules, append, work):
        self.machine, self.kernel, self.init, self.work = machine, kernel, init, work
        self.modules, self.append = modules, append
        self.console, self.vmcore = f"{work}/console", f"{work}/vmcore"
        self.deadline = self.qemu = None

    def said(self):
        if not os.path.exists(self.console):
            return ""
        with open(self.console, errors="replace") as f:
            return f.read()

    def boot(self):
        """Run it, again if it does not get to its first program: QEMU's translator lets a kernel
        die on the way now and then."""
        for left in reversed(range(qemu.ATTEMPTS)):
            try:
                self.run()
                return
            except GuestFailed:
                if not left or STARTED in self.said():
                    raise

    def run(self):
        """Let the guest do what it is for; it leaves its image as self.vmcore."""
        raise NotImplementedError

    def wait_until_said(self, text):
        while text not in self.said():
            if self.qemu.proc.poll() is not None:
                raise GuestFailed(f"the guest ended before it said {text}")
            if time.monotonic() > self.deadline:
                raise GuestFailed(f"the guest does not say {text}")
            time.sleep(0.5)

    def addresses(self):
        """The functions that the guest named: {name: address}."""
        self.wait_until_said("VM ready")
        return {name: int(address, 16) for name, address in
                re.findall(r"VM (\w+) ([0-9a-f]{8,16})\b", self.said())}

    def change(self, patches):
        """Write PATCHES, (address, bytes)."""
        with Gdb(f"{self.work}/gdb", 0, self.deadline) as gdb:
            gdb.answer()            # says that it stands
            for address, data in patches:
                gdb.write(address, data)
            gdb.demand("D")

    @contextlib.contextmanager
    def running(self, say, cpus=2, options=()):
        """Boot it: its QEMU, which ends with the `with`."""
        busybox = None
        accel, timeout = "tcg", qemu.OTHER_TIMEOUT
        if self.machine is X86_64:
            accel = qemu.accelerator(self.kernel)
            timeout = qemu.BOOT_TIMEOUT[accel]
        else:
            busybox = qemu.debian.busybox(self.machine.arch)
        qemu.initramfs(f"{self.work}/initrd", self.init, self.kernel.modules(self.modules), {},
                       {}, busybox)
        command = qemu.machine_command(self.machine, accel, False, MEMORY_MIB, cpus,
                                       self.console) + [
            "-kernel", self.kernel.vmlinuz, "-initrd", f"{self.work}/initrd",
            "-append", f"console={self.machine.console} {self.append}",
            "-gdb", f"unix:{self.work}/gdb,server=on,wait=off", *options]
        say(f"{self.machine.name}, {self.kernel.release}, {accel}")
        self.deadline = time.monotonic() + timeout
        with Qemu(command) as guest:
            self.qemu = guest
            guest.message(self.deadline)
            guest.do("qmp_capabilities", self.deadline)
            yield guest
