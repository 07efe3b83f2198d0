"""Bodies for models of every kind of signature, in this process: right ones, and any others."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autolog.flavors.core import Loaded
from autolog.flavors.predictor import Predictor
from autolog.flavors.schema import Array, Column, Map, Object, Param, SchemaError, Signature, Tensor
from autolog.flavors.schema.types import Property
from autolog.flavors.serving import wire
from autolog.flavors.serving.service import Served
from autolog.flavors.serving.wire import Refused, decode, encode


class Echo:
    """A flavor whose model gives back what it gets, and its params where there are some."""

    name = "echo"

    @staticmethod
    def predict(model: Any, data: Any, **params: Any) -> Any:
        return {"data": data, "params": params} if params else data


def served(signature: Signature | None) -> Served:
    predictor = Predictor(Loaded(None, Echo(), Path("nowhere"), {}))  # type: ignore[arg-type]
    predictor.signature = signature
    return Served(Path("nowhere"), predictor)


def reached(signature: Signature | None, body: Any, kind: str = "application/json") -> Any:
    """What the model gets."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    model = served(signature)
    asked = decode(kind, data, signature)
    return model.predictor.predict(model._data(asked), asked.params)


COLUMNS = Signature(
    inputs=(
        Column("string", "text"),
        Column("long", "count"),
        Column("double", "size", required=False),
        Column("boolean", "flag"),
        Column("datetime", "day"),
        Column("string", "color", dtype="category", categories=("red", "blue")),
        Column("long", "few", required=False, dtype="Int64"),
        Column(Array("double"), "list"),
        Column("binary", "bytes"),
    )
)
ROW = {
    "text": "007",
    "count": 3,
    "size": None,
    "flag": True,
    "day": "2024-02-29T12:00:00",
    "color": "red",
    "few": None,
    "list": [1, 2.5],
    "bytes": "aGk=",
}
ARRAY = Signature(inputs=(Tensor("float32", (-1, 2)),))
NAMED = Signature(inputs=(Tensor("float32", (-1, 2), "x"), Tensor("int64", (-1,), "y")))
NAMELESS = Signature(inputs=(Column("double"),))
NESTED = Signature(inputs=(Column(Map("long"), "counts"), Column(Object((Property("a", "long"),)), "thing")))
PARAMS = Signature(inputs=(Column("double", "a"),), params=(Param("k", "long", 3), Param("t", "double", 0.5)))
ALL = [COLUMNS, ARRAY, NAMED, NAMELESS, NESTED, PARAMS, Signature(), None]
NAMES = ["columns", "array", "named", "nameless", "nested", "params", "empty", "none"]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": [ROW, ROW]},
        {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())] * 2}},
        {"inputs": {name: [value, value] for name, value in ROW.items()}},
        {"instances": [list(ROW.values())] * 2},
    ],
    ids=lambda body: next(iter(body)),
)
def test_columns_of_every_type(body: Any) -> None:
    frame = reached(COLUMNS, body)
    assert list(frame.columns) == list(ROW)
    row = frame.iloc[1]
    assert (row["text"], row["count"], row["flag"], row["color"]) == ("007", 3, True, "red")
    assert (row["day"], row["list"], row["bytes"]) == (datetime(2024, 2, 29, 12), [1.0, 2.5], b"hi")
    assert np.isnan(row["size"]) and row["few"] is pd.NA
    assert (frame["color"].dtype.name, frame["few"].dtype.name) == ("category", "Int64")


def test_text_in_csv_stays_text() -> None:
    signature = Signature(inputs=COLUMNS.inputs[:2])  # type: ignore[index]
    frame = reached(signature, b"text,count\n007,3\n", "text/csv")
    assert frame.to_dict("records") == [{"text": "007", "count": 3}]


@pytest.mark.parametrize("key", ["inputs", "instances"])
def test_an_array(key: str) -> None:
    array = reached(ARRAY, {key: [[1, 2], [3, 4]]})
    assert (array.dtype, array.tolist()) == (np.float32, [[1, 2], [3, 4]])


def test_an_array_from_a_table() -> None:
    assert reached(ARRAY, {"dataframe_split": {"columns": ["p", "q"], "data": [[1, 2]]}}).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"x": [[1, 2], [3, 4]], "y": [5, 6]}},
        {"instances": [{"x": [1, 2], "y": 5}, {"x": [3, 4], "y": 6}]},
    ],
    ids=["inputs", "instances"],
)
def test_arrays_by_name(body: Any) -> None:
    arrays = reached(NAMED, body)
    assert {name: array.tolist() for name, array in arrays.items()} == {"x": [[1, 2], [3, 4]], "y": [5, 6]}


def test_a_nameless_column() -> None:
    assert reached(NAMELESS, {"inputs": [1, 2]}).iloc[:, 0].tolist() == [1, 2]


def test_params() -> None:
    body = {"inputs": {"a": [1.0]}, "params": {"k": 5}}
    assert reached(PARAMS, body)["params"] == {"k": 5, "t": 0.5}
    with pytest.raises(SchemaError, match="param 'k': 'x' is no long"):
        reached(PARAMS, {**body, "params": {"k": "x"}})


