#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a piece of a kernel's read-only data with kallsyms tables from text.

usage: mkkallsyms.py [-s STATEMENT]... TEXT IMAGE
       mkkallsyms.py [-s STATEMENT]... -m TEXT DIR

IMAGE is raw memory; where things are in it is listed on stdout, addresses being
those of the running kernel:

    SYMBOL(kallsyms_names)=ffffffff81001008     and so on: the lines that a kernel
                                                of that era has in its VMCOREINFO
    # kallsyms_markers=ffffffff81002000         what VMCOREINFO does not tell
    # image=ffffffff81000000                    address of the first byte
    # symbols=1234                              how many there are
    # longest=300                               bytes of the longest entry, encoded
    # word=64, # order=little, # values=base-relative

With -m each part of TEXT begins with a line "=== NAME"; its image becomes DIR/NAME,
its list DIR/NAME.list; what stands before the first is put in front of each part.
TEXT "-" is stdin. -s adds a statement after those of TEXT.

A statement is a line of words; "#" begins a comment, words with blanks are quoted as
in a shell. Numbers are Python expressions without blanks, with K, M, G, and the address
of the image as at. Addresses are those before the kernel was moved (slide).

Kernel
  era ERA                    which tables there are, in which order, how aligned:
                               4.18      as 4.20, but num_syms and markers are words
                               4.20      values, num_syms, names, markers, tokens; 5.10
                               6.1       and lengths of two bytes
                               6.1-seqs  and seqs_of_names after the markers
                               6.4       values after the tokens, then seqs_of_names
                               6.11      the same, without addresses
                               7.0       no relative_base, all aligned to 4 bytes
                             Default: 6.11
  values ENCODING            absolute, base-relative, absolute-percpu, place-relative or
                             plain. Default: place-relative for 7.0, else base-relative
  word 32|64                 Default: 64
  order little|big           Default: little
  at ADDRESS                 of the image. Default: 0xffffffff81000000, or 0xc0008000
  slide BYTES                how far the kernel was moved
  base ADDRESS               relative_base. Default: the lowest address of all symbols
                             but those of type A
  tokens COUNT               replace no more than this many pairs. Default: as many as
                             there are free codes
  self yes|no                whether the tables are symbols too. Default: since 6.11

Symbols: sorted by address, those with the same address stay as they were given
  ADDRESS TYPE NAME          as in /proc/kallsyms: hexadecimal, and lines with a
                             [module] do not count. Type A or a is not moved
  symbols file=PATH          such a file
  relative                   addresses in such lines, but of type A, count from that of
                             the image
  many COUNT ADDRESS STEP TYPE PATTERN
                             "{}" in PATTERN becomes 0, 1, 2, ...
  long LENGTH ADDRESS TYPE PREFIX [SEED]
                             PREFIX and random characters: a name of LENGTH characters
                             that does not compress well

Image: one after the other
  tables                     the tables. Default: at the end. Can come several times;
                             listed are the first
  pad SIZE [BYTE]            Default: 0
  random SIZE [SEED]
  align SIZE
  hex HEX
  text TEXT                  with \\n and the like, and a NUL
  symbol TYPE NAME [ADDRESS] a symbol with the address that comes next, or this one
  decoy needle|tokens|pair   the ten digits as tokens; a token table without an index;
                             with one, but without names

Lies, applied last
  poke TABLE OFFSET HEX      bytes of a table: names, num_syms, markers, token_table,
                             token_index, offsets, addresses, relative_base,
                             seqs_of_names

