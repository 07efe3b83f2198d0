"""The facts about data and target, and that describing never raises nor changes anything."""

from __future__ import annotations

import json
import warnings
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from autolog.tracking.data import describe
from autolog.tracking.target import balance

X = np.random.default_rng(0).random((50, 3))
y = np.arange(50) % 2
TEXT = str(pd.Series(["a"]).dtype)  # another one before pandas 3


def test_arrays() -> None:
    facts = dict(describe(X).facts)
    assert len(facts.pop("digest")) == 16
    assert facts == {"kind": "ndarray", "shape": [50, 3], "dtype": "float64", "nbytes": 1200, "missing": 0}


def test_tables() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None], "c": [1, 2]})
    facts = describe(frame).facts
    assert (facts["kind"], facts["shape"]) == ("DataFrame", [2, 3])
    assert facts["columns"] == {"a": "float64", "b": TEXT, "c": "int64"}
    assert facts["missing"] == 2
    assert facts["missing_by_column"] == {"a": 1, "b": 1}


def test_only_the_first_columns_are_listed() -> None:
    facts = describe(pd.DataFrame(np.zeros((2, 500)))).facts
    assert facts["shape"] == [2, 500]
    assert list(facts["columns"]) == [str(number) for number in range(200)]


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (scipy.sparse.eye(4), {"kind": "dia_matrix", "shape": [4, 4], "missing": 0}),
        (scipy.sparse.dok_array((3, 4)), {"kind": "dok_array", "shape": [3, 4], "dtype": "float64"}),
        ([[1, 2], [3, 4]], {"kind": "list", "shape": [2, 2], "dtype": "list"}),
        (["a", "b", 1], {"kind": "list", "shape": [3], "dtype": "int, str"}),
        ([], {"kind": "list", "shape": [0]}),
        ({"a": X, "b": [1]}, {"kind": "dict", "columns": {"a": "float64", "b": "int"}, "nbytes": 1200}),
        (pd.Series([1, None]), {"kind": "Series", "shape": [2], "dtype": "float64", "missing": 1}),
        (pd.Series(["a", None]), {"kind": "Series", "dtype": TEXT, "missing": 1}),
        (
            pa.table({"a": [1, None]}),
            {"kind": "Table", "shape": [2, 1], "columns": {"a": "int64"}, "missing": 1},
        ),
        (np.array([np.nan, np.inf]), {"missing": 1}),
        (np.array(["NaT", "2020"], "M8[D]"), {"missing": 1}),
        (np.array([[1, None]], dtype=object), {"kind": "ndarray", "shape": [1, 2], "dtype": "object"}),
        (np.float64(3), {"kind": "float64"}),
        (iter([1]), {"kind": "list_iterator"}),
        (None, {"kind": "NoneType"}),
    ],
)
def test_other_kinds(data: Any, facts: dict[str, Any]) -> None:
    found = describe(data).facts
    assert {name: found.get(name) for name in facts} == facts


CLASSES = {"0": 25, "1": 25}
NAMED = {"False": 25, "True": 25}


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        (y, CLASSES),
        (y.tolist(), CLASSES),
        (tuple(y.tolist()), CLASSES),
        (y.astype("u1"), CLASSES),
        (y.astype(bool), NAMED),
        (y.astype(bool).tolist(), NAMED),
        (y.astype(float), {"0.0": 25, "1.0": 25}),
        (y.astype(str), CLASSES),
        (y.astype(str).astype(object), CLASSES),
        (y.reshape(-1, 1), CLASSES),
        (pd.Series(y), CLASSES),
        (pd.Series(y.astype(str)), CLASSES),
        (pd.Series(y).astype("category"), CLASSES),
        (pd.Series(y, dtype="Int64"), CLASSES),
        (pa.array(y), CLASSES),
        (pd.DataFrame({"y": y}), CLASSES),
        (y - 1, {"-1": 25, "0": 25}),
        (np.array(["b", None, "b"], dtype=object), {"None": 1, "b": 2}),
        (np.array([3]), {"3": 1}),
    ],
)
def test_classes_and_how_many_of_each(target: Any, classes: dict[str, int]) -> None:
    assert balance(target) == {"classes": classes}


