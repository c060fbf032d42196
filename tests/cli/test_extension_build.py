#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Extensions as their authors build them: in the tree, out of it, from the template, with
and without the linker script, as a part of the program; and what is installed for that."""
import glob
import os
import shutil

from harness import *

CC = os.environ.get('CC', 'cc')
BUILD = os.path.dirname(PROGRAM)
WARNINGS = ('-Wall', '-Wextra', '-Wshadow', '-Wmissing-prototypes', '-Werror')
# Whatever a packager or the user has set: here things go to their usual places.
PLACES = ('PREFIX=/usr', 'SBINDIR=/usr/sbin', 'MANDIR=/usr/share/man', 'LIBDIR=/usr/lib',
          'INCLUDEDIR=/usr/include', 'DATADIR=/usr/share', 'PKGCONFIGDIR=/usr/lib/pkgconfig',
          'EXTENSIONDIR=/usr/lib/makedumpfile/extensions',
          'COMPLETIONSDIR=/usr/share/bash-completion/completions',
          'ZSHCOMPLETIONSDIR=/usr/share/zsh/site-functions',
          'FISHCOMPLETIONSDIR=/usr/share/fish/vendor_completions.d')
HEADERS = ('makedumpfile.h', 'btf_info.h', 'kallsyms.h', 'extension.h', 'erase_info.h')
BUILD_LIMIT = 1200

# A list of three items in the miniature kernel, and an extension as it would be written
# for upstream's interface, which goes through it. It also declares what the program does,
# and has a function of the same name as one of the program's.
DIRECT = 0xffff8ae140000000
ITEMS = 0xf00000
NODE, SECRET = 32, 4
ITEM_LIST = (
    *(f'u64 {ITEMS + 0x100 * i:#x}+{NODE if i else 0} '
      f'{DIRECT + ITEMS + (0x100 * (i + 1) + NODE if i < 3 else 0):#x}' for i in range(4)),
    *(f'text {ITEMS + 0x100 * i:#x}+{SECRET} secret{i}' for i in range(1, 4)),
    f'set SYMBOL(mini_items) {DIRECT + ITEMS:x}',
    f'set OFFSET(mini_item.node) {NODE}', f'set OFFSET(mini_item.secret) {SECRET}')
KEPT, DROPPED = 0x980, 0x8401

UPSTREAM = '''
#include "../makedumpfile.h"
#include "../btf_info.h"
#include "../kallsyms.h"
#include "../extension.h"
#include "../erase_info.h"

INIT_MOD_SYM(vmlinux, mini_items);
INIT_MOD_STRUCT_MEMBER(vmlinux, mini_item, node);
INIT_MOD_STRUCT_MEMBER(vmlinux, mini_item, secret);
INIT_OPT_MOD_SYM(mini_module, absent);
INIT_OPT_MOD_SYM(vmlinux, mem_section);
INIT_OPT_MOD_STRUCT_MEMBER(vmlinux, mini_item, absent);

static unsigned long calls;

int kernel_open(void);
int kernel_open(void)
{
	return MOD_SYM_EXIST(vmlinux, mem_section);
}

void extension_init(void)
{
	uint64_t node = GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, mini_item, node) / 8;
	uint64_t secret = GET_MOD_STRUCT_MEMBER_MOFF(vmlinux, mini_item, secret) / 8;
	uint64_t head = GET_MOD_SYM(vmlinux, mini_items);
	uint64_t pos;

	for (pos = next_list(head); pos && pos != head; pos = next_list(pos)) {
		char text[8] = "";

		if (readmem(VADDR, pos - node + secret, text, 7) != 7)
			ERRMSG("cannot read 0x%llx\\n", (unsigned long long)pos);
		MSG("found %s\\n", text);
		update_filter_info_raw(pos - node + secret, 'X', 7);
	}
	if (!kernel_open())
		ERRMSG("mem_section is not there\\n");
	if (MOD_SYM_EXIST(mini_module, absent))
		ERRMSG("a symbol is there that is not\\n");
	if (MOD_STRUCT_MEMBER_EXIST(vmlinux, mini_item, absent))
		ERRMSG("a member is there that is not\\n");
}

int extension_callback(unsigned long pfn, const void *pcache)
{
	calls += pcache != 0;
	if (pfn == 0x980)
		return PG_INCLUDE;
	if (pfn == 0x8401)
		return PG_EXCLUDE;
	return PG_UNDECID;
}

__attribute__((destructor))
static void extension_end(void)
{
	MSG("%lu calls\\n", calls);
}
'''


def done(*args, **options):
    """Run a command that has to succeed without a word of warning."""
    result = run(args, timeout=BUILD_LIMIT, **options)
    check(result.code == 0, result)
    # The linker warns so about a C library that is linked statically.
    warnings = [line for line in result.err.splitlines() if 'warning' in line and
                'in statically linked applications' not in line]
    check(not warnings, f'{result.command}: {warnings}')
    return result


def make(*args, **options):
    return done('make', '--no-print-directory', f'CC={CC}', *args, **options)


def plain_build():
    """The flags of the program's build, if others can be linked with its objects."""
    try:
        flags = read(f'{BUILD}/flags').decode().split()
    except OSError:
        skip(f'{BUILD} has no objects')
    if any(flag.startswith('-fsanitize') for flag in flags):
        skip('the program was built with a sanitizer')
    return flags


