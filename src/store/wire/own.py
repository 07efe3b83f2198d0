"""Our own API, below ``/api/autolog``: what MLflow's has no words for.

Each method of a store, its experiments and its registry that reads or changes something is
one endpoint; the fields of a request are the method's arguments. Errors are
``{"error": "<class in store.errors>", "message": "…"}``. Beside this table there are the
streams, in `server.streams`: log bytes, contents of files, files, and live events.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import msgspec

from ..base import Last, LoggedModel, RunData
from ..events import Number, read_number, wire_number
from ..experiments.base import Experiment
from ..registry.base import AliasMove, ModelVersion, RegisteredModel
from .columns import BucketColumns, PointColumns
from .endpoint import Endpoint

PREFIX = "/api/autolog"
VERSION = 1
"""Raised when an old client would misread a new server; `HELLO` tells it."""
USER = "X-Autolog-User"
"""The header with the client's ``user@host``, percent-encoded: a claim, for histories of changes."""


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked for."""


class Done(msgspec.Struct, frozen=True):
    """An answer that has nothing to say."""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong; ``error`` is a class in `store.errors`, ``expected`` that of a `Gap`."""

    error: str
    message: str = ""
    expected: int | None = None


class ById(Question, frozen=True):
    id: str


class ByName(Question, frozen=True):
    name: str


# The server


class Hello(msgspec.Struct, frozen=True):
    """Who answers."""

    autolog: int


HELLO = Endpoint("GET", "/hello", Question, Hello)

# Runs


class Run(msgspec.Struct, frozen=True):
    """A run; its metrics are apart, since JSON has no NaN."""

    run: RunData
    metrics: dict[str, Number]


class Search(Question, frozen=True):
    filter: str = ""
    experiment: str | None = None
    order_by: list[str] = []
    limit: int | None = None
    offset: int = 0


class GetRun(Question, frozen=True):
    id: str
    deleted: bool = False


class Latest(Question, frozen=True):
    ids: list[str]


class PointsOf(Question, frozen=True):
    id: str
    key: str


class BucketsOf(Question, frozen=True):
    ids: list[str]
    key: str
    n: int
    x: Literal["step", "time"] = "step"
    start: Number | None = None
    end: Number | None = None


LatestAnswer = dict[str, dict[str, tuple[Number, int, int]]]

SEARCH = Endpoint("POST", "/runs/search", Search, list[Run], reads=True)
GET_RUN = Endpoint("GET", "/runs/get", GetRun, Run)
LATEST = Endpoint("POST", "/runs/latest", Latest, LatestAnswer, reads=True)
POINTS = Endpoint("GET", "/runs/points", PointsOf, PointColumns)
BUCKETS = Endpoint("POST", "/runs/buckets", BucketsOf, BucketColumns, reads=True)
MODELS = Endpoint("GET", "/runs/models", ById, list[LoggedModel])
MODEL = Endpoint("GET", "/runs/model", ById, LoggedModel)
FOLDER = Endpoint("GET", "/runs/folder", ById, str)


def packed_run(data: RunData) -> Run:
    numbers = {key: wire_number(value) for key, value in data.metrics.items()}
    return Run(replace(data, metrics={}), numbers)


def run_of(answer: Run) -> RunData:
    return replace(answer.run, metrics={key: read_number(value) for key, value in answer.metrics.items()})


def latest_of(answer: LatestAnswer) -> dict[str, dict[str, Last]]:
    return {
        id: {key: Last(read_number(value), step, time) for key, (value, step, time) in metrics.items()}
        for id, metrics in answer.items()
    }


# Experiments


class ListExperiments(Question, frozen=True):
    """``deleted`` is as in `Experiments.list`, "all" for None."""

    deleted: Literal["no", "yes", "all"] = "no"


class CreateExperiment(Question, frozen=True):
    name: str
    tags: dict[str, str] = {}


class UpdateExperiment(Question, frozen=True):
    id: str
    name: str | None = None
    tags: dict[str, str | None] = {}


LIST_EXPERIMENTS = Endpoint("GET", "/experiments/list", ListExperiments, list[Experiment])
GET_EXPERIMENT = Endpoint("GET", "/experiments/get", ById, Experiment)
NAMED_EXPERIMENT = Endpoint("GET", "/experiments/named", ByName, Experiment)
CREATE_EXPERIMENT = Endpoint("POST", "/experiments/create", CreateExperiment, Experiment)
UPDATE_EXPERIMENT = Endpoint("POST", "/experiments/update", UpdateExperiment, Experiment)
DELETE_EXPERIMENT = Endpoint("POST", "/experiments/delete", ById, Done)
RESTORE_EXPERIMENT = Endpoint("POST", "/experiments/restore", ById, Done)

