#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command lines of those who call us: kdump-utils (Fedora, RHEL), kdump-tools
(Debian, Ubuntu), kdump (SUSE), SteamOS."""
import os
import shutil

from harness import *


LOG = ring((0, 'Linux version 6.12.0-mini'), (5000000, 'sysrq: Trigger a crash'))
LOG_TEXT = '[    0.000000] Linux version 6.12.0-mini\n[    0.005000] sysrq: Trigger a crash\n'


def shell(line, *, changes=(), shell='sh', **options):
    """Run a line of a script in which makedumpfile and "vmcore" are ours."""
    core('vmcore', *changes)
    for name in os.listdir('.'):
        if name.startswith(('dump', 'vmcore-', 'fifo', 'out')):
            os.unlink(name)
    os.makedirs('bin', exist_ok=True)
    if not os.path.exists('bin/makedumpfile'):
        os.symlink(PROGRAM, 'bin/makedumpfile')
    return run([shell, '-c', line],
               env={'PATH': f'{os.getcwd()}/bin:{os.environ["PATH"]}', **options})


def check_dump(data, codec, level=31):
    with open('got', 'wb') as f:
        f.write(data)
    dump = Kdump('got')
    check(dump.status == {name: flag for flag, name in Kdump.CODECS.items()}[codec],
          f'status {dump.status:#x}')
    check(set(dump.pages) == kept(level), 'the pages')


@test('kdump-utils, local disk: -l --message-level 7 -d 31 VMCORE vmcore-incomplete, then renamed')
def _():
    done = shell('makedumpfile -l --message-level 7 -d 31 vmcore vmcore-incomplete && '
                 'mv vmcore-incomplete vmcore-done')
    check(done.code == 0 and 'makedumpfile Completed.' in done.text, done)
    check_dump(read('vmcore-done'), 'lzo')


@test('kdump-utils with --num-threads=$(nproc) appended')
def _():
    for threads in ('$(nproc)', '1', '16'):
        done = shell(f'makedumpfile -l --message-level 7 -d 31 --num-threads={threads} '
                     'vmcore vmcore-incomplete')
        check(done.code == 0, done)
        check_dump(read('vmcore-incomplete'), 'lzo')


@test('kdump-utils on s390x: -c')
def _():
    done = shell('makedumpfile -c --message-level 7 -d 31 vmcore vmcore-incomplete')
    check(done.code == 0, done)
    check_dump(read('vmcore-incomplete'), 'zlib')


@test('kdump-utils, ssh and raw targets: -F -l --message-level 7 -d 31 VMCORE | dd')
def _():
    done = shell('makedumpfile -F -l --message-level 7 -d 31 vmcore | dd bs=512 of=dump.flat')
    check(done.code == 0 and not done.out, done)
    check_dump(unflatten(read('dump.flat')), 'lzo')
    done = shell('makedumpfile -l --message-level 7 -d 31 -F vmcore | '
                 'dd conv=fsync bs=4k of=dump.flat')
    check_dump(unflatten(read('dump.flat')), 'lzo')


@test('kdump-utils, when the far end of ssh dies: the exit status says so')
def _():
    done = shell('(makedumpfile -F -l --message-level 7 -d 31 vmcore; echo $? > dump.code) | '
                 'head -c 10000 > /dev/null')
    check(read('dump.code') == b'1\n', f'exit status {read("dump.code")}: {done}')


@test('mkdumprd: --check-params with dummy names opens nothing, with -F takes one name')
def _():
    for line in ('makedumpfile --check-params -l --message-level 7 -d 31 vmcore dumpfile',
                 'makedumpfile --check-params -F -l --message-level 7 -d 31 vmcore',
                 'makedumpfile --check-params -c --message-level 1 -d 31 vmcore dumpfile'):
        done = shell(f'cd / && {line}')
        check(done.code == 0 and not done.out and not done.err, done)
    for line in ('makedumpfile --check-params -F -l -d 31 vmcore dumpfile',
                 'makedumpfile --check-params -l --message-level 7 -d 99 vmcore dumpfile'):
        result = shell(line)
        check(result.code == 1 and len(result.errors) == 1, result)


@test('kdump-tools, Debian: -c -d 31 VMCORE dump-incomplete')
def _():
    done = shell('makedumpfile -c -d 31 vmcore dump-incomplete')
    check(done.code == 0, done)
    check_dump(read('dump-incomplete'), 'zlib')


@test('kdump-tools, Debian: -F -c -d 31 VMCORE | gzip > dump-incomplete')
def _():
    done = shell('makedumpfile -F -c -d 31 vmcore | gzip -1 > dump-incomplete && '
                 'gzip -dc dump-incomplete > dump-plain')
    check(done.code == 0, done)
    check_dump(unflatten(read('dump-plain')), 'zlib')


@test('kdump-tools, Debian: a failure is seen, so that it falls back to cp')
def _():
    done = shell('makedumpfile -c -d 31 /dev/null dump-incomplete || cp vmcore dump-copy')
    check(done.code == 0 and read('dump-copy') == read('vmcore'), done)
    check(not os.path.exists('dump-incomplete'), 'a useless file')


for option, codec in (('-c', 'zlib'), ('-l', 'lzo'), ('-p', 'snappy'), ('-z', 'zstd')):
    @test(f'SUSE: -F {option} --num-threads 2 --message-level 1 -d 31 VMCORE > fifo')
    def _(option=option, codec=codec):
        done = shell('mkfifo fifo && (cat fifo > dump & '
                     f'makedumpfile -F {option} --num-threads 2 --message-level 1 -d 31 vmcore '
                     '> fifo; code=$?; wait; exit $code)', TMPDIR='/nonexistent')
        check(done.code == 0 and not done.out, done)
        check_dump(unflatten(read('dump')), codec)


@test('SUSE: OSRELEASE and CRASHTIME are in the debug log that -F --message-level 8 writes')
def _():
    done = shell('makedumpfile -F --message-level 8 -d 31 vmcore > dump 2> out.log')
    check(done.code == 0, done)
    log = read('out.log').decode()
    # Each key is the first word of a line, then "=", with or without blanks.
    for key, value in (('OSRELEASE', '6.12.0-mini'), ('CRASHTIME', '1795355278')):
        check(re.search(rf'^{key} ?= ?{value}$', log, re.M), f'{key} is not there')


@test('kdump-tools, Debian: --dump-dmesg VMCORE dmesg.DATE, and its exit status')
def _():
    done = shell('makedumpfile --dump-dmesg vmcore dump-dmesg', changes=LOG)
    check(done.code == 0 and read('dump-dmesg').decode() == LOG_TEXT, done)
    done = shell('makedumpfile --dump-dmesg vmcore dump-dmesg || echo failed')
    check('failed' in done.text and not os.path.exists('dump-dmesg'), done)


@test('SUSE: -F --message-level 8 --dump-dmesg VMCORE > fifo 2> log, whose lines it then reads')
def _():
    bash = need_tool('bash')
    # The words of each line, split at blanks and "=".
    reads = ('IFS=" ="; while read -r key value; do case $key in '
             'CRASHTIME) crashed=$value;; OSRELEASE) release=$value;; esac; done < out.log; '
             'echo "$release" "$crashed"')
    done = shell('mkfifo fifo && { cat fifo > dump-dmesg & } && '
                 'makedumpfile -F --message-level 8 --dump-dmesg vmcore > fifo 2> out.log && '
                 f'wait && {reads}', changes=LOG, shell=bash)
    check(done.code == 0, done)
    check(done.text.split() == ['6.12.0-mini', '1795355278'], done.text)
    check(read('dump-dmesg').decode() == LOG_TEXT, read('dump-dmesg'))


@test('SteamOS: --dump-dmesg VMCORE dmesg.txt')
def _():
    done = shell('makedumpfile --dump-dmesg vmcore out-dmesg.txt', changes=LOG)
    check(done.code == 0 and read('out-dmesg.txt').decode() == LOG_TEXT, done)


@test('SteamOS: -z -d 31 VMCORE FILE with next to no environment, in another directory')
def _():
    core('vmcore')
    done = run(['env', '-i', PROGRAM, '-f', '-z', '-d', '31', f'{os.getcwd()}/vmcore',
                f'{os.getcwd()}/dump'], cwd='/')
    check(done.code == 0, done)
    check_dump(read('dump'), 'zstd')


@test('anybody: without /proc, as in a bare initramfs')
def _():
    core('vmcore')
    script = 'mount -t tmpfs none /proc && exec "$@"'
    unshare = [need_tool('unshare'), '-m', 'sh', '-c', script, 'sh']
    if run([*unshare, 'true']).code:
        skip('mount is not permitted')
    done = run([*unshare, PROGRAM, '-f', '-l', '-d', '31', 'vmcore', 'dump'])
    check(done.code == 0, done)
    check_dump(read('dump'), 'lzo')


@test('anybody: the dump is opened by libkdumpfile, with release, VMCOREINFO and contents')
def _():
    memory = core('vmcore').memory
    for options, codec in ((('-c',), 'zlib'), (('-l',), 'lzo'), (('-p',), 'snappy'),
                           (('-z',), 'zstd'), ((), 'none')):
        makedumpfile('-f', *options, '-d', '31', 'vmcore', 'dump').check_done()
        dump = open_kdumpfile('dump')
        import libkdumpfile
        check(dump.attr['linux.uts.release'] == '6.12.0-mini', f'{codec}: release')
        check(dump.attr['arch.name'] == 'x86_64', f'{codec}: machine')
        check(dump.attr['cpu.number'] == 2, f'{codec}: CPUs')
        check(dump.attr['linux.vmcoreinfo.lines.PAGESIZE'] == '4096', f'{codec}: VMCOREINFO')
        try:
            for pfn in Kdump('dump').pages:
                data = dump.read(libkdumpfile.MACHPHYSADDR, pfn * PAGE, PAGE)
                check(bytes(data) == memory.read(pfn * PAGE, PAGE), f'{codec}: pfn {pfn:#x}')
        except libkdumpfile.NotSupported:
            # The library is built without some compressions.
            check(codec in ('snappy', 'zstd', 'lzo'), f'{codec} cannot be read')


def copy_program():
    """To where a test can do with it as it likes."""
    shutil.copy(PROGRAM, 'makedumpfile')


@test('no file in /tmp is needed: with a read-only one all goes well')
def _():
    core('mini')
    makedumpfile('-f', '-c', '-d', '31', 'mini', 'want').check_done()
    # The working directory, and maybe the program, lies below /tmp: a descriptor holds it.
    script = ('exec 3<. && mount -t tmpfs -o ro none /tmp && cd /proc/self/fd/3 && '
              '! touch /tmp/x 2>/dev/null && exec "$@"')
    unshare = [need_tool('unshare'), '-m', 'sh', '-c', script, 'sh']
    if run([*unshare, 'true']).code:
        skip('mount is not permitted')
    copy_program()
    result = run([*unshare, './makedumpfile', '-f', '-c', '-d', '31', 'mini', 'dump'],
                 env={'TMPDIR': '/nonexistent'})
    check(result.code == 0, result)
    check(read('dump') == read('want'), 'the dump differs')


@test('a user who may not read the dump')
def _():
    write('secret', 'x')
    os.chmod('secret', 0)
    options = {}
    if os.access('secret', os.R_OK):
        # Another user than root: all files that are opened are in the working directory.
        os.chmod('.', 0o755)
        copy_program()
        options = {'program': './makedumpfile', 'user': 65534, 'group': 65534,
                   'extra_groups': []}
    limited('-d', '31', 'secret', 'dump', **options).check_failed('secret: Permission denied')


run_tests()