def test_without_a_signature_lists_are_arrays_and_tables_are_tables() -> None:
    """As MLflow hands them to a model."""
    assert reached(None, {"inputs": [[1, 2], [3, 4]]}).shape == (2, 2)
    assert reached(None, {"instances": [[1.5, 2.0]]}).dtype == float
    assert reached(None, {"inputs": {"x": [[1, 2]]}})["x"].shape == (1, 2)
    assert reached(None, {"inputs": [[1], [2, 3]]}) == [[1], [2, 3]]
    assert list(reached(None, {"dataframe_split": {"data": [[1, 2]]}}).columns) == [0, 1]
    assert list(reached(None, {"dataframe_records": [{"a": 1}, {"b": 2}]}).columns) == ["a", "b"]


def test_only_rows_whose_types_are_known_are_put_together() -> None:
    def key(signature: Signature | None, body: Any) -> Any:
        return decode("application/json", json.dumps(body).encode(), signature).key

    row = {"inputs": [[1, 2]]}
    assert key(ARRAY, row) == key(ARRAY, {"instances": [[3, 4], [5, 6]]}) is not None
    assert key(COLUMNS, {"dataframe_records": [ROW]}) is not None
    assert key(None, row) is None and key(Signature(), row) is None
    assert key(Signature(inputs=(Tensor("float32", (1, 2)),)), row) is None
    assert key(Signature(inputs=(Column("any", "a"),)), {"dataframe_records": [{"a": 1}]}) is None
    assert key(PARAMS, {"inputs": [[1]], "params": {"k": 5}}) is None
    assert key(NAMED, {"inputs": {"x": [[1, 2]], "y": [1]}}) is None


@pytest.mark.parametrize(
    ("prediction", "text"),
    [
        (np.array([1, 2]), b"[1,2]"),
        (np.array([0.5, np.nan]), b"[0.5,null]"),
        (np.array([[1.0], [2.0]], dtype=np.float32), b"[[1.0],[2.0]]"),
        (pd.Series([1, 2]), b"[1,2]"),
        (pd.DataFrame({"a": [1, 2], 0: ["x", None]}), b'[{"a":1,"0":"x"},{"a":2,"0":null}]'),
        ({"p": np.array([1]), 2: [np.int64(3)]}, b'{"p":[1],"2":[3]}'),
        (["x", None, np.float64(1.5), True], b'["x",null,1.5,true]'),
        (pd.Series(pd.to_datetime(["2024-01-01", None])), b'["2024-01-01T00:00:00",null]'),
        (pd.array([1, None], dtype="Int64"), b"[1,null]"),
        (np.array([b"hi"]), b'["aGk="]'),
        (3, b"3"),
    ],
)
def test_answers(prediction: Any, text: bytes) -> None:
    assert encode(prediction) == b'{"predictions":' + text + b"}"


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(
            [10**400, -(2**63) - 1, 2**64, 1e308, "red", "0001-01-01", "9999-12-31T00:00:00+14:00", "=", "é"]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "a", "thing"]), inner)
    ),
    max_leaves=6,
)


def bodies(signature: Signature | None) -> st.SearchStrategy[Any]:
    """Bodies with the right names, and any values."""
    inputs = signature.inputs or () if signature is not None else ()
    names = [str(spec.name) for spec in inputs]
    row: st.SearchStrategy[Any] = st.fixed_dictionaries(dict.fromkeys(names, VALUES))
    if signature is COLUMNS:  # one wrong value beside right ones
        row = st.builds(lambda name, value: {**ROW, name: value}, st.sampled_from(list(ROW)), VALUES)
    forms = {
        "dataframe_records": st.lists(row, max_size=3),
        "instances": st.lists(row | VALUES, max_size=3),
        "inputs": VALUES
        | row
        | st.fixed_dictionaries({name: st.lists(VALUES, max_size=3) for name in names}),
    }
    params = {"params": st.dictionaries(st.sampled_from(["k", "t", "u"]), VALUES)}
    return st.one_of([st.fixed_dictionaries({name: form}, optional=params) for name, form in forms.items()])


@pytest.mark.slow
@pytest.mark.parametrize("signature", ALL, ids=NAMES)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_no_values_are_an_error_of_the_servers(signature: Signature | None, data: st.DataObject) -> None:
    model = served(signature)
    body = data.draw(bodies(signature))
    with suppress(Refused, SchemaError):
        encode(model.predict(decode("application/json", json.dumps(body).encode(), signature)))


def test_a_small_parquet_that_becomes_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    pd.DataFrame({"a": [1.0] * 1000, "b": [2.0] * 1000}).to_parquet(file)
    reached(None, file.getvalue(), wire.PARQUET)
    monkeypatch.setattr(wire, "MOST_VALUES", 1999)
    with pytest.raises(Refused, match="the table has 2000 values, and may have 1999") as refused:
        reached(None, file.getvalue(), wire.PARQUET)
    assert refused.value.status == 413
