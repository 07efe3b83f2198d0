"""MLflow's logged models: models that runs logged, each with an id, files and metrics of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .artifacts import FileInfo
from .common import Nothing, Tag
from .endpoint import Endpoint
from .registry import Given
from .tracking import Message, Metric, ModelOutput

_MODELS = "/mlflow/logged-models"

Status = Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]


class Info(Message, frozen=True):
    """What a model is. Times are milliseconds."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: Status
    model_type: str
    source_run_id: str
    tags: list[Tag] = []


class Data(Message, frozen=True):
    params: list[Tag] = []
    metrics: list[Metric] = []


class LoggedModel(Message, frozen=True):
    info: Info
    data: Data


class Model(Message, frozen=True):
    model: LoggedModel


class Models(Message, frozen=True):
    models: list[LoggedModel] = []
    next_page_token: str = ""


class Create(Message, frozen=True):
    experiment_id: Given
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: list[Tag] = []
    tags: list[Tag] = []


class Get(Message, frozen=True):
    model_id: Given
    allow_deleted: bool = False


class Named(Message, frozen=True):
    model_id: Given


class Finalize(Message, frozen=True):
    model_id: Given
    status: Status


class SetTags(Message, frozen=True):
    model_id: Given
    tags: list[Tag] = []


class DeleteTag(Message, frozen=True):
    model_id: Given
    tag_key: Given


class LogParams(Message, frozen=True):
    model_id: Given
    params: list[Tag] = []


class DataSet(Message, frozen=True):
    """A data set that a searched model was measured on; without a digest, whichever version."""

    dataset_name: str = ""
    dataset_digest: str = ""


class OrderBy(Message, frozen=True):
    field_name: Given
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class Search(Message, frozen=True):
    experiment_ids: Annotated[list[str], Meta(min_length=1)]
    filter: str = ""
    datasets: list[DataSet] = []
    max_results: int = 50
    order_by: list[OrderBy] = []
    page_token: str = ""


class ListFiles(Message, frozen=True):
    model_id: Given
    artifact_directory_path: str = ""


class Files(Message, frozen=True):
    root_uri: str
    files: list[FileInfo] = []


class LogOutputs(Message, frozen=True):
    run_id: Given
    models: Annotated[list[ModelOutput], Meta(min_length=1)]


class LogModel(Message, frozen=True):
    """``model_json``: the contents of an MLmodel file, as clients before MLflow 3 send it."""

    run_id: Given
    model_json: Given


CREATE = Endpoint("POST", _MODELS, Create, Model)
GET = Endpoint("GET", f"{_MODELS}/{{model_id}}", Get, Model)
FINALIZE = Endpoint("PATCH", f"{_MODELS}/{{model_id}}", Finalize, Model)
DELETE = Endpoint("DELETE", f"{_MODELS}/{{model_id}}", Named, Nothing)
SEARCH = Endpoint("POST", f"{_MODELS}/search", Search, Models, reads=True)
SET_TAGS = Endpoint("PATCH", f"{_MODELS}/{{model_id}}/tags", SetTags, Nothing)
DELETE_TAG = Endpoint("DELETE", f"{_MODELS}/{{model_id}}/tags/{{tag_key}}", DeleteTag, Nothing)
LOG_PARAMS = Endpoint("POST", f"{_MODELS}/{{model_id}}/params", LogParams, Nothing)
LIST_FILES = Endpoint("GET", f"{_MODELS}/{{model_id}}/artifacts/directories", ListFiles, Files)
LOG_OUTPUTS = Endpoint("POST", "/mlflow/runs/outputs", LogOutputs, Nothing)
LOG_MODEL = Endpoint("POST", "/mlflow/runs/log-model", LogModel, Nothing)
