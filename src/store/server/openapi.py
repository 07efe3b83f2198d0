"""The server's interface as an OpenAPI 3.1 document, made from the table of endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_origin, get_type_hints

import msgspec

from ..wire.endpoint import Endpoint
from .errors import JSON
from .routing import endpoints, routed

_ERROR = {
    "description": "An error",
    "content": {
        JSON: {
            "schema": {
                "type": "object",
                "properties": {
                    "error_code": {"type": "string"},
                    "error": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["message"],
            }
        }
    },
}


def describe(version: str) -> dict[str, Any]:
    """The document; ``version`` is that of this package."""
    table = [(endpoint, path) for endpoint, _, paths in endpoints() for path in paths]
    kinds = [kind for endpoint, _ in table for kind in (endpoint.request, endpoint.response)]
    written, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    schemas = iter(written)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint, path in table:
        paths.setdefault(_plain(path), {})[endpoint.method.lower()] = _operation(
            endpoint, next(schemas), next(schemas)
        )
    for method, path, _ in routed():
        paths.setdefault(_plain(path), {})[method.lower()] = _bytes(path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "autolog", "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _operation(endpoint: Endpoint[Any, Any], asked: Any, answered: Any) -> dict[str, Any]:
    given = list(_path_parameters(endpoint.path))
    operation: dict[str, Any] = {"parameters": given}
    if endpoint.method == "GET":
        operation["parameters"] = [*given, *_query(endpoint, {one["name"] for one in given})]
    else:
        operation["requestBody"] = {"content": {JSON: {"schema": asked}}}
    operation["responses"] = {
        "200": {"description": "The answer", "content": {JSON: {"schema": answered}}},
        "default": _ERROR,
    }
    return operation


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for part in path.split("{")[1:]:
        name = part.partition("}")[0].partition(":")[0]
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(endpoint: Endpoint[Any, Any], given: set[str]) -> Iterator[dict[str, Any]]:
    for name, hint in get_type_hints(endpoint.request).items():
        if name not in given:
            plain = {"type": "array", "items": {"type": "string"}} if get_origin(hint) is list else {}
            yield {"name": name, "in": "query", "schema": plain or {"type": "string"}}


def _bytes(path: str) -> dict[str, Any]:
    """What takes or gives a body that is no JSON."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {
        "parameters": list(_path_parameters(path)),
        "responses": {"200": {"description": "The answer", "content": content}, "default": _ERROR},
    }


def _plain(path: str) -> str:
    """``{path:path}`` as OpenAPI writes it."""
    return path.replace(":path}", "}").replace(":int}", "}")
