"""Loggers that others wrote for MLflow: Lightning's, and Optuna's callback and storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.store.postgres import postgres
from tests.store.server.official import Official, client, experiment, mlflow, official

__all__ = ["client", "official", "postgres"]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_lightnings_logger(official: Official, client: Any, tmp_path: Path) -> None:
    loggers = pytest.importorskip("lightning.pytorch.loggers")
    from tests.store.server.official_net import fitted

    logger = loggers.MLFlowLogger("lightning", tracking_uri=official.url, run_name="fit", log_model=True)
    net = fitted(logger=logger, default_root_dir=tmp_path)
    run = client.get_run(logger.run_id)
    assert (run.info.run_name, run.info.status, run.data.params) == ("fit", "FINISHED", {"lr": "0.1"})
    history = [(point.step, point.value) for point in client.get_metric_history(logger.run_id, "loss")]
    assert [step for step, _ in history] == list(range(8))
    assert [value for _, value in history] == pytest.approx(net.losses)
    checkpoint = "epoch=1-step=8/epoch=1-step=8.ckpt"
    ours = official.reopen().artifacts(logger.run_id)
    assert checkpoint in list(ours)
    local = client.download_artifacts(logger.run_id, checkpoint, str(tmp_path))
    assert Path(local).read_bytes() == ours.path(checkpoint).read_bytes() != b""


def test_optunas_callback(official: Official, client: Any) -> None:
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    callback = integration.MLflowCallback(official.url, metric_name="value")
    study = optuna.create_study(study_name="callback")

    @callback.track_in_mlflow()  # type: ignore[untyped-decorator]
    def objective(trial: Any) -> float:
        x: float = trial.suggest_float("x", 0, 1)
        mlflow.log_metric("own", x)
        return x * x

    study.optimize(objective, n_trials=3, callbacks=[callback])
    runs = client.search_runs([client.get_experiment_by_name("callback").experiment_id])
    found = {
        run.info.run_name: (run.data.params, run.data.metrics["own"], run.data.metrics["value"])
        for run in runs
    }
    assert found == {
        str(trial.number): ({"x": str(trial.params["x"])}, trial.params["x"], trial.value)
        for trial in study.trials
    }
    ours = official.reopen().search(experiment="callback")
    assert {run.name: run.status for run in ours} == dict.fromkeys("012", "FINISHED")


def test_optunas_storage(official: Official) -> None:
    optuna = pytest.importorskip("optuna")
    from mlflow.optuna.storage import MlflowStorage

    def objective(trial: Any) -> float:
        x: float = trial.suggest_float("x", 0, 1)
        trial.suggest_categorical("kind", ["a", "b"])
        trial.set_user_attr("mine", [1, 2])
        for step in range(2):
            trial.report(x + step, step)
            if trial.number == 2:
                raise optuna.TrialPruned
        return x

    id = experiment("storage")
    study = optuna.create_study(
        study_name="s", storage=MlflowStorage(id, batch_flush_interval=0.1), direction="minimize"
    )
    study.optimize(objective, n_trials=4)
    study.set_user_attr("whose", "ours")
    again = optuna.load_study(study_name="s", storage=MlflowStorage(id, batch_flush_interval=0.1))
    assert again.trials == study.trials and again.best_value == min(
        t.params["x"] for t in study.trials if t.number != 2
    )
    assert again.user_attrs == {"whose": "ours"}
    states = {trial.number: trial.state.name for trial in again.trials}
    assert states == {0: "COMPLETE", 1: "COMPLETE", 2: "PRUNED", 3: "COMPLETE"}
    assert all(trial.user_attrs == {"mine": [1, 2]} for trial in again.trials)
    ours = official.reopen().search(experiment="storage")
    assert sorted(run.status for run in ours) == ["FINISHED"] * 3 + ["KILLED", "RUNNING"]
