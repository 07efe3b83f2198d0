"""MLflow's model registry: registered models, their versions, aliases and stages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from .common import Nothing, Tag
from .endpoint import Endpoint
from .tracking import Message

Given = Annotated[str, Meta(min_length=1)]
"""A text that must be there."""

_MODELS = "/mlflow/registered-models"
_VERSIONS = "/mlflow/model-versions"


class Alias(Message, frozen=True):
    alias: str
    version: str


class ModelVersion(Message, frozen=True):
    """A version as MLflow's clients see it. Times are milliseconds. MLflow's server may leave texts out."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    description: str | None = None
    source: str = ""
    run_id: str | None = None
    status: str = ""
    run_link: str | None = None
    tags: list[Tag] = []
    aliases: list[str] = []


class RegisteredModel(Message, frozen=True):
    """A model as MLflow's clients see it; ``latest_versions`` has the newest of each stage."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""
    latest_versions: list[ModelVersion] = []
    tags: list[Tag] = []
    aliases: list[Alias] = []


class Model(Message, frozen=True):
    registered_model: RegisteredModel


class Version(Message, frozen=True):
    model_version: ModelVersion


class Models(Message, frozen=True):
    registered_models: list[RegisteredModel] = []
    next_page_token: str = ""


class Versions(Message, frozen=True):
    model_versions: list[ModelVersion] = []
    next_page_token: str = ""


class CreateModel(Message, frozen=True):
    name: Given
    tags: list[Tag] = []
    description: str = ""


class NamedModel(Message, frozen=True):
    name: Given


class RenameModel(Message, frozen=True):
    name: Given
    new_name: Given


class UpdateModel(Message, frozen=True):
    name: Given
    description: str | None = None


class Search(Message, frozen=True):
    """Which models or versions; without ``max_results``, as many as MLflow gives."""

    filter: str = ""
    max_results: int | None = None
    order_by: list[str] = []
    page_token: str = ""


class LatestVersions(Message, frozen=True):
    name: Given
    stages: list[str] = []


class SetModelTag(Message, frozen=True):
    name: Given
    key: Given
    value: str = ""


class DeleteModelTag(Message, frozen=True):
    name: Given
    key: Given


class SetAlias(Message, frozen=True):
    name: Given
    alias: Given
    version: Given


class NamedAlias(Message, frozen=True):
    name: Given
    alias: Given


class CreateVersion(Message, frozen=True):
    name: Given
    source: Given
    run_id: str = ""
    tags: list[Tag] = []
    run_link: str = ""
    description: str = ""
    model_id: str = ""


class NamedVersion(Message, frozen=True):
    name: Given
    version: Given


class UpdateVersion(Message, frozen=True):
    name: Given
    version: Given
    description: str | None = None


class TransitionStage(Message, frozen=True):
    name: Given
    version: Given
    stage: Given
    archive_existing_versions: bool = False


class SetVersionTag(Message, frozen=True):
    name: Given
    version: Given
    key: Given
    value: str = ""


class DeleteVersionTag(Message, frozen=True):
    name: Given
    version: Given
    key: Given


class DownloadUri(Message, frozen=True):
    artifact_uri: str


CREATE_MODEL = Endpoint("POST", f"{_MODELS}/create", CreateModel, Model)
RENAME_MODEL = Endpoint("POST", f"{_MODELS}/rename", RenameModel, Model)
UPDATE_MODEL = Endpoint("PATCH", f"{_MODELS}/update", UpdateModel, Model)
DELETE_MODEL = Endpoint("DELETE", f"{_MODELS}/delete", NamedModel, Nothing)
GET_MODEL = Endpoint("GET", f"{_MODELS}/get", NamedModel, Model)
SEARCH_MODELS = Endpoint("GET", f"{_MODELS}/search", Search, Models)
LATEST_VERSIONS = Endpoint("GET", f"{_MODELS}/get-latest-versions", LatestVersions, Versions)
LATEST_VERSIONS_POST = Endpoint("POST", f"{_MODELS}/get-latest-versions", LatestVersions, Versions)
SET_MODEL_TAG = Endpoint("POST", f"{_MODELS}/set-tag", SetModelTag, Nothing)
DELETE_MODEL_TAG = Endpoint("DELETE", f"{_MODELS}/delete-tag", DeleteModelTag, Nothing)
SET_ALIAS = Endpoint("POST", f"{_MODELS}/alias", SetAlias, Nothing)
GET_BY_ALIAS = Endpoint("GET", f"{_MODELS}/alias", NamedAlias, Version)
DELETE_ALIAS = Endpoint("DELETE", f"{_MODELS}/alias", NamedAlias, Nothing)

CREATE_VERSION = Endpoint("POST", f"{_VERSIONS}/create", CreateVersion, Version)
UPDATE_VERSION = Endpoint("PATCH", f"{_VERSIONS}/update", UpdateVersion, Version)
TRANSITION_STAGE = Endpoint("POST", f"{_VERSIONS}/transition-stage", TransitionStage, Version)
DELETE_VERSION = Endpoint("DELETE", f"{_VERSIONS}/delete", NamedVersion, Nothing)
GET_VERSION = Endpoint("GET", f"{_VERSIONS}/get", NamedVersion, Version)
SEARCH_VERSIONS = Endpoint("GET", f"{_VERSIONS}/search", Search, Versions)
DOWNLOAD_URI = Endpoint("GET", f"{_VERSIONS}/get-download-uri", NamedVersion, DownloadUri)
SET_VERSION_TAG = Endpoint("POST", f"{_VERSIONS}/set-tag", SetVersionTag, Nothing)
DELETE_VERSION_TAG = Endpoint("DELETE", f"{_VERSIONS}/delete-tag", DeleteVersionTag, Nothing)
