# SPDX-License-Identifier: GPL-2.0-or-later
"""The other makedumpfile of a measurement, and the codecs that two have in common."""
import os
import re
import shutil
import subprocess

import cache
from programs import Programs

SUITE, PACKAGE = 'sid', 'makedumpfile'
PROGRAM = 'usr/bin/makedumpfile'
OPTIONS = {'lzo': '-l', 'snappy': '-p', 'zstd': '-z', 'zlib': '-c'}


def find(path=None):
    """(the words that run a makedumpfile, {path: path} of the files that a guest needs for it
    beside what the program at the one word is linked with): the one at PATH, or Debian's
    newest, or if that cannot be had, the installed one. (None, {}) if there is none. The caller
    holds the cache's lock."""
    if not path:
        try:
            newest = Programs(SUITE, [PACKAGE])
            return newest.command(PROGRAM), newest.files(PROGRAM)
        except cache.Unavailable:
            path = 'makedumpfile'
    found = shutil.which(path) or shutil.which(path, path='/usr/sbin:/sbin')
    return ([os.path.abspath(found)], {}) if found else (None, {})


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
