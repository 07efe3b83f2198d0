"""The calls users make about runs: `run`, `active_run` and the ``log_…`` functions."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from . import lifetime
from .active import active_settings, when_activated
from .contain import contained
from .context import current, entered
from .outcome import outcome
from .runs import ActiveRun

if TYPE_CHECKING:
    from ..store.runs import Run
    from .settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


class run:  # noqa: N801  used like a function
    """A run of your own: ``with autolog.run("baseline") as run:``, or as a decorator.

    Inside another run it is nested. ``params`` and ``tags`` are logged at the start;
    ``parent`` (a run or its id) nests it in a run that is not open here; ``resume`` (a
    run or its id) goes on with one that was interrupted: same id, and a step logged
    again replaces what was logged from that step on.

    Fits inside: with ``fits="auto"`` the first is recorded in this run and each further
    one as a nested run; with ``"nested"`` the first one too.

    At the end the status is FINISHED, FAILED with the exception, or KILLED by Ctrl-C.
    The exception goes on as it came. Raises KeyError when ``parent`` or ``resume`` is
    unknown; a store that cannot be written costs a warning and nothing else.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        experiment: str | None = None,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        parent: ActiveRun | Run | str | None = None,
        resume: ActiveRun | Run | str | None = None,
        fits: str = "auto",
    ) -> None:
        if fits not in ("auto", "nested"):
            raise ValueError(f"fits must be 'auto' or 'nested', not {fits!r}")
        self._name = name
        self._experiment = experiment
        self._tags = dict(tags or {})
        self._params = dict(params or {})
        self._parent = parent
        self._resume = resume
        self._fits = fits

    def __repr__(self) -> str:
        return f"<autolog.run {self._name!r}, to be opened with `with`>"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"this run is not open, so it has no {name!r}: write `with autolog.run(…) as run:`"
        )

    def __enter__(self) -> ActiveRun:
        opened = self._open()
        if self._tags:
            opened.set_tags(self._tags)
        if self._params:
            opened.log_params(self._params)
        self._run = opened
        self._stack = ExitStack()
        self._stack.enter_context(entered(run=opened, inside_fit=False, scope=None))
        return opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        status = outcome(error)
        self._run.end(status, None if status == "FINISHED" else error)

    def __call__(self, function: F) -> F:
        """Each call of the function is a run, named after it unless a name was given."""
        name = self._name or function.__name__

        def fresh() -> run:
            again = run.__new__(run)
            again.__dict__.update(self.__dict__, _name=name)
            return again

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def recorded(*args: Any, **kwargs: Any) -> Any:
                with fresh():
                    return await function(*args, **kwargs)
        else:

            @functools.wraps(function)
            def recorded(*args: Any, **kwargs: Any) -> Any:
                with fresh():
                    return function(*args, **kwargs)

        return recorded  # type: ignore[return-value]

    def _open(self) -> ActiveRun:
        from .opening import open_again, open_below, open_child, open_top

        chosen = active_settings()
        name = self._name or _program()
        if self._resume is not None:
            return open_again(chosen, _id(self._resume), fits=self._fits)
        above = self._parent if self._parent is not None else surrounding_run()
        if isinstance(above, ActiveRun):
            return open_child(above, name, fits=self._fits)
        if above is not None:
            return open_below(chosen, _id(above), name, fits=self._fits)
        return open_top(chosen, name, experiment=self._experiment, fits=self._fits)


def active_run() -> ActiveRun | None:
    """The innermost run that is open here, or None."""
    return current().run or _process_run


def surrounding_run() -> ActiveRun | None:
    """The run that a new one here is nested in, or None.

    At a prompt not the one of the ``log_…`` calls: it is open for as long as the session,
    and would take in all that follows.
    """
    return current().run or (None if hasattr(sys, "ps1") else _process_run)


_process_run: ActiveRun | None = None
_lock = threading.Lock()
_asked: list[Callable[[], ActiveRun | None]] = []


def ask_for_a_run(ask: Callable[[], ActiveRun | None]) -> None:
    """Have ``ask`` called for a run to log into where none is open."""
    _asked.append(ask)


def target_run() -> ActiveRun:
    """The run that is logged to here; one that ends with the process is opened where there is none."""
    return active_run() or _run_under_way() or _open_process_run()


def _run_under_way() -> ActiveRun | None:
    """A run that is not open here, though what happens here is part of it: a training's loop."""
    for ask in _asked:
        with contained("looking for a run to log into"):
            if (found := ask()) is not None:
                return found
    return None


def _open_process_run() -> ActiveRun:
    """The run for ``log_…`` calls with no run open; it ends with the process."""
    global _process_run
    from .opening import open_top

    with _lock:
        if _process_run is None or _process_run.ended:
            lifetime.watch_exit_code()
            _process_run = open_top(active_settings(), _program())
        return _process_run


def _end_in_former_store(settings: Settings) -> None:
    """When another store is chosen, the run of the ``log_…`` calls is over; the next call opens one there."""
    global _process_run
    former = _process_run
    if former is None:
        return
    from .opening import store_of

    with contained("ending the run in the former store"):
        if former.store is not store_of(settings):
            _process_run = None
            former.end()


when_activated(_end_in_former_store)


def log_metric(key: str, value: float, step: int | None = None) -> None:
    """See `ActiveRun.log_metric`."""
    # `target_run`, written out: this is called once a training step.
    (current().run or _process_run or target_run()).log_metric(key, value, step)


def log_metrics(metrics: Mapping[str, float], step: int | None = None) -> None:
    """See `ActiveRun.log_metrics`."""
    target_run().log_metrics(metrics, step)


def log_param(key: str, value: Any) -> None:
    """See `ActiveRun.log_param`."""
    target_run().log_param(key, value)


def log_params(params: Mapping[str, Any]) -> None:
    """See `ActiveRun.log_params`."""
    target_run().log_params(params)


def set_tag(key: str, value: Any) -> None:
    """See `ActiveRun.set_tag`."""
    target_run().set_tag(key, value)


def set_tags(tags: Mapping[str, Any]) -> None:
    """See `ActiveRun.set_tags`."""
    target_run().set_tags(tags)


def log_artifact(local_path: str | os.PathLike[str], path: str | None = None) -> None:
    """See `ActiveRun.log_artifact`."""
    target_run().log_artifact(local_path, path)


def log_text(text: str, path: str) -> None:
    """See `ActiveRun.log_text`."""
    target_run().log_text(text, path)


def log_dict(data: Any, path: str) -> None:
    """See `ActiveRun.log_dict`."""
    target_run().log_dict(data, path)


def log_figure(figure: Any, path: str) -> None:
    """See `ActiveRun.log_figure`."""
    target_run().log_figure(figure, path)


def log_table(data: Any, path: str) -> None:
    """See `ActiveRun.log_table`."""
    target_run().log_table(data, path)


def log_input(data: Any, name: str = "data", *, context: str = "training", target: Any = None) -> None:
    """See `ActiveRun.log_input`."""
    target_run().log_input(data, name, context=context, target=target)


def _id(of: Any) -> str:
    id = of if isinstance(of, str) else getattr(of, "id", None)
    if not isinstance(id, str):
        raise TypeError(f"a run or its id is needed, not {of!r}")
    return id


def _program() -> str:
    """A name for a run that was given none: the script's."""
    script = Path(sys.argv[0] if sys.argv else "").stem
    return script if script and script != "-c" else "run"


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
