#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--list-ksyms and --list-ktypes, and facts that only the dump's own tables tell."""
from harness import *
from mini_symbols import BTF, POOR, TABLES, TYPES, MiniSymbols, need_types

STEXT = 0xffffffff89400000
OWN = MiniSymbols(STEXT)
WITH_TABLES, EXPORTED = OWN.there, OWN.exported


def lines(*args, **options):
    return makedumpfile(*args, **options).check_done().text.splitlines()


@test('--list-ksyms prints all symbols, those of a pattern, or the one at an address')
def _():
    core('full', *WITH_TABLES, *EXPORTED)
    everything = lines('--list-ksyms', 'full')
    check(f'{STEXT:016x} T _stext' in everything, everything[:5])
    check(sum('_of_many' in line for line in everything) == 600, 'some are missing')
    check(lines('--list-ksyms', '*tw?ce', 'full') ==
          [f'{STEXT + 0x1000:016x} t twice', f'{STEXT + 0x2000:016x} t twice'], 'pattern')
    check(lines('--list-ksyms', f'{STEXT + 0x10025:#x}', 'full') ==
          [f'{STEXT + 0x10025:016x} t function_2_of_many+0x5'], 'address')
    # The first symbol in the table names an address that several have, as in the kernel.
    check(lines('--list-ksyms', f'{STEXT:#x}', 'full') == [f'{STEXT:016x} T _stext'], 'address')


@test('symbols are found where VMCOREINFO does not say where the tables are')
def _():
    core('full', *WITH_TABLES, *EXPORTED)
    core('scan', *WITH_TABLES)
    check(lines('--list-ksyms', 'scan') == lines('--list-ksyms', 'full'), 'they differ')


@test('--list-ksyms says what is missing: no such symbol, no tables, no modules')
def _():
    core('mini')
    core('full', *WITH_TABLES, *EXPORTED)
    makedumpfile('--list-ksyms', 'nosuch*', 'full').check_failed('no symbol matches nosuch')
    makedumpfile('--list-ksyms', '0x1000', 'full').check_failed('no symbol is at or before 0x1000')
    makedumpfile('--list-ksyms', 'mini').check_failed('kallsyms')


@test('--list-ktypes prints structs and members with offsets and sizes')
def _():
    need_types()
    core('full', *WITH_TABLES, *EXPORTED)
    text = '\n'.join(' '.join(line.split()) for line in lines('--list-ktypes', 'page', 'full'))
    check(text.startswith('struct page {\nmemdesc_flags_t flags; /* 0 8 */'), text)
    check('struct list_head lru; /* 8 16 */' in text, text)
    check('int _mapcount; /* 48 4 */' in text, text)
    check('/* size: 64, members: 5 */' in text, text)
    text = ' '.join(lines('--list-ktypes', 'page.private', 'full'))
    check(text.split() == 'long unsigned int private; /* 40 8 */'.split(), text)
    text = ' '.join(lines('--list-ktypes', 'outer.second', 'full'))
    check(text.split() == 'long int second; /* 16 8 */'.split(), text)
    text = ' '.join(lines('--list-ktypes', 'bits', 'full'))
    check('b:3;' in text and 'c:5;' in text, text)
    found = '\n'.join(lines('--list-ktypes', '*a*', 'full'))
    for name in ('list_head', 'page', 'free_area'):
        check(f'struct {name} {{\n' in found, f'{name} is missing')
    check('struct bits' not in found, 'bits does not match')
    makedumpfile('--list-ktypes', 'nosuch', 'full').check_failed('nosuch')
    makedumpfile('--list-ktypes', 'page.nosuch', 'full').check_failed('nosuch')


@test('lists that cannot be written end with status 1')
def _():
    core('full', *WITH_TABLES, *EXPORTED)
    with open('/dev/full', 'wb') as full:
        makedumpfile('--list-ksyms', 'full', stdout=full).check_failed('standard output')


