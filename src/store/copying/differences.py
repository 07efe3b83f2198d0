"""What a run has to say that another store does not know of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base import Input, Last, RunData
from ..events import End, Event, Name, Params, Scalar, Tags
from ..events import Input as InputEvent
from ..log import now

_OPEN = ("RUNNING", "SCHEDULED")


def said(run: RunData, known: RunData | None) -> list[Event]:
    """Name, params, tags and data sets that are not known, or known as others."""
    return list(_new(run) if known is None else _changed(run, known))


def standing(run: RunData, known: RunData | None) -> list[Event]:
    """How the run ended, or that it goes on, where that is not known."""
    if known is not None and stands_alike(run, known):
        return []
    if run.status not in _OPEN:
        return [End(run=0, time=_ended(run), status=run.status, error=run.error)]  # type: ignore[arg-type]
    if known is None and run.status == "RUNNING":
        return []
    after = 0 if known is None or known.end_time is None else known.end_time + 1
    return [End(run=0, time=max(after, run.start_time or 0), status=run.status)]  # type: ignore[arg-type]


def stands_alike(run: RunData, known: RunData) -> bool:
    """Whether both ended in the same way, or neither did."""
    if run.status in _OPEN:
        return known.status == run.status
    at_once = run.end_time is None or known.end_time == run.end_time
    return at_once and (known.status, known.error) == (run.status, run.error)


def is_over(run: RunData) -> bool:
    return run.status not in _OPEN


def alike(last: Last | None, known: Last | None) -> bool:
    """Whether the last points of a metric are the same one; a NaN is like another."""
    return last is not None and known is not None and _row(last) == _row(known)


def _row(last: Last) -> tuple[str, int, int]:
    return repr(float(last.value)), last.step, last.time


def _ended(run: RunData) -> int:
    """MLflow knows runs that ended at no time."""
    times = (run.end_time, run.start_time, now())
    return next(time for time in times if time is not None)


def _new(run: RunData) -> Iterator[Event]:
    if run.params:
        yield Params(run=0, time=now(), params=dict(run.params))
    if run.tags:
        yield Tags(run=0, time=now(), tags=dict(run.tags))
    yield from map(_input, run.inputs)


def _changed(run: RunData, known: RunData) -> Iterator[Event]:
    params = {key: value for key, value in run.params.items() if not _holds(known, key, value)}
    tags = {key: value for key, value in run.tags.items() if known.tags.get(key) != value}
    if known.name != run.name:
        yield Name(run=0, time=now(), name=run.name)
    if params:
        yield Params(run=0, time=now(), params=params)
    if tags:
        yield Tags(run=0, time=now(), tags={**tags})
    yield from map(_input, _unknown(run.inputs, known.inputs))


def _holds(known: RunData, key: str, value: Scalar) -> bool:
    """An MLflow server has nothing but texts."""
    if key not in known.params:
        return False
    there = known.params[key]
    return (type(there), there) == (type(value), value) or there == str(value)


def _unknown(inputs: Sequence[Input], known: Sequence[Input]) -> Iterator[Input]:
    there = {(one.name, one.digest, one.context) for one in known}
    return (one for one in inputs if (one.name, one.digest, one.context) not in there)


def _input(one: Input) -> InputEvent:
    facts = dict(one.facts)
    return InputEvent(run=0, time=now(), name=one.name, digest=one.digest, context=one.context, facts=facts)
