# SPDX-License-Identifier: GPL-2.0-or-later
"""Print what libkdumpfile reads at a virtual address of dom0, in a section: look_dom0 ADDRESS BYTES
DUMP. For its own python."""
import sys

import kdumpfile


def main():
    address, size, path = sys.argv[1:]
    with open(path, "rb") as f:
        dump = kdumpfile.Context()
        dump.open_fdset(f.fileno())
        dump.attr["addrxlat.ostype"] = "linux"
        print(f"==== {address}", flush=True)
        print(bytes(dump.read(kdumpfile.KVADDR, int(address, 16), int(size))).hex())


main()
