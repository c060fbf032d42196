# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernels of configurations that Debian does not ship, built from Debian's sources or the user's.

SERIES+VARIANT names one: 6.12+novmemmap is built from linux-source-6.12 with the options of
kernels/base.config, those of its architecture in kernels/arch and of its series in
kernels/series, of which kernels/novmemmap.config replaces some. It is kept in the cache until its
source, its options or the tools change. Debian has no sources of the series in OWN_SOURCES: the
source of 4.19 is the directory linux-4.19 in the one that the environment variable
MAKEDUMPFILE_LINUX names.
"""
import contextlib
import hashlib
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import typing

import cache
import debian
from archive import run
from machines import MACHINES

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels")
BASE = os.path.join(HERE, "base.config")
# The directory of the user's sources, and the series of which Debian has none.
SOURCES = "MAKEDUMPFILE_LINUX"
OWN_SOURCES = ("4.19", "5.4", "5.15", "6.6")
# Words of make for series that are older than the compilers: two files of 4.19 that begin the boot
# define one variable.
OLD_WORDS = {"4.19": ("CC=gcc -fcommon",)}
# Programs, and their packages.
PROGRAMS = {"make": "make", "flex": "flex", "bison": "bison", "bc": "bc", "pahole": "dwarves"}
OPTION = re.compile(r"(CONFIG_\w+)=(.*)")


class Compiler(typing.NamedTuple):
    """words: those with which make takes it; programs: the compiler and what it needs besides, with
    their packages."""
    words: tuple
    programs: dict


COMPILERS = {
    "gcc": Compiler((), {"gcc": "gcc"}),
    "clang": Compiler(("LLVM=-19",), {"clang-19": "clang-19", "ld.lld-19": "lld-19",
                                      "llvm-nm-19": "llvm-19"}),
}


class Target(typing.NamedTuple):
    """The kernel of a machine in the words of its makefiles: its architecture, the name of the file
    in kernels/arch, the file that boots, and words for make without which it is not built."""
    arch: str
    options: str
    image: str
    words: tuple = ()


TARGETS = {
    "x86_64": Target("x86_64", "x86", "arch/x86/boot/bzImage"),
    "i386": Target("i386", "x86", "arch/x86/boot/bzImage"),
    "arm64": Target("arm64", "arm64", "arch/arm64/boot/Image"),
    "ppc64": Target("powerpc", "powerpc", "vmlinux"),
    "ppc": Target("powerpc", "powerpc", "vmlinux"),
    "ppc-e500": Target("powerpc", "powerpc", "vmlinux"),
    # 6.12.118 asserts that FMODE_NONOTIFY is no flag of open(), but here O_TMPFILE has its bit.
    # Without __OPTIMIZE__ nothing is asserted.
    "sparc64": Target("sparc64", "sparc", "vmlinux", ("CFLAGS_fcntl.o=-U__OPTIMIZE__",)),
}


class Variant(typing.NamedTuple):
    """A configuration: the group of those that differ in the same, the series that it is built of,
    its compiler, and the name of its machine. Compilers of other machines are theirs."""
    group: str
    series: tuple
    compiler: str = "gcc"
    machine: str = "x86_64"


VARIANTS = {
    "novmemmap": Variant("memory", ("6.12",)),
    "nobtf": Variant("types", ("6.12",)),
    "debug": Variant("struct page", ("6.12",)),
    "clang": Variant("symbols", ("6.12",), "clang"),
    "randstruct": Variant("types", ("6.12",)),
    "split": Variant("types", ("6.12",)),
    "kasan": Variant("memory", ("6.12",)),
    "kasan-tags": Variant("memory", ("6.12",), machine="arm64"),
    "flatmem": Variant("machine", ("6.12",), machine="i386"),
    "ppc64": Variant("machine", ("6.12",), machine="ppc64"),
    "ppc": Variant("machine", ("6.12",), machine="ppc"),
    "e500": Variant("machine", ("6.12",), machine="ppc-e500"),
    "sparc64": Variant("machine", ("6.12",), machine="sparc64"),
    "plain": Variant("age", OWN_SOURCES),
}


def is_built(series):
    return "+" in series


def all_kernels():
    return [f"{series}+{name}" for name, variant in VARIANTS.items() for series in variant.series]


def some_kernels():
    """The first kernel of each group that needs no sources of the user's."""
    groups = {}
    for name, variant in VARIANTS.items():
        for series in variant.series:
            if series not in OWN_SOURCES:
                groups.setdefault(variant.group, f"{series}+{name}")
    return list(groups.values())


def option_files(name):
    """The files of options of the kernel SERIES+VARIANT; later ones replace options of others."""
    series, _, variant = name.partition("+")
    of_series = f"{HERE}/series/{series}.config"
    return [BASE, f"{HERE}/arch/{TARGETS[machine_of(name)].options}.config",
            *[of_series] * os.path.exists(of_series), f"{HERE}/{variant}.config"]


def text(name):
    """The configuration of a kernel in words, with which the files of its variant and of its series
    begin."""
    words = []
    for path in reversed(option_files(name)[2:]):
        with open(path) as f:
            lines = itertools.takewhile(lambda line: line.startswith("#"), f)
            words.append(" ".join(line.strip("# \n") for line in lines).rstrip("."))
    return ". ".join(words)


def options(path):
    """The options of a file, {name: value}."""
    with open(path) as f:
        return dict(m.groups() for line in f if (m := OPTION.fullmatch(line.rstrip("\n"))))


def own_sources(series):
    top = os.environ.get(SOURCES)
    if not top:
        raise cache.Unavailable(f"Debian has no sources of {series}: set {SOURCES} to a directory "
                                f"with linux-{series} in it")
    tree = os.path.join(os.path.abspath(top), f"linux-{series}")
    if not os.path.exists(f"{tree}/Makefile"):
        raise cache.Unavailable(f"{SOURCES}: no sources of a kernel in {tree}")
    return tree


