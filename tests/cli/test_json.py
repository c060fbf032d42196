#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--json: the report for programs."""
import json
import os
import stat

from harness import *


def load(text):
    """A report, which must be JSON and nothing else, with no key twice."""
    def pairs(items):
        keys = [key for key, _ in items]
        check(len(keys) == len(set(keys)), f'a key is there twice: {keys}')
        return dict(items)
    return json.loads(text, object_pairs_hook=pairs)


def dump(*args, code=0, **options):
    """(the report, the result) of making a dump, with the exit status that it tells."""
    done = makedumpfile('-f', '--json', 'report', *args, **options)
    check(done.code == code, done)
    report = load(read('report').decode())
    check(report['exit_status'] == code, f'exit_status {report["exit_status"]}, but it is {code}')
    check(report['complete'] == (code == 0), report['complete'])
    told = [line for line in done.errors if line != 'This is an incomplete dumpfile']
    check(code == 0 or told[-1] == f'makedumpfile: {report["error"]}', f'{told}: {report["error"]}')
    check(code != 0 or report['error'] is None, report['error'])
    return report, done


def numbers(text):
    """The counts of the report for people."""
    return {m[1].strip(): int(m[2], 0) for m in
            re.finditer(r'^ *([A-Z][\w -]+?) *: (0x[0-9a-f]+|\d+)(?:  .*)?$', text, re.M)}


@test('the report is JSON, and says of the dump what the dump and the report for people say')
def _():
    made = core('mini')
    report, done = dump('-c', '-d', '31', '--num-threads', '2', '--show-stats', 'mini', 'dump')
    made_dump, said, pages = Kdump('dump'), numbers(done.text), report['pages']
    kinds = pages['excluded_by_kind']
    left = kept(31)
    zero = sum(1 for pfn in left if not any(made.memory.read(pfn * PAGE, PAGE)))
    check(kinds == {'zero': zero, 'cache': len(CACHE), 'cache_private': len(CACHE_PRIVATE),
                    'user': len(USER), 'free': len(FREE), 'hwpoison': 1, 'offline': 8,
                    'before': 0, 'unused_struct_pages': 0, 'extensions': 0,
                    'not_essential': 0, 'other_domains': 0}, kinds)
    check(pages['original'] == len(EXISTS) == len(made_dump.exists), pages)
    check(pages['copied'] == len(made_dump.pages), pages)
    check(pages['remaining'] == len(left) - zero, pages)
    check(pages['excluded'] + pages['remaining'] == pages['original'], pages)
    check(pages['original'] + pages['holes'] == pages['total'] == made_dump.max_mapnr, pages)
    for key, label in (('original', 'Original pages'), ('excluded', 'Excluded pages'),
                       ('remaining', 'Remaining pages'), ('holes', 'Memory Hole'),
                       ('total', 'Total pages')):
        check(pages[key] == said[label], f'{key}: {pages[key]} and {said[label]}')
    for key, label in (('zero', 'Pages filled with zero'), ('cache', 'Non-private cache pages'),
                       ('cache_private', 'Private cache pages'),
                       ('user', 'User process data pages'), ('free', 'Free pages'),
                       ('hwpoison', 'Hwpoison pages'), ('offline', 'Offline pages')):
        check(kinds[key] == said[label], f'{key}: {kinds[key]} and {said[label]}')
    check(report['output'].pop('compression_library') in ('libdeflate', 'zlib'),
          report['output'])
    check(report['output'] == {
        'paths': ['dump'], 'format': 'kdump-compressed', 'flattened': False, 'dry_run': False,
        'levels_asked': [31], 'levels_tried': [31], 'dump_level': 31, 'compression': 'zlib',
        'threads': 2, 'bytes': said['Write bytes'], 'file_bytes': os.path.getsize('dump'),
        'missing_bytes': 0, 'not_filtered': [],
        'not_filtered_why': None}, report['output'])
    check(report['input'] == {
        'path': 'mini', 'format': 'ELF core', 'byte_order': 'little', 'word_bits': 64,
        'page_size': PAGE, 'cpus': 2, 'dump_level': 0, 'incomplete': False,
        'architecture': 'x86_64', 'release': '6.12.0-mini', 'crash_time': 1795355278},
        report['input'])
    check(report['warnings'] == [] and report['extensions'] is None, report)
    check(report['schema'] == 1 and report['version'] in makedumpfile('-v').text, report)


