"""The service described in OpenAPI 3.1, with the schema and the example of the model itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..examples import SERVING_FILE
from ..schema import Array, Column, Map, Object, Param, Signature, Tensor
from ..schema.types import DataType, Specs
from .wire import CSV, JSON, PARQUET

_JSON_TYPES: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "format": "int32"},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "float"},
    "double": {"type": "number", "format": "double"},
    "string": {"type": "string"},
    "binary": {"type": "string", "contentEncoding": "base64"},
    "datetime": {"type": "string", "format": "date-time"},
    "any": {},
}


def describe(signature: Signature | None, folder: Path, version: str, *, token: bool) -> dict[str, Any]:
    """The document that ``/openapi.json`` answers with."""
    signature = signature or Signature()
    schema = {"oneOf": _bodies(signature)}
    example = _example(folder)
    content: dict[str, Any] = {JSON: {"schema": schema, **({"example": example} if example else {})}}
    if not signature.inputs or isinstance(signature.inputs[0], Column):
        content |= {CSV: {"schema": {"type": "string"}}, PARQUET: {"schema": {"type": "string"}}}
    invocations = {
        "summary": "Predict",
        "requestBody": {"required": True, "content": content},
        "responses": _responses(signature),
    }
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "autolog model", "version": version},
        "paths": {
            "/invocations": {"post": invocations},
            **{path: {"get": _plain_get(text)} for path, text in _OTHERS.items()},
        },
    }
    if token:
        document["components"] = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
        document["security"] = [{"bearer": []}]
    return document


_OTHERS = {
    "/ping": "Whether the model is loaded",
    "/health": "Whether the model is loaded",
    "/version": "The version of autolog",
    "/metrics": "Counters for Prometheus",
    "/openapi.json": "This document",
}


def _plain_get(text: str) -> dict[str, Any]:
    return {"summary": text, "responses": {"200": {"description": text}}}


def _responses(signature: Signature) -> dict[str, Any]:
    predictions = _answers(signature.outputs)
    answer = {"type": "object", "properties": {"predictions": predictions}, "required": ["predictions"]}
    error = {
        "type": "object",
        "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
        "required": ["error_code", "message"],
    }
    said = {
        "400": "The data is not what the model takes",
        "401": "The token is missing or wrong",
        "403": "The host name is none of this server's",
        "408": "The body took too long",
        "413": "The request is too large",
        "415": "The content type is missing, or not read here",
        "500": "The model failed",
        "503": "Too many requests are waiting",
        "504": "The model took too long",
    }
    failed = {
        status: {"description": text, "content": {JSON: {"schema": error}}} for status, text in said.items()
    }
    return {"200": {"description": "The predictions", "content": {JSON: {"schema": answer}}}, **failed}


def _bodies(signature: Signature) -> list[dict[str, Any]]:
    """One schema for each form that a body may have."""
    inputs = signature.inputs
    params = _params(signature.params)
    if inputs is None:
        forms: dict[str, dict[str, Any]] = {
            name: {} for name in ("dataframe_split", "dataframe_records", "instances", "inputs")
        }
    elif isinstance(inputs[0], Tensor):
        forms = {"inputs": _tensors(inputs), "instances": {"type": "array"}}
    else:
        rows = {"type": "array", "items": _row(inputs)}
        forms = {
            "dataframe_split": _split(inputs),
            "dataframe_records": rows,
            "instances": {"type": "array"},
            "inputs": {"type": ["array", "object"]},
        }
    return [
        {"type": "object", "properties": {name: form, **params}, "required": [name]}
        for name, form in forms.items()
    ]


def _split(columns: Specs) -> dict[str, Any]:
    needed = [spec.name for spec in columns if isinstance(spec, Column) and spec.required]
    names: dict[str, Any] = {"type": "array", "items": {"type": ["string", "integer"]}}
    if needed and None not in needed:
        names["allOf"] = [{"contains": {"const": name}} for name in needed]
    data = {"type": "array", "items": {"type": "array"}}
    return {"type": "object", "properties": {"columns": names, "data": data}, "required": ["data"]}


def _answers(outputs: Specs | None) -> dict[str, Any]:
    if outputs is None or isinstance(outputs[0], Tensor):
        shape = outputs[0].shape if outputs and isinstance(outputs[0], Tensor) else (-1,)
        item = _of_dtype(outputs[0].dtype) if outputs and isinstance(outputs[0], Tensor) else {}
        return _nested(item, len(shape))
    if len(outputs) == 1 and outputs[0].name is None:
        return {"type": "array", "items": _of(outputs[0].type)}
    return {"type": "array", "items": _row(outputs)}


def _row(columns: Specs) -> dict[str, Any]:
    held = {str(spec.name): _column(spec) for spec in columns if isinstance(spec, Column)}
    required = [str(spec.name) for spec in columns if isinstance(spec, Column) and spec.required]
    return {"type": "object", "properties": held, "required": required}


def _column(column: Column) -> dict[str, Any]:
    """A value that may be missing may be null, and so may those that pandas has a missing one of."""
    schema = _of(column.type)
    if column.required and column.type not in ("float", "double", "string", "datetime"):
        return schema
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else schema


def _of(kind: DataType) -> dict[str, Any]:
    match kind:
        case Array(items):
            return {"type": "array", "items": _of(items)}
        case Map(values):
            return {"type": "object", "additionalProperties": _of(values)}
        case Object(properties):
            held = {entry.name: _of(entry.type) for entry in properties}
            required = [entry.name for entry in properties if entry.required]
            return {"type": "object", "properties": held, "required": required}
    return _JSON_TYPES[kind]


def _tensors(specs: Specs) -> dict[str, Any]:
    arrays = {spec.name: _tensor(spec) for spec in specs if isinstance(spec, Tensor)}
    if None in arrays:
        return arrays[None]
    return {"type": "object", "properties": arrays, "required": list(arrays)}


def _tensor(spec: Tensor) -> dict[str, Any]:
    schema = _of_dtype(spec.dtype)
    for length in reversed(spec.shape):
        fixed = {} if length < 0 else {"minItems": length, "maxItems": length}
        schema = {"type": "array", "items": schema, **fixed}
    return schema


def _of_dtype(dtype: str) -> dict[str, Any]:
    if dtype.startswith("float"):
        return {"type": ["number", "null"], "format": "double"}
    for beginning, kind in (("int", "long"), ("uint", "long"), ("bool", "boolean")):
        if dtype.startswith(beginning):
            return _JSON_TYPES[kind]
    return _JSON_TYPES["string"] if dtype == "str" else {}


def _nested(item: dict[str, Any], depth: int) -> dict[str, Any]:
    return item if depth <= 0 else {"type": "array", "items": _nested(item, depth - 1)}


def _params(params: tuple[Param, ...]) -> dict[str, Any]:
    held = {param.name: {**_param(param), "default": param.default} for param in params}
    return {"params": {"type": "object", "properties": held}} if held else {}


def _param(param: Param) -> dict[str, Any]:
    one = _JSON_TYPES.get(param.type, {})
    return one if param.shape is None else {"type": "array", "items": one}


def _example(folder: Path) -> Any:
    try:
        return json.loads((folder / SERVING_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
