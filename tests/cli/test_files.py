#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are read and written: none of them twice, and none that blocks or never ends."""
import os
import stat

from harness import *

FULL = ('-d', '31')
SAME = 'are the same file'


def clean():
    """A directory with one core, and nothing that tests made before."""
    for name in os.listdir('.'):
        if os.path.isdir(name) and not os.path.islink(name):
            shutil.rmtree(name)
        else:
            os.unlink(name)
    core('mini')


def refused(*args, pattern=SAME, **options):
    """Refused, with and without --check-params; nothing is made or changed."""
    before = {name: os.stat(name, follow_symlinks=False).st_mtime_ns for name in os.listdir('.')}
    for more in ([], ['--check-params']):
        makedumpfile(*more, '-f', *FULL, *args, **options).check_failed(pattern)
    after = {name: os.stat(name, follow_symlinks=False).st_mtime_ns for name in os.listdir('.')}
    check(before == after, f'{args}: {before} became {after}')


@test('a report and a dump that do not exist yet are one file by other spellings and links')
def _():
    clean()
    os.mkdir('dir')
    os.symlink('new', 'link')
    os.symlink('../new', 'dir/far')
    os.symlink('link', 'chain')
    os.symlink('dir', 'dirlink')
    os.symlink(os.path.abspath('new'), 'absolute')
    for name in ('./new', 'dir/../new', os.path.abspath('new'), 'link', 'chain', 'dir/far',
                 'dirlink/far', 'absolute', 'dirlink/../new'):
        refused('--json', name, 'mini', 'new')
        refused('--json', 'new', 'mini', name)
        refused('--split', 'mini', 'other', name, 'new')
    check(not os.path.exists('new'), 'a file was made')
    os.symlink('loop', 'loop')
    makedumpfile('-f', '--json', 'new', 'mini', 'loop').check_failed('cannot create loop')
    for report in ('dir/new', 'other'):
        makedumpfile('-f', '--json', report, *FULL, 'mini', 'new').check_done()
        check(read(report)[:1] == b'{' and Kdump('new').level == 31, 'not two files')
        os.unlink('new')


@test('files that exist are one by hard and symbolic links, whatever they are for')
def _():
    clean()
    write('text', 'OSRELEASE=6.12.0-mini\n')
    for name in ('mini', 'text'):
        os.link(name, f'{name}-hard')
        os.symlink(name, f'{name}-soft')
    for core_name in ('mini', 'mini-hard', 'mini-soft', './mini'):
        refused('mini', core_name, pattern='VMCORE mini and DUMPFILE')
        refused('--json', core_name, 'mini', 'new', pattern='VMCORE mini and FILE of --json')
        makedumpfile('-f', '--dump-dmesg', 'mini', core_name).check_failed('LOGFILE')
        makedumpfile('-f', '-g', core_name, 'mini').check_failed('FILE of -g')
        makedumpfile('-f', '--reassemble', 'x', 'mini', core_name).check_failed('part mini and')
    for name in ('text', 'text-hard', 'text-soft'):
        for option in ('-i', '--config', '--xen-vmcoreinfo', '--xen-syms'):
            what = f'FILE of {option} text and'
            refused(option, 'text', 'mini', name, pattern=f'{what} DUMPFILE')
            refused(option, 'text', '--json', name, 'mini', 'new', pattern=what)
        refused('--extension', './text,key=1', 'mini', name,
                pattern='extension ./text,key=1 and DUMPFILE')
    if 'libdw' not in makedumpfile('--check-params', '-x', 'x', 'a', 'b').err:
        refused('-x', 'text', 'mini', 'text-hard', pattern='VMLINUX text and DUMPFILE')
        makedumpfile('-f', '-x', 'text', '-g', 'text').check_failed('VMLINUX text and FILE of -g')
    check(read('text') == b'OSRELEASE=6.12.0-mini\n' and read('mini')[:4] == b'\x7fELF', 'changed')


