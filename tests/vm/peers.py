# SPDX-License-Identifier: GPL-2.0-or-later
"""The other makedumpfile of a measurement, and the codecs that two have in common."""
import os
import re
import shutil
import subprocess
import typing

import cache
from programs import Programs

SUITE, PROGRAM = 'sid', 'usr/bin/makedumpfile'
# makedumpfile, and the libraries that a program of ours may be linked with.
PACKAGES = ['makedumpfile', 'libbpf1', 'libbz2-1.0', 'libdeflate0', 'libdw1t64', 'libelf1t64',
            'libisal2', 'liblzma5', 'liblzo2-2', 'libsnappy1v5', 'libzstd1', 'zlib1g']
OPTIONS = {'lzo': '-l', 'snappy': '-p', 'zstd': '-z', 'zlib': '-c'}


class Peer(typing.NamedTuple):
    """A makedumpfile to compare with. command: the words that run it; files: {path: path} of all
    that a guest needs for it, if it does not run with the libraries of this machine; programs:
    those whose libraries it has."""
    command: list
    files: dict
    programs: typing.Optional[Programs] = None

    def beside(self, program):
        """(command, files) in the same way of a program that this machine built, which runs
        with the same libraries: it is not they that are compared."""
        if not self.programs:
            return [program], {}
        try:
            return self.programs.command(program), self.programs.files(program)
        except cache.Unavailable:
            return [program], {}


def find(path=None):
    """The makedumpfile at PATH, or Debian's newest, or if that cannot be had, the installed one;
    None if there is none. The caller holds the cache's lock."""
    if not path:
        try:
            newest = Programs(SUITE, PACKAGES)
            return Peer(newest.command(PROGRAM), newest.files(PROGRAM), newest)
        except cache.Unavailable:
            path = 'makedumpfile'
    found = shutil.which(path) or shutil.which(path, path='/usr/sbin:/sbin')
    return Peer([os.path.abspath(found)], {}) if found else None


def output_of_version(command):
    return subprocess.run([*command, '-v'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False).stdout


def version(command):
    """The version that a makedumpfile tells, in words."""
    m = re.search(r'version (\S+)', output_of_version(command))
    return m[1] if m else 'unknown'


def codecs_of(command):
    """The names of the codecs that a makedumpfile says it has."""
    return {'zlib', *re.findall(r'^(\w+)\s+enabled', output_of_version(command), re.M)}
