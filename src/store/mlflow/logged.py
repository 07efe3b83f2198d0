"""The logged models of an MLflow server, as runs of the kind "model": so they are in our stores."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

import msgspec

from ..base import ArtifactFolder, Entry, Input, Last, LoggedModel, RunData
from ..errors import ArtifactNotFound
from ..events import read_number, wire_number
from ..points import Points
from ..registry.sources import LOGGED
from ..wire.artifacts import FileInfo
from ..wire.common import Tag
from ..wire.endpoint import Endpoint
from ..wire.models import Get, ListFiles, Search
from ..wire.tracking import Metric
from .artifacts import fetched
from .client import MISSING, MlflowClient, Refused
from .files import Root
from .reader import MlflowReader

_PATH = "model"
_PAGE = 50
_STATUSES = {"LOGGED_MODEL_PENDING": "RUNNING", "LOGGED_MODEL_READY": "FINISHED"}


class _Info(msgspec.Struct, frozen=True):
    model_id: str
    experiment_id: str = ""
    name: str = ""
    creation_timestamp_ms: int = 0
    last_updated_timestamp_ms: int = 0
    artifact_uri: str = ""
    status: str = ""
    model_type: str = ""
    source_run_id: str = ""
    tags: list[Tag] = []


class _Data(msgspec.Struct, frozen=True):
    params: list[Tag] = []
    metrics: list[Metric] = []


class _Model(msgspec.Struct, frozen=True):
    info: _Info
    data: _Data = _Data()


class _One(msgspec.Struct, frozen=True):
    model: _Model


class _Page(msgspec.Struct, frozen=True):
    models: list[_Model] = []
    next_page_token: str = ""


class _Files(msgspec.Struct, frozen=True):
    files: list[FileInfo] = []


_SEARCH = Endpoint("POST", "/mlflow/logged-models/search", Search, _Page, reads=True)
_GET = Endpoint("GET", "/mlflow/logged-models/{model_id}", Get, _One)
_LIST = Endpoint("GET", "/mlflow/logged-models/{model_id}/artifacts/directories", ListFiles, _Files)


class LoggedReader(MlflowReader):
    """Gives runs, and the logged models beside them."""

    def __init__(self, client: MlflowClient, flush: Callable[[], None]) -> None:
        super().__init__(client, flush)
        self._page: Mapping[str, _Model] = {}

    def logged(self, experiment: str) -> Iterator[list[RunData]]:
        """The models of an experiment, page by page."""
        id, token = self.experiments.named(experiment).id, ""
        while True:
            answer = self._client.call(_SEARCH, Search([id], max_results=_PAGE, page_token=token))
            self._page = {model.info.model_id: model for model in answer.models}
            yield [_run(model, experiment) for model in answer.models]
            token = answer.next_page_token
            if not token:
                return

    def get(self, id: str, *, deleted: bool = False) -> RunData:
        model = self._model(id)
        if model is None:
            return super().get(id, deleted=deleted)
        return _run(model, self.experiments.get(model.info.experiment_id).name)

    def latest(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Last]]:
        models = {id: model for id in ids if (model := self._model(id))}
        found = dict(super().latest([id for id in ids if id not in models]))
        return found | {id: _latest(model) for id, model in models.items()}

    def points(self, id: str, key: str) -> Points:
        model = self._model(id)
        if model is None:
            return super().points(id, key)
        rows = _points(model).get(key, [])
        return Points(
            array("q", [row.step for row in rows]),
            array("q", [row.time for row in rows]),
            array("d", [row.value for row in rows]),
        )

    def artifacts(self, id: str) -> ArtifactFolder:
        model = self._model(id)
        return super().artifacts(id) if model is None else _ModelFiles(self._client, model.info)

    def models(self, *ids: str) -> list[LoggedModel]:
        return [found for id in ids for found in self._models(id)]

    def model(self, id: str) -> LoggedModel:
        found = self._model(id)
        return super().model(id) if found is None else self._logged(found)

    def _models(self, id: str) -> list[LoggedModel]:
        """Behind those among a run's files the models that are nested in it."""
        model = self._model(id)
        if model is None:
            return [*super().models(id), *map(self._logged, self._nested(id))]
        return [self._logged(model)] if model.info.status == "LOGGED_MODEL_READY" else []

    def _nested(self, run: str) -> list[_Model]:
        """Those that MLflow's clients logged in a run, and that are whole."""
        experiment = self.experiments.named(super().get(run, deleted=True).experiment).id
        try:
            answer = self._client.call(_SEARCH, Search([experiment], f"attributes.source_run_id = '{run}'"))
        except Refused as error:
            if error.code != "NOT_FOUND":
                raise
            return []  # a server before MLflow 3
        return [model for model in answer.models if model.info.status == "LOGGED_MODEL_READY"]

    def _model(self, id: str) -> _Model | None:
        """One of MLflow's models. A model that was copied to the server is a run there."""
        if not LOGGED.fullmatch(id):
            return None
        if id not in self._page:
            try:
                self._page = {id: self._client.call(_GET, Get(id)).model}
            except Refused as error:
                if error.code not in (MISSING, "NOT_FOUND"):
                    raise
                return None
        return self._page[id]

    def _logged(self, model: _Model) -> LoggedModel:
        info = model.info
        flavor = _flavor(_ModelFiles(self._client, info))
        return LoggedModel(info.model_id, info.model_id, _PATH, flavor, info.creation_timestamp_ms)


