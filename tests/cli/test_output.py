#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The outputs: files, pipes, full disks."""
import fcntl
import json
import collections
import os
import shlex
import stat
import threading

from harness import *

FULL = ('-c', '-d', '31')


def direct(*args):
    """The dump that these options make, as bytes."""
    core('mini')
    makedumpfile('-f', *args, 'mini', 'direct').check_done()
    return read('direct')


@test('DUMPFILE is made for its owner alone, mode 0600, whatever the umask')
def _():
    direct()
    os.unlink('direct')
    makedumpfile('mini', 'direct', umask=0).check_done()
    check(stat.S_IMODE(os.stat('direct').st_mode) == 0o600, oct(os.stat('direct').st_mode))


@test('an existing DUMPFILE is refused without -f and left untouched')
def _():
    direct()
    write('here', 'precious')
    before = os.stat('here')
    makedumpfile(*FULL, 'mini', 'here').check_failed('here: file exists')
    makedumpfile(*FULL, 'mini', '/').check_failed('cannot create /: it is a directory')
    check(read('here') == b'precious', 'it was written to')
    check(os.stat('here').st_mtime_ns == before.st_mtime_ns, 'it was touched')


@test('a dangling symbolic link as DUMPFILE is refused without -f')
def _():
    direct()
    os.symlink('target', 'link')
    makedumpfile(*FULL, 'mini', 'link').check_failed('link: file exists')
    check(not os.path.exists('target'), 'the link was followed')


@test('-f overwrites an existing DUMPFILE, of which nothing stays')
def _():
    want = direct(*FULL)
    write('here', 'x' * (len(want) + 100000))
    makedumpfile('-f', *FULL, 'mini', 'here').check_done()
    check(read('here') == want, 'the dump differs')


@test('DUMPFILE in a directory that is not there, or a directory itself')
def _():
    direct()
    makedumpfile('mini', 'no/such/dump').check_failed('cannot create no/such/dump: No such file')
    makedumpfile('-f', 'mini', '.').check_failed(r'cannot create \.: Is a directory')


@test('VMCORE as DUMPFILE is refused even with -f, and survives')
def _():
    direct()
    before = read('mini')
    os.link('mini', 'alias')
    for name in ('mini', './mini', 'alias'):
        result = makedumpfile('-f', *FULL, 'mini', name)
        check(os.path.exists('mini') and read('mini') == before, f'{name}: the vmcore is lost')
        result.check_failed(name)
    os.unlink('alias')


@test('-f: an old file that others could read is the owner\'s alone')
def _():
    core('mini')
    for mode in (0o644, 0o666, 0o600, 0o400):
        write('old', 'what was there')
        os.chmod('old', mode)
        if mode == 0o400 and os.getuid():
            continue
        makedumpfile('-f', '-d', '31', 'mini', 'old').check_done()
        check(os.stat('old').st_mode & 0o777 == (mode if mode == 0o400 else 0o600), oct(mode))


@test('a dump that failed before it had any page leaves no file after')
def _():
    core('bad', 'set OFFSET(page.flags)')
    makedumpfile('-d', '31', '--strict-level', 'bad', 'left').check_failed('page.flags')
    check(not os.path.exists('left'), 'there is a file')


for options in ((), FULL, ('-l', '-d', '31'), ('-z', '-d', '1'), ('-p', '-d', '16')):
    @test(f'-F {" ".join(options)} to a pipe: no stray byte, and the same file after unflattening')
    def _(options=options):
        want = direct(*options)
        done = makedumpfile('-F', '--message-level', '31', *options, 'mini')
        check(done.code == 0, done)
        check(unflatten(done.out) == want, 'the dump differs')
        check('makedumpfile Completed.' in done.err, done.err)


@test('-F: messages go to standard error at every message level, options that are wrong too')
def _():
    direct()
    for level in range(32):
        done = makedumpfile('-F', '--message-level', level, *FULL, 'mini')
        check(done.code == 0, done)
        unflatten(done.out)
    for args in (['-F', '--bogus', 'mini'], ['-F', '-d', '99', 'mini'],
                 ['-F', 'a', 'b'], ['-F'], ['--bogus', '-F', 'mini']):
        result = makedumpfile(*args)
        check(result.code == 1 and result.err, result)
        check(not result.out, f'{args}: {len(result.out)} bytes: {result.text.strip()}')


