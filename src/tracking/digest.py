"""A digest of data: equal for equal content, and cheap for data of any size.

What it covers depends on the size in bytes, and on nothing else:

* up to 64 MB: every byte, hashed;
* above: each block of 1 MB is folded to 64 KB by adding up its 64-bit words in
  16 lanes (at the speed of memory), and those sums are hashed; 16 blocks spread evenly
  are hashed byte by byte. A change stays unseen when it leaves all sums of its block
  alone, such as two rows that swap places exactly 64 KB apart;
* above 4 GB: of these blocks every second, third…, so that 4 GB are read;
* lists and columns of Python objects: the first 64 MB, then every second group of 256
  items up to another 64 MB, then every fourth, and so on.

Element type, shape and column names are part of it; memory layout is not, nor is a
table's row index, nor how a sparse matrix orders its entries is made uniform. Nothing is
copied but one block at a time, and nothing sparse is made dense.

SHA-1, since it is the fastest hash of the standard library where the processor has
instructions for it; equality is asked for here, not safety.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from typing import Any

FULL = 64 << 20
"""Bytes up to which everything is hashed."""

MOST = 4 << 30
"""Bytes that are read at most."""

_BLOCK = 1 << 20
_LANE = 8192  # words of 64 bits: a folded block is 64 KB
_SAMPLES = 16  # blocks that are hashed whole


class Digest:
    """Takes in content piece by piece. ``nbytes`` is the size of all of it together."""

    def __init__(self, nbytes: int) -> None:
        self._hash = hashlib.sha1(usedforsecurity=False)
        self._folded = nbytes > FULL
        self._stride = -(-nbytes // MOST)
        self._sample = max(1, nbytes // _BLOCK // _SAMPLES)
        self._blocks = 0

    def text(self) -> str:
        """16 hexadecimal digits."""
        return self._hash.hexdigest()[:16]

    def note(self, *facts: object) -> None:
        """Plain facts about what follows: names, types, shapes."""
        self._hash.update(repr(facts).encode("utf-8", "backslashreplace"))

    def raw(self, data: Any) -> None:
        """Bytes, all of them."""
        self._hash.update(data)

    def array(self, array: Any) -> None:
        """A numpy array of any layout that holds no Python objects."""
        self.note(array.dtype.str, array.shape)
        if not self._folded and array.flags.c_contiguous:
            self.raw(_bytes(array))
        else:
            for block in blocks(array):
                self._block(_bytes(block))

    def _block(self, data: Any) -> None:
        number = self._blocks
        self._blocks += 1
        if not self._folded or number % self._sample == 0:
            self.raw(data)
        elif number % self._stride == 0:
            for part in _fold(data):
                self.raw(part)


def _bytes(array: Any) -> Any:
    """The bytes of a contiguous array, without a copy."""
    numpy = sys.modules["numpy"]
    return array.reshape(-1).view(numpy.uint8) if array.nbytes else b""


def blocks(array: Any) -> Iterator[Any]:
    """Contiguous pieces of about 1 MB, in C order; where they end depends on the shape only."""
    numpy = sys.modules["numpy"]
    if array.nbytes <= _BLOCK or array.ndim == 0:
        yield numpy.ascontiguousarray(array)
        return
    row = array.nbytes // len(array)
    if row > _BLOCK:
        for part in array:
            yield from blocks(part)
        return
    rows = _BLOCK // row
    for start in range(0, len(array), rows):
        yield numpy.ascontiguousarray(array[start : start + rows])


def _fold(data: Any) -> tuple[Any, ...]:
    """Sums of the 64-bit words that lie 64 KB apart, and what is left over at the end."""
    numpy = sys.modules["numpy"]
    lanes = len(data) // (8 * _LANE)
    if lanes < 2:
        return (data,)
    whole = lanes * 8 * _LANE
    words = data[:whole].view(numpy.uint64).reshape(lanes, _LANE)
    return numpy.add.reduce(words, axis=0), data[whole:]
