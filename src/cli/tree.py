"""Runs below their parents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..store.base import RunData

BEST, TRIAL = "autolog.best", "autolog.trial"


@dataclass(frozen=True)
class Branch:
    """A run in its place: ``guide`` is the lines that lead to it."""

    run: RunData
    guide: str
    depth: int


@dataclass(frozen=True)
class More:
    """So many runs are left out here."""

    guide: str
    count: int
    noun: str


Family = dict[str | None, list["RunData"]]


def is_best(run: RunData) -> bool:
    return run.tags.get(BEST) == "true"


def families(runs: Iterable[RunData]) -> Family:
    """The children of each run, in the order given; below None those whose parent is missing."""
    runs = list(runs)
    known = {run.id for run in runs}
    found: Family = defaultdict(list)
    for run in runs:
        found[run.parent_id if run.parent_id in known else None].append(run)
    return found


def in_trial_order(runs: Iterable[RunData]) -> list[RunData]:
    """Nested runs by their start; the trials of one parent by their number, from where the first began."""
    runs = list(runs)
    began: dict[str | None, int] = {}
    for run in runs:
        if TRIAL in run.tags:
            began[run.parent_id] = min(run.start_time or 0, began.get(run.parent_id, run.start_time or 0))

    def key(run: RunData) -> tuple[int, int, int, str]:
        number, start = run.tags.get(TRIAL), run.start_time or 0
        if number is None:
            return start, 0, start, run.id
        return began[run.parent_id], int(number) if number.isdecimal() else 0, start, run.id

    return sorted(runs, key=key)


def branches(runs: Iterable[RunData], *, longest: int | None = None) -> Iterator[Branch | More]:
    """The tree, line by line. Of more than ``longest`` children the first and the best are shown.

    Any depth: nested runs can be nested a thousand times.
    """
    children = families(runs)
    waiting = [_Place(run, "", "", 0) for run in reversed(children[None])]
    while waiting:
        place = waiting.pop()
        if isinstance(place.item, More):
            yield More(place.lead, place.item.count, place.item.noun)
            continue
        yield Branch(place.item, place.lead, place.depth)
        waiting += reversed(list(_below(place, children.get(place.item.id, []), longest)))


@dataclass(frozen=True)
class _Place:
    item: RunData | More
    lead: str
    """What stands before the item itself."""
    indent: str
    """What stands before everything below it."""
    depth: int


def _below(place: _Place, runs: Sequence[RunData], longest: int | None) -> Iterator[_Place]:
    items: list[RunData | More] = list(_shown(runs, longest))
    if len(items) < len(runs):
        items.append(More("", len(runs) - len(items), _noun(runs)))
    for number, item in enumerate(items):
        last = number == len(items) - 1
        lead, indent = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield _Place(item, place.indent + lead, place.indent + indent, place.depth + 1)


def _shown(runs: Sequence[RunData], longest: int | None) -> Sequence[RunData]:
    if longest is None or len(runs) <= longest + 1:  # "1 more" would be as long as the run
        return runs
    return [*runs[:longest], *(run for run in runs[longest:] if is_best(run))]


def _noun(runs: Sequence[RunData]) -> str:
    return "trial" if any(TRIAL in run.tags for run in runs) else "run"
