"""Queries and bodies as the structs of `store.wire`, as protobuf's JSON allows them to be written.

https://protobuf.dev/programming-guides/json: names in snake_case or camelCase, 64-bit numbers
also as texts, null for what is not set; unknown names are passed over, as MLflow does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar, get_origin, get_type_hints

import msgspec

from .errors import Refused, absence, invalid

T = TypeVar("T", bound=msgspec.Struct)

_WHERE = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)
_ABSENT = re.compile(r"Object missing required field `(\w+)`.*", re.DOTALL)


class Reader(Generic[T]):
    """Reads requests of one kind."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind, strict=False)
        self._lists = {name for name, hint in get_type_hints(kind).items() if get_origin(hint) is list}
        self._camel = [f'"{camel}"'.encode() for camel in sorted(_camel_names(kind))]

    def body(self, body: bytes, given: Mapping[str, Any]) -> T:
        """The request in a JSON body; ``given`` are the fields that the path holds. Raises Refused."""
        if not given and not any(name in body for name in self._camel):
            try:
                return self._decoder.decode(body or b"{}")
            except msgspec.DecodeError:
                pass  # null and NaN, which the slow way knows, or an error, which it explains
        document = _document(body or b"{}")
        if not isinstance(document, dict):
            raise invalid("the body must be a JSON object")
        return self._converted({**_plain(document), **given})

    def query(self, query: Iterable[tuple[str, str]], given: Mapping[str, Any]) -> T:
        """The request in a query, where a list is a name that comes several times. Raises Refused."""
        fields: dict[str, Any] = {}
        for name, value in query:
            name = _snake(name)
            if name in self._lists:
                fields.setdefault(name, []).append(value)
            else:
                fields[name] = value
        return self._converted({**fields, **given})

    def _converted(self, fields: dict[str, Any]) -> T:
        try:
            return msgspec.convert(fields, self._kind, strict=False)
        except msgspec.ValidationError as error:
            raise _explained(error) from None


def _document(body: bytes) -> Any:
    """What JSON says, with the NaN and Infinity of Python's json."""
    try:
        text = body.decode()
        if "\\ud" in text.lower():  # halves of characters, which nothing could be done with
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise invalid(f"the body is not JSON: {error}") from None


def _plain(value: Any) -> Any:
    """Without nulls, and all names in snake_case. Raises Refused for a name given twice."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    fields: dict[str, Any] = {}
    for name, item in value.items():
        if item is None:
            continue
        if _snake(name) in fields:
            raise invalid(f"{_snake(name)!r} is given twice, also as {name!r}")
        fields[_snake(name)] = _plain(item)
    return fields


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)


def _camel_names(kind: Any) -> set[str]:
    """The camelCase names that differ from ours, of a struct and all that it holds."""
    names = {field for struct in _structs(kind, set()) for field in struct.__struct_fields__}
    camel = {name: re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name) for name in names}
    return {camel[name] for name in names if camel[name] != name}


def _structs(hint: Any, seen: set[Any]) -> set[Any]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint not in seen:
        seen.add(hint)
        for field in get_type_hints(hint).values():
            _structs(field, seen)
    for argument in getattr(hint, "__args__", ()):
        _structs(argument, seen)
    return seen


def _explained(error: msgspec.ValidationError) -> Refused:
    absent = _ABSENT.fullmatch(str(error))
    if absent is not None:
        return absence(absent[1])
    found = _WHERE.fullmatch(str(error))
    if found is not None and found[1].endswith("of length >= 1"):
        return absence(found[2])
    if found is None:
        return invalid(f"the request cannot be read: {error}")
    what = found[1][0].lower() + found[1][1:]
    return invalid(f"Invalid value for parameter '{found[2]}' supplied: {what}")
