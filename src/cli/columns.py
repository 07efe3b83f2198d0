"""What a listing shows of each run: fixed columns, key metrics, and params that differ."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import formats
from .tables import Cell
from .tree import is_best

if TYPE_CHECKING:
    from ..store.base import RunData

DEFAULT = ("id", "name", "status", "started", "duration")
METRICS = PARAMS = 4
"""How many of each are chosen for a listing."""

STYLES = {"FINISHED": "green", "RUNNING": "cyan", "FAILED": "red", "KILLED": "magenta", "stale": "yellow"}
_GROUPS = {"metric": "metrics", "param": "params", "parameters": "params", "tag": "tags"}
_TRAINING = re.compile(r"(mean_)?train(ing)?_")
_DULL = re.compile(r"std_|rank_|n_|iter$|.*_(time|index|samples)$")
_DULL_PARAM = re.compile(r"(.*__)?(verbose|verbosity|n_jobs|random_state|copy(_x)?|memory|cache_size)$", re.I)


@dataclass(frozen=True)
class Show:
    """How cells are written: for people at ``now`` in a terminal, or for good."""

    now: int
    terminal: bool


def status(run: RunData) -> str:
    """The status, or ``stale`` for a run whose process is gone."""
    return "stale" if run.stale else run.status


def lasted(run: RunData, now: int) -> str:
    """How long the run took; so far, while it runs."""
    running = run.status == "RUNNING" and not run.stale
    return formats.duration(run.start_time, now if running else run.end_time)


def started(run: RunData, show: Show) -> str:
    return formats.ago(run.start_time, show.now) if show.terminal else formats.moment(run.start_time)


ATTRIBUTES: Mapping[str, Callable[[RunData, Show], Cell]] = {
    "id": lambda run, show: Cell(run.id[:8] if show.terminal else run.id, "dim"),
    "name": lambda run, show: Cell(formats.one_line(run.name) + (" ★" if is_best(run) else "")),
    "status": lambda run, show: Cell(status(run), STYLES.get(status(run), "")),
    "started": lambda run, show: Cell(started(run, show)),
    "ended": lambda run, show: Cell(formats.moment(run.end_time)),
    "duration": lambda run, show: Cell(lasted(run, show.now)),
    "experiment": lambda run, show: Cell(formats.one_line(run.experiment)),
    "parent": lambda run, show: Cell(run.parent_id or ""),
    "error": lambda run, show: Cell(_fitting(run.error or "", show), "red"),
}


def split(column: str) -> tuple[str, str]:
    """``metrics.acc`` as group and key; an attribute has an empty group.

    Raises ValueError for a column that there cannot be.
    """
    group, dot, key = column.partition(".")
    group = _GROUPS.get(group, group)
    if not dot and column in ATTRIBUTES:
        return "", column
    if group in ("metrics", "params", "tags") and key:
        return group, key
    known = ", ".join([*ATTRIBUTES, "metrics.KEY", "params.KEY", "tags.KEY"])
    raise ValueError(f"there is no column {column!r}; there are {known}")


def cell(run: RunData, column: tuple[str, str], show: Show) -> Cell:
    """One value of one run; empty when the run has no such value."""
    group, key = column
    if not group:
        return ATTRIBUTES[key](run, show)
    values: Mapping[str, Any] = getattr(run, group)
    if key not in values:
        return Cell("")
    if group == "metrics":
        return Cell(formats.number(values[key]))
    return Cell("null" if values[key] is None else _fitting(str(values[key]), show))


def chosen(runs: Iterable[RunData]) -> list[tuple[str, str]]:
    """Metrics that tell most about these runs, then params in which they differ.

    Nested runs and those at the top record different things: both have their say.
    """
    groups: tuple[list[RunData], list[RunData]] = ([], [])
    for run in runs:
        groups[run.parent_id is None].append(run)
    metrics = _merged([_telling([run.metrics for run in group]) for group in groups], METRICS)
    params = _merged([_differing([run.params for run in group]) for group in groups], PARAMS)
    return [*(("metrics", key) for key in metrics), *(("params", key) for key in params)]


def _telling(rows: Sequence[Collection[str]]) -> list[str]:
    """Keys that a good part of the rows have: results, otherwise times and the like.

    Where there is a mean of all folds, the score of the last fold would only mislead.
    """
    counts = Counter(key for row in rows for key in row)
    common = [key for key in counts if counts[key] * 4 >= len(rows) and f"mean_{key}" not in counts]
    results = [key for key in common if not _DULL.match(key)] or common
    return sorted(results, key=lambda key: (_TRAINING.match(key) is not None, -counts[key], key))


def _differing(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys with several values, the ones that most rows have first; technical ones last."""
    counts = Counter(key for row in rows for key in row)
    values: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for key, value in row.items():
            values[key].add(str(value))
    differ = [key for key in counts if len(values[key]) > 1]
    return sorted(differ, key=lambda key: (_DULL_PARAM.match(key) is not None, -counts[key], key))


def _merged(rankings: Sequence[Sequence[str]], wanted: int) -> list[str]:
    """The first of each ranking, then the second of each, and so on."""
    places: dict[str, int] = {}
    for ranking in rankings:
        for place, key in enumerate(ranking):
            places[key] = min(place, places.get(key, place))
    return sorted(places, key=lambda key: places[key])[:wanted]


def _fitting(text: str, show: Show) -> str:
    return formats.shortened(text, 40) if show.terminal else formats.one_line(text)