@test('--dry-run predicts the size of what is written')
def _():
    core('mini')
    for args in (('-c', '-d', '31'), ('-E', '-d', '31'), ('-E', '-d', '0'), ('-d', '1')):
        size = dump(*args, '--dry-run', '--show-stats', 'mini')[1].text
        size = int(re.search(r'^File size +: (\d+) bytes, ', size, re.M)[1])
        check(dump(*args, 'mini', 'dump')[0]['output']['file_bytes'] == size, args)
        check(os.path.getsize('dump') == size, f'{args}: {os.path.getsize("dump")}, not {size}')
        size = dump(*args, '-F', '--dry-run', 'mini')[0]['output']['file_bytes']
        stream = makedumpfile(*args, '-F', '--json', 'report', 'mini').out
        check(len(stream) == size, f'{args}: a stream of {len(stream)} bytes, not {size}')
    parts = dump('--split', '--dry-run', '-c', 'mini', 'one', 'two')[0]['output']['file_bytes']
    dump('--split', '-c', 'mini', 'one', 'two')
    check(os.path.getsize('one') + os.path.getsize('two') == parts, parts)


@test('the seconds of all phases are there, and add up to no more than all of it')
def _():
    core('mini')
    seconds = dump('-d', '31', 'mini', 'dump')[0]['seconds']
    phases = ['open', 'resolve', 'filter', 'copy', 'finish']
    check(list(seconds) == [*phases, 'total'], list(seconds))
    check(all(isinstance(n, float) and n >= 0 for n in seconds.values()), seconds)
    check(sum(seconds[p] for p in phases) <= seconds['total'] + 0.001, seconds)


@test('--json -: the report is all that goes to standard output; not with -F')
def _():
    core('mini')
    done = makedumpfile('-f', '--json', '-', '-d', '31', '--show-stats', '-D', 'mini', 'dump')
    check(done.code == 0 and load(done.text)['complete'], done)
    check('makedumpfile Completed.' in done.err and 'Original pages' in done.err, done)
    makedumpfile('--json', '-', '-F', 'mini').check_failed('there is one standard output')
    done = makedumpfile('--json', 'report', '-F', '-d', '31', 'mini')
    report = load(read('report').decode())
    check(report['output']['flattened'] and report['complete'], report)
    check(unflatten(done.out) == read('dump'), 'another dump')


@test('a dump of a dump, a dry run, several levels, ELF')
def _():
    core('mini')
    dump('-c', '-d', '8', 'mini', 'first')
    report, _ = dump('-d', '1', 'first', 'dump')
    check(report['input']['format'] == 'kdump-compressed', report['input'])
    check(report['input']['dump_level'] == 8, report['input'])
    check(report['output']['dump_level'] == 9, report['output'])
    check(report['pages']['excluded_by_kind']['before'] == len(EXISTS - kept(8)), report['pages'])
    report, _ = dump('--dry-run', '-d', '1,31', 'mini')
    check(report['output']['paths'] == [] and report['output']['dry_run'], report['output'])
    check(report['output']['levels_asked'] == [1, 31], report['output'])
    check(report['output']['levels_tried'] == [1], report['output'])
    report, _ = dump('-E', '-d', '31', 'mini', 'elf')
    check(report['output']['format'] == 'ELF', report['output'])
    check(report['output']['compression'] == 'none' and
          'compression_library' not in report['output'], report['output'])


@test('levels that were tried for lack of space: the report is of the last one')
def _():
    core('mini', *DISTINCT_FREE, *DISTINCT_KERNEL)
    report, _ = dump('-d', '0,31', '-L', '6M', 'mini', 'dump')
    check(report['output']['levels_asked'] == [0, 31], report['output'])
    check(report['output']['levels_tried'] == [0, 31], report['output'])
    check(report['output']['dump_level'] == Kdump('dump').level == 31, report['output'])
    check(report['pages']['copied'] == len(Kdump('dump').pages), report['pages'])


