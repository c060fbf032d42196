# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of another suite of Debian, with all they need, below the cache: run by their own
loader with their own libraries, whatever this machine has."""
import glob
import os
import shlex
import tempfile

import archive
import cache

LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"


class Programs:
    """The unpacked PACKAGES of a SUITE; cache.Unavailable if they cannot be had. The caller
    holds the cache's lock."""

    def __init__(self, suite, packages):
        if os.uname().machine != "x86_64":
            raise cache.Unavailable("the programs are of x86_64")
        self.root = os.path.join(cache.root(), "programs", f"{suite}-{'-'.join(packages)}")
        if not os.path.exists(self.root):
            self.unpack(archive.Suite(suite), packages)

    def unpack(self, source, packages):
        where = os.path.dirname(self.root)
        os.makedirs(where, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="part.", dir=where) as work:
            debs, root = os.path.join(work, "debs"), os.path.join(work, "root")
            source.download_all(packages, debs)
            for deb in sorted(glob.glob(f"{debs}/*.deb")):
                archive.run(["dpkg-deb", "-x", deb, root])
            with open(os.path.join(root, "packages"), "w") as f:
                for deb in sorted(os.listdir(debs)):
                    name, _, version = deb.removesuffix(".deb").partition("_")
                    f.write(f"{name} {version.rpartition('_')[0]}\n")
            os.rename(root, self.root)

    def version(self, package):
        """The version of a package, as people say it."""
        with open(os.path.join(self.root, "packages")) as f:
            for line in f:
                name, *version = line.split()
                if name == package:
                    return version[0].partition("+")[0].partition("-")[0]
        raise cache.Unavailable(f"{package} is not among the packages")

    def command(self, program):
        """The words that run a PROGRAM such as usr/bin/crash; its arguments follow them."""
        lib = os.path.join(self.root, LIBRARIES)
        return [os.path.join(lib, LOADER), "--library-path", lib,
                os.path.join(self.root, program)]

    def files(self, program):
        """{path: path} of the files that run a PROGRAM: it, its loader and its libraries."""
        loader, *options, path = self.command(program)
        text = archive.run([loader, *options[:2], "--list", path])
        libraries = [w for line in text.splitlines() for w in line.split() if w.startswith("/")]
        return {p: p for p in {loader, path, *libraries}}

    def script(self, program, name):
        """The same as the path of a script called NAME, for those that look for a file."""
        path = os.path.join(self.root, "scripts", name)
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(f'#!/bin/sh\nexec {shlex.join(self.command(program))} "$@"\n')
            os.chmod(path, 0o755)
        return path

    def python(self):
        """The same for its python3, and the environment that it wants."""
        usr = os.path.join(self.root, "usr")
        return self.command("usr/bin/python3"), {
            **os.environ, "PYTHONHOME": usr, "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.path.join(usr, "lib/python3/dist-packages")}
