"""What torchmetrics computes is in the run of the training, each value once."""

from __future__ import annotations

import copy
import inspect
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
import torchmetrics
from torchmetrics.classification import MulticlassAccuracy, MulticlassROC
from torchmetrics.regression import MeanSquaredError

import autolog
from autolog.store.runs import Run
from autolog.tracking import contain
from autolog.tracking.context import entered

GUESSES = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]])
LABELS = torch.tensor([0, 1, 1, 0])


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Path:
    autolog.enable(store=tmp_path / "runs", frameworks=["torch"], models=False)
    return tmp_path / "runs"


class Learner:
    def __init__(self) -> None:
        self.model = torch.nn.Linear(1, 1)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-4)

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.optimizer.zero_grad()
            self.model(torch.ones(2, 1)).mean().backward()
            self.optimizer.step()


def only_run(store: Path) -> Run:
    (run,) = autolog.search_runs(store=store)
    return run


def points(run: Run, metric: str) -> list[tuple[int, float]]:
    history = run.history(metric)
    return list(zip(history.step, history.value, strict=True))


def results(run: Run) -> set[str]:
    """The metrics that are torchmetrics'."""
    return {name for name in run.metrics if name[0].isupper() or name.startswith(("valid", "map"))}


def test_a_result_at_the_step_before_it(store: Path) -> None:
    learner, metric = Learner(), MulticlassAccuracy(2, average="micro")
    for _ in range(2):
        learner.step(3)
        metric.update(GUESSES, LABELS)
        assert metric.compute() == 0.75
        metric.compute()  # from its cache
        metric.reset()
    del learner
    assert points(only_run(store), "MulticlassAccuracy") == [(2, 0.75), (5, 0.75)]


def test_what_a_batch_gives_is_not_recorded(store: Path) -> None:
    learner = Learner()
    learner.step()
    for metric in (MulticlassAccuracy(2, average="micro"), torchmetrics.MeanMetric()):
        metric(GUESSES[:, 1], LABELS) if isinstance(metric, torchmetrics.MeanMetric) else metric(
            GUESSES, LABELS
        )
    assert results(only_run(store)) == set()


def test_two_of_a_class_are_told_apart_and_new_ones_take_the_place_of_old_ones(store: Path) -> None:
    learner = Learner()
    for _ in range(3):
        learner.step()
        for metric, error in ((MeanSquaredError(), 1.0), (MeanSquaredError(), 2.0)):  # at one place
            metric.update(torch.tensor([error]), torch.tensor([0.0]))
            metric.compute()
    run = only_run(store)
    assert points(run, "MeanSquaredError") == [(0, 1.0), (1, 1.0), (2, 1.0)]
    assert points(run, "MeanSquaredError.2") == [(0, 4.0), (1, 4.0), (2, 4.0)]


def test_two_that_stay_are_told_apart_though_they_are_computed_at_different_steps(store: Path) -> None:
    learner, train, valid = Learner(), MeanSquaredError(), MeanSquaredError()
    for metric in (train, valid):
        metric.update(torch.tensor([1.0]), torch.tensor([0.0]))
    for _ in range(2):
        learner.step()
        train._computed = None
        train.compute()
        learner.step()
        valid._computed = None
        valid.compute()
    del learner
    run = only_run(store)
    assert points(run, "MeanSquaredError") == [(0, 1.0), (2, 1.0)]
    assert points(run, "MeanSquaredError.2") == [(1, 1.0), (3, 1.0)]


def test_a_collection_names_its_results(store: Path) -> None:
    learner = Learner()
    learner.step()
    train = torchmetrics.MetricCollection(
        {"acc": MulticlassAccuracy(2, average="micro"), "each": MulticlassAccuracy(2, average=None)},
        prefix="valid_",
    )
    train.update(GUESSES, LABELS)
    train.compute()
    train.compute()  # from their caches
    run = only_run(store)
    assert {name: points(run, name) for name in results(run)} == {
        "valid_acc": [(0, 0.75)],
        "valid_each.0": [(0, 1.0)],
        "valid_each.1": [(0, 0.5)],
    }


