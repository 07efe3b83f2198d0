"""What is recorded of `xgboost.train` and `xgboost.cv`, call by call."""

from __future__ import annotations

import gc
import json
import logging
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from xgboost import train

import autolog
from autolog import flavors
from autolog.store.writer import FolderRunWriter
from autolog.tracking import contain

from .conftest import PARAMS, Runs

Matrices = tuple[xgboost.DMatrix, xgboost.DMatrix]


def trained(matrices: Matrices, rounds: int = 6, params: Any = PARAMS, **more: Any) -> xgboost.Booster:
    return train(params, matrices[0], rounds, evals=[(matrices[1], "valid")], verbose_eval=False, **more)


def read(run: Any, path: str) -> Any:
    return json.loads(run.artifacts().path(path).read_text())


def test_a_reference_from_before_is_recorded(runs: Runs, matrices: Matrices) -> None:
    trained(matrices)
    assert [run.name for run in runs()] == ["xgboost.train"]


def test_params_given_and_used(runs: Runs, matrices: Matrices) -> None:
    trained(matrices, early_stopping_rounds=2)
    (run,) = runs()
    given = {name: value for name, value in run.params.items() if not name.startswith("effective.")}
    assert given == {**PARAMS, "num_boost_round": 6, "early_stopping_rounds": 2}
    assert run.params["effective.eta"] == run.params["effective.learning_rate"] == 0.5
    assert run.params["effective.tree_method"] == "auto"
    assert run.params["effective.eval_metric"] == "logloss"


def test_params_as_pairs(runs: Runs, matrices: Matrices) -> None:
    pairs = [*PARAMS.items(), ("eval_metric", "auc"), ("eval_metric", "error")]
    results: dict[str, Any] = {}
    train(pairs, matrices[0], 2, evals=[(matrices[0], "a")], evals_result=results, verbose_eval=False)
    (run,) = runs()
    assert run.params["eval_metric"] == "['auc', 'error']"
    assert list(run.history("a-auc").value) == results["a"]["auc"]
    assert list(run.history("a-error").value) == results["a"]["error"]


def test_data_is_described_and_not_read(runs: Runs) -> None:
    table = pd.DataFrame({"size": [1.0, np.nan, 3.0, 4.0], "kind": pd.Categorical(list("xyxy"))})
    matrix = xgboost.DMatrix(table, [0, 1, 0, 1], enable_categorical=True)
    other = xgboost.DMatrix(table, [0, 1, 0, 1], enable_categorical=True)
    train(PARAMS, matrix, 2, evals=[(matrix, "itself"), (other, "other")], verbose_eval=False)
    (run,) = runs()
    second, first = sorted(run.inputs, key=lambda data: data.name)
    assert (first.name, first.context) == ("train", "training")
    assert (second.name, second.context) == ("other", "validation")
    assert first.facts["shape"] == [4, 2]
    assert first.facts["columns"] == {"size": "float", "kind": "c"}
    assert first.facts["missing"] == 1
    assert first.facts["target"]["classes"] == {"0.0": 2, "1.0": 2}
    if hasattr(xgboost.Booster, "get_categories"):
        assert read(run, "booster.json")["categories"] == {"kind": ["x", "y"]}


class Batches(xgboost.DataIter):
    def __init__(self, X: np.ndarray, y: np.ndarray) -> None:
        self.batches = [(X[:30], y[:30]), (X[30:], y[30:])]
        self.at = self.passes = 0
        super().__init__()

    def next(self, input_data: Any) -> bool:
        if self.at == len(self.batches):
            return False
        input_data(data=self.batches[self.at][0], label=self.batches[self.at][1])
        self.at += 1
        return True

    def reset(self) -> None:
        self.at = 0
        self.passes += 1


def test_iterators_and_quantile_matrices(runs: Runs, rows: tuple[np.ndarray, np.ndarray]) -> None:
    batches = Batches(*rows)
    matrix = xgboost.QuantileDMatrix(batches)
    passes = batches.passes
    train(PARAMS, matrix, 3, evals=[(matrix, "train")], verbose_eval=False)
    (run,) = runs()
    assert batches.passes == passes
    assert (run.inputs[0].facts["kind"], run.inputs[0].facts["shape"]) == ("QuantileDMatrix", [90, 4])
    assert len(run.history("train-logloss").value) == 3


