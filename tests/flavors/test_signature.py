"""What a signature says, by kind of input."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from autolog.flavors import Column, Signature, Tensor, infer

COLUMNS = {
    "bool": ([True, False], "boolean"),
    "int8": (np.array([1, 2], "i1"), "integer"),
    "int32": (np.array([1, 2], "i4"), "integer"),
    "int64": ([1, 2], "long"),
    "uint16": (np.array([1, 2], "u2"), "integer"),
    "uint32": (np.array([1, 2], "u4"), "long"),
    "uint64": (np.array([1, 2], "u8"), "any"),
    "float32": (np.array([1, 2], "f4"), "float"),
    "float64": ([1.0, 2.0], "double"),
    "text": (["a", "b"], "string"),
    "text object": (np.array(["a", "b"], dtype=object), "string"),
    "bytes": ([b"a", b"b"], "binary"),
    "time": (pd.date_range("2026", periods=2), "datetime"),
    "time with zone": (pd.date_range("2026", periods=2, tz="UTC"), "any"),
    "date": ([datetime.date(2026, 1, 1)] * 2, "any"),
    "category": (pd.Categorical(["a", "b"]), "any"),
    "nullable integer": (pd.array([1, 2], dtype="Int64"), "any"),
    "nullable boolean": (pd.array([True, None], dtype="boolean"), "any"),
    "complex": ([1j, 2j], "any"),
    "nested": ([[1], [2, 3]], "any"),
    "mixed": ([1, "b"], "any"),
    "nothing": (np.array([None, None]), "any"),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_mlflows_type_or_any_with_a_note(name: str) -> None:
    values, expected = COLUMNS[name]
    signature = infer(pd.DataFrame({"x": values}))
    assert signature is not None
    assert signature.inputs == (Column(expected, "x", required=expected != "any"),)
    assert len(signature.notes) == (expected == "any")
    assert all(note.startswith("input column 'x' is ") for note in signature.notes)


def test_missing_values_make_a_column_optional() -> None:
    frame = pd.DataFrame({"x": [1.0, np.nan], "t": ["a", None], "d": pd.to_datetime(["2026-01-01", None])})
    signature = infer(frame)
    assert signature is not None
    assert [column.required for column in signature.inputs or ()] == [False] * 3  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (np.zeros((2, 3), "f4"), Tensor("float32", (-1, 3))),
        (np.zeros((2, 3, 4), "u1"), Tensor("uint8", (-1, 3, 4))),
        (np.array(["a", "bcd"]), Tensor("str", (-1,))),
        (np.array(["a", "b"], dtype=object), Tensor("object", (-1,))),
        (scipy.sparse.csr_matrix(np.eye(3)), Tensor("float64", (-1, 3))),
        (scipy.sparse.csc_array(np.eye(3, dtype="f4")), Tensor("float32", (-1, 3))),
        ([[1.0, 2.0]], Tensor("float64", (-1, 2))),
        (["good day"], Tensor("str", (-1,))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arrays_and_lists_are_tensors(data: Any, expected: Tensor) -> None:
    assert infer(data) == Signature((expected,))


def test_outputs_are_described_too() -> None:
    table = pd.DataFrame({"p": [0.5]})
    assert infer(np.zeros((1, 2)), table) == Signature(
        (Tensor("float64", (-1, 2)),), (Column("double", "p"),)
    )
    assert infer(np.zeros((1, 2)), pd.Series([1], name="y")) == Signature(
        (Tensor("float64", (-1, 2)),), (Column("long", "y"),)
    )


@pytest.mark.parametrize("data", [[{"a": 1}], [[1], [2, 3]], {"a": 1}, object()])
def test_what_has_no_signature_is_said(data: Any) -> None:
    signature = infer(data)
    assert signature is not None
    assert signature.inputs is None
    assert signature.notes == (f"the input is a {type(data).__name__} that no signature describes",)


def test_column_names_that_mlflow_could_not_tell_apart() -> None:
    twice = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    pairs = pd.DataFrame([[1.0]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    for frame in (twice, pairs):
        signature = infer(frame)
        assert signature is not None
        assert signature.inputs is None
        assert "not unique" in signature.notes[0]


def test_there_and_back() -> None:
    frame = pd.DataFrame({"x": [1.0], 3: [None]})
    signature = infer(frame, np.zeros(1))
    assert signature is not None
    assert Signature.from_mlflow(signature.to_mlflow(), signature.notes) == signature
