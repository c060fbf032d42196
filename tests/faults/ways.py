# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to run the program, and running it: each way reads one of the inputs, which have names,
and writes files into a worker's directory."""
import os
import subprocess

MIB = 1024          # in KiB
# Hanging: seconds of CPU beyond those of the intact run, and looks of measure.c, of 20 ms or more,
# that find it asleep. The program itself wakes up while it waits for an extension.
CPU_MORE, ASLEEP = 15, 1500
# No run may take more than this of a machine, in KiB, beyond what the intact one took.
MEMORY_MORE, DISK_MORE = 1024 * MIB, 2048 * MIB


class Way:
    """args: with names of inputs in braces, and OUT, OUT1, ... for what is written; input,
    output: standard input (a name) and output (OUT); makes: what is judged, see judge.py."""

    def __init__(self, name, args, makes='dump', output=None, input=None, poor=False):
        self.name, self.args, self.makes = name, args.split(), makes
        self.output, self.input, self.poor = output, input, poor

    def outputs(self):
        names = [word for word in self.args if word.startswith('OUT')]
        return [self.output] if self.output else names

    def at_level_0(self):
        """The same way, for a dump of everything."""
        return Way(self.name, ' '.join(self.args).replace('-d 31', '-d 0'), self.makes,
                   self.output, self.input, self.poor)


FULL = Way('raw', '-f -d 31 {vmcore} OUT')
ZLIB = Way('zlib', '-f -c -d 31 {vmcore} OUT')
ELF = Way('elf', '-f -E -d 31 {vmcore} OUT')
UNUSED = Way('unused vmemmap', '-f -e -d 31 {vmcore} OUT')
WHOLE = Way('level 0', '-f -c -d 0 {vmcore} OUT')
FLAT = Way('flattened', '-F -d 31 {vmcore}', output='OUT')
SPLIT = Way('split', '-f --split -d 31 {vmcore} OUT1 OUT2')
SEARCH = Way('poor vmcoreinfo', '-f -d 31 {vmcore} OUT', poor=True)
SYMBOLS = Way('symbols', '--list-ksyms *a* {vmcore}', 'text', output='OUT')
TYPES = Way('types', '--list-ktypes *a* {vmcore}', 'text', output='OUT')
LOG = Way('log', '-f --dump-dmesg {vmcore} OUT', 'log')
USAGE = Way('usage', '--mem-usage {vmcore}', 'text', output='OUT')
AGAIN = Way('kdump again', '-f -d 31 {kdump} OUT')
AGAIN_ELF = Way('kdump to elf', '-f -E -d 31 {kdump} OUT')
JOIN = Way('reassemble', '-f --reassemble {part1} {part2} OUT')
UNPACK = Way('rearrange', '-f -R OUT', input='flat')
OF_FLAT = Way('flattened again', '-f -d 31 {flat} OUT')
SMALL_BITMAP = Way('mapped bitmap', '-f -d 31 --cyclic-buffer 4 --work-dir . {vmcore} OUT')
EXTENSION = Way('extension', '-f -d 31 --extension {extension} {vmcore} OUT')

