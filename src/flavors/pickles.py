"""Files that run code while they are read: pickle, cloudpickle, joblib.

What runs is up to whoever made the file, and nothing here makes it safe. So the caller has
to say ``trust="pickle"``, and nothing that stands in the model's folder says it for them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, reduce
from pathlib import Path
from types import CellType, CodeType, FunctionType, new_class
from typing import IO, Any

from .code import FOLDER, Bundle
from .errors import ModelDamaged, ModelError, ModelNotLoadable, ModelUntrusted
from .trust import Trust

FORMS = ("pickle", "cloudpickle", "joblib")


def allow(trust: Trust, what: str) -> None:
    """Raises ModelUntrusted, which says what to write, unless the caller lets any code run."""
    if not trust.pickle:
        raise ModelUntrusted(
            f"{what}, which can run any code when it is loaded. "
            f'If you trust whoever made it, load with trust="pickle"',
            ("pickle",),
        )


def read(path: Path, form: str, trust: Trust) -> Any:
    """The object in a file of one of the FORMS.

    Classes are looked for in the modules that travel with the model, then in this process.
    Raises ModelUntrusted before the file is opened, ModelDamaged for one that is cut off,
    ModelNotLoadable for other forms, what is not installed, and versions that do not fit.
    """
    if form not in FORMS:
        raise ModelNotLoadable(f"{path} has the form {form!r}; known are skops, {', '.join(FORMS)}")
    allow(trust, f"{path} is saved as {form}")
    with explained(path.parent, path), open(path, "rb") as file:
        return _joblib(file) if form == "joblib" else Unpickler(file, trust.bundle).load()


@contextmanager
def explained(folder: Path, what: Path) -> Iterator[None]:
    """Whatever goes wrong while ``what`` is read, or the model's code runs, becomes one of our errors."""
    try:
        yield
    except (ModelError, MemoryError):
        raise
    except (EOFError, pickle.UnpicklingError) as error:
        raise ModelDamaged(f"{what} is cut off or damaged: {error}") from error
    except ImportError as error:
        own = f", or put {folder / FOLDER} on the import path" if (folder / FOLDER).is_dir() else ""
        raise ModelNotLoadable(
            f"{what} needs what is not installed here ({error}); "
            f"pip install -r {folder / 'requirements.txt'}{own}"
        ) from error
    except Exception as error:  # it ran code, which may raise anything
        raise ModelNotLoadable(
            f"{what} cannot be read here: {type(error).__name__}: {error}; "
            f"compare the versions installed with those in {folder / 'requirements.txt'}"
        ) from error


def _joblib(file: IO[bytes]) -> Any:
    import joblib

    return joblib.load(file)


class Unpickler(pickle.Unpickler):
    """Finds classes, functions and modules among the model's own first."""

    def __init__(self, file: IO[bytes], bundle: Bundle | None) -> None:
        super().__init__(file)
        self._bundle = bundle

    def find_class(self, module: str, name: str) -> Any:
        try:
            return super().find_class(module, name) if self._bundle is None else self._own(module, name)
        except AttributeError as error:
            raise ModelNotLoadable(
                f"the model needs {module}.{name}, which is not there any more ({error}); "
                f"install the version of {module.partition('.')[0]} that saved the model"
            ) from error

    def _own(self, module: str, name: str) -> Any:
        assert self._bundle is not None
        if module.endswith("cloudpickle.cloudpickle") and name in _MAKERS:
            return partial(_MAKERS[name], self._bundle)
        if self._bundle.holds(module):
            return reduce(getattr, name.split("."), self._bundle.module(module))
        return super().find_class(module, name)


def _function(
    bundle: Bundle,
    code: CodeType,
    globals: dict[str, Any],
    name: str,
    defaults: tuple[Any, ...] | None,
    closure: tuple[CellType, ...] | None,
) -> FunctionType:
    """A function that the file holds as code; what it imports when called is looked for in the bundle."""
    globals["__builtins__"] = bundle.builtins
    return FunctionType(code, globals, name, defaults, closure)


def _class(
    bundle: Bundle, kind: Any, name: str, bases: tuple[type, ...], body: dict[str, Any], id: str, extra: Any
) -> type:
    """A class that the file holds as code; another model's of the same ``id`` would get its methods."""
    return new_class(name, bases, {"metaclass": kind}, lambda names: names.update(body))


_MAKERS: dict[str, Callable[..., Any]] = {
    "subimport": Bundle.module,
    "_make_function": _function,
    "_make_skeleton_class": _class,
}
"""What cloudpickle's files call, https://github.com/cloudpipe/cloudpickle, to make what they hold as code."""
