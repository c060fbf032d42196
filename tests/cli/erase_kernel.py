# SPDX-License-Identifier: GPL-2.0-or-later
"""A miniature kernel with something to erase: data that a compiler lays out, and that can
be found by the dump's own kallsyms and BTF as well as by a vmlinux with DWARF.

Kernel(directory) makes it; its core() writes a vmcore, and its changes() says what differs
in a dump: {(symbol, offset): (bytes, character)}.
"""
import importlib
import os
import re
import shutil
import struct
import subprocess
import sys
import textwrap

from harness import PAGE, TOOLS, Kdump, check, core, read, run, skip, write

sys.path.insert(0, TOOLS)
mkkallsyms = importlib.import_module('mkkallsyms')
mkbtf = importlib.import_module('mkbtf')

STEXT = 0xffffffff89400000
# From the beginning of the image: symbols, types, and data.
TABLES, BTF, DATA = 0x100000, 0x130000, 0x150000
# The module's address, and its pages, which do not lie one after the other.
MODULE, MODULE_PAGES = 0xffffffffc0200000, (0xe40, 0xe38, 0xe42, 0xe3f)
IMAGE_PFN = 0x200
# A room in the module for its types.
MODULE_BTF_ROOM = 2048

KERNEL_TYPES = '''
struct list_head { struct list_head *next, *prev; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct hlist_head { struct hlist_node *first; };
typedef unsigned int u32;
typedef unsigned char u8;
struct signal_struct { long pad; struct list_head thread_head; };
struct task_struct {
	int pid;
	struct list_head tasks;
	char comm[16];
	struct signal_struct *signal;
	struct list_head thread_node;
};
struct named { int id; char text[20]; };
struct secret {
	struct secret *next;
	struct list_head list;
	struct hlist_node hash;
	char private[24];
	void *key;
	long key_size;
	unsigned char *bytes;
	char *name;
	struct { struct named inner; };
	union { struct named *pointer; unsigned long word; };
	u32 low : 3, high : 5, top : 9;
	struct secret **many;
	struct opaque *opaque;
	char rest[];
};
struct mod_kallsyms { void *symtab; unsigned int num_symtab; char *strtab; char *typetab; };
struct module {
	int state;
	struct list_head list;
	char name[56];
	/* As old kernels had them, for others that read this. */
	void *module_core, *module_init;
	unsigned int core_size, init_size;
	void *symtab;
	unsigned int num_symtab;
	char *strtab;
	struct mod_kallsyms core_kallsyms;
};
struct module_symbol {
	unsigned int name;
	unsigned char info, other;
	unsigned short shndx;
	unsigned long value, size;
};
struct btf { void *data; unsigned int data_size; };
struct btf_module { struct list_head list; struct module *module; struct btf *btf; };
'''
MODULE_TYPES = '''
struct mod_secret { struct named *named; char buffer[40]; struct list_head list; };
struct session {
	struct list_head list;
	char user[32];
	void *key;
	long key_size;
	void *private;
};
'''
SOURCE = KERNEL_TYPES + MODULE_TYPES + '''
#define DATA(section_) __attribute__((section(section_), aligned(8)))
#define LAST { 0, 0 }
extern struct secret one, two, three;
char _stext[16] DATA(".stext") = { 1 };
struct list_head secrets DATA(".data") = { &one.list, &three.list };
char key_one[] DATA(".data") = "the key of one", key_two[] DATA(".data") = "the key of two";
char name_one[] DATA(".data") = "one", name_two[] DATA(".data") = "number two";
struct named pointed DATA(".data") = { 7, "pointed to" };
struct secret *some[] DATA(".data") = { &one, 0, &three };
struct secret one DATA(".data") = {
	&two, { &two.list, &secrets }, { &two.hash, 0 }, "private one", key_one, 14,
	(unsigned char *)key_one, name_one, { { 1, "inner one" } }, { &pointed }, 5, 9, 0, some,
	(struct opaque *)key_two };
struct secret two DATA(".data") = {
	&three, { &three.list, &one.list }, { 0, 0 }, "private two", key_two, 7,
	(unsigned char *)key_two, name_two, { { 2, "inner two" } }, { 0 }, 5, 9, 0, 0 };
struct secret three DATA(".data") = {
	0, { &secrets, &two.list }, { 0, 0 }, "private three", 0, 7,
	0, 0, { { 3, "inner three" } }, { 0 }, 5, 9, 0, 0 };
struct hlist_head hashed DATA(".data") = { &one.hash };
struct hlist_head no_hash DATA(".data");
struct secret array[3] DATA(".data") = {
	{ .private = "private array 0", .name = name_one }, { .private = "private array 1" },
	{ .private = "private array 2" } };
struct secret *pointer DATA(".data") = &one;
struct list_head *list_pointer DATA(".data") = &secrets;
struct list_head empty DATA(".data") = { &empty, &empty };
int number DATA(".data") = 0x12345678;
int *number_pointer DATA(".data") = &number;
int negative DATA(".data") = -5;
long zero DATA(".data") = 0, large DATA(".data") = 1L << 40;
char text[40] DATA(".data") = "a text in an array";
char *text_pointer DATA(".data") = name_two;
char *endless DATA(".data") = mod_buffer;
void *nothing_known DATA(".data") = text;
void *nowhere DATA(".data") = (void *)0xffffffff00000123;
char matrix[3][5] DATA(".data") = { "abcd", "efgh", "ijkl" };
struct list_head lost DATA(".data") = { &astray.list, &astray.list };
struct secret astray DATA(".data") = {
	&strayed, { &strayed.list, &lost }, .private = "astray" };
struct secret strayed DATA(".data") = {
	&astray, { &astray.list, &astray.list }, .private = "strayed" };
struct list_head cut DATA(".data") = { &broken.list, &broken.list };
struct secret broken DATA(".data") = {
	(void *)0xffffffff00000100, { (void *)0xffffffff00000100, &cut }, .private = "broken" };

struct signal_struct signals[2] DATA(".data") = {
	{ 0, { &init_task.thread_node, &init_task.thread_node } },
	{ 0, { &shell.thread_node, &thread.thread_node } } };
struct task_struct init_task DATA(".data") = {
	0, { &shell.tasks, &shell.tasks }, "swapper/0", &signals[0],
	{ &signals[0].thread_head, &signals[0].thread_head } };
struct task_struct shell DATA(".data") = {
	17, { &init_task.tasks, &init_task.tasks }, "shell", &signals[1],
	{ &thread.thread_node, &signals[1].thread_head } };
struct task_struct thread DATA(".data") = {
	18, { 0, 0 }, "thread", &signals[1],
	{ &signals[1].thread_head, &shell.thread_node } };
char command_line[] DATA(".data") = "root=/dev/mini password=1234";
char *saved_command_line DATA(".data") = command_line;

struct module mod DATA(".data") = {
	0, { &modules, &modules }, "mymodule", (void *)MODULE_BASE, 0, 0x4000, 0,
	symtab, 9, strtab, { symtab, 9, strtab, typetab } };
struct list_head modules DATA(".data") = { &mod.list, &mod.list };
struct btf mod_btf DATA(".data") = { mod_types, MOD_BTF_SIZE };
struct btf_module btf_mod DATA(".data") = { { &btf_modules, &btf_modules }, &mod, &mod_btf };
struct list_head btf_modules DATA(".data") = { &btf_mod.list, &btf_mod.list };

char strtab[] DATA(".mod") = "\\0mod_text\\0mod_buffer\\0mod_secret\\0mod_list\\0mod_pointer"
	"\\0sessions\\0current_session\\0seed";
char typetab[] DATA(".mod") = "?DDDDDddd";
struct module_symbol symtab[9] DATA(".mod") = {
	{ 0 }, { 1, 17, 0, 3, (unsigned long)mod_text, 20 },
	{ 10, 17, 0, 3, (unsigned long)mod_buffer, 6000 },
	{ 21, 17, 0, 3, (unsigned long)&mod_secret, sizeof(struct mod_secret) },
	{ 32, 17, 0, 3, (unsigned long)&mod_list, 16 },
	{ 41, 17, 0, 3, (unsigned long)&mod_pointer, 8 },
	{ 53, 1, 0, 3, (unsigned long)&sessions, 16 },
	{ 62, 1, 0, 3, (unsigned long)&current_session, 8 },
	{ 78, 1, 0, 3, (unsigned long)seed, 64 } };
char mod_types[MOD_BTF_ROOM] DATA(".mod");
char mod_text[20] DATA(".mod") = "a module's text";
struct mod_secret mod_secret DATA(".mod") = {
	&pointed, "a module's buffer", { &mod_list, &mod_list } };
struct list_head mod_list DATA(".mod") = { &mod_secret.list, &mod_secret.list };
struct mod_secret *mod_pointer DATA(".mod") = &mod_secret;
struct list_head sessions DATA(".mod") = { &session.list, &session.list };
struct session session DATA(".mod") = {
	{ &sessions, &sessions }, "any user", seed, 5, (void *)4096 };
struct session *current_session DATA(".mod") = &session;
u8 seed[64] DATA(".mod") = "0123456789abcdef";
char mod_buffer[6000] DATA(".mod") = { [0 ... 5999] = 'm' };
'''
# Those that are used before they are defined.
FORWARD = '''
extern struct secret astray, strayed, broken;
extern struct list_head modules, btf_modules, mod_list;
extern char strtab[], typetab[], mod_types[], mod_text[20], mod_buffer[6000];
extern struct module_symbol symtab[9];
extern struct task_struct shell, thread, init_task;
extern struct session session, *current_session;
extern struct list_head sessions;
extern u8 seed[64];
extern struct mod_secret mod_secret;
extern struct module mod;
extern struct list_head empty;
extern struct btf_module btf_mod;
extern struct mod_secret *mod_pointer;
'''
SCRIPT = f'''
SECTIONS {{
	. = {STEXT:#x};
	.stext : {{ *(.stext) }}
	. = {STEXT + DATA:#x};
	.data : {{ *(.data) }}
	. = {MODULE:#x};
	.mod : {{ *(.mod) }}
	/DISCARD/ : {{ *(.note*) *(.comment) }}
}}
'''