def installed():
    """Install the program as it was built, once; returns where."""
    root = os.path.abspath('root')
    if os.path.exists(root):
        return root
    os.makedirs('out')
    os.symlink(PROGRAM, 'out/makedumpfile')
    have = os.path.isdir(f'{BUILD}/extensions')
    if have:
        os.symlink(f'{BUILD}/extensions', 'out/extensions')
    # Nothing is built for that.
    make('-C', TOP, '-o', 'all', 'install', f'DESTDIR={root}.new', f'O={os.getcwd()}/out', *PLACES,
         'LINKTYPE=dynamic', f'EXTENSION={"on" if have else "off"}')
    os.rename(f'{root}.new', root)
    return root


def pkg_config(*args):
    """The words that pkg-config prints for the installed files."""
    need_tool('pkg-config')
    root = installed()
    result = done('pkg-config', f'--define-variable=prefix={root}/usr', *args,
                  'makedumpfile-extension', env={'PKG_CONFIG_PATH': f'{root}/usr/lib/pkgconfig'})
    return result.text.split()


def tree():
    """The sources, but with the extension above in place of those that we ship."""
    if not os.path.exists('tree'):
        os.makedirs('tree/extensions')
        for name in os.listdir(TOP):
            if name not in ('extensions', 'build', '.git'):
                os.symlink(f'{TOP}/{name}', f'tree/{name}')
        write('tree/extensions/upstream.c', UPSTREAM)
        # One of several files.
        os.symlink(f'{TOP}/extensions/erase_secrets', 'tree/extensions/erase_secrets')
    return os.path.abspath('tree')