@test('what of a level was not possible, and why')
def _():
    core('poor', 'set NUMBER(PG_lru)')
    report, _ = dump('-d', '31', 'poor', 'dump')
    output = report['output']
    check(output['levels_tried'] == [25] and output['dump_level'] == 25, output)
    check(output['not_filtered'] == ['cache', 'cache_private'], output)
    check('NUMBER(PG_lru)' in output['not_filtered_why'], output)
    check(len(report['warnings']) == 1 and 'level 31' in report['warnings'][0], report['warnings'])


@test('memory that the kernel was not to use (mem=) has no struct pages: it is kept, and counted')
def _():
    core('beyond', 'segment 0x20000*P 0x100*P vaddr=direct+0x20000*P',
         'page 0x20000..0x20100 random 7')
    report, done = dump('-d', '31', '--show-stats', 'beyond', 'dump')
    check(report['pages']['struct_page_missing'] == 0x100 and not report['warnings'], report)
    check(set(range(0x20000, 0x20100)) <= set(Kdump('dump').pages), 'it is lost')
    check(re.search('no struct page +: 256 pages', done.text), done.text)


@test('a split dump: its parts, and the pages of all of them')
def _():
    core('mini')
    whole, _ = dump('-c', '-d', '31', 'mini', 'dump')
    split, _ = dump('-c', '-d', '31', '--split', 'mini', 'part1', 'part2')
    check(split['output']['paths'] == ['part1', 'part2'], split['output'])
    for report in (whole, split):
        check(sum([c.pop('seconds') for c in report['pages']['classes']]) > 0, 'seconds')
        ends = [c.pop('file_bytes') for c in report['pages']['classes'] if c['pages']]
        check(ends == sorted(ends) and ends[-1] <= report['output']['file_bytes'], ends)
        for c in report['pages']['classes']:
            c.pop('file_bytes', None)
        # A part has the data of its own pages.
        check(report['pages'].pop('shared') > 0, 'shared')
        check(sum([c.pop('bytes') for c in report['pages']['classes']]) > 0, 'bytes')
    check(split['pages'] == whole['pages'], split['pages'])
    check(split['output']['file_bytes'] > whole['output']['file_bytes'], split['output'])


@test('a run that fails has a report, too: no VMCORE, no facts, another kernel')
def _():
    core('mini')
    report, _ = dump('nosuch', 'dump', code=1)
    check(report['input'] == {'path': 'nosuch'} and report['pages'] is None, report)
    check('cannot open nosuch' in report['error'], report['error'])
    core('poor', 'set NUMBER(PG_lru)')
    report, _ = dump('-d', '31', '--strict-level', 'poor', 'dump', code=1)
    check('NUMBER(PG_lru)' in report['error'], report['error'])
    check(report['input']['release'] == '6.12.0-mini', report['input'])
    write('info', 'OSRELEASE=6.1.0-other\n')
    report, _ = dump('-d', '31', '-i', 'info', 'mini', 'dump', code=2)
    check('6.1.0-other' in report['error'], report['error'])


@test('an incomplete dump: what is missing, and why')
def _():
    core('mini', *DISTINCT_FREE, *DISTINCT_KERNEL)
    report, _ = dump('-d', '0', 'mini', 'dump', code=1, file_size=2 * MIB)
    check('incomplete' in report['error'], report['error'])
    check(report['output']['missing_bytes'] > MIB, report['output'])
    check(0 < report['output']['bytes'] < 5 * MIB, report['output'])
    core('cut')
    core('cut', f'truncate {os.path.getsize("cut") - 64 * PAGE}')
    report, _ = dump('-d', '0', 'cut', 'dump', code=1)
    check(report['pages']['excluded_by_kind']['before'] == 64, report['pages'])
    check(not report['pages']['lost'], report['pages'])
    check(report['input']['incomplete'], report['input'])
    check(any('cut short' in w for w in report['warnings']), report['warnings'])


