#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make BTF, the kernel's own type information, from declarations in C.

usage: mkbtf.py [-o ORDER] TEXT BTF        one blob; TEXT "-" is stdin
       mkbtf.py [-o ORDER] -m TEXT DIR     one blob for each part of TEXT

-o says in which byte order: little (default) or big. With -m each part begins
with a line "=== NAME" and becomes DIR/NAME; what stands before the first is put in
front of each part.

Declarations are those of C: struct, union and enum with and without a name, typedef,
functions, variables, pointers, arrays, bit fields, const, volatile, restrict. They are
laid out as C compilers do on 64-bit machines. Comments are as in C. Special are:

  struct NAME;               a forward declaration, even if the struct is defined too
  struct NAME ...            is the definition that came last, else the first one that
                             comes; if there is none, a forward declaration is made
  enum                       becomes ENUM64 if a value needs it; signed if one is negative
  NAME: DECLARATION          a label, for typeof() and .set
  typeof(NAME), typeof(ID)   the type with this label or name, which may come later (its
                             size is taken for 0 then); or with this number, whatever it is
  MEMBER @ BITS              in a struct: the member is at this offset
  __attribute__((...))       packed, aligned(N), section("NAME") (variables only),
                             btf_type_tag("X") (after what it is about), btf_decl_tag("X")

Lines that begin with a full stop are not C. Words are as in a shell, numbers as in C:

  .word 4|8                  bytes of long and pointers. Default: 8
  .bits flag|int             the struct's kind_flag marks bit fields (default), or the type
                             of the member, an INT of few bits
  .strings once|each         a name is there once (default), or each time it is used
  .sorted                    types are sorted: nameless ones first, then by name
  .base PART                 this is split BTF on top of that of an earlier part
  .base TYPES STRINGS        ... on top of BTF with TYPES types (void is one) and
                             STRINGS bytes of strings
  .layout [KIND=FIXED,EACH]...
                             a header of 32 bytes, and a layout section between types
                             and strings: for each kind, bytes after the record, and
                             for each of vlen; of kinds of the future as told
  .int NAME BYTES [signed] [char] [bool] [bits=N] [offset=N]
                             an INT, which then is a type's name
  .raw LABEL KIND [name=] [type=|size=] [vlen=] [kflag=] [WORD]...
                             any record: KIND a name such as PTR, or a number; the
                             words stand after it
  .filler N                  this many structs named filler_0 and so on

Lies, applied last. A VALUE is a number, a "string" (for names) or a label

  .set LABEL FIELD VALUE     in a record: name, info, kind, vlen, kflag, size, type; data
                             (INT), type, index, nelems (ARRAY), linkage, component. The
                             name of a type will do for a label
  .set LABEL INDEX FIELD VALUE
                             in a member, enumerator, parameter or variable of a section,
                             counted from 0: name, type, offset, size, value, low, high
  .header FIELD VALUE        in the header; +N and -N change what would be there
  .patch OFFSET HEX          bytes of the blob
  .truncate SIZE             cut it; negative: so much shorter