# Files


class Content(msgspec.Struct, frozen=True):
    """A file: its path below what it belongs to ("" for that itself), its bytes, their SHA-256."""

    path: str
    size: int
    sha256: str


class Missing(msgspec.Struct, frozen=True):
    """Content that the server lacks; it has the first ``offset`` bytes of it."""

    sha256: str
    size: int
    offset: int = 0


class Listing(msgspec.Struct, frozen=True):
    """A file, or a folder with all its files."""

    is_dir: bool
    files: list[Content]


class Entry(msgspec.Struct, frozen=True):
    """As `store.base.Entry`."""

    path: str
    is_dir: bool
    size: int


class OfRun(Question, frozen=True):
    run: str
    path: str = ""


class Place(Question, frozen=True):
    """Put files that the server has into a run of ``folder`` (``experiment/run``) as an artifact."""

    folder: str
    run: str
    path: str
    listing: Listing


class Discarded(Question, frozen=True):
    folder: str
    run: str
    path: str


FILES = Endpoint("GET", "/files/names", OfRun, list[str])
ENTRIES = Endpoint("GET", "/files/entries", OfRun, list[Entry])
LISTING = Endpoint("GET", "/files/listing", OfRun, Listing)
PLACE = Endpoint("POST", "/files/place", Place, list[Missing])
DISCARD = Endpoint("POST", "/files/discard", Discarded, Done)

# Registry


class CreateModel(Question, frozen=True):
    name: str
    description: str = ""
    tags: dict[str, str] = {}


class SearchModels(Question, frozen=True):
    filter: str = ""


class UpdateModel(Question, frozen=True):
    name: str
    version: int | None = None
    description: str | None = None
    tags: dict[str, str | None] = {}


class RenameModel(Question, frozen=True):
    name: str
    new_name: str


class DeleteModel(Question, frozen=True):
    name: str
    force: bool = False


class Register(Question, frozen=True):
    """``source`` is an address; None when ``listing`` says which files are copied."""

    name: str
    source: str | None = None
    run_id: str | None = None
    description: str = ""
    tags: dict[str, str] = {}
    listing: Listing | None = None


class Registered(msgspec.Struct, frozen=True, omit_defaults=True):
    """The new version; none is made while content is missing."""

    version: ModelVersion | None = None
    missing: list[Missing] = []


class VersionsOf(Question, frozen=True):
    name: str | None = None


class ByVersion(Question, frozen=True):
    name: str
    version: int


class DeleteVersion(Question, frozen=True):
    name: str
    version: int
    force: bool = False


class ByAlias(Question, frozen=True):
    name: str
    alias: str


class SetAlias(Question, frozen=True):
    name: str
    alias: str
    version: int


class AliasHistory(Question, frozen=True):
    name: str
    alias: str | None = None


class SetStage(Question, frozen=True):
    name: str
    version: int
    stage: str
    archive_existing: bool = False


class Promote(Question, frozen=True):
    name: str
    version: int
    alias: str
    condition: str = ""


CREATE_MODEL = Endpoint("POST", "/registry/create", CreateModel, RegisteredModel)
GET_MODEL = Endpoint("GET", "/registry/get", ByName, RegisteredModel)
SEARCH_MODELS = Endpoint("GET", "/registry/search", SearchModels, list[RegisteredModel])
UPDATE_MODEL = Endpoint("POST", "/registry/update", UpdateModel, Done)
RENAME_MODEL = Endpoint("POST", "/registry/rename", RenameModel, RegisteredModel)
DELETE_MODEL = Endpoint("POST", "/registry/delete", DeleteModel, Done)
REGISTER = Endpoint("POST", "/registry/register", Register, Registered)
GET_VERSION = Endpoint("GET", "/registry/version", ByVersion, ModelVersion)
VERSIONS = Endpoint("GET", "/registry/versions", VersionsOf, list[ModelVersion])
BY_ALIAS = Endpoint("GET", "/registry/version-by-alias", ByAlias, ModelVersion)
VERSION_FILES = Endpoint("GET", "/registry/files", ByVersion, Listing)
DELETE_VERSION = Endpoint("POST", "/registry/delete-version", DeleteVersion, Done)
SET_ALIAS = Endpoint("POST", "/registry/set-alias", SetAlias, Done)
DELETE_ALIAS = Endpoint("POST", "/registry/delete-alias", ByAlias, Done)
ALIAS_HISTORY = Endpoint("GET", "/registry/alias-history", AliasHistory, list[AliasMove])
SET_STAGE = Endpoint("POST", "/registry/set-stage", SetStage, ModelVersion)
PROMOTE = Endpoint("POST", "/registry/promote", Promote, ModelVersion)