def sources(series):
    """The directory of a series' sources: the user's, or from the cache or from the archive."""
    if series in OWN_SOURCES:
        return own_sources(series)
    dest = os.path.join(cache.root(), "sources", series)
    if os.path.exists(f"{dest}/Makefile"):
        return dest
    package, wrong = f"linux-source-{series}", None
    for name in debian.SUITES.get(series, debian.NEWEST):
        try:
            suite = debian.suite(name)
            version = suite.packages().get(package)
            if not version:
                continue
            os.makedirs(os.path.dirname(dest), exist_ok=True)
            with tempfile.TemporaryDirectory(dir=os.path.dirname(dest)) as work:
                suite.download({package: version}, work)
                deb, = os.listdir(work)
                run(["dpkg-deb", "-x", f"{work}/{deb}", work])
                run(["tar", "-xf", f"{work}/usr/src/{package}.tar.xz", "-C", work])
                os.rename(f"{work}/{package}", dest)
            return dest
        except cache.Unavailable as e:
            wrong = wrong or e
    raise cache.Unavailable(f"no sources of {series} to be had: {wrong or 'no suite has them'}")


def key(source, wanted, compiler):
    """Changes with all that decides what a kernel is."""
    h = hashlib.sha256(repr((sorted(wanted.items()), compiler.words)).encode())
    with open(f"{source}/Makefile", "rb") as f:         # has the version
        h.update(f.read())
    for program in (*compiler.programs, "pahole"):
        h.update(run([program, "--version"]).encode())
    return h.hexdigest()


def configure(tree, words, wanted):
    """Make a .config. Unavailable, naming them, if options are not as they are wanted."""
    text = "".join(f"{name}={value}\n" for name, value in wanted.items())
    with open(f"{tree}/wanted", "w") as f:
        f.write(text)
    run(["make", "-s", *words, f"KCONFIG_ALLCONFIG={tree}/wanted", "allnoconfig"])
    found = options(f"{tree}/.config")
    lost = [name for name, value in wanted.items() if found.get(name, "n") != value]
    if lost:
        raise cache.Unavailable(f"kconfig does not take {' '.join(lost)}")


def run_make(words, log):
    """Call make; its output is added to a log, which is there to be read if it fails."""
    with open(log, "a") as f:
        code = subprocess.run(["make", "-s", *words], stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                              check=False).returncode
    if code:
        raise cache.Unavailable(f"make: exit status {code}: see {log}")


def keep_dwo_files(tree, dest):
    """Keep the files, if there are any, in which the compiler left debug information that is not in
    vmlinux. It has their names, from its own directory on."""
    for path in pathlib.Path(tree).rglob("*.dwo"):
        copy = dest / path.relative_to(tree)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)


def build(dest, words, wanted, image):
    part = f"{dest}.part"
    shutil.rmtree(part, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{dest}.log")
    modules = os.path.join(part, "root")
    os.makedirs(modules)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(dest)) as tree:
        words = [*words, f"O={tree}", f"-j{len(os.sched_getaffinity(0))}"]
        configure(tree, words, wanted)
        run_make([*words, os.path.basename(image), "modules"], f"{dest}.log")
        run_make([*words, f"INSTALL_MOD_PATH={modules}", "INSTALL_MOD_STRIP=1",
                  "modules_install"], f"{dest}.log")
        for name, place in {"vmlinuz": image, "config": ".config", "vmlinux-debug": "vmlinux",
                            "release": "include/config/kernel.release"}.items():
            shutil.copy(f"{tree}/{place}", f"{part}/{name}")
        keep_dwo_files(tree, pathlib.Path(part, "dwo"))
    shutil.rmtree(dest, ignore_errors=True)
    os.rename(part, dest)


def compiler_of(variant):
    machine, target = MACHINES[variant.machine], TARGETS[variant.machine]
    if not machine.tools:
        return COMPILERS[variant.compiler]
    return Compiler((f"ARCH={target.arch}", f"CROSS_COMPILE={machine.tools}", *target.words),
                    {f"{machine.tools}gcc": machine.tools_packages[0]})


def machine_of(name):
    """The name of the machine of the kernel SERIES+VARIANT."""
    variant = name.partition("+")[2]
    if variant not in VARIANTS:
        raise cache.Unavailable(f"no variant is called {variant}: there are {' '.join(VARIANTS)}")
    return VARIANTS[variant].machine


def kernel(name):
    """The kernel SERIES+VARIANT, from the cache or built. The caller holds the cache's lock."""
    series, _, variant = name.partition("+")
    target, compiler = TARGETS[machine_of(name)], compiler_of(VARIANTS[variant])
    compiler = compiler._replace(words=compiler.words + OLD_WORDS.get(series, ()))
    missing = {package for program, package in (PROGRAMS | compiler.programs).items()
               if not shutil.which(program)}
    if missing:
        raise cache.Unavailable("not on this machine: " + " ".join(sorted(missing)))
    wanted = {"CONFIG_LOCALVERSION": f'"-{variant}"'}
    for path in option_files(name):
        wanted |= options(path)
    source = sources(series)
    dest, known = os.path.join(cache.root(), "kernels", name), None
    if os.path.exists(f"{dest}/key"):
        with open(f"{dest}/key") as f:
            known = f.read()
    new = key(source, wanted, compiler)
    if known != new:
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        build(dest, [*compiler.words, "-C", source], wanted, target.image)
        with open(f"{dest}/key", "w") as f:
            f.write(new)
    return debian.Kernel(name, dest)
