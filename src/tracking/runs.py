"""The run that is open, and the calls that log into it.

What the user does wrong (a metric that is no number, a missing file) raises TypeError,
ValueError or FileNotFoundError and names the key. What goes wrong in the store never
raises: one warning, and the training goes on.
"""

from __future__ import annotations

import os
import shutil
import time as clock
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..store.errors import StoreError
from ..store.events import (
    End,
    Event,
    Input,
    Metrics,
    Model,
    Number,
    Params,
    Rewind,
    Status,
    Tags,
    read_number,
    wire_number,
)
from ..store.names import artifact_path
from . import lifetime
from .contain import contained, store_failed
from .documents import drawer, table_text
from .outcome import describe_error, full_traceback
from .redact import redact_param
from .values import json_ready, json_text, metric_value, param_value

if TYPE_CHECKING:
    from ..store.base import RunWriter, Store

_time_ns = clock.time_ns
_FIRST, _LAST = -(2**63), 2**63 - 1  # steps are 64-bit integers


class ActiveRun:
    """A run that can be logged to. Made by `run`, by a recorded fit, or by the first ``log_…``.

    ``id`` and ``name`` are the run's, ``parent`` the run it is nested in. Safe for use
    from any thread.
    """

    def __init__(
        self,
        writer: RunWriter,
        *,
        name: str,
        experiment: str,
        store: Store | None,
        parent: ActiveRun | None = None,
        fits: str = "auto",
        seen: Callable[[str], int | None] | None = None,
    ) -> None:
        self.id = writer.id
        self.name = name
        self.experiment = experiment
        self.parent = parent
        self.store = store
        self.writer = writer
        self.ended = False
        self._point = writer.point
        self._seen = seen
        self._steps: dict[str, Iterator[int]] = {}
        self._owner = os.getpid()
        self._last: list[Callable[[ActiveRun], None]] = []
        self._told: list[Callable[[str, float], None]] = []
        # Taken by the first fit that is recorded in this run itself.
        self._fits = count(1 if fits == "nested" else 0)

    def __repr__(self) -> str:
        return f"<autolog run {self.name!r} {self.id}>"

    # Params and tags

    def log_param(self, key: str, value: Any) -> None:
        """One parameter; the value logged last holds.

        Numbers, booleans and None stay what they are; all else is kept as text.
        """
        self.log_params({key: value})

    def log_params(self, params: Mapping[str, Any]) -> None:
        _require_mapping(params, "params")
        values = {
            _key(key, "parameter"): redact_param(key, param_value(value)) for key, value in params.items()
        }
        self._write(Params(0, _now(), params=values))

    def set_tag(self, key: str, value: Any) -> None:
        """A tag: a text beside the run, changed at will. None removes it."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        _require_mapping(tags, "tags")
        texts = {_key(k, "tag"): None if v is None else str(v) for k, v in tags.items()}
        self._write(Tags(0, _now(), tags=texts))

    # Metrics

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        """One value of a metric: on disk when this returns, whatever happens next.

        Without ``step`` each value goes one step beyond the one before. NaN and the
        infinities are kept. Raises TypeError when ``value`` is no number.
        """
        # value - value is NaN for NaN and the infinities.
        if type(value) is not float or value - value != 0.0 or not key or type(key) is not str:
            value = wire_number(metric_value(_key(key, "metric"), value))  # type: ignore[assignment]
        # The literals are faster than names: this is called once a training step.
        if type(step) is not int or not -0x8000_0000_0000_0000 <= step <= 0x7FFF_FFFF_FFFF_FFFF or self._seen:
            step = self._step(key, step)
        try:
            self._point(key, step, _time_ns() // 1_000_000, value)
        except (OSError, StoreError) as error:
            store_failed(error)
        except UnicodeEncodeError:
            _key(key, "metric")
            raise

    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None, *, time: int | None = None
    ) -> None:
        """Several metrics at one step, in one write. ``time`` is in ms since the epoch, now by default."""
        _require_mapping(metrics, "metrics")
        if len(metrics) == 1 and time is None:  # a fifth of the time
            for key, number in metrics.items():
                self.log_metric(key, number, step)
            return
        values = {key: metric_value(_key(key, "metric"), value) for key, value in metrics.items()}
        by_step: dict[int, dict[str, float | int | str]] = {}
        given = step is not None and self._seen is None  # then there is nothing to count
        for key, value in values.items():
            at = _whole(key, step) if given else self._step(key, step)
            by_step.setdefault(at, {})[key] = wire_number(value)
        when = _now() if time is None else time
        self._write(*(Metrics(0, when, step=at, metrics=points) for at, points in by_step.items()))
        for told in self._told:
            for key, value in values.items():
                told(key, value)

    def log_points(self, points: Iterable[tuple[str, float, int, int]]) -> None:
        """Values measured earlier: name, value, step, and time in ms since the epoch; in one write."""
        points = list(points)
        try:
            self.writer.points(
                (key, step if self._seen is None else self._step(key, step), time, wire_number(value))
                for key, value, step, time in points
            )
            if self.ended and self.parent is None:
                self.writer.close()
        except (OSError, StoreError) as error:
            store_failed(error)
        for told in self._told:
            for key, value, _, _ in points:
                told(key, value)

    def when_logged(self, told: Callable[[str, float], None]) -> None:
        """Have ``told`` called with the name and value of each metric that is logged from here on."""
        point = self._point

        def tell(key: str, step: int, time: int, value: Number) -> None:
            point(key, step, time, value)
            told(key, read_number(value))

        self._point = tell
        self._told.append(told)

    def next_step(self, key: str) -> int:
        """Where a metric that is new here begins: at 0, in a resumed run after its last step."""
        return self._first_step(key, None)

    def _step(self, key: str, step: int | None) -> int:
        """The step to log at, as a plain int."""
        counter = self._steps.get(key)
        if counter is None:
            counter = self._steps[key] = count(self._first_step(key, step))
        return next(counter) if step is None else _whole(key, step)

    def _first_step(self, key: str, step: int | None) -> int:
        """Where counting begins: at 0, in a resumed run after its last step.

        A resumed run that goes back to an earlier step logs anew from there: what it
        had logged from that step on is void.
        """
        last = None
        with contained(f"reading what was logged for {key!r}"):
            last = self._seen(key) if self._seen is not None else None
        if last is None:
            return 0
        if step is not None and step <= last:
            self._write(Rewind(0, _now(), key=key, step=_whole(key, step)))
        return last + 1

    # Files and data

    def log_artifact(self, local_path: str | os.PathLike[str], path: str | None = None) -> None:
        """A copy of a file or folder, kept with the run under ``path`` (default: its own name)."""
        source = Path(local_path)
        if not source.exists():
            raise FileNotFoundError(f"log_artifact: there is no file or folder {str(source)!r}")
        with self.artifact(path or source.name) as target:
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)

    def log_text(self, text: str, path: str) -> None:
        """``text`` as a file of the run, in UTF-8."""
        with self.artifact(path) as target:
            target.write_text(text, encoding="utf-8", errors="surrogateescape")

    def log_dict(self, data: Any, path: str) -> None:
        """A dict or list as a JSON file, or YAML when ``path`` ends in .yaml or .yml."""
        if path.endswith((".yaml", ".yml")):
            import yaml

            text = yaml.safe_dump(json_ready(data), sort_keys=False, allow_unicode=True)
        else:
            text = json_text(data)
        self.log_text(text, path)

    def log_table(self, data: Any, path: str) -> None:
        """A table as JSON, ``{"columns": […], "data": [[…], …]}``, or as CSV when ``path`` ends so.

        ``data`` is a DataFrame, a mapping of columns, or a sequence of mappings (rows).
        """
        self.log_text(table_text(data, path), path)

    def log_figure(self, figure: Any, path: str) -> None:
        """A matplotlib or plotly figure, or a PIL image, in the format that ``path`` ends in."""
        draw = drawer(figure, path)
        with self.artifact(path) as target:
            draw(target)

    def log_input(
        self, data: Any, name: str = "data", *, context: str = "training", target: Any = None
    ) -> None:
        """Which data the run read: shape, columns, a digest of the content. Never the data."""
        from .data import describe

        found = describe(data, target)
        facts = dict(found.facts)
        self._write(Input(0, _now(), name=name, digest=found.digest, context=context, facts=facts))

    def note_model(self, id: str, path: str, flavor: str, notes: Iterable[str] = ()) -> None:
        """The artifact ``path`` is a model: for whoever saved it there."""
        self._write(Model(0, _now(), id=id, path=path, flavor=flavor, notes=list(notes)))

    @contextmanager
    def artifact(self, path: str) -> Iterator[Path]:
        """A local path to write a file or folder to; after the block it is the run's."""
        artifact_path(path)
        try:
            with self._place(path) as target:
                yield target
        except (OSError, StoreError) as error:
            store_failed(error)

    @contextmanager
    def _place(self, path: str) -> Iterator[Path]:
        """A place in the store or, when that has none to give, one that is thrown away."""
        with ExitStack() as stack:
            try:
                target = stack.enter_context(self.writer.artifact(path))
            except (OSError, StoreError) as error:
                store_failed(error)
                target = Path(stack.enter_context(TemporaryDirectory())) / "artifact"
            yield target

    # Nested runs and the end

    def child(self, name: str, *, id: str | None = None) -> ActiveRun:
        """A nested run. With ``id``, several processes may open the same one."""
        from .opening import open_child

        return open_child(self, name, id=id)

    def takes_fit(self) -> bool:
        """True for the first fit, which is recorded in this run itself.

        Never in a forked child: its parent may have a first fit of its own.
        """
        return os.getpid() == self._owner and next(self._fits) == 0

    def before_end(self, last: Callable[[ActiveRun], None]) -> None:
        """Have ``last`` called with this run right before it ends."""
        self._last.append(last)

    def end(self, status: Status = "FINISHED", error: BaseException | str | None = None) -> None:
        """The run is over. Once; a forked child cannot end its parent's run."""
        if self.ended or os.getpid() != self._owner:
            return
        self.ended = True
        for last in self._last:
            with contained("completing a run"):
                last(self)
        if isinstance(error, BaseException):
            with contained("keeping a traceback"):
                self.log_text(full_traceback(error), "traceback.txt")
        self._write(End(0, _now(), status=status, error=describe_error(error)))
        with contained("closing a run"):
            lifetime.closed(self)
            if self.parent is None:
                self.writer.close()

    def _write(self, *events: Event) -> None:
        try:
            self.writer.write(*events)
            if self.ended and self.parent is None:
                self.writer.close()
        except (OSError, StoreError) as error:
            store_failed(error)


def _now() -> int:
    return _time_ns() // 1_000_000


def _require_mapping(values: Any, kind: str) -> None:
    if not isinstance(values, Mapping):
        raise TypeError(f"{kind} must be a mapping of names to values, not {type(values).__name__}")


def _key(key: Any, kind: str) -> str:
    if not isinstance(key, str) or not key:
        raise TypeError(f"the name of a {kind} must be a text that is not empty, not {key!r}")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the name {key!r} of a {kind} is no valid Unicode") from None
    return key


def _whole(key: str, step: Any) -> int:
    try:
        whole = int(step)
        if whole == step and _FIRST <= whole <= _LAST:
            return whole
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(f"the step of the metric {key!r} must be a whole number of 64 bits, not {step!r}")
