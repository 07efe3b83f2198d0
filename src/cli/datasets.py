"""The data a run read, in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import formats


def described(facts: Mapping[str, Any]) -> str:
    """``ndarray 150 × 4 float64, 4.8 kB; target: ndarray 150 int64, 3 classes, 1.2 kB``."""
    target = facts.get("target")
    text = ", ".join(filter(None, _words(facts)))
    return f"{text}; target: {described(target)}" if isinstance(target, Mapping) else text


def _words(facts: Mapping[str, Any]) -> Iterator[str]:
    shape = facts.get("shape")
    sides = " × ".join(f"{side:,}" for side in shape) if isinstance(shape, list) else ""
    yield " ".join(filter(None, (str(facts.get("kind", "")), sides, str(facts.get("dtype", "")))))
    if "classes" in facts:
        yield f"{len(facts['classes'])} classes"
    if facts.get("missing"):
        yield f"{facts['missing']:,} missing"
    if facts.get("nbytes"):
        yield formats.size(facts["nbytes"])