def check_effect(extension, program=PROGRAM):
    """Dump with it: the verdicts, the erasures, what it reads, and what it says."""
    memory = core('vmcore', *ITEM_LIST).memory
    result = makedumpfile('-f', '-d', '31', '--require-extension', extension, 'vmcore', 'dump',
                          program=program).check_done()
    for text in ('found secret1', 'found secret2', 'found secret3', f'{len(EXISTS)} calls'):
        check(text in result.text, f'"{text}" is missing: {result.text}')
    dump = Kdump('dump')
    check(set(dump.pages) == kept(31) - {DROPPED} | {KEPT}, 'the pages are not what it decided')
    contents = dict(dump.contents())
    items = bytearray(memory.read(ITEMS, PAGE))
    for i in range(1, 4):
        items[0x100 * i + SECRET:0x100 * i + SECRET + 7] = b'X' * 7
    check(contents[ITEMS // PAGE] == items, 'erased is not what it said')
    check(contents[KEPT] == memory.read(KEPT * PAGE, PAGE), 'the page that it kept differs')


def has_bounds(extension):
    """Return whether an extension was linked with the linker script."""
    need_tool('nm')
    return ' __stop_init_kpaths' in done('nm', '-D', extension).text


def compile_extension(source, *flags):
    """Out of the tree: one command, in a directory of its own."""
    os.makedirs('elsewhere', exist_ok=True)
    write('elsewhere/theirs.c', source)
    done(CC, '-shared', '-fPIC', *WARNINGS, *flags, 'theirs.c', '-o', 'theirs.so', cwd='elsewhere')
    return './elsewhere/theirs.so'


@test('"make install" puts what authors need in its place, and what was built')
def _():
    usr = f'{installed()}/usr'
    wanted = {
        'sbin/makedumpfile': 0o755, 'share/man/man8/makedumpfile.8': 0o644,
        'sbin/makedumpfile-R.pl': 0o755, 'share/makedumpfile/makedumpfile.conf.sample': 0o644,
        'share/makedumpfile/extension-files': 0o755,
        'lib/dracut/modules.d/99makedumpfile-extensions/module-setup.sh': 0o755,
        'share/initramfs-tools/hooks/makedumpfile-extensions': 0o755,
        'share/man/man5/makedumpfile.conf.5': 0o644,
        'share/man/man7/makedumpfile-extension.7': 0o644,
        'share/bash-completion/completions/makedumpfile': 0o644,
        'share/zsh/site-functions/_makedumpfile': 0o644,
        'share/fish/vendor_completions.d/makedumpfile.fish': 0o644,
        'share/makedumpfile/makedumpfile.ld': 0o644, 'share/makedumpfile/template/test': 0o755,
        'share/makedumpfile/template/template.c': 0o644,
        'share/makedumpfile/template/Makefile': 0o644,
        'lib/pkgconfig/makedumpfile-extension.pc': 0o644,
        **{f'include/makedumpfile/{name}': 0o644
           for name in (*HEADERS, 'facts/declare.h', 'lib/log.h')},
        **{f'lib/makedumpfile/extensions/{os.path.basename(path)}': 0o755
           for path in glob.glob(f'{BUILD}/extensions/*.so')},
    }
    found = {os.path.relpath(f'{where}/{name}', usr): os.stat(f'{where}/{name}').st_mode & 0o7777
             for where, _, names in os.walk(usr) for name in names}
    check(found == wanted, f'{sorted(set(found.items()) ^ set(wanted.items()))}')
    # The directory from which "../makedumpfile.h" is found.
    check(os.path.isdir(f'{usr}/include/makedumpfile/extensions'), 'a directory is missing')


@test('"make install" uses the options that "make" was given, except for its own')
def _():
    given = [f'O={os.getcwd()}/given', 'CPPFLAGS=-DODD=$$1', 'PREFIX=/opt', 'USEDWARF=off']
    make('-C', TOP, *given, 'remember')
    text = make('-C', TOP, given[0], '-n', 'install', 'LIBDIR=/opt/lib64').text
    for wanted in ('/opt/sbin/makedumpfile', '/opt/lib64/makedumpfile', '-DODD=$1'):
        check(wanted in text, f'{wanted} is missing: {text[-2000:]}')
    check('HAVE_DWARF' not in text, 'it uses libdw')


@test('pkg-config knows the places below the prefix, and the number of the interface')
def _():
    usr = f'{installed()}/usr'
    for name, want in (('extensiondir', f'{usr}/lib/makedumpfile/extensions'),
                       ('templatedir', f'{usr}/share/makedumpfile/template')):
        got = pkg_config(f'--variable={name}')
        check(got == [want], f'{name}: {got}')
    abi = re.search(r'#define EXTENSION_ABI (\d+)', read(f'{TOP}/extension.h').decode())
    check(pkg_config('--variable=abi') == [abi[1]], 'abi')
    # Also one that gives what was installed another root: a cross compiler's.
    result = done('pkg-config', '--cflags', '--libs', 'makedumpfile-extension',
                  env={'PKG_CONFIG_PATH': f'{usr}/lib/pkgconfig',
                       'PKG_CONFIG_SYSROOT_DIR': installed()})
    for what in (f'-I{usr}/include/makedumpfile/extensions',
                 f'-Wl,-T,{usr}/share/makedumpfile/makedumpfile.ld'):
        check(what in result.text.split(), f'{what} is missing: {result.text}')


@test('a source for upstream\'s interface compiles in the tree, and does the same')
def _():
    out = f'{os.getcwd()}/out-tree'
    make('-C', tree(), f'O={out}', 'WERROR=on', 'extensions')
    check_effect(f'{out}/extensions/upstream.so')
    check(has_bounds(f'{out}/extensions/upstream.so'), 'linked without the script')


@test('... and out of it, with what was installed and one command')
def _():
    extension = compile_extension(UPSTREAM, *pkg_config('--cflags', '--libs'))
    check_effect(extension)
    check(has_bounds(extension), 'linked without the script')


@test('... and without the linker script')
def _():
    extension = compile_extension(UPSTREAM, *pkg_config('--cflags'))
    check_effect(extension)
    check(not has_bounds(extension), 'linked with the script')


@test('... and with clang, lld, and everything hidden that is not asked for')
def _():
    need_tool('ld.lld')
    flags = pkg_config('--cflags', '--libs')
    compile_extension(UPSTREAM, *flags)
    done(need_tool('clang'), '-shared', '-fPIC', '-fuse-ld=lld', '-fvisibility=hidden', *WARNINGS,
         *flags, 'theirs.c', '-o', 'lld.so', cwd='elsewhere')
    check_effect('./elsewhere/lld.so')


@test('each installed header compiles alone, without warnings')
def _():
    include = f'{installed()}/usr/include/makedumpfile'
    compilers = [CC, *(c for c in ('clang',) if shutil.which(c))]
    for compiler in compilers:
        for standard in ('c99', 'gnu17'):
            for name in (*HEADERS, 'facts/declare.h', 'lib/log.h'):
                done(compiler, f'-std={standard}', *WARNINGS, '-fsyntax-only', '-include',
                     f'{include}/{name}', '-x', 'c', '/dev/null')


SYSLOG = """
#include <syslog.h>
#define ARRAY_SIZE(a) mine(a)
#include <makedumpfile.h>
#include <extension.h>
#include <erase_info.h>
"""


@test('the headers compile after <syslog.h>, and define no name of the program itself')
def _():
    flags = pkg_config('--cflags')
    for compiler, name in ((CC, 'syslog.c'), ('c++', 'syslog.cc'), ('clang++', 'syslog.cc')):
        if not shutil.which(compiler):
            continue
        write(name, SYSLOG)
        done(compiler, *flags, *(w for w in WARNINGS if 'prototypes' not in w), '-fsyntax-only',
             name)
        text = done(compiler, *flags, '-E', '-dM', name).text
        for macro in ('LOG_LEVEL_MAX', 'LIB_TYPES_H'):
            check(macro not in text, f'{macro} is defined')


def tasks_of_mini(task):
    """Facts of a kernel with the idle task and another one, in the same page."""
    other, signal = task + 0x800, task + 0x400
    return (*(f'u64 {at:#x} {DIRECT + to:#x}' for at, to in (
                (task, other), (other, task), (other + 16, signal), (signal, other + 32),
                (other + 32, signal))),
            'set OFFSET(task_struct.comm) 200', 'set OFFSET(task_struct.tasks) 0',
            'set OFFSET(task_struct.signal) 16', 'set OFFSET(task_struct.thread_node) 32',
            'set OFFSET(signal_struct.thread_head) 0',
            f'set SYMBOL(init_task) {DIRECT + task:#x}')


def run_example(name):
    """Dump with an example; returns what is printed."""
    user = min(USER)
    core('vmcore', *tasks_of_mini(user * PAGE))
    result = makedumpfile('-f', '-d', '31', '--require-extension', f'./elsewhere/{name}.so',
                          'vmcore', 'dump').check_done()
    check(set(Kdump('dump').pages) == kept(31) | {user}, 'its page is not included')
    return result.text


@test('the example in C++ compiles, and does what it says')
def _():
    need_tool('c++')
    os.makedirs('elsewhere', exist_ok=True)
    done('c++', '-shared', '-fPIC', *(w for w in WARNINGS if 'prototypes' not in w),
         f'{TOP}/extensions/examples/keep_names.cc', *pkg_config('--cflags', '--libs'),
         '-o', 'keep_names.so', cwd='elsewhere')
    check('tasks: 1' in run_example('keep_names'), 'tasks are not counted')


@test('the example in Rust compiles, and does what it says')
def _():
    need_tool('rustc')
    os.makedirs('elsewhere', exist_ok=True)
    done('rustc', '--edition', '2021', '--crate-type', 'cdylib', '-C', 'panic=abort',
         *(f'-Clink-arg={flag}' for flag in pkg_config('--libs')),
         f'{TOP}/extensions/examples/keep_init_task.rs', '-o', 'keep_init_task.so',
         cwd='elsewhere')
    check('init_task is included' in run_example('keep_init_task'), 'it says nothing')
    abi = read(f'{TOP}/extension.h').decode().split('#define EXTENSION_ABI ')[1].split()[0]
    check(f'makedumpfile_extension_abi: c_uint = {abi};' in
          read(f'{TOP}/extensions/examples/keep_init_task.rs').decode(), 'its ABI is old')


# Declarations that a fragment of the manual takes for granted, by its first line.
FRAGMENTS = {
    'static const struct mdf_fact needed[] = {':
        'INIT_OPT_MOD_SYM(wireguard, device_list);\n'
        'INIT_OPT_MOD_STRUCT_MEMBER(wireguard, wg_device, peer_list);\n',
    'EXTENSION_HELP("include the buffers of foo");': None,
}
# Beginnings of examples that are no C source: a command, and a line of a table.
NO_SOURCES = ('cc ', 'INIT_MOD_SYM(mod, sym);')


def manual_examples():
    """The sources of makedumpfile-extension(7), fragments made whole."""
    page = read(f'{TOP}/man/makedumpfile-extension.7').decode()
    for text in re.findall(r'^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$', page, re.M):
        text = text.replace('\\e', '\\').replace('\\&', '')
        first = text.splitlines()[0]
        if '#include' in text:
            yield text
        elif not first.startswith(NO_SOURCES):
            check(first in FRAGMENTS, f'an example of the manual is not known: {first}')
            given = FRAGMENTS[first]
            yield '#include "makedumpfile.h"\n#include "extension.h"\n' + (
                f'{text}void extension_init(void)\n{{\n}}\n' if given is None else
                f'{given}void extension_init(void)\n{{\n{text}}}\n')


@test('the examples of the manual page compile, as C and as C++, and the first does what it says')
def _():
    examples = list(manual_examples())
    check(len(examples) >= 4, f'{len(examples)} examples')
    programs = [text for text in examples if 'mdf_to_physical' in text]
    for n, text in enumerate(programs[:1] + examples):
        compile_extension(text, '-Wno-unused-parameter', *pkg_config('--cflags', '--libs'))
        if n == 0:
            run_example('theirs')
        if shutil.which('c++'):
            done('c++', '-x', 'c++', '-fsyntax-only', '-Wall', '-Werror', *pkg_config('--cflags'),
                 'theirs.c', cwd='elsewhere')


@test('the manual page names each function for extensions')
def _():
    page = set(re.findall(r'\w+', read(f'{TOP}/man/makedumpfile-extension.7').decode()))
    listed = re.findall(r'^\s*(\w+);', read(f'{TOP}/extension.syms').decode(), re.M)
    missing = [name for name in listed if name not in page]
    check(listed and not missing, f'not in it: {missing}')


@test('the template builds, passes its own test, and is installed')
def _():
    directory = pkg_config('--variable=templatedir')[0]
    shutil.copytree(directory, 'mine')
    core('vmcore', f'set SYMBOL(init_task) {DIRECT + ITEMS:x}')
    # As make finds pkg-config's file, where it was not installed for good.
    os.makedirs('bin', exist_ok=True)
    write('bin/pkg-config', f'#!/bin/sh\nexec {shutil.which("pkg-config")} '
          f'--define-variable=prefix={installed()}/usr "$@"\n')
    os.chmod('bin/pkg-config', 0o755)
    env = {'PATH': f'{os.getcwd()}/bin:{os.environ["PATH"]}', 'MAKEDUMPFILE': PROGRAM,
           'PKG_CONFIG_PATH': f'{installed()}/usr/lib/pkgconfig'}
    make('-C', 'mine', 'CFLAGS=-O2 -Wall -Wextra -Werror', env=env)
    result = make('-C', 'mine', 'check', f'VMCORE={os.getcwd()}/vmcore', env=env)
    check(f'init_task is at {DIRECT + ITEMS:#x}' in result.text, result.text)
    make('-C', 'mine', 'install', f'DESTDIR={os.getcwd()}/dest', env=env)
    where = f'dest{installed()}/usr/lib/makedumpfile/extensions/template.so'
    check(os.path.isfile(where), f'{where} is missing')
    # It does find out.
    core('vmcore')
    failed = run(['make', '-C', 'mine', 'check', f'VMCORE={os.getcwd()}/vmcore'], env=env)
    check(failed.code and 'init_task' in failed.text + failed.err, failed)


@test('the extensions that were built can be loaded')
def _():
    found = glob.glob(f'{BUILD}/extensions/*.so')
    if not found:
        skip('built without extensions')
    for path in found:
        makedumpfile('--check-params', '--extension', path, 'vmcore', 'dump').check_done()


def shipped(name):
    """An extension that was built with the program."""
    path = f'{BUILD}/extensions/{name}.so'
    return path if os.path.exists(path) else skip('built without extensions')


@test('sample includes and excludes the pages of its arguments, and refuses what is no page')
def _():
    extension = shipped('sample')
    core('vmcore', 'set OFFSET(new_utsname.release) 130')
    spec = f'{extension},keep={KEPT:#x},drop={DROPPED:#x}'
    result = makedumpfile('-f', '-d', '31', '--require-extension', spec, 'vmcore', 'dump') \
        .check_done()
    check('Linux 6.12.0-mini crashed' in result.text and f'{len(EXISTS)} pages' in result.text,
          result.text)
    check(set(Kdump('dump').pages) == kept(31) - {DROPPED} | {KEPT}, 'other pages')
    for wrong in ('keep', 'drop=page', 'keep=0x10x'):
        makedumpfile('-f', '--require-extension', f'{extension},{wrong}', 'vmcore', 'dump') \
            .check_failed(f'{wrong}.* not a page frame number')


@test('erase_sample has no dump made if it cannot know what to erase')
def _():
    extension = shipped('erase_sample')
    task = DIRECT + ITEMS
    facts = ('set OFFSET(task_struct.comm) 200', 'set OFFSET(task_struct.tasks) 0',
             'set OFFSET(task_struct.signal) 16', 'set OFFSET(task_struct.thread_node) 32',
             'set OFFSET(signal_struct.thread_head) 0', f'set SYMBOL(init_task) {task:x}')
    for left_out in range(len(facts)):
        core('vmcore', *facts[:left_out], *facts[left_out + 1:])
        makedumpfile('-f', '--require-extension', extension, 'vmcore', 'dump') \
            .check_failed(re.escape(f'missing: {facts[left_out].split()[1]}'))
    core('vmcore', *facts)
    makedumpfile('-f', '--require-extension', extension, 'vmcore', 'dump') \
        .check_failed('how long a task\'s name can be')
    makedumpfile('-f', '--extension', extension, 'vmcore', 'dump')
    check(set(Kdump('dump').pages) == kept(0), 'without --require-extension the dump is made')


@test('the program offers what extension.syms lists, and no other of its symbols')
def _():
    need_tool('nm')
    plain_build()
    listed = set(re.findall(r'^\s*(\w+);', read(f'{TOP}/extension.syms').decode(), re.M))
    # Variables of libraries that were copied have a version.
    found = {line.split()[-1] for line in
             done('nm', '-D', '--defined-only', PROGRAM).text.splitlines() if '@' not in line}
    check(listed and found == listed, f'not both listed and offered: {sorted(found ^ listed)}')


def with_builtin(out, *flags, other=()):
    """Link the program anew with the extension above, of the objects that are there, except
    those that are to be others."""
    for path in glob.glob(f'{BUILD}/**/*.o', recursive=True):
        copy_of = os.path.join(out, os.path.relpath(path, BUILD))
        os.makedirs(os.path.dirname(copy_of), exist_ok=True)
        shutil.copy2(path, copy_of)
    for name in other:
        os.unlink(f'{out}/{name}')
    make('-C', tree(), f'O={out}', '-o', f'{out}/flags',
         'BUILTIN_EXTENSIONS=upstream erase_secrets', f'EXTENSIONDIR={os.getcwd()}/files', *flags,
         f'{out}/makedumpfile')
    return f'{out}/makedumpfile'


@test('BUILTIN_EXTENSIONS makes one a part of the program: it needs no file')
def _():
    plain_build()
    program = with_builtin(f'{os.getcwd()}/out-builtin')
    check_effect('upstream', program)
    core('vmcore', 'set SYMBOL(super_blocks) 1', 'set OFFSET(super_block.s_list) 0')
    makedumpfile('-f', '--require-extension', 'erase_secrets,kinds=none', 'vmcore', 'dump',
                 program=program).check_failed('kinds=none: the known words are keyring, ')
    check('calls' not in run([program, '-v']).text, 'its destructor runs in the program')


@test('EXTENSIONDIR, with which the program was built, is where a bare name is sought')
def _():
    program = 'out-builtin/makedumpfile'
    if not os.path.exists(program):
        skip('no program was built')
    core('vmcore', *ITEM_LIST)
    extension = compile_extension(UPSTREAM, *pkg_config('--cflags', '--libs'))
    args = ['-f', '-d', '31', '--require-extension', 'theirs', 'vmcore', 'dump']
    makedumpfile(*args, program=program).check_failed(f'{os.getcwd()}/files/theirs.so')
    os.mkdir('files')
    shutil.copy(extension, 'files')
    check_effect('theirs', program)
    check_effect('theirs.so', program)


@test('--list-extensions prints what is built in and what is in EXTENSIONDIR, with a line of help')
def _():
    program = 'out-builtin/makedumpfile'
    if not os.path.exists(program):
        skip('no program was built')
    os.makedirs('files', exist_ok=True)
    helped = compile_extension('#include "extension.h"\nEXTENSION_HELP("do nothing at all");\n'
                               'void extension_init(void) {}\n', *pkg_config('--cflags', '--libs'))
    shutil.copy(helped, 'files/helped.so')
    write('files/broken.so', 'text')
    write('files/notes.txt', 'text')
    done = run([program, '--list-extensions'])
    check(done.code == 0, done)
    lines = [line.split(None, 1) for line in done.out.decode().splitlines()]
    check([(name, text.strip()) for name, text in lines][:2] == [
        ('upstream', '(it has no help)'),
        ('erase_secrets', 'overwrite keys and other secrets of the kernel')], lines)
    check(['helped', 'do nothing at all'] in lines, lines)
    check(any(text.startswith('broken: cannot load') for _, text in lines), lines)
    check('notes' not in done.text, done)
    makedumpfile('--list-extensions', 'mini', program=program).check_failed('mini')


# Debian has no static one, and only these objects know of it.
ISAL = '-DHAVE_ISAL=LINKED'
KNOW_ISAL = ('lib/codec.o', 'lib/codec_isal.o')


@test('BUILTIN_EXTENSIONS: also in a program that is linked statically')
def _():
    flags = plain_build()
    out = f'{os.getcwd()}/out-static'
    # The same features, or the objects do not fit.
    make('-C', TOP, f'O={out}', 'LINKTYPE=static', f'{out}/flags')
    missing = set(f for f in flags if f.startswith('-DHAVE_')) - \
        set(read(f'{out}/flags').decode().split())
    if missing - {ISAL}:
        skip(f'static libraries are missing: {" ".join(sorted(missing))}')
    program = with_builtin(out, 'LINKTYPE=static', other=KNOW_ISAL if missing else ())
    check('statically linked' in run(['file', program]).text or not shutil.which('file'),
          'it is not static')
    check_effect('upstream', program)
    core('mini')
    makedumpfile('-d', '31', '--require-extension', './upstream.so', 'mini', 'none',
                 program=program).check_failed('linked statically')


# Root does not load what others may write to.
os.umask(0o022)
run_tests()
