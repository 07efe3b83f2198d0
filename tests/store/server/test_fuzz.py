"""Requests made at random from the server's own description: none may be too much for it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.store.server.serving import Server

pytestmark = pytest.mark.slow

ODD = [
    None,
    1,
    -1,
    "x",
    [],
    {},
    True,
    1e308,
    "NaN",
    1 << 63,
    "\0",
    "é" * 300,
    "../..",
    "a/b",
    1 << 200,
    "\U0001f600",
]
TEXTS = [
    "0", "1", "x", "name", "", "m-" + "a" * 32, "a" * 32, "metrics.a > 1", "tags.x = 'y'", "name desc",
    "../x", "a\0b", "models:/x/1", "runs:/x/model", "eyJvZmZzZXQiOiAyfQ==", "%", "'", "é", "x" * 260, "1e5",
    "inf", "[1,2]",
]  # fmt: skip
NUMBERS = [0, 1, 5, -1, 1 << 31, 1 << 62, (1 << 63) - 1, -(1 << 63), 1_700_000_000_000]


class Requests:
    """Random requests for the operations of a document."""

    def __init__(self, document: Any, seed: int, known: list[str]) -> None:
        self._random = random.Random(seed)
        self._document = document
        self._texts = [*TEXTS, *known * 5]

    def each(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """One for each operation: method, path, and what goes with it."""
        for path, operations in self._document["paths"].items():
            for method, operation in operations.items():
                yield method.upper(), *self._filled(path, method, operation)

    def _filled(self, path: str, method: str, operation: Any) -> tuple[str, dict[str, Any]]:
        query: dict[str, list[str]] = {}
        for parameter in operation["parameters"]:
            name, text = parameter["name"], self._text()
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", quote(text, safe=self._random.choice(["", "/"])))
            elif self._random.random() < 0.8:
                query[name] = [self._text() for _ in range(self._random.randint(1, 2))]
        given: dict[str, Any] = {"params": query}
        if "requestBody" in operation:
            ((kind, content),) = operation["requestBody"]["content"].items()
            body = json.dumps(self._value(content["schema"], 0)).encode()
            given |= {"data": body, "headers": {"Content-Type": kind}}
        elif method in ("put", "post", "patch"):
            body = self._random.randbytes(30)
            given |= {"data": body, "headers": {"Content-Type": "application/octet-stream"}}
        return path, given

    def _text(self) -> str:
        return self._random.choice(self._texts)

    def _value(self, schema: Mapping[str, Any], depth: int) -> Any:
        if self._random.random() < 0.06:
            return self._random.choice(ODD)
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._value(self._document["components"]["schemas"][name], depth + 1)
        for choices in (schema.get("anyOf"), schema.get("enum")):
            if choices:
                chosen = self._random.choice(choices)
                return self._value(chosen, depth + 1) if isinstance(chosen, dict) else chosen
        return self._plain(schema, depth)

    def _plain(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object":
            fields = schema.get("properties", {}).items()
            return {name: self._value(one, depth + 1) for name, one in fields if self._random.random() < 0.85}
        if kind == "array":
            count = self._random.randint(0, 3) if depth < 8 else 0
            return [self._value(schema.get("items", {}), depth + 1) for _ in range(count)]
        plain: dict[Any, list[Any]] = {
            "integer": NUMBERS,
            "number": [0.5, -1.0, 1e300],
            "boolean": [True, False],
        }
        return None if kind == "null" else self._random.choice(plain.get(kind, self._texts))


@pytest.mark.parametrize("seed", range(3))
def test_no_request_is_too_much(shared: Server, seed: int) -> None:
    run = shared.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
    shared.post("runs/log-batch", run_id=run, metrics=[{"key": "a", "value": 1.5, "timestamp": 1}])
    model = shared.post("logged-models", experiment_id="0", name="m", source_run_id=run)["model"]["info"][
        "model_id"
    ]
    shared.ask("POST", "/api/2.0/mlflow/registered-models/create", json={"name": "reg"})
    made = Requests(shared.ask("GET", "/openapi.json").json(), seed, [run, model, "reg"])
    answers: dict[int, int] = {}
    for method, path, given in made.each():
        with _asked(shared, method, path, given) as response:
            assert response.status_code < 500 or response.status_code == 501, (
                method,
                path,
                given,
                response.text,
            )
            answers[response.status_code] = answers.get(response.status_code, 0) + 1
    assert answers.keys() >= {200, 400, 404}


def _asked(server: Server, method: str, path: str, given: Mapping[str, Any]) -> requests.Response:
    return server.ask(method, path, stream=True, **given)
