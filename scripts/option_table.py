# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the table of options (cli/option_table.c) from the output of "makedumpfile -h all"."""
import re
import subprocess
from typing import NamedTuple, Optional

# "  -x, --name ARG  help", where each part can be absent. Two blanks end it.
OPTION = re.compile(r'  (?:-(?P<letter>\w)|  )(?:(?:, |  )--(?P<name>[\w-]+))?'
                    r'(?: (?P<arg>\S+))?  +(?P<help>\S.*)')


class Option(NamedTuple):
    letter: Optional[str]
    name: Optional[str]
    arg: Optional[str]          # in brackets: an operand that may follow
    help: str

    def spellings(self):
        """"-x", "--name", or both."""
        return ([f'-{self.letter}'] if self.letter else []) + \
            ([f'--{self.name}'] if self.name else [])

    def has_arg(self):
        return bool(self.arg) and not self.arg.startswith('[')


def usage(program):
    return subprocess.run([program, '-h', 'all'], stdout=subprocess.PIPE, check=True,
                          encoding='ascii').stdout


def read_options(program):
    """Each option, in the order of the help."""
    found = []
    for line in usage(program).splitlines():
        m = OPTION.fullmatch(line)
        if m and (m['letter'] or m['name']):
            found.append(Option(**m.groupdict()))
        elif found and line.startswith(' ' * 22):
            found[-1] = found[-1]._replace(help=f'{found[-1].help} {line.strip()}')
    return found


def read_topics(program):
    return re.search(r'^Topics: (.*)\.$', usage(program), re.M)[1].split(', ')
