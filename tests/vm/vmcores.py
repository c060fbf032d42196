# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache of vmcores: one for each machine, series and kind."""
import hashlib
import json
import os
import shutil

import built
import cache
import debian
import machines
import qemu
import settings


def key(guest):
    """Changes with everything that decides what is in the vmcore."""
    h = hashlib.sha256(json.dumps(guest.arguments(), sort_keys=True).encode())
    for name in sorted(os.listdir(qemu.GUEST)):
        if name == "init-crash" and not guest.crash:
            continue
        with open(os.path.join(qemu.GUEST, name), "rb") as f:
            h.update(name.encode() + b"\0" + f.read())
    return h.hexdigest()[:12]


def make(guest, say=lambda text: None, again=False):
    """The directory of the vmcore that GUEST leaves, made if it is not there or
    AGAIN.  The caller holds the cache's lock."""
    top = os.path.join(cache.root(), "vmcores")
    name = guest.kernel.name if guest.machine is machines.X86_64 else \
        f"{guest.kernel.series}-{guest.machine.name}"
    prefix = f"{name}-{guest.kind}."
    dest = os.path.join(top, prefix + key(guest))
    if os.path.exists(os.path.join(dest, "meta.json")) and not again:
        return dest
    part = os.path.join(top, f"{prefix}part")
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    guest.run(part, say)
    # Those that the new one replaces.
    for name in os.listdir(top):
        if name.startswith(prefix) and name != os.path.basename(part):
            shutil.rmtree(os.path.join(top, name))
    os.rename(part, dest)
    return dest


def need_kinds(options, machine, kinds):
    """An error of the OPTIONS, a parser of these, if a machine has no vmcores of these kinds."""
    have = settings.KINDS if machine is machines.X86_64 else \
        ["image", "kdump"] if machine.kexec else ["image"]
    for kind in kinds:
        if kind not in have:
            options.error(f"{machine.name} has no {kind}, only {' '.join(have)}")


def kernel(machine, series):
    """The kernel of a SERIES for a machine: a series of Debian, or one with a flavour
    (6.12-rt-amd64), "newest", or a kernel of built.py. The caller holds the cache's lock."""
    if built.is_built(series):
        if built.machine_of(series) != machine.name:
            raise cache.Unavailable(f"{series} is a kernel of {built.machine_of(series)}")
        return built.kernel(series)
    if series == "newest":
        series = debian.newest(machine)
    series, _, flavour = series.partition("-")
    return debian.kernel(series, flavour or machine.flavour, machine.arch)


def guest(machine, series, kind, **more):
    """The guest of a machine that boots kernel(); MORE is for qemu.Guest."""
    return qemu.Guest(kernel(machine, series), kind, machine=machine, **more)
