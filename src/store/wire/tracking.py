"""MLflow's experiments, runs, metrics and inputs on the wire (https://mlflow.org/docs/latest/rest-api.html).

Fields are MLflow's. None is what is not set, and not written. Numbers that JSON lacks are texts.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ..events import Number, Status
from .common import Nothing, Tag
from .endpoint import Endpoint

ViewType = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]
Stage = Literal["active", "deleted"]
Integer = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""What int64 holds."""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """What all messages of MLflow's have in common: what is not set is not written."""


class Experiment(Message, frozen=True):
    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: Stage
    last_update_time: Integer | None = None
    creation_time: Integer | None = None
    tags: list[Tag] = []


class RunInfo(Message, frozen=True):
    run_uuid: str
    experiment_id: str
    run_name: str
    user_id: str
    status: Status
    start_time: Integer | None
    artifact_uri: str
    lifecycle_stage: Stage
    run_id: str
    end_time: Integer | None = None


class Metric(Message, frozen=True):
    """``timestamp`` is in milliseconds."""

    key: str | None = None
    value: Number | None = None
    timestamp: Integer | None = None
    step: Integer | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    model_id: str | None = None
    run_id: str | None = None


class RunContents(Message, frozen=True):
    metrics: list[Metric] = []
    params: list[Tag] = []
    tags: list[Tag] = []


class Dataset(Message, frozen=True):
    name: str | None = None
    digest: str | None = None
    source_type: str | None = None
    source: str | None = None
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Message, frozen=True):
    tags: list[Tag] = []
    dataset: Dataset | None = None


class ModelInput(Message, frozen=True):
    model_id: str | None = None


class ModelOutput(Message, frozen=True):
    model_id: str | None = None
    step: Integer | None = None


class RunInputs(Message, frozen=True):
    dataset_inputs: list[DatasetInput] = []
    model_inputs: list[ModelInput] = []


class RunOutputs(Message, frozen=True):
    model_outputs: list[ModelOutput] = []


class Run(Message, frozen=True):
    info: RunInfo
    data: RunContents
    inputs: RunInputs
    outputs: RunOutputs | None = None


# Experiments


class ExperimentId(Message, frozen=True):
    experiment_id: str | None = None


class ExperimentName(Message, frozen=True):
    experiment_name: str | None = None


class ExperimentFound(Message, frozen=True):
    experiment: Experiment


class CreateExperiment(Message, frozen=True):
    name: str | None = None
    artifact_location: str | None = None
    tags: list[Tag] = []


class UpdateExperiment(Message, frozen=True):
    experiment_id: str | None = None
    new_name: str | None = None


class SetExperimentTag(Message, frozen=True):
    experiment_id: str | None = None
    key: str | None = None
    value: str | None = None


class SearchExperiments(Message, frozen=True):
    max_results: Integer | None = None
    page_token: str | None = None
    filter: str | None = None
    order_by: list[str] = []
    view_type: ViewType | None = None


class ExperimentsFound(Message, frozen=True):
    experiments: list[Experiment] = []
    next_page_token: str = ""


class SearchDatasets(Message, frozen=True):
    experiment_ids: list[str] = []


class DatasetSummary(Message, frozen=True):
    experiment_id: str
    name: str
    digest: str
    context: str | None = None


class DatasetsFound(Message, frozen=True):
    dataset_summaries: list[DatasetSummary] = []


GET_EXPERIMENT = Endpoint("GET", "/mlflow/experiments/get", ExperimentId, ExperimentFound)
GET_EXPERIMENT_BY_NAME = Endpoint("GET", "/mlflow/experiments/get-by-name", ExperimentName, ExperimentFound)
CREATE_EXPERIMENT = Endpoint("POST", "/mlflow/experiments/create", CreateExperiment, ExperimentId)
UPDATE_EXPERIMENT = Endpoint("POST", "/mlflow/experiments/update", UpdateExperiment, Nothing)
DELETE_EXPERIMENT = Endpoint("POST", "/mlflow/experiments/delete", ExperimentId, Nothing)
RESTORE_EXPERIMENT = Endpoint("POST", "/mlflow/experiments/restore", ExperimentId, Nothing)
SET_EXPERIMENT_TAG = Endpoint("POST", "/mlflow/experiments/set-experiment-tag", SetExperimentTag, Nothing)
DELETE_EXPERIMENT_TAG = Endpoint(
    "POST", "/mlflow/experiments/delete-experiment-tag", SetExperimentTag, Nothing
)
SEARCH_EXPERIMENTS = Endpoint(
    "POST", "/mlflow/experiments/search", SearchExperiments, ExperimentsFound, reads=True
)
LIST_EXPERIMENTS = Endpoint("GET", "/mlflow/experiments/search", SearchExperiments, ExperimentsFound)
SEARCH_DATASETS = Endpoint(
    "POST", "/mlflow/experiments/search-datasets", SearchDatasets, DatasetsFound, reads=True
)


