# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of gdb's remote protocol that stops a guest at an address of its program, and changes
its memory.

QEMU, where it translates, compares addresses and changes nothing in the guest's memory.
"""
import socket
import time

from monitor import GuestFailed


class Gdb:
    """A connection with QEMU's stub at the socket PATH; the machine stands still until go()."""

    def __init__(self, path, address, deadline):
        self.deadline = deadline
        self.place = f"0,{address:x},4"
        self.buffer = b""
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, text):
        data = text.encode()
        try:
            self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 255))
        except OSError as e:
            raise GuestFailed("QEMU's stub of gdb is gone") from e

    def answer(self):
        """The next packet, which is acknowledged; GuestFailed after the deadline."""
        while (end := self.buffer.find(b"#")) < 0 or len(self.buffer) < end + 3:
            self.socket.settimeout(max(1, self.deadline - time.monotonic()))
            try:
                data = self.socket.recv(4096)
            except TimeoutError as e:
                raise GuestFailed("it took too long") from e
            if not data:
                raise GuestFailed("QEMU's stub of gdb is gone")
            self.buffer += data
        packet = self.buffer[:end].lstrip(b"+")[1:].decode()
        self.buffer = self.buffer[end + 3:]
        self.socket.sendall(b"+")
        return packet

    def demand(self, text):
        self.send(text)
        if (said := self.answer()) != "OK":
            raise GuestFailed(f"QEMU's stub of gdb says {said or 'nothing'} to {text}")

    def write(self, address, data):
        """Change memory, code too, of the machine, which stands still."""
        self.demand(f"M{address:x},{len(data):x}:{data.hex()}")

    def go(self):
        """Let the machine run until it gets to the address."""
        self.demand(f"Z{self.place}")
        self.send("c")

    def go_on(self):
        """Let it run from there until it gets there again."""
        self.answer()           # says that it stands
        self.demand(f"z{self.place}")
        self.send("s")
        self.answer()
        self.go()
