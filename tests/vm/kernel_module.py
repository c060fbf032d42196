# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules for Debian's kernels of x86_64, built of one source with the kernels' own headers and the
compiler of this machine, without the programs that kernel builds run."""
import os
import tempfile

import cache
import debian
from archive import run

# The part of a module that a kernel build adds.
PART = """
#define INCLUDE_VERMAGIC
#include <linux/module.h>
#include <linux/vermagic.h>

MODULE_INFO(name, KBUILD_MODNAME);
MODULE_INFO(vermagic, VERMAGIC_STRING);
MODULE_INFO(retpoline, "Y");
struct module __this_module __section(".gnu.linkonce.this_module") = {
	.name = KBUILD_MODNAME, .init = init_module, .exit = cleanup_module,
	.arch = MODULE_ARCH_INIT,
};
static const struct modversion_info versions[] __used __section("__versions") = {
"""
FLAGS = """-D__KERNEL__ -DMODULE -DCC_USING_FENTRY -std=gnu11 -O2 -w -fshort-wchar -funsigned-char
    -fno-common -fno-PIE -fno-strict-aliasing -fno-jump-tables -fno-stack-protector
    -fno-asynchronous-unwind-tables -fcf-protection=branch -mno-sse -mno-mmx -mno-80387
    -mno-red-zone -mcmodel=kernel -mpreferred-stack-boundary=3 -mindirect-branch=thunk-extern
    -mindirect-branch-register -mfunction-return=thunk-extern""".split()


def headers(kernel):
    """The directories of a kernel's headers: those that all flavours share, and its own."""
    where = os.path.join(kernel.dir, "headers")
    common = f"{kernel.release.removesuffix(f'-{debian.FLAVOUR}')}-common"
    names = [f"linux-headers-{release}" for release in (common, kernel.release)]
    for suite in () if os.path.exists(where) else debian.SUITES[kernel.series]:
        source = debian.suite(suite)
        found = source.packages()
        if not all(name in found for name in names):
            continue
        with tempfile.TemporaryDirectory(dir=kernel.dir) as work:
            source.download({name: found[name] for name in names}, work)
            for deb in os.listdir(work):
                run(["dpkg-deb", "-x", f"{work}/{deb}", f"{work}/unpacked"])
            os.rename(f"{work}/unpacked", where)
        break
    if not os.path.exists(where):
        raise cache.Unavailable(f"no {names[-1]} to be had: no suite has it")
    return [f"{where}/usr/src/{name}" for name in names]


def build(kernel, source, dest):
    """Make the module DEST, whose name ends in .ko, of a C SOURCE."""
    common, own = headers(kernel)
    name = os.path.basename(dest).removesuffix(".ko")
    command = ["gcc", "-nostdinc", *FLAGS, f'-DKBUILD_MODNAME="{name}"',
               f"-D__KBUILD_MODNAME=kmod_{name}", f'-DKBUILD_BASENAME="{name}"']
    for uapi in ("", "uapi"):
        for top, place in ((common, "arch/x86/include/"), (own, "arch/x86/include/generated/"),
                           (common, "include/"), (own, f"include/{'generated/' * bool(uapi)}")):
            command += ["-I", f"{top}/{place}{uapi}"]
    for name in ("compiler-version", "kconfig", "compiler_types"):
        command += ["-include", f"linux/{name}.h"]
    with tempfile.TemporaryDirectory() as work:
        run([*command, "-c", "-o", f"{work}/code.o", source])
        needed = {"module_layout", *run(["nm", "-u", "-j", f"{work}/code.o"]).split()}
        with open(f"{own}/Module.symvers") as f:
            versions = [line.split("\t")[:2] for line in f]
        with open(f"{work}/part.c", "w") as f:
            f.write(PART + "".join(f'{{ {crc}, "{symbol}" }},' for crc, symbol in versions
                                   if symbol in needed) + "};\n")
        run([*command, "-c", "-o", f"{work}/part.o", f"{work}/part.c"])
        run(["ld", "-r", "-o", dest, f"{work}/code.o", f"{work}/part.o"])
