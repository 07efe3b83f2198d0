"""The global random streams: a prediction that nobody asked for must not move them."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def random_streams_kept() -> Iterator[None]:
    """Python's stream and NumPy's are as before at the end of the block."""
    numpy_random = getattr(sys.modules.get("numpy"), "random", None)
    before = random.getstate()
    numpy_before = numpy_random.get_state() if numpy_random is not None else None
    try:
        yield
    finally:
        if random.getstate() != before:
            random.setstate(before)
        if numpy_random is not None and not _same(numpy_random.get_state(), numpy_before):
            numpy_random.set_state(numpy_before)


def _same(a: Any, b: Any) -> bool:
    return bool(a[2:] == b[2:] and (a[1] == b[1]).all())