@test('the report has the warnings')
def _():
    core('odd', 'set NUMBER(PG_lru) 5x', 'set NUMBER(PG_private) 14')
    done = makedumpfile('-f', '--json', 'report', '-d', '1', 'odd', 'dump')
    report = load(read('report').decode())
    check(done.code == 0, done)
    check(report['warnings'] == [line.removeprefix('makedumpfile: ') for line in done.errors],
          f'{report["warnings"]}, not {done.errors}')
    check('NUMBER(PG_lru)=5x' in report['warnings'][0], report['warnings'])


@test('the report has an extension that does not run')
def _():
    core('mini')
    done = makedumpfile('-f', '--json', 'report', '-d', '31', '--extension', './nosuch.so', 'mini',
                        'dump')
    check(done.code == 0, done)
    told = load(read('report').decode())['extensions']
    check((told['ran'], told['failed'], told['ranges_erased']) == (0, 1, 0), told)
    check('nosuch' in told['why'], told)


@test('names that are no text, and texts from a dump, are JSON all the same')
def _():
    core('mini')
    os.link('mini', b'na\xffme "\\\x1b')
    name = b'na\xffme "\\\x1b'
    r = subprocess.run([PROGRAM.encode(), b'-f', b'--json', b'report', name, b'dump'],
                       stdin=subprocess.DEVNULL, capture_output=True, check=False)
    check(r.returncode == 0, r)
    check(load(read('report').decode())['input']['path'] == 'na\ufffdme "\\\x1b', read('report'))
    core('named', 'set OSRELEASE \'6.1"\\\x1b[31m\'')
    report, _ = dump('-d', '0', 'named', 'dump')
    check(report['input']['release'] == '6.1"\\?[31m', report['input'])


@test('a report of before does not stay, and only its owner can read a new one')
def _():
    core('mini')
    for name in ('report', 'dump'):
        if os.path.exists(name):
            os.unlink(name)
    makedumpfile('--json', 'report', '-d', '31', 'mini', 'dump').check_done()
    check(stat.S_IMODE(os.stat('report').st_mode) == 0o600, 'mode')
    # The dump is there already: this fails, and says so.
    makedumpfile('--json', 'report', '-d', '31', 'mini', 'dump').check_failed('file exists')
    check('file exists' in load(read('report').decode())['error'], read('report'))


@test('a report that cannot be written costs no dump')
def _():
    core('mini')
    makedumpfile('-f', '-d', '31', 'mini', 'plain').check_done()
    for where, why in (('/nonexistent/report', 'there is no report: cannot create'),
                       ('/dev/full', 'there is no report: cannot write')):
        done = makedumpfile('-f', '--json', where, '-d', '31', 'mini', 'dump')
        check(done.code == 0 and len(done.errors) == 1 and why in done.errors[0], done)
        check(read('dump') == read('plain'), 'another dump')
    with open('/dev/full', 'wb') as full:
        done = makedumpfile('-f', '--json', '-', '-d', '31', 'mini', 'dump', stdout=full)
    check(done.code == 0 and 'there is no report' in done.err, done)


@test('a report overwrites neither what is read nor the dump')
def _():
    core('mini')
    write('info', 'OSRELEASE=6.12.0-mini\n')
    os.link('mini', 'also-mini')
    before = read('mini')
    makedumpfile('--json', 'mini', 'mini', 'new').check_failed(
        'VMCORE mini and FILE of --json mini are')
    makedumpfile('--json', 'also-mini', 'mini', 'new').check_failed(
        'VMCORE mini and .* also-mini are')
    makedumpfile('--json', 'new', 'mini', 'new').check_failed(
        'DUMPFILE new and FILE of --json new are')
    makedumpfile('--json', 'info', '-i', 'info', 'mini', 'new').check_failed('FILE of -i info and')
    check(read('mini') == before and read('info') == b'OSRELEASE=6.12.0-mini\n', 'changed')
    check(not os.path.exists('new'), 'new was created')
    makedumpfile('--json', 'new', '--mem-usage', 'mini').check_failed('--json cannot be used')


run_tests()