@test('-d 31 works without the facts of VMCOREINFO, from symbols and BTF, and makes the same')
def _():
    need_types()
    core('full', *WITH_TABLES, *EXPORTED)
    core('poor', *WITH_TABLES, *EXPORTED, *POOR)
    core('poorest', *WITH_TABLES, *POOR)
    report = None
    for name in ('full', 'poor', 'poorest'):
        done = makedumpfile('-f', '-d', '31', '--show-stats', name, 'dump').check_done()
        counts = [line for line in done.text.splitlines() if 'ages ' in line]
        check(len(counts) > 9, counts)
        check(report in (None, counts), f'{name}: {counts} instead of {report}')
        report = counts


@test('-D says in one line which facts came from where')
def _():
    need_types()
    core('poor', *WITH_TABLES, *EXPORTED, *POOR)
    said = [line for line in lines('-D', '--dry-run', 'poor') if line.startswith('facts: ')]
    check(len(said) == 1, said)
    for part in ('from VMCOREINFO', 'from kallsyms (', 'SYMBOL(__start_BTF)', 'from BTF (',
                 'OFFSET(page.flags)', 'NUMBER(PG_lru)', 'unknown (', 'SYMBOL(modules)'):
        check(part in said[0], f'{part} is missing in {said[0]}')


@test('damaged tables cost what they tell, not the dump')
def _():
    image = bytearray(OWN.image)
    names = next(int(line.split('=')[1], 16) for line in OWN.symbols if 'names' in line)
    at = names - STEXT - TABLES
    image[at + 40:at + 400] = bytes(360)
    core('damaged', f'hex image+{TABLES:#x} {image.hex()}', WITH_TABLES[1], *EXPORTED)
    done = makedumpfile('-f', '-d', '31', 'damaged', 'dump')
    check(done.code == 0, done)
    check(len(done.errors) == 1 and 'kallsyms' in done.errors[0], done.errors)
    done = makedumpfile('--list-ksyms', 'damaged')
    check(done.code == 1, done)
    check('init_top_pgt' in done.text, 'what could be read is missing')


@test('BTF that is garbage costs one line')
def _():
    need_types()
    core('garbage', WITH_TABLES[0], f'hex image+{BTF:#x} {OWN.blob[:200].hex()}', *EXPORTED)
    done = makedumpfile('-f', '-d', '31', 'garbage', 'dump')
    check(done.code == 0, done)
    check(len(done.errors) == 1 and 'BTF' in done.errors[0], done.errors)


@test('BTF whose header is unreadable or damaged: a line, and the dump by what else is known')
def _():
    need_types()
    own = MiniSymbols(STEXT, types=TYPES + ''.join(
        f'struct filler{i} {{ long a, b, c; }};\n' for i in range(200)))
    check(len(own.blob) > 2 * 4096, 'BTF is no larger than the page of its header')
    core('intact', *own.there, *own.exported)
    steps = [line.split() for line in lines('--vtop', f'{STEXT + BTF:x}', 'intact')]
    entry = next(step[1] for step in steps if step[:1] == ['1'])
    for name, damage, why in (('unmapped', f'u64 0x{entry} 0', 'its header cannot be read'),
                              ('zeros', f'hex image+{BTF} {bytes(4096).hex()}',
                               'it does not begin as BTF does'),
                              ('length', f'hex image+{BTF + 12} ffffffff', 'are not in it')):
        core(name, *own.there, *own.exported, damage)
        done = makedumpfile('-f', '-d', '31', name, 'dump')
        check(done.code == 0 and len(done.errors) == 1, done)
        check('BTF at 0x' in done.errors[0] and why in done.errors[0], done.errors)
        check(set(Kdump('dump').pages) == kept(31), 'other pages without BTF')
        makedumpfile('--list-ktypes', 'page', name).check_failed(why)
        # Without the facts of VMCOREINFO nothing tells the size of a struct page.
        core(name, *own.there, *own.exported, *POOR, damage)
        done = makedumpfile('-f', '-d', '31', name, 'dump')
        check(done.code == 0 and len(done.errors) == 2, done)
        check('level 31 is not possible, 1 is used' in done.errors[0] and why in done.errors[1],
              done.errors)
        check(set(Kdump('dump').pages) == EXISTS, 'pages are missing')
        makedumpfile('-f', '--strict-level', '-d', '31', name, 'dump').check_failed(why)


run_tests()
