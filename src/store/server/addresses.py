"""Where the files of a model are: the addresses that MLflow's clients are given.

    mlflow-artifacts:/<experiment>/<run>/artifacts/<path>   an artifact of a run
    mlflow-artifacts:/<experiment>/models/m-…/artifacts     a logged model
    mlflow-artifacts:/registry/<model>/<version>            files that were copied into the registry

Those that they give: `model_sources`.
"""

from __future__ import annotations

from urllib.parse import quote

from ..base import RunData, Store
from ..registry import ModelVersion
from ..registry.base import COPIED
from ..registry.sources import LOGGED, RunSource, run_source

SCHEME = "mlflow-artifacts:"
MODEL = "model"
"""Where the files of a model that is a run of its own lie among its artifacts."""


def run_uri(store: Store, run: RunData) -> str:
    """Where the artifacts of a run are, for MLflow's clients."""
    return f"{SCHEME}/{store.experiments.named(run.experiment).id}/{run.id}/artifacts"


def model_uri(experiment: str, id: str) -> str:
    """Where the files of a logged model are; ``experiment`` is its id."""
    return f"{SCHEME}/{experiment}/models/{id}/artifacts"


def shown_source(version: ModelVersion) -> str:
    """The source of a version in the words of MLflow."""
    if version.source == COPIED:
        return f"{SCHEME}/registry/{quote(version.name, safe='')}/{version.version}"
    source = run_source(version.source)
    if source is not None and _is_model(source):
        return f"models:/{source.run_id}"
    return version.source


def download_uri(store: Store, version: ModelVersion) -> str:
    """Where MLflow's clients download a version from; not here, where its files are elsewhere."""
    source = run_source(version.source)
    if source is None:
        return shown_source(version)
    run = store.get(source.run_id)
    if _is_model(source):
        return model_uri(store.experiments.named(run.experiment).id, run.id)
    return f"{run_uri(store, run)}/{source.path}"


def _is_model(source: RunSource) -> bool:
    return LOGGED.fullmatch(source.run_id) is not None and source.path == MODEL
