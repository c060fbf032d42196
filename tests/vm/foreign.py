# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of Debian for guests of other architectures, below the cache, and the libraries that
they need in a guest."""
import glob
import os
import re
import tempfile

import archive
import cache

SUITES = ("stable", "sid", "oldstable")


def unpacked(arch, package):
    """The root in which a package of an architecture lies, with all that it depends on, from the
    first suite that has it. The caller holds the cache's lock."""
    root = os.path.join(cache.root(), "foreign", f"{package}-{arch}")
    os.makedirs(os.path.dirname(root), exist_ok=True)
    wrong = None
    for name in () if os.path.exists(root) else SUITES:
        try:
            source = archive.Suite(name, arch)
            if package in source.packages():
                unpack(source, package, root)
                break
        except cache.Unavailable as e:
            wrong = wrong or e
    if not os.path.exists(root):
        raise cache.Unavailable(f"no {package} of {arch} to be had: {wrong or 'no suite has it'}")
    return root


def unpack(source, package, root):
    with tempfile.TemporaryDirectory(prefix="part.", dir=os.path.dirname(root)) as work:
        source.download_all([package], f"{work}/debs")
        for deb in sorted(glob.glob(f"{work}/debs/*.deb")):
            archive.run(["dpkg-deb", "-x", deb, f"{work}/unpacked"])
        os.rename(f"{work}/unpacked", root)


def linked_with(path):
    """The names of the libraries that a program or library is linked with, and the path of its
    loader, if it has one."""
    text = archive.run(["readelf", "--wide", "--dynamic", "--program-headers", path])
    loader = re.search(r"program interpreter: (\S+)\]", text)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text), loader and loader[1]


def closure(root, path):
    """{path in a guest: path here} of the loader and the libraries, below ROOT, of a program."""
    files, names = {}, [path]
    for name in names:
        found = name if "/" in name else library(root, name)
        needed, loader = linked_with(found)
        if found != path:
            files.setdefault(f"lib/{name}", found)
        if loader:
            files[loader.lstrip("/")] = library(root, os.path.basename(loader))
        names += [n for n in needed if n not in names]
    return files


def library(root, name):
    for place in ("lib/*", "usr/lib/*", "lib", "usr/lib"):
        for path in glob.glob(f"{root}/{place}/{name}"):
            return path
    raise cache.Unavailable(f"{root} has no {name}")


def kexec_tools(arch):
    """{path in a guest: path here} of the program kexec and its libraries."""
    root = unpacked(arch, "kexec-tools")
    path = next(p for p in (f"{root}/sbin/kexec", f"{root}/usr/sbin/kexec") if os.path.exists(p))
    return {"bin/kexec": path, **closure(root, path)}
