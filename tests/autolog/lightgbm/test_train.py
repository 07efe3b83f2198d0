"""What is recorded of `lightgbm.train` and `lightgbm.cv`, call by call."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest

import autolog
from autolog import flavors
from autolog.store.writer import FolderRunWriter
from autolog.tracking import contain

from .conftest import PARAMS, Runs

Sets = tuple[lightgbm.Dataset, lightgbm.Dataset]


def trained(sets: Sets, rounds: int = 6, **more: Any) -> lightgbm.Booster:
    return lightgbm.train(PARAMS, sets[0], rounds, [sets[1]], ["valid"], **more)


def read(run: Any, path: str) -> Any:
    return json.loads(run.artifacts().path(path).read_text())


def test_params_given_and_used(runs: Runs, sets: Sets) -> None:
    trained(sets)
    (run,) = runs()
    given = {name: value for name, value in run.params.items() if not name.startswith("effective.")}
    assert given == {**PARAMS, "num_boost_round": 6}
    assert run.params["effective.learning_rate"] == 0.5
    assert run.params["effective.max_bin"] == 255
    assert run.params["effective.boosting"] == "gbdt"
    assert run.metrics["n_trees"] == run.metrics["n_rounds"] == 6


@pytest.mark.parametrize("keep", [False, True])
def test_used_is_known_of_a_booster_that_trains_on(runs: Runs, sets: Sets, keep: bool) -> None:
    trained(sets, keep_training_booster=keep)
    assert runs()[0].params["effective.num_leaves"] == 4


def test_data_is_described(runs: Runs) -> None:
    table = pd.DataFrame({"size": [1.0, np.nan, 3.0, 4.0] * 5, "kind": pd.Categorical(list("xyxy") * 5)})
    train = lightgbm.Dataset(table, [0, 1] * 10)
    valid = lightgbm.Dataset(table.copy(), [0, 1] * 10, reference=train)
    lightgbm.train(PARAMS, train, 2, [train, valid])
    (run,) = runs()
    second, first = sorted(run.inputs, key=lambda data: data.name, reverse=True)[::-1]
    assert (first.name, second.name) == ("valid_1", "train")
    assert (first.context, second.context) == ("validation", "training")
    assert second.facts["columns"] == {"size": "float64", "kind": "category"}
    assert second.facts["target"]["classes"] == {"0": 10, "1": 10}
    assert second.digest
    assert read(run, "booster.json")["categories"] == [["x", "y"]]
    assert sorted(name for name in run.metrics if "-" in name) == [
        "training-binary_logloss",
        "valid_1-binary_logloss",
    ]


class Rows(lightgbm.Sequence):
    batch_size = 10

    def __init__(self, X: np.ndarray) -> None:
        self.X = X
        self.reads = 0

    def __getitem__(self, index: Any) -> np.ndarray:
        self.reads += 1
        return self.X[index]

    def __len__(self) -> int:
        return len(self.X)


@pytest.mark.slow
def test_sequences_are_not_read(runs: Runs, rows: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = rows
    reads = []
    for on in (False, True):
        autolog.enable(store="runs") if on else autolog.disable()
        sequence = Rows(X)
        lightgbm.train(PARAMS, lightgbm.Dataset([sequence], y), 2)
        reads.append(sequence.reads)
    assert reads[0] == reads[1]
    (run,) = runs()
    assert run.inputs[0].facts["kind"] == "Dataset"


def test_data_that_was_constructed_before(runs: Runs, rows: tuple[np.ndarray, np.ndarray]) -> None:
    train = lightgbm.Dataset(*rows, params=PARAMS).construct()
    lightgbm.train(PARAMS, train, 2)
    assert runs()[0].inputs[0].facts["shape"] == [90, 4]


@pytest.mark.slow
@pytest.mark.parametrize("by", ["param", "callback"])
def test_early_stopping(runs: Runs, sets: Sets, by: str) -> None:
    if by == "param":
        booster = lightgbm.train({**PARAMS, "early_stopping_round": 2}, sets[0], 200, [sets[1]], ["valid"])
    else:
        booster = trained(sets, 200, callbacks=[lightgbm.early_stopping(2, verbose=False)])
    (run,) = runs()
    assert run.metrics["best_iteration"] == booster.best_iteration
    assert run.metrics["best_score"] == booster.best_score["valid"]["binary_logloss"]
    values = run.history("valid-binary_logloss").value
    assert len(values) == booster.best_iteration + 2
    assert values[booster.best_iteration - 1] == run.metrics["best_score"] == min(values)


def test_a_training_that_goes_on_counts_on(runs: Runs, sets: Sets, tmp_path: Path) -> None:
    first = trained(sets, 4)
    first.save_model(tmp_path / "first.txt")
    trained(sets, 3, init_model=first)
    trained(sets, 3, init_model=str(tmp_path / "first.txt"))
    _, second, third = runs()
    for run in (second, third):
        assert list(run.history("valid-binary_logloss").step) == [4, 5, 6]
        assert run.metrics["n_rounds"] == 7
    assert (second.params["init_model"], third.params["init_model"]) == (
        "Booster",
        str(tmp_path / "first.txt"),
    )


def test_importances_of_all_types(runs: Runs, sets: Sets) -> None:
    booster = trained(sets)
    table = read(runs()[0], "feature_importances.json")
    assert table["columns"] == ["feature", "split", "gain"]
    shown = {row[0]: row[1:] for row in table["data"]}
    both = zip(booster.feature_importance("split"), booster.feature_importance("gain"), strict=True)
    assert shown == dict(zip(booster.feature_name(), map(list, both), strict=True))


def test_the_model_is_the_booster(runs: Runs, sets: Sets, rows: tuple[np.ndarray, np.ndarray]) -> None:
    booster = trained(sets, 50, callbacks=[lightgbm.early_stopping(2, verbose=False)])
    loaded = flavors.load_model(runs()[0].artifacts().path("model"))
    assert (loaded.predict(rows[0]) == booster.predict(rows[0])).all()


def test_custom_objective_and_metric(runs: Runs, sets: Sets) -> None:
    def squares(predicted: np.ndarray, data: lightgbm.Dataset) -> tuple[np.ndarray, np.ndarray]:
        return predicted - data.get_label(), np.ones_like(predicted)

    def mine(predicted: np.ndarray, data: lightgbm.Dataset) -> tuple[str, float, bool]:
        return "mine", float(np.abs(predicted - data.get_label()).mean()), False

    lightgbm.train({**PARAMS, "objective": squares}, sets[0], 3, [sets[1]], feval=mine)
    (run,) = runs()
    assert "squares" in run.params["objective"]
    assert "mine" in run.params["feval"]
    assert len(run.history("valid_0-mine").value) == 3


@pytest.mark.parametrize(
    ("error", "status"), [(LookupError("mine"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_points_up_to_an_error_are_kept(runs: Runs, sets: Sets, error: BaseException, status: str) -> None:
    def failing(env: Any) -> None:
        if env.iteration == 4:
            raise error

    with pytest.raises(type(error)) as caught:
        trained(sets, callbacks=[failing])
    assert caught.value is error
    (run,) = runs()
    assert run.status == status
    assert list(run.history("valid-binary_logloss").step) == [0, 1, 2, 3, 4]


def test_the_users_callbacks_stay_the_users(runs: Runs, sets: Sets) -> None:
    def left(on: bool) -> dict[str, Any]:
        def noting(env: Any) -> None: ...

        mine = [noting]
        autolog.enable(store="runs") if on else autolog.disable()
        trained(sets, callbacks=mine)
        assert mine == [noting]
        return vars(noting)  # LightGBM writes an order there

    assert left(True) == left(False) == {"order": -1}


def test_two_trainings_with_one_list_do_not_mix(runs: Runs, sets: Sets) -> None:
    mine: list[Any] = []
    trained(sets, 3, callbacks=mine)
    trained(sets, 5, callbacks=mine)
    assert [len(run.history("valid-binary_logloss").value) for run in runs()] == [3, 5]
    assert mine == []


def test_cv_stopped_early(runs: Runs, rows: tuple[np.ndarray, np.ndarray]) -> None:
    stopping = lightgbm.early_stopping(2, verbose=False)
    results = lightgbm.cv(
        {**PARAMS, "metric": "auc"},
        lightgbm.Dataset(*rows),
        100,
        nfold=3,
        callbacks=[stopping],
        eval_train_metric=True,
        return_cvbooster=True,
    )
    (run,) = runs()
    kept = results["cvbooster"].best_iteration
    assert run.metrics["best_iteration"] == kept
    assert run.metrics["best_score"] == results["valid auc-mean"][-1]
    assert list(run.history("valid-auc-mean").value)[:kept] == results["valid auc-mean"]
    assert list(run.history("train-auc-std").value)[:kept] == results["train auc-stdv"]
    assert len(run.history("valid-auc-fold2").value) == kept + 2
    assert (run.params["nfold"], run.params["num_boost_round"]) == (3, 100)


def test_nothing_stays_behind(runs: Runs, sets: Sets) -> None:
    booster = trained(sets)
    assert b"autolog" not in pickle.dumps(booster)
    autolog.disable()
    for holder, name in (
        (lightgbm, "train"),
        (lightgbm, "cv"),
        (lightgbm.engine, "train"),
        (lightgbm.sklearn, "train"),
        (lightgbm.LGBMModel, "fit"),
    ):
        assert type(vars(holder)[name]).__name__ == "function"


def test_on_again_after_off(runs: Runs, sets: Sets) -> None:
    autolog.disable()
    trained(sets)
    autolog.enable(store="runs")
    trained(sets)
    assert len(runs()) == 1


@pytest.mark.parametrize(
    "part",
    [
        "autolog.autolog.boosting.Rounds.add",
        "autolog.autolog.lightgbm.facts.LightGBM.given",
        "autolog.autolog.lightgbm.facts._described",
        "autolog.autolog.lightgbm.facts.LightGBM.learned",
        "autolog.autolog.lightgbm.facts.LightGBM.importances",
        "autolog.autolog.lightgbm.facts.LightGBM.watching",
        "autolog.flavors.logged.save",
    ],
)
def test_a_fault_of_ours_changes_nothing(
    runs: Runs, sets: Sets, part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    autolog.disable()
    bare = trained(sets).model_to_string()
    autolog.enable(store="runs")
    monkeypatch.setattr(contain, "strict", False)

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(part, broken)
    with caplog.at_level(logging.WARNING, "autolog"):
        assert trained(sets).model_to_string() == bare
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert runs()[0].status == "FINISHED"


def test_a_store_that_fails_in_the_fourth_round(
    runs: Runs, sets: Sets, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    autolog.disable()
    bare = trained(sets).model_to_string()
    autolog.enable(store="runs")
    point, steps = FolderRunWriter.point, []

    def full(self: Any, key: str, step: int, *rest: Any) -> None:
        steps.append(step)
        if len(steps) > 3:
            raise OSError(28, "No space left on device")
        point(self, key, step, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(FolderRunWriter, "point", full)
        assert trained(sets).model_to_string() == bare
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    (run,) = runs()
    assert list(run.history("valid-binary_logloss").step) == [0, 1, 2]
    assert run.status == "FINISHED"
