# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot a Debian kernel under QEMU with a known mix of memory and take its vmcore.

A guest runs guest/init, which fills memory, exports what the kernel thinks of
every page (the truth) to a disk, and then either

* stops at the very instruction after the last look at /proc/kpageflags, through
  the pvpanic device or at a breakpoint, and QEMU writes the image, or
* panics, and a crash kernel with guest/init-crash runs a command on
  /proc/vmcore, copies it to a disk, or both, on machines that have one.
"""
import contextlib
import hashlib
import json
import os
import shlex
import shutil
import stat
import struct
import subprocess
import tarfile
import tempfile
import time

import built
import busybox
import cache
import debian
import elf_image
import event_queues
import foreign
import kernel_module
import settings
import tools
from gdb import Gdb
from compare import KIND_MASK, Vmcore, page_size, read_words
from machines import X86_64
from monitor import GuestFailed, Qemu

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST = os.path.join(HERE, "guest")
GPU_GUEST = os.path.join(HERE, "guest-gpu")
KEXEC_GUEST = os.path.join(HERE, "guest-kexec", "guest")
SETTING_GUEST = os.path.join(HERE, "guest-settings")

PROGRAMS = {                    # program -> Debian package
    "cpio": "cpio", "modprobe": "kmod",
    "mke2fs": "e2fsprogs", "debugfs": "e2fsprogs", "xzcat": "xz-utils", "zstdcat": "zstd",
    "busybox": "busybox-static", "fallocate": "util-linux",
}
LAST_WORDS = "VM end"           # of the guest
STOP_LABEL = "guest_stop"       # of the guest's program, where a breakpoint is
DISK_MODULES = ["virtio_pci", "virtio_blk", "ext4"]
# Swap, network, file systems, storage, a hypervisor: a hundred modules, big and small, so that
# there is something to find in them.  Those that a kernel lacks are left out.
MODULES = DISK_MODULES + """virtio_balloon qemu_fw_cfg loop lzo lzo-rle zram xfs overlay
    nf_tables nft_ct nf_conntrack bridge veth dm-mod kvm configfs btrfs fuse isofs udf squashfs
    nfsd nfsv3 nfsv4 cifs ceph dm-crypt dm-snapshot dm-thin-pool raid1 nbd nft_nat nft_masq
    nft_log nft_limit nft_reject_inet nft_fib_inet openvswitch wireguard vxlan macvlan bonding
    8021q tun vsock vhost_net tls xts ecb gcm sha512_generic aesni_intel""".split()
# Machines that are translated in any case get what loads quickly.
FEW_MODULES = DISK_MODULES + """virtio_balloon qemu_fw_cfg loop lzo lzo-rle zram xfs overlay
    nf_tables nft_ct nf_conntrack bridge veth dm-mod configfs fuse isofs udf squashfs nfsd nfsv4
    dm-crypt dm-snapshot nbd vxlan macvlan bonding 8021q tun tls""".split()
# Graphics cards whose drivers have buffers in main memory until they are shown; with little
# memory of their own, which gets into the image, too.  kind -> (driver, device).
CARDS = {"image-bochs": ("bochs", "VGA,vgamem_mb=8"),
         "image-qxl": ("qxl", "qxl-vga,ram_size=16777216,vgamem_mb=8,vram_size=65536")}
CARD_MODULES = [*DISK_MODULES, "qemu_fw_cfg"]   # the latter brings VMCOREINFO
CRASH_APPEND = ("console=ttyS0 nr_cpus=1 irqpoll reset_devices panic=1 loglevel=4 "
                "cgroup_disable=memory")
MEMORY_MIB = 576                # of kernels that crash, their crash kernel's apart
ATTEMPTS = 3
# Seconds; ten times what a quiet machine needs.
BOOT_TIMEOUT = {"tcg": 1200, "kvm": 120}
OTHER_TIMEOUT = 2700            # of machines that are not x86_64
PROBE_TIMEOUT = 20
WAIT = 2                        # between two looks at a guest's words
TRUTH_BYTES = 1 << 30           # sparse


def sh(*cmd, **kw):
    """Run CMD; GuestFailed with its last words if it fails."""
    kw.setdefault("stdout", subprocess.PIPE)
    r = subprocess.run(cmd, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **kw)
    if r.returncode:
        words = r.stderr.decode(errors="replace").strip().splitlines()
        raise GuestFailed(f"{cmd[0]}: {words[-1] if words else f'exit {r.returncode}'}")
    return r.stdout


def need_programs(machine):
    """Unavailable, naming the packages, if a program is not on this machine."""
    compiler, library = machine.tools_packages
    programs = dict(PROGRAMS)
    if not machine.suite:
        programs |= {machine.qemu: machine.package, f"{machine.tools}gcc": compiler}
    missing = {pkg for prog, pkg in programs.items() if not shutil.which(prog)}
    if not machine.suite and compiler not in missing:
        found = sh(f"{machine.tools}gcc", "-print-file-name=libc.a").decode()
        missing |= set() if "/" in found else {library}
    if missing:
        raise cache.Unavailable("not on this machine: " + " ".join(sorted(missing)))


def unpack(path, dest, wrong):
    """Unpack what a guest left, which must be whole: else GuestFailed says what is WRONG."""
    try:
        with tarfile.open(path) as tar:
            tar.extractall(dest)
    except tarfile.TarError as e:
        raise GuestFailed(wrong) from e
    os.unlink(path)


def digest(paths):
    h = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as f:
            h.update(f.read() + b"\0")
    return h.hexdigest()[:12]


def grow(path, size):
    with open(path, "wb") as f:
        f.truncate(size)


# ---- what is put into a guest ------------------------------------------------

def closure(path):
    """Absolute path of a program or shared object, and of all it is linked with."""
    paths = [path]
    r = subprocess.run(["ldd", path], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       check=False)
    for line in r.stdout.splitlines():
        words = line.replace("=>", " ").split()
        found = next((w for w in words if w.startswith("/")), None)
        if "not found" in line:
            raise GuestFailed(f"{path}: {line.strip()}")
        if found:
            paths.append(found)
    return paths


def initramfs(dest, init, modules, files, texts, busybox=None):
    """Write a cpio archive: busybox (this machine's), INIT as /init, the MODULES with their
    order of loading, FILES as {path in the guest: path here}, TEXTS as {path in the guest:
    text}."""
    with tempfile.TemporaryDirectory() as root:
        for d in ("bin", "dev", "proc", "sys", "modules"):
            os.mkdir(f"{root}/{d}")
        files = {"bin/busybox": busybox or shutil.which("busybox"), "init": init, **files}
        for name, path in files.items():
            place = os.path.join(root, name.lstrip("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(path, place)
        for name, text in texts.items():
            with open(os.path.join(root, name), "w") as f:
                f.write(text)
        os.chmod(f"{root}/init", 0o755)
        with open(f"{root}/modules/order", "w") as order:
            for path in modules:
                name = os.path.basename(path)
                tool = {".xz": "xzcat", ".zst": "zstdcat"}.get(os.path.splitext(name)[1], "cat")
                name = name[:name.index(".ko") + 3]
                with open(f"{root}/modules/{name}", "wb") as f:
                    sh(tool, path, stdout=f)
                order.write(name + "\n")
        with open(dest, "wb") as f:
            sh("sh", "-c", "find . | cpio --quiet -o -H newc", cwd=root, stdout=f)


def guest_program(machine, kernel, dest):
    """Compile the program "guest" for a machine and the pages of a kernel."""
    sources = [os.path.join(GUEST, f) for f in sorted(os.listdir(GUEST)) if f.endswith(".c")]
    sh(*tools.compiler(machine), "-O2", "-static", "-D_FILE_OFFSET_BITS=64",
       f"-DPAGE={kernel.page_size()}UL", "-o", dest, *sources)


def scratch_disk(mib):
    """Path of an ext4 image with about MIB of this machine's own files, kept in the cache."""
    path = os.path.join(cache.root(), f"scratch-{mib}.img")
    if os.path.exists(path):
        return path
    with tempfile.TemporaryDirectory(dir=cache.root()) as root:
        left = mib << 20
        for top, share in (("/usr/share", 3), ("/usr/lib", 2), ("/usr/bin", 1)):
            quota = left // share
            for d, dirs, names in os.walk(top):
                dirs.sort()
                for name in sorted(names):
                    p = os.path.join(d, name)
                    st = os.lstat(p)
                    if not stat.S_ISREG(st.st_mode) or not 4096 < st.st_size < quota \
                            or not os.access(p, os.R_OK):
                        continue
                    os.makedirs(root + d, exist_ok=True)
                    shutil.copy(p, root + p)
                    quota -= st.st_size
                    left -= st.st_size
                if quota < 4096:
                    break
        sh("mke2fs", "-q", "-t", "ext4", "-d", root, "-m", "0", path + ".part",
           f"{mib * 5 // 4 + 64}M")
    os.rename(path + ".part", path)
    return path


# ---- QEMU --------------------------------------------------------------------

def cpu_options(machine, accel, la57):
    """QEMU's arguments for the accelerator and a processor that suits it."""
    if machine is not X86_64:
        return ["-accel", "tcg,thread=multi"]
    if accel == "kvm":
        return ["-accel", "kvm", "-cpu", "host" + ("" if la57 else ",la57=off")]
    # The translator of QEMU 7.2 now and then loses the flags of a cmpxchg16b, and the
    # guest dies in its slab allocator.
    return ["-accel", "tcg,thread=multi", "-cpu",
            f"max,cx16=off,la57={'on' if la57 else 'off'}"]


def machine_command(machine, accel, la57, mem, smp, console):
    return [*tools.qemu(machine), *machine.options, *cpu_options(machine, accel, la57),
            "-m", str(mem), "-smp", str(smp), "-nodefaults", "-display", "none", "-no-reboot",
            "-serial", f"file:{console}"]


def kvm_boots(kernel):
    """Does KVM bring this kernel to its first program within a short time?"""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    with tempfile.TemporaryDirectory() as work:
        console = os.path.join(work, "console")
        init = os.path.join(work, "init")
        with open(init, "w") as f:
            f.write("#!/bin/busybox sh\n/bin/busybox poweroff -f\n")
        initramfs(f"{work}/initrd", init, [], {}, {})
        cmd = machine_command(X86_64, "kvm", False, 512, 2, console) + [
            "-kernel", kernel.vmlinuz, "-initrd", f"{work}/initrd",
            "-append", "console=ttyS0 panic=1"]
        try:
            with Qemu(cmd) as qemu:
                deadline = time.monotonic() + PROBE_TIMEOUT
                qemu.message(deadline)
                qemu.do("qmp_capabilities", deadline)
                while qemu.event(deadline) is not None:
                    pass
            with open(console, errors="replace") as f:
                return "Power down" in f.read()
        except (GuestFailed, OSError):
            return False


def boot_id():
    with open("/proc/sys/kernel/random/boot_id") as f:
        return f.read().strip()


def remember_accelerator(accel):
    with open(os.path.join(cache.root(), "accelerator"), "w") as f:
        f.write(f"{boot_id()} {accel}\n")


def accelerator(kernel, la57=False):
    """"kvm" where it works, else "tcg"; found out once after each boot of this machine."""
    memo = os.path.join(cache.root(), "accelerator")
    known = []
    if os.path.exists(memo):
        with open(memo) as f:
            known = f.read().split()
    if known[:1] == [boot_id()]:
        accel = known[1]
    else:
        accel = "kvm" if kvm_boots(kernel) else "tcg"
        remember_accelerator(accel)
    if la57 and accel == "kvm":
        with open("/proc/cpuinfo") as f:
            if " la57" not in f.read():
                return "tcg"
    return accel


# ---- one guest ---------------------------------------------------------------

def dig_vmcoreinfo(out, page):
    """Take VMCOREINFO out of the image where the guest cannot read it."""
    with open(f"{out}/truth/vmcoreinfo.at") as f:
        at, size = (int(word, 16) for word in f.read().split())
    with Vmcore(f"{out}/vmcore", page) as core:
        data = b"".join(core.read(pfn, 1) for pfn in range(at // page, (at + size) // page + 1))
    text = data[at % page:][:size]
    begin = text.index(b"OSRELEASE=")
    with open(f"{out}/truth/vmcoreinfo", "wb") as f:
        f.write(text[begin:text.index(b"\0", begin)])


class Guest:
    """A guest to be booted, and what its boot shall leave in the directory OUT.

    KIND is one of settings.KINDS or of CARDS.  COMMAND (a list of words) is run by the
    crash kernel of a kdump guest; FILES are programs and shared objects that it needs, each
    put at its own path with what it is linked with, and programs into /bin as well; ROOT has the
    libraries of those of another architecture. MORE_FILES, {path in the guest: path here}, are put
    there as they are.
    KEEP_VMCORE: copy /proc/vmcore out.  RESULT_MIB is the size of the disk that COMMAND
    writes to; CRASH_CPUS is the number of processors of the crash kernel, and CRASHKERNEL_MIB
    its memory, where it is not the machine's and the setting does not tell.
    """

    def __init__(self, kernel, kind, command=None, files=(), keep_vmcore=True,
                 result_mib=2048, machine=X86_64, crash_cpus=1, crashkernel_mib=None, root=None,
                 more_files=None):
        self.kernel = kernel
        self.machine = machine
        self.kind = kind
        self.crash = kind.startswith("kdump")
        self.breakpoint = machine.stop == "breakpoint" and not self.crash
        self.la57 = kind == "image-la57"
        self.setting = settings.of_kind(kind)
        driver, self.card = CARDS.get(kind, (None, None))
        self.modules = [*CARD_MODULES, driver] if self.card else \
            MODULES if machine is X86_64 else FEW_MODULES
        crashkernel_mib = crashkernel_mib or machine.crashkernel
        self.mem = MEMORY_MIB + crashkernel_mib if self.crash else 512
        self.smp = machine.cpus
        self.cached_mib = 64 if not self.crash else 96
        self.anon_mib = 64 if not self.crash else 96
        self.command = command
        self.files = files
        self.more_files = more_files or {}
        self.root = root
        self.keep_vmcore = keep_vmcore
        self.result_mib = result_mib
        self.crash_append = CRASH_APPEND.replace("nr_cpus=1", f"nr_cpus={crash_cpus}")
        self.append = f"console={machine.console} panic=1 {machine.append}".rstrip()
        if self.crash:
            self.crash_append = self.crash_append.replace("ttyS0", machine.console)
            size = self.setting.crashkernel if self.setting else f"{crashkernel_mib}M"
            self.append += f" crashkernel={size}"
        if self.setting:
            self.append = f"{self.append} {self.setting.append}".rstrip()
            self.modules = [*self.modules, *self.setting.modules]
            self.mem += self.setting.mib

    def arguments(self):
        """The settings that decide the vmcore, the guest's programs apart; for meta.json and
        cache keys."""
        more = {"card": self.card, "guest": digest(self.gpu_sources())} if self.card else {}
        if self.machine is not X86_64:
            more |= {"machine": self.machine.name, "options": self.machine.options}
        if self.crash and self.machine.kexec == "kexec_load":
            more |= {"kexec": digest(self.kexec_scripts().values())}
        if self.crash and self.machine.event_queues:
            more |= {"event_queues": "free"}
        if self.setting and self.setting.options:
            more |= {"options": self.setting.options}
        if self.setting and self.setting.script:
            more |= {"script": digest(self.setting_sources())}
        if built.is_built(self.kernel.series):
            with open(f"{self.kernel.dir}/key") as f:
                more |= {"kernel": f.read()}
        return more | {"series": self.kernel.series, "release": self.kernel.release,
                "kind": self.kind, "mem": self.mem, "smp": self.smp,
                "cached_mib": self.cached_mib, "anon_mib": self.anon_mib,
                "append": self.append, "modules": self.modules,
                "crash_append": self.crash_append}

    def kexec_scripts(self):
        """The scripts in place of the guest's program where kexec-tools load the crash kernel:
        {path in the guest: path here}."""
        if self.machine.arch == "arm64" and self.kernel.lacks("KALLSYMS_ALL"):
            return {"bin/guest": f"{KEXEC_GUEST}-functions", "programs/load": KEXEC_GUEST}
        return {"bin/guest": KEXEC_GUEST}

    @staticmethod
    def gpu_sources():
        return [os.path.join(GPU_GUEST, f) for f in ("init", "gpu.c")]

    def setting_sources(self):
        """The files of a guest whose setting has a script: the program in place of "guest", the
        script, and the sources of programs that it runs."""
        sources = [*self.setting.programs, *filter(None, [self.setting.module])]
        names = "guest", self.setting.script, *(f"{name}.c" for name in sources)
        return [os.path.join(SETTING_GUEST, name) for name in names]

    def crash_initrd(self, work):
        files, texts = {}, {}
        if self.command:
            for path in map(os.path.abspath, self.files):
                files |= foreign.closure(self.root, path) if self.root else {
                    p: p for p in closure(path)}
                files[path] = path
                files["bin/" + os.path.basename(path)] = path
            files |= self.more_files
            texts["command"] = "exec " + shlex.join(self.command) + "\n"
        initramfs(f"{work}/crash.initrd", f"{GUEST}/init-crash",
                  self.kernel.modules(DISK_MODULES), files, texts, self.busybox())
        return {"crash/vmlinuz": self.kernel.vmlinuz, "crash/initrd": f"{work}/crash.initrd"}

    def busybox(self):
        """Path of the machine's own busybox; None: the one installed here."""
        if self.machine is X86_64:
            return None
        if not self.machine.flavour:
            return busybox.build(self.machine)
        return debian.busybox(self.machine.arch)

    def programs(self, work):
        """The guest's programs, made in WORK: {path in the guest: path here}."""
        guest_program(self.machine, self.kernel, f"{work}/guest")
        if self.setting and self.setting.script:
            guest, script, *sources = self.setting_sources()
            files = {"bin/guest": guest, "programs/guest": f"{work}/guest", "setting": script}
            for program, source in zip(self.setting.programs, sources):
                sh("gcc", "-O2", "-static", "-o", f"{work}/{program}", source)
                files[f"bin/{program}"] = f"{work}/{program}"
            return files
        return {"bin/guest": f"{work}/guest"}

    def prepare(self, work, out):
        """Everything that one boot needs and that does not change from try to try."""
        files = self.programs(work)
        if self.crash:
            files |= self.crash_initrd(work)
        if self.crash and self.machine.kexec == "kexec_load":
            files |= {**self.kexec_scripts(), "programs/guest": f"{work}/guest",
                      **foreign.kexec_tools(self.machine.arch)}
        init = f"{GUEST}/init"
        if self.card:
            init, source = self.gpu_sources()
            sh("gcc", "-O2", "-static", "-o", f"{work}/gpu", source)
            files["bin/gpu"] = f"{work}/gpu"
        params = {"MODE": "crash" if self.crash else "pause", "ANON": self.anon_mib << 10,
                  "CRASH_APPEND": self.crash_append, "CGROUP": self.kernel.cgroup_version()}
        modules = self.kernel.modules(self.modules)
        if self.setting and self.setting.module:
            modules.append(f"{work}/{self.setting.module}.ko")
            kernel_module.build(self.kernel, self.setting_sources()[-1], modules[-1])
        initramfs(f"{work}/initrd", init, modules, files,
                  {"params": "".join(f"{k}={shlex.quote(str(v))}\n" for k, v in params.items())},
                  self.busybox())
        disks = [("truth", f"{out}/truth.tar", "off"),
                 ("scratch", scratch_disk(self.cached_mib), "on")]
        if self.crash and self.command:
            disks.append(("result", f"{out}/result.img", "off"))
        if self.crash and self.keep_vmcore:
            disks.append(("vmcore", f"{out}/vmcore", "off"))
        return disks

    def boot_options(self, work):
        """QEMU's arguments for the kernel, and for what boot() tells QEMU of."""
        return ["-device", f"virtio-balloon-{self.machine.bus}", "-kernel", self.kernel.vmlinuz,
                "-initrd", f"{work}/initrd", "-append", self.append]

    def qemu_command(self, accel, work, out, disks):
        bus = self.machine.bus
        cmd = machine_command(self.machine, accel, self.la57, self.mem, self.smp,
                              f"{out}/console.log") + self.boot_options(work)
        if self.machine.vmcoreinfo == "note" and not self.machine.memory:
            cmd += ["-device", "vmcoreinfo"]
        if self.breakpoint:
            cmd += ["-S", "-gdb", f"unix:{work}/gdb,server=on,wait=off"]
        elif not self.crash:
            cmd += ["-device", "pvpanic", "-action", "panic=pause"]
        if self.card:
            cmd += ["-device", self.card]
        if self.setting:
            cmd += self.setting.options
        for name, path, snapshot in disks:
            cmd += ["-drive",
                    f"if=none,id={name},format=raw,file={path},snapshot={snapshot},cache=unsafe",
                    "-device", f"virtio-blk-{bus},drive={name},serial={name}"]
        return cmd

    def make_disks(self, disks):
        for name, path, _ in disks:
            if name == "truth":
                grow(path, TRUTH_BYTES)
            elif name == "vmcore":
                grow(path, (self.mem + 64) << 20)
            elif name == "result":
                grow(path, self.result_mib << 20)
                sh("mke2fs", "-q", "-t", "ext4", "-F", "-m", "0", "-O", "^has_journal", path)

    def begin(self, qemu, deadline):
        """Tell QEMU what it is to do when the guest begins."""
        qemu.do("balloon", deadline, value=(self.mem - 16) << 20)

    def event(self, qemu, out, deadline):
        """Name of QEMU's next event, or None at the end of the guest."""
        if self.machine.switches_off:
            return qemu.event(deadline)
        while True:
            try:
                return qemu.event(min(deadline, time.monotonic() + WAIT))
            except GuestFailed:
                if time.monotonic() >= deadline:
                    raise
            with open(f"{out}/console.log", errors="replace") as f:
                if LAST_WORDS in f.read():
                    return None

    def boot(self, cmd, work, out, timeout):
        """Run the guest to its end; takes the image of an image guest each time it stops."""
        deadline = time.monotonic() + timeout
        dumped, gdb = False, None
        with Qemu(cmd) as qemu, contextlib.ExitStack() as stack:
            if qemu.message(deadline) is None:
                raise GuestFailed(f"QEMU does not start: {qemu.last_words()}")
            qemu.do("qmp_capabilities", deadline)
            self.begin(qemu, deadline)
            if self.breakpoint:
                gdb = stack.enter_context(Gdb(f"{work}/gdb", self.stop_address(work), deadline))
                gdb.go()
            while (event := self.event(qemu, out, deadline)) is not None:
                if event != ("STOP" if gdb else "GUEST_PANICKED") or self.crash:
                    continue
                self.take_image(qemu, out, deadline)
                dumped = True
                if gdb:
                    gdb.go_on()
                    # There is one more stop, after a single step.
                    while qemu.event(deadline) not in ("STOP", None):
                        pass
                else:
                    qemu.do("cont", deadline)
        if not self.crash and not dumped:
            raise GuestFailed("the guest ended without an image")

    def stop_address(self, work):
        """The address in the guest's program at which to stop."""
        for line in sh(*tools.tool(self.machine, "nm"), f"{work}/guest").decode().splitlines():
            if line.endswith(f" {STOP_LABEL}"):
                return int(line.split()[0], 16)
        raise GuestFailed(f"the guest's program has no {STOP_LABEL}")

    def memory(self):
        """The machine's ranges of memory: [(physical address, bytes)]."""
        parts, left = [], self.mem << 20
        for start, most in self.machine.memory:
            parts.append((start, min(left, most << 20)))
            left -= parts[-1][1]
        return parts

    def take_image(self, qemu, out, deadline):
        # QEMU makes files that it may not open again.
        for name in os.listdir(out):
            if name == "vmcore" or name.startswith("memory-"):
                os.unlink(f"{out}/{name}")
        for start, size in self.memory():
            qemu.do("pmemsave", deadline, val=start, size=size,
                    filename=f"{out}/memory-{start:x}")
        if not self.machine.memory:
            qemu.do("dump-guest-memory", deadline, paging=False, protocol=f"file:{out}/vmcore")

    def collect(self, out):
        """Turn what the guest left on its disks into files."""
        with open(f"{out}/console.log", errors="replace") as f:
            console = f.read()
        unpack(f"{out}/truth.tar", f"{out}/truth", "the guest told no truth")
        if not os.path.exists(f"{out}/truth/complete"):
            raise GuestFailed("the guest died while it told the truth")
        os.unlink(f"{out}/truth/complete")
        if self.machine.big_endian:
            for name in os.listdir(f"{out}/truth"):
                if name.startswith("kpage"):
                    swap_words(f"{out}/truth/{name}")
        if os.path.exists(f"{out}/truth/vmcoreinfo.at"):
            dig_vmcoreinfo(out, self.kernel.page_size())
        if self.machine.memory and not self.crash:
            self.make_image(out)
        shutil.copy(self.kernel.config, f"{out}/truth/config")
        if built.is_built(self.kernel.series) and not os.path.exists(f"{out}/truth/btf"):
            os.link(f"{self.kernel.dir}/vmlinux-debug", f"{out}/truth/vmlinux")
            if os.path.exists(f"{self.kernel.dir}/dwo"):
                shutil.copytree(f"{self.kernel.dir}/dwo", f"{out}/truth", copy_function=os.link,
                                dirs_exist_ok=True)
        if self.crash and self.command:
            self.collect_result(out, console)
        if self.crash and self.keep_vmcore:
            sizes = [s.split()[2] for s in console.splitlines() if s.startswith("VM vmcore ")]
            if not sizes:
                raise GuestFailed("the crash kernel copied no vmcore")
            os.truncate(f"{out}/vmcore", int(sizes[0]))
            self.dig_truth(out)
            if self.machine.event_queues:
                event_queues.free(out, self.smp)
        if not self.crash:
            check_still(out)
        if self.setting and not settings.proved(self.setting, f"{out}/truth"):
            raise GuestFailed(f"{self.kind}: the setting took no effect")
        if os.path.exists(f"{out}/vmcore"):
            os.chmod(f"{out}/vmcore", 0o644)
            sh("fallocate", "--dig-holes", f"{out}/vmcore")

    def make_image(self, out):
        parts = [(start, size, f"{out}/memory-{start:x}") for start, size in self.memory()]
        vmcoreinfo = None
        if self.machine.vmcoreinfo == "note":
            with open(f"{out}/truth/vmcoreinfo", "rb") as f:
                vmcoreinfo = f.read()
        elf_image.write(f"{out}/vmcore", self.machine, vmcoreinfo, parts)
        for *_, path in parts:
            os.unlink(path)

    @staticmethod
    def dig_truth(out):
        """Take the truth of a crashed guest, which lies in its memory, out of the vmcore."""
        with Vmcore(f"{out}/vmcore", page_size(out)) as core:
            for name in ("kpageflags", "kpagecount"):
                data = bytearray()
                for pfn in read_words(f"{out}/truth/{name}.pfns"):
                    data += core.read(pfn, 1) or bytes(core.page)
                size = len(data) - core.page        # a page of padding follows the words
                words = struct.unpack_from(f"{core.order}{size // 8}Q", data)
                if name == "kpageflags" and not any(w & KIND_MASK for w in words):
                    raise GuestFailed("the vmcore does not hold the guest's kpageflags")
                with open(f"{out}/truth/{name}", "wb") as f:
                    f.write(struct.pack(f"<{len(words)}Q", *words))
                os.unlink(f"{out}/truth/{name}.pfns")

    def collect_result(self, out, console):
        if "VM command done" not in console:
            raise GuestFailed("the crash kernel did not get to the end of the command")
        os.mkdir(f"{out}/result")
        sh("debugfs", "-R", f'rdump / "{out}/result"', f"{out}/result.img")
        shutil.rmtree(f"{out}/result/lost+found", ignore_errors=True)
        os.unlink(f"{out}/result.img")
        if not os.path.exists(f"{out}/result/status"):
            raise GuestFailed("the command in the crash kernel left no exit status")

    def run(self, out, say=lambda text: None):
        """Boot until it works, at most ATTEMPTS times; OUT is an empty directory.

        A failed try's console stays as console-failed-N.log.
        """
        need_programs(self.machine)
        if self.la57 and not self.kernel.has_la57():
            raise cache.Unavailable(f"{self.kernel.release} has no 5-level page tables")
        start = time.monotonic()
        out = os.path.abspath(out)
        accel, timeout = "tcg", OTHER_TIMEOUT
        if self.machine is X86_64:
            accel = accelerator(self.kernel, self.la57)
            timeout = BOOT_TIMEOUT[accel]
        with tempfile.TemporaryDirectory() as work:
            disks = self.prepare(work, out)
            for attempt in range(1, ATTEMPTS + 1):
                say(f"{self.machine.name}, " * (self.machine is not X86_64)
                    + f"{self.kernel.release}, {self.kind}, {accel}"
                    + (f", attempt {attempt}" if attempt > 1 else ""))
                self.make_disks(disks)
                shutil.rmtree(f"{out}/truth", ignore_errors=True)
                shutil.rmtree(f"{out}/result", ignore_errors=True)
                try:
                    self.boot(self.qemu_command(accel, work, out, disks), work, out, timeout)
                    self.collect(out)
                    break
                except GuestFailed as e:
                    say(f"attempt {attempt}: {e}")
                    if os.path.exists(f"{out}/console.log"):
                        os.rename(f"{out}/console.log", f"{out}/console-failed-{attempt}.log")
                    if attempt == ATTEMPTS:
                        raise
                    if accel == "kvm":
                        accel, timeout = "tcg", BOOT_TIMEOUT["tcg"]
                        remember_accelerator(accel)
        meta = self.arguments() | {"accel": accel, "la57": self.la57, "command": self.command,
                                   "seconds": round(time.monotonic() - start)}
        with open(f"{out}/meta.json", "w") as f:
            json.dump(meta, f, indent=1)
            f.write("\n")


def swap_words(path):
    """Turn 64-bit words around; the truth is little-endian."""
    words = read_words(path)
    words.byteswap()
    with open(path, "wb") as f:
        f.write(words.tobytes())


def check_still(out):
    """GuestFailed if the pages of an image were not at rest around the stop."""
    before = read_words(f"{out}/truth/kpageflags")
    after = read_words(f"{out}/truth/kpageflags.after")
    moved = sum(1 for a, b in zip(before, after) if (a ^ b) & KIND_MASK)
    if moved or len(before) != len(after):
        raise GuestFailed(f"{moved} pages changed while the image was taken")
