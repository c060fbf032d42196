# SPDX-License-Identifier: GPL-2.0-or-later
"""The codecs of a makedumpfile, for programs that compare two of them."""
import re
import subprocess

OPTIONS = {'lzo': '-l', 'snappy': '-p', 'zstd': '-z', 'zlib': '-c'}


def codecs_of(program):
    """The names of the codecs that a makedumpfile says it has."""
    text = subprocess.run([program, '-v'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False).stdout
    return {'zlib', *re.findall(r'^(\w+)\s+enabled', text, re.M)}
