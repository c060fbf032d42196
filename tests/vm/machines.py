# SPDX-License-Identifier: GPL-2.0-or-later
"""The machines that kernels are booted on: all that differs between architectures.

x86_64 is the one that everything is tried on; of the others dumps, symbols and types are
judged. Choices of a kernel, such as the size of a page, are read in its configuration.
"""
import dataclasses
import json
import os

BACKPORTS = "stable-backports"

# Keys of VMCOREINFO that lead to virtual memory, as regular expressions. Machines with nothing but
# the root of their page tables share ROOT_KEYS.
X86_KEYS = r"SYMBOL\(init_top_pgt\)|NUMBER\((?:phys_base|pgtable_l5_enabled|sme_mask)\)"
ARM64_KEYS = r"NUMBER\((?:VA_BITS|TCR_EL1_T1SZ|kimage_voffset|PHYS_OFFSET|(?:MODULES|VM)\w+)\)"
S390_KEYS = r"[SE]AMODE31|IDENTITYBASE|KERNELOFF\w+|SYMBOL\(high_memory\)"
PPC64_KEYS = (r"(?:SYMBOL|SIZE|OFFSET)\((?:vmemmap|mmu_|cur_cpu_spec|cpu_spec)[\w.]*\)"
              r"|NUMBER\((?:RADIX_MMU|VMALLOC_START|vmalloc_start)\)|SYMBOL\(vmalloc_start\)")
ROOT_KEYS = r"SYMBOL\(swapper_pg_dir\)"
RISCV_KEYS = (r"NUMBER\((?:VA_BITS|PAGE_OFFSET|phys_ram_base|KERNEL_LINK_ADDR"
              r"|va_kernel_pa_offset|satp|(?:MODULES|VM)\w+)\)|KERNELOFFSET")

