# SPDX-License-Identifier: GPL-2.0-or-later
"""A triage, and the stacks of a kernel's log to compare it with."""
import json
import re
import subprocess

# A line of a Call Trace; the first group is there if the frame is not reliable.
FRAME = re.compile(r'^\[[^]]*\] (?:\[[^]]*\] )? *(\? )?'
                   r'(\S+\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[\w+\])?)$')


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
