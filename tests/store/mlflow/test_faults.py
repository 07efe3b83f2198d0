"""Whatever server and network do: every record is on the MLflow server once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from autolog.store.errors import StoreUnavailable
from autolog.store.events import End, Params, Tags
from autolog.store.http import HttpStore, shipper
from autolog.store.http.access import access
from autolog.store.http.client import Client
from autolog.store.http.spool import Spool
from autolog.store.mlflow import MlflowTarget
from autolog.store.mlflow.client import MlflowClient
from tests.store.http.faulty import Faulty, faulty, until

from .serving import MlflowServer

pytestmark = pytest.mark.slow
T0 = 1_732_345_678_000


@pytest.fixture
def proxy(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    monkeypatch.setattr(shipper, "LONGEST", 0.05)
    monkeypatch.setattr(Client, "waits", (0.01,))
    with faulty(server.address) as proxy:
        yield proxy


def train(store: HttpStore, count: int = 2_500) -> str:
    """A run with a nested one; the result is its id."""
    run = store.create("fruit", "apple", time=T0)
    child = run.child("seed")
    for step in range(count):
        run.point("loss", step, T0 + step, "NaN" if step % 1_000 == 7 else step / 2)
    child.point("loss", 0, T0, 1.0)
    with run.artifact("files/a.bin") as path:
        path.write_text("a " * 5_000)
    run.write(Params(run=0, time=T0, params={f"p{number}": number for number in range(150)}))
    run.write(Tags(run=0, time=T0, tags={f"t{number}": str(number) for number in range(150)}))
    child.write(End(run=0, time=T0 + count, status="FAILED", error="ValueError: no"))
    run.write(End(run=0, time=T0 + count, status="FINISHED"))
    return run.id


def check(address: str, id: str, count: int = 2_500) -> None:
    """Asked of the server itself, and by the reader."""
    there = HttpStore(address)
    run, points = there.get(id), there.points(id, "loss")
    assert (run.name, run.start_time, run.end_time, run.status) == ("apple", T0, T0 + count, "FINISHED")
    assert list(points.step) == list(range(count))
    assert list(points.time) == [T0 + step for step in range(count)]
    assert [value for value in points.value if value == value] == [
        step / 2 for step in range(count) if step % 1_000 != 7
    ]
    assert run.params == {f"p{number}": number for number in range(150)}
    assert {f"t{number}": str(number) for number in range(150)}.items() <= run.tags.items()
    assert there.artifacts(id).path("files/a.bin").read_text() == "a " * 5_000
    (child,) = there.search(f"parent = '{id}'")
    assert (child.name, child.status, child.error) == ("seed", "FAILED", "ValueError: no")
    assert len(raw_runs(address)) == 2


def raw_runs(address: str) -> list[Any]:
    api = f"{address}/api/2.0/mlflow"
    found = requests.get(f"{api}/experiments/search", {"max_results": 100}, timeout=60).json()
    ids = [one["experiment_id"] for one in found["experiments"]]
    return (
        requests.post(f"{api}/runs/search", json={"experiment_ids": ids}, timeout=60).json().get("runs", [])
    )


def ended(address: str) -> bool:
    statuses = {run["info"]["status"] for run in raw_runs(address)}
    return statuses == {"FINISHED", "FAILED"}


@pytest.mark.parametrize("fault", ["drop", "503", "page", "refuse"])
def test_every_third_answer_is_spoiled(server: MlflowServer, proxy: Faulty, fault: str) -> None:
    turns = itertools.cycle([None, fault, None])
    proxy.plan = lambda method, path: next(turns)
    id = train(HttpStore(proxy.address))
    until(lambda: ended(server.address), 60)
    check(server.address, id)
    assert len([kind for _, _, kind in proxy.seen if kind]) >= 5


def test_the_first_answer_to_everything_is_lost(server: MlflowServer, proxy: Faulty) -> None:
    """The worst: all that changes something is done, and nobody hears of it, once each."""
    heard: set[tuple[str, str]] = set()

    def plan(method: str, path: str) -> str | None:
        new = (method, path) not in heard and not path.startswith("/api/autolog")
        heard.add((method, path))
        return "drop" if new else None

    proxy.plan = plan
    id = train(HttpStore(proxy.address))
    until(lambda: ended(server.address), 60)
    check(server.address, id)


def test_a_server_that_is_away_at_the_start(server: MlflowServer, proxy: Faulty) -> None:
    """Nothing is decided until it comes, and then all arrives; it goes in the middle, and comes back."""
    proxy.plan = lambda method, path: "refuse"
    store = HttpStore(proxy.address)
    first = store.create("fruit", "before", time=T0)
    first.points([("loss", step, T0 + step, float(step)) for step in range(1_500)])
    until(lambda: len(proxy.seen) > 3)
    assert raw_runs(server.address) == []
    proxy.plan = lambda method, path: None
    until(lambda: len(raw_runs(server.address)) == 1)
    assert len(store.points(first.id, "loss")) == 1_500
    proxy.plan = lambda method, path: "refuse"
    first.points([("loss", step, T0 + step, float(step)) for step in range(1_500, 3_000)])
    with pytest.raises(StoreUnavailable):
        store.points(first.id, "loss")
    proxy.plan = lambda method, path: None
    assert list(store.points(first.id, "loss").value) == [float(step) for step in range(3_000)]
    assert len(raw_runs(server.address)) == 1


def test_a_run_that_is_deleted_there_waits(server: MlflowServer, caplog: pytest.LogCaptureFixture) -> None:
    """Its records stay here, which is said once; others go on, and it does too when it is back."""
    store = HttpStore(server.address)
    gone, other = store.create("fruit", "gone"), store.create("fruit", "other")
    gone.point("loss", 0, T0, 1.0)
    api, theirs = f"{server.address}/api/2.0/mlflow", {run.name: run for run in store.search()}
    assert set(theirs) == {"gone", "other"}
    ids = {run["info"]["run_name"]: run["info"]["run_id"] for run in raw_runs(server.address)}
    requests.post(f"{api}/runs/delete", json={"run_id": ids["gone"]}, timeout=60).raise_for_status()
    for step in range(1, 4):
        gone.point("loss", step, T0 + step, 1.0)
        other.point("loss", step, T0 + step, 1.0)
        assert len(store.points(other.id, "loss")) == step
    said = [record for record in caplog.records if record.name.startswith("autolog")]
    assert len(said) == 1 and "deleted" in said[0].getMessage()
    requests.post(f"{api}/runs/restore", json={"run_id": ids["gone"]}, timeout=60).raise_for_status()
    assert list(store.points(gone.id, "loss").step) == [0]
    spool = Spool.of(server.address)
    target = MlflowTarget(MlflowClient(access(server.address)), spool.path)
    target.retry(spool.name(gone.folder))
    assert list(store.points(gone.id, "loss").step) == [0, 1, 2, 3]
