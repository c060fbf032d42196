# SPDX-License-Identifier: GPL-2.0-or-later
"""libkdumpfile's Python module under the same names for every version: 0.5.5 renamed all."""
import kdumpfile as module

if hasattr(module, 'Context'):
    KVADDR, MACHPHYSADDR = module.KVADDR, module.MACHPHYSADDR
    Error = module.exceptions.KdumpfileError
    NotSupported = module.exceptions.NotImplementedError
else:
    KVADDR, MACHPHYSADDR = module.KDUMP_KVADDR, module.KDUMP_MACHPHYSADDR
    Error = module.exceptions.KDumpBaseException
    NotSupported = module.exceptions.NotImplementedException


def open_dump(path):
    """A context, with attr[] and read(); Error if it cannot be opened."""
    if not hasattr(module, 'Context'):
        return module.kdumpfile(path)
    context = module.Context()
    context.open(path)
    try:
        context.attr['addrxlat.ostype'] = 'linux'
    except Error:
        pass    # It does not know the machine; the rest can still be read.
    return context


def vmcoreinfo(context):
    """The VMCOREINFO text as bytes."""
    if hasattr(context, 'vmcoreinfo_raw'):
        return context.vmcoreinfo_raw()
    return bytes(context.attr['linux.vmcoreinfo.raw'])