class _ModelFiles:
    """The files of a model, in a folder that is called so; see `store.base.ArtifactFolder`."""

    def __init__(self, client: MlflowClient, info: _Info) -> None:
        self._client = client
        self._info = info

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._below("")))

    def entries(self, path: str = "") -> list[Entry]:
        if not path:
            return [Entry(_PATH, True, 0)] if self._listed("") else []
        found = self._listed(_inside(path))
        return [Entry(f"{_PATH}/{file.path}", file.is_dir, file.file_size or 0) for file in found]

    def open(self, name: str) -> BinaryIO:
        file = cast(BinaryIO, TemporaryFile())  # noqa: SIM115  the caller closes it
        try:
            for piece in Root(self._client, self._info.artifact_uri).read(_inside(name)):
                file.write(piece)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def path(self, name: str) -> Path:
        path = fetched(self._client, self._info.artifact_uri) / _inside(name)
        if not path.exists():
            raise ArtifactNotFound(f"model {self._info.model_id} has no file {name!r}")
        return path

    def _below(self, path: str) -> Iterator[str]:
        for entry in self.entries(path):
            if entry.is_dir:
                yield from self._below(entry.path)
            else:
                yield entry.path

    def _listed(self, path: str) -> list[FileInfo]:
        return self._client.call(_LIST, ListFiles(self._info.model_id, path)).files


def _inside(path: str) -> str:
    return path.removeprefix(_PATH).lstrip("/")


def _run(model: _Model, experiment: str) -> RunData:
    info = model.info
    tags = {tag.key: tag.value for tag in info.tags}
    if info.model_type:
        tags["mlflow.modelType"] = info.model_type
    status = _STATUSES.get(info.status, "FAILED")
    return RunData(
        info.model_id,
        info.name,
        experiment,
        status,
        False,
        info.source_run_id or None,
        info.creation_timestamp_ms,
        None if status == "RUNNING" else info.last_updated_timestamp_ms,
        None,
        {param.key: param.value for param in model.data.params},
        {key: last.value for key, last in _latest(model).items()},
        tags,
        [_measured(metric) for metric in model.data.metrics if metric.dataset_name],
        kind="model",
    )


def _points(model: _Model) -> Mapping[str, list[Last]]:
    """By key and in the order of time; MLflow tells the last one of each data set."""
    found: dict[str, list[Last]] = {}
    for metric in model.data.metrics:
        point = Last(read_number(metric.value or 0.0), metric.step or 0, metric.timestamp or 0)
        rows = found.setdefault(metric.key or "", [])
        if point not in rows:
            rows.append(point)
    return {key: sorted(rows, key=lambda row: (row.time, row.step)) for key, rows in found.items()}


def _latest(model: _Model) -> Mapping[str, Last]:
    return {key: rows[-1] for key, rows in _points(model).items()}


def _measured(metric: Metric) -> Input:
    """What a metric was measured on, as our server notes it."""
    facts = {
        "value": wire_number(read_number(metric.value or 0.0)),
        "step": metric.step or 0,
        "time": metric.timestamp or 0,
        "run": metric.run_id or "",
    }
    return Input(metric.dataset_name or "", metric.dataset_digest or "", f"metric {metric.key}", facts)


def _flavor(files: _ModelFiles) -> str:
    """The flavor that its MLmodel file names first, beside the one that every model has."""
    import yaml

    try:
        with files.open(f"{_PATH}/MLmodel") as file:
            written = yaml.safe_load(file)
    except (ArtifactNotFound, yaml.YAMLError):
        return ""
    flavors = written.get("flavors") if isinstance(written, dict) else None
    named = [str(name) for name in flavors or () if name != "python_function"]
    return named[0] if named else "python_function" if flavors else ""
