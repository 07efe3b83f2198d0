"""Every estimator class that there is or will be has its methods hooked where they are defined.

scikit-learn's, other packages' and the user's own classes alike: what derives from
`BaseEstimator` is found by walking its subclasses, and what is defined later by
``__init_subclass__``. Scanning modules would miss users' classes, and importing all of
scikit-learn to find its own would take a second and a half.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ...tracking.contain import contained
from ..engine import Call, wrap

if TYPE_CHECKING:
    from ..sink import Log

Patches = Callable[[type, str], AbstractContextManager[object]]
"""From a class and the name of a method that it defines to the patch of that method."""


class Covering:
    """Hooks the methods ``names`` of classes, each class once, until `close`."""

    def __init__(self, names: tuple[str, ...], patch: Patches) -> None:
        self._names = names
        self._patch = patch
        self._covered: weakref.WeakSet[type] = weakref.WeakSet()
        self._stack = ExitStack()
        self._lock = threading.RLock()
        self.on = True

    def cover(self, cls: type) -> None:
        """This class and its bases: mixins outside of `BaseEstimator` define methods too."""
        with self._lock:
            for base in cls.__mro__:
                if base not in self._covered and self.on:
                    self._covered.add(base)
                    for name in self._names:
                        if _is_method(vars(base).get(name)):
                            self._hook(base, name)

    def _hook(self, cls: type, name: str) -> None:
        """A class whose metaclass refuses stays as it is; it is the user who is defining it."""
        with contained(f"hooking {cls.__qualname__}.{name}"):
            self._stack.enter_context(self._patch(cls, name))

    def cover_again(self, cls: type) -> None:
        """A class that got its methods only after it was made."""
        with self._lock:
            self._covered.discard(cls)
        self.cover(cls)

    def close(self) -> None:
        with self._lock:
            self.on = False
            self._stack.close()


_covering: Covering | None = None


def cloudpickle_patches(module: ModuleType) -> Iterator[AbstractContextManager[object]]:
    """For cloudpickle, joblib's or the one that Dask uses; loads nothing of scikit-learn."""
    if hasattr(module, "_class_setstate"):
        yield wrap((module, "_class_setstate"), _completed, always=True)


def _completed(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around cloudpickle's `_class_setstate`, which gives a class its methods.

    A class that a worker cannot import (of the user's script) is sent there by value; it
    is made empty first, and ``__init_subclass__`` comes too early.
    """
    yield
    cls = call.args[0]
    base = sys.modules.get("sklearn.base")
    if _covering is not None and base is not None and issubclass(cls, base.BaseEstimator):
        _covering.cover_again(cls)


@contextmanager
def covered(base_module: ModuleType, names: tuple[str, ...], patch: Patches) -> Iterator[None]:
    """Covers all estimator classes, those of now and those that are defined in the block."""
    global _covering
    base: Any = base_module
    covering = Covering(names, patch)
    for mixin in vars(base_module).values():
        if isinstance(mixin, type) and mixin.__module__ == base_module.__name__:
            covering.cover(mixin)
    for cls in _all_subclasses(base.BaseEstimator):
        covering.cover(cls)
    with ExitStack() as stack:
        # `_SetOutputMixin` wraps ``transform`` and ``fit_transform`` of a new class: whichever
        # of the two comes first among the bases is the last to act, and ours goes on top.
        owners = [base.BaseEstimator, *_owners(base_module, "_SetOutputMixin")]
        for owner in owners:
            stack.enter_context(_when_subclassed(owner, owners, covering))
        stack.callback(covering.close)
        _covering = covering
        yield
    _covering = None


@contextmanager
def _when_subclassed(owner: Any, owners: list[Any], covering: Covering) -> Iterator[None]:
    """Covers each new subclass of ``owner``, after all that its definition does by itself."""
    original = vars(owner).get("__init_subclass__")

    def subclassed(cls: Any, /, **kwargs: Any) -> None:
        if original is None:
            super(owner, cls).__init_subclass__(**kwargs)
        else:
            original.__get__(None, cls)(**kwargs)
        acting = [base for base in cls.__mro__ if base in owners]
        if acting[0] is owner and owners[0] in acting:
            covering.cover(cls)

    ours: Any = classmethod(subclassed)
    owner.__init_subclass__ = ours
    try:
        yield
    finally:
        if vars(owner).get("__init_subclass__") is ours:
            if original is None:
                del owner.__init_subclass__
            else:
                owner.__init_subclass__ = original


def _owners(module: ModuleType, name: str) -> list[type]:
    found = getattr(module, name, None)
    return [found] if isinstance(found, type) else []


def _all_subclasses(cls: type) -> Iterator[type]:
    seen: set[type] = set()
    waiting = [cls]
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            waiting.extend(type.__subclasses__(found))
            yield found


def _is_method(attribute: Any) -> bool:
    """A function, or a descriptor that gives one, as ``available_if`` makes."""
    return hasattr(attribute, "__get__") and not isinstance(attribute, (property, staticmethod, classmethod))
