# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of the Debian archive, of any suite and architecture, fetched by apt but not
installed.

The archive is the one this machine's apt is configured for, with apt's own
proxies and keys; apt gets a private configuration directory for each suite, so
nothing of the machine's own package lists is touched and no root is needed.
"""
import os
import re
import subprocess
import time

import cache

KEYRINGS = ["/usr/share/keyrings/debian-archive-keyring.gpg",
            "/usr/share/keyrings/debian-archive-keyring.pgp"]
WEEK = 7 * 24 * 3600


def version_key(text):
    return [int(n) for n in re.findall(r"\d+", text)]


def run(cmd, **kw):
    """Run CMD without a terminal; its output as text, or Unavailable with its last words."""
    try:
        r = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           env={**os.environ, "LC_ALL": "C"}, check=False, **kw)
    except FileNotFoundError as e:
        raise cache.Unavailable(f"{cmd[0]} is not on this machine") from e
    if r.returncode:
        words = (r.stderr.strip() or r.stdout.strip()).splitlines() or ["failed"]
        cause = next((w for w in words if "Failed to fetch" in w), words[-1])
        raise cache.Unavailable(f"{cmd[0]}: {cause}")
    return r.stdout


def archives():
    """(URI of the main archive, URI of the security archive) in apt's configuration."""
    main = security = None
    for uri in run(["apt-get", "indextargets", "--format", "$(REPO_URI)",
                    "Created-By: Packages"]).split():
        if "security" in uri:
            security = security or uri
        elif re.search(r"/debian/?$", uri):
            main = main or uri
    if not main:
        raise cache.Unavailable("apt is not configured for a Debian archive")
    return main, security or main


def source(uri, name, what):
    """The line of a sources.list for a suite's packages ("deb") or their sources ("deb-src")."""
    keyring = next((k for k in KEYRINGS if os.path.exists(k)), None)
    return f"{what} {f'[signed-by={keyring}] ' if keyring else ''}{uri} {name} main\n"


def own_suite():
    """The suite of the main archive in apt's configuration, as it is called there."""
    for line in run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)",
                     "Created-By: Packages"]).splitlines():
        name, uri = line.split()
        # Not bookworm-updates, nor bookworm-backports.
        if re.search(r"/debian/?$", uri) and "-" not in name:
            return name
    raise cache.Unavailable("apt is not configured for a Debian archive")


class Suite:
    """One suite of the archive, seen through a private apt configuration as a machine
    of ARCH without any package sees it; of the packages or of their sources."""

    def __init__(self, name, arch="amd64", sources=False):
        self.name = name
        self.what = "deb-src" if sources else "deb"
        self.dir = os.path.join(cache.root(), "apt", name + f"-{arch}" * (arch != "amd64")
                                + "-sources" * sources)
        lists = os.path.join(self.dir, "lists")
        options = {
            "Dir::Etc::sourcelist": os.path.join(self.dir, "sources.list"),
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": self.dir,
            "Dir::State::lists": lists,
            "Dir::State::status": os.path.join(self.dir, "status"),
            "Dir::Cache": os.path.join(self.dir, "cache"),
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "APT::Architecture": arch,
            "APT::Architectures": arch,
            "APT::Default-Release": "",
            "APT::Sandbox::User": "",
            "APT::Update::Error-Mode": "any",
        }
        self.options = ["-c", os.path.join(self.dir, "apt.conf"), "-qq"]
        for key, value in options.items():
            self.options += ["-o", f"{key}={value}"]
        self.stamp = os.path.join(self.dir, "updated")

    def update(self):
        """Fetch the index; an older one does when the archive cannot be reached."""
        main, security = archives()
        uri = security if self.name.endswith("-security") else main
        for sub in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.dir, sub), exist_ok=True)
        texts = {
            "sources.list": source(uri, self.name, self.what),
            # The machine's hooks are for its own package lists.
            "apt.conf": "#clear APT::Update;\n#clear DPkg;\n",
            "status": "",
        }
        for name, text in texts.items():
            with open(os.path.join(self.dir, name), "w") as f:
                f.write(text)
        try:
            run(["apt-get", *self.options, "update"])
        except cache.Unavailable:
            if not os.path.exists(self.stamp):
                raise
        with open(self.stamp, "w"):
            pass

    def stale(self):
        return (not os.path.exists(self.stamp)
                or time.time() - os.path.getmtime(self.stamp) > WEEK)

    def target(self, field):
        """A field of apt's description of the suite's package index."""
        return run(["apt-get", *self.options, "indextargets", "--format", f"$({field})",
                    "Created-By: Packages"]).strip()

    def packages(self):
        """Package name -> newest version, of all packages in the suite."""
        if self.stale():
            self.update()
        text = run(["/usr/lib/apt/apt-helper", *self.options, "cat-file",
                    self.target("FILENAME")])
        found, name = {}, None
        for line in text.splitlines():
            if line.startswith("Package: "):
                name = line[9:]
            elif line.startswith("Version: "):
                version = line[9:]
                if name not in found or version_key(version) > version_key(found[name]):
                    found[name] = version
        return found

    def download(self, wanted, where):
        """Fetch packages, given as {name: version}, into the directory WHERE."""
        run(["apt-get", *self.options, "download",
             *(f"{name}={version}" for name, version in wanted.items())], cwd=where)

    def download_all(self, names, where):
        """Fetch the newest of the packages NAMES and all that they depend on into the new
        directory WHERE."""
        if self.stale():
            self.update()
        os.makedirs(os.path.join(where, "partial"))
        command = ["apt-get", *self.options, "-o", f"Dir::Cache::archives={where}",
                   "-o", "APT::Install-Recommends=false", "-y", "--download-only", "install",
                   *names]
        # An index that is out of date names packages that are gone: try a new one.
        try:
            run(command)
        except cache.Unavailable:
            self.update()
            run(command)

    def download_source(self, package, where):
        """Fetch the source of a package, if this is a suite of sources, into a directory."""
        if self.stale():
            self.update()
        run(["apt-get", *self.options, "--download-only", "source", package], cwd=where)