@test('what standard output and error go to is no DUMPFILE, and with -F they are not one file')
def _():
    clean()
    with open('new', 'wb') as f:
        done = makedumpfile('-f', *FULL, 'mini', 'new', stdout=f)
    check(done.code == 1 and f'DUMPFILE new and standard output {SAME}' in done.err, done)
    with open('new', 'wb') as f:
        code = subprocess.call([PROGRAM, '-f', *FULL, 'mini', 'new'], stderr=f)
    check(code == 1 and f'DUMPFILE new and standard error {SAME}'.encode() in read('new'), code)
    # A file that standard output goes to by another name; a report that is not.
    with open('new', 'wb') as f:
        done = makedumpfile('-f', *FULL, 'mini', '/dev/stdout', stdout=f)
        check(done.code == 1 and SAME in done.err, done)
        makedumpfile('-F', '--json', 'new', *FULL, 'mini', stdout=f).check_failed(SAME)
    with open('mini', 'ab') as f:
        makedumpfile('-F', *FULL, 'mini', stdout=f).check_failed('VMCORE mini and standard output')
    for more in ([], ['--dry-run']):
        with open('new', 'wb') as f:
            code = subprocess.call([PROGRAM, *more, '-F', *FULL, 'mini'], stdout=f, stderr=f)
        check(code == 1 and SAME.encode() in read('new'), read('new')[:200])
    # Without messages nothing but the stream gets there.
    with open('new', 'wb') as f:
        code = subprocess.call([PROGRAM, '--message-level', '0', '-F', *FULL, 'mini'],
                               stdout=f, stderr=f)
    makedumpfile('-f', *FULL, 'mini', 'dump').check_done()
    check(code == 0 and unflatten(read('new')) == read('dump'), code)


@test('messages may go to one file, and /dev/null may be all files, without -f')
def _():
    clean()
    with open('log', 'wb') as f:
        code = subprocess.call([PROGRAM, *FULL, 'mini', 'new'], stdout=f, stderr=f)
    check(code == 0 and b'Completed' in read('log'), read('log'))
    makedumpfile('--json', '/dev/null', '--triage-file', '/dev/null', '--split', 'mini',
                 '/dev/null', '/dev/null', stdout=subprocess.DEVNULL).check_done()
    for args in (['-g', '/dev/null', 'mini'], ['--dump-dmesg', 'mini', '/dev/null'],
                 ['--triage', '--json', '/dev/null', 'mini', '/dev/null']):
        done = makedumpfile(*args, stdout=subprocess.DEVNULL)
        check('file exists' not in done.err, done)
    check(stat.S_ISCHR(os.stat('/dev/null').st_mode), 'it is gone')
    # Other devices can keep data.
    makedumpfile(*FULL, 'mini', '/dev/zero').check_failed('/dev/zero: file exists')


@test('a pipe, a directory or a device is no -i, -x or --config, and no pipe is waited for')
def _():
    clean()
    os.mkfifo('fifo')
    for option in ('-i', '-x', '--config'):
        if option == '-x' and 'libdw' in makedumpfile('--check-params', '-x', 'x', 'a', 'b').err:
            continue
        for name, kind in (('fifo', 'a pipe'), ('.', 'a directory'), ('/dev/zero', 'a device'),
                           ('/dev/null', 'a device')):
            makedumpfile(option, name, *FULL, 'mini', 'new').check_failed(
                f'cannot read {name}: it is {kind}, not a regular file')
    check(not os.path.exists('new'), 'a dump was made')


@test('a pipe is not written to by its name')
def _():
    clean()
    os.mkfifo('fifo')
    pattern = 'cannot write to fifo: it is a pipe, which only standard output can be'
    for force in (['-f'], []):
        makedumpfile(*force, *FULL, 'mini', 'fifo').check_failed(pattern)
        makedumpfile(*force, '-g', 'fifo', 'mini').check_failed(pattern)
        makedumpfile(*force, '--triage', 'mini', 'fifo').check_failed(pattern)
    done = makedumpfile('--json', 'fifo', *FULL, 'mini', 'new')
    check(done.code == 0 and f'there is no report: {pattern}' in done.err, done)
    check(Kdump('new').level == 31, 'no dump')


@test('descriptors 0 to 2 that are closed, without /dev/null: messages stay out of the dump')
def _():
    clean()
    if os.geteuid() and run([need_tool('unshare'), '-r', 'true']).code:
        skip('this user may not make a user namespace')
    os.makedirs('root/tmp')
    for lib in re.findall(r'/\S+', run(['ldd', PROGRAM]).text):
        os.makedirs(f'root{os.path.dirname(lib)}', exist_ok=True)
        shutil.copy(lib, f'root{lib}')
    shutil.copy(PROGRAM, 'root/makedumpfile')
    shutil.copy('mini', 'root/mini')
    chroot = ['chroot', 'root'] if not os.geteuid() else ['unshare', '-r', 'chroot', 'root']
    makedumpfile(*FULL, 'mini', 'expected').check_done()
    for closed in ('<&-', '>&-', '2>&-', '<&- >&-', '<&- >&- 2>&-'):
        for fail in (False, True):
            done = run(['sh', '-c', f'exec "$@" {closed}', 'sh', *chroot, '/makedumpfile', '-f',
                        '-D', '--show-stats', *FULL, '/mini', '/none/x' if fail else '/dump'])
            check(done.code == fail, f'{closed}: {done}')
            check(read('root/dump') == read('expected'), f'{closed}: another dump')


run_tests()