@pytest.mark.parametrize("by", ["argument", "callback", "callback that keeps the best"])
def test_early_stopping(runs: Runs, matrices: Matrices, by: str) -> None:
    stopping = xgboost.callback.EarlyStopping(rounds=2, save_best=by.endswith("best"))
    how = {"early_stopping_rounds": 2} if by == "argument" else {"callbacks": [stopping]}
    booster = trained(matrices, 200, **how)
    (run,) = runs()
    assert run.metrics["best_iteration"] == booster.best_iteration
    assert run.metrics["best_score"] == booster.best_score
    assert len(run.history("valid-logloss").value) == booster.best_iteration + 3
    assert run.metrics["n_rounds"] == booster.num_boosted_rounds()


def test_a_training_that_goes_on_counts_on(runs: Runs, matrices: Matrices, tmp_path: Path) -> None:
    first = trained(matrices, 100, early_stopping_rounds=2)
    before = first.num_boosted_rounds()
    first.save_model(tmp_path / "first.ubj")
    trained(matrices, 3, xgb_model=first)
    trained(matrices, 3, xgb_model=tmp_path / "first.ubj")
    _, second, third = runs()
    assert list(second.history("valid-logloss").step) == list(range(before, before + 3))
    assert "best_iteration" not in second.metrics, "that was the first training's"
    assert second.metrics["n_rounds"] == third.metrics["n_rounds"] == before + 3
    assert (second.params["xgb_model"], third.params["xgb_model"]) == ("Booster", str(tmp_path / "first.ubj"))


