"""Whatever server and network do: every record arrives once, in order, with its own time."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from autolog.store.errors import RunNotFound, StoreUnavailable
from autolog.store.events import End, Params
from autolog.store.folder import FolderStore
from autolog.store.http import HttpStore, shipper, shipping, target
from autolog.store.http.client import Client
from autolog.store.http.spool import spools

from .faulty import Faulty, faulty, until
from .serving import TOKEN, Server, serving

T0 = 1_732_345_678_000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def proxy(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    monkeypatch.setattr(shipper, "PAUSE", 0.01)
    monkeypatch.setattr(shipper, "LONGEST", 0.05)
    monkeypatch.setattr(Client, "whole", 1.0)
    server.show(tmp_path / "served")
    with faulty(server.address) as proxy:
        yield proxy


@pytest.fixture
def there(tmp_path: Path) -> FolderStore:
    """What the server has, seen from behind."""
    return FolderStore(tmp_path / "served")


def train(store: HttpStore, count: int = 60) -> str:
    """A run with points, params and files; the result is its id."""
    run = store.create("fruit", "apple", time=T0)
    for step in range(count):
        run.point("loss", step, T0 + step, step / 2)
        if step % (count // 3) == 0:
            with run.artifact(f"files/{step}.bin") as path:
                path.write_text(f"{step} " * 5_000)
    run.write(Params(run=0, time=T0, params={"lr": 0.1}))
    run.write(End(run=0, time=T0 + count, status="FINISHED"))
    return run.id


def ended(there: FolderStore, id: str) -> bool:
    return [run.status for run in there.search(f"run_id = '{id}'")] == ["FINISHED"]


def check(there: FolderStore, id: str, count: int = 60) -> None:
    run, points = there.get(id), there.points(id, "loss")
    assert (run.name, run.start_time, run.end_time) == ("apple", T0, T0 + count)
    assert dict(run.params) == {"lr": 0.1}
    assert list(points.step) == list(range(count))
    assert list(points.time) == [T0 + step for step in range(count)]
    assert list(points.value) == [step / 2 for step in range(count)]
    files = there.artifacts(id)
    written = range(0, count, count // 3)
    assert list(files) == sorted(f"files/{step}.bin" for step in written)
    for step in written:
        assert files.path(f"files/{step}.bin").read_text() == f"{step} " * 5_000


OFTEN = ("drop", "cut", "503", "page")
RARE = ("refuse", "half", "429", "500", "page502", "redirect")


@pytest.mark.parametrize("fault", [*OFTEN, *(pytest.param(fault, marks=pytest.mark.slow) for fault in RARE)])
def test_every_third_answer_is_spoiled(proxy: Faulty, there: FolderStore, fault: str) -> None:
    turns = itertools.cycle([fault, None, None])
    proxy.plan = lambda method, path: next(turns)
    id = train(HttpStore(proxy.address))
    until(lambda: ended(there, id))
    check(there, id)
    assert len([kind for _, _, kind in proxy.seen if kind]) >= 3


@pytest.mark.slow
def test_a_training_asks_nobody(proxy: Faulty, there: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asking: list[str] = []
    real = requests.Session.request

    def noted(*args: Any, **kwargs: Any) -> Any:
        asking.append(threading.current_thread().name)
        return real(*args, **kwargs)

    monkeypatch.setattr(requests.Session, "request", noted)
    proxy.plan = lambda method, path: "hang"
    id = train(HttpStore(proxy.address), 10_000)
    proxy.plan = lambda method, path: None
    until(lambda: ended(there, id))
    check(there, id, 10_000)
    assert set(asking) == {"autolog-shipper"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("refuse", "was lost"),
        ("cut", "was lost"),
        ("half", "was lost"),
        ("hang", "within 1 seconds"),
        ("drip", "within 1 seconds"),
        ("500", "answered 500"),
        ("503", "answered 503"),
        ("page", "page titled 'Sign in & go on'"),
        ("page502", "answered 502 with a page titled"),
        ("redirect", "redirects to http://elsewhere.invalid, which gets nothing"),
    ],
)
def test_a_reading_says_what_is_wrong(
    proxy: Faulty, fault: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "waits", ())
    proxy.plan = lambda method, path: fault
    with pytest.raises(StoreUnavailable, match=message):
        HttpStore(proxy.address).search()
    assert TOKEN not in repr(HttpStore(proxy.address))


def test_a_reading_is_asked_again(proxy: Faulty) -> None:
    for fault in ("drop", "refuse", "503"):
        faults = iter([fault])
        proxy.plan = lambda method, path, faults=faults: next(faults, None)  # type: ignore[misc]
        with pytest.raises(RunNotFound, match="abcd1234"):
            HttpStore(proxy.address).get("abcd1234")


@pytest.mark.slow
def test_a_change_is_never_made_twice(proxy: Faulty, there: FolderStore) -> None:
    store = HttpStore(proxy.address)
    proxy.plan = lambda method, path: "drop"
    with pytest.raises(StoreUnavailable, match="was lost"):
        store.registry.register("fraud", "s3://bucket/model")
    faults = iter(["refuse", "503", "429"])
    proxy.plan = lambda method, path: next(faults, None)
    with pytest.raises(StoreUnavailable, match="was lost"):
        store.registry.register("fraud", "s3://bucket/model")
    assert store.registry.register("fraud", "s3://bucket/model").version == 2
    assert len(there.registry.versions("fraud")) == 2


@pytest.mark.slow
def test_a_large_file_goes_on_where_it_stopped(
    proxy: Faulty, there: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, "PART", 1000)
    parts = itertools.count()
    proxy.plan = lambda method, path: "drop" if method == "PATCH" and next(parts) % 3 == 1 else None
    store = HttpStore(proxy.address)
    run = store.create("fruit", "apple")
    content = os.urandom(10_500)
    with run.artifact("large") as path:
        path.write_bytes(content)
    store.settle()
    assert there.artifacts(run.id).path("large").read_bytes() == content
    assert sum(method == "PATCH" for method, _, _ in proxy.seen) <= 17


def test_equal_content_is_sent_once(proxy: Faulty, there: FolderStore) -> None:
    store = HttpStore(proxy.address)
    content = os.urandom(10_000)
    for name in "abc":
        run = store.create("fruit", name)
        with run.artifact("model") as path:
            path.mkdir()
            (path / "one").write_bytes(content)
            (path / "two").write_bytes(content)
        assert store.artifacts(run.id).path("model/two").read_bytes() == content
        assert (there.artifacts(run.id).path("model") / "one").read_bytes() == content
    assert sum(method == "PATCH" for method, _, _ in proxy.seen) == 1
    assert sum("/artifacts/" in path for _, path, _ in proxy.seen) == 1


def test_a_file_that_is_refused_holds_nothing_up(proxy: Faulty, there: FolderStore) -> None:
    """A folder stands on the server where a file should come: the run's other records arrive."""
    store = HttpStore(proxy.address)
    run = store.create("fruit", "apple")
    run.point("loss", 0, T0, 1.0)
    assert len(store.points(run.id, "loss")) == 1
    with there.intake.artifact(there.intake.folder(run.id), run.id, "a") as path:
        path.write_text("in the way")
    with run.artifact("a/b") as path:
        path.write_text("refused")
    run.point("loss", 1, T0, 2.0)
    assert list(store.points(run.id, "loss").value) == [1.0, 2.0]
    (left,) = Path(os.environ["XDG_STATE_HOME"]).rglob("refused.jsonl")
    assert b'"a/b"' in left.read_bytes()
    there.intake.discard(there.intake.folder(run.id), run.id, "a")
    (spool,) = spools()
    shipping.Shipping(spool, target.OwnTarget(store.client)).send("all")
    assert there.artifacts(run.id).path("a/b").read_text() == "refused"
    assert left.read_bytes() == b""


@pytest.mark.slow
def test_many_runs_need_few_open_files(proxy: Faulty, there: FolderStore) -> None:
    proxy.plan = lambda method, path: "503"
    store = HttpStore(proxy.address)
    runs = [store.create("fruit", str(number)) for number in range(100)]
    before = len(os.listdir("/proc/self/fd"))
    proxy.plan = lambda method, path: None
    assert len(store.search()) == 100
    assert len(os.listdir("/proc/self/fd")) - before <= 80
    assert len(runs) == 100
