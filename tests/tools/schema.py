# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of JSON Schema that docs/triage.schema.json uses.

problems(value, schema) lists what is wrong with a value; keys that the schema does not name are
wrong, too: they would be undocumented.
"""
import re

TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool, 'null': type(None),
         'integer': int, 'number': (int, float)}


def has_type(value, name):
    return isinstance(value, TYPES[name]) and (name == 'boolean' or not isinstance(value, bool))


def problems(value, schema, where='$', root=None):
    root = root or schema
    if '$ref' in schema:
        target = root
        for part in schema['$ref'].split('/')[1:]:
            target = target[part]
        return problems(value, target, where, root)
    if 'anyOf' in schema:
        every = [problems(value, s, where, root) for s in schema['anyOf']]
        return [] if [] in every else every[-1]
    names = schema.get('type', [])
    names = [names] if isinstance(names, str) else names
    if names and not any(has_type(value, n) for n in names):
        return [f'{where}: {value!r} is no {" or ".join(names)}']
    found = []
    if 'enum' in schema and value not in schema['enum']:
        found.append(f'{where}: {value!r} is none of {schema["enum"]}')
    if isinstance(value, str) and not re.search(schema.get('pattern', ''), value):
        found.append(f'{where}: {value!r} does not match {schema["pattern"]}')
    if has_type(value, 'number') and value < schema.get('minimum', value):
        found.append(f'{where}: {value} is too small')
    if isinstance(value, dict):
        found += [f'{where}: {k} is missing' for k in schema.get('required', ()) if k not in value]
        for key, inner in value.items():
            below = schema.get('properties', {}).get(key, schema.get('additionalProperties'))
            if below is None:
                found.append(f'{where}: {key} is not in the schema')
            else:
                found += problems(inner, below, f'{where}.{key}', root)
    if isinstance(value, list):
        for i, inner in enumerate(value):
            found += problems(inner, schema.get('items', {}), f'{where}[{i}]', root)
    return found