@pytest.mark.parametrize("booster", ["dart", "gblinear"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # gblinear is to go
def test_other_boosters(runs: Runs, matrices: Matrices, booster: str) -> None:
    train({"booster": booster, "objective": "binary:logistic", "nthread": 1}, matrices[0], 3)
    (run,) = runs()
    assert run.params["effective.booster"] == booster
    assert ("n_trees" in run.metrics) == (booster == "dart")
    columns = read(run, "feature_importances.json")["columns"]
    assert columns == ["feature", "weight"] + (
        ["gain", "cover", "total_gain", "total_cover"] if booster == "dart" else []
    )


def test_importances_of_all_types(runs: Runs, matrices: Matrices) -> None:
    booster = trained(matrices)
    table = read(runs()[0], "feature_importances.json")
    shown = {row[0]: dict(zip(table["columns"][1:], row[1:], strict=True)) for row in table["data"]}
    assert len(shown) == 4, "features that were not used are there too"
    for kind in ("weight", "gain", "cover", "total_gain", "total_cover"):
        assert {name: row[kind] for name, row in shown.items() if row[kind]} == booster.get_score(
            importance_type=kind
        )
    gains = [row["gain"] for row in shown.values()]
    assert gains == sorted(gains, reverse=True)


def test_the_model_is_the_booster(runs: Runs, matrices: Matrices) -> None:
    booster = trained(matrices)
    loaded = flavors.load_model(runs()[0].artifacts().path("model"))
    assert (loaded.predict(matrices[1]) == booster.predict(matrices[1])).all()


def test_custom_objective_and_metric(runs: Runs, matrices: Matrices) -> None:
    def squares(predicted: np.ndarray, data: xgboost.DMatrix) -> tuple[np.ndarray, np.ndarray]:
        return predicted - data.get_label(), np.ones_like(predicted)

    def mine(predicted: np.ndarray, data: xgboost.DMatrix) -> tuple[str, float]:
        return "mine", float(np.abs(predicted - data.get_label()).mean())

    trained(matrices, obj=squares, custom_metric=mine)
    (run,) = runs()
    assert "squares" in run.params["obj"]
    assert len(run.history("valid-mine").value) == 6


class Failing(xgboost.callback.TrainingCallback):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        if epoch == 4:
            raise self.error
        return False


@pytest.mark.parametrize(
    ("error", "status"), [(LookupError("mine"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_points_up_to_an_error_are_kept(
    runs: Runs, matrices: Matrices, error: BaseException, status: str
) -> None:
    with pytest.raises(type(error)) as caught:
        trained(matrices, callbacks=[Failing(error)])
    assert caught.value is error
    (run,) = runs()
    assert run.status == status
    assert list(run.history("valid-logloss").step) == [0, 1, 2, 3, 4]


def test_the_users_callbacks_stay_the_users(runs: Runs, matrices: Matrices) -> None:
    mine = [xgboost.callback.EarlyStopping(rounds=50)]
    trained(matrices, callbacks=mine)
    state = {name: value for name, value in vars(mine[0]).items() if name != "best_scores"}
    assert len(mine) == 1
    autolog.disable()
    again = [xgboost.callback.EarlyStopping(rounds=50)]
    trained(matrices, callbacks=again)
    assert pickle.dumps(state) == pickle.dumps(
        {n: v for n, v in vars(again[0]).items() if n != "best_scores"}
    )


def test_two_trainings_with_one_list_do_not_mix(runs: Runs, matrices: Matrices) -> None:
    mine: list[Any] = []
    trained(matrices, 3, callbacks=mine)
    trained(matrices, 5, callbacks=mine)
    assert [len(run.history("valid-logloss").value) for run in runs()] == [3, 5]
    assert mine == []


def test_a_training_inside_a_training_is_part_of_it(runs: Runs, matrices: Matrices) -> None:
    class Inner(xgboost.callback.TrainingCallback):
        def after_training(self, model: Any) -> Any:
            trained(matrices, 9)
            return model

    trained(matrices, callbacks=[Inner()])
    (run,) = runs()
    assert len(run.history("valid-logloss").value) == 6


def test_excluded(runs: Runs, matrices: Matrices) -> None:
    autolog.enable(store="runs", exclude=["xgboost.train"])
    trained(matrices)
    assert runs() == []
    autolog.enable(store="runs", exclude=["metrics.valid-*"], models=False)
    trained(matrices)
    (run,) = runs()
    assert "valid-logloss" not in run.metrics
    assert "model/MLmodel" not in list(run.artifacts())


def test_cv_stopped_early(runs: Runs, matrices: Matrices) -> None:
    results = xgboost.cv(
        PARAMS, matrices[0], 100, nfold=3, early_stopping_rounds=2, metrics="auc", as_pandas=False
    )
    (run,) = runs()
    kept = len(results["test-auc-mean"])
    assert run.metrics["best_iteration"] == kept - 1
    assert run.metrics["best_score"] == results["test-auc-mean"][-1]
    assert list(run.history("test-auc-mean").value)[:kept] == results["test-auc-mean"]
    assert list(run.history("train-auc-std").value)[:kept] == results["train-auc-std"]
    assert len(run.history("test-auc-fold2").value) == kept + 2
    assert (run.params["nfold"], run.params["num_boost_round"]) == (3, 100)


@pytest.mark.slow
def test_nothing_stays_behind(runs: Runs, matrices: Matrices) -> None:
    booster = trained(matrices)
    assert b"autolog" not in pickle.dumps(booster)
    autolog.disable()
    gc.collect()
    for function in (xgboost.train, xgboost.cv, xgboost.XGBModel.fit, xgboost.XGBRanker.fit):
        assert type(function).__name__ == "function"
        assert "Hooked" not in [type(cell.cell_contents).__name__ for cell in function.__closure__ or ()]


@pytest.mark.parametrize(
    "part",
    [
        "autolog.autolog.boosting.Rounds.add",
        "autolog.autolog.xgboost.facts.XGBoost.given",
        "autolog.autolog.xgboost.facts.facts_of",
        "autolog.autolog.xgboost.facts.XGBoost.learned",
        "autolog.autolog.xgboost.facts.XGBoost.importances",
        "autolog.autolog.xgboost.facts.XGBoost.watching",
        "autolog.flavors.logged.save",
    ],
)
def test_a_fault_of_ours_changes_nothing(
    runs: Runs,
    matrices: Matrices,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    autolog.disable()
    bare = trained(matrices).save_raw()
    autolog.enable(store="runs")
    monkeypatch.setattr(contain, "strict", False)

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(part, broken)
    with caplog.at_level(logging.WARNING, "autolog"):
        assert trained(matrices).save_raw() == bare
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert runs()[0].status == "FINISHED"


def test_a_store_that_fails_in_the_fourth_round(
    runs: Runs, matrices: Matrices, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    autolog.disable()
    bare = trained(matrices).save_raw()
    autolog.enable(store="runs")
    point, steps = FolderRunWriter.point, []

    def full(self: Any, key: str, step: int, *rest: Any) -> None:
        steps.append(step)
        if len(steps) > 3:
            raise OSError(28, "No space left on device")
        point(self, key, step, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(FolderRunWriter, "point", full)
        assert trained(matrices).save_raw() == bare
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    (run,) = runs()
    assert list(run.history("valid-logloss").step) == [0, 1, 2]
    assert run.status == "FINISHED"
