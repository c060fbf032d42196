# SPDX-License-Identifier: GPL-2.0-or-later
"""Minimal Debian systems of several suites, as directories in which commands are run.

A system is a stack of directories in the cache: the smallest system that has apt, and above
it one directory for each list of commands that was run as root, usually to install packages.
Such a stack is read-only; a Session adds a directory that is removed in the end. The archive,
its proxies and the resolver are those of this machine's own configuration.
"""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'vm'))

import archive  # noqa: E402 (found through sys.path)
import cache  # noqa: E402

USER = 'newcomer'
# The machine's own hooks of apt are not needed in a new system.
SETTLE = f"""useradd -m -s /bin/sh {USER}
mkdir /src && chown {USER}: /src
apt-get -qq update"""
# The archive may be a copy of a day in the past.
UNDATED = 'Acquire::Check-Valid-Until "false";'
# $1: the root; $2: a user, or empty for root; $3: "no" without network; $4: the command.
ENTER = """set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
[ "$3" = no ] || cat /etc/resolv.conf > "$1/etc/resolv.conf"
cd /
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="/home/$2" TERM="$TERM" \\
	DEBIAN_FRONTEND=noninteractive chroot ${2:+--userspec="$2"} "$1" /bin/sh -c "$4"
"""


def keyring(root):
    found = [k for k in archive.KEYRINGS if os.path.exists(root + k)]
    return f'[signed-by={found[0]}] ' if found else ''


def make_base(suite, root):
    """The smallest system with apt."""
    if os.getuid() != 0:
        raise cache.Unavailable('only root can make a Debian system')
    main, _ = archive.archives()
    archive.run(['mmdebstrap', '--quiet', '--variant=minbase', f'--aptopt={UNDATED}', suite, root,
                 archive.source(main, suite)])
    with open(f'{root}/etc/apt/sources.list', 'w', encoding='ascii') as f:
        f.write(f'deb {keyring(root)}{main} {suite} main\n')
    access = [line for line in archive.run(['apt-config', 'dump', 'Acquire']).splitlines()
              if line.startswith(('Acquire::http::', 'Acquire::https::'))]
    with open(f'{root}/etc/apt/apt.conf.d/90machine', 'w', encoding='utf-8') as f:
        f.write('\n'.join([*access, UNDATED, 'APT::Install-Recommends "false";', '']))


class Session:
    """The system of SUITE after each of the COMMANDS. Used as a context."""

    def __init__(self, suite, *commands):
        self.suite = suite
        self.top = os.path.join(cache.root(), 'distros', suite)
        os.makedirs(self.top, exist_ok=True)
        self.layers = [self.base()]
        for command in commands:
            self.layers.append(self.layer(command))

    def base(self):
        base = os.path.join(self.top, 'base')
        if os.path.exists(base) and time.time() - os.path.getmtime(base) > archive.WEEK:
            shutil.rmtree(self.top)
            os.makedirs(self.top)
        if not os.path.exists(base):
            with tempfile.TemporaryDirectory(prefix='part.', dir=self.top) as work:
                make_base(self.suite, f'{work}/base')
                self.layers = [f'{work}/base']
                with self:
                    self.must(SETTLE)
                    self.keep(base, f'{work}/base')
                os.utime(base)
        return base

    def layer(self, command):
        key = hashlib.sha256('\0'.join([*self.layers, command]).encode()).hexdigest()[:12]
        layer = os.path.join(self.top, key)
        if not os.path.exists(layer):
            with self:
                self.must(command)
                os.rename(f'{self.dir}/upper', layer)
        return layer

    def keep(self, dest, below):
        """Make one directory of the base and what the session has added."""
        subprocess.run(['cp', '-a', f'{self.dir}/upper/.', below], check=True)
        os.rename(below, dest)

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix='session.', dir=self.top)
        for name in ('upper', 'scratch', 'tree'):
            os.mkdir(f'{self.dir}/{name}')
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def run(self, command, user='', network=True):
        """Run a shell command, and end all that it started. @return (exit status, output)"""
        # Nothing survives a power failure: dpkg need not wait for the disk after each file.
        scratch = tempfile.mkdtemp(dir=f'{self.dir}/scratch')
        mount = (f'lowerdir={":".join(reversed(self.layers))},upperdir={self.dir}/upper,'
                 f'workdir={scratch},volatile')
        r = subprocess.run(
            ['unshare', '--mount', '--pid', '--fork', '--kill-child', *['--net'] * (not network),
             'sh', '-c', f'mount -t overlay -o "$5" overlay "$1"\n{ENTER}', 'sh',
             f'{self.dir}/tree', user, 'yes' if network else 'no', command, mount],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors='replace', check=False)
        return r.returncode, r.stdout

    def must(self, command):
        """Run a command as root; if it fails, the system cannot be had."""
        code, out = self.run(f'set -e\n{command}')
        if code:
            words = out.strip().splitlines() or ['no output']
            raise cache.Unavailable(f'{self.suite}: exit status {code}: {words[-1]}')

    def path(self, name):
        """The path of a new file of the session, whose absolute name in it is given."""
        return f'{self.dir}/upper{name}'
