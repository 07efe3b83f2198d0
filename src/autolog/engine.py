"""Hooks: code that runs before and after a call of the user's, and cannot harm it.

A hook is a generator: what stands before its ``yield`` runs before the call, what stands
after it runs afterwards with the result. The engine makes the call, exactly once, and
passes on its result or exception as it came; the hook cannot even try. Errors of a hook
end in `contained`.

    def train(call, log):
        log.params(call.argument("params"))
        booster = yield
        log.model(booster)

    with wrap("xgboost.training:train", train, run=lambda call: "xgboost.train"):
        ...
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import Any

from ..tracking.api import active_run
from ..tracking.contain import contained
from ..tracking.context import current, entered
from .fit import Fit, begin_fit
from .sink import Log, log_of


class CallFailed(Exception):
    """Thrown into a hook at its ``yield`` when the user's call raised ``error``."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class Call:
    """A call of the user's: what is called, on what, with what.

    A hook sets ``swallowed`` to the exception that ended the call when the framework
    keeps it to itself or passes on another one.
    """

    swallowed: BaseException | None = None

    def __init__(
        self, function: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.function = function
        self.instance = instance
        self.args = args
        self.kwargs = kwargs

    def argument(self, name: str, default: Any = None) -> Any:
        """The argument of this name, however it was passed; ``default`` when it was not."""
        if name in self.kwargs:
            return self.kwargs[name]
        position = self._position(name)
        return default if position is None else self.args[position]

    def replace(self, **arguments: Any) -> None:
        """Make the call with other arguments. The user's own objects stay untouched."""
        for name, value in arguments.items():
            position = self._position(name)
            if position is None:
                self.kwargs = {**self.kwargs, name: value}
            else:
                self.args = (*self.args[:position], value, *self.args[position + 1 :])

    def _position(self, name: str) -> int | None:
        """Where in ``args`` the argument stands, if it was passed by position."""
        underlying = getattr(self.function, "__func__", self.function)
        try:
            names = _positional(underlying)
        except TypeError:  # not hashable
            names = _positional.__wrapped__(underlying)
        skipped = 1 if underlying is not self.function else 0
        position = names.index(name) - skipped if name in names else -1
        return position if 0 <= position < len(self.args) else None


@lru_cache(maxsize=1024)
def _positional(function: Callable[..., Any]) -> tuple[str, ...]:
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


Hook = Callable[[Call, Log], Generator[None, Any, None]]
Naming = Callable[[Call], str | Fit | None]


class _Hooking:
    """One hook in place: called instead of the original, which it calls."""

    def __init__(self, hook: Hook, run: Naming | None, inside_fits: bool, always: bool) -> None:
        self.hook = hook
        self.run = run
        self.inside_fits = inside_fits and run is None
        self.always = always
        self.on = True

    def __call__(
        self, wrapped: Callable[..., Any], instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        context = current()
        quiet = context.suppressed or (context.inside_fit and not self.inside_fits)
        if not self.on or (quiet and not self.always):
            return wrapped(*args, **kwargs)
        call = Call(wrapped, instance, args, kwargs)
        if self.run is None:
            return self._observe(call, log_of(active_run()))
        fit = self._begin(call)
        if fit is not None:
            return self._record(call, fit)
        with entered(inside_fit=True):
            return wrapped(*args, **kwargs)

    def _begin(self, call: Call) -> Fit | None:
        assert self.run is not None
        with contained("opening a run"):
            found = self.run(call)
            return begin_fit(found) if isinstance(found, str) else found
        return None

    def _record(self, call: Call, fit: Fit) -> Any:
        try:
            with entered(run=fit.run, inside_fit=True, scope=None):
                result = self._observe(call, log_of(fit.run))
        except BaseException as error:
            fit.end(call.swallowed or error)
            raise
        fit.end(call.swallowed)
        return result

    def _observe(self, call: Call, log: Log) -> Any:
        """The user's call, with the hook around it."""
        args, kwargs = call.args, call.kwargs
        observer = self._start(call, log)
        if observer is None:
            return call.function(*args, **kwargs)
        try:
            result = call.function(*call.args, **call.kwargs)
        except BaseException as error:
            self._tell_failure(observer, error)
            raise
        with contained(f"recording {self._subject(call)}"):
            _finish(observer, lambda: observer.send(result))
        return result

    def _start(self, call: Call, log: Log) -> Generator[None, Any, None] | None:
        with contained(f"preparing to record {self._subject(call)}"):
            observer = self.hook(call, log)
            try:
                next(observer)
            except StopIteration:
                return None
            return observer
        return None

    def _tell_failure(self, observer: Generator[None, Any, None], error: BaseException) -> None:
        with contained("recording a failure"), suppress(CallFailed):  # a hook need not catch it
            _finish(observer, lambda: observer.throw(CallFailed(error)))

    def _subject(self, call: Call) -> str:
        return getattr(call.function, "__qualname__", "a call")


def _finish(observer: Generator[None, Any, None], resume: Callable[[], Any]) -> None:
    try:
        resume()
    except StopIteration:
        return
    observer.close()
    raise RuntimeError("a hook has exactly one yield")


class _Patch:
    """What `wrap` and `wrap_cell` share: the layer ``_ours`` on top of ``_original``."""

    _ours: Any
    _original: Any

    def _beneath(self) -> Any:
        """The original, below layers of ours that were turned off while another one lay on top of them.

        A method, for it may be called when the interpreter has already cleared this module.
        """
        layer, ours = self._original, type(self._ours)
        while isinstance(layer, ours) and not layer._self_wrapper.on:
            layer = layer.__wrapped__
        return layer


class wrap(_Patch):  # noqa: N801  used like a function
    """A hook around a function or method, for a ``with`` block.

    ``target`` is ``"package.module:Class.method"`` or a pair (object, attribute).
    Without ``run`` the hook sees every call, and logs into the run that is open there
    (``inside_fits=False``: only calls outside of recorded fits). With ``run``, a function
    from the call to the run's name, the call is *one logical fit*: a run is opened and
    ended as docs/concepts.md says, calls inside it are part of it; ``None`` as the name
    lets a call pass unrecorded, with all that happens inside it. A patcher that knows
    the run already, such as one that goes on, gives a `Fit` instead of a name.
    """

    def __init__(
        self,
        target: str | tuple[Any, str],
        hook: Hook,
        *,
        run: Naming | None = None,
        inside_fits: bool = True,
        always: bool = False,
    ) -> None:
        self._target = target
        self._hooking = _Hooking(hook, run, inside_fits, always)

    def __enter__(self) -> None:
        self._owner, self._name = _resolve(self._target)
        self._inherited = self._name not in vars(self._owner)
        self._original = inspect.getattr_static(self._owner, self._name)
        self._ours = _proxy(self._original, self._hooking)
        setattr(self._owner, self._name, self._ours)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hooking.on = False
        if vars(self._owner).get(self._name) is not self._ours:
            return  # somebody wrapped it after us: our layer stays and passes through
        if self._inherited:
            delattr(self._owner, self._name)
        else:
            setattr(self._owner, self._name, self._beneath())


class wrap_cell(_Patch):  # noqa: N801  used like a function
    """A hook around the function that another function holds in a closure cell.

    Reaches a decorated function through every reference that exists, also those that
    users imported by name long before. LookupError when ``function`` has no such cell.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        variable: str,
        hook: Hook,
        *,
        run: Naming | None = None,
        inside_fits: bool = True,
    ) -> None:
        self._function = function
        self._variable = variable
        self._hooking = _Hooking(hook, run, inside_fits, always=False)

    def __enter__(self) -> None:
        names = getattr(getattr(self._function, "__code__", None), "co_freevars", ())
        if self._variable not in names:
            raise LookupError(f"{self._function!r} holds nothing called {self._variable!r}")
        cells = getattr(self._function, "__closure__", None) or ()
        self._cell = cells[names.index(self._variable)]
        self._original = self._cell.cell_contents
        self._ours = _proxy(self._original, self._hooking)
        self._cell.cell_contents = self._ours

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hooking.on = False
        if self._cell.cell_contents is self._ours:
            self._cell.cell_contents = self._beneath()


def _proxy(original: Any, hooking: _Hooking) -> Any:
    from .proxies import Hooked

    return Hooked(original, hooking)


def _resolve(target: str | tuple[Any, str]) -> tuple[Any, str]:
    if not isinstance(target, str):
        return target
    module, _, path = target.partition(":")
    *holders, name = path.split(".")
    owner = importlib.import_module(module)
    for holder in holders:
        owner = getattr(owner, holder)
    return owner, name