As a Python module: Kallsyms() has the methods run(TEXT) for statements and make(),
which returns the image and the list. Set sys.dont_write_bytecode before the import.
"""

import collections
import functools
import inspect
import os
import random
import re
import shlex
import struct
import sys

ERAS = ('4.18', '4.20', '6.1', '6.1-seqs', '6.4', '6.11', '7.0')
BEHIND = {'absolute': ('addresses',), 'place-relative': ('offsets',), 'plain': ('offsets',),
          'base-relative': ('offsets', 'relative_base'),
          'absolute-percpu': ('offsets', 'relative_base')}
SINCE_7_0 = ('place-relative', 'plain')

# Tables whose addresses VMCOREINFO exports since 6.0.
EXPORTED = ('names', 'num_syms', 'token_table', 'token_index', 'offsets', 'relative_base',
            'addresses')

CODES = 256
STEP = 256                  # symbols for each marker
LONGEST = 0x3fff            # bytes of an entry
SAMPLE = 10000              # symbols that decide about tokens
SEPARATOR = chr(CODES)      # none of the codes

SYMBOL = re.compile(r'([0-9a-fA-F]+) (\S) (\S+)')


class Error(Exception):
    pass


def roundup(n, unit):
    return (n + unit - 1) // unit * unit


def pairs(text):
    return (a + b for a, b in zip(text, text[1:]))


class Tokens:
    """Which code stands for what: characters that names have for themselves, the
    others for the pairs that are most frequent, of characters or of such codes."""

    def __init__(self, texts, limit):
        used = set(''.join(texts)) | set('0123456789')
        self.text = [chr(c) if chr(c) in used else '' for c in range(CODES)]
        self.merged = []            # (pair, code), in this order
        free = [chr(c) for c in reversed(range(CODES)) if chr(c) not in used]
        sample = texts[::1 + len(texts) // SAMPLE]
        counts = collections.Counter()
        for text in sample:
            counts.update(pairs(text))
        for code in free[:limit]:
            if not counts:
                break
            pair = max(counts, key=counts.__getitem__)
            if counts[pair] < 1:
                break
            self.merged.append((pair, code))
            self.text[ord(code)] = ''.join(self.text[ord(c)] for c in pair)
            for i, text in enumerate(sample):
                if pair in text:
                    counts.subtract(pairs(text))
                    sample[i] = text.replace(pair, code)
                    counts.update(pairs(sample[i]))

    def encode(self, texts):
        everything = SEPARATOR.join(texts)
        for pair, code in self.merged:
            everything = everything.replace(pair, code)
        return [text.encode('latin-1') for text in everything.split(SEPARATOR)]

    def table(self):
        """The strings one after the other, and where each begins in them."""
        starts, out = [], bytearray()
        for text in self.text:
            starts.append(len(out))
            out += text.encode('latin-1') + b'\0'
        if starts[-1] > 0xffff:
            raise Error('the token table is too long for its index')
        return bytes(out), starts


@functools.lru_cache(maxsize=8)
def tokens_of(texts, limit):
    """Many images have the same names."""
    return Tokens(list(texts), limit)


class Kallsyms:
    """One image: described by statements, then made."""

    def __init__(self):
        self.era = '6.11'
        self.encoding = None
        self.is64, self.big = True, False
        self.start = None
        self.slide = 0
        self.base = None
        self.limit = CODES
        self.self = None
        self.symbols = []           # (address as a word, what to add to it, type, name)
        self.lines = []             # (address, type, name), as in /proc/kallsyms
        self.relative = False
        self.pieces = []            # function of (layout), or None for the tables
        self.pokes = []

    # -- running text --------------------------------------------------------

    def number(self, word):
        try:
            # The text is a test's own; the names keep it to arithmetic.
            names = {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'at': self.address}
            return int(eval(word, {'__builtins__': {}}, names))
        except (SyntaxError, NameError, TypeError, ValueError) as e:
            raise Error('"%s" is not a number: %s' % (word, e)) from e

    @staticmethod
    def choice(word, *choices):
        if word not in choices:
            raise Error('"%s" is none of %s' % (word, ', '.join(choices)))
        return word

    def run(self, text):
        for number, line in enumerate(text.splitlines(), 1):
            try:
                if SYMBOL.match(line):
                    self.symbol_line(line)
                    continue
                words = shlex.split(line, comments=True)
                if not words:
                    continue
                do = getattr(self, 'do_' + words[0], None)
                if not do:
                    raise Error('no such statement: %s' % words[0])
                plain, options = [], {}
                known = inspect.getfullargspec(do)
                for word in words[1:]:
                    name, equals, value = word.partition('=')
                    if equals and name in known.kwonlyargs:
                        options[name] = value
                    else:
                        plain.append(word)
                do(*plain, **options)
            except (Error, TypeError, ValueError) as e:
                raise Error('line %d: %s: %s' % (number, line.strip(), e)) from e

    def do_era(self, era):
        self.era = self.choice(era, *ERAS)

    def do_values(self, encoding):
        self.encoding = self.choice(encoding, *BEHIND)

    def do_word(self, bits):
        self.is64 = self.choice(bits, '32', '64') == '64'

    def do_order(self, order):
        self.big = self.choice(order, 'little', 'big') == 'big'

    def do_at(self, address):
        self.start = self.number(address)

    def do_slide(self, size):
        self.slide = self.number(size)

    def do_base(self, address):
        self.base = self.number(address)

    def do_tokens(self, count):
        self.limit = self.number(count)

    def do_self(self, answer):
        self.self = self.choice(answer, 'yes', 'no') == 'yes'

    # -- symbols -------------------------------------------------------------

    def symbol_line(self, line):
        address, kind, name = SYMBOL.match(line).groups()
        if '\t[' not in line:
            self.lines.append((int(address, 16), kind, name))

    def do_relative(self):
        self.relative = True

    def do_symbols(self, *, file):
        with open(file, encoding='latin-1') as f:
            for line in f:
                self.symbol_line(line)

    def add(self, word, more, kind, name):
        """Add a symbol; its number is made at the end, as the place of the image may come later."""
        self.number(word)
        self.symbols.append((word, more, kind, name))

    def do_many(self, count, address, step, kind, pattern):
        step = self.number(step)
        for i in range(self.number(count)):
            self.add(address, i * step, kind, pattern.replace('{}', str(i)))

    def do_long(self, length, address, kind, prefix, seed='0'):
        letters = ''.join(map(chr, [*range(0x30, 0x3a), *range(0x41, 0x5b), 0x5f,
                                    *range(0x61, 0x7b)]))
        draw = random.Random(self.number(seed))
        name = prefix + ''.join(draw.choice(letters)
                                for _ in range(self.number(length) - len(prefix)))
        self.add(address, 0, kind, name)

    # -- the image -----------------------------------------------------------

    def bytes(self, data):
        self.pieces.append(lambda image: data)

    def do_tables(self):
        self.pieces.append(None)

    def do_pad(self, size, byte='0'):
        self.bytes(bytes([self.number(byte)]) * self.number(size))

    def do_random(self, size, seed='0'):
        self.bytes(random.Random(self.number(seed)).randbytes(self.number(size)))

    def do_align(self, size):
        size = self.number(size)
        self.pieces.append(lambda image: bytes(-(self.address + len(image)) % size))

    def do_hex(self, data):
        self.bytes(bytes.fromhex(data))

    def do_text(self, text):
        self.bytes(text.encode('ascii').decode('unicode_escape').encode('latin-1') + b'\0')

    def do_symbol(self, kind, name, address=None):
        if address is not None:
            self.add(address, 0, kind, name)
            return

        def place(image):
            self.found.append((self.address + len(image), kind, name))
            return b''
        self.pieces.append(place)

    def do_decoy(self, kind):
        self.choice(kind, 'needle', 'tokens', 'pair')
        if kind == 'needle':
            self.bytes(b'0\x001\x002\x003\x004\x005\x006\x007\x008\x009\0')
            return
        tokens = Tokens(['T_an%d_other%d_kernel%d' % (i, i // 3, i // 7)
                         for i in range(1000)], CODES)
        table, starts = tokens.table()

        def place(image):
            data = bytes(-(self.address + len(image)) % 8) + table
            if kind == 'pair':
                data += bytes(-(self.address + len(image) + len(data)) % 8)
                data += self.pack('H', *starts)
            return data
        self.pieces.append(place)

    def do_poke(self, table, offset, data):
        self.pokes.append((table, self.number(offset), bytes.fromhex(data)))

    # -- making --------------------------------------------------------------

    @property
    def address(self):
        if self.start is not None:
            return self.start
        return 0xffffffff81000000 if self.is64 else 0xc0008000

    def since(self, era):
        return ERAS.index(self.era) >= ERAS.index(era)

    def pack(self, code, *values):
        return struct.pack('%s%d%s' % ('>' if self.big else '<', len(values), code), *values)

    def word(self, *values):
        return self.pack('Q' if self.is64 else 'I', *values)

    def moved(self, address, kind='T'):
        """Return an address in the running kernel."""
        if kind in 'Aa':
            return address
        return (address + self.slide) % (1 << (64 if self.is64 else 32))

    def encode_length(self, entry):
        size = len(entry)
        if size > (LONGEST if self.since('6.1') else 128):
            raise Error('an entry has %d bytes' % size)
        if size < 128 or not self.since('6.1'):
            return bytes([size])
        return bytes([0x80 | size & 0x7f, size >> 7])

    def names_and_markers(self, entries):
        out, markers = bytearray(), []
        for i, entry in enumerate(entries):
            if i % STEP == 0:
                markers.append(len(out))
            out += self.encode_length(entry) + entry
        return bytes(out), markers

    def seqs(self, symbols):
        order = sorted(range(len(symbols)), key=lambda i: (symbols[i][2], i))
        return b''.join(i.to_bytes(3, 'big') for i in order)

    def values(self, encoding, symbols, table):
        """The table of values at address @table, and relative_base."""
        base = self.base
        if base is None:
            base = min((a for a, kind, _ in symbols if kind not in 'Aa'), default=self.address)
        out = []
        for i, (address, kind, name) in enumerate(symbols):
            try:
                if encoding == 'absolute':
                    out.append(self.word(self.moved(address, kind)))
                elif encoding in ('plain', 'base-relative'):
                    out.append(self.pack('I', address - (encoding != 'plain') * base))
                elif encoding == 'place-relative':
                    out.append(self.pack('i', address - table - 4 * i))
                elif kind in 'Aa':
                    out.append(self.pack('i', address))
                elif address < base:
                    raise struct.error('it lies below the base')
                else:
                    out.append(self.pack('i', base - 1 - address))
            except struct.error as e:
                raise Error('%s at %#x cannot be encoded: %s' % (name, address, e)) from e
        return b''.join(out), self.word(self.moved(base))

    def order_of_tables(self, encoding):
        values = BEHIND[encoding]
        tokens = ('token_table', 'token_index')
        if self.since('6.4'):
            return ('num_syms', 'names', 'markers', *tokens, *values, 'seqs_of_names')
        seqs = ('seqs_of_names',) if self.era == '6.1-seqs' else ()
        return (*values, 'num_syms', 'names', 'markers', *seqs, *tokens)

    def tables(self, encoding, symbols, start):
        """The bytes of all tables, from address @start on, and where each is."""
        texts = [kind + name for _, kind, name in symbols]
        if self.tokens is None:
            self.tokens = tokens_of(tuple(sorted(texts)), self.limit)
            self.entries = dict(zip(texts, self.tokens.encode(texts)))
        entries = [self.entries[text] for text in texts]
        self.longest = max(map(len, entries), default=0)
        names, markers = self.names_and_markers(entries)
        table, starts = self.tokens.table()
        native = not self.since('4.20')
        contents = {
            'num_syms': self.word(len(symbols)) if native else self.pack('I', len(symbols)),
            'names': names,
            'markers': self.word(*markers) if native else self.pack('I', *markers),
            'token_table': table,
            'token_index': self.pack('H', *starts),
            'seqs_of_names': self.seqs(symbols),
        }
        align = 4 if self.since('7.0') or not self.is64 else 8
        out, places = bytearray(bytes(-start % align)), {}
        for name in self.order_of_tables(encoding):
            out += bytes(-(start + len(out)) % align)
            places[name] = start + len(out)
            if name in ('offsets', 'addresses'):
                contents[name], contents['relative_base'] = \
                    self.values(encoding, symbols, places[name])
            out += contents[name]
        return bytes(out), places

    def lay_out(self, encoding, symbols):
        """The image, and where the first tables in it are."""
        image, where = bytearray(), {}
        self.found = []
        pieces = self.pieces if None in self.pieces else [*self.pieces, None]
        for piece in pieces:
            if piece:
                image += piece(image)
                continue
            data, places = self.tables(encoding, symbols, self.address + len(image))
            image += data
            where = where or places
        return image, where

    def make(self):
        encoding = self.encoding or ('place-relative' if self.since('7.0') else 'base-relative')
        if (encoding in SINCE_7_0) != self.since('7.0') or \
                encoding == 'absolute' and self.since('6.11') or \
                encoding == 'plain' and (self.is64 or self.slide):
            raise Error('no kernel of era %s has values that are %s' % (self.era, encoding))
        own = self.self if self.self is not None else self.since('6.11')
        own = self.order_of_tables(encoding) if own else ()

        given = [(self.number(word) + more, kind, name)
                 for word, more, kind, name in self.symbols] + [
            (address + (self.address if self.relative and kind not in 'Aa' else 0), kind, name)
            for address, kind, name in self.lines]
        # The addresses of symbols in the image are known when all sizes are. The
        # order of the symbols does not change sizes.
        self.tokens = None
        self.lay_out_places()
        where = {name: self.address for name in own}
        for _ in range(2):
            symbols = [(where[name], 'D', 'kallsyms_' + name) for name in own]
            symbols = sorted(given + self.found + symbols, key=lambda s: s[0])
            image, where = self.lay_out(encoding, symbols)

        for table, offset, data in self.pokes:
            if table not in where:
                raise Error('there is no table %s' % table)
            offset += where[table] - self.address
            image[offset:offset + len(data)] = data
        return bytes(image), self.list(where, len(symbols), encoding)

    def lay_out_places(self):
        """Learn the names of symbols in the image, with addresses that are not final."""
        self.found, image = [], bytearray()
        for piece in self.pieces:
            if piece:
                image += piece(image)

    def list(self, where, count, encoding):
        out = ''
        for name, address in where.items():
            line = 'SYMBOL(kallsyms_%s)' if name in EXPORTED else '# kallsyms_%s'
            out += '%s=%x\n' % (line % name, self.moved(address))
        out += '# image=%x\n# symbols=%d\n# longest=%d\n' % (
            self.moved(self.address), count, self.longest)
        return out + '# word=%d\n# order=%s\n# values=%s\n' % (
            64 if self.is64 else 32, 'big' if self.big else 'little', encoding)


def parts(text):
    """The (name, text) of each part of a text of several images."""
    common, *rest = re.split(r'(?m)^=== *(\S+) *$', text)
    # Line numbers stay those of the whole text.
    line = common.count('\n')
    for name, part in zip(rest[::2], rest[1::2]):
        yield name, common + '\n' * (line - common.count('\n')) + part
        line += part.count('\n')


def save(path, text, statements):
    kallsyms = Kallsyms()
    kallsyms.run(text)
    for statement in statements:
        kallsyms.run(statement)
    image, listed = kallsyms.make()
    with open(path, 'wb') as f:
        f.write(image)
    return listed


def main(args):
    statements, many, plain = [], False, []
    args = iter(args)
    for arg in args:
        if arg == '-s':
            statements.append(next(args, ''))
        elif arg == '-m':
            many = True
        elif arg in ('-h', '--help'):
            print(__doc__)
            return 0
        else:
            plain.append(arg)
    if len(plain) != 2:
        print(__doc__.split('\n\n')[1], file=sys.stderr)
        return 1
    if plain[0] == '-':
        text = sys.stdin.read()
    else:
        with open(plain[0], encoding='utf-8') as f:
            text = f.read()
    for name, part in parts(text) if many else [(None, text)]:
        try:
            if name is None:
                sys.stdout.write(save(plain[1], part, statements))
                continue
            path = os.path.join(plain[1], name)
            listed = save(path, part, statements)
            with open(path + '.list', 'w', encoding='ascii') as f:
                f.write(listed)
        except Error as e:
            print('%s%s' % (name + ': ' if name else '', e), file=sys.stderr)
            return 1
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as e:
        sys.exit('mkkallsyms.py: %s' % e)
