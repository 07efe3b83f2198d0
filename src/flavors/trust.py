"""What a caller trusts a model with: names of classes and functions, or whole pickles."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from . import code
from .errors import ModelNotLoadable, ModelUntrusted

Trusting = Iterable[str] | Literal["pickle"]


class Trust(frozenset[str]):
    """The trusted names, each ``module.Class``, and where to find what stands behind them.

    A trusted class comes from the modules that travel with the model, if there are any;
    what was not named never does, so that no file in the folder can take its place.
    """

    bundle: code.Bundle | None

    def __new__(cls, names: Iterable[str] = (), bundle: code.Bundle | None = None) -> Trust:
        self = super().__new__(cls, names)
        self.bundle = bundle
        return self

    @property
    def pickle(self) -> bool:
        """Whether files may be read that run any code while they are read."""
        return "pickle" in self

    def allows(self, name: str) -> bool:
        """Whether the caller lets this class or function run."""
        return name in self or self.pickle

    def require(self, name: str, model: str) -> None:
        """Raises ModelUntrusted, which says what to write, unless the caller lets ``name`` run.

        ``model`` says what needs it, up to the name: "the model in … is of the class".
        """
        if not self.allows(name):
            raise ModelUntrusted(f'{model} {name}; if you trust it, load with trust=["{name}"]', (name,))

    def find(self, module: str, name: str) -> Any:
        """The class or function ``name`` of ``module``. Raises ModelNotLoadable if it is not to be found."""
        found: Any
        try:
            found = self._module(module, name)
            for part in name.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError, ValueError) as error:
            raise ModelNotLoadable(
                f"the model needs {module}.{name}, which cannot be imported here ({error}); "
                f"install it, or put its module on the import path"
            ) from error
        return found

    def _module(self, module: str, name: str) -> ModuleType:
        if self.bundle is not None and self.allows(f"{module}.{name}"):
            return self.bundle.module(module)
        return importlib.import_module(module)


def trust_of(trust: Trusting, folder: Path) -> Trust:
    """What ``trust=`` means for the model in a folder. Raises TypeError for a text other than "pickle"."""
    if isinstance(trust, str) and trust != "pickle":
        raise TypeError(f"trust is a list of names, not one text: trust=[{trust!r}]")
    names = [trust] if isinstance(trust, str) else trust
    held = folder / code.FOLDER
    return Trust(names, code.Bundle(held) if held.is_dir() and not held.is_symlink() else None)
