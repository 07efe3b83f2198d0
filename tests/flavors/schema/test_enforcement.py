"""Data is brought into the form of the training, or refused with the column and the row."""

from __future__ import annotations

import datetime
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
    SchemaError,
    Tensor,
    enforce,
    enforce_params,
    infer,
)

NAN = float("nan")


def one(values: Any, column: Column) -> Any:
    return enforce(pd.DataFrame({"x": values}), (column,))["x"]


@pytest.mark.parametrize(
    ("kind", "given", "expected", "dtype"),
    [
        ("boolean", [True, False], [True, False], "bool"),
        ("integer", [1, 2], [1, 2], "int32"),
        ("integer", [1.0, 2.0], [1, 2], "int32"),
        ("long", np.array([1, 2], "i2"), [1, 2], "int64"),
        ("long", pd.array([1, 2], dtype="Int64"), [1, 2], "Int64"),
        ("float", [1, 2.5], [1.0, 2.5], "float32"),
        ("double", [1, 2], [1.0, 2.0], "float64"),
        ("double", [None, 2], [NAN, 2.0], "float64"),
        ("double", pd.array([1, None], dtype="Int64"), [1.0, NAN], "float64"),
        ("string", ["a", None], ["a", None], None),
        ("string", pd.Categorical(["a", "b"]), ["a", "b"], None),
        ("binary", ["aGk=", b"hi"], [b"hi", b"hi"], "object"),
        ("datetime", ["2026-01-02", "2026-01-02T03:04:05"], None, None),
        ("any", [1, "a"], [1, "a"], "object"),
        (Array("double"), [[1], [2, 3]], [[1.0], [2.0, 3.0]], "object"),
        (Array("long"), [np.array([1]), (2,)], [[1], [2]], "object"),
        (Object((Property("a", "long"),)), [{"a": 1.0}, {"a": 2}], [{"a": 1}, {"a": 2}], "object"),
    ],
)
def test_values_become_what_the_model_knew(kind: Any, given: Any, expected: Any, dtype: str | None) -> None:
    found = one(given, Column(kind, "x"))
    if dtype is not None:
        assert found.dtype == dtype
    if expected is not None:
        pd.testing.assert_series_equal(found, pd.Series(expected, name="x"), check_dtype=False)
    else:
        assert found.dtype.kind == "M"


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("boolean", [True, "yes"], "column 'x', row 1: 'yes' is no boolean"),
        ("boolean", [True, None], "column 'x', row 1: is missing"),
        ("long", [1, 2.5], "column 'x', row 1: 2.5 is no long"),
        ("long", [1, "2"], "column 'x', row 1: '2' is no long"),
        ("long", [1, None], "column 'x', row 1: is missing"),
        ("integer", [1, 2**40], "column 'x', row 1: 1099511627776 does not fit into 4 bytes"),
        ("double", [1.0, "two"], "column 'x', row 1: 'two' is no number"),
        ("double", [True, False], "column 'x', row 0: True is no number"),
        ("float", [float("inf"), 1e39], "column 'x', row 1: a number is too large for float32"),
        ("float", [None, "a"], "column 'x', row 1: 'a' is no number"),
        ("string", ["a", 1], "column 'x', row 1: 1 is no text"),
        ("string", [1, 2], "column 'x', row 0: 1 is no text"),
        ("binary", ["aGk=", "%"], "column 'x', row 1: '%' is not base64"),
        ("datetime", ["2026-01-01", "soon"], "column 'x', row 1: 'soon' is no date and time"),
        ("datetime", ["2026-01-01T00:00:00Z"], "column 'x': its times have a zone"),
        (Array("long"), [[1], [2, "a"]], "column 'x', row 1: [1] 'a' is no long"),
        (Array("long"), [[1], 2], "column 'x', row 1: 2 is no list"),
        (Object((Property("a", "long"),)), [{"a": 1}, {}], "column 'x', row 1: ['a'] is missing"),
        (
            Object((Property("a", "long"),)),
            [{"a": 1, "b": 2}],
            "column 'x', row 0: ['b'] is not known to the model",
        ),
    ],
)
def test_values_of_another_kind_are_refused(kind: Any, given: Any, message: str) -> None:
    with pytest.raises(SchemaError) as refused:
        one(given, Column(kind, "x"))
    assert str(refused.value).startswith(message)
    assert refused.value.column == "x"


def test_an_integer_that_may_be_missing_is_a_float_then() -> None:
    found = one([1, None], Column("long", "x", required=False))
    assert found.dtype == "float64"
    assert one([1, 2], Column("long", "x", required=False)).dtype == "int64"


EXACT = {
    "category": pd.Categorical(["a", "b"], categories=["b", "a", "c"]),
    "Int64": pd.array([1, None], dtype="Int64"),
    "boolean": pd.array([True, None], dtype="boolean"),
    "zone": pd.date_range("2026", periods=2, tz="Europe/Berlin", unit="us"),
    "date": [datetime.date(2026, 1, 1)] * 2,
}


@pytest.mark.parametrize("name", EXACT)
def test_a_request_gets_the_very_dtypes_of_the_training(name: str) -> None:
    frame = pd.DataFrame({"x": EXACT[name]})
    signature = infer(frame)
    assert signature is not None and signature.inputs is not None
    texts = name in ("zone", "date")
    values = [None if v is None or v is pd.NA else str(v) if texts else v for v in frame["x"]]
    as_json = {"x": values}
    pd.testing.assert_frame_equal(enforce(as_json, signature.inputs), frame)
    assert enforce(frame, signature.inputs) is frame or name == "date"


