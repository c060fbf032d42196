# SPDX-License-Identifier: GPL-2.0-or-later
"""A triage, and the stacks of a kernel's log to compare it with."""
import json
import re
import subprocess

# A line of a Call Trace: x86_64 and arm64 print no addresses, s390x "([<...>] f+0x1/0x2)" for a
# frame that is not reliable, ppc64 "[stack] [code] f+0x1/0x2 (unreliable)", arm64 "f+0x1/0x2 (P)".
FRAME = re.compile(r'^\[[^]]*\] (?:\[ *[CT]\d+\] )? *(?P<doubt>\? |\()?(?:\[<?[0-9a-f]+>?\] )*'
                   r'(?P<place>\S+\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[\w+\])?)'
                   r'\)?(?: \([A-Z]+\)| (?P<unreliable>\(unreliable\)))? *$')


def kernels_frame(line):
    """The place in a line of the log, or None if it is no frame, or no reliable one."""
    m = FRAME.match(line)
    return m['place'] if m and not m['doubt'] and not m['unreliable'] else None


def triage(program, vmcore, *args):
    r = subprocess.run([program, '--triage', '--json', '-', *args, vmcore],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if r.returncode:
        raise ValueError(f'exit status {r.returncode}: {r.stderr.strip()}')
    return json.loads(r.stdout)


def spelt(place):
    """A place as the kernel prints it."""
    if not place['function']:
        return place['address']
    module = f' [{place["module"]}]' if place['module'] else ''
    return f'{place["function"]}+{place["offset"]:#x}/{place["size"]:#x}{module}'
