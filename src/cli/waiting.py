"""A sign of life while something takes long."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

AFTER = 2.0
"""Seconds before there is anything to see."""


@contextmanager
def patience(doing: str) -> Iterator[None]:
    """Says what is being done, on the standard error of a terminal, if the block takes long."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(doing, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _show(doing: str, over: threading.Event) -> None:
    if over.wait(AFTER):
        return
    from rich.console import Console

    with Console(stderr=True).status(doing):
        over.wait()