def test_metrics_around_metrics_and_results_that_are_no_numbers(store: Path) -> None:
    learner = Learner()
    learner.step()
    around = torchmetrics.MinMaxMetric(MeanSquaredError())
    around.update(torch.tensor([1.0]), torch.tensor([0.0]))
    around.compute()
    curve = MulticlassROC(2)
    curve.update(GUESSES, LABELS)
    curve.compute()
    run = only_run(store)
    assert {name: points(run, name) for name in results(run)} == {
        "MinMaxMetric.raw": [(0, 1.0)],
        "MinMaxMetric.min": [(0, 1.0)],
        "MinMaxMetric.max": [(0, 1.0)],
    }


def test_with_no_training_it_goes_into_the_open_run_and_makes_none(store: Path) -> None:
    metric = MeanSquaredError()
    metric.update(torch.tensor([1.0]), torch.tensor([0.0]))
    metric.compute()
    assert not store.exists()
    with autolog.run("evaluation"):
        metric.update(torch.tensor([3.0]), torch.tensor([0.0]))
        metric.compute()
    assert points(only_run(store), "MeanSquaredError") == [(0, 5.0)]


def test_inside_a_fit_of_another_framework_it_is_that_ones(store: Path) -> None:
    metric = MeanSquaredError()
    metric.update(torch.tensor([1.0]), torch.tensor([0.0]))
    with autolog.run("mine"), entered(inside_fit=True):
        metric.compute()
    assert only_run(store).metrics == {}


def test_metrics_are_what_they_were() -> None:
    def used() -> list[Any]:
        metric = MulticlassAccuracy(2)
        metric.update(GUESSES, LABELS)
        copied, again = copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))
        results = [float(one.compute()) for one in (metric, copied, again)]
        assert b"autolog" not in pickle.dumps(metric)
        return [*results, len(pickle.dumps(metric)), set(vars(metric)), inspect.signature(metric.compute)]

    ours = used()
    autolog.disable()
    assert used() == ours


def test_disabled_again_nothing_is_recorded(store: Path) -> None:
    learner, metric = Learner(), MeanSquaredError()
    learner.step()
    autolog.disable()
    metric.update(torch.tensor([1.0]), torch.tensor([0.0]))
    metric.compute()
    del learner
    assert "MeanSquaredError" not in only_run(store).metrics


def test_the_users_error_and_a_fault_of_ours(
    store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from autolog.autolog.torch import torchmetrics as ours

    class Broken(MeanSquaredError):
        def compute(self) -> Any:
            raise ArithmeticError("theirs")

    learner = Learner()
    learner.step()
    broken, metric = Broken(), MeanSquaredError()
    for one in (broken, metric):
        one.update(torch.tensor([2.0]), torch.tensor([0.0]))
    with pytest.raises(ArithmeticError, match="theirs"):
        broken.compute()

    def fault(*args: Any) -> Any:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(contain, "strict", False)
    monkeypatch.setattr(ours, "_numbers", fault)
    assert metric.compute() == 4.0
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


@pytest.mark.slow
def test_no_graph_break_where_a_compiled_function_computes() -> None:
    from torch._dynamo.utils import counters

    def counted() -> tuple[int, int]:
        torch._dynamo.reset()
        counters.clear()
        metric, collection = MeanSquaredError(), torchmetrics.MetricCollection([MeanSquaredError()])

        @torch.compile(backend="eager")
        def step(x: Any) -> Any:
            metric.update(x, x + 1)
            collection.update(x, x + 1)
            return metric.compute(), collection.compute()

        for _ in range(3):
            step(torch.ones(2))
        return counters["stats"]["unique_graphs"], sum(counters["graph_break"].values())

    ours = counted()
    autolog.disable()
    assert counted() == ours