def compiled(name, section):
    """A section of a file that was linked, as bytes."""
    done = run(['objcopy', '-O', 'binary', '-j', section, name, f'{name}{section}'])
    check(done.code == 0, done)
    return read(f'{name}{section}')


class Kernel:
    """The kernel's memory, and where its symbols are."""

    def __init__(self, path='mini-vmlinux', types='', source=''):
        """TYPES and SOURCE: C that is added to the kernel's."""
        cc = (os.environ.get('CC') or 'cc').split()
        for tool in (cc[0], 'objcopy', 'nm'):
            if not shutil.which(tool):
                skip(f'{tool} is not installed')
        self.vmlinux = path
        kernel, module = mkbtf.Btf(), None
        kernel.run(KERNEL_TYPES + types)
        self.btf = kernel.encode()
        module = mkbtf.Btf(base=kernel)
        module.run(MODULE_TYPES)
        self.module_btf = module.encode()
        check(len(self.module_btf) <= MODULE_BTF_ROOM, 'there is no room for the types')
        write(f'{path}.c', KERNEL_TYPES + types + MODULE_TYPES + FORWARD
              + SOURCE.removeprefix(KERNEL_TYPES + MODULE_TYPES) + source)
        write(f'{path}.ld', SCRIPT)
        done = run([*cc, '-g', '-gdwarf-4', '-O0', '-fno-pic', '-mcmodel=kernel', '-nostdlib',
                    '-static', '-fno-lto', f'-DMOD_BTF_ROOM={MODULE_BTF_ROOM}',
                    f'-DMODULE_BASE={MODULE:#x}',
                    f'-DMOD_BTF_SIZE={len(self.module_btf)}', f'-Wl,-T,{path}.ld',
                    '-Wl,--build-id=none', '-Wl,-e,_stext', '-o', path, f'{path}.c'])
        check(done.code == 0, done)
        nm = subprocess.run(['nm', path], capture_output=True, text=True, check=True).stdout
        self.symbols = {line.split()[2]: int(line.split()[0], 16) for line in nm.splitlines()}
        self.data = compiled(path, '.data')
        mod = bytearray(compiled(path, '.mod'))
        where = self.symbols['mod_types'] - MODULE
        mod[where:where + len(self.module_btf)] = self.module_btf
        self.module = bytes(mod)
        check(len(self.module) <= len(MODULE_PAGES) * PAGE, 'the module is too large')
        self.tables = self.make_tables()

    def make_tables(self):
        """kallsyms of what is in the kernel, not in its module."""
        k = mkkallsyms.Kallsyms()
        own = sorted((at, name) for name, at in self.symbols.items()
                     if at < MODULE and name != '_stext')
        lines = '\n'.join(f'{at:x} D {name}' for at, name in own)
        k.run(textwrap.dedent(f'''
            era 6.11
            at {STEXT + TABLES:#x}
            base {STEXT:#x}
            {STEXT:x} T _stext
            {STEXT:x} T _text
            {STEXT + 0x1000:x} d twice
            {STEXT + 0x2000:x} d twice
            {STEXT + BTF:x} r __start_BTF
            {STEXT + BTF + len(self.btf):x} r __stop_BTF
            {STEXT + 0x180000:x} D init_uts_ns
            {STEXT + 0x1e0000:x} D init_top_pgt
            ''') + lines)
        image, self.listing = k.make()
        check(len(image) <= BTF - TABLES, 'the tables do not fit')
        return image

    def core(self, path, *statements, btf=True, tables=True):
        """Write a vmcore; without types or symbols there is only what a vmlinux tells."""
        told = [f'hex image+{DATA:#x} {self.data.hex()}',
                f'map {MODULE:#x} {MODULE_PAGES[0] * PAGE:#x} {PAGE}', 'set BUILD-ID',
                'set KERNELOFFSET 0']
        for i, pfn in enumerate(MODULE_PAGES):
            piece = self.module[i * PAGE:(i + 1) * PAGE]
            told.append(f'map {MODULE + i * PAGE:#x} {pfn * PAGE:#x} {PAGE}')
            told.append(f'page {pfn:#x} zero')
            if piece:
                told.append(f'hex {pfn * PAGE:#x} {piece.hex()}')
        if tables:
            told.append(f'hex image+{TABLES:#x} {self.tables.hex()}')
            told += ['set ' + line.replace('=', ' ') for line in self.listing.split('\n')
                     if line.startswith('SYMBOL(')]
        if btf:
            told.append(f'hex image+{BTF:#x} {self.btf.hex()}')
        return core(path, *told, *statements)

    def name(self, address):
        """(symbol, offset) of an address."""
        at, name = max((at, name) for name, at in self.symbols.items() if at <= address)
        return name, address - at

    def runs(self, start, was, now):
        """The runs of bytes that differ, as (symbol, offset): (bytes, character)."""
        found, i = {}, 0
        while i < len(was):
            j = i
            while j < len(was) and was[j] != now[j] and now[j] == now[i]:
                j += 1
            if j > i:
                found[self.name(start + i)] = (j - i, chr(now[i]))
            i = max(j, i + 1)
        return found

    def changes(self, dump):
        """The runs of bytes in which a dump differs from the kernel's memory."""
        pages = dict(Kdump(dump).contents()) if isinstance(dump, str) else dump
        first = IMAGE_PFN + DATA // PAGE
        data = b''.join(pages[first + i] for i in range(len(self.data) // PAGE + 1))
        module = b''.join(pages[pfn] for pfn in MODULE_PAGES)
        return {**self.runs(STEXT + DATA, self.data, data[:len(self.data)]),
                **self.runs(MODULE, self.module, module[:len(self.module)])}


def eraseinfo(dump):
    """The lines in a dump about what was erased."""
    data = read(dump)
    block, = struct.unpack_from('<i', data, 428)
    offset, size = struct.unpack_from('<qQ', data, block + 64)
    return data[offset:offset + size].decode().splitlines()


def examples(page):
    """The literal displays of a manual page, as a reader sees them."""
    found = re.findall(r'^\.Bd -literal[^\n]*\n(.*?)^\.Ed', read(page).decode(), re.S | re.M)
    return [text.replace('\\&', '') for text in found]
