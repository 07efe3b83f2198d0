"""A signature as MLflow writes it into MLmodel, and what MLflow's words leave out of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .types import SCALARS, Array, Column, DataType, Map, Object, Param, Property, Signature, Specs, Tensor


def to_mlflow(signature: Signature) -> dict[str, str | None]:
    """The section ``signature`` of MLmodel: JSON texts inside of YAML."""
    return {
        "inputs": _dump(signature.inputs),
        "outputs": _dump(signature.outputs),
        "params": json.dumps([_param(param) for param in signature.params]) if signature.params else None,
    }


def exact_facts(signature: Signature) -> dict[str, list[dict[str, Any]]]:
    """By inputs and outputs, the columns of which pandas' own name says more than MLflow's type."""
    found = {"inputs": _exact_of(signature.inputs), "outputs": _exact_of(signature.outputs)}
    return {side: facts for side, facts in found.items() if facts}


def from_mlflow(
    section: Mapping[str, Any], exact: Mapping[str, Any] | None = None, notes: Iterable[str] = ()
) -> Signature:
    """The signature that such a section, and `exact_facts`, were made of.

    Raises ValueError for what is none.
    """
    exact = exact or {}
    try:
        inputs, outputs = (
            _completed(_parse(section.get(side)), exact.get(side, ())) for side in ("inputs", "outputs")
        )
        params = tuple(_parsed_param(param) for param in json.loads(section.get("params") or "[]"))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"this is no signature: {type(error).__name__}: {error}") from error
    return Signature(inputs, outputs, params, tuple(map(str, notes)))


def _dump(specs: Specs | None) -> str | None:
    return None if specs is None else json.dumps([_spec(spec) for spec in specs])


def _spec(spec: Column | Tensor) -> dict[str, Any]:
    name = {} if spec.name is None else {"name": spec.name}
    if isinstance(spec, Tensor):
        return {"type": "tensor", "tensor-spec": {"dtype": spec.dtype, "shape": list(spec.shape)}, **name}
    return {**_type(spec.type), **name, "required": spec.required}


def _type(kind: DataType) -> dict[str, Any]:
    match kind:
        case Array(items):
            return {"type": "array", "items": _type(items)}
        case Object(properties):
            held = {entry.name: {**_type(entry.type), "required": entry.required} for entry in properties}
            return {"type": "object", "properties": held}
        case Map(values):
            return {"type": "map", "values": _type(values)}
    return {"type": kind}


def _param(param: Param) -> dict[str, Any]:
    shape = None if param.shape is None else list(param.shape)
    return {"name": param.name, "default": param.default, "shape": shape, "type": param.type}


def _exact_of(specs: Specs | None) -> list[dict[str, Any]]:
    return [_exact(spec) for spec in specs or () if isinstance(spec, Column) and spec.dtype]


def _exact(column: Column) -> dict[str, Any]:
    categories = {"categories": list(column.categories)} if column.categories else {}
    return {"name": column.name, "dtype": column.dtype, **categories}


def _completed(specs: Specs | None, exact: Iterable[Mapping[str, Any]]) -> Specs | None:
    more = {facts["name"]: facts for facts in exact}
    return specs if specs is None or not more else tuple(_with(spec, more) for spec in specs)


def _with(spec: Any, more: Mapping[Any, Mapping[str, Any]]) -> Any:
    facts = more.get(spec.name)
    if facts is None or not isinstance(spec, Column):
        return spec
    categories = tuple(facts.get("categories", ()))
    return Column(spec.type, spec.name, spec.required, str(facts["dtype"]), categories)


def _parse(text: str | None) -> Specs | None:
    if text is None:
        return None
    specs = json.loads(text)
    if specs and specs[0]["type"] == "tensor":
        return tuple(_tensor(spec) for spec in specs)
    return tuple(
        Column(_parsed_type(spec), spec.get("name"), bool(spec.get("required", True))) for spec in specs
    )


def _tensor(spec: Mapping[str, Any]) -> Tensor:
    shape = tuple(int(length) for length in spec["tensor-spec"]["shape"])
    return Tensor(str(spec["tensor-spec"]["dtype"]), shape, spec.get("name"))


def _parsed_type(spec: Mapping[str, Any]) -> DataType:
    match spec["type"]:
        case "array":
            return Array(_parsed_type(spec["items"]))
        case "object":
            held = sorted(spec["properties"].items())
            return Object(tuple(Property(n, _parsed_type(p), bool(p.get("required", True))) for n, p in held))
        case "map":
            return Map(_parsed_type(spec["values"]))
        case "sparkml_vector":
            return Array("double")
        case kind if kind in SCALARS:
            return str(kind)
    raise ValueError(f"there is no type {spec['type']!r}")


def _parsed_param(param: Mapping[str, Any]) -> Param:
    shape = param.get("shape")
    return Param(param["name"], param["type"], param.get("default"), None if shape is None else tuple(shape))
