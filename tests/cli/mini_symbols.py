# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols and types that a miniature kernel has of itself, as statements of mkelfcore.py."""
import importlib
import string
import sys
import textwrap

from harness import TOLD_BY_TYPES, TOOLS, check, makedumpfile, skip

sys.path.insert(0, TOOLS)
mkkallsyms = importlib.import_module('mkkallsyms')
mkbtf = importlib.import_module('mkbtf')

# Offsets of the tables from the beginning of the miniature kernel's image.
TABLES, BTF = 0x100000, 0x140000
TYPES = '''
struct list_head { struct list_head *next, *prev; };
typedef struct { unsigned long f; } memdesc_flags_t;
struct page {
	memdesc_flags_t flags;
	union {
		struct { struct list_head lru; void *mapping; unsigned long index, private; };
		struct { unsigned long compound_head; };
	};
	union { int _mapcount; unsigned int page_type; };
	int _refcount;
	unsigned long memcg_data;
};
struct mem_section { unsigned long section_mem_map; void *usage; };
struct free_area { struct list_head free_list[5]; unsigned long nr_free; };
struct zone { struct free_area free_area[11]; };
struct inner { long first, second; };
/* As -fms-extensions allows: the struct has a name, the member none. */
struct outer { int a; struct inner; int b; };
struct bits { int a; unsigned b : 3, c : 5; };
enum pageflags { PG_lru = 5, PG_head = 6, PG_swapcache = 10, PG_private = 14, PG_swapbacked = 17,
		 PG_hwpoison = 20 };
enum pagetype { PGTY_buddy = 0xf0, PGTY_offline, PGTY_hugetlb = 0xf4, PGTY_slab };
'''
POOR = [f'set {key}' for key in TOLD_BY_TYPES]


def page_words(words):
    """The same types, with a struct page that ends in this number of words."""
    return TYPES.replace('memcg_data;', f'after[{words}];') if words else \
        TYPES.replace('\tunsigned long memcg_data;\n', '')


def need_types():
    if 'libbpf' in makedumpfile('--check-params', '--list-ktypes', 'x', 'y').err:
        skip('built without libbpf')


class MiniSymbols:
    """The symbols of a kernel whose image is mapped at stext: mkkallsyms.py makes image and
    listing, mkbtf.py makes blob."""

    def __init__(self, stext, order='little', page=4096, root='init_top_pgt', types=TYPES,
                 word=8):
        self.stext = stext
        btf = mkbtf.Btf(big=order == 'big')
        btf.run(f'.word {word}\n' + types)
        self.blob = btf.encode()
        k = mkkallsyms.Kallsyms()
        k.run(textwrap.dedent(f'''
            era 6.11
            word {8 * word}
            order {order}
            at {stext + TABLES:#x}
            base {stext:#x}
            {stext:x} T _stext
            {stext:x} T _text
            {stext + 0x1000:x} t twice
            {stext + 0x2000:x} t twice
            {stext + 0x3000:x} t cut.isra.0
            {stext + 0x4000:x} t {string.ascii_letters}
            many 600 {stext + 0x10000:#x} 16 t function_{{}}_of_many
            {stext + BTF:x} r __start_BTF
            {stext + BTF + len(self.blob):x} r __stop_BTF
            {stext + 0x180000:x} D init_uts_ns
            {stext + 0x181000:x} D node_data
            {stext + 0x1e0 * page:x} D {root}
        '''))
        self.image, self.listing = k.make()
        check(len(self.image) < BTF - TABLES, 'the tables do not fit')
        self.symbols = [line for line in self.listing.split('\n') if line.startswith('SYMBOL(')]
        # The tables themselves, and what VMCOREINFO says of where they are.
        self.there = (f'hex image+{TABLES:#x} {self.image.hex()}',
                      f'hex image+{BTF:#x} {self.blob.hex()}')
        self.exported = tuple('set ' + line.replace('=', ' ') for line in self.symbols)
