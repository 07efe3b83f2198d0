"""The tags by which a run of ours is known on an MLflow server, and what they hold.

What MLflow has no place for is in tags that begin with ``autolog.``; readers take them away again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from ..events import Model
from .names import LONG

OURS = "autolog."
RUN_ID = "autolog.run_id"
PARENT_ID = "autolog.parent_id"
PARENT = "mlflow.parentRunId"
USER = "mlflow.user"
NAME = "mlflow.runName"
KIND = "autolog.kind"
ERROR = "autolog.error"
ODD = "autolog.odd"
"""Says that what MLflow's own filters compare is not all of the truth about a run."""
PARAM = "autolog.param."
"""The value of a param in JSON: its text does not tell what it is, or it was logged again."""
REWIND = "autolog.rewind."
"""Pairs of a step and a time: points before that time, at that step and later, are void."""
MODEL = "autolog.model."
"""A model at a path among the run's artifacts."""

SOURCE = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
SAME = {
    USER: "autolog.user",
    SOURCE: "autolog.script",
    "mlflow.source.git.commit": "autolog.git.commit",
    "mlflow.source.git.branch": "autolog.git.branch",
    "mlflow.source.git.repoURL": "autolog.git.remote",
}
"""MLflow's names for what runs of ours note of themselves."""
MODEL_ID = "autolog.model_id."
"""Says that the run has the model whose id follows."""

CONTEXT = "mlflow.data.context"
OWN_DATA = "autolog"
"""The type of source of a data set that we describe: the source has its name and whole digest."""

HIDDEN = (RUN_ID, PARENT_ID, PARENT, NAME, KIND, ERROR, ODD)
BEGINNINGS = (PARAM, REWIND, MODEL, MODEL_ID, LONG)

FILES = "autolog"
REFUSED = f"{FILES}/refused"
"""The folder among a run's artifacts with what the server would not take, and why."""


class ModelNote(NamedTuple):
    id: str
    flavor: str
    time: int
    notes: tuple[str, ...]


def model_note(event: Model) -> str:
    """What a tag says of a model."""
    return _json(ModelNote(event.id, event.flavor, event.time, tuple(event.notes)))


def read_model(text: str) -> ModelNote:
    return msgspec.json.decode(text, type=ModelNote)


def rewind_note(rewinds: Sequence[tuple[int, int]]) -> str:
    """What a tag says of the rewinds of a metric."""
    return _json(list(rewinds))


def read_rewinds(text: str) -> list[tuple[int, int]]:
    return msgspec.json.decode(text, type=list[tuple[int, int]])


def is_void(step: int, time: int, rewinds: Iterable[tuple[int, int]]) -> bool:
    """Whether a rewind made a point void."""
    return any(step >= first and time < when for first, when in rewinds)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
