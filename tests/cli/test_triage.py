#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""--triage, --triage-file and --all-tasks: where they write, and that they name what they cannot
find. tests/vm/check-triage tests their findings in real kernels."""
import json
import os
import stat
import sys

from harness import *
from erase_kernel import MODULE, STEXT, Kernel

sys.path.insert(0, TOOLS)
from schema import problems

PANIC = 'Kernel panic - not syncing: Fatal exception'
LOG = ring((0, 'Linux version 6.12.0-mini'), (1234567890, 'one'),
           (2000000000, 'BUG: kernel NULL pointer dereference, address: 0000000000000010'),
           (98765432109876, PANIC + ' \x1b[31mred'))
SCHEMA = json.loads(read(f'{TOP}/docs/triage.schema.json'))


def load(text):
    """A triage, which must be JSON and as documented."""
    triage = json.loads(text)
    wrong = problems(triage, SCHEMA)
    check(not wrong, '\n'.join(wrong))
    return triage


def triage(*args):
    return makedumpfile('--triage', *args).check_done().text


@test('--triage prints to standard output, and nothing else there')
def _():
    core('crashed', *LOG)
    done = makedumpfile('--triage', '-D', 'crashed')
    check(done.code == 0 and 'makedumpfile' not in done.text, done)
    head, *_, last = done.text.splitlines()
    check(head == 'NULL pointer dereference', head)
    check('kernel     6.12.0-mini' in done.text, done.text)
    check(last == f'[98765.432109] {PANIC} \\x1b[31mred', last)
    check('uptime     1 d 03:26:05' in done.text, done.text)


@test('an oops is the kind of a fatal exception; a panic is its own kind otherwise')
def _():
    for message, kind in (('Fatal exception in interrupt', 'null-pointer'), ('strange', 'panic'),
                          ('hung_task: blocked tasks', 'hung-task'),
                          ('softlockup: hung tasks', 'soft-lockup'),
                          ('Hard LOCKUP', 'hard-lockup'), ('sysrq triggered crash', 'sysrq'),
                          ('System is deadlocked on memory: Out of memory', 'oom'),
                          ('Fatal Machine check', 'machine-check'),
                          ('NMI: Not continuing', 'nmi'), ('RCU Stall', 'rcu-stall'),
                          ('Attempted to kill init! exitcode=0x9', 'init-died'),
                          ('kernel stack overflow', 'stack-overflow')):
        core('crashed', *ring((0, 'BUG: kernel NULL pointer dereference, address: 8'),
                              (1, f'Kernel panic - not syncing: {message}')))
        crash = load(triage('--json', '-', 'crashed'))['crash']
        check(crash['kind'] == kind, f'{message}: {crash["kind"]}')
    for message, kind in (('kernel BUG at mm/slub.c:1!', 'bug'),
                          ('BUG: unable to handle page fault for address: 8', 'page-fault'),
                          ('Oops: general protection fault, 0000 [#1]', 'protection-fault'),
                          ('BUG: TASK stack guard page was hit at 8', 'stack-overflow')):
        core('crashed', *ring((0, message), (1, 'Kernel panic - not syncing: Fatal exception')))
        crash = load(triage('--json', '-', 'crashed'))['crash']
        check(crash['kind'] == kind, f'{message}: {crash["kind"]}')
        check(crash['message'] == message, crash)
    core('running', *ring((0, 'BUG: kernel NULL pointer dereference, address: 8')),
         'set CRASHTIME 0')
    check(load(triage('--json', '-', 'running'))['crash']['kind'] == 'running', 'running')


@test('an oops that calls the crash kernel leaves no panic in the log, but a CPU or a time')
def _():
    oops = 'BUG: unable to handle kernel NULL pointer dereference at 0000000000000000'
    number = 'set SYMBOL(panic_cpu) ${stext+0x180000:x}', 'u32 image+0x180000 %#x'
    for cpu, rip, kind in ((0, 'vfs_read+0x8/0x20', 'null-pointer'),
                           (1, 'sysrq_handle_crash+0xd/0x20', 'sysrq'),
                           (0xffffffff, 'vfs_read+0x8/0x20', 'running')):
        core('crashed', *ring((0, 'sysrq: SysRq : Trigger a crash'), (1, oops),
                              (2, f'RIP: 0010:{rip}')), number[0], number[1] % cpu)
        crash = load(triage('--json', '-', 'crashed'))['crash']
        check(crash['kind'] == kind, f'{cpu}: {crash}')
        check(crash['message'] == (oops if kind != 'running' else None), crash)
    core('crashed', *ring((0, oops)))
    check(load(triage('--json', '-', 'crashed'))['crash']['kind'] == 'null-pointer',
          'a kernel with a time of its crash')


@test('what cannot be found is listed with the reason, as text and as JSON')
def _():
    core('crashed', *LOG)
    text, found = triage('crashed'), load(triage('--json', '-', 'crashed'))
    for part in ('types', 'modules', 'CPUs', 'tasks', 'slabs', 'memory', 'command line',
                 'network interfaces'):
        check(any(line.startswith(part) for line in found['missing']), f'{part}: {found}')
    for line in found['missing']:
        check(f'not found  {line}\n' in text, line)
    check(found['log']['text'].endswith('red\n'), found['log'])
    check(found['crash']['time'] is None or found['crash']['time'] > 0, found['crash'])


@test('slab caches of a kernel that does not count its slabs are missing, not empty')
def _():
    caches = (*LOG, 'set SYMBOL(slab_caches) ${stext+0x180000:x}', 'set OFFSET(kmem_cache.list) 0',
              'u64 image+0x180000 stext+0x180010', 'u64 image+0x180010 stext+0x180000')
    core('counted', *caches, 'set OFFSET(kmem_cache_node.nr_slabs) 0')
    check(len(load(triage('--json', '-', 'counted'))['slabs']) == 1, triage('counted'))
    core('crashed', *caches)
    found = load(triage('--json', '-', 'crashed'))
    check(not found['slabs'], found['slabs'])
    check('slabs: OFFSET(kmem_cache_node.nr_slabs) is not known' in found['missing'], found)


@test('a dump that is cut short is called incomplete')
def _():
    core('crashed', *LOG)
    makedumpfile('-f', '-d', '31', 'crashed', 'cut').check_done()
    check('VMCORE is incomplete' not in triage('cut'), 'a whole dump')
    os.truncate('cut', os.path.getsize('cut') - 4096)
    done = makedumpfile('--triage', 'cut')
    check(done.code == 0 and 'not found  pages: VMCORE is incomplete: ' in done.text, done)


@test('an uptime that only the log tells is a lower bound where the kernel ran on')
def _():
    core('crashed', *LOG)
    core('running', *ring((0, 'Linux version 6.12.0-mini'), (61000000000, 'one')),
         'set CRASHTIME 0')
    check('uptime     1 d 03:26:05' in triage('crashed'), triage('crashed'))
    check('uptime     at least 0 d 00:01:01' in triage('running'), triage('running'))


@test('a dump without VMCOREINFO: the head alone')
def _():
    core('bare', text='segment M M\n')
    found = load(triage('--json', '-', 'bare'))
    check(found['kernel']['release'] == '(unknown)', found)
    check(any('only the head' in line for line in found['missing']), found['missing'])
    check(found['crash']['kind'] == 'unknown', found['crash'])


@test('a dump without a log')
def _():
    core('mini')
    check(any(line.startswith('no log') for line in load(triage('--json', '-', 'mini'))['missing']),
          'the log is not missing')
    check(load(triage('--json', '-', 'mini'))['crash']['kind'] == 'unknown', 'mini')
    check(triage('mini').startswith('the kernel may have crashed: '), triage('mini'))
    check('The end of the log' not in triage('mini'), 'there is an end of the log')


@test('FILE, --json FILE, both; files are created as those of dumps are')
def _():
    core('crashed', *LOG)
    text = triage('crashed')
    check(triage('crashed', 'text') == '' and read('text').decode() == text, 'text')
    check(stat.S_IMODE(os.stat('text').st_mode) == 0o600, 'mode')
    makedumpfile('--triage', 'crashed', 'text').check_failed('text')
    check(triage('-f', '--json', 'json', 'crashed', 'text') == '', 'both')
    load(read('json'))
    check(triage('--json', 'json', 'crashed') == text, 'text and JSON')
    load(triage('--json', '-', 'crashed', 'other'))
    makedumpfile('-f', '--triage', 'crashed', 'crashed').check_failed('are the same file')
    makedumpfile('--triage', 'crashed', '-').check_failed("'-' is not a file")
    makedumpfile('--triage', 'crashed', 'a', 'b').check_failed('one argument too many')
    makedumpfile('--triage', '-d', '31', 'crashed').check_failed('-d cannot be used with --triage')


@test('--triage-file: the same beside a dump; JSON by its name')
def _():
    core('crashed', *LOG)
    text = triage('crashed')
    done = makedumpfile('-c', '-d', '31', '--triage-file', 'beside', 'crashed', 'dump').check_done()
    check(read('beside').decode() == text, read('beside'))
    check(os.path.exists('dump') and 'saved to dump' in done.text, done.text)
    makedumpfile('-f', '--triage-file', 'beside.json', 'crashed', 'dump').check_done()
    check(load(read('beside.json'))['crash']['kind'] == 'null-pointer', 'kind')
    check(triage('dump') == text, 'the triage of our own dump differs')
    makedumpfile('-f', '--triage-file', 'dump', 'crashed', 'dump').check_failed('the same file')
    makedumpfile('--all-tasks', 'crashed', 'dump').check_failed('--all-tasks needs')
    triage('--all-tasks', 'crashed')


@test('a triage that cannot be written is a warning beside a dump, and an error alone')
def _():
    core('crashed', *LOG)
    done = makedumpfile('-f', '--triage-file', 'no/such/place', 'crashed', 'dump')
    check(done.code == 0 and 'there is no triage' in done.err, done)
    makedumpfile('--triage', 'crashed', 'no/such/place').check_failed('no/such/place')
    makedumpfile('--triage', 'crashed', stdout=open('/dev/full', 'w')).check_failed(
        'cannot write to standard output')


@test('data that --config erases is erased in a triage, too')
def _():
    if 'libbpf' in makedumpfile('--check-params', '--list-ktypes', 'x', 'y').err:
        skip('built without libbpf')
    Kernel().core('full')
    write('conf', 'erase (char *)saved_command_line\nerase (struct task_struct)shell.comm\n')
    makedumpfile('-f', '--config', 'conf', '--triage-file', 'beside.json', 'full',
                 'dump').check_done()
    plain, erased = load(triage('--json', '-', 'full')), load(read('beside.json'))
    check(plain['kernel']['command_line'] == 'root=/dev/mini password=1234', plain['kernel'])
    check(erased['kernel']['command_line'] == 'X' * 28, erased['kernel'])
    names = [t['command'] for t in plain['tasks']]
    check('shell' in names and len(names) == 2, names)
    check('X' * 15 in [t['command'] for t in erased['tasks']], erased['tasks'])
    check(load(triage('--json', '-', 'dump'))['tasks'] == erased['tasks'], 'of the dump')


@test('a triage says that the types may be wrong, if VMCOREINFO differs from them')
def _():
    if 'libbpf' in makedumpfile('--check-params', '--list-ktypes', 'x', 'y').err:
        skip('built without libbpf')
    k = Kernel()
    for name, lines, doubtful in (('right', (), False),
                                  ('wrong', ('set OFFSET(task_struct.thread_node) 8',), True)):
        k.core(name, *lines)
        done = makedumpfile('--triage', '--json', '-', name)
        missing = load(done.text)['missing']
        told = any('agree with VMCOREINFO' in m for m in missing)
        check(done.code == 0 and told == doubtful, done)


OOM = ((1000000000, 'a (b) invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0'),
       (2000000000, 'big one invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0'),
       (2000000000, 'oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,'
        'oom_memcg=/a.slice,task_memcg=/a.slice/b,task=big) one,pid=17,uid=0'),
       (2000000000, 'Memory cgroup out of memory: Killed process 17 (big) one) total-vm:8kB'))


@test('the last time that memory ran out, by the log')
def _():
    core('crashed', *ring(*OOM))
    oom = load(triage('--json', '-', 'crashed'))['last_oom']
    check(oom == {'invoked_by': 'big one', 'uptime': 2.0, 'constraint': 'memcg',
                  'cgroup': '/a.slice',
                  'victim': {'pid': 17, 'command': 'big) one', 'task': None}}, oom)
    check('[2.000000] big one needed memory at the limit of control group /a.slice; '
          'the kernel killed big) one (pid 17)\n'
          in triage('crashed'), triage('crashed'))
    # Before v5.3; and a panic, which kills no task.
    core('crashed', *ring(OOM[0], (1, 'Out of memory: Kill process 4 (x) score 9 or sacrifice')))
    oom = load(triage('--json', '-', 'crashed'))['last_oom']
    check((oom['invoked_by'], oom['constraint'], oom['victim']['pid']) == ('a (b)', None, 4), oom)
    core('crashed', *ring(OOM[0], (1, 'oom-kill:constraint=CONSTRAINT_NONE,task=x,pid=4')))
    oom = load(triage('--json', '-', 'crashed'))['last_oom']
    check((oom['constraint'], oom['cgroup'], oom['victim']) == ('none', None, None), oom)
    core('crashed', *LOG)
    check(load(triage('--json', '-', 'crashed'))['last_oom'] is None, 'there is a last OOM')


OOPS = ((0, 'BUG: kernel NULL pointer dereference, address: 8'),
        (0, 'CPU: 3 UID: 0 PID: 412 Comm: kworker/3:1 Kdump: loaded Tainted: G  O  6.12 #1'),
        (0, 'RIP: 0010:xfs_iget+0x1a2/0x300 [xfs]'), (0, 'RAX: 0000000000000000'),
        (0, 'Call Trace:'), (0, ' <TASK>'), (0, ' ? exc_page_fault+0x7e/0x180'),
        (0, ' xfs_lookup.isra.0+0xe3/0x120 [xfs 0123abcd]'), (0, ' do_syscall_64+0x82/0x190'),
        (0, ' </TASK>'), (0, 'RIP: 0010:other+0x1/0x2'), (1, PANIC))


@test('a death that memory does not tell of is read in the log')
def _():
    core('crashed', *ring(*OOPS))
    found, text = load(triage('--json', '-', 'crashed')), triage('crashed')
    crash, stack = found['crash'], found['stacks'][found['crash']['stack']]
    check(text.startswith('NULL pointer dereference in xfs_iget+0x1a2/0x300 [xfs], '
                          'task kworker/3:1 (pid 412), CPU 3\n'), text)
    check((crash['cpu'], crash['pid'], crash['command'], crash['task']) ==
          (3, 412, 'kworker/3:1', None), crash)
    check([(f['function'], f['module'], f['offset'], f['size'], f['exception'], f['address'])
           for f in stack['frames']] == [
               ('xfs_iget', 'xfs', 0x1a2, 0x300, True, None),
               ('xfs_lookup.isra.0', 'xfs', 0xe3, 0x120, False, None),
               ('do_syscall_64', None, 0x82, 0x190, False, None)] and stack['by_log'], stack)
    check('the log\n    xfs_iget+0x1a2/0x300 [xfs]\n    xfs_lookup.isra.0+0xe3/0x120 [xfs]\n'
          in text, text)
    # The same functions in a panic of another machine's form.
    core('crashed', *ring((0, 'Unable to handle kernel NULL pointer dereference at 8'),
                          (0, 'CPU: 0 PID: 1 Comm: a b Not tainted 6.1 #1'),
                          (0, 'pc : xfs_iget+0x4/0x8 [xfs]'), (0, 'lr : lookup+0x4/0x8'),
                          (0, 'Call trace:'), (0, ' xfs_iget+0x4/0x8 [xfs] (P)'),
                          (0, ' +0x4/0x8'), (0, ' +0x'), (0, '---[ end trace 0000 ]---'),
                          (0, ' late+0x1/0x2'), (1, PANIC)))
    found = load(triage('--json', '-', 'crashed'))
    names = [f['function'] for f in found['stacks'][found['crash']['stack']]['frames']]
    check(names == ['xfs_iget', 'xfs_iget'] and found['crash']['command'] == 'a b', found['crash'])


CGROUP_TYPES = '''
struct page_counter { long usage; long max; };
struct kernfs_node { int count; char *name; };
struct cgroup_root { long flags; };
struct cgroup { long self; struct kernfs_node *kn; struct cgroup_root *root; };
struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct list_head sibling;
	struct list_head children;
};
enum memcg_memory_event { MEMCG_LOW, MEMCG_OOM_KILL };
struct mem_cgroup {
	long id;
	struct cgroup_subsys_state css;
	struct page_counter memory;
	union {
		struct page_counter swap;
		struct page_counter memsw;
	};
	long memory_events[2];
	enum memcg_memory_event event;
};
'''
# The tree: / has full (at its limit) and killed; full has roomy, whose swap is at its limit, and
# tiny.
CGROUP_SOURCE = '''
#define NO_LIMIT (0x7fffffffffffffffL / 4096)
struct cgroup_root cgrp_dfl_root DATA(".data") = { 1 }, version_1 DATA(".data") = { 2 };
#define CGROUP(name) \\
	char name##_text[] DATA(".data") = #name; \\
	struct kernfs_node name##_node DATA(".data") = { 1, name##_text }; \\
	struct cgroup name##_cgroup DATA(".data") = { 0, &name##_node, &ROOT };
#define MEMCG(name, before, after, first, last, memory, swap, kills) \\
	struct mem_cgroup name DATA(".data") = { 1, { &name##_cgroup, { after, before }, \\
		{ first, last } }, memory, { swap }, { 0, kills } };
#define PAGES(...) { __VA_ARGS__ }
extern struct mem_cgroup top, full, killed, roomy, tiny;
CGROUP(top) CGROUP(full) CGROUP(killed) CGROUP(roomy) CGROUP(tiny)
MEMCG(top, 0, 0, &full.css.sibling, &killed.css.sibling, PAGES(900, NO_LIMIT), PAGES(0, NO_LIMIT),
	7)
MEMCG(full, &top.css.children, &killed.css.sibling, &roomy.css.sibling, &tiny.css.sibling,
	PAGES(96, 100), PAGES(94, 100), 0)
MEMCG(killed, &full.css.sibling, &top.css.children, &killed.css.children, &killed.css.children,
	PAGES(5, NO_LIMIT), PAGES(6, NO_LIMIT), 7)
MEMCG(roomy, &full.css.children, &tiny.css.sibling, &roomy.css.children, &roomy.css.children,
	PAGES(94, 100), PAGES(190, 200), 0)
MEMCG(tiny, &roomy.css.sibling, &full.css.children, &tiny.css.children, &tiny.css.children,
	PAGES(1, 20), PAGES(1, 30), 0)
struct mem_cgroup *root_mem_cgroup DATA(".data") = &top;
char _etext[8] DATA(".data") = { 1 };
'''


def limits(memory, memsw):
    """The keys of pages that are used, and of the limits."""
    pages = dict(zip(('usage_bytes', 'max_bytes', 'memsw_usage_bytes', 'memsw_max_bytes'),
                     memory + memsw))
    return {key: n and n * 4096 for key, n in pages.items()}


@test('the end of a function, which the log names as the beginning of the next one')
def _():
    kernel = Kernel()
    before, after = sorted(at for at in set(kernel.symbols.values()) if STEXT < at < MODULE)[1:3]
    name, = [n for n, at in kernel.symbols.items() if at == after]
    for report, found in ((('pc : start+0x0/0x8', f' {name}+0x0/0x8'), name),
                          ((f' {name}+0x4/0x8',), name),
                          ((f' {name}+0x0/0x8',),
                           next(n for n, at in kernel.symbols.items() if at == before))):
        kernel.core('crashed', *ring(OOPS[0], (0, 'Call trace:'), *((0, line) for line in report),
                                     (1, PANIC)))
        crash = load(triage('--json', '-', 'crashed'))
        frame = crash['stacks'][crash['crash']['stack']]['frames'][-1]
        check(frame['function'] == found, f'{report}: {frame}')
    check((frame['offset'], frame['size']) == (after - before, after - before), frame)


@test('control groups at their limit or with tasks killed for memory; CPUs by their notes')
def _():
    if 'libbpf' in makedumpfile('--check-params', '--list-ktypes', 'x', 'y').err:
        skip('built without libbpf')
    kernel = Kernel('cgroups-vmlinux', CGROUP_TYPES, CGROUP_SOURCE.replace('ROOT', 'cgrp_dfl_root'))
    kernel.core('cgroups')
    groups = load(triage('--json', '-', 'cgroups'))['cgroups']
    none = (None, None)
    check(groups == [{'path': '/full', **limits((96, 100), none), 'oom_kills': 0},
                     {'path': '/killed', **limits((5, None), none), 'oom_kills': 7}], groups)
    check('       384        400         0 /full\n        20       none         7 /killed\n'
          in triage('cgroups'), triage('cgroups'))
    # No type tells which CPUs were online: the notes have registers.
    cpus = load(triage('--json', '-', 'cgroups'))['cpus']
    check([(c['cpu'], c['registers'], c['task']) for c in cpus] ==
          [(0, True, None), (1, True, None)], cpus)
    # A list that leads nowhere costs the entries after it.
    kernel.core('cgroups', f'u64 image+{kernel.symbols["full"] - STEXT + 16:#x} 8 8')
    found = load(triage('--json', '-', 'cgroups'))
    check('/killed' in [c['path'] for c in found['cgroups']], found['cgroups'])
    check(any(line.startswith('control groups: ') for line in found['missing']), found['missing'])


@test('control groups of version 1: a limit of memory and swap together')
def _():
    if 'libbpf' in makedumpfile('--check-params', '--list-ktypes', 'x', 'y').err:
        skip('built without libbpf')
    kernel = Kernel('cgroups-1-vmlinux', CGROUP_TYPES, CGROUP_SOURCE.replace('ROOT', 'version_1'))
    kernel.core('cgroups')
    groups = load(triage('--json', '-', 'cgroups'))['cgroups']
    check(groups == [{'path': '/full', **limits((96, 100), (94, 100)), 'oom_kills': 0},
                     {'path': '/killed', **limits((5, None), (6, None)), 'oom_kills': 7},
                     {'path': '/full/roomy', **limits((94, 100), (190, 200)), 'oom_kills': 0}],
          groups)
    check('       376        400         0 /full/roomy (760 of 800 KiB with swap)\n'
          in triage('cgroups'), triage('cgroups'))


@test('facts that only a triage needs are resolved for it alone')
def _():
    core('crashed', *LOG)
    fact = 'OFFSET(orc_entry.sp_offset)'
    check(fact in makedumpfile('--trace', 'facts', '--triage', 'crashed').err, '--triage')
    plain = makedumpfile('--trace', 'facts', '--dry-run', '-d', '31', 'crashed').err
    check('SYMBOL(init_task)' in plain and fact not in plain, plain)


run_tests()
