#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""-R: from a flattened stream on standard input to the file that is in it."""
import os
import stat
import struct
import threading
import time

from harness import *


def rearrange(stream, *args, name='got', **options):
    """Run -R with these bytes on a pipe."""
    r, w = os.pipe()

    def feed():
        try:
            with open(w, 'wb') as f:
                f.write(stream)
        except BrokenPipeError:
            pass
    thread = threading.Thread(target=feed)
    thread.start()
    try:
        return makedumpfile('-R', *args, name, stdin=r, **options)
    finally:
        os.close(r)
        thread.join()


def flattened(*args, data=None):
    """The flattened stream that mkflat makes of some bytes (default: a dump)."""
    if data is None:
        core('mini')
        makedumpfile('-f', '-c', '-d', '31', 'mini', 'inner').check_done()
    else:
        with open('inner', 'wb') as f:
            f.write(data)
    tool('mkflat', *args, 'inner', 'flat')
    return read('flat')


def remove(name='got'):
    if os.path.exists(name):
        os.unlink(name)


for options in ([], ['-c', '-d', '31'], ['-l', '-d', '1']):
    @test(f'-F {" ".join(options)} | -R is the same file as without, mode 0600')
    def _(options=options):
        core('mini')
        makedumpfile('-f', *options, 'mini', 'direct').check_done()
        stream = makedumpfile('-F', *options, 'mini').out
        remove()
        done = rearrange(stream, umask=0).check_done()
        check('saved to got' in done.text, done.text)
        check(read('got') == read('direct'), 'the files differ')
        check(stat.S_IMODE(os.stat('got').st_mode) == 0o600, oct(os.stat('got').st_mode))


@test('records in any order, and of any size')
def _():
    for args in (['--shuffle'], ['--record-size', '1-70000'], ['--record-size', '3000000'],
                 ['--record-size', '1-3000', '--shuffle']):
        stream = flattened(*args)
        rearrange(stream, '-f').check_done()
        check(read('got') == read('inner'), f'{args}: the files differ')
    stream = flattened('--sparse', '--record-size', '4096', data=b'a' * 4096 * 5 + bytes(99999))
    rearrange(stream, '-f').check_done()
    check(read('got') == read('inner'), 'the files differ')


@test('records that overwrite others: the later one holds, exit 1, and the first is named')
def _():
    for args in (['--record-size', '1-3000', '--shuffle'], ['--record-size', '40000-70000']):
        stream = flattened(*args, '--rewrite', '50', data=bytes(range(256)) * 8000)
        rearrange(stream, '-f').check_failed(
            'got is incomplete: the flattened stream is damaged: the record at offset [0-9]+ '
            'overwrites others')
        check(read('got') == read('inner'), f'{args}: the files differ')


def records(stream):
    """Yield the offsets of the records of a stream, without the end record."""
    pos = 4096
    while struct.unpack_from('>q', stream, pos)[0] != -1:
        yield pos
        pos += 16 + struct.unpack_from('>q', stream, pos + 8)[0]


@test('no offset is twice in a complete stream, also with -E and with eraseinfo')
def _():
    core('mini')
    core('erased', "note ERASEINFO 0 'erase jiffies size 8\\n'")
    for vmcore in ('mini', 'erased'):
        for options in (['-c', '-d', '31'], ['-d', '0'], ['-E', '-d', '31'], ['-E', '-d', '0']):
            stream = makedumpfile('-F', *options, vmcore).out
            end = 0
            for off, size in sorted(struct.unpack_from('>qq', stream, p) for p in records(stream)):
                check(off >= end, f'{vmcore}, {options}: {off} is written twice')
                end = off + size
            rearrange(stream, '-f').check_done()
            makedumpfile('-f', *options, vmcore, 'direct').check_done()
            check(read('got') == read('direct'), f'{vmcore}, {options}: it differs')


@test('a dump that is known to be incomplete says so in its only header')
def _():
    core('cut', 'truncate 24*M')
    stream = makedumpfile('-F', '-d', '0', 'cut').out
    offsets = [struct.unpack_from('>q', stream, p)[0] for p in records(stream)]
    check(offsets.count(0) == 1 and offsets[0] == 0, 'the header is not written once')
    with open('got', 'wb') as f:
        f.write(unflatten(stream))
    check(Kdump('got').status & Kdump.INCOMPLETE, 'it is not marked')


