"""What a signature says, by kind of data."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from autolog.flavors.schema import (
    Array,
    Column,
    Object,
    Param,
    Property,
    Signature,
    Tensor,
    exact_facts,
    from_mlflow,
    infer,
    to_mlflow,
)

COLUMNS = {
    "bool": ([True, False], "boolean"),
    "int8": (np.array([1, 2], "i1"), "integer"),
    "int32": (np.array([1, 2], "i4"), "integer"),
    "int64": ([1, 2], "long"),
    "uint16": (np.array([1, 2], "u2"), "integer"),
    "uint32": (np.array([1, 2], "u4"), "long"),
    "float32": (np.array([1, 2], "f4"), "float"),
    "float64": ([1.0, 2.0], "double"),
    "text": (["a", "b"], "string"),
    "text object": (np.array(["a", "b"], dtype=object), "string"),
    "bytes": ([b"a", b"b"], "binary"),
    "time": (pd.date_range("2026", periods=2), "datetime"),
    "lists": ([[1.0], [2, 3]], Array("double")),
    "lists of text": ([[], ["a"]], Array("string")),
    "arrays": ([np.zeros((1, 2), "f4"), np.zeros((2, 2), "f4")], Array(Array("float"))),
    "dicts": (
        [{"a": 1}, {"a": 2, "b": "x"}],
        Object((Property("a", "long"), Property("b", "string", required=False))),
    ),
    "dicts in lists": (
        [[{"a": [True]}], [{"a": []}]],
        Array(Object((Property("a", Array("boolean")),))),
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_has_mlflows_type(name: str) -> None:
    values, expected = COLUMNS[name]
    signature = infer(pd.DataFrame({"x": values}))
    assert signature == Signature((Column(expected, "x"),))


MORE = {
    "uint64": (np.array([1, 2], "u8"), "uint64"),
    "time with zone": (pd.date_range("2026", periods=2, tz="UTC", unit="us"), "datetime64[us, UTC]"),
    "date": ([datetime.date(2026, 1, 1)] * 2, "date"),
    "category": (pd.Categorical(["a", "b"]), "category"),
    "nullable integer": (pd.array([1, 2], dtype="Int64"), "Int64"),
    "nullable boolean": (pd.array([True, None], dtype="boolean"), "boolean"),
    "complex": ([1j, 2j], "complex128"),
    "mixed": ([1, "b"], ""),
    "nothing": (np.array([None, None]), ""),
    "lists of everything": ([[1], ["a"]], ""),
}


@pytest.mark.parametrize("name", MORE)
def test_what_mlflow_has_no_type_for_is_any_with_a_note_and_pandas_own_name(name: str) -> None:
    values, dtype = MORE[name]
    signature = infer(pd.DataFrame({"x": values}))
    assert signature is not None
    categories = ("a", "b") if name == "category" else ()
    assert signature.inputs == (Column("any", "x", False, dtype, categories),)
    (note,) = signature.notes
    assert note.startswith("input column 'x' is ")


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


@pytest.mark.parametrize("data", [[{"a": 1}], [[1], [2, 3]], {1: [1]}, object()])
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


def test_arrays_by_name() -> None:
    data = {"ids": np.zeros((2, 3), "i8"), "mask": np.zeros((2, 3), bool)}
    assert infer(data) == Signature((Tensor("int64", (-1, 3), "ids"), Tensor("bool", (-1, 3), "mask")))


def test_params_have_types_and_defaults() -> None:
    signature = infer(np.zeros((1, 1)), params={"k": 3, "rate": 0.5, "stop": ["a"], "seed": None})
    assert signature is not None
    assert signature.params == (
        Param("k", "long", 3),
        Param("rate", "double", 0.5),
        Param("stop", "string", ["a"], (-1,)),
        Param("seed", "any", None),
    )


def _there_and_back(signature: Signature) -> Signature:
    exact = json.loads(json.dumps(exact_facts(signature)))
    return from_mlflow(to_mlflow(signature), exact, signature.notes)


@pytest.mark.parametrize("name", [*COLUMNS, *MORE])
def test_there_and_back(name: str) -> None:
    frame = pd.DataFrame({"x": (COLUMNS | MORE)[name][0], 3: [1, 2]})
    signature = infer(frame, np.zeros(1), {"k": 3})
    assert signature is not None
    assert _there_and_back(signature) == signature


@pytest.mark.parametrize(
    "section",
    [
        {"inputs": "[{}]"},
        {"inputs": "{"},
        {"inputs": '[{"type": "number"}]'},
        {"inputs": '[{"type": "tensor"}]'},
        {"inputs": "[" * 100_000},
        {"inputs": 3},
        {"params": '[{"name": "k"}]'},
    ],
)
def test_what_is_no_signature(section: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        from_mlflow(section)
