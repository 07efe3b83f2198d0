"""DataLoaders in a training: what is said about them, and their epochs. They notice nothing."""

from __future__ import annotations

import copy
import pickle
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

import autolog
from autolog.autolog.torch import loaders
from autolog.store.runs import Run
from autolog.tracking import contain

DATA = TensorDataset(torch.arange(20.0)[:, None], torch.arange(20.0)[:, None])


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        yield from ((torch.ones(1), torch.ones(1)) for _ in range(9))


class Learner:
    """A model and its optimizer."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = torch.nn.Linear(1, 1)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-4)

    def step(self, batch: Any) -> None:
        self.optimizer.zero_grad()
        torch.nn.functional.mse_loss(self.model(batch[0]), batch[1]).backward()
        self.optimizer.step()

    def look(self, loader: Any) -> None:
        for batch in loader:
            self.model(batch[0])


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Path:
    autolog.enable(store=tmp_path / "runs", frameworks=["torch"], models=False)
    return tmp_path / "runs"


def recorded(train: Callable[[Learner], object], store: Path) -> Run:
    """The one run of a training."""
    train(Learner())
    (run,) = autolog.search_runs(store=store)
    assert run.status == "FINISHED"
    return run


def epochs(run: Run) -> list[tuple[int, float]]:
    """Step and number of each."""
    if "epoch" not in run.metrics:
        return []
    history = run.history("epoch")
    return list(zip(history.step, history.value, strict=True))


def samples(run: Run) -> int:
    return round(run.metrics["samples_per_second"] * run.metrics["training_time"])


def test_epochs_and_samples(store: Path) -> None:
    def train(learner: Learner) -> None:
        loader = DataLoader(DATA, batch_size=8)
        for _ in range(3):
            for batch in loader:
                learner.step(batch)

    run = recorded(train, store)
    assert epochs(run) == [(2, 1.0), (5, 2.0), (8, 3.0)]
    assert samples(run) == 60


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (
            lambda: DataLoader(DATA, 5, shuffle=True, drop_last=True),
            {"batch_size": 5, "shuffle": True, "drop_last": True, "dataset": "TensorDataset"},
        ),
        (
            lambda: DataLoader(Subset(Subset(DATA, range(10)), range(6)), batch_size=3),
            {"dataset": "Subset(Subset(TensorDataset))", "dataset_size": 6, "shuffle": False},
        ),
        (
            lambda: DataLoader(DATA, sampler=WeightedRandomSampler([1.0] * 20, 4)),
            {"batch_size": 1, "sampler": "WeightedRandomSampler", "shuffle": False, "dataset_size": 20},
        ),
        (
            lambda: DataLoader(DATA, batch_sampler=BatchSampler(range(20), 7, drop_last=False)),
            {"batch_size": 7, "num_workers": 0},
        ),
        (lambda: DataLoader(DATA, batch_size=None), {"dataset_size": 20, "shuffle": False}),
        (lambda: DataLoader(Stream(), batch_size=4), {"dataset": "Stream", "batch_size": 4}),
    ],
)
def test_what_is_said_about_it(make: Any, expected: dict[str, Any], store: Path) -> None:
    run = recorded(lambda learner: [learner.step(batch) for batch in make()], store)
    assert {name: run.params[name] for name in expected} == expected
    assert ("batch_size" in run.params) == (make().batch_size is not None or "batch_size" in expected)
    assert ("dataset_size" in run.params) == (
        expected["dataset"] != "Stream" if "dataset" in expected else True
    )
    assert [number for _, number in epochs(run)] == [1.0]


def test_evaluations_are_no_epochs(store: Path) -> None:
    def train(learner: Learner) -> None:
        loader, valid = DataLoader(DATA, 10), DataLoader(DATA, 2)
        learner.look(valid)
        for _ in range(2):
            for number, batch in enumerate(loader):
                learner.step(batch)
                if number == 0:
                    learner.look(valid)  # in the middle, with gradients on
            with torch.no_grad():
                learner.look(valid)
            learner.look(loader)

    run = recorded(train, store)
    assert epochs(run) == [(1, 1.0), (3, 2.0)]
    assert samples(run) == 40
    assert run.params["batch_size"] == 10


def test_a_pass_that_is_left_is_no_epoch(store: Path) -> None:
    def train(learner: Learner) -> None:
        for batch in DataLoader(DATA, 4):
            learner.step(batch)
            if batch[0][0] == 8.0:
                break
        for batch in DataLoader(DATA, 4):
            learner.step(batch)

    run = recorded(train, store)
    assert epochs(run) == [(7, 1.0)]
    assert samples(run) == 12 + 20


def test_a_batch_at_a_time(store: Path) -> None:
    def train(learner: Learner) -> None:
        loader = DataLoader(DATA, 4, shuffle=True)
        for _ in range(12):
            learner.step(next(iter(loader)))

    run = recorded(train, store)
    assert epochs(run) == []


def test_an_iterator_that_is_begun_again_and_one_that_lies_about(store: Path) -> None:
    def train(learner: Learner) -> None:
        loader = DataLoader(DATA, 5)
        looked_at = iter(loader)
        next(looked_at)
        batches = iter(loader)
        for _ in range(10):
            try:
                batch = next(batches)
            except StopIteration:
                batches = iter(loader)
                batch = next(batches)
            learner.step(batch)

    run = recorded(train, store)
    assert [number for _, number in epochs(run)] == [1.0, 2.0]


def test_two_loaders_side_by_side_are_one_epoch(store: Path) -> None:
    def train(learner: Learner) -> None:
        for _ in range(2):
            for batch, _other in zip(DataLoader(DATA, 5), DataLoader(DATA, 5), strict=True):
                learner.step(batch)

    assert epochs(recorded(train, store)) == [(3, 1.0), (7, 2.0)]


def test_streams(store: Path) -> None:
    def train(learner: Learner) -> None:
        for batch in DataLoader(Stream(), batch_size=4):
            learner.step(batch)
        for batch in DataLoader(Stream(), batch_size=4):
            learner.step(batch)
            break

    run = recorded(train, store)
    assert epochs(run) == [(2, 1.0)]


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_workers(lasting: bool, stream: bool, store: Path) -> None:
    def train(learner: Learner) -> None:
        dataset = Stream() if stream else DATA
        loader = DataLoader(dataset, 4, num_workers=1, persistent_workers=lasting)
        for _ in range(2):
            for batch in loader:
                learner.step(batch)
            with torch.no_grad():
                learner.look(DataLoader(DATA, 10))

    steps = 3 if stream else 5
    run = recorded(train, store)
    assert epochs(run) == [(steps - 1, 1.0), (2 * steps - 1, 2.0)]
    assert run.params["num_workers"] == 1


def test_a_subclass_with_an_iterator_of_its_own(store: Path) -> None:
    class Doubled(DataLoader[Any]):
        def __iter__(self) -> Any:
            for x, y in super().__iter__():
                yield 2 * x, y

    def train(learner: Learner) -> None:
        for batch in Doubled(DATA, 4):
            learner.step(batch)

    assert epochs(recorded(train, store)) == [(4, 1.0)]


def test_each_fold_has_its_own_epochs_though_its_models_are_kept(store: Path) -> None:
    learners = []
    for _ in range(3):
        learner = Learner()
        learners.append(learner)
        for _ in range(2):
            for batch in DataLoader(DATA, 10):
                learner.step(batch)
    runs = autolog.search_runs(store=store)
    assert len(runs) == 3
    assert all(epochs(run) == [(1, 1.0), (3, 2.0)] for run in runs)


def test_the_loader_is_what_it_was() -> None:
    loader = DataLoader(DATA, 4, shuffle=True)
    learner = Learner()
    iterator = iter(loader)
    kind = type(iterator)
    gone = weakref.ref(iterator)
    learner.step(next(iterator))
    del iterator
    assert gone() is None
    pickled, copied = pickle.dumps(loader), copy.deepcopy(loader)
    autolog.disable()
    assert type(iter(loader)) is kind
    assert (pickle.dumps(loader), len(loader), len(copied)) == (pickled, 5, 5)


def test_the_users_errors_are_the_users(store: Path) -> None:
    class Broken(TensorDataset):
        def __len__(self) -> int:
            raise ArithmeticError("no length")

    broken: Any = DataLoader(Broken(torch.ones(3, 1), torch.ones(3, 1)), sampler=[0, 1, 2])
    learner = Learner()
    for batch in broken:
        learner.step(batch)
    with pytest.raises(ArithmeticError, match="no length"):
        iter(DataLoader(broken.dataset, shuffle=False).batch_sampler).__next__()  # type: ignore[arg-type]


def test_a_fault_of_ours_changes_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fit() -> list[float]:
        learner = Learner()
        for batch in DataLoader(DATA, 4, shuffle=True):
            learner.step(batch)
        return [value.item() for value in [*learner.model.parameters(), torch.rand(1)]]

    def broken(*args: Any) -> Any:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(contain, "strict", False)
    monkeypatch.setattr(loaders, "facts", broken)
    monkeypatch.setattr(loaders._Pass, "ran_out", broken)
    ours = fit()
    autolog.disable()
    assert fit() == ours
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
