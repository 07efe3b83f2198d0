"""The data a run read, in a few words."""

from __future__ import annotations

from typing import Any

import pytest

from autolog.cli.datasets import described


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"kind": "Graph"}, "Graph"),
        (
            {"kind": "ndarray", "shape": [1500, 4], "dtype": "float64", "missing": 0},
            "ndarray 1,500 × 4 float64",
        ),
        (
            {"kind": "DataFrame", "shape": [9, 2], "missing": 3, "nbytes": 72},
            "DataFrame 9 × 2, 3 missing, 72 B",
        ),
        (
            {"kind": "list", "shape": [3], "target": {"kind": "list", "classes": {"a": 1, "b": 2}}},
            "list 3; target: list, 2 classes",
        ),
    ],
)
def test_described(facts: dict[str, Any], words: str) -> None:
    assert described(facts) == words
