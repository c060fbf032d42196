# SPDX-License-Identifier: GPL-2.0-or-later
"""A small Debian system of this machine's own suite, with kdump-tools as its package
installs them, on a disk image that is kept in the cache.

When it has booted and kdump-tools have loaded the crash kernel, it panics.  That the
crash kernel's initial RAM disk has the modules of this disk only is what its administrator
wants: kdump-tools would look at the devices of the machine on which it is made.
"""
import os
import shutil
import subprocess
import tempfile

import archive
import cache
import debian
from qemu import GuestFailed, closure, digest, sh

PACKAGES = ["systemd-sysv", "udev", "kmod", "procps", "zstd", "initramfs-tools", "kdump-tools",
            f"linux-image-{debian.FLAVOUR}"]
DISK_MIB = 1536
ROOT = "/dev/vda"
MODULES = ["virtio_pci", "virtio_blk", "ext4"]
WITHOUT = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*"]
# The crash of the production kernel once everything is up.
PANIC = """[Unit]
Description=Crash this system
After=kdump-tools.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'dmesg > /var/log/dmesg.before; sync; \\
 echo "VM crash kernel loaded: $(cat /sys/kernel/kexec_crash_loaded)" > /dev/console; \\
 echo c > /proc/sysrq-trigger'

[Install]
WantedBy=multi-user.target
"""
BEFORE = """set -e
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
echo MODULES=list > "$1/etc/initramfs-tools/conf.d/guest"
printf '%s\\n' {modules} > "$1/usr/share/initramfs-tools/modules.d/guest"
"""
AFTER = """set -e
cat > "$1/etc/systemd/system/panic.service" <<'END'
{unit}END
chroot "$1" systemctl -q enable panic.service
echo '{root} / ext4 defaults 0 1' > "$1/etc/fstab"
# As the installation of a kernel does it where kdump-tools are there already.
for kernel in "$1"/boot/vmlinuz-*; do
	chroot "$1" /etc/kernel/postinst.d/kdump-tools "${{kernel##*/vmlinuz-}}"
done
"""


def libraries(program):
    """The packages of the shared libraries that a program is linked with."""
    names = set()
    for path in closure(program)[1:]:
        for place in (path, os.path.realpath(path), "/usr" + path):
            r = subprocess.run(["dpkg-query", "-S", place], stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, check=False)
            if r.returncode == 0:
                names.add(r.stdout.split(":")[0])
                break
    return sorted(names)


def make_tree(dest, packages):
    """The system as a tar archive."""
    if os.getuid() != 0:
        raise cache.Unavailable("only root can install a Debian system")
    if not shutil.which("mmdebstrap"):
        raise cache.Unavailable("not on this machine: mmdebstrap")
    name = archive.own_suite()
    main, _ = archive.archives()
    before = BEFORE.format(modules=" ".join(MODULES))
    after = AFTER.format(unit=PANIC, root=ROOT)
    r = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}",
         "--aptopt=APT::Install-Recommends \"false\"",
         *(f"--dpkgopt=path-exclude={path}" for path in WITHOUT),
         f"--essential-hook={before}", f"--customize-hook={after}",
         name, dest, archive.source(main, name)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if r.returncode:
        words = [w for w in r.stderr.splitlines() if w.startswith("E:")] or ["it failed"]
        raise cache.Unavailable(f"mmdebstrap: {words[0]}")


class System:
    """The system on disk: paths of its disk image, kernel and initial RAM disk."""

    def __init__(self, directory):
        self.disk = os.path.join(directory, "disk")
        self.vmlinuz = os.path.join(directory, "vmlinuz")
        self.initrd = os.path.join(directory, "initrd.img")


def system(program):
    """A system that has the libraries of a program, from the cache or made anew."""
    packages = PACKAGES + libraries(program)
    key = digest([os.path.abspath(__file__)])
    dest = os.path.join(cache.root(), "systems", f"{archive.own_suite()}-{key}")
    listed = os.path.join(dest, "packages")
    if os.path.exists(listed):
        with open(listed) as f:
            if f.read().split() == packages:
                return System(dest)
    shutil.rmtree(os.path.dirname(dest), ignore_errors=True)
    os.makedirs(dest)
    with tempfile.TemporaryDirectory(dir=dest) as work:
        make_tree(f"{work}/system.tar", packages)
        os.mkdir(f"{work}/tree")
        sh("tar", "-C", f"{work}/tree", "--numeric-owner", "-xpf", f"{work}/system.tar")
        boot = f"{work}/tree/boot"
        for name in ("vmlinuz", "initrd.img"):
            found = sorted(n for n in os.listdir(boot) if n.startswith(name + "-"))
            shutil.copy(f"{boot}/{found[-1]}", f"{dest}/{name}")
        sh("mke2fs", "-q", "-t", "ext4", "-d", f"{work}/tree", "-m", "0", f"{dest}/disk",
           f"{DISK_MIB}M")
    with open(listed, "w") as f:
        f.write(" ".join(packages) + "\n")
    return System(dest)


def install(disk, program, place):
    """Put a program in the place of another on a disk."""
    name = os.path.basename(place)
    subprocess.run(["debugfs", "-w", "-R", f"rm {place}", disk], stdin=subprocess.DEVNULL,
                   capture_output=True, check=False)
    with tempfile.TemporaryDirectory() as work:
        script = os.path.join(work, "script")
        with open(script, "w") as f:
            f.write(f"cd {os.path.dirname(place)}\nwrite {os.path.abspath(program)} {name}\n"
                    f"sif {name} mode 0100755\nsif {name} uid 0\nsif {name} gid 0\n")
        sh("debugfs", "-w", "-f", script, disk)
        sh("debugfs", "-R", f"dump {place} {work}/back", disk)
        with open(program, "rb") as a, open(f"{work}/back", "rb") as b:
            if a.read() != b.read():
                raise GuestFailed(f"{place} could not be put on the disk")


def take(disk, place, dest):
    """Copy a directory of a disk out."""
    os.makedirs(dest, exist_ok=True)
    sh("debugfs", "-R", f'rdump {place} "{dest}"', disk)