# The ways by which the faults of a structure are tried.
OF_STRUCTURE = {
    'elf headers': (FULL, ELF, WHOLE, FULL, SPLIT, UNUSED),
    'notes': (FULL, ELF, FULL),
    'vmcoreinfo': (FULL, FULL, SEARCH, ELF, USAGE),
    'vmcoreinfo in memory': (SEARCH, FULL),
    'page tables': (FULL, FULL, SEARCH, ELF, UNUSED, USAGE),
    'kallsyms': (SEARCH, SEARCH, FULL, SYMBOLS),
    'btf': (SEARCH, SEARCH, FULL, TYPES),
    'modules': (SEARCH, FULL, SYMBOLS, EXTENSION),
    'memory map': (FULL, SEARCH, UNUSED, USAGE),
    'struct pages': (FULL, UNUSED, ELF, USAGE),
    'log ring': (LOG, LOG, LOG, FULL),
    'log': (LOG, LOG, FULL),
    'release': (FULL, SEARCH, ELF),
    'kdump headers': (AGAIN, AGAIN_ELF),
    'kdump notes': (AGAIN, AGAIN_ELF),
    'bitmaps': (AGAIN, AGAIN_ELF),
    'descriptors': (AGAIN, AGAIN_ELF),
    'flattened': (UNPACK, OF_FLAT),
    'part headers': (JOIN,),
    'part bitmaps': (JOIN,),
    'part descriptors': (JOIN,),
}
# Which input has a structure; vmcore if none is named.
INPUT_OF = {'kdump headers': 'kdump', 'kdump notes': 'kdump', 'bitmaps': 'kdump',
            'descriptors': 'kdump', 'flattened': 'flat', 'part headers': 'part1',
            'part bitmaps': 'part1', 'part descriptors': 'part1'}
OF_CALLS = (FULL, ZLIB, ELF, FLAT, SPLIT, AGAIN, JOIN, UNPACK, OF_FLAT, SMALL_BITMAP, EXTENSION,
            LOG)


class Result:
    """The result of a run: status or negative signal; microseconds of CPU; KiB of memory and
    disk; the limit that it reached, or '-'; lines of standard error."""

    def __init__(self, status, cpu, memory, disk, limit, err):
        self.status, self.cpu, self.memory, self.disk = status, cpu, memory, disk
        self.limit, self.err = limit, err

    @property
    def lines(self):
        """Its lines that report an error or a warning."""
        return [line for line in self.err if line.startswith('makedumpfile: ') or
                line.startswith('WARNING: ')]


class Worker:
    """A directory with copies of the inputs of its own."""

    def __init__(self, where, inputs, program, measure, shim):
        self.where, self.inputs = where, inputs
        self.program, self.measure, self.shim = program, measure, shim

    def path(self, name):
        return os.path.join(self.where, name)

    def clean(self):
        for name in os.listdir(self.where):
            if name.startswith('OUT'):
                os.unlink(self.path(name))

    def run(self, way, limits=None, env=None, program=None, more=()):
        """limits: the result of the intact run, or None; env: for the shim."""
        self.clean()
        outputs = [self.path(name) for name in way.outputs()]
        r, w = os.pipe()
        args = [self.measure, '-r', str(w), '-s', str(ASLEEP),
                '-1', self.path('OUT' if way.output else 'STDOUT')]
        if way.input:
            args += ['-i', self.inputs[way.input]]
        for path in outputs:
            args += ['-o', path]
        if limits:
            args += ['-c', str(CPU_MORE + 20 * limits.cpu // 1000000),
                     '-m', str(MEMORY_MORE + 4 * limits.memory),
                     '-d', str(DISK_MORE + 4 * limits.disk)]
        args += [program or self.program, '--message-level', '6', *more]
        for word in way.args:
            if word.startswith('OUT'):
                word = self.path(word)
            args.append(word.format(**self.inputs))
        environment = {**os.environ, 'LC_ALL': 'C.UTF-8', 'TMPDIR': self.where,
                       'ASAN_OPTIONS': 'detect_leaks=0', 'UBSAN_OPTIONS': 'print_stacktrace=1'}
        if env:
            environment.update(env)
            # Not for the program that measures.
            args[args.index(program or self.program):0] = ['/usr/bin/env',
                                                           f'LD_PRELOAD={self.shim}']
        with subprocess.Popen(
                args, cwd=self.where, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, pass_fds=(w,), env=environment) as p:
            os.close(w)
            err = p.stderr.read().decode('utf-8', 'replace')
        with os.fdopen(r) as f:
            said = f.read().split()
        status, cpu, memory, disk = map(int, said[:4])
        return Result(status, cpu, memory, disk, said[4], err.splitlines())
