"""What MLflow calls a python_function: a model of any make, which only code can load.

Its section names a module with a function ``_load_pyfunc(path)``. One of the user's runs
when the caller has named it. MLflow's own ones load whatever the folder holds: a pickled
PythonModel, a script, the model of a framework that has no flavor here. They need
``trust="pickle"``, and MLflow itself, since what they load is made of its classes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from . import pickles
from .code import FOLDER
from .errors import ModelDamaged, ModelNotLoadable, ModelNotSaved
from .folder import inside
from .trust import Trust

NAME = "python_function"
_LOADER = "_load_pyfunc"
_import_path = RLock()


class PyfuncFlavor:
    """Loads only: what it would save, other flavors save as data."""

    name = NAME
    requires: tuple[str, ...] = ()

    def handles(self, model: object) -> bool:
        return False

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        raise ModelNotSaved(f"no model is saved as {NAME}: it could be loaded by running its code only")

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        """MLflow's PyFuncModel, or what the user's own loader gives."""
        module = facts.get("loader_module")
        if not isinstance(module, str):
            raise ModelDamaged(f"the model in {folder} does not say what loads it")
        _check_paths(folder, facts)
        if module.partition(".")[0] == "mlflow":
            pickles.allow(trust, f"the model in {folder} is loaded by {module}")
            return _by_mlflow(folder)
        return _by_users(folder, module, facts, trust)

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        return model.predict(data, params=params) if params else model.predict(data)


def _check_paths(folder: Path, facts: Mapping[str, Any]) -> None:
    """Raises ModelDamaged for a path that leaves the folder, or leads nowhere."""
    artifacts = facts.get("artifacts")
    held = list(artifacts.values()) if isinstance(artifacts, dict) else []
    named = [facts.get("data"), facts.get("python_model")]
    named += [entry.get("path") if isinstance(entry, dict) else entry for entry in held]
    for name in named:
        if name is not None:
            inside(folder, str(name), folders=True)


def _by_users(folder: Path, module: str, facts: Mapping[str, Any], trust: Trust) -> Any:
    name = f"{module}.{_LOADER}"
    trust.require(name, f"the model in {folder} is loaded by")
    place = folder if facts.get("data") is None else inside(folder, str(facts["data"]), folders=True)
    with pickles.explained(folder, folder):
        load = trust.find(module, _LOADER)
        config = facts.get("config")
        return load(str(place), config) if config else load(str(place))


def _by_mlflow(folder: Path) -> Any:
    try:
        from mlflow import pyfunc
    except ImportError as error:
        raise ModelNotLoadable(
            f"the model in {folder} is made of MLflow's own classes, and MLflow is not installed ({error}); "
            f"pip install mlflow"
        ) from error
    with _import_path, _at_its_end(folder), pickles.explained(folder, folder):
        return pyfunc.load_model(str(folder.resolve()), suppress_warnings=True)


@contextmanager
def _at_its_end(folder: Path) -> Iterator[None]:
    """MLflow puts the model's modules first on the import path of the process; afterwards they stand last.

    Raises ModelNotLoadable where others of the same names have been imported already, since
    the model would use those.
    """
    for path in sorted((folder / FOLDER).rglob("*.py")):
        _refuse_if_another(path, folder)
    before = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = before + [entry for entry in sys.path if entry not in before]


def _refuse_if_another(path: Path, folder: Path) -> None:
    parts = path.relative_to(folder / FOLDER).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    there = getattr(sys.modules.get(name), "__file__", None)
    if there is not None and not _is_same(Path(there), path):
        raise ModelNotLoadable(
            f"the model in {folder} has a module {name!r}, and this process has imported another one of that "
            f"name, {there}; load the model in a process of its own"
        )


def _is_same(one: Path, other: Path) -> bool:
    return one.is_file() and one.read_bytes() == other.read_bytes()


flavor = PyfuncFlavor()
