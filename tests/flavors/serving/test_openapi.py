"""The description says what the server takes, and its example is one that it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import autolog
from autolog.flavors.schema import Column, Param, Signature, Tensor
from autolog.flavors.serving.openapi import describe
from autolog.flavors.serving.service import Service
from tests.flavors.serving.serving import ROWS, Server, running


def body_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    return found["application/json"]


def test_the_document(server: Server) -> None:
    response = server.get("/openapi.json")
    document = response.json()
    assert (response.headers["content-type"], document["openapi"]) == ("application/json", "3.1.0")
    assert document["info"] == {"title": "autolog model", "version": autolog.__version__}
    assert "security" not in document
    for path, methods in document["paths"].items():
        for method in methods:
            assert (
                getattr(server, "get" if method == "get" else "ask")(
                    *([path] if method == "get" else [{}])
                ).status_code
                != 404
            )
    assert set(document["paths"]["/invocations"]["post"]["requestBody"]["content"]) == {
        "application/json",
        "text/csv",
        "application/vnd.apache.parquet",
    }


def test_the_example_is_answered(server: Server) -> None:
    example = body_of(server.get("/openapi.json").json())["example"]
    assert example["dataframe_split"]["data"] == ROWS.to_numpy().tolist()
    assert server.ask(example).json() == {"predictions": pytest.approx([2.0, 2.0, 6.0])}


FRAMES: dict[str, Any] = {
    "dates and text": pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-01-01", "2024-02-29"]),
            "zone": pd.to_datetime(["2024-01-01", "2024-02-29"], utc=True),
            "text": ["x", None],
            "color": pd.Categorical(["red", "blue"]),
            "few": pd.array([1, None], dtype="Int64"),
            "flag": [True, False],
            "bytes": [b"a", b"b"],
            "list": [[1.0], [2.0, 3.0]],
        }
    ),
    "numbers as names": pd.DataFrame([[1.0, 2], [3.0, 4]]),
    "missing": pd.DataFrame({"a": [1.0, None]}),
    "array": np.array([[1.0, 2.0], [3.0, np.nan]]),
}


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES)
def test_examples_of_every_kind_are_answered(tmp_path: Path, data: Any) -> None:
    model = make_pipeline(FunctionTransformer(), LinearRegression())
    autolog.save_model(model, tmp_path / "model", input_example=data)
    service = Service(str(tmp_path / "model"))
    service.current.predictor._predict = lambda data: [len(data)] * len(data)
    with running(service) as server:
        example = body_of(server.get("/openapi.json").json())["example"]
        assert server.ask(example).json() == {"predictions": [2, 2]}


def test_columns() -> None:
    columns = (Column("long", "count"), Column("double", "size", required=False), Column("datetime", "day"))
    document = describe(Signature(inputs=columns), Path("nowhere"), "1", token=True)
    assert document["security"] == [{"bearer": []}] and "example" not in body_of(document)
    records = body_of(document)["schema"]["oneOf"][1]["properties"]["dataframe_records"]["items"]
    assert records == {
        "type": "object",
        "properties": {
            "count": {"type": "integer", "format": "int64"},
            "size": {"type": ["number", "null"], "format": "double"},
            "day": {"type": ["string", "null"], "format": "date-time"},
        },
        "required": ["count", "day"],
    }


def test_arrays_and_params() -> None:
    inputs = (Tensor("float32", (-1, 2), "x"), Tensor("int64", (-1,), "y"))
    signature = Signature(inputs=inputs, params=(Param("k", "long", 3), Param("w", "double", (0.5,), (-1,))))
    document = describe(signature, Path("nowhere"), "1", token=False)
    body = body_of(document)["schema"]["oneOf"][0]["properties"]
    pair = {
        "type": "array",
        "items": {"type": ["number", "null"], "format": "double"},
        "minItems": 2,
        "maxItems": 2,
    }
    assert body["inputs"]["properties"] == {
        "x": {"type": "array", "items": pair},
        "y": {"type": "array", "items": {"type": "integer", "format": "int64"}},
    }
    assert body["inputs"]["required"] == ["x", "y"]
    assert body["params"]["properties"]["k"] == {"type": "integer", "format": "int64", "default": 3}
    assert body["params"]["properties"]["w"]["type"] == "array"
    content = document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json"}
