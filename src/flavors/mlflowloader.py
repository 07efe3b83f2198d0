"""Written by autolog: how MLflow loads a function, or an object of a class with ``predict``.

A copy travels with each such model, so that it works where there is no autolog. Read what
stands beside it before you load a model of somebody else's: MLflow runs it.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Predictor:
    """What MLflow asks; ``params`` come from the signature."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self._predict = model.predict if hasattr(type(model), "predict") else model

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        return self._predict(data, **(params or {}))


def _load_pyfunc(folder: str) -> Predictor:
    """MLflow's entry. The model's own modules stay on the import path: functions may import late."""
    with open(os.path.join(folder, "MLmodel"), encoding="utf-8") as file:
        facts = importlib.import_module("yaml").safe_load(file)["flavors"]["predictor"]
    with _modules_of(os.path.join(folder, "code")):
        found: Any = importlib.import_module(facts["module"])
        for part in facts["name"].split("."):
            found = getattr(found, part)
        if not isinstance(found, type):
            return Predictor(found)
        state = _state(os.path.join(folder, facts["state"])) if "state" in facts else None
    return Predictor(made(found, state))


def _state(path: str) -> Any:
    skops = importlib.import_module("skops.io")
    return skops.load(path, trusted=skops.get_untrusted_types(file=path))


def made(cls: Any, state: Any) -> Any:
    """An object of the class, in the way in which a pickle makes one: not by ``__init__``."""
    model = cls.__new__(cls)
    if state is None:
        return model
    if hasattr(model, "__setstate__"):
        model.__setstate__(state)
        return model
    plain, slots = state if isinstance(state, tuple) else (state, None)
    if plain:
        vars(model).update(plain)
    for name, value in (slots or {}).items():
        setattr(model, name, value)
    return model


@contextmanager
def _modules_of(code: str) -> Iterator[None]:
    """Imports find this model's own modules, also when others of the same name were imported before."""
    own = {entry.removesuffix(".py") for entry in (os.listdir(code) if os.path.isdir(code) else ())}
    sys.path.insert(0, code)
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in own}
    for name in before:
        del sys.modules[name]
    try:
        yield
    finally:
        sys.modules.update(before)
