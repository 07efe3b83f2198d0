"""A real server over each kind of store, for MLflow's own client in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from autolog.store.base import Store
from autolog.store.opening import open_store
from tests.store.postgres import Postgres
from tests.store.server.serving import TOKEN, Server, running

mlflow: Any = pytest.importorskip("mlflow")

KINDS = ["folder", "sqlite", "postgresql"]

_SETTINGS = {
    "MLFLOW_TRACKING_TOKEN": TOKEN,
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",  # else it runs each model for seconds to see what it needs
}


class Official(Server):
    """A server that MLflow's client in this process talks to."""

    reopen: Callable[[], Store]
    """The same store, opened anew."""


@pytest.fixture(params=KINDS, scope="module")
def official(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Official]:
    folder = tmp_path_factory.mktemp("official")
    reopen = _opener(request, folder)
    with running(_lasting(reopen())) as server, _told(server.url):
        known = Official(server.store, server.port)
        known.reopen = reopen
        yield known
        known.session.close()


@pytest.fixture
def client(official: Official) -> Any:
    return mlflow.MlflowClient()


def _opener(request: pytest.FixtureRequest, folder: Path) -> Callable[[], Store]:
    addresses = {"folder": str(folder / "store"), "sqlite": f"sqlite:///{folder}/store.db"}
    address = addresses.get(request.param)
    if address is None:
        postgres: Postgres = request.getfixturevalue("postgres")
        address = f"{postgres.new_database()}&artifacts={folder}/files"
    return lambda: open_store(address)


def _lasting(store: Store) -> Store:
    """As the server opens it."""
    from autolog.store.sql.store import SqlStore

    if not isinstance(store, SqlStore):
        return store
    arguments = store.__reduce__()[1]
    return SqlStore(*arguments[:2], lasting=True)


@contextmanager
def _told(url: str) -> Iterator[None]:
    """The client's settings, as its users give them."""
    before, tracking = dict(os.environ), mlflow.get_tracking_uri()
    os.environ.update(_SETTINGS)
    mlflow.set_tracking_uri(url)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(tracking)
        os.environ.clear()
        os.environ.update(before)


def experiment(name: str) -> str:
    """A new experiment that runs go into from now on."""
    made: str = mlflow.set_experiment(name).experiment_id
    return made


def models_of(run_id: str) -> dict[str, Any]:
    """The logged models of a run, by name."""
    found = mlflow.search_logged_models(
        experiment_ids=[mlflow.get_run(run_id).info.experiment_id],
        filter_string=f"source_run_id = '{run_id}'",
        output_format="list",
    )
    return {model.name: model for model in found}
