# SPDX-License-Identifier: GPL-2.0-or-later
"""busybox for a machine that Debian has no packages for, built from Debian's source."""
import glob
import os
import tempfile

import archive
import cache
from archive import run

# Static; without an applet that does not compile with the newest headers of the kernel.
CHANGES = {"# CONFIG_STATIC is not set": "CONFIG_STATIC=y",
           "\nCONFIG_TC=y": "\n# CONFIG_TC is not set"}


def build(machine):
    """Path of the program, from the cache or built. The caller holds the cache's lock."""
    dest = os.path.join(cache.root(), "busybox", machine.arch, "built")
    if os.path.exists(dest):
        return dest
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(dest)) as work:
        archive.Suite(archive.own_suite(), sources=True).download_source("busybox", work)
        run(["tar", "-xf", *glob.glob(f"{work}/*.orig.tar.*"), "-C", work])
        tree, = glob.glob(f"{work}/busybox-*/")
        run(["make", "-s", "-C", tree, "defconfig"])
        with open(f"{tree}/.config") as f:
            text = f.read()
        for old, new in CHANGES.items():
            text = text.replace(old, new)
        with open(f"{tree}/.config", "w") as f:
            f.write(text)
        run(["make", "-s", "-C", tree, f"-j{len(os.sched_getaffinity(0))}",
             f"CROSS_COMPILE={machine.tools}", "busybox"])
        os.rename(f"{tree}/busybox", dest)
    return dest
