"""The arguments that a user's class was called with, where that is sure, as JSON values."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from inspect import Parameter
from typing import Any

_TUPLE = "()"
_LIGHTNINGS = ("_class_path", "_instantiator")  # notes that its command line leaves among the arguments


class NotKnown(Exception):
    """The arguments of a class are not known, or not all of them; says why."""


def arguments_of(module: Any) -> dict[str, Any]:
    """What its class was called with: nothing, or what Lightning's ``save_hyperparameters`` kept.

    Raises NotKnown: an argument that has a default may have been given another value.
    """
    try:
        parameters = inspect.signature(type(module)).parameters
    except (TypeError, ValueError) as error:
        raise NotKnown(str(error)) from error
    hparams = getattr(module, "hparams_initial", None)
    kept = dict(hparams) if isinstance(hparams, Mapping) else {}
    for note in _LIGHTNINGS:
        kept.pop(note, None)
    name = getattr(module, "_hparams_name", None)
    if name in parameters and name not in kept:  # the one argument whose entries were kept
        kept = {name: dict(kept)}
    kinds = {parameter.kind for parameter in parameters.values()}
    if Parameter.VAR_POSITIONAL in kinds:
        raise NotKnown("it takes any number of arguments")
    named = {key for key, parameter in parameters.items() if parameter.kind is not Parameter.VAR_KEYWORD}
    if lacking := sorted(named - kept.keys()):
        raise NotKnown(f"the value of {', '.join(lacking)} is not kept in its hparams")
    wanted = kept if Parameter.VAR_KEYWORD in kinds else {key: kept[key] for key in parameters}
    return {str(key): as_json(value, str(key)) for key, value in wanted.items()}


def as_json(value: Any, name: str) -> Any:
    """A value as JSON has it, tuples marked. Raises NotKnown for what is none of Python's plain values."""
    try:
        return _as_json(value, name)
    except RecursionError:
        raise NotKnown(f"{name} is nested without end") from None


def _as_json(value: Any, name: str) -> Any:
    number: Any = getattr(sys.modules.get("numpy"), "number", ())
    if isinstance(value, number):
        value = value.item()
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is tuple:
        return {_TUPLE: [_as_json(item, name) for item in value]}
    if type(value) is list:
        return [_as_json(item, name) for item in value]
    if type(value) is dict and _TUPLE not in value and all(type(key) is str for key in value):
        return {key: _as_json(item, name) for key, item in value.items()}
    raise NotKnown(f"{name} is a {type(value).__name__}")


def from_json(value: Any) -> Any:
    """The value that `as_json` wrote."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if isinstance(value, Mapping):
        if value.keys() == {_TUPLE}:
            return tuple(from_json(item) for item in value[_TUPLE])
        return {str(key): from_json(item) for key, item in value.items()}
    return value