As a Python module: Btf(base=None, big=False) has methods run(TEXT) and encode(). Set
sys.dont_write_bytecode before the import.
"""

import os
import re
import shlex
import struct
import sys

KINDS = ('VOID', 'INT', 'PTR', 'ARRAY', 'STRUCT', 'UNION', 'ENUM', 'FWD', 'TYPEDEF', 'VOLATILE',
         'CONST', 'RESTRICT', 'FUNC', 'FUNC_PROTO', 'VAR', 'DATASEC', 'FLOAT', 'DECL_TAG',
         'TYPE_TAG', 'ENUM64')
# The 32-bit words that follow a record once, and those that follow it vlen times.
FIXED = {'INT': ('data',), 'ARRAY': ('type', 'index', 'nelems'), 'VAR': ('linkage',),
         'DECL_TAG': ('component',)}
EACH = {'STRUCT': ('name', 'type', 'offset'), 'UNION': ('name', 'type', 'offset'),
        'ENUM': ('name', 'value'), 'FUNC_PROTO': ('name', 'type'),
        'DATASEC': ('type', 'offset', 'size'), 'ENUM64': ('name', 'low', 'high')}
HEADER = (('magic', 'H'), ('version', 'B'), ('flags', 'B'), ('hdr_len', 'I'), ('type_off', 'I'),
          ('type_len', 'I'), ('str_off', 'I'), ('str_len', 'I'), ('layout_off', 'I'),
          ('layout_len', 'I'))
MASKS = {'B': 0xff, 'H': 0xffff, 'I': 0xffffffff}
MAGIC = 0xeb9f
SIGNED, CHAR, BOOL = 1, 2, 4
STATIC, GLOBAL, EXTERN = 0, 1, 2
MAX_VLEN = 0xffffff

# The words of a type, sorted, and the name that compilers give it.
BASE_TYPES = {
    'char': ('char', 1, SIGNED), 'char signed': ('signed char', 1, SIGNED),
    'char unsigned': ('unsigned char', 1, 0), '_Bool': ('_Bool', 1, BOOL),
    'short': ('short int', 2, SIGNED), 'short unsigned': ('short unsigned int', 2, 0),
    'int': ('int', 4, SIGNED), 'int unsigned': ('unsigned int', 4, 0),
    'long': ('long int', 0, SIGNED), 'long unsigned': ('long unsigned int', 0, 0),
    'long long': ('long long int', 8, SIGNED),
    'long long unsigned': ('long long unsigned int', 8, 0),
    '__int128': ('__int128', 16, SIGNED), '__int128 unsigned': ('__int128 unsigned', 16, 0),
    'float': ('float', 4, None), 'double': ('double', 8, None),
    'double long': ('long double', 16, None),
}
BASE_WORDS = {word for words in BASE_TYPES for word in words.split()} | {'signed'}
QUALIFIERS = ('const', 'volatile', 'restrict')

TOKEN = re.compile(r'\s+|/\*.*?\*/|//[^\n]*|(?P<directive>^\.[a-z][^\n]*)|'
                   r'(?P<name>[A-Za-z_]\w*)|(?P<number>\d\w*)|"(?P<string>[^"\n]*)"|'
                   r'(?P<sign>\.\.\.|<<|>>|[^\w\s"])', re.S | re.M)


class Error(Exception):
    pass


def roundup(n, unit):
    return (n + unit - 1) // unit * unit


def integer(word):
    """A number as in C."""
    return int(word.rstrip('uUlL'), 0) if not re.fullmatch(r'0\d+', word) else int(word, 8)


class Type:
    """One record. Its fields are numbers, names (str), or other types."""

    def __init__(self, kind, name=None, ref=0, kflag=0, vlen=None, fixed=(), words=()):
        self.kind, self.name, self.ref, self.kflag, self.vlen = kind, name, ref, kflag, vlen
        self.fixed = dict(zip(FIXED.get(kind, ()), fixed))
        self.each = []
        self.words = list(words)
        self.lies = {}
        self.align = 1

    def lie(self, field, value):
        if field in self.fixed:
            self.fixed[field] = value
        elif field in ('name', 'info', 'kind', 'vlen', 'kflag', 'size', 'type'):
            self.lies['ref' if field in ('size', 'type') else field] = value
        else:
            raise Error('no such field: %s' % field)


class Later:
    """A type that is not known yet: by tag, by label, or by number."""

    def __init__(self, kind, name):
        self.kind, self.name = kind, name


class Parser:
    """The tokens of a text."""

    def __init__(self, text):
        self.tokens = []
        at = 0
        while at < len(text):
            m = TOKEN.match(text, at)
            if not m:
                raise Error('what is "%s"?' % text[at:at + 20])
            at = m.end()
            if m.lastgroup:
                self.tokens.append((m.lastgroup, m[m.lastgroup]))
        self.at = 0

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else (None, '')

    def is_next(self, text):
        kind, word = self.peek()
        return kind != 'string' and word == text

    def take(self, text):
        """Consume a text if it comes next; return whether it did."""
        if not self.is_next(text):
            return False
        self.at += 1
        return True

    def need(self, text):
        if not self.take(text):
            raise Error('"%s" is missing before "%s"' % (text, self.peek()[1]))

    def next(self, kind):
        got, word = self.peek()
        if got != kind:
            raise Error('a %s is missing before "%s"' % (kind, word))
        self.at += 1
        return word

    def until(self, *ends):
        """The tokens up to one of these signs, outside of parentheses."""
        words, depth = [], 0
        while depth or self.peek()[1] not in ends:
            kind, word = self.peek()
            if kind not in ('name', 'number', 'sign'):
                raise Error('an expression does not end')
            depth += (word == '(') - (word == ')')
            words.append(word)
            self.at += 1
        return words


class Btf:
    """One blob: declarations are run, then it is encoded."""

    def __init__(self, base=None, big=False, parts=None):
        self.big = big
        self.parts = parts or {}
        self.word = 8
        self.int_bits = self.each_string = self.sort = False
        self.layout = None
        self.types = []
        self.known = {}             # what tells a derived type -> Type
        self.names = {}             # typedefs and .int, label or name -> Type
        self.tags = {}              # (kind, tag) -> Types
        self.labels = {}
        self.enumerators = {}
        self.sections = {}
        self.header, self.patches = [], []
        self.size = None
        self.first_id, self.first_string = 1, 0
        self.base = None
        self.strings = None
        if base:
            self.set_base(base)

    def set_base(self, base):
        base.encode()
        self.base = base
        self.word, self.big = base.word, base.big
        self.first_id = base.first_id + len(base.types)
        self.first_string = base.first_string + len(base.string_data)

    # -- making types --------------------------------------------------------

    def add(self, t):
        self.types.append(t)
        return t

    def derived(self, kind, ref=0, name=None, **more):
        """A type that is the same wherever it is written."""
        key = (kind, id(ref) if isinstance(ref, (Type, Later)) else ref, name, str(more))
        if kind == 'ARRAY':
            key = (kind, id(more['fixed'][0]), more['fixed'][2])
        if key not in self.known:
            self.known[key] = (self.add(Type(kind, name, ref, **more)), ref)
        return self.known[key][0]

    def base_type(self, words):
        key = ' '.join(sorted(words))
        if key not in BASE_TYPES:
            short = [w for w in words if w != 'int']
            if 'signed' in short and 'char' not in short:
                short.remove('signed')
            key = ' '.join(sorted(short or ['int']))
        if key == 'unsigned':
            key = 'int unsigned'
        if key not in BASE_TYPES:
            raise Error('no such type: %s' % ' '.join(words))
        name, size, encoding = BASE_TYPES[key]
        size = size or self.word
        if self.base and (t := self.base.find_base_type(name)):
            return t
        if encoding is None:
            return self.derived('FLOAT', size, name)
        return self.derived('INT', size, name, fixed=(encoding << 24 | 8 * size,))

    def find_base_type(self, name):
        for t in self.types:
            if t.kind in ('INT', 'FLOAT') and t.name == name:
                return t
        return self.base.find_base_type(name) if self.base else None

    def find(self, table, key):
        """In this blob or below it."""
        if key in getattr(self, table):
            return getattr(self, table)[key]
        return self.base.find(table, key) if self.base else None

    def by_name(self, name):
        """Return the type that a label or name in .set and typeof() stands for."""
        found = self.find('labels', name) or self.find('names', name)
        for kind in ('STRUCT', 'UNION', 'ENUM', 'FWD', 'FUNC', 'VAR', 'DATASEC'):
            found = found or (self.find('tags', (kind, name)) or [None])[-1]
        if not found:
            raise Error('there is no %s' % name)
        return found

    def final(self, ref):
        """The number of a type."""
        if isinstance(ref, Later):
            if ref.kind == 'number':
                return ref.name
            ref = self.by_name(ref.name) if ref.kind == 'label' else \
                self.find('tags', (ref.kind, ref.name))[0]
        if not isinstance(ref, Type):
            return ref
        if ref not in self.ids:
            if self.base:
                return self.base.final(ref)
            raise Error('a type is of another blob')
        return self.ids[ref]

    def plain(self, t):
        while isinstance(t, Type) and t.kind in ('TYPEDEF', 'CONST', 'VOLATILE', 'RESTRICT',
                                                 'TYPE_TAG'):
            t = t.ref
        return t

    def measure(self, t):
        """(size, alignment) in bytes; (0, 1) of what cannot be known."""
        t = self.plain(t)
        if not isinstance(t, Type):
            return 0, 1
        if t.kind == 'PTR':
            return self.word, self.word
        if t.kind == 'ARRAY':
            size, align = self.measure(t.fixed['type'])
            return size * t.fixed['nelems'], align
        if t.kind in ('INT', 'FLOAT', 'ENUM', 'ENUM64'):
            return t.ref, t.ref
        if t.kind in ('STRUCT', 'UNION'):
            return t.ref, t.align
        return 0, 1

    # -- declarations --------------------------------------------------------

    def run(self, text):
        p = Parser(text)
        try:
            while p.peek()[0]:
                if p.peek()[0] == 'directive':
                    words = shlex.split(p.next('directive').strip()[1:])
                    do = getattr(self, 'do_' + words[0], None)
                    if not do:
                        raise Error('no such directive: .%s' % words[0])
                    do(*words[1:])
                elif not p.take(';'):
                    self.declaration(p)
        except (Error, ValueError, TypeError, KeyError, IndexError, SyntaxError) as e:
            near = ' '.join(word for _, word in p.tokens[max(p.at - 8, 0):p.at])
            raise Error('after "%s": %s' % (near, e)) from e

    def attributes(self, p):
        """Parse each __attribute__((...)), as (name, argument)."""
        found = []
        while p.take('__attribute__'):
            p.need('(')
            p.need('(')
            while not p.take(')'):
                name, value = p.next('name').strip('_'), None
                if p.take('('):
                    kind, _ = p.peek()
                    value = p.next('string') if kind == 'string' else self.number(p.until(')'))
                    p.need(')')
                found.append((name, value))
                p.take(',')
            p.need(')')
        return found

    def number(self, words):
        """An expression. The text is a test's own; the names keep it to arithmetic."""
        return int(eval(' '.join(str(integer(w)) if w[0].isdigit() else w for w in words),
                        {'__builtins__': {}}, self.enumerators))

    def tag_decl(self, t, attributes, component=-1):
        for name, value in attributes:
            if name == 'btf_decl_tag':
                self.add(Type('DECL_TAG', value, t, fixed=(component,)))

    def declaration(self, p):
        label = None
        if p.peek()[0] == 'name' and p.peek(1)[1] == ':':
            label = p.next('name')
            p.need(':')
        new = self.forward(p)
        if not new:
            storage = []
            while p.peek()[1] in ('typedef', 'static', 'extern'):
                storage.append(p.next('name'))
            new = base = self.specifier(p)
            while not p.is_next(';'):
                t, name, extra = self.declarator(p, base)
                if not name:
                    raise Error('a name is missing')
                new = self.declare(storage, t, name, extra + self.attributes(p))
                if not p.take(',') and not p.is_next(';'):
                    raise Error('";" is missing')
        p.need(';')
        if label:
            self.labels[label] = new

    def forward(self, p):
        """A forward declaration, if that comes next."""
        kind, (what, tag) = p.peek()[1], p.peek(1)
        if kind not in ('struct', 'union') or what != 'name' or p.peek(2)[1] != ';':
            return None
        p.at += 2
        t = self.add(Type('FWD', tag, kflag=int(kind == 'union')))
        self.tags.setdefault(('FWD', tag), []).append(t)
        return t

    def declare(self, storage, t, name, extra):
        linkage = STATIC if 'static' in storage else EXTERN if 'extern' in storage else GLOBAL
        if 'typedef' in storage:
            new = self.names[name] = self.add(Type('TYPEDEF', name, t))
        elif isinstance(t, Type) and t.kind == 'FUNC_PROTO':
            new = self.add(Type('FUNC', name, t, vlen=linkage))
            self.tags.setdefault(('FUNC', name), []).append(new)
        else:
            new = self.add(Type('VAR', name, t, fixed=(linkage,)))
            self.tags.setdefault(('VAR', name), []).append(new)
            for attribute, value in extra:
                if attribute == 'section':
                    self.put_in_section(value, new)
        self.tag_decl(new, extra)
        return new

    def put_in_section(self, name, var):
        section = self.sections.get(name)
        if not section:
            section = self.sections[name] = Type('DATASEC', name)
            self.tags[('DATASEC', name)] = [section]
        size, align = self.measure(var.ref)
        offset = roundup(section.ref, align)
        section.each.append({'type': var, 'offset': offset, 'size': size})
        section.ref = offset + size

    def qualified(self, t, qualifiers, extra):
        # The record that is outermost is the last one.
        for name, value in extra:
            if name == 'btf_type_tag':
                t = self.derived('TYPE_TAG', t, value)
        for name in QUALIFIERS[::-1]:
            if name in qualifiers:
                t = self.derived(name.upper(), t)
        return t

    def specifier(self, p):
        """A type without what its declarators add."""
        words, qualifiers, extra, t = [], [], [], None
        while True:
            kind, word = p.peek()
            if word in QUALIFIERS:
                qualifiers.append(p.next('name'))
            elif word == '__attribute__':
                extra += self.attributes(p)
            elif kind != 'name' or t is not None:
                break
            elif word in ('struct', 'union', 'enum'):
                t = self.tagged(p)
            elif word == 'typeof':
                t = self.type_of(p)
            elif word == 'void':
                p.next('name')
                t = 0
            elif word in BASE_WORDS:
                words.append(p.next('name'))
            elif not words and self.find('names', word):
                t = self.find('names', p.next('name'))
            else:
                break
        if words:
            t = self.base_type(words)
        if t is None:
            raise Error('a type is missing before "%s"' % p.peek()[1])
        return self.qualified(t, qualifiers, extra)

    def type_of(self, p):
        p.need('typeof')
        p.need('(')
        kind, word = p.peek()
        p.at += 1
        p.need(')')
        if kind == 'number':
            return Later('number', integer(word))
        try:
            return self.by_name(word)
        except Error:
            return Later('label', word)

    def tagged(self, p):
        """struct, union or enum, with a body or without."""
        kind = p.next('name').upper()
        extra = self.attributes(p)
        tag = p.next('name') if p.peek()[0] == 'name' else None
        if p.take('{'):
            t = self.add(Type(kind, tag))
            self.tags.setdefault((kind, tag), []).append(t)
            if kind == 'ENUM':
                self.enum_body(p, t, extra)
            else:
                self.struct_body(p, t, extra)
            return t
        if not tag:
            raise Error('neither a name nor a body')
        found = self.find('tags', (kind, tag))
        if found:
            return found[-1]
        return self.known.setdefault((kind, tag), Later(kind, tag))

    def struct_body(self, p, t, extra):
        members = []
        while not p.take('}'):
            base = self.specifier(p)
            while True:
                part = self.member(p, base)
                members.append(part)
                if not p.take(','):
                    break
            p.need(';')
        extra += self.attributes(p)
        self.place(t, members, 'packed' in dict(extra), dict(extra).get('aligned') or 1)
        self.tag_decl(t, extra)
        for i, part in enumerate(m for m in members if m['name'] or m['bits'] is None):
            self.tag_decl(t, part['extra'], i)

    def member(self, p, base):
        name, bits, at, extra, t = None, None, None, [], base
        if not p.is_next(';') and not p.is_next(':'):
            t, name, extra = self.declarator(p, base)
        if p.take(':'):
            bits = self.number(p.until(';', ',', '@', '__attribute__'))
        if p.take('@'):
            at = self.number(p.until(';', ',', '__attribute__'))
        extra = extra + self.attributes(p)
        return {'name': name, 'type': t, 'bits': bits, 'at': at, 'extra': extra}

    def place(self, t, members, packed, aligned):
        """Offsets by the rules of the ABIs that kernels have."""
        end, pos, t.align = 0, 0, aligned
        t.kflag = int(not self.int_bits and any(m['bits'] for m in members))
        for m in members:
            size, align = self.measure(m['type'])
            if packed:
                align = 1
            align = max(align, dict(m['extra']).get('aligned') or 1)
            bits = m['bits']
            if t.kind == 'UNION':
                pos = 0
            if bits == 0:
                pos = roundup(pos, 8 * size)
                continue
            if bits is None:
                pos = roundup(pos, 8 * align)
            elif not packed and pos % (8 * size) + bits > 8 * size:
                pos = roundup(pos, 8 * size)
            at = pos if m['at'] is None else m['at']
            pos = at + (8 * size if bits is None else bits)
            end = max(end, pos)
            if m['name'] is None and bits is not None:
                continue
            t.align = max(t.align, align)
            t.each.append({'name': m['name'], **self.bit_field(m['type'], at, bits)})
        t.ref = roundup(roundup(end, 8) // 8, t.align)

    def bit_field(self, t, at, bits):
        if bits is None:
            return {'type': t, 'offset': at}
        if not self.int_bits:
            return {'type': t, 'offset': bits << 24 | at}
        plain = self.plain(t)
        encoding = plain.fixed['data'] >> 24 if plain.kind == 'INT' else 0
        name = plain.name if plain.kind == 'INT' else 'unsigned int'
        return {'type': self.derived('INT', plain.ref, name, fixed=(encoding << 24 | bits,)),
                'offset': at}

    def enum_body(self, p, t, extra):
        value, values = 0, {}
        while not p.take('}'):
            name = p.next('name')
            if p.take('='):
                value = self.number(p.until(',', '}'))
            values[name] = self.enumerators[name] = value
            value += 1
            p.take(',')
        extra += self.attributes(p)
        low, high = min(values.values(), default=0), max(values.values(), default=0)
        size = 1 if 'packed' in dict(extra) else 4
        while not (-1 << 8 * size - 1 <= low and high < 1 << 8 * size - (low < 0)):
            size *= 2
        if size > 8:
            raise Error('an enumerator is too large')
        t.ref, t.kflag = size, int(low < 0)
        if size == 8:
            t.kind = 'ENUM64'
            t.each = [{'name': n, 'low': v, 'high': v >> 32} for n, v in values.items()]
        else:
            t.each = [{'name': n, 'value': v} for n, v in values.items()]

    # -- declarators ---------------------------------------------------------

    def declarator(self, p, t):
        """(type, name or None, attributes) of what is declared with the type @t."""
        extra = []
        while p.take('*'):
            t = self.derived('PTR', t)
            qualifiers = []
            while p.peek()[1] in QUALIFIERS:
                qualifiers.append(p.next('name'))
            t = self.qualified(t, qualifiers, self.attributes(p))
        name, inner = None, None
        if p.peek()[0] == 'name' and p.peek()[1] != '__attribute__':
            name = p.next('name')
        elif p.is_next('(') and p.peek(1)[1] in ('*', '('):
            # The inner declarator is parsed later, with the type that the rest makes.
            p.need('(')
            inner = p.at
            p.until(')')
            p.need(')')
        t = self.suffixes(p, t)
        if inner is not None:
            end, p.at = p.at, inner
            t, name, extra = self.declarator(p, t)
            p.need(')')
            p.at = end
        return t, name, extra

    def suffixes(self, p, t):
        if p.take('['):
            words = p.until(']')
            p.need(']')
            index = self.base_type(['unsigned', 'long'])
            t = self.suffixes(p, t)
            return self.derived('ARRAY', fixed=(t, index, self.number(words) if words else 0))
        if p.take('('):
            parameters = self.parameters(p)
            t = self.suffixes(p, t)
            proto = self.add(Type('FUNC_PROTO', ref=t))
            proto.each = parameters
            return proto
        return t

    def parameters(self, p):
        found = []
        if p.take(')'):
            return found
        if p.is_next('void') and p.peek(1)[1] == ')':
            p.at += 2
            return found
        while True:
            if p.take('...'):
                found.append({'name': None, 'type': 0})
            else:
                t, name, _ = self.declarator(p, self.specifier(p))
                found.append({'name': name, 'type': t})
            if not p.take(','):
                break
        p.need(')')
        return found

    # -- directives ----------------------------------------------------------

    def do_word(self, size):
        self.word = integer(size)

    def do_bits(self, how):
        self.int_bits = {'flag': False, 'int': True}[how]

    def do_strings(self, how):
        self.each_string = {'once': False, 'each': True}[how]

    def do_sorted(self):
        self.sort = True

    def do_base(self, part, strings=None):
        if strings:
            self.first_id, self.first_string = integer(part), integer(strings)
        else:
            self.set_base(self.parts[part])

    def do_layout(self, *kinds):
        self.layout = [(4 * len(FIXED.get(k, ())), 4 * len(EACH.get(k, ()))) for k in KINDS]
        for word in kinds:
            kind, _, sizes = word.partition('=')
            self.layout += [(0, 0)] * (integer(kind) + 1 - len(self.layout))
            self.layout[integer(kind)] = tuple(map(integer, sizes.split(',')))

    def do_int(self, name, size, *words):
        size, encoding, bits, offset = integer(size), 0, None, 0
        for word in words:
            if word.startswith('bits='):
                bits = integer(word[5:])
            elif word.startswith('offset='):
                offset = integer(word[7:])
            else:
                encoding |= {'signed': SIGNED, 'char': CHAR, 'bool': BOOL}[word]
        bits = 8 * size if bits is None else bits
        self.names[name] = self.add(Type('INT', name, size,
                                         fixed=(encoding << 24 | offset << 16 | bits,)))

    def do_raw(self, label, kind, *words):
        fields = [word.partition('=') for word in words]
        plain = [self.value(field) for field, equals, _ in fields if not equals]
        known = len(FIXED.get(kind, ()))
        t = Type(kind if kind in KINDS else integer(kind), fixed=plain[:known],
                 words=plain[known:])
        for field, equals, value in fields:
            if equals:
                t.lie(field, value if field == 'name' else self.value(value))
        self.labels[label] = self.add(t)

    def do_filler(self, count):
        member = {'name': 'x', 'type': self.base_type(['int']), 'offset': 0}
        for i in range(integer(count)):
            t = self.add(Type('STRUCT', 'filler_%d' % i, 4))
            t.each = [member]

    @staticmethod
    def value(word):
        """A number, or what a label leads to."""
        return integer(word) if re.match(r'-?\d', word) else Later('label', word)

    def do_set(self, label, *words):
        self.patches.append(('set', label, words))

    def do_header(self, field, value):
        if field not in dict(HEADER):
            raise Error('no such field: %s' % field)
        self.header.append((field, value[0] in '+-', integer(value)))

    def do_patch(self, offset, data):
        self.patches.append(('patch', integer(offset), bytes.fromhex(data)))

    def do_truncate(self, size):
        self.size = integer(size)

    # -- encoding ------------------------------------------------------------

    def apply_sets(self):
        for what, label, words in self.patches:
            if what != 'set':
                continue
            t = self.by_name(label)
            *index, field, value = words
            value = value if field == 'name' and not value[0].isdigit() else self.value(value)
            if not index:
                t.lie(field, value)
            elif field in EACH.get(t.kind, ()):
                t.each[integer(index[0])] = {**t.each[integer(index[0])], field: value}
            else:
                raise Error('%s has no such field: %s' % (label, field))

    def missing_forwards(self):
        """Forward declarations of structs that are spoken of, but nowhere."""
        refs = [v for t in self.types for v in (t.ref, *t.fixed.values(), *(
            e['type'] for e in t.each if 'type' in e))]
        for ref in refs:
            if isinstance(ref, Later) and ref.kind in ('STRUCT', 'UNION') and \
                    not self.find('tags', (ref.kind, ref.name)):
                t = self.add(Type('FWD', ref.name, kflag=ref.kind == 'UNION'))
                self.tags[(ref.kind, ref.name)] = [t]
                self.tags.setdefault(('FWD', ref.name), []).append(t)

    def string(self, name):
        if not name:
            return 0
        if not self.each_string:
            if self.base and self.base.strings and name in self.base.strings:
                return self.base.strings[name]
            if name in self.strings:
                return self.strings[name]
        offset = self.strings[name] = self.first_string + len(self.string_data)
        self.string_data += name.encode('latin-1') + b'\0'
        return offset

    def field(self, name, value):
        if name == 'name' and not isinstance(value, int):
            return self.string(value)
        return self.final(value) & 0xffffffff

    def encode_type(self, t):
        lies = t.lies
        kind = lies.get('kind', KINDS.index(t.kind) if t.kind in KINDS else t.kind)
        vlen = lies.get('vlen', len(t.each) if t.vlen is None else t.vlen)
        if vlen > MAX_VLEN:
            raise Error('%s has too many members' % t.name)
        info = lies.get('info', lies.get('kflag', t.kflag) << 31 | kind << 24 | vlen)
        words = [self.field('name', lies.get('name', t.name)), info,
                 self.field('ref', lies.get('ref', t.ref))]
        words += [self.field(name, value) for name, value in t.fixed.items()]
        for each in t.each:
            words += [self.field(name, value) for name, value in each.items()]
        words += [self.field('word', w) for w in t.words]
        return struct.pack('%s%dI' % ('>' if self.big else '<', len(words)), *words)

    def encode(self):
        """The blob."""
        self.missing_forwards()
        for section in self.sections.values():
            if section not in self.types:
                self.types.append(section)
        self.apply_sets()
        if self.sort:
            self.types.sort(key=lambda t: (t.name or '').encode('latin-1'))
        self.ids = {t: i for i, t in enumerate(self.types, self.first_id)}
        self.strings = {}
        self.string_data = bytearray(b'' if self.first_string else b'\0')
        types = b''.join(map(self.encode_type, self.types))
        layout = b''
        if self.layout:
            layout = b''.join(struct.pack('BBxx', *sizes) for sizes in self.layout)
        blob = bytearray(self.encode_header(len(types), len(layout)) + types + layout +
                         self.string_data)
        for what, offset, data in self.patches:
            if what == 'patch':
                blob[offset:offset + len(data)] = data
        return bytes(blob if self.size is None else blob[:self.size])

    def encode_header(self, type_len, layout_len):
        fields = {'magic': MAGIC, 'version': 1, 'flags': 0, 'hdr_len': 32 if self.layout else 24,
                  'type_off': 0, 'type_len': type_len, 'str_off': type_len + layout_len,
                  'str_len': len(self.string_data), 'layout_off': type_len,
                  'layout_len': layout_len}
        for field, relative, value in self.header:
            fields[field] = fields[field] + value if relative else value
        codes = HEADER if self.layout else HEADER[:-2]
        return struct.pack(('>' if self.big else '<') + ''.join(code for _, code in codes),
                           *(fields[name] & MASKS[code] for name, code in codes))


def make(name, text, big, parts):
    btf = Btf(big=big, parts=parts)
    try:
        btf.run(text)
        return btf, btf.encode()
    except Error as e:
        raise Error('%s: %s' % (name, e)) from e


def make_parts(text, directory, big):
    common, *rest = re.split(r'^=== *(\S+)\n', text, flags=re.M)
    parts = {}
    for name, part in zip(rest[::2], rest[1::2]):
        parts[name], blob = make(name, common + part, big, parts)
        with open(os.path.join(directory, name), 'wb') as f:
            f.write(blob)


def main(args):
    big = many = False
    while args and args[0] in ('-o', '-m'):
        if args[0] == '-m':
            many = True
            args = args[1:]
        elif args[1:2] in (['little'], ['big']):
            big = args[1] == 'big'
            args = args[2:]
        else:
            sys.exit(__doc__)
    if len(args) != 2:
        sys.exit(__doc__)
    if args[0] == '-':
        text = sys.stdin.read()
    else:
        with open(args[0], encoding='latin-1') as f:
            text = f.read()
    try:
        if many:
            make_parts(text, args[1], big)
            return
        _, blob = make(args[0], text, big, {})
        with open(args[1], 'wb') as f:
            f.write(blob)
    except Error as e:
        sys.exit('mkbtf.py: %s' % e)


if __name__ == '__main__':
    main(sys.argv[1:])
