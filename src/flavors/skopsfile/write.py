"""Writes an object as a skops file.

Each object becomes a dict: the *loader* that rebuilds it, its class, and its content.
The same object gives the same bytes: arrays are numbered in the order they are met, and
no time and no memory address gets in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast
from zipfile import ZipFile, ZipInfo

from ..errors import ModelNotSaved
from ..folder import HashedFile
from . import LIKE_VERSION, MISNAMED, PROTOCOL

State = dict[str, Any]


class Unsupported(TypeError):
    """Something that the format has no form for; `path` leads there from the model."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.path: list[str] = []


def write(model: object, path: Path) -> frozenset[str]:
    """Write the file; the full names of all classes and functions that it refers to.

    Raises ModelNotSaved, naming what cannot be written and where in the model it is.
    """
    with HashedFile(path) as file, ZipFile(cast(IO[bytes], file), "w") as archive:
        writer = Writer(archive)
        try:
            state = writer.state(model)
        except Unsupported as error:
            raise ModelNotSaved(_message(model, error)) from error
        except RecursionError as error:
            raise ModelNotSaved(f"{type(model).__name__} holds itself, or is nested too deeply") from error
        except OSError:
            raise
        except Exception as error:  # what the user's classes say about themselves may raise anything
            raise ModelNotSaved(f"{type(model).__name__}: {type(error).__name__}: {error}") from error
        state |= {"protocol": PROTOCOL, "_skops_version": LIKE_VERSION}
        archive.writestr(ZipInfo("schema.json"), json.dumps(state))
    return frozenset(writer.names)


def _message(model: object, error: Unsupported) -> str:
    where = "".join(error.path)
    return f"{error}, held as {type(model).__name__}{where}" if where else str(error)


class Writer:
    """One file being written."""

    def __init__(self, archive: ZipFile) -> None:
        self.archive = archive
        self.names: set[str] = set()
        self._numbers: dict[int, tuple[int, object]] = {}  # the object too, or its id is used again
        self._scalars: dict[tuple[str, bytes], str] = {}

    def state(self, value: object) -> State:
        kind: Any = type(value)
        if value is None or kind in _PLAIN:
            return json_state(value)
        state = writer_of(kind)(self, value)
        state["__id__"] = self._number(value)
        return state

    def node(self, loader: str, kind: Any, **content: Any) -> State:
        """A state whose class (or function) is ``kind``."""
        module, name = importable_name(kind)
        self.names.add(f"{module}.{name}")
        return {"__class__": name, "__module__": module, "__loader__": loader, **content}

    def states(self, values: Iterable[object]) -> list[State]:
        states = []
        for index, value in enumerate(values):
            try:
                states.append(self.state(value))
            except Unsupported as error:
                error.path.insert(0, f"[{index}]")
                raise
        return states

    def array(self, value: Any) -> str:
        """Store an array, or a number of NumPy's; the name of the file in the archive."""
        import numpy as np

        if isinstance(value, np.generic):
            same = (value.dtype.str, value.tobytes())
            if same not in self._scalars:
                self._scalars[same] = self._store_array(value)
            return self._scalars[same]
        return self._store_array(value)

    def _store_array(self, value: Any) -> str:
        import numpy as np

        name = f"{self._number(value)}.npy"
        if name not in self.archive.NameToInfo:
            with self.archive.open(ZipInfo(name), "w", force_zip64=value.nbytes > 1 << 30) as file:
                np.save(file, value, allow_pickle=False)  # in parts of 16 MB
        return name

    def data(self, value: object, content: bytes | bytearray, suffix: str) -> str:
        name = f"{self._number(value)}.{suffix}"
        if name not in self.archive.NameToInfo:
            self.archive.writestr(ZipInfo(name), content)
        return name

    def _number(self, value: object) -> int:
        return self._numbers.setdefault(id(value), (len(self._numbers) + 1, value))[0]


WriterOf = Callable[[Writer, Any], State]

_PLAIN = frozenset({bool, int, float, str})


def json_state(value: object) -> State:
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode",
            "content": json.dumps(value), "is_json": True}  # fmt: skip


@lru_cache(maxsize=2048)
def writer_of(kind: type) -> WriterOf:
    """The function that writes objects of a class: its own, or that of the nearest base.

    Classes are known by name, so that none has to be imported to be recognised.
    """
    from .writers import WRITERS, write_object

    names = (f"{_module(base)}.{base.__name__}" for base in kind.__mro__)
    return next((WRITERS[name] for name in names if name in WRITERS), write_object)


@lru_cache(maxsize=2048)
def importable_name(thing: Any) -> tuple[str, str]:
    """Module and name of a class or function. Raises Unsupported if they lead another process nowhere."""
    module, name = _module(thing), thing.__name__
    if module == "__main__":
        raise Unsupported(
            f"{name} is defined in the script itself, where no other process finds it "
            f"(move it to a module to have the model saved)"
        )
    if getattr(sys.modules.get(module), name, None) is not thing:
        raise Unsupported(f"{module}.{getattr(thing, '__qualname__', name)} cannot be imported by that name")
    return module, name


def _module(thing: Any) -> str:
    """Where it is defined; ufuncs do not say so, but are all in one of two places."""
    module = getattr(thing, "__module__", None)
    if module is None and getattr(sys.modules.get("scipy.special"), thing.__name__, None) is thing:
        return "scipy.special"
    return MISNAMED.get(module, module) if module else "numpy"
