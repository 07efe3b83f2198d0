"""The routes, the forms of a body, and the status of everything that can be wrong with one."""

from __future__ import annotations

import io
import json
import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autolog
from autolog.flavors.schema import SchemaError
from autolog.flavors.serving.guard import Limits
from autolog.flavors.serving.wire import Refused, decode, encode
from tests.flavors.serving.serving import ONE, ROWS, Server, running, serving, until

ANSWER = [2.0, 2.0, 6.0]
RECORDS = ROWS.to_dict("records")
FORMS = [
    {"dataframe_split": {"columns": ["a", "b"], "data": ROWS.to_numpy().tolist()}},
    {"dataframe_split": {"columns": ["b", "a"], "data": ROWS[["b", "a"]].to_numpy().tolist()}},
    {"dataframe_split": {"columns": ["a", "b"], "index": [7, 8, 9], "data": ROWS.to_numpy().tolist()}},
    {"dataframe_split": {"data": ROWS.to_numpy().tolist()}},
    {"dataframe_records": RECORDS},
    {"dataframe_records": [{**row, "more": "x"} for row in RECORDS]},
    {"instances": RECORDS},
    {"instances": ROWS.to_numpy().tolist()},
    {"inputs": ROWS.to_dict("list")},
    {"inputs": RECORDS},
    {"inputs": ROWS.to_numpy().tolist()},
    {"dataframe_records": RECORDS, "params": {}},
]


def parquet(frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize("body", FORMS, ids=lambda body: next(iter(body)))
def test_all_forms(server: Server, body: dict[str, Any]) -> None:
    response = server.ask(body)
    assert response.status_code == 200
    assert response.json() == {"predictions": pytest.approx(ANSWER)}
    assert response.headers["content-type"] == "application/json"
    assert "server" not in response.headers


@pytest.mark.parametrize("kind", ["text/csv", "text/csv; charset=utf-8", 'Text/CSV; charset="UTF-8"'])
def test_csv(server: Server, kind: str) -> None:
    response = server.send(ROWS.to_csv(index=False), kind)
    assert response.json() == {"predictions": pytest.approx(ANSWER)}


def test_parquet(server: Server) -> None:
    response = server.send(parquet(ROWS), "application/vnd.apache.parquet")
    assert response.json() == {"predictions": pytest.approx(ANSWER)}


def test_a_large_body(server: Server) -> None:
    response = server.ask({"instances": ROWS.to_numpy().tolist() * 5_000})
    assert response.json()["predictions"] == pytest.approx(ANSWER * 5_000)


def test_nan_as_pythons_json_writes_it_is_a_number(tmp_path: Path) -> None:
    with running(serving(tmp_path / "model", lambda model, data: data["a"].fillna(-1.0))) as server:
        response = server.send(
            '{"dataframe_split": {"columns": ["a", "b"], "data": [[NaN, 1.0], [Infinity, 1.0]]}}'
        )
    assert response.text == '{"predictions":[-1.0,null]}'  # JSON has no word for infinity


BAD = [
    ("{", "is not JSON"),
    ("", "is not JSON"),
    (b"\xff\xfe", "is not JSON"),
    ('{"inputs": [[1, 2]]} x', "is not JSON"),
    ("[" * 100_000, "is not JSON"),
    ("1e999", "is not JSON"),
    ('{"inputs": NaN, ', "is not JSON"),
    ("[[1, 2]]", "must be a JSON object with one of dataframe_split,"),
    ("null", "must be a JSON object"),
    ("{}", "exactly one of dataframe_split, dataframe_records, instances, inputs; it holds 0"),
    ('{"inputs": [[1, 2]], "instances": [[1, 2]]}', "it holds 2"),
    ('{"inputs": [[1, 2]], "data": 1}', "it holds 1, and 'data' is none of them"),
    ('{"inputs": [[1, 2]], "params": [1]}', "params must be a JSON object"),
    ('{"inputs": 1}', "inputs must be a list of rows"),
    ('{"instances": {"a": 1}}', "instances must be a list"),
    ('{"instances": [{"a": 1}, 2]}', "instances must all be objects, or all be lists"),
    ('{"dataframe_records": {"a": [1]}}', "dataframe_records must be a list of objects"),
    ('{"dataframe_records": [[1, 2]]}', "dataframe_records must be a list of objects"),
    ('{"dataframe_split": [[1, 2]]}', "dataframe_split must be an object"),
    ('{"dataframe_split": {"columns": ["a", "b"]}}', "dataframe_split must be an object"),
    ('{"dataframe_split": {"columns": "ab", "data": []}}', "a list of different names"),
    ('{"dataframe_split": {"columns": ["a", "a"], "data": []}}', "a list of different names"),
    ('{"dataframe_split": {"columns": [["a"], "b"], "data": []}}', "a list of different names"),
    ('{"inputs": [[1, 2], [1]]}', "row 1 has 1 values, and not 2"),
    ('{"instances": [[1, 2], 1]}', "the rows must all be lists"),
    ('{"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [1]]}}', "row 1 has 1 values, and not 2"),
]


@pytest.mark.parametrize(("body", "message"), BAD)
def test_a_bad_body(server: Server, body: str | bytes, message: str) -> None:
    response = server.send(body)
    assert (response.status_code, response.json()["error_code"]) == (400, "BAD_REQUEST")
    assert message in response.json()["message"]


UNFIT = [
    ({"dataframe_records": [{"a": 1.0}]}, "the model's column 'b' is missing; there is 'a'"),
    ({"dataframe_records": [{"a": 1.0, "B": 1.0}]}, "the model's column 'b' is missing; there is 'a', 'B'"),
    ({"dataframe_records": []}, "the model's columns 'a', 'b' are missing; there is none"),
    ({"dataframe_records": [{"a": 1.0, "b": 1}, {"a": "x", "b": 1}]}, "column 'a', row 1: 'x' is no number"),
    ({"dataframe_records": [{"a": True, "b": 1}]}, "column 'a', row 0: True is no number"),
    ({"dataframe_records": [{"a": {"b": [1]}, "b": 1}]}, "column 'a', row 0: {'b': [1]} is no number"),
    ({"inputs": [[1, 2, 3]]}, "the model takes 2 columns, and this is a table of 3"),
    ({"inputs": {"a": [1, 2], "b": [1]}}, "this is no table"),
    ({"inputs": {"a": 1, "b": 1}}, "this is no table"),
    ({"inputs": [[10**400, 1]]}, "column 'a', row 0: 1000"),
    ({"inputs": [[1, 1]], "params": {"k": 3}}, "the model has no param 'k'; there is none"),
]


@pytest.mark.parametrize(("body", "message"), UNFIT)
def test_data_that_is_not_the_models(server: Server, body: dict[str, Any], message: str) -> None:
    response = server.ask(body)
    assert (response.status_code, response.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert message in response.json()["message"]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (None, b"{}", 415),
        ("", b"{}", 415),
        ("text/plain", b"{}", 415),
        ("application/json; charset=utf-16", b"{}", 415),
        ("text/csv", b"", 400),
        ("text/csv", b"\xff\xfe\x00", 400),
        ("text/csv", b'a,b\n"1,2', 400),
        ("text/csv", b"a,b\n1,2\n1,2,3\n", 400),
        ("text/csv", b"a,b\n1,x\n", 400),
        ("application/vnd.apache.parquet", b"PAR1", 400),
        ("application/vnd.apache.parquet", b"", 400),
    ],
)
def test_other_content(server: Server, kind: str | None, body: bytes, status: int) -> None:
    response = server.send(body, kind)
    assert response.status_code == status
    assert set(response.json()) == {"error_code", "message"}


