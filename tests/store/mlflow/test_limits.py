"""What MLflow refuses is there in another form, comes back as it was, and never fails the rest."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autolog.store.events import End, Params, Scalar, Tags
from autolog.store.http import HttpStore
from autolog.store.mlflow import names, values
from tests.store.mlflow.test_faults import raw_runs

from .serving import MlflowServer

T0 = 1_732_345_678_000

NAMES = [
    "loss✓",
    "a/../b",
    "/abs",
    "..",
    ".",
    "a//b",
    "x" * 400,
    "é" * 300,
    "_x41_",
    "100%",
    "a:b",
    "tab\t",
    "_h_",
]


@given(st.text())
def test_names_come_back(name: str) -> None:
    there = names.encoded(name)
    assert 0 < len(there) <= names.LONGEST
    tags = {names.LONG + names.digest(name): name} if names.is_cut(name) else {}
    assert names.decoded(there, tags) == name


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False)))
def test_values_come_back(value: Scalar) -> None:
    assert values.read_note(values.noted(value)) == value
    if values.is_told(value):
        found = values.guessed(values.shown(value))
        assert (found, type(found)) == (value, type(value))


@pytest.mark.slow
def test_odd_names_and_long_values(server: MlflowServer, store: HttpStore) -> None:
    run = store.create("fruit", "apple")
    params: dict[str, Scalar] = {name: number for number, name in enumerate(NAMES)}
    params |= {"long": "x" * 100_000, "text": "1.0", "none": None, "yes": True, "zero": "a\0b"}
    tags = {name: f"tag of {name}" for name in NAMES} | {"long": "y" * 9_000, "": "no name"}
    run.write(Params(run=0, time=T0, params=params), Tags(run=0, time=T0, tags=dict(tags)))
    run.points((name, step, T0 + step, float(step)) for name in NAMES for step in range(3))
    found = store.get(run.id)
    assert found.params == params
    assert found.tags == tags
    assert found.metrics == dict.fromkeys(NAMES, 2.0)
    for name in NAMES:
        assert list(store.points(run.id, name).step) == [0, 1, 2]
    assert list(store.artifacts(run.id)) == []
    assert [found.id for found in store.search("params.long like 'xxx%' and params.yes = true")] == [run.id]
    (there,) = raw_runs(server.address)
    keys = {param["key"]: param["value"] for param in there["data"]["params"]}
    assert keys["loss_x2713_"] == "0"
    assert keys["long"].startswith("xxxx") and len(keys["long"]) < 6_000


@pytest.mark.slow
def test_a_param_that_changes(server: MlflowServer, store: HttpStore) -> None:
    """MLflow keeps the first value, beside which the last is noted; the rest is not held up."""
    run = store.create("fruit", "apple")
    for value in (1, 2, "2", 1):
        run.write(Params(run=0, time=T0, params={"lr": value, f"other {value!r}": "x"}))
        found = store.get(run.id).params["lr"]
        assert (found, type(found)) == (value, type(value))
    assert [found.id for found in store.search("params.lr = 1")] == [run.id]
    assert store.search("params.lr = 2") == []
    (there,) = raw_runs(server.address)
    assert {"key": "lr", "value": "1"} in there["data"]["params"]
    assert len(store.get(run.id).params) == 4


@pytest.mark.slow
def test_many_of_everything(store: HttpStore) -> None:
    run = store.create("fruit", "apple")
    params = {f"p{number}": number for number in range(1_234)}
    tags = {f"t{number}": str(number) for number in range(345)}
    run.write(Params(run=0, time=T0, params=dict(params)), Tags(run=0, time=T0, tags=dict(tags)))
    run.points((f"m{number}", 0, T0, float(number)) for number in range(2_345))
    found = store.get(run.id)
    assert (found.params, found.tags) == (params, tags)
    assert found.metrics == {f"m{number}": float(number) for number in range(2_345)}


@pytest.mark.slow
def test_what_is_refused_does_not_hold_up_the_rest(
    store: HttpStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A time before 1970 is one of the few things that no other form helps with."""
    run = store.create("fruit", "apple")
    run.points([("loss", 0, T0, 1.0), ("loss", 1, -1, 2.0), ("loss", 2, T0 + 2, 3.0)])
    run.write(Params(run=0, time=T0, params={"lr": 0.1}), End(run=0, time=T0, status="FINISHED"))
    found = store.get(run.id)
    assert (found.params, found.status) == ({"lr": 0.1}, "FINISHED")
    assert set(store.points(run.id, "loss").step) >= {0, 2}
    kept = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(kept) + len(store.points(run.id, "loss")) == 3