@pytest.mark.parametrize(
    "target", [np.linspace(0, 1, 50), np.linspace(0, 1, 50).tolist(), pd.Series(np.linspace(0, 1, 50))]
)
def test_numbers_have_a_range(target: Any) -> None:
    found = balance(target)
    assert (found["min"], found["max"], round(found["mean"], 9)) == (0.0, 1.0, 0.5)


@pytest.mark.parametrize("target", [np.arange(5000), np.arange(5000) * 1_000_000, np.arange(5000.0)])
def test_many_different_numbers_are_no_classes(target: Any) -> None:
    assert balance(target)["max"] == target.max()


@pytest.mark.parametrize(
    "target",
    [np.zeros((50, 2)), [], np.zeros(0), object(), iter([1]), [[1], [2]], [str(i) for i in range(3000)]],
)
def test_targets_without_classes(target: Any) -> None:
    facts = describe(X, target).facts["target"]
    assert "classes" not in facts
    assert facts["kind"] == type(target).__name__


def test_the_digest_is_of_data_and_target() -> None:
    alone, first, second = describe(X), describe(X, y), describe(X, 1 - y)
    assert len({alone.digest, first.digest, second.digest}) == 3
    assert alone.digest == alone.facts["digest"] == first.facts["digest"]


class Hostile:
    """Raises at every turn."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __len__(self) -> int:
        raise RuntimeError

    def __iter__(self) -> Any:
        raise RuntimeError


class HostileArray(np.ndarray):
    def __getitem__(self, item: Any) -> Any:
        raise RuntimeError

    def sum(self, *arguments: Any, **options: Any) -> Any:
        raise RuntimeError


class HostileFrame(pd.DataFrame):
    def items(self) -> Any:
        raise RuntimeError


class HostileDict(dict[str, Any]):
    def values(self) -> Any:
        raise RuntimeError

    def items(self) -> Any:
        raise RuntimeError


def itself() -> list[Any]:
    inside: list[Any] = []
    inside.append([object(), inside])
    return inside


@pytest.mark.parametrize(
    "data",
    [
        Hostile(),
        X.view(HostileArray),
        HostileFrame(X),
        HostileDict(a=1),
        MagicMock(),
        itself(),
        [Hostile()],
        [None, Hostile()],
    ],
    ids=lambda data: type(data).__name__,
)
def test_describing_never_raises(data: Any) -> None:
    facts = describe(data, data).facts
    assert facts["kind"] == type(data).__name__
    json.dumps(facts)


def test_nothing_of_the_data_changes() -> None:
    frame = pd.DataFrame(X)
    array, before = X.copy(), np.random.get_state()[1].copy()
    array.flags.writeable = False
    describe(array, y)
    describe(frame, pd.Series(y))
    assert frame.equals(pd.DataFrame(X))
    assert vars(frame).keys() == vars(pd.DataFrame(X)).keys()
    assert (np.random.get_state()[1] == before).all()


def test_no_warning_of_ours_is_heard() -> None:
    odd = np.array([np.nan, np.inf, -np.inf, 1e308, 1e308])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = describe(odd.reshape(-1, 1), odd).facts
    assert found["missing"] == found["target"]["missing"] == 1
    json.dumps(found, allow_nan=False)


VALUES = st.none() | st.integers() | st.floats() | st.text()


@given(
    st.lists(VALUES) | st.lists(st.lists(VALUES)) | st.dictionaries(st.text(), st.lists(VALUES)),
    st.lists(VALUES),
)
def test_any_lists_can_be_described(data: Any, target: list[Any]) -> None:
    found = describe(data, target)
    json.dumps(found.facts, allow_nan=False)
    assert found.digest