# Runs. Requests may name a run by either of two fields; the older one is run_uuid.


class RunId(Message, frozen=True):
    run_id: str | None = None
    run_uuid: str | None = None


class RunFound(Message, frozen=True):
    run: Run


class CreateRun(Message, frozen=True):
    experiment_id: str | None = None
    user_id: str | None = None
    run_name: str | None = None
    start_time: Integer | None = None
    tags: list[Tag] = []


class UpdateRun(Message, frozen=True):
    run_id: str | None = None
    run_uuid: str | None = None
    status: Status | None = None
    end_time: Integer | None = None
    run_name: str | None = None


class RunUpdated(Message, frozen=True):
    run_info: RunInfo


class SearchRuns(Message, frozen=True):
    experiment_ids: list[str] = []
    filter: str | None = None
    run_view_type: ViewType | None = None
    max_results: Integer | None = None
    order_by: list[str] = []
    page_token: str | None = None


class RunsFound(Message, frozen=True):
    runs: list[Run] = []
    next_page_token: str = ""


class LogText(Message, frozen=True):
    """A param or a tag of a run."""

    run_id: str | None = None
    run_uuid: str | None = None
    key: str | None = None
    value: str | None = None


class LogBatch(Message, frozen=True):
    run_id: str | None = None
    metrics: list[Metric] = []
    params: list[Tag] = []
    tags: list[Tag] = []


class LogInputs(Message, frozen=True):
    run_id: str | None = None
    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []


CREATE_RUN = Endpoint("POST", "/mlflow/runs/create", CreateRun, RunFound)
UPDATE_RUN = Endpoint("POST", "/mlflow/runs/update", UpdateRun, RunUpdated)
DELETE_RUN = Endpoint("POST", "/mlflow/runs/delete", RunId, Nothing)
RESTORE_RUN = Endpoint("POST", "/mlflow/runs/restore", RunId, Nothing)
GET_RUN = Endpoint("GET", "/mlflow/runs/get", RunId, RunFound)
SEARCH_RUNS = Endpoint("POST", "/mlflow/runs/search", SearchRuns, RunsFound, reads=True)
LOG_PARAM = Endpoint("POST", "/mlflow/runs/log-parameter", LogText, Nothing)
SET_TAG = Endpoint("POST", "/mlflow/runs/set-tag", LogText, Nothing)
DELETE_TAG = Endpoint("POST", "/mlflow/runs/delete-tag", LogText, Nothing)
LOG_BATCH = Endpoint("POST", "/mlflow/runs/log-batch", LogBatch, Nothing)
LOG_INPUTS = Endpoint("POST", "/mlflow/runs/log-inputs", LogInputs, Nothing)


# Metrics


class LogMetric(Message, frozen=True):
    run_id: str | None = None
    run_uuid: str | None = None
    key: str | None = None
    value: Number | None = None
    timestamp: Integer | None = None
    step: Integer | None = None
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class GetHistory(Message, frozen=True):
    run_id: str | None = None
    run_uuid: str | None = None
    metric_key: str | None = None
    page_token: str | None = None
    max_results: Integer | None = None


class GetHistories(Message, frozen=True):
    run_id: list[str] = []
    metric_key: str | None = None
    max_results: Integer | None = None


class GetInterval(Message, frozen=True):
    run_ids: list[str] = []
    metric_key: str | None = None
    start_step: Integer | None = None
    end_step: Integer | None = None
    max_results: Integer | None = None


class History(Message, frozen=True):
    metrics: list[Metric] = []
    next_page_token: str = ""


LOG_METRIC = Endpoint("POST", "/mlflow/runs/log-metric", LogMetric, Nothing)
GET_HISTORY = Endpoint("GET", "/mlflow/metrics/get-history", GetHistory, History)
GET_HISTORIES = Endpoint("GET", "/mlflow/metrics/get-history-bulk", GetHistories, History)
GET_INTERVAL = Endpoint("GET", "/mlflow/metrics/get-history-bulk-interval", GetInterval, History)
