# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache of downloads, kernels and vmcores between runs.

Everything lies below $MDF_CACHE, or $XDG_CACHE_HOME/makedumpfile-tests, or
~/.cache/makedumpfile-tests.  It can be deleted at any time.
"""
import contextlib
import fcntl
import os

# The directories of depmod and mke2fs, which a plain user's PATH need not have.
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Unavailable(Exception):
    """The network, the archive or a program is missing: a reason to skip."""


def root():
    """The cache directory, made if it is not there."""
    path = os.environ.get("MDF_CACHE")
    if not path:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        path = os.path.join(home, "makedumpfile-tests")
    path = os.path.abspath(path)
    os.makedirs(path, exist_ok=True)
    return path


@contextlib.contextmanager
def lock(name="lock"):
    """Exclusive use of a part of the cache. That without a name is all about kernels, and
    also keeps guests from running side by side."""
    with open(os.path.join(root(), name), "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield
