"""The user's own modules, which travel with a model and are loaded beside it.

A model of a class in ``features.py`` is of no use where that file is not. So a copy goes
into the model's folder, and is loaded from there: each folder has modules of its own, so
that two models with modules of the same name live in one process. Nothing is loaded that
the caller has not trusted by name; the modules that a trusted one imports come with it.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import shutil
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import ModelNotSaved

FOLDER = "code"
_LARGEST = 10 << 20
"""Bytes of Python source that may travel with one model."""


def collect(modules: Iterable[str], paths: Iterable[str | Path], folder: Path) -> list[str]:
    """Copy modules, by the file that they were imported from, and further paths into ``folder``.

    Returns the names of modules that have no file, such as ``__main__`` of a notebook.
    Raises ModelNotSaved for what is too large, FileNotFoundError for a path that is not there.
    """
    missing = []
    for name in modules:
        source = _source(sys.modules.get(name))
        if source is None:
            missing.append(name)
        else:
            _copy(source, folder)
    for path in paths:
        _copy(Path(path), folder)
    return missing


def _source(module: ModuleType | None) -> Path | None:
    """The file of a module, the folder of a package."""
    file = getattr(module, "__file__", None)
    if file is None or not file.endswith(".py"):
        return None
    return Path(file).parent if hasattr(module, "__path__") else Path(file)


def _copy(source: Path, folder: Path) -> None:
    if not source.exists():
        raise FileNotFoundError(f"there is no code at {source}")
    files = [source] if source.is_file() else sorted(source.rglob("*.py"))
    if sum(file.stat().st_size for file in files) > _LARGEST:
        raise ModelNotSaved(f"{source} is too much code to travel with a model (over {_LARGEST >> 20} MB)")
    for file in files:
        target = folder / file.relative_to(source.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


class Bundle:
    """The modules in a model's folder ``code``, apart from those of the process and of other models.

    When each of its files is the very same as the one that would be imported here, its
    modules are those, so that their classes are the ones the user knows.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._modules: dict[str, ModuleType] = {}
        # Python looks here for what an import statement does, also one inside of a function.
        self.builtins = {**vars(builtins), "__import__": self._import}

    def module(self, name: str) -> ModuleType:
        """The module ``name`` of this folder, else of the process. Raises ImportError, and what it raises."""
        if name in self._modules:
            return self._modules[name]
        path = self._path(name)
        if path is None or self._is_here(name, path):
            return importlib.import_module(name)
        return self._load(name, path)

    def _is_here(self, name: str, path: Path) -> bool:
        """A folder without an __init__.py gives way to any module of its name, as Python has it."""
        return _finds_a_file(name) if path.is_dir() else self._same

    @cached_property
    def _same(self) -> bool:
        """All files: a module that is the same imports others, which may differ."""
        return all(_is_same_here(path.relative_to(self._folder), path) for path in self._folder.rglob("*.py"))

    def holds(self, name: str) -> bool:
        """Whether a module of this name stands in the folder."""
        return self._path(name) is not None

    def _path(self, name: str) -> Path | None:
        base = self._folder.joinpath(*name.split("."))
        candidates = (base / "__init__.py", base.with_suffix(".py"))
        file = next((path for path in candidates if path.is_file()), None)
        return file or (base if base.is_dir() and any(base.rglob("*.py")) else None)

    def _load(self, name: str, path: Path) -> ModuleType:
        parent, _, last = name.rpartition(".")
        above = self.module(parent) if parent else None
        if name in self._modules:  # its package has imported it
            return self._modules[name]
        module = self._prepared(name, path)
        self._modules[name] = module
        try:
            if path.is_file():
                exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
        except BaseException:
            del self._modules[name]
            raise
        if above is not None:
            setattr(above, last, module)
        return module

    def _prepared(self, name: str, path: Path) -> ModuleType:
        if path.is_dir():  # a package without an __init__.py
            module = ModuleType(name)
            module.__path__ = [str(path)]
            return module
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        module.__dict__["__builtins__"] = self.builtins
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: tuple[str, ...] = (),
        level: int = 0,
    ) -> ModuleType:
        """What ``import`` does in these modules: look here first. The builtin's arguments."""
        package = str((globals or {}).get("__package__") or "")
        full = importlib.util.resolve_name("." * level + name, package) if level else name
        if self._path(full.partition(".")[0]) is None:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.module(full)
        for entry in fromlist or ():
            if not hasattr(module, entry) and self._path(f"{full}.{entry}") is not None:
                self.module(f"{full}.{entry}")
        return module if fromlist else self.module(full.partition(".")[0])


def _finds_a_file(name: str) -> bool:
    return getattr(_spec(name), "origin", None) is not None


def _is_same_here(name: Path, file: Path) -> bool:
    """Whether this process would import the same file, byte by byte, under its relative name."""
    spec = _spec(name.parts[0].removesuffix(".py"))
    if spec is None:
        return False
    places = [Path(place) for place in spec.submodule_search_locations or [spec.origin or ""]]
    here = (place.parent / name for place in places)
    return any(path.is_file() and path.read_bytes() == file.read_bytes() for path in here)


def _spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
