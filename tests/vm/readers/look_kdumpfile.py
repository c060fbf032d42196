# SPDX-License-Identifier: GPL-2.0-or-later
"""Print libkdumpfile's view of a dump, in sections: look_kdumpfile PFNS DUMP|PART... For its
own python. PFNS is a file with the numbers of the pages to read."""
import hashlib
import os
import sys

import kdumpfile

BYTES = 390                     # of the names in init_uts_ns


def section(name):
    print(f"==== {name}", flush=True)


def main():
    pfns, *paths = sys.argv[1:]
    files = [os.open(path, os.O_RDONLY) for path in paths]
    dump = kdumpfile.Context()
    dump.open_fdset(*files)
    dump.attr["addrxlat.ostype"] = "linux"
    # Pages of zeros are not in an ELF file.
    dump.attr[kdumpfile.ATTR_ZERO_EXCLUDED] = 1
    info = dump.vmcoreinfo_raw().decode()
    page = dump.attr["arch.page_size"]
    section("sys")
    print(dump.attr["arch.name"], page, dump.attr["cpu.number"])
    print(info)
    section("virtual")
    names = dump.read(kdumpfile.KVADDR, dump.vmcoreinfo_symbol("init_uts_ns"), BYTES + 4)
    print(bytes(names).replace(b"\0", b" ").decode(errors="replace"))
    section("memory")
    digest, missing = hashlib.sha256(), 0
    with open(pfns) as f:
        for pfn in map(int, f.read().split()):
            try:
                data = dump.read(kdumpfile.MACHPHYSADDR, pfn * page, page)
            except kdumpfile.exceptions.KdumpfileError:
                missing += 1
                continue
            digest.update(b"%d" % pfn + bytes(data))
    print(f"{missing} pages are missing" if missing else digest.hexdigest())


main()