ARM64_BOARD = ("-machine", "virt,gic-version=3")
# Without the mitigations that QEMU cannot translate; huge pages for the hash tables.
PPC64_BOARD = ("-machine", "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,"
               "cap-ccf-assist=off,cap-hpt-max-page-size=16m")


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine of QEMU, and where its kernels come from."""
    name: str
    arch: str                   # Debian's name of the architecture
    flavour: str                # the end of the names of kernel packages; empty: there are none
    qemu: str                   # program
    package: str                # that has it
    options: tuple              # of QEMU; x86_64's processor depends on more than that
    console: str
    paging_keys: str            # keys of VMCOREINFO
    tools: str = ""             # prefix of compiler and binutils
    tools_packages: tuple = ("gcc", "libc6-dev")
    bus: str = "pci"            # of virtio devices
    cpus: int = 2
    append: str = ""            # to the kernel's command line
    # The way to stop it for its image: pvpanic, or a breakpoint in the guest's program.
    stop: str = "breakpoint"
    # The place of VMCOREINFO: "note" (in the vmcore), "memory" (at an address that the
    # architecture defines), or "file" (in none of these: -i must bring it); of an image: it is
    # in each vmcore of a capture kernel.
    vmcoreinfo: str = "note"
    # The system call that loads its crash kernel, if it has one: kexec_file_load by the guest's
    # own program, kexec_load by Debian's kexec-tools.
    kexec: str = ""
    crashkernel: int = 192      # MiB of memory that it has
    event_queues: bool = False  # a kernel that panics frees those of its CPUs
    kdump: tuple = ()           # series whose capture kernels are judged in `make check-arch`
    # The tests make an image of the memory of machines for which QEMU cannot write one, or (7.2
    # for ppc64el) writes headers of the other byte order: the ELF machine, and
    # [(physical address, MiB at most)].
    elf_machine: int = 0
    memory: tuple = ()
    big_endian: bool = False
    read_back: bool = True      # by libkdumpfile
    switches_off: bool = True   # at the end; else it is known by the guest's last words
    checked: tuple = ()         # series in `make check-all`
    series: tuple = ()          # series in `make check-arch`
    newest: str = ""            # the suite that has the newest kernels, for "newest"
    # The suite that QEMU and the compiler are of, where those of this machine do not do, and a
    # package of it with firmware, which has the path.
    suite: str = ""
    firmware: tuple = ()

    def all_series(self):
        return [*self.checked, *self.series]

    def title(self, series, kind):
        """The name of a vmcore in titles of tests."""
        return f"{series} {kind}" if self.name == "x86_64" else f"{self.name} {series} {kind}"

    def needs(self, dumpdir):
        """Options without which a makedumpfile cannot know enough of a vmcore."""
        if os.path.exists(f"{dumpdir}/truth/vmlinux"):
            return ["-x", f"{dumpdir}/truth/vmlinux"]
        with open(f"{dumpdir}/meta.json") as f:
            image = json.load(f)["kind"].startswith("image")
        return ["-i", f"{dumpdir}/truth/vmcoreinfo"] if image and self.vmcoreinfo == "file" else []


def variant(machine, name, **more):
    """A machine that differs in little from another."""
    return dataclasses.replace(machine, name=name, **more)


X86_64 = Machine("x86_64", "amd64", "cloud-amd64", "qemu-system-x86_64", "qemu-system-x86",
                 ("-machine", "q35"), "ttyS0", X86_KEYS, stop="pvpanic", kexec="kexec_file_load",
                 newest=BACKPORTS)
ARM64 = Machine("arm64", "arm64", "cloud-arm64", "qemu-system-aarch64", "qemu-system-arm",
                (*ARM64_BOARD, "-cpu", "max"), "ttyAMA0", ARM64_KEYS, "aarch64-linux-gnu-",
                ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"), kexec="kexec_load",
                kdump=("6.12", "6.1", "newest"), checked=("6.12",), series=("6.1", "newest"),
                newest=BACKPORTS)
S390X = Machine("s390x", "s390x", "s390x", "qemu-system-s390x", "qemu-system-misc",
                ("-machine", "s390-ccw-virtio", "-cpu", "max"), "ttysclp0", S390_KEYS,
                "s390x-linux-gnu-", ("gcc-s390x-linux-gnu", "libc6-dev-s390x-cross"),
                bus="ccw", vmcoreinfo="memory", big_endian=True,
                checked=("6.12",), series=("6.1",), newest="sid")
PPC64EL = Machine("ppc64el", "ppc64el", "powerpc64le", "qemu-system-ppc64", "qemu-system-ppc",
                  (*PPC64_BOARD, "-cpu", "power9"), "hvc0", PPC64_KEYS, "powerpc64le-linux-gnu-",
                  ("gcc-powerpc64le-linux-gnu", "libc6-dev-ppc64el-cross"), vmcoreinfo="file",
                  kexec="kexec_load", event_queues=True, kdump=("6.12",), elf_machine=21,
                  memory=((0, 1 << 20),),
                  series=("6.1", "6.12", "newest"), newest="sid")
# Debian has packages of the compilers for these, but neither kernels nor programs.
PPC64 = Machine("ppc64", "ppc64", "", "qemu-system-ppc64", "qemu-system-ppc",
                (*PPC64_BOARD, "-cpu", "power9"), "hvc0", PPC64_KEYS, "powerpc64-linux-gnu-",
                ("gcc-powerpc64-linux-gnu", "libc6-dev-ppc64-cross"), vmcoreinfo="file",
                big_endian=True)
# libkdumpfile takes the headers of its dumps, whose 64-bit numbers are aligned, for i386's. The
# kernel does not start without a console of Open Firmware, which is the serial line if there are no
# graphics, and lacks the driver by which it would switch itself off.
PPC = Machine("ppc", "powerpc", "", "qemu-system-ppc", "qemu-system-ppc",
              ("-machine", "mac99,graphics=off"), "ttyPZ0", ROOT_KEYS, "powerpc-linux-gnu-",
              ("gcc-powerpc-linux-gnu", "libc6-dev-powerpc-cross"), cpus=1, vmcoreinfo="file",
              big_endian=True, read_back=False, switches_off=False)
# Its first bus has no room for devices.
SPARC64 = Machine("sparc64", "sparc64", "", "qemu-system-sparc64", "qemu-system-sparc",
                  ("-machine", "sun4u,graphics=off"), "ttyS0", ROOT_KEYS, "sparc64-linux-gnu-",
                  ("gcc-sparc64-linux-gnu", "libc6-dev-sparc64-cross"), bus="pci,bus=pciB",
                  cpus=1, vmcoreinfo="file", elf_machine=43, memory=((0, 1 << 20),),
                  big_endian=True)
RISCV64 = Machine("riscv64", "riscv64", "riscv64", "qemu-system-riscv64", "qemu-system-misc",
                  ("-machine", "virt"), "ttyS0", RISCV_KEYS, "riscv64-linux-gnu-",
                  ("gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross"), kexec="kexec_load",
                  kdump=("6.12",), elf_machine=243, memory=((0x80000000, 1 << 20),),
                  series=("6.12", "newest"), newest="sid")
# Debian's kernel finds PCI in what firmware tells; its driver of fw_cfg, through which VMCOREINFO
# would come, takes the lock of ACPI for granted.
LOONGARCH64 = Machine("loongarch64", "loong64", "loong64", "qemu-system-loongarch64",
                      "qemu-system-misc", ("-machine", "virt", "-cpu", "max"), "ttyS0",
                      ROOT_KEYS, "loongarch64-linux-gnu-",
                      ("gcc-loongarch64-linux-gnu", "libc6-dev-loong64-cross"),
                      vmcoreinfo="file", series=("newest",), newest="sid", suite="sid", firmware=(
                          "qemu-efi-loongarch64", "usr/share/qemu-efi-loongarch64/QEMU_EFI.fd"))
# Its memory has a hole after the first 256 MiB; the kernel does not start with a second CPU.
MIPS64EL = Machine("mips64el", "mips64el", "5kc-malta", "qemu-system-mips64el", "qemu-system-mips",
                   ("-machine", "malta", "-cpu", "5KEc"), "ttyS0", ROOT_KEYS,
                   "mips64el-linux-gnuabi64-",
                   ("gcc-mips64el-linux-gnuabi64", "libc6-dev-mips64el-cross"),
                   cpus=1, elf_machine=8, memory=((0, 256), (0x90000000, 1 << 20)), series=("6.1",))
# Half of the memory is not mapped linearly.
I386 = Machine("i386", "i386", "686", "qemu-system-i386", "qemu-system-x86",
               ("-machine", "q35", "-cpu", "max"), "ttyS0", ROOT_KEYS, "i686-linux-gnu-",
               ("gcc-i686-linux-gnu", "libc6-dev-i386-cross"), append="highmem=256m",
               stop="pvpanic", kexec="kexec_load", kdump=("6.1",), series=("6.1",))
# Memory begins at 1 GiB, and the upper part of it is not mapped linearly. libkdumpfile 0.5.1 takes
# the headers of its dumps for i386's, and newer ones do not count pages from phys_base.
ARM = Machine("arm", "armhf", "armmp", "qemu-system-arm", "qemu-system-arm",
              ("-machine", "virt,highmem=off", "-cpu", "cortex-a15"), "ttyAMA0", ROOT_KEYS,
              "arm-linux-gnueabihf-", ("gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross"),
              append="vmalloc=640m", vmcoreinfo="file", read_back=False, series=("6.1",))

MACHINES = {m.name: m for m in (
    X86_64, ARM64, S390X, PPC64EL, PPC64, PPC, SPARC64, RISCV64, LOONGARCH64, MIPS64EL, I386,
    ARM,
    # A processor without LVA: addresses of 48 bits, also in a kernel for 52.
    variant(ARM64, "arm64-48", options=(*ARM64_BOARD, "-cpu", "cortex-a76"), checked=(), kdump=(),
            series=("6.12",)),
    # Page tables of three levels, as most processors have; QEMU's has five.
    variant(RISCV64, "riscv64-39", append="no4lvl", kdump=(), series=("6.12",)),
    variant(ARM64, "arm64-16k", flavour="arm64-16k", kdump=(), series=("newest",)),
    variant(PPC64EL, "ppc64el-64k", flavour="powerpc64le-64k", kdump=(), series=("6.12",)),
    # Three levels of page tables, and half of the memory above 4 GiB; crash kernels are below.
    variant(I386, "i386-pae", flavour="686-pae", append="", qemu="qemu-system-x86_64",
            crashkernel=96, options=("-machine", "q35,max-ram-below-4g=256M", "-cpu", "max")),
    # An embedded processor, whose entries of page tables have 64 bits.
    variant(PPC, "ppc-e500", options=("-machine", "ppce500", "-cpu", "e500mc"), console="ttyS0"),
    # Three levels of page tables.
    variant(ARM, "arm-lpae", flavour="armmp-lpae"),
    # A processor without radix trees.
    variant(PPC64EL, "ppc64el-hash", options=(*PPC64_BOARD, "-cpu", "power8"), kdump=(),
            event_queues=False, series=("6.1", "6.12")),
)}
