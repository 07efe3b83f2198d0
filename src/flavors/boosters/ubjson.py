"""Reads UBJSON, as far as XGBoost writes it, without trusting a byte of it.

Arrays of one type become NumPy arrays that share the file's memory. The format:
https://ubjson.org; XGBoost counts arrays of one type (``[$d#L…``) and nothing else.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_DEEPEST = 50
_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_STRUCTS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"}
_WORDS = {b"T": True, b"F": False, b"Z": None}


def parse(content: bytes) -> Any:
    """The one value that the bytes hold. Raises ValueError for all else."""
    reader = _Reader(content)
    value = reader.value(reader.take(1), 0)
    if reader.at != len(content):
        raise ValueError(f"something follows the value that ends at byte {reader.at}")
    return value


def parts(content: bytes) -> dict[str, bytes]:
    """The values of an object by name, each as the bytes that it takes."""
    reader = _Reader(content)
    if reader.take(1) != b"{":
        raise ValueError("it is no object")
    found = {}
    while content[reader.at : reader.at + 1] != b"}":
        name, start = reader.text(), reader.at
        reader.value(reader.take(1), 1)
        found[name] = content[start : reader.at]
    return found


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def take(self, length: int) -> bytes:
        end = self.at + length
        if length < 0 or end > len(self._content):
            raise ValueError(f"it ends at byte {len(self._content)}, in the middle of something")
        found = self._content[self.at : end]
        self.at = end
        return found

    def value(self, marker: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if marker == b"{":
            return self._object(depth)
        if marker == b"[":
            return self._array(depth)
        if marker == b"S":
            return self.text()
        if marker in _STRUCTS:
            return self._number(marker)
        if marker in _WORDS:
            return _WORDS[marker]
        raise ValueError(f"it has no value at byte {self.at - 1}, but {marker!r}")

    def _number(self, marker: bytes) -> Any:
        form = _STRUCTS[marker]
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def _length(self) -> int:
        marker = self.take(1)
        if marker not in (b"i", b"U", b"I", b"l", b"L"):
            raise ValueError(f"it has no length at byte {self.at - 1}")
        return int(self._number(marker))

    def text(self) -> str:
        return self.take(self._length()).decode()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._content[self.at : self.at + 1] != b"}":
            name = self.text()
            if name in found:
                raise ValueError(f"{name!r} stands in it twice")
            found[name] = self.value(self.take(1), depth + 1)
        self.take(1)
        return found

    def _array(self, depth: int) -> Any:
        marker = self.take(1)
        if marker == b"$":
            return self._typed()
        counted = None
        if marker == b"#":
            counted, marker = self._length(), b""
        found: list[Any] = []
        while len(found) != counted and marker != b"]":
            found.append(self.value(marker or self.take(1), depth + 1))
            marker = b"" if counted is not None else self.take(1)
        return found

    def _typed(self) -> Any:
        kind = self.take(1)
        if kind not in _NUMBERS or self.take(1) != b"#":
            raise ValueError(f"it has no array of numbers at byte {self.at - 1}")
        dtype = np.dtype(_NUMBERS[kind])
        return np.frombuffer(self.take(self._length() * dtype.itemsize), dtype)
