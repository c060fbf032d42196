# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels of the Debian archive, of any suite, fetched but not installed."""
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time

import cache
from archive import WEEK, Suite, run, version_key
from machines import BACKPORTS, X86_64

# The suites that hold a series, best first.  A series that is not named here
# is looked for in the newest suites.
SUITES = {
    "5.10": ["bullseye"],
    "6.1": ["bookworm-security", "bookworm"],
    "6.12": ["trixie-security", "trixie"],
}
NEWEST = [BACKPORTS, "sid", "experimental"]
FIXED = ["6.1", "6.12"]         # `make check-all` takes these and the newest of the backports
SCANNED = "5.10"                # says nowhere where its symbol tables are

FLAVOUR = X86_64.flavour        # small, and has all a virtual machine needs
FULL_FLAVOUR = "amd64"          # large, and has drivers of real machines


def suite(name, arch=X86_64.arch):
    """The suite NAME.  "stable-backports" becomes the release's own name: on some
    mirrors the alias lags after it."""
    if name != BACKPORTS:
        return Suite(name, arch)
    alias = Suite(name, arch)
    if alias.stale():
        alias.update()
    return Suite(alias.target("CODENAME") or name, arch)


def releases(packages, flavour=FLAVOUR):
    """(release, series, {package: version}) of all kernels in a suite, newest first.

    Since 6.19 linux-image-RELEASE is an empty package, the files are in three
    others; an index may have kept only some of them.
    """
    found = []
    for name, version in packages.items():
        m = re.match(rf"linux-image-(\d[^-]*(?:-\d[^-]*)?-{flavour})$", name)
        numbers = re.match(r"(\d+\.\d+)\.\d+", version)
        if not m or not numbers:
            continue
        parts = [name]
        if f"linux-binary-{m[1]}" in packages or version_key(version) >= [6, 19]:
            parts = [f"linux-{part}-{m[1]}" for part in ("base", "binary", "modules")]
        if all(p in packages for p in parts):
            found.append((version_key(version), m[1], numbers[1],
                          {p: packages[p] for p in parts}))
    return [f[1:] for f in sorted(found, key=lambda f: f[0], reverse=True)]


def newest(machine=X86_64):
    """The newest series that there is for a machine; remembered for a week."""
    memo = os.path.join(cache.root(), "newest-backport" if machine is X86_64
                        else f"newest-{machine.flavour}")
    known = None
    if os.path.exists(memo):
        with open(memo) as f:
            known = f.read().strip()
        if time.time() - os.path.getmtime(memo) < WEEK:
            return known
    try:
        kernels = releases(suite(machine.newest, machine.arch).packages(), machine.flavour)
        if not kernels:
            raise cache.Unavailable(f"{machine.newest} offers no kernel")
        known = kernels[0][1]
    except cache.Unavailable:
        if not known:
            raise
    with open(memo, "w") as f:
        f.write(known + "\n")
    return known


def check_series():
    """The series that `make check-all` uses, oldest first."""
    last = newest()
    return FIXED + [last] * (last not in FIXED)


def unpack(source, wanted, release, dest):
    """Download and unpack one kernel as the directory DEST."""
    part = dest + ".part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    source.download(wanted, part)
    for deb in sorted(os.listdir(part)):
        path = os.path.join(part, deb)
        run(["dpkg-deb", "-x", path, part])
        os.unlink(path)
    top = os.path.join(part, "usr") if os.path.isdir(f"{part}/usr/lib/modules") else part
    run(["depmod", "-b", top, release])
    os.symlink(os.path.relpath(top, part), os.path.join(part, "root"))
    for name, places in {
            "vmlinuz": [f"boot/vmlinuz-{release}", f"boot/vmlinux-{release}",
                        f"root/lib/modules/{release}/vmlinuz"],
            "config": [f"boot/config-{release}", f"root/lib/modules/{release}/config"]}.items():
        for place in places:
            if os.path.exists(os.path.join(part, place)):
                os.symlink(place, os.path.join(part, name))
                break
    with open(os.path.join(part, "release"), "w") as f:
        f.write(release + "\n")
    shutil.rmtree(dest, ignore_errors=True)
    os.rename(part, dest)


