"""Taking the context along to worker threads and processes.

A fit inside ``joblib.Parallel`` (any backend) or inside a ``multiprocessing`` child
belongs to the run that is open where the work was handed out, with no code of the
user's in the worker. A forked child inherits the context by itself.

What is sent along must load where autolog is not installed (a remote Dask worker): so it
pickles as a call of a builtin that looks for the package first.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..tracking.active import activate, active_settings
from ..tracking.api import surrounding_run
from ..tracking.contain import contained
from ..tracking.context import Context, current, exactly, stay_in
from ..tracking.opening import open_elsewhere
from . import registry
from .engine import Call
from .sink import Log

HERE = "__import__('importlib.util', fromlist=['find_spec']).find_spec('autolog')"
_US = f"__import__({__name__!r}, fromlist=['load'])"


class Ticket:
    """The context of the place it is made at, to be entered elsewhere.

    In the same process that is the context itself, in another one a context with the
    same run, written to by that process.
    """

    def __init__(self) -> None:
        self.context = current().but(handed_out=True)
        self.crossing = Crossing(self)  # one for all tasks: a batch of them pickles it once
        self._wire: bytes | None = None

    def wire(self) -> bytes:
        """The context as bytes; made once, however many tasks there are."""
        if self._wire is None:
            run = self.context.run or surrounding_run()
            where = run and (run.id, run.writer.address, run.name, run.experiment)
            # Silent: what there is to say, this process says, once.
            settings = replace(active_settings(), frameworks=registry.enabled(), silent=True)
            self._wire = pickle.dumps((settings, where, self.context.but(run=None)))
        return self._wire


class Carried:
    """A function that runs in the context it was handed out in."""

    def __init__(self, function: Callable[..., Any], ticket: Ticket) -> None:
        self._function = function
        self._ticket = ticket

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with exactly(self._ticket.context):
            return self._function(*args, **kwargs)

    def __reduce__(self) -> Any:
        return self._ticket.crossing, (self._function,)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)  # backends read names for their dashboards


class Crossing:
    """Makes a `Carried` arrive in another process.

    It is loaded before the function is: what that refers to by name is hooked by then.
    """

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    def __call__(self, function: Callable[..., Any]) -> Carried:
        return Carried(function, self._ticket)

    def __reduce__(self) -> Any:
        code = f"{_US}.landing(w) if {HERE} else (lambda function: function)"
        return eval, (code, {"w": self._ticket.wire()})


def landing(wire: bytes) -> Callable[[Callable[..., Any]], CarriedHere]:
    """What a `Crossing` becomes where it arrives."""
    _arrive(wire)
    return lambda function: CarriedHere(function, wire)


class CarriedHere:
    """A function that came from another process, and runs in the context it had there."""

    def __init__(self, function: Callable[..., Any], wire: bytes) -> None:
        self._function = function
        self._wire = wire

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with exactly(_arrive(self._wire)):
            return self._function(*args, **kwargs)


class Luggage:
    """Unpacks itself: loading it puts the process into the context it was packed in."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    def __reduce__(self) -> Any:
        return eval, (f"{HERE} and {_US}.settle(w)", {"w": self._ticket.wire()})


def settle(wire: bytes) -> None:
    """Make this process one in which the sender's context is all around."""
    stay_in(_arrive(wire))


def _arrive(wire: bytes) -> Context:
    """The sender's context; without one, in the worst case, one that records nothing."""
    with contained("taking over the context of the parent process"):
        return _unpacked(wire, os.getpid())
    return Context(suppressed=True)


@lru_cache(maxsize=64)
def _unpacked(wire: bytes, pid: int) -> Context:
    settings, where, context = pickle.loads(wire)
    # A worker outlives the work it was sent: between two pieces it records nothing.
    if current() == Context():
        stay_in(Context(suppressed=True))
    activate(settings)
    registry.enable(settings.frameworks)
    run = None
    if where is not None:
        id, address, name, experiment = where
        run = open_elsewhere(settings, id, address=address, name=name, experiment=experiment)
    return context.but(run=run)  # type: ignore[no-any-return]


def carry_tasks(call: Call, log: Log) -> Generator[None, Any, None]:
    call.replace(iterable=_carried(call.argument("iterable"), Ticket()))
    yield


def _carried(tasks: Iterable[Any], ticket: Ticket) -> Iterator[Any]:
    for function, args, kwargs in tasks:
        yield Carried(function, ticket), args, kwargs


def carry_to_child(call: Call, log: Log) -> Generator[None, Any, None]:
    preparation = yield
    preparation["autolog"] = Luggage(Ticket())  # the child ignores keys it does not know