def test_a_new_category_is_a_missing_value() -> None:
    column = Column("any", "x", False, "category", ("a", "b"))
    assert one(["b", "z"], column).isna().tolist() == [False, True]


def test_an_exact_dtype_that_does_not_fit_names_the_row() -> None:
    for wrong in (1.5, 2**63, 2.0**63):
        with pytest.raises(SchemaError, match="column 'x', row 1: cannot be Int64"):
            one([1, wrong], Column("any", "x", False, "Int64"))


COLUMNS = (Column("double", "a"), Column("long", "b"), Column("string", "c", required=False))
FRAME = pd.DataFrame({"a": [1.0], "b": [2], "c": ["x"]})


@pytest.mark.parametrize(
    "data",
    [
        FRAME,
        FRAME[["c", "b", "a"]],
        FRAME.assign(more=1),
        {"a": [1.0], "b": [2], "c": ["x"]},
        [{"a": 1.0, "b": 2, "c": "x"}],
        [[1.0, 2, "x"]],
        np.array([[1.0, 2, "x"]], dtype=object),
    ],
    ids=["same", "order", "more", "columns", "rows", "lists", "array"],
)
def test_all_forms_of_a_table(data: Any) -> None:
    pd.testing.assert_frame_equal(enforce(data, COLUMNS), FRAME)


def test_what_fits_is_not_copied() -> None:
    assert enforce(FRAME, COLUMNS) is FRAME


def test_a_column_that_may_be_missing_may_be_missing() -> None:
    assert list(enforce(FRAME[["a", "b"]], COLUMNS)) == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a": [1.0], "B": [2]}, "the model's column 'b' is missing; there is 'a', 'B'"),
        ({"aa": [1.0], "b": [2]}, "the model's column 'a' is missing; did you mean 'aa'?"),
        ([[1.0, 2]], "the model takes 3 columns, and this is a table of 2"),
        ({"a": [1.0], "b": [1, 2]}, "this is no table"),
        (3, "this is no table"),
    ],
)
def test_what_is_no_such_table(data: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message.replace("?", r"\?")):
        enforce(data, COLUMNS)


def test_number_names_of_columns_come_back_from_json_as_text() -> None:
    columns = (Column("double", 0), Column("double", 1))
    assert list(enforce({"0": [1.0], "1": [2.0]}, columns)) == [0, 1]


@pytest.mark.parametrize(
    ("spec", "given", "dtype"),
    [
        (Tensor("float32", (-1, 2)), [[1, 2.5]], "float32"),
        (Tensor("float32", (-1, 2)), np.zeros((3, 2)), "float32"),
        (Tensor("float64", (-1, 2)), [[None, 1.0]], "float64"),
        (Tensor("float64", (-1, 2)), pd.DataFrame([[1, 2]]), "float64"),
        (Tensor("int64", (-1,)), [1.0, 2.0], "int64"),
        (Tensor("uint8", (-1,)), [1, 255], "uint8"),
        (Tensor("str", (-1,)), ["a"], object),
        (Tensor("bool", (-1,)), [True], "bool"),
    ],
)
def test_arrays_become_what_the_model_knew(spec: Tensor, given: Any, dtype: str) -> None:
    assert enforce(given, (spec,)).dtype == dtype


@pytest.mark.parametrize(
    ("spec", "given", "message"),
    [
        (Tensor("float64", (-1, 2)), [[1.0]], "shape (-1, 2), this one is (1, 1)"),
        (Tensor("float64", (-1, 2)), [1.0, 2.0], "shape (-1, 2), this one is (2,)"),
        (Tensor("int64", (-1,)), [1.5], "an array of int64, this one is of float64"),
        (Tensor("uint8", (-1,)), [256], "an array of uint8, this one is of int64"),
        (Tensor("float32", (-1, 1)), [[1.0], [1e39]], "row 1: a number is too large for float32"),
        (Tensor("float64", (-1,)), ["a"], "an array of float64, this one is of"),
        (Tensor("float64", (-1,)), [None, "a"], "not all of it are numbers"),
        (Tensor("float64", (-1, 1)), [[1.0], [1.0, 2.0]], "this is no array"),
    ],
)
def test_arrays_of_another_kind_are_refused(spec: Tensor, given: Any, message: str) -> None:
    with pytest.raises(SchemaError) as refused:
        enforce(given, (spec,))
    assert message in str(refused.value)


def test_sparse_rows_stay_sparse() -> None:
    rows = scipy.sparse.csr_matrix(np.eye(2))
    assert enforce(rows, (Tensor("float64", (-1, 2)),)) is rows


def test_arrays_by_name() -> None:
    specs = (Tensor("int64", (-1, 2), "ids"), Tensor("float32", (-1,), "weight"))
    found = enforce({"ids": [[1, 2]], "weight": [0.5], "more": 1}, specs)
    assert list(found) == ["ids", "weight"]
    with pytest.raises(SchemaError, match="the model's input 'weight' is missing"):
        enforce({"ids": [[1, 2]]}, specs)
    with pytest.raises(SchemaError, match="takes arrays by name: ids, weight"):
        enforce([[1, 2]], specs)


def test_params() -> None:
    params = (Param("k", "long", 3), Param("stop", "string", ["a"], (-1,)), Param("seed", "any"))
    assert enforce_params(None, params) == {"k": 3, "stop": ["a"], "seed": None}
    assert enforce_params({"k": 4.0}, params)["k"] == 4
    with pytest.raises(SchemaError, match="the model has no param 'K'; did you mean 'k'|there is"):
        enforce_params({"K": 4}, params)
    with pytest.raises(SchemaError, match="param 'stop': .*1.* is no text"):
        enforce_params({"stop": ["a", 1]}, params)
