# SPDX-License-Identifier: GPL-2.0-or-later
"""The vmcore of a Xen host: Debian's hypervisor, with the kernel of a guest as that of dom0."""
import gzip
import os
import shutil
import struct

import debian
import foreign
import qemu
from compare import read_words
from monitor import GuestFailed
from programs import LIBRARIES, Programs

SERIES = "6.1"
SUITE = "bookworm"              # of the hypervisor and kexec-tools
HYPERVISOR = "xen-hypervisor-4.17-amd64"
HERE = os.path.dirname(os.path.abspath(__file__))
GUEST = os.path.join(HERE, "guest-xen")
# Memory of the machine besides dom0's and the crash kernel's: for Xen, another domain, and free.
MORE_MIB = 256
# Without features of the translator's processor with which Xen was not seen to boot.
CPU = "max,cx16=off,la57=off,smap=off,smep=off,pku=off"
# Drivers that tell QEMU dom0's own numbers of pages.
QEMU_MODULES = ("virtio_balloon", "qemu_fw_cfg")
XENCTRL = ("xenctrl", "xenforeignmemory", "xencall", "xendevicemodel", "xengnttab",
           "xentoolcore", "xentoollog")
# Bits of an entry of dom0's table of frames: no frame, or another domain's.
NO_FRAME = 3 << 62
# Words of page n of the other domain are FOREIGN | n, as guest-xen/pages.c writes them.
FOREIGN = 0xd000f00d << 32


class XenHost(qemu.Guest):
    """The guest that is dom0 of a Xen host; its vmcore is the whole host's.

    There is more in the truth: xen/foreign, xen/free and xen/p2m, as guest-xen/pages.c writes
    them. Everything else in it is by dom0's own numbers of pages."""

    def __init__(self):
        super().__init__(debian.kernel(SERIES, debian.FULL_FLAVOUR), "kdump-xen")
        crashkernel = self.machine.crashkernel
        self.hypervisor = Programs(SUITE, [HYPERVISOR, "libxen-dev"])
        self.kexec = Programs(SUITE, ["kexec-tools"])
        self.mem = qemu.MEMORY_MIB + crashkernel + MORE_MIB
        self.modules = [*(m for m in qemu.FEW_MODULES if m not in QEMU_MODULES), "xen-privcmd"]
        self.append = "console=hvc0 panic=1"
        self.xen_append = ("com1=115200,8n1 console=com1 "
                           f"dom0_mem={qemu.MEMORY_MIB}M,max:{qemu.MEMORY_MIB}M "
                           f"crashkernel={crashkernel}M")

    def arguments(self):
        return super().arguments() | {
            "xen": self.hypervisor.version(HYPERVISOR), "xen_append": self.xen_append,
            "guest": qemu.digest([f"{GUEST}/guest", f"{GUEST}/pages.c", qemu.KEXEC_GUEST])}

    def programs(self, work):
        usr = f"{self.hypervisor.root}/usr"
        qemu.sh("gcc", "-O2", "-static", f"-I{usr}/include", "-o", f"{work}/xen-pages",
                f"{GUEST}/pages.c", f"-L{self.hypervisor.root}/{LIBRARIES}",
                *(f"-l{name}" for name in XENCTRL))
        kexec = f"{self.kexec.root}/sbin/kexec"
        return {"programs/guest": super().programs(work)["bin/guest"],
                "bin/kexec-guest": qemu.KEXEC_GUEST, "bin/kexec": kexec,
                "bin/guest": f"{GUEST}/guest", "bin/xen-pages": f"{work}/xen-pages",
                **foreign.closure(self.kexec.root, kexec)}

    def prepare(self, work, out):
        disks = super().prepare(work, out)
        with gzip.open(f"{self.hypervisor.root}/boot/xen-4.17-amd64.gz") as f, \
                open(f"{work}/xen", "wb") as to:
            shutil.copyfileobj(f, to)
        return [*disks, ("xen", f"{out}/xen.tar", "off")]

    def make_disks(self, disks):
        super().make_disks(disks)
        qemu.grow(next(path for name, path, _ in disks if name == "xen"), qemu.TRUTH_BYTES)

    def boot_options(self, work):
        return ["-cpu", CPU, "-kernel", f"{work}/xen", "-append", self.xen_append,
                "-initrd", f"{self.kernel.vmlinuz} {self.append},{work}/initrd"]

    def begin(self, qemu_, deadline):
        """The balloon is Xen's."""

    def dig_truth(self, out):
        """Take the truth out of the vmcore, by the frames that dom0's pages are in."""
        qemu.unpack(f"{out}/xen.tar", f"{out}/truth/xen", "the guest told nothing of Xen")
        frame_of = frames(f"{out}/truth")
        for name in ("kpageflags", "kpagecount"):
            path = f"{out}/truth/{name}.pfns"
            moved = [frame_of.get(pfn) for pfn in read_words(path)]
            if None in moved:
                raise GuestFailed(f"dom0 has no frame of a page of its {name}")
            with open(path, "wb") as f:
                f.write(struct.pack(f"<{len(moved)}Q", *moved))
        super().dig_truth(out)


def frames(truth):
    """The frames that dom0's pages are in: {pfn: frame}."""
    return {pfn: entry for pfn, entry in enumerate(read_words(f"{truth}/xen/p2m"))
            if not entry & NO_FRAME}