@test('-F of a bad vmcore writes not one byte to standard output')
def _():
    direct()
    core('bad', 'set OFFSET(page.flags)')
    write('text', 'this is no vmcore')
    for name in ('missing', 'text', '/dev/null', '/'):
        result = makedumpfile('-F', *FULL, name).check_failed(name)
        check(not result.out, f'{name}: {result.out[:100]}')


@test('-F to a pipe that takes a few bytes at a time, and to a non-blocking one')
def _():
    want = direct(*FULL)
    for blocking in (True, False):
        r, w = os.pipe()
        fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(w, blocking)
        got = bytearray()

        def reader():
            while chunk := os.read(r, 777):
                got.extend(chunk)
        thread = threading.Thread(target=reader)
        thread.start()
        result = makedumpfile('-F', *FULL, 'mini', stdout=w)
        os.close(w)
        thread.join()
        os.close(r)
        check(result.code == 0, result)
        check(unflatten(bytes(got)) == want, 'the dump differs')


@test('-F to a file gives the same stream as to a pipe')
def _():
    direct()
    with open('stream', 'wb') as f:
        makedumpfile('-F', *FULL, 'mini', stdout=f)
    check(read('stream') == makedumpfile('-F', *FULL, 'mini').out, 'they differ')


@test('-F to a reader that closes early: one line, exit 1, no signal')
def _():
    direct()
    for keep in (1, 5000, 100000):
        closed_pipe([PROGRAM, '-F', '-d', '0', 'mini'], keep).check_failed('STDOUT.*Broken pipe')


@test('-F with standard output closed fails, and harms no other file')
def _():
    direct()
    before = read('mini')
    result = run(['sh', '-c', f'exec {shlex.quote(PROGRAM)} -F -c mini >&-'])
    check(result.code == 1 and result.errors, result)
    check(read('mini') == before, 'the vmcore was changed')


@test('with standard input, output and error closed the dump is the same')
def _():
    want = direct(*FULL)
    for closed in ('<&-', '>&-', '2>&-', '<&- >&- 2>&-'):
        for threads in ('1', '2'):
            result = run(['sh', '-c', f'exec {shlex.quote(PROGRAM)} -f --num-threads {threads} '
                          f'-c -d 31 mini dump {closed}'])
            check(result.code == 0, f'{closed}: {result}')
            check(read('dump') == want, f'{closed}: the dump differs')


@test('standard error or output that cannot be written is no reason to fail')
def _():
    want = direct(*FULL)
    for to in ('> /dev/full', '2> /dev/full', '> /dev/full 2>&1'):
        result = run(['sh', '-c', f'exec {shlex.quote(PROGRAM)} -f --show-stats -D '
                      f'-c -d 31 mini dump {to}'])
        check(result.code == 0, f'{to}: {result}')
        check(read('dump') == want, f'{to}: the dump differs')


# ---- disks that are full -----------------------------------------------------

def on_small_disk(kib, *args):
    """Run the program with a DUMPFILE on a disk of that size; keep what it left as "left"."""
    script = ('mkdir -p disk && mount -t tmpfs -o size="$1"k none disk || exit 77; shift; '
              '"$@"; code=$?; rm -f left; cp disk/dump left; exit $code')
    result = run([need_tool('unshare'), '-m', 'sh', '-c', script, 'sh', kib, PROGRAM, *args,
                  'mini', 'disk/dump'])
    if result.code in (1, 77) and 'mount:' in result.err or 'unshare:' in result.err:
        skip('mount is not permitted')
    result.err = result.err.replace("cp: cannot stat 'disk/dump': No such file or directory\n", '')
    return result


def check_left(want, what):
    """A part of a dump was left: marked as such, and true as far as it goes."""
    left = Kdump('left')
    check(left.status & Kdump.INCOMPLETE, f'{what}: it is not marked as incomplete')
    return left.check_there(want)


@test('a full disk: exit 1, one line with the missing bytes, the rest stays, marked incomplete')
def _():
    direct(*FULL)
    memory = core('mini', *DISTINCT_KERNEL).memory
    most = 0
    for kib in (300, 200, 100, 60):
        result = on_small_disk(kib, *FULL)
        result.check_failed(r'bytes are missing.*disk/dump.*No space left on device')
        missing, wanted, written = map(int, re.search(
            r'(\d+) bytes are missing.* write (\d+) bytes.*\((\d+) were', result.err).groups())
        # The compressed size of the rest is a guess; the bytes not written are a lower limit.
        check(wanted - written <= missing <= 6046 * 4096,
              f'about {missing} bytes are missing, at least {wanted - written} are')
        most = max(most, check_left(memory, f'{kib} KiB'))
    check(most > 100, f'at most {most} pages were saved')


