"""Plain Python as a model: a function, or an object of a class that has ``predict``.

code/        the module that defines it, and what that imports
loader/      how MLflow loads it: a copy of `mlflowloader`
state.skops  what the object holds, which is data only

Loading runs that module, so it is done only for a name that the caller trusts.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .base import flavor_for
from .code import FOLDER as CODE
from .code import collect
from .errors import ModelError, ModelNotLoadable, ModelNotSaved, ModelUntrusted
from .folder import inside
from .mlflowloader import made
from .script import part_of
from .trust import Trust

_STATE = "state.skops"
_LOADERS = "loader"
_LOADER = "autolog_predictor_1"  # the number changes with the loader: MLflow imports one of a name only


class FunctionFlavor:
    name = "predictor"
    requires: tuple[str, ...] = ()

    def handles(self, model: object) -> bool:
        return isinstance(model, FunctionType)

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        for name, held in _values_used(model):
            if flavor_for(held) is not None:
                raise ModelNotSaved(
                    f"{model.__qualname__} uses a {type(held).__name__} ({name}), and of a function only "
                    f"its code is kept; save an object that holds it and has a method predict"
                )
        return _sections(_written_code(model, folder))

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        module, name = str(facts.get("module")), str(facts.get("name"))
        path = inside(folder, facts["state"]) if "state" in facts else None
        state = _judged(f"{module}.{name}", path, trust)
        try:
            found = trust.find(module, name)
            return made(found, state) if isinstance(found, type) else found
        except ModelError:
            raise
        except Exception as error:  # the user's module, or class, may raise anything
            problem = f"{type(error).__name__}: {error}"
            raise ModelNotLoadable(f"{module}.{name} cannot be made here: {problem}") from error

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        ask = model.predict if _has_predict(model) else model
        return ask(data, **params)


class ObjectFlavor(FunctionFlavor):
    """Under the same name, since both are loaded by the same code; what an object holds needs more."""

    requires: tuple[str, ...] = ("skops>=0.16",)  # what MLflow reads the state with

    def handles(self, model: object) -> bool:
        return not isinstance(model, type) and _has_predict(model)

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        from .skopsfile.tried import write_tried

        state = _state_of(model)
        facts = _written_code(type(model), folder)
        if state is not None:
            write_tried(state, folder / _STATE)
            facts["state"] = _STATE
        return _sections(facts)


def _has_predict(model: object) -> bool:
    return callable(getattr(type(model), "predict", None))


def _sections(facts: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {"predictor": facts, "python_function": {"loader_module": _LOADER, "code": _LOADERS}}


def _written_code(thing: Any, folder: Path) -> dict[str, Any]:
    """What MLflow needs, and the source of what is defined in a script; which module and name to look for.

    Modules of the user's are copied by the core.
    """
    module, script = origin(thing)
    (folder / _LOADERS).mkdir()
    loader = Path(__file__).with_name("mlflowloader.py").read_bytes()
    (folder / _LOADERS / f"{_LOADER}.py").write_bytes(loader)
    if script is not None:
        (folder / CODE).mkdir()
        source = part_of(script, thing.__qualname__.partition(".")[0])
        (folder / CODE / f"{module}.py").write_text(source, encoding="utf-8")
    elif thing.__module__ == "__main__":
        collect([module.partition(".")[0]], (), folder / CODE)
    return {"module": module, "name": thing.__qualname__}


def origin(thing: Any) -> tuple[str, Path | None]:
    """The module to import it from, and the script that this module is made of, if there is none yet."""
    module, name = thing.__module__, thing.__qualname__
    if not _is_found(thing, sys.modules.get(module), name):
        raise ModelNotSaved(
            f"{name} cannot be imported from {module} by that name, as lambdas and inner functions cannot; "
            f"define it at the top level of a module"
        )
    if module != "__main__":
        return module, None
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    if spec is not None and spec.parent:  # python -m package.module
        return spec.name, None
    if file is None or not Path(file).is_file():
        raise ModelNotSaved(
            f"{name} is defined in a notebook or an interactive session, where no other process finds it; "
            f"write it into a module, as {name.partition('.')[0].lower()}.py, and import it from there"
        )
    return re.sub(r"\W|^(?=\d)", "_", Path(file).stem), Path(file)


def _is_found(thing: Any, found: Any, name: str) -> bool:
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is thing


def _values_used(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Global values that a function uses, or one of its module that it calls; and its defaults."""
    waiting, seen = [function], set[FunctionType]()
    while waiting:
        part = waiting.pop()
        seen.add(part)
        defaults = [*(part.__defaults__ or ()), *(part.__kwdefaults__ or {}).values()]
        yield from (("a default", value) for value in defaults)
        for name in _names(part.__code__) & part.__globals__.keys():
            value = part.__globals__[name]
            if isinstance(value, FunctionType) and value.__globals__ is part.__globals__:
                waiting.extend({value} - seen)
            elif not isinstance(value, (FunctionType, ModuleType, type)):
                yield name, value


def _names(code: CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _state_of(model: Any) -> Any:
    """What the object holds: what it gives to be pickled, or None for nothing."""
    cls: Any = type(model)
    if any(base.__module__.startswith("mlflow.") for base in cls.__mro__):
        raise ModelNotSaved(f"{cls.__name__} is a class of MLflow's; save it with mlflow.pyfunc.save_model")
    if cls.__reduce__ is not object.__reduce__ or cls.__reduce_ex__ is not object.__reduce_ex__:
        raise ModelNotSaved(
            f"{cls.__name__} says by __reduce__ how it is made; __getstate__ is what is asked here"
        )
    try:
        cls.__new__(cls)
        state = model.__getstate__()
    except Exception as error:  # the user's, both
        raise ModelNotSaved(f"{cls.__name__}: {type(error).__name__}: {error}") from error
    return None if isinstance(state, dict) and not state else state


def _judged(name: str, path: Path | None, trust: Trust) -> Any:
    """The state, which is data; raises ModelUntrusted with all names, the model's own included."""
    from .skopsfile.read import read

    refused: tuple[str, ...] = () if trust.allows(name) else (name,)
    state = None
    try:
        state = read(path, trust) if path is not None else None
    except ModelUntrusted as error:
        if not error.types:
            raise
        refused += error.types
    if refused:
        listed = ", ".join(f'"{one}"' for one in refused)
        raise ModelUntrusted(
            f"the model is Python code, which loading runs: {', '.join(refused)}. Read it, and if you trust "
            f"it, load with trust=[{listed}]",
            refused,
        )
    return state


functions, objects = FunctionFlavor(), ObjectFlavor()