@test('any bit of any offset: exit 1, and the dump is marked, whoever reads the stream')
def _():
    core('small', text=SMALL)
    stream = makedumpfile('-F', '-d', '31', 'small').out
    where = list(records(stream))
    check(len(where) > 6, f'{len(where)} records')
    for pos in where:
        for bit in (0, 3, 8, 11, 12, 13, 20, 33, 61):
            changed = bytearray(stream)
            changed[pos + 7 - bit // 8] ^= 1 << bit % 8
            remove()
            done = rearrange(bytes(changed))
            check(done.code == 1, f'record at {pos}, bit {bit}: not noticed')
            done.check_failed('got is incomplete: ')
            start = read_start('got')
            # No program can read a dump whose header has lost its block size.
            check(start[:8] != b'KDUMP   ' or start[424] & Kdump.INCOMPLETE or
                  not any(start[428:432]), f'record at {pos}, bit {bit}: not marked')
            with open('flat', 'wb') as f:
                f.write(changed)
            done = makedumpfile('-f', '-d', '1', 'flat', 'dump')
            done.check_failed('')
            if 'is damaged' in done.text:
                check(Kdump('dump').status & Kdump.INCOMPLETE, f'{pos}, {bit}: it is not marked')


def read_start(path):
    """The first bytes of a file that may be large."""
    with open(path, 'rb') as f:
        return f.read(512)


@test('an error at any time leaves no dump that says it is complete')
def _():
    core('small', text=SMALL)
    for options in (['-c', '-d', '31'], ['-E', '-d', '31']):
        stream = makedumpfile('-F', *options, 'small').out
        for limit in (512, 4096, 16384):
            remove()
            rearrange(stream, file_size=limit).check_failed('File too large')
            start = read_start('got')
            check(start[:8] != b'KDUMP   ' or start[424] & Kdump.INCOMPLETE, f'{limit}: {options}')
            check(start[:4] != b'\x7fELF' or start[48] & 1, f'{limit}: {options}')


@test('zeros become holes of the file, but those after other data do not stay')
def _():
    for more in (0, 4096 - 10000 % 4096):
        data = b'a' * 5000 + bytes(10 << 20) + b'b' * 5000 + bytes((5 << 20) + more)
        for args in ([], ['--sparse'], ['--record-size', '5000']):
            rearrange(flattened(*args, data=data), '-f').check_done()
            check(read('got') == data, f'{args}: the files differ')
            if not args:
                check(os.stat('got').st_blocks * 512 < 1 << 20, 'the zeros take room')


@test('what follows the end record is ignored, as on a device, and not waited for')
def _():
    stream = flattened('--garbage', '3000000')
    rearrange(stream, '-f').check_done()
    check(read('got') == read('inner'), 'the files differ')
    r, w = os.pipe()
    os.set_blocking(r, False)
    stream = flattened()
    feeder = threading.Thread(target=lambda: os.write(w, stream))
    feeder.start()
    # The writing end stays open: who waits for its end waits forever.
    makedumpfile('-R', '-f', 'got', stdin=r).check_done()
    feeder.join()
    os.close(r)
    os.close(w)
    check(read('got') == read('inner'), 'the files differ')


@test('from a file on standard input')
def _():
    flattened()
    with open('flat', 'rb') as f:
        makedumpfile('-R', '-f', 'got', stdin=f).check_done()
    check(read('got') == read('inner'), 'the files differ')


@test('what is no stream is refused at once, and no file is made')
def _():
    core('mini')
    remove()
    begin = time.monotonic()
    for stream, pattern in ((b'', 'it ends after 0 bytes'), (b'makedumpfile', 'ends after 12'),
                            (read('mini'), 'does not begin with'),
                            (flattened('--lie', 'signature'), 'does not begin with'),
                            (flattened('--lie', 'type'), 'unknown type'),
                            (flattened('--lie', 'version'), 'version')):
        rearrange(stream).check_failed(pattern)
        check(not os.path.exists('got'), f'{pattern}: a file was made')
    with open('/dev/null', 'rb') as f:
        makedumpfile('-R', 'got', stdin=f).check_failed('it ends after 0 bytes')
    check(time.monotonic() - begin < TIME_LIMIT, 'it waits for what cannot come')


@test('a damaged record is named, and what came before it stays')
def _():
    for lie, pattern in (('negative-offset', 'offset -2'), ('negative-length', 'length -2'),
                         ('overflow', 'is damaged'), ('beyond-end', 'cut short'),
                         ('huge-length', 'cut short'), ('no-end', 'no end record'),
                         ('half-end', 'no end record')):
        remove()
        rearrange(flattened('--lie', lie)).check_failed(f'got is incomplete: .*{pattern}')
        check(os.path.exists('got'), f'{lie}: what came before is lost')
        if lie in ('no-end', 'half-end'):
            want = bytearray(read('inner'))
            want[424] |= Kdump.INCOMPLETE
            check(read('got') == want, f'{lie}: what came before differs')


@test('a stream that is cut anywhere: exit 1, one line, and the dump is marked incomplete')
def _():
    memory = core('mini').memory
    stream = makedumpfile('-F', '-c', '-d', '31', 'mini').out
    pages = 0
    for size in (4097, 5000, 20000, len(stream) // 2, len(stream) - 17, len(stream) - 1):
        remove()
        rearrange(stream[:size]).check_failed('cut short')
        if os.path.getsize('got') > 500:
            check(Kdump('got').status & Kdump.INCOMPLETE, f'{size}: not marked as incomplete')
            pages = Kdump('got').check_there(memory)
    check(pages == len(kept(31)), f'{pages} pages')


@test('a stream that is cut short is read as far as it goes')
def _():
    memory = core('mini').memory
    stream = makedumpfile('-F', '-c', '-d', '31', 'mini').out
    pages = []
    for size in (40000, len(stream) * 3 // 4, len(stream) - 1):
        with open('stream', 'wb') as f:
            f.write(stream[:size])
        done = makedumpfile('-f', '-c', '-d', '31', 'stream', 'dump')
        check(done.code == 1 and 'cut short' in done.errors[-1], done)
        check(Kdump('dump').status & Kdump.INCOMPLETE, f'{size}: not marked as incomplete')
        pages.append(Kdump('dump').check_there(memory))
    check(pages[0] < pages[1] < pages[2] == len(kept(31)), pages)
    # A page without data, in a stream whose descriptors came first, is not one of zeros.
    makedumpfile('-f', '-d', '31', 'mini', 'dump').check_done()
    whole = Kdump('dump')
    head, data = whole.bytes[:whole.desc(0)[0]], whole.bytes[whole.desc(0)[0]:]
    with open('stream', 'wb') as f:
        f.write(stream[:4096])
        for at, piece in ((0, head), (len(whole.bytes) - PAGE, data[-PAGE:])):
            f.write(struct.pack('>qq', at, len(piece)) + piece)
    makedumpfile('-f', '-d', '0', 'stream', 'dump').check_failed('cut short')
    check(0 < Kdump('dump').check_there(memory) < len(whole.pages) // 2, 'the pages')


@test('an existing file is refused without -f, and with it replaced')
def _():
    stream = flattened()
    write('got', 'x' * 1000000)
    rearrange(stream).check_failed('got: file exists')
    check(read('got') == b'x' * 1000000, 'it was written to')
    rearrange(stream, '-f').check_done()
    check(read('got') == read('inner'), 'the files differ')


@test('standard input as DUMPFILE is refused, and survives')
def _():
    before = flattened()
    with open('flat', 'rb') as f:
        makedumpfile('-R', '-f', 'flat', stdin=f).check_failed(
            'standard input and DUMPFILE flat are')
    check(read('flat') == before, 'it is lost')


@test('a file that grows too large: exit 1, one line, what was written stays')
def _():
    stream = flattened(data=bytes(range(256)) * 20000)
    remove()
    rearrange(stream, file_size=1 << 20).check_failed('got is incomplete: .*File too large')
    check(read('got') == read('inner')[:1 << 20], 'what was written')


@test('-R reads what the makedumpfile of the distribution writes, and it reads ours')
def _():
    peer = need_tool('makedumpfile')
    core('mini')
    for options in (['-c', '-d', '31'], ['-d', '1']):
        remove('peer')
        done = run([peer, *options, 'mini', 'peer'])
        check(done.code == 0, done)
        stream = run([peer, '-F', *options, 'mini']).out
        rearrange(stream, '-f').check_done()
        check(read('got') == read('peer'), f'{options}: its stream')
        makedumpfile('-f', *options, 'mini', 'ours').check_done()
        remove('peer')
        with open('stream', 'wb') as f:
            makedumpfile('-F', *options, 'mini', stdout=f)
        with open('stream', 'rb') as f:
            done = run([peer, '-R', 'peer'], stdin=f)
        check(done.code == 0, done)
        check(read('peer') == read('ours'), f'{options}: our stream')
    script = shutil.which('makedumpfile-R.pl')
    if script:
        remove('peer')
        with open('stream', 'rb') as f:
            check(run([script, 'peer'], stdin=f).code == 0, 'makedumpfile-R.pl fails')
        check(read('peer') == read('ours'), 'makedumpfile-R.pl')


@test('makedumpfile-R.pl is makedumpfile -R')
def _():
    flattened()
    os.makedirs('bin', exist_ok=True)
    if not os.path.exists('bin/makedumpfile'):
        os.symlink(os.path.abspath(PROGRAM), 'bin/makedumpfile')
    remove()
    with open('flat', 'rb') as f:
        done = run([f'{TOP}/scripts/makedumpfile-R.pl', 'got'], stdin=f,
                   env={**os.environ, 'PATH': f'{os.getcwd()}/bin:{os.environ["PATH"]}'})
    check(done.code == 0 and read('got') == read('inner'), done)


run_tests()
