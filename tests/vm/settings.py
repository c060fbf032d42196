# SPDX-License-Identifier: GPL-2.0-or-later
"""The settings of the machine and of its kernel that a guest can have besides the usual.

A kind of vmcore is image, kdump, or one of these with a setting: image-numa, kdump-high.
"""
import re
import typing


class Setting(typing.NamedTuple):
    """text: what it is, in words; append: for the kernel's command line; options: for QEMU;
    modules: of the kernel; proof: (a file of the truth, the regular expression that it contains
    if the setting took effect); crashkernel: the memory of a capture kernel, from which the
    vmcore comes then, instead of an image; script: the name of one of guest-settings/ that the
    guest runs, programs: of C sources there, which it needs, and module: a module of such a source,
    which it loads; mib: memory beside the usual;
    kernel: Debian's that has what it needs; judges: programs that check-kernels calls."""
    text: str = ""
    append: str = ""
    options: tuple = ()
    modules: tuple = ()
    proof: tuple = ()
    crashkernel: str = ""
    script: str = ""
    programs: tuple = ()
    module: str = ""
    mib: int = 0
    kernel: str = "6.12"
    judges: tuple = ("check",)


# The guest says so if a script ran to its end.
DONE = ("dmesg", r"setting: done$")
PMEM = ("nd_pmem", "dax_pmem", "device_dax")
# Memory that is added to what the firmware tells of.
MORE = ("-m", "slots=2,maxmem=4G")


def memory(name, mib):
    return ("-object", f"memory-backend-ram,id={name},size={mib}M")


SETTINGS = {
    # 5-level page tables, which are a property of the CPU and are judged with other kernels.
    "la57": Setting(proof=("vmcoreinfo", r"^NUMBER\(pgtable_l5_enabled\)=1$")),
    "nokaslr": Setting("Symbols at the addresses of vmlinux", "nokaslr",
                       proof=("vmcoreinfo", r"^KERNELOFFSET=0$")),
    "numa": Setting(
        "Two nodes, and a third above a hole whose memory is found after the boot",
        "memhp_default_state=online",
        (*MORE, *memory("node0", 192), *memory("node1", 320), *memory("dimm", 128),
         "-numa", "node,nodeid=0,memdev=node0,cpus=0", "-numa", "node,nodeid=1,memdev=node1,cpus=1",
         "-numa", "node,nodeid=2", "-device", "pc-dimm,memdev=dimm,node=2"),
        proof=("iomem", r"^100000000-107ffffff : System RAM")),
    "hotplug": Setting(
        "Memory that was added and has its own struct pages",
        "memhp_default_state=online_movable memory_hotplug.memmap_on_memory=1",
        (*MORE, *memory("dimm", 256), "-device", "pc-dimm,memdev=dimm"),
        proof=("iomem", r"^100000000-10fffffff : System RAM")),
    "offline": Setting(
        "Memory that the kernel no longer uses, and memory that was removed",
        "memhp_default_state=online_movable",
        (*MORE, *memory("stays", 128), "-device", "pc-dimm,memdev=stays",
         *memory("leaves", 128), "-device", "pc-dimm,memdev=leaves"),
        proof=DONE, script="offline", mib=256),
    "nvdimm": Setting(
        "Persistent memory that the vmcore of a capture kernel lacks, with its struct pages or not",
        options=("-machine", "nvdimm=on", *MORE,
                 *memory("nv0", 32), "-device", "nvdimm,memdev=nv0",
                 *memory("nv1", 32), "-device", "nvdimm,memdev=nv1"),
        modules=("nfit", *PMEM), proof=DONE, crashkernel="192M", script="pmem",
        programs=("hold",)),
    "pmem": Setting(
        "Pages of devices amid others: persistent memory with its struct pages on it or not",
        "memmap=16M!432M memmap=16M!464M",
        modules=("nd_e820", *PMEM), proof=DONE, script="pmem",
        programs=("hold",)),
    "traced": Setting(
        "Probes, the tracer of functions and programs of BPF, which change the kernel's code",
        proof=DONE, script="traced", programs=("trace",), judges=("check", "check-symbols")),
    "patched": Setting("A live patch, whose module keeps all symbols of its file", proof=DONE,
                       script="patched", module="live_patch", judges=("check", "check-symbols")),
    "virtio-mem": Setting(
        "A device with memory of which a part is plugged",
        "memhp_default_state=online_movable",
        (*MORE, *memory("vmem", 512), "-device", "virtio-mem-pci,memdev=vmem,requested-size=200M"),
        ("virtio_mem",), ("iomem", r"System RAM \(virtio_mem\)")),
    "mem": Setting("Memory of which the kernel may not use the last part", "mem=448M",
                   proof=("dmesg", r"user-defined physical RAM map")),
    "movable": Setting("A zone of movable pages", "movablecore=128M",
                       proof=("dmesg", r"Movable zone start for each node\n.*Node 0: 0x")),
    # The struct pages of other huge pages take the place of some of the boot.
    "hugetlb": Setting("Huge pages that share struct pages", "hugetlb_free_vmemmap=on",
                       proof=("vmstat", r"^nr_memmap_pages [1-9]")),
    "gigantic": Setting(
        "A huge page of 1 GiB that shares struct pages",
        "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=1", proof=DONE, script="gigantic",
        programs=("hold",), mib=2048),
    "poison": Setting("Free pages of zeros, slab objects with red zones and their users' stacks",
                      "init_on_free=1 slub_debug=FZU", proof=("dmesg", r"heap free:on")),
    "zswap": Setting("More swapped out than zswap may have in memory", proof=DONE, script="zswap",
                     programs=("swap",), kernel="6.12-amd64"),
    "high": Setting("A capture kernel above 4 GiB, with a little memory below",
                    options=("-machine", "max-ram-below-4g=256M"),
                    proof=("iomem", r"^ *1[0-9a-f]{8}-1[0-9a-f]{8} : Crash kernel$"),
                    crashkernel="192M,high crashkernel=32M,low"),
}


def kind_of(name):
    """The kind of vmcore that has the setting of this name."""
    return f"{'kdump' if SETTINGS[name].crashkernel else 'image'}-{name}"


KINDS = ["image", *map(kind_of, SETTINGS), "kdump"]


def of_kind(kind):
    """The setting of a kind, or None."""
    return SETTINGS.get(kind.partition("-")[2])


def proved(setting, truth):
    """Does the truth, a directory, show that a setting took effect?"""
    name, pattern = setting.proof
    with open(f"{truth}/{name}", encoding="utf-8", errors="replace") as f:
        return re.search(pattern, f.read(), re.M) is not None
