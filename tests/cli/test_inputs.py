#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs that hold the memory of a machine in other forms than the capture kernel's: each gives
the dump that an ELF core of the same memory gives."""
import json
import struct

from harness import *

MACHINES = ('x86_64', 'arm64', 's390x')


def noted(machine='x86_64', *statements):
    """Write the core of a miniature kernel without notes, with VMCOREINFO in memory."""
    c = core('core', 'memnote 5*P VMCOREINFO 0', *statements, text=mini(machine))
    c.notes = []
    c.write('core')
    return c


def convert(kind, *more, core_name='core', output='input'):
    """Make an input of a kind; returns what the tool prints."""
    done = run([sys.executable, '-B', f'{TOOLS}/mkmemory', kind, core_name, output, *more])
    check(not done.code, done)
    return done.text.split()


def dumped(*args, level='31', **options):
    return makedumpfile('-f', '-c', '-d', level, *args, 'dump', **options)


def check_same(*args, level='31', other='core'):
    """The dump of an input is that of another one, byte for byte, in each form of reading; and
    --verify finds no fault in it."""
    makedumpfile('--verify', *args).check_done()
    makedumpfile('-f', '-c', '-d', level, other, 'wanted').check_done()
    for more in ((), ('--non-mmap',)):
        dumped(*more, *args, level=level).check_done()
        check(read('dump') == read('wanted'), f'{args} {more}: the dumps differ')


def assert_header(path, machine):
    check(read(path)[12 + 4 * 65:].startswith(machine + b'\0'), f'{path} is not of {machine}')


@test('raw memory: the machine is found, whatever its byte order')
def _():
    for machine in MACHINES:
        noted(machine)
        check_same(*convert('raw'), 'input')


@test('raw memory: VMCOREINFO of its memory gets into dumps of all levels, also with --machine')
def _():
    noted()
    options = convert('raw')
    for level in ('0', '1'):
        dumped('--machine', 'x86_64', *options, 'input', level=level).check_done()
        whole = read('dump')
        check(b'OSRELEASE=6.12.0-mini' in whole[:65536], f'level {level}: VMCOREINFO')
        dumped(*options, 'input', level=level).check_done()
        check(read('dump') == whole, f'level {level}: the dumps differ')


@test('raw memory: ranges follow each other in their file, or are files of their own')
def _():
    noted()
    options = convert('raw')
    first, size = options[1].split(',')
    cut_file('input', 'low', 0, int(size, 16))
    cut_file('input', 'high', int(size, 16), None)
    files = [option + ':high' if ',' in option else option for option in options[2:]]
    check_same('--raw', f'{first}:low', *files)
    check_same(*files, '--raw', f'{first},{size}', 'low')
    last = options[-1].split(',')[0]
    check_same(*options[:-1], last, 'input')
    check(json_of(*options, 'input')['format'] == 'raw memory', 'the format')


def cut_file(path, to, start, end):
    with open(to, 'wb') as f:
        f.write(read(path)[start:end])


def json_of(*args, part='input'):
    done = makedumpfile('--info', '--json', '-', *args)
    check(done.code == 0, done)
    return json.loads(done.out)[part]


@test('raw memory: --machine where no VMCOREINFO is in memory; else level 0 and a warning')
def _():
    core('core', text='segment 0 8*M\npage 0..2048 random\n')
    convert('raw')
    done = dumped('--raw', '0', 'input')
    check('makedumpfile: the machine is unknown, ' in done.err, done)
    for level in ('0', '31'):
        makedumpfile('-f', '-d', level, '--machine', 's390x', '--raw', '0', 'input', 'dump')
        check(read('dump')[8:12] == b'\0\0\0\6', 'the byte order')
        assert_header('dump', b's390x')
    noted()
    convert('raw')
    makedumpfile('-f', '-d', '0', '--raw', '0', 'input', 'dump').check_done()
    assert_header('dump', b'x86_64')


@test('raw memory: ranges that overlap, are empty, cut short, or beyond any machine')
def _():
    noted()
    convert('raw')
    size = os.path.getsize('input')
    for args, why in ((('0,1M', '--raw', '0xfffff'), 'overlaps'),
                      (('0', '--raw', '4G'), 'no bytes'),
                      ((1 << 52,), 'beyond'), (('0,0',), 'it is 0'), (('x',), 'invalid'),
                      (('0:',), 'no name'), (('0,1Z',), 'invalid')):
        dumped('--raw', *args, 'input').check_failed(why)
    done = dumped('--raw', f'0,{size + 4096}', 'input')
    check(done.code == 1 and 'cut short' in done.err, done)
    dumped('--raw', '0:gone').check_failed('cannot open gone')
    makedumpfile('--raw', '0:input', 'input').check_failed('same file')
    makedumpfile('--machine', 'pdp11', 'input', 'dump').check_failed('not a machine')
    makedumpfile('--raw', '0:input', '-d', '1').check_failed('DUMPFILE is missing')


@test('LiME: any machine and byte order')
def _():
    for machine in MACHINES:
        noted(machine)
        convert('lime')
        check_same('input')
    check(json_of('input')['format'] == 'LiME', 'the format')


@test('LiME: damaged headers, a file that is cut short, compressed ones')
def _():
    core('core', 'memnote 5*P VMCOREINFO 0',
         text=MINI.replace('include', '\nsegment 4*G M\ninclude'))
    convert('lime')
    whole = read('input')

    def damaged(at, data, why, code=1):
        with open('input', 'wb') as f:
            f.write(whole[:at] + data + whole[at + len(data):] if data else whole[:at])
        done = limited('-f', '-d', '1', 'input', 'dump').check_alive()
        check(done.code == code and why in done.err, f'{why}: {done}')

    second = whole.index(b'EMiL', 1)
    damaged(second, b'x', 'is invalid: memory after it is lost')
    damaged(second + 16, bytes(8), 'is invalid')
    damaged(second + 16, b'\xff' * 8, 'is invalid')
    damaged(len(whole) - 5000, b'', 'cut short')
    damaged(second + 10, b'', 'input ends')
    damaged(8, b'\xff' * 8, 'it holds no memory')
    damaged(4, b'\2', 'avml-convert')
    # The last one claims 2^51 bytes.
    damaged(second + 16, bytes(6) + b'\x08\0', 'cut short')


def migrated(*options, machine='x86_64', statements=()):
    """A migration stream of a miniature kernel."""
    noted(machine, *statements)
    done = run([sys.executable, '-B', f'{TOOLS}/mkmigration', *options, 'core', 'input'])
    check(not done.code, done)


@test('migration streams of QEMU, and files of virsh save')
def _():
    for machine in ('x86_64', 's390x', 'ppc64le'):
        for options in ((), ('--libvirt',)):
            migrated(*options, machine=machine)
            check_same('input')
    check(json_of('input')['format'] == 'QEMU migration stream', 'the format')


@test('migration streams: memory on both sides of 4 GiB, of nodes, and of other machines')
def _():
    for board, low, size in (('pc-i440fx-jammy', 3 << 30, 0xe0000000),
                             ('pc-q35-7.2', 2 << 30, 0xb0000000)):
        end = (4 << 30) + size - low
        above = (f'segment {end}-M M', f'page {end}/P-3 random')
        # The miniature kernel has no section of memory there.
        migrated('--type', board, '--split', str(low), statements=above)
        convert('lime', output='other')
        check_same('input', level='1', other='other')
    migrated('--nodes', '0x101000,0x3000', '--split', str(2 << 30), statements=above)
    check_same('input', level='1', other='other')
    core('core', text='segment 0x80000000 8*M\npage 0x80000..0x80800 random\n')
    for board, base in (('virt-9.0', 1 << 30), ('virt', 2 << 30)):
        stream(board, base)
        makedumpfile('-f', '-d', '0', '-E', '--machine', 'arm64', 'input', 'dump').check_done()
        check(segments('dump') == [(base + 0x2000, 0x1000)], board)


def stream(board, base):
    """A stream of three pages, of which the last was sent."""
    name = b'riscv_virt_board.ram' if base == 2 << 30 else b'mach-virt.ram'
    with open('input', 'wb') as f:
        f.write(b'QEVM' + struct.pack('>IBI', 3, 7, len(board)) + board.encode())
        f.write(struct.pack('>BIB3sII', 1, 2, 3, b'ram', 0, 4))
        f.write(struct.pack('>QB', 0x3000 | 4, len(name)) + name + struct.pack('>QQ', 0x3000, 16))
        f.write(struct.pack('>BIQB', 3, 2, 0x2000 | 8, len(name)) + name + bytes(range(256)) * 16)
        f.write(struct.pack('>Q', 16))


def segments(path):
    data = read(path)
    phoff, = struct.unpack_from('<Q', data, 32)
    number, = struct.unpack_from('<H', data, 56)
    loads = [struct.unpack_from('<IIQQQQQ', data, phoff + 56 * i) for i in range(number)]
    return [(load[4], load[6]) for load in loads if load[0] == 1]


@test('migration streams: cut short, damaged, or of a kind that is not read')
def _():
    migrated()
    whole = read('input')

    def tried(data, why, code=1):
        with open('input', 'wb') as f:
            f.write(data)
        done = limited('-f', '-d', '1', 'input', 'dump').check_alive()
        check(done.code == code and why in done.err, f'{why}: {done}')

    def damaged(old, new, why, code=1):
        check(whole.count(old), old)
        at = whole.index(old)
        tried(whole[:at] + new + whole[at + len(old):], why, code)

    tried(whole[:-5000], 'the memory in the migration stream is incomplete')
    info = json_of('input', part='info')
    check(info['missing_pages'] > 0, 'the pages that were not sent')
    check(info['memory_pages'] == info['stored_pages'] + info['missing_pages'], info)
    tried(whole[:len(whole) // 2], 'is incomplete: the stream ends at offset')
    tried(whole[:100], 'input ends at offset')
    damaged(b'\0\0\0\3', b'\0\0\0\2', 'a migration stream of version 2')
    damaged(b'pc-q35', b'isapc-', "the memory of the machine type 'isapc--7.2' are not known")
    damaged(b'configuration/target-page-bits\0\0\0\1\0\0\0\x0c',
            b'configuration/target-page-bits\0\0\0\1\0\0\0\x0e', 'pages of 2^14 bytes')
    damaged(b'\x1econfiguration/target-page-bits\0\0\0\1\0\0\0\x0c',
            b'\x1aconfiguration/capabilities\0\0\0\1\0\0\0\1\x0amapped-ram',
            'with the capability mapped-ram')
    damaged(b'\6pc.ram', b'\6pc.rom', 'pages of memory in a file of')
    damaged(b'\3ram\0\0\0\0\0\0\0\4', b'\3ram\0\0\0\0\0\0\0\5', 'the section ram, version 5')
    damaged(struct.pack('>BI', 3, 2), struct.pack('>BI', 3, 7), 'a section at offset')
    damaged(struct.pack('>QBI', 16, 0x7e, 2) + b'\3', struct.pack('>QBI', 16, 0x7e, 2) + b'\x33',
            'is incomplete: 0x33 at offset')
    damaged(struct.pack('>QBI', 16, 0x7e, 2) + b'\3', struct.pack('>QBI', 64, 0x7e, 2) + b'\3',
            'a page of the kind 0x40')
    others = [('s390x', struct.pack('>QQ', 0x5002, 300), struct.pack('>QQ', 0x5002, 1 << 63),
               'the stream ends'),
              ('s390x', struct.pack('>QQ', 0x5002, 300), struct.pack('>QQ', 0x5004, 300),
               'storage attributes of the kind 0x4'),
              ('ppc64le', struct.pack('>IHH', 5, 3, 0), struct.pack('>IHH', 5, 2, 0),
               'is no section')]
    for machine, old, new, why in others:
        migrated(machine=machine)
        whole = read('input')
        damaged(old, new, why)
    migrated()
    whole = read('input')
    # A block of 2^40 bytes more.
    at = whole.index(b'\6pc.ram') + 7
    size, = struct.unpack_from('>Q', whole, at)
    damaged(whole[at - 7:at + 8], b'\6pc.ram' + struct.pack('>Q', size | 1 << 40),
            'the memory pc.ram has 0x100')
    migrated('--libvirt')
    whole = read('input')
    damaged(b'Save', b'Part', '', 0)
    for packed, command in ((1, 'zcat'), (5, 'zstdcat')):
        tried(whole[:28] + struct.pack('=I', packed) + whole[32:],
              f"decompress it with 'tail -c +65537 FILE | {command}'")
    tried(whole[:28] + struct.pack('=I', 9) + whole[32:], 'virsh dump --memory-only')
    tried(whole[:20] + struct.pack('=I', 77) + whole[24:], 'without a migration stream')
    swapped = struct.pack('>5I' if sys.byteorder == 'little' else '<5I',
                          *struct.unpack_from('=5I', whole, 16))
    tried(whole[:16] + swapped + whole[36:], '', 0)
    check(not os.path.exists('dump') or read('dump')[:8] == b'KDUMP   ', 'the dump')


def migrated_cpus(machine, *options, cpus=3):
    """A migration stream of a miniature kernel on CPUs with registers."""
    if machine == 'arm64':      # memory of QEMU's begins at 1 GiB: no miniature kernel lies there
        c = core('core', text='elf 64 little arm64\nsegment G M\npage G/P random\n')
    else:
        c = noted(machine)
    c.notes = [('CORE', 1, prstatus(machine, i)) for i in range(cpus)]
    c.write('core')
    done = run([sys.executable, '-B', f'{TOOLS}/mkmigration', *options, 'core', 'input'])
    check(not done.code, done)


@test('migration streams: registers of CPUs become notes')
def _():
    for machine, *options in (('x86_64',), ('arm64',), ('s390x',), ('i386-pae',),
                              ('i386-pae', '--narrow')):
        migrated_cpus(machine, *options)
        wanted = [prstatus(machine, i) for i in range(3)]
        for level in ('0', '1', '31'):
            if machine == 'arm64' and level == '31':
                continue
            makedumpfile('-f', '-E', '-d', level, 'input', 'dump').check_done()
            check(prstatus_notes('dump') == wanted, f'{machine} {options}: other registers')
        check(json_of('input')['cpus'] == 3, 'the number of CPUs')
    migrated_cpus('x86_64')
    for name, cpus in (('x86_64', 3), ('arm64', 0)):
        makedumpfile('-f', '-E', '-d', '0', '--machine', name, 'input', 'dump').check_alive()
        check(len(prstatus_notes('dump')) == cpus, f'--machine {name}')


@test('migration streams: CPUs that were not started, and states that are cut short or of no use')
def _():
    migrated_cpus('x86_64', '--parked')
    makedumpfile('-f', '-E', '-d', '31', 'input', 'dump').check_done()
    parked = struct.pack('<32xI300x', 3)
    check(prstatus_notes('dump') == [prstatus('x86_64', i) for i in range(2)] + [parked], 'parked')
    whole = read('input')
    second = whole.index(b'\3cpu' + struct.pack('>II', 1, 12))
    timer = whole.index(b'\5timer') - 5

    def tried(data, cpus):
        with open('input', 'wb') as f:
            f.write(data)
        makedumpfile('-f', '-E', '-d', '31', 'input', 'dump').check_done()
        check(len(prstatus_notes('dump')) == cpus, f'{len(prstatus_notes("dump"))}, not {cpus}')

    tried(whole[:second + 300], 1)
    # The first head lies across the end of what is searched at once.
    first, memory_end = whole.index(b'\3cpu' + struct.pack('>II', 0, 12)) - 5, timer - 5
    for in_front in (1, 8, 16):
        more = memory_end + 65536 - in_front - first
        tried(whole[:timer] + bytes(more) + whole[timer:], 3)
    # A section whose number is that of one before, of another version, or of another kind.
    for at, byte, cpus in ((second - 1, whole[second - 5], 2), (second + 11, 13, 2),
                           (second - 5, 1, 2)):
        tried(whole[:at] + bytes((byte,)) + whole[at + 1:], cpus)
    for machine in ('x86_64', 'i386-pae'):
        migrated_cpus(machine, '--parked', cpus=1)
        makedumpfile('-f', '-E', '-d', '31', 'input', 'dump').check_done()
        check(not prstatus_notes('dump'), f'{machine}: a machine that never ran')
    migrated_cpus('x86_64', cpus=1)
    whole = read('input')
    flags = whole.rindex(struct.pack('>Q', 0x10246))
    tried(whole[:flags] + bytes(8) + whole[flags + 8:], 0)


def suspended(*options, output='machine.vmss', make=noted):
    """A suspended machine of VMware with a miniature kernel."""
    make()
    done = run([sys.executable, '-B', f'{TOOLS}/mkvmware', *options, 'core', output])
    check(not done.code, done)
    return read(output)


@test('VMware: suspended machines with the memory in them or beside, of each version')
def _():
    for options in ((), ('--magic', '0xbed2bed0'), ('--magic', '0xbad1bad1', '--padding', '999')):
        suspended(*options)
        check_same('machine.vmss')
    check(json_of('machine.vmss')['format'] == 'VMware', 'the format')
    os.mkdir('a.b')
    for name in ('machine.vmss', 'a.b/machine.vmsn', './machine', 'a.b/machine'):
        beside = (name[:-5] if '.vms' in name else name) + '.vmem'
        suspended('--vmem', beside, output=name)
        check_same(name)
        os.remove(beside)
        dumped(name).check_failed(f'its memory is in another file: cannot open {beside}')


@test('VMware: memory without regions lies together from address 0 on')
def _():
    def from_zero():
        core('core', text='segment 0 8*M\npage 0..2048 random\n')

    for options in ((), ('--vmem', 'machine.vmem')):
        suspended('--together', *options, make=from_zero)
        check_same('--machine', 'x86_64', 'machine.vmss', level='1')


@test('VMware: cut short, damaged, compressed, or without memory')
def _():
    def tried(data, why, code=1, path='machine.vmss'):
        with open(path, 'wb') as f:
            f.write(data)
        done = limited('-f', '-d', '1', 'machine.vmss', 'dump').check_alive()
        check(done.code == code and why in done.err, f'{why}: {done}')

    def damaged(old, new, why):
        check(whole.count(old) == 1, old)
        tried(whole.replace(old, new), why)

    def tag(name, value):
        at = whole.index(name) + len(name)
        return whole[at - len(name):at + value], at + value

    whole = suspended()
    tried(whole[:-5000], 'cut short: ')
    info = json_of('machine.vmss', part='info')
    check(info['missing_pages'] == 1, info)
    tried(whole[:len(whole) // 2], 'machine.vmss is cut short: ')
    tried(whole[:200], 'machine.vmss ends at')
    tried(whole[:20], 'machine.vmss ends at')
    damaged(b'memory\0', b'memoir\0', 'it has no memory: suspend the machine')
    damaged(whole[4:12], b'\0\0\0\0\xff\xff\xff\xff', '4294967295 groups of tags')
    count, at = tag(b'regionsCount', 0)
    tried(whole[:at] + b'\xff\xff\xff\xff' + whole[at + 4:], '4294967295 regions of memory')
    tried(whole[:at] + bytes(4) + whole[at + 4:], 'VMCOREINFO', code=0)
    # The first region, of which all else is lost, claims 2^44 bytes.
    size, at = tag(b'regionSize', 4)
    tried(whole[:at] + b'\xff\xff\xff\xff' + whole[at + 4:], 'bytes of memory are missing')
    memory, at = tag(b'Memory', 8)
    tried(whole[:at] + struct.pack('<QQ', 9, 10) + whole[at + 16:], 'its memory is compressed')
    tried(whole[:at] + b'\xff' * 16 + whole[at + 16:], 'a tag of memory has 18446744073709551615')
    # A list of tags that is nowhere, and one that has no end.
    tried(whole[:156] + struct.pack('<Q', 1 << 63) + whole[164:], 'ends at')
    tried(whole[:191] + b'\x01\1xy' * 70000, 'more than 65536 tags')
    whole = suspended('--vmem', 'machine.vmem')
    tried(read('machine.vmem')[:-5000], 'machine.vmem is cut short: 5000', path='machine.vmem')
    makedumpfile('-f', 'machine.vmss', 'machine.vmem').check_failed('same file')
    check(os.path.getsize('machine.vmem') > 5000, 'it was overwritten')
    tried(b'', '', path='machine.vmem')


run_tests()
