# SPDX-License-Identifier: GPL-2.0-or-later
"""A running QEMU and its monitor."""
import contextlib
import json
import os
import select
import subprocess
import time


class GuestFailed(Exception):
    """A guest did not do what it was booted for."""


class Qemu:
    """A running QEMU, its monitor protocol on pipes; killed at the end of a `with`."""

    def __init__(self, cmd):
        self.proc = subprocess.Popen(
            [*cmd, "-chardev", "stdio,id=monitor", "-mon", "chardev=monitor,mode=control"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.buffer = b""
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.proc.poll() is None:
            self.proc.kill()
        # A process that hangs in KVM cannot be killed either.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.proc.wait(timeout=10)
        for pipe in (self.proc.stdin, self.proc.stdout, self.proc.stderr):
            with contextlib.suppress(OSError):
                pipe.close()

    def message(self, deadline):
        """The next message, or None when QEMU has ended; GuestFailed after the deadline."""
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.proc.stdout], [], [], left)[0]:
                raise GuestFailed("it took too long")
            data = os.read(self.proc.stdout.fileno(), 65536)
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def event(self, deadline):
        """Name of the next event, or None when QEMU has ended."""
        while not self.events:
            msg = self.message(deadline)
            if msg is None:
                return None
            if "event" in msg:
                self.events.append(msg["event"])
        return self.events.pop(0)

    def do(self, command, deadline, **arguments):
        """Run a monitor command and wait for its answer."""
        text = json.dumps({"execute": command, "arguments": arguments})
        try:
            self.proc.stdin.write(text.encode() + b"\n")
            self.proc.stdin.flush()
        except OSError as e:
            raise GuestFailed(f"QEMU is gone: {self.last_words()}") from e
        while True:
            msg = self.message(deadline)
            if msg is None:
                raise GuestFailed(f"QEMU is gone: {self.last_words()}")
            if "event" in msg:
                self.events.append(msg["event"])
            elif "error" in msg:
                raise GuestFailed(f"{command}: {msg['error']['desc']}")
            elif "return" in msg:
                return msg["return"]

    def migrate(self, path, deadline):
        """Write the migration stream of the machine, which stands, to a file."""
        self.do("migrate", deadline, uri=f"exec:cat > {path}")
        status = ""
        while status != "completed":
            time.sleep(0.1)
            status = self.do("query-migrate", deadline).get("status")
            if status == "failed":
                raise GuestFailed("QEMU: the migration failed")

    def last_words(self):
        self.proc.wait()
        words = self.proc.stderr.read().decode(errors="replace").strip().splitlines()
        return words[-1] if words else f"exit {self.proc.returncode}"
