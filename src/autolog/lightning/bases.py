"""Classes of ours that are also Lightning's, under whichever of its names it was imported."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import new_class
from typing import Any

PACKAGES = ("lightning.pytorch", "pytorch_lightning")


class Joined:
    """A subclass makes objects that are instances of ``package.base`` too, without importing it before.

    Both packages have a class of their own; where both are imported it is both.
    """

    base: str
    """Where the class stands in the packages, such as ``callbacks.Callback``."""

    _plain: Any = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        plain: Any = cls._plain or cls
        return object.__new__(_joined(plain, _bases(cls.base)))

    def __reduce__(self) -> Any:
        return _blank, (self._plain,), self.__getstate__()


def _blank(cls: Any) -> Any:
    return cls.__new__(cls)


def _bases(path: str) -> tuple[Any, ...]:
    names = [name for name in PACKAGES if name in sys.modules] or [_installed()]
    module, _, name = path.rpartition(".")
    return tuple(getattr(import_module(f"{package}.{module}"), name) for package in names)


def _installed() -> str:
    for name in PACKAGES:
        if find_spec(name.partition(".")[0]) is not None:
            return name
    raise ModuleNotFoundError("Lightning is not installed: pip install lightning")


@cache
def _joined(cls: Any, bases: Any) -> Any:
    names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    return new_class(cls.__name__, (cls, *bases), exec_body=lambda body: body.update(names, _plain=cls))
