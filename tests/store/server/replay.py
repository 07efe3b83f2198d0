"""Playing recorded requests against a server, and making its answers comparable.

A recording is a list of requests, as the files in ``recorded/`` have them. Ids that one answer
gives and later requests need go by a name, in the requests and in the answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import requests
import yaml

RECORDED = Path(__file__).parent / "recorded"

_TIMES = re.compile(r"(creation|last_updated?|created|updated|start|end)_?(time|timestamp)(_ms)?|timestamp")
_RECENT = 1_750_000_000_000  # milliseconds; the recordings' own times are older
_UNORDERED = ("tags", "params", "metrics", "aliases", "files")
_OF_EXPERIMENTS = ("experiment_id", "artifact_uri", "artifact_location", "root_uri", "source", "message")
_HEX = re.compile(r"\b(m-)?[0-9a-f]{32}\b")


class Step(NamedTuple):
    """One request and what is kept of its answer, by name and path."""

    method: str
    path: str
    fields: Any
    keep: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {json.dumps(self.fields)}"


class Answer(NamedTuple):
    status: int
    body: Any


def recordings() -> dict[str, list[Step]]:
    """All of them by name: the file's and that of the sequence in it."""
    found = {}
    for file in sorted(RECORDED.glob("*.yaml")):
        for name, steps in yaml.safe_load(file.read_text()).items():
            found[f"{file.stem}: {name}"] = [_step(dict(step)) for step in steps]
    return found


def _step(written: dict[str, Any]) -> Step:
    keep = written.pop("keep", {})
    ((request, fields),) = written.items()
    method, _, path = request.partition(" ")
    return Step(method, path, fields, keep)


def play(steps: list[Step], url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
    """The answers of the server at ``url``, with names for ids and without times of its own."""
    names: dict[str, str] = {}
    with requests.Session() as session:
        session.headers.update(headers)
        for step in steps:
            response = _send(session, url, step, names)
            body = _body(response)
            for name, path in step.keep.items():
                names[name] = _part(body, path)
            yield Answer(response.status_code, _comparable(body, names))


def _send(session: requests.Session, url: str, step: Step, names: Mapping[str, str]) -> requests.Response:
    path, fields = _filled(step.path, names), _filled(step.fields, names)
    prefix = "" if path.startswith("/") else "/api/2.0/" if path.startswith("mlflow-") else "/api/2.0/mlflow/"
    where = {"params": fields} if step.method == "GET" else {"json": fields}
    if isinstance(fields, str):
        where = {"data": fields.encode()}
    return session.request(step.method, f"{url}{prefix}{path}", timeout=60, allow_redirects=False, **where)


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    """``value`` with the ids that the names in it stand for."""
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: names[match[1]], value)
    if isinstance(value, dict):
        return {key: _filled(item, names) for key, item in value.items()}
    return [_filled(item, names) for item in value] if isinstance(value, list) else value


def _body(response: requests.Response) -> Any:
    """What the answer says: JSON as such, anything else as a text."""
    try:
        return response.json()
    except ValueError:
        return response.text


def _part(body: Any, path: str) -> str:
    for key in path.split("."):
        body = body[int(key) if key.isdigit() else key]
    assert isinstance(body, str)
    return body


def _comparable(value: Any, names: Mapping[str, str], key: str = "") -> Any:
    """Without what differs from one server to the next, or from one time to the next."""
    if isinstance(value, dict):
        return {name: _comparable(item, names, name) for name, item in value.items()}
    if isinstance(value, list):
        return _list([_comparable(item, names, key) for item in value], key)
    if isinstance(value, str):
        return _HEX.sub("<id>", _named(value, names, key))
    if isinstance(value, int) and _TIMES.fullmatch(key) and value > _RECENT:
        return "<time>"
    return value


def _list(items: list[Any], key: str) -> Any:
    """A list in its order, where that means something; else by the keys that its items have.

    Several values of one metric are a history, in its order.
    """
    if key not in _UNORDERED:
        return items
    keys = [item.get("key") for item in items if isinstance(item, dict)]
    if len(set(keys) - {None}) == len(items):
        return dict(zip(keys, items, strict=True))
    return items if any(keys) else sorted(items, key=str)


def _named(text: str, names: Mapping[str, str], key: str) -> str:
    """Ids as their names; short ones, of experiments, only where nothing else can be meant."""
    for name, id in sorted(names.items(), key=lambda item: -len(item[1])):
        if not id.isdigit() or key in _OF_EXPERIMENTS:
            text = re.sub(rf"(?<![\w-]){re.escape(id)}(?![\w-])", f"${{{name}}}", text)
    return text


class Difference(NamedTuple):
    """A place in two answers, and what is there: None for nothing."""

    place: str
    theirs: Any
    ours: Any


def differences(theirs: Any, ours: Any, place: str = "") -> Iterator[Difference]:
    """Where two answers differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in {**theirs, **ours}:
            yield from differences(theirs.get(key), ours.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for pair in zip(theirs, ours, strict=True):
            yield from differences(*pair, f"{place}[]")
    elif theirs != ours or type(theirs) is not type(ours):
        yield Difference(place, theirs, ours)
