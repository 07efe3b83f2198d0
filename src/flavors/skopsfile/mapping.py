"""Arrays that stay in the file, for a trial that looks at few of their values."""

from __future__ import annotations

import struct
from typing import Any
from zipfile import ZipFile, ZipInfo

_LOCAL = struct.Struct("<26xHH")
"""The header before each member of a zip (APPNOTE.TXT, 4.3.7): how long are its name and what follows."""


def map_array(archive: ZipFile, member: ZipInfo) -> Any:
    """A member that is not compressed as an array. What is written into it does not reach the file."""
    import numpy as np

    path = str(archive.filename)
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):  # long headers, of large structures
            file.seek(0)
            return np.lib.format.read_array(file, allow_pickle=False)
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
        start = _content(path, member) + file.tell()
    return np.asarray(np.memmap(path, kind, "c", start, shape, "F" if fortran else "C"))


def _content(path: str, member: ZipInfo) -> int:
    """Where it begins in the file."""
    with open(path, "rb") as file:
        file.seek(member.header_offset)
        name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
    return member.header_offset + _LOCAL.size + int(name) + int(extra)
