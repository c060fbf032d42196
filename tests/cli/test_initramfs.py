#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The hooks that put extensions into the image of kdump, with the functions of initramfs-tools
and dracut replaced by ones that print."""
import os

from harness import *

PLACE = '/usr/lib/makedumpfile/extensions'
KDUMP_TOOLS = '''# --extension not_this
USE_KDUMP=1
MAKEDUMP_ARGS="-c -d 31 --extension erase_sample,key=value --config=/etc/erase.conf"
'''
KDUMP_CONF = '''path /var/crash
#core_collector makedumpfile --extension neither
core_collector makedumpfile -l -d 31 --require-extension ./own.so --extension drop_gpu.so
'''
NAMED = ['./own.so', '/etc/erase.conf', f'{PLACE}/drop_gpu.so', f'{PLACE}/erase_sample.so']


def files_of(*texts):
    names = []
    for i, text in enumerate(texts):
        write(f'config{i}', text)
        names.append(f'config{i}')
    done = run([f'{TOP}/initramfs/extension-files', PLACE, *names, 'missing'])
    check(done.code == 0, done)
    return done.out.decode().split()


def script(name):
    """A script as "make install" writes it, with a list of files in place of the real one."""
    os.makedirs('shared', exist_ok=True)
    write('shared/extension-files', '#!/bin/sh\ncat list\n')
    os.chmod('shared/extension-files', 0o755)
    text = read(f'{TOP}/initramfs/{name}').decode()
    write(name, text.replace('@SHARED@', 'shared').replace('@EXTENSIONDIR@', PLACE)
          .replace('. /usr/share/initramfs-tools/hook-functions',
                   'copy_exec() { echo "exec $*"; }; copy_file() { echo "file $*"; return 1; }'))
    return name


@test('extension-files prints extensions and configurations, with their paths')
def _():
    check(files_of(KDUMP_TOOLS, KDUMP_CONF) == sorted(NAMED), files_of(KDUMP_TOOLS, KDUMP_CONF))
    check(files_of('MAKEDUMP_ARGS="-c -d 31"\n') == [], 'files are named')


@test('extension-files prints the library of -p or -z, if the program loads it when it is needed')
def _():
    os.makedirs('tools', exist_ok=True)
    for name, text in (('makedumpfile', '[{"soname":["libzstd.so.1"]}]'),
                       ('ldconfig', '#!/bin/sh\necho 2 libs found\n'
                        'for name in snappy zstd; do\n'
                        'printf "\\tlib$name.so.1 (libc6,x86-64) => /x/lib$name.so.1\\n"\ndone\n')):
        write(f'tools/{name}', text)
        os.chmod(f'tools/{name}', 0o755)
    env = {**os.environ, 'PATH': f'{os.getcwd()}/tools:{os.environ["PATH"]}'}
    for options, want in (('-z -d 31', '/x/libzstd.so.1\n'), ('-Fz', '/x/libzstd.so.1\n'),
                          ('-p -d 31', ''), ('-l --partial-dmesg --split', '')):
        write('config', f'MAKEDUMP_ARGS="{options}"\n')
        done = run([f'{TOP}/initramfs/extension-files', PLACE, 'config'], env=env)
        check(done.code == 0 and done.out.decode() == want, f'{options}: {done}')


@test('initramfs-tools: the hook copies the program and what is named, and else nothing')
def _():
    hook = script('makedumpfile-extensions')
    write('list', '/x/a.so\n/x/libzstd.so.1\n/etc/erase.conf\n')
    os.makedirs('bin', exist_ok=True)
    write('bin/makedumpfile', '#!/bin/sh\n')
    os.chmod('bin/makedumpfile', 0o755)
    env = {**os.environ, 'PATH': f'{os.getcwd()}/bin:{os.environ["PATH"]}'}
    done = run(['sh', hook], env=env)
    want = (f'exec {os.getcwd()}/bin/makedumpfile\nexec /x/a.so\nexec /x/libzstd.so.1\n'
            'file config /etc/erase.conf\n')
    check(done.code == 0 and done.out.decode() == want, done)
    write('list', '')
    done = run(['sh', hook], env=env)
    check(done.code == 0 and not done.out, done)


@test('dracut: the module is for the image of kdump, and installs what is named')
def _():
    need_tool('bash')
    module = script('module-setup.sh')
    write('list', '/x/a.so\n/etc/erase.conf\n')

    def call(function, **env):
        return run(['bash', '-c', f'. ./{module}; inst() {{ echo "inst $*"; }}; {function}'],
                   env={'PATH': os.environ['PATH'], **env})
    check(call('check', IN_KDUMP='1').code == 0, 'not for the image of kdump')
    check(call('check').code == 255, 'for each image')
    want = 'inst makedumpfile\ninst /x/a.so\ninst /etc/erase.conf\n'
    check(call('install').out.decode() == want, call('install'))
    write('list', '')
    check(call('check', IN_KDUMP='1').code == 255, 'nothing is named')


run_tests()