def test_a_packed_body_is_not_unpacked(server: Server) -> None:
    response = server.ask(ONE, **{"Content-Encoding": "gzip"})
    assert (response.status_code, response.json()["message"]) == (415, "the encoding 'gzip' is not read here")


JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab") | st.text(max_size=3), inner)
    ),
    max_leaves=10,
)
KEYS = st.sampled_from(
    ["dataframe_split", "dataframe_records", "instances", "inputs", "params", "columns", "data"]
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=JSONS
    | st.dictionaries(KEYS, JSONS, max_size=2)
    | st.fixed_dictionaries({"dataframe_split": st.fixed_dictionaries({"columns": JSONS, "data": JSONS})})
)
def test_no_json_is_an_error_of_the_servers(server: Server, body: Any) -> None:
    served = server.service.current
    with suppress(Refused, SchemaError):
        asked = decode("application/json", json.dumps(body).encode(), served.signature)
        encode(served.predict(asked))


def test_other_routes(server: Server) -> None:
    for path in ("/ping", "/health"):
        assert (server.get(path).status_code, server.get(path).text) == (200, "\n")
    assert server.get("/version").text == autolog.__version__
    for path in ("/", "/invocations/", "/docs", "/ping/../metrics/"):
        response = server.get(path)
        assert (response.status_code, response.json()["error_code"]) == (404, "NOT_FOUND")
    response = server.get("/invocations")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def fails(model: Any, data: Any) -> Any:
    raise RuntimeError("a secret")


def test_an_error_of_the_model_is_told_to_the_log_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(serving(tmp_path / "model", fails)) as server:
        response = server.ask(ONE)
    assert response.status_code == 500
    assert response.json()["error_code"] == "INTERNAL_ERROR"
    assert "secret" not in response.text
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.args and str(record.args[0]) in response.json()["message"]
    assert record.exc_info and "a secret" in str(record.exc_info[1])


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), StopIteration(), TimeoutError(), GeneratorExit()]
)
def test_whatever_a_model_raises_the_server_goes_on(tmp_path: Path, error: BaseException) -> None:
    raised = [error]

    def predict(model: Any, data: Any) -> Any:
        if raised:
            raise raised.pop()
        return model.predict(data)

    with running(serving(tmp_path / "model", predict)) as server:
        assert server.ask(ONE).status_code == 500
        assert server.ask(ONE).json() == {"predictions": pytest.approx([2.0])}


def test_an_answer_that_has_no_form_in_json(tmp_path: Path) -> None:
    with running(serving(tmp_path / "model", lambda model, data: [object()])) as server:
        assert server.ask(ONE).status_code == 500


@pytest.mark.slow
def test_a_model_that_is_too_slow(tmp_path: Path) -> None:
    go_on = threading.Event()

    def predict(model: Any, data: Any) -> Any:
        go_on.wait(20)
        return model.predict(data)

    with running(serving(tmp_path / "model", predict), Limits(seconds=0.2)) as server:
        response = server.ask(ONE)
        assert (response.status_code, response.json()["error_code"]) == (504, "DEADLINE_EXCEEDED")
        go_on.set()
        until(lambda: server.ask(ONE).status_code == 200)