class Kernel:
    """An unpacked kernel: series, dir, the name of that (which tells its flavour, too), release,
    vmlinuz, config, and its modules."""

    def __init__(self, series, directory):
        self.series = series
        self.name = os.path.basename(directory)
        self.dir = directory
        with open(os.path.join(directory, "release")) as f:
            self.release = f.read().strip()
        self.vmlinuz = os.path.join(directory, "vmlinuz")
        self.config = os.path.join(directory, "config")

    def has(self, option):
        """Is it built with an option?"""
        with open(self.config) as f:
            return f"\nCONFIG_{option}=y\n" in f.read()

    def lacks(self, option):
        """Is it built without an option that kernels of its series have?"""
        with open(self.config) as f:
            return f"# CONFIG_{option} is not set\n" in f.read()

    def has_la57(self):
        """Can it use 5-level page tables?  New kernels always can and have no option for it."""
        return not self.lacks("X86_5LEVEL")

    def cgroup_version(self):
        """The first version of control groups that can limit memory.  Kernels before 6.11 have both
        and no option for it."""
        return 2 if self.lacks("MEMCG_V1") else 1

    def needs_vmlinux(self):
        """Does it lack its own types (BTF), or names of its data?"""
        return not self.has("DEBUG_INFO_BTF") or not self.has("KALLSYMS_ALL")

    def page_size(self):
        """Bytes of a page."""
        with open(self.config) as f:
            m = re.search(r"^CONFIG_(?:PAGE_SHIFT=(\d+)|(?:PPC|ARM64)_(\d+)K_PAGES=y)$",
                          f.read(), re.M)
        if not m:
            return 4096
        return 1 << int(m[1]) if m[1] else int(m[2]) << 10

    def modules(self, names):
        """Paths of the modules NAMES and of what they need, in the order of loading;
        names that this kernel lacks or has built in are left out."""
        order = []
        for name in names:
            r = subprocess.run(["modprobe", "-d", os.path.join(self.dir, "root"), "-S",
                                self.release, "--show-depends", name], text=True, check=False,
                               stdin=subprocess.DEVNULL, capture_output=True)
            for line in r.stdout.splitlines():
                words = line.split()
                if words[0] == "insmod" and words[1] not in order:
                    order.append(words[1])
        return order


def fetch_vmlinux(source, wanted, dest):
    """Download the package of a kernel's debug information, and take the vmlinux out of it."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(dest)) as work:
        source.download(wanted, work)
        deb, = os.listdir(work)
        # The modules in the package are many times as big; leave off at the vmlinux.
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", os.path.join(work, deb)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as dpkg:
            with tarfile.open(fileobj=dpkg.stdout, mode="r|") as tar:
                for member in tar:
                    if member.isfile() and os.path.basename(member.name).startswith("vmlinux"):
                        with open(dest + ".part", "wb") as out:
                            shutil.copyfileobj(tar.extractfile(member), out, 1 << 20)
                        os.rename(dest + ".part", dest)
                        break
            dpkg.kill()
    if not os.path.exists(dest):
        raise cache.Unavailable(f"{deb} has no vmlinux")


def debug_vmlinux(kern, arch=X86_64.arch):
    """Path of a kernel's vmlinux with debug information; a big download."""
    dest = os.path.join(kern.dir, "vmlinux-debug")
    if os.path.exists(dest):
        return dest
    package, wrong = f"linux-image-{kern.release}-dbg", None
    for name in SUITES.get(kern.series, NEWEST):
        try:
            source = suite(name, arch)
            version = source.packages().get(package)
            if version:
                fetch_vmlinux(source, {package: version}, dest)
                return dest
        except cache.Unavailable as e:
            wrong = wrong or e
    raise cache.Unavailable(f"no {package} to be had: {wrong or 'no suite has it'}")


def first_to_be_had(source, found, dest):
    """Unpack the first of some releases of one suite that the archive still has."""
    wrong = None
    for release, _, wanted in found:
        try:
            unpack(source, wanted, release, dest)
            return True
        except cache.Unavailable as e:
            wrong = wrong or e
    if wrong:
        raise wrong
    return False


def kernel(series, flavour=FLAVOUR, arch=X86_64.arch):
    """The newest kernel of SERIES, from the cache or from the archive."""
    dest = os.path.join(cache.root(), "kernels",
                        series if flavour == FLAVOUR else f"{series}-{flavour}")
    if os.path.exists(os.path.join(dest, "release")):
        return Kernel(series, dest)
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    wrong = None
    for name in SUITES.get(series, NEWEST):
        # An index that is out of date names packages that are gone: try a new one.
        for again in (False, True):
            try:
                source = suite(name, arch)
                if again:
                    source.update()
                found = [r for r in releases(source.packages(), flavour) if r[1] == series]
                if first_to_be_had(source, found[:None if again else 1], dest):
                    return Kernel(series, dest)
                break
            except cache.Unavailable as e:
                wrong = wrong or e
    raise cache.Unavailable(f"no kernel {series} to be had: {wrong or 'no suite has it'}")


def busybox(arch):
    """Path of another architecture's busybox, from the cache or from the archive."""
    dest = os.path.join(cache.root(), "busybox", arch)
    places = [os.path.join(dest, d, "busybox") for d in ("bin", "usr/bin")]
    wrong = None
    for name in () if any(map(os.path.exists, places)) else ("stable", "sid", "oldstable"):
        try:
            source = suite(name, arch)
            part = dest + ".part"
            shutil.rmtree(part, ignore_errors=True)
            os.makedirs(part)
            source.download({"busybox-static": source.packages()["busybox-static"]}, part)
            deb, = os.listdir(part)
            run(["dpkg-deb", "-x", os.path.join(part, deb), part])
            shutil.rmtree(dest, ignore_errors=True)
            os.rename(part, dest)
            break
        except (cache.Unavailable, KeyError) as e:
            wrong = wrong or e
    for path in places:
        if os.path.exists(path):
            return path
    raise cache.Unavailable(f"no busybox of {arch} to be had: {wrong}")