@test('a full disk, and another level to try: that is what is left, as if it had been the only one')
def _():
    want = direct('-d', '31')
    check(on_small_disk(len(want) // 1024 + 100, '-d', '0,31').code == 0, 'it failed')
    check(read('left') == want, 'it differs')
    on_small_disk(2000, '-E', '-d', '0,31').check_failed('bytes are missing.*No space left')
    left, memory = ElfCore('left'), core('mini').memory
    check(left.flags == 1, '-E: it is not marked as incomplete')
    pages = left.pages()
    check(len(pages) > 200, f'-E: {len(pages)} pages')
    for pfn, data in pages.items():
        check(data == memory.read(pfn * PAGE, PAGE), f'-E: pfn {pfn:#x} differs')


@test('a full disk, without compression and with more threads')
def _():
    direct()
    memory = core('mini', *DISTINCT_FREE, *DISTINCT_KERNEL).memory
    for threads in ('1', '4'):
        on_small_disk(3000, '-d', '0', '--num-threads', threads).check_failed('bytes are missing')
        check(check_left(memory, f'{threads} threads') > 200, 'hardly any page was saved')


@test('a disk that is full before the first page: exit 1, one line, no useless file')
def _():
    direct()
    for kib in (4, 8, 16):
        on_small_disk(kib, *FULL).check_failed('No space left on device')
        check(not os.path.exists('left'), f'{kib} KiB: a file without pages')


@test('what a full disk leaves can be opened by libkdumpfile')
def _():
    direct()
    on_small_disk(200, *FULL)
    dump = open_kdumpfile('left')
    check(dump.attr['linux.uts.release'] == '6.12.0-mini', 'release')
    pages = Kdump('left').pages
    import libkdumpfile
    data = dump.read(libkdumpfile.MACHPHYSADDR, pages[0] * PAGE, PAGE)
    check(len(data) == PAGE, 'the first page')


@test('what a full disk leaves can be filtered again, and the result is incomplete, too')
def _():
    direct()
    on_small_disk(200, *FULL)
    result = makedumpfile('-f', '-d', '1', 'left', 'again')
    check(result.code == 1, result)
    check(Kdump('again').status & Kdump.INCOMPLETE, 'it is not marked as incomplete')


def data_order(dump):
    """The pages of a dump in the order of their data, those without data aside."""
    return [pfn for _, pfn in sorted((dump.desc(i)[0], pfn) for i, pfn in enumerate(dump.pages)
                                     if dump.desc(i)[1])]


@test('data are in the order of classes, those of a class in the order of pfns')
def _():
    core('mini', *DISTINCT_FREE, 'page 0x110..0x120 random 8',
         *(f'page_struct {0x8400 + 64 * i:#x} private={i + 1}' for i in range(16)))
    kernel = kept(31)
    for level in (0, 2, 8, 16, 26):
        makedumpfile('-f', '-d', level, 'mini', 'dump').check_done()
        dump = Kdump('dump')
        order = data_order(dump)
        check(set(order) == kept(level), 'pages')
        # The data of equal pages are those of the first.
        places = collections.Counter(dump.desc(i) for i in range(len(dump.pages)))
        order = [pfn for pfn in order if places[dump.desc(dump.pages.index(pfn))] == 1]
        classes = [kernel, kept(27) - kernel, kept(25) - kept(27), kept(23) - kernel,
                   kept(15) - kernel]
        found = [next(n for n, c in enumerate(classes) if pfn in c) for pfn in order]
        if not level:               # both kinds of page cache are one class
            found = [2 if n == 1 else n for n in found]
        check(found == sorted(found), f'level {level}: classes')
        for n in set(found) - {0}:
            pfns = [pfn for pfn, m in zip(order, found) if m == n]
            check(pfns == sorted(pfns), f'level {level}: class {n}')
        # Essential pages, other pages of the kernel, the memory map.
        own = [pfn for pfn, m in zip(order, found) if not m]
        falls = [n for n in range(1, len(own)) if own[n] < own[n - 1]]
        check(len(falls) == 2, f'level {level}: {falls}')
        check(set(range(0x200, 0x210)) <= set(own[:falls[0]]), f'level {level}: the image')


@test('a file that is cut anywhere has all pages whose data it has')
def _():
    memory = core('mini').memory
    makedumpfile('-f', '-c', '-d', '0', 'mini', 'dump').check_done()
    whole = Kdump('dump')
    order = data_order(whole)
    for share in (25, 40, 50, 75, 90):
        with open('dump', 'rb') as f:
            data = f.read(len(whole.bytes) * share // 100)
        last = [pfn for pfn in order if sum(whole.desc(whole.pages.index(pfn))[:2]) <= len(data)]
        with open('cut', 'wb') as f:
            f.write(data)
        makedumpfile('-f', '-d', '0', 'cut', 'again').check_failed('incomplete')
        check(Kdump('again').check_there(memory) == len(last), f'{share} %')
        check(last == order[:len(last)], 'order')


@test('a file size limit is an error like any other: exit 1, no signal, marked incomplete')
def _():
    direct()
    result = makedumpfile('-f', *FULL, 'mini', 'left', file_size=200 << 10)
    result.check_failed('bytes are missing.*File too large')
    check(check_left(core('mini').memory, 'limit') > 10, 'hardly any page was saved')


@test('/dev/full as DUMPFILE: exit 1, one line, and the device is still there')
def _():
    direct()
    makedumpfile('-f', *FULL, 'mini', '/dev/full').check_failed('/dev/full.*No space left')
    check(stat.S_ISCHR(os.stat('/dev/full').st_mode), 'it is gone')


@test('-F to /dev/full: exit 1, one line')
def _():
    direct()
    with open('/dev/full', 'wb') as f:
        makedumpfile('-F', *FULL, 'mini', stdout=f).check_failed('STDOUT.*No space left')


@test('/dev/null as DUMPFILE is fine')
def _():
    direct()
    makedumpfile('-f', *FULL, 'mini', '/dev/null').check_done()


@test('--compression-level: a higher one makes a smaller dump of the same pages')
def _():
    core('mini')
    for codec in ('-c', '-z'):
        for level in ('1', '9'):
            makedumpfile(codec, '--compression-level', level, '--json', 'report', 'mini',
                         level).check_done()
            check(json.loads(read('report'))['output']['compression_level'] == int(level), level)
            makedumpfile('--verify', level).check_done()
        check(os.path.getsize('9') < os.path.getsize('1'), f'{codec}: no smaller at level 9')
        makedumpfile(codec, 'mini', 'default').check_done()
        check(read('default') == read('1'), f'{codec}: level 1 is not the default')
        for name in ('1', '9', 'default'):
            os.unlink(name)


@test('ISA-L compresses with -c at level -1, for which the dump is larger')
def _():
    core('mini')
    if ' isa-l ' not in makedumpfile('-v').text:
        skip('the program was built without ISA-L')
    libraries = []
    for level, dump in (('-1', 'fast'), ('1', 'small')):
        makedumpfile('-c', '--compression-level', level, '--json', 'report', 'mini',
                     dump).check_done()
        makedumpfile('--verify', dump).check_done()
        libraries.append(json.loads(read('report'))['output']['compression_library'])
    check(libraries[0] == 'isa-l' and libraries[1] in ('libdeflate', 'zlib'), libraries)
    check(os.path.getsize('fast') > os.path.getsize('small'), 'level -1 makes no larger dump')


@test('addresses between which there is no memory cost nothing, wherever the last is')
def _():
    core('far', text='segment M M\nsegment 8<<40 M\npage 0x100..0x200 pattern\n'
         'page (8<<40)//P..((8<<40)+M)//P pattern\n')
    pages = pfns((0x100, 0x200), (0x80000000, 0x80000100))
    makedumpfile('-f', '-d', '0', 'far', 'dump').check_done()
    check(os.stat('dump').st_blocks * 512 < 16 * MIB, 'the dump takes room for what is not there')
    with open('dump', 'rb') as f:
        f.seek(-(1 << 20), os.SEEK_END)
        check(f.read(8) == (8 << 40).to_bytes(8, 'little'), 'the last pages')
    flat = makedumpfile('-F', '-d', '0', 'far')
    check(flat.code == 0 and len(flat.out) < 16 * MIB, f'a stream of {len(flat.out)} bytes')
    with open('flat', 'wb') as f:
        f.write(flat.out)
    with open('flat', 'rb') as f:
        makedumpfile('-R', '-f', 'again', stdin=f).check_done()
    check(os.path.getsize('again') == os.path.getsize('dump'), 'the stream is of another size')
    makedumpfile('-f', '-E', '-d', '0', 'far', 'elf').check_done()
    check(set(ElfCore('elf').pages()) == pages, 'as an ELF core')


run_tests()
