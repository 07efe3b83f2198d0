"""Several instances on one database behave as one, also when one of them is killed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from threading import Event

import pytest
import requests

from tests.store.postgres import Postgres, postgres
from tests.store.s3 import s3_server
from tests.store.server.instances import Client, Place
from tests.store.server.serving import until

__all__ = ["postgres", "s3_server"]

pytestmark = pytest.mark.slow

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
TAKEN = "RESOURCE_ALREADY_EXISTS"
EACH, PROCESSES = 6, 8


@pytest.fixture(scope="module")
def place(postgres: Postgres, s3_server: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(postgres.new_database(), s3_server, tmp_path_factory.mktemp("instances"))


@pytest.fixture(scope="module")
def urls(place: Place) -> Iterator[list[str]]:
    with place.instance() as one, place.instance() as other:
        yield [one.url, other.url]


@pytest.fixture
def clients(urls: list[str]) -> Iterator[list[Client]]:
    with Client(urls[0]) as one, Client(urls[1]) as other:
        yield [one, other]


def test_what_one_did_the_other_knows(clients: list[Client]) -> None:
    one, other = clients
    run = one.new_run()
    for number, client in enumerate([one, other, one, other]):
        client.post("runs/log-metric", run_id=run, key="m", value=number, timestamp=number, step=number)
    assert one.steps(run) == other.steps(run) == [0, 1, 2, 3]
    other.post("runs/log-parameter", run_id=run, key="p", value="1")
    assert one.tried("runs/log-parameter", run_id=run, key="p", value="2") == "INVALID_PARAMETER_VALUE"
    file = f"{PROXY}/0/{run}/artifacts/deep/a.bin"
    for content in (b"first", b"second"):
        assert one.ask("PUT", file, data=content).status_code == 200
        assert other.ask("GET", file).content == content
    assert other.get("artifacts/list", run_id=run)["files"] == [{"path": "deep", "is_dir": True}]
    one.post("runs/update", run_id=run, status="FINISHED", run_name="renamed")
    info = other.get("runs/get", run_id=run)["run"]["info"]
    assert (info["status"], info["run_name"]) == ("FINISHED", "renamed")
    other.post("runs/delete", run_id=run)
    assert one.get("runs/get", run_id=run)["run"]["info"]["lifecycle_stage"] == "deleted"


def test_of_two_who_make_the_same_at_once_one_does(clients: list[Client]) -> None:
    with ThreadPoolExecutor(2) as pool:
        for what in ("experiments", "registered-models"):
            for number in range(15):
                name = f"{what} {number}"
                codes = pool.map(lambda client: client.tried(f"{what}/create", name=name), clients)  # noqa: B023
                assert sorted(codes) == ["", TAKEN]
    for client in clients:
        found = client.post("experiments/search", max_results=1000)["experiments"]
        names = [one["name"] for one in found if one["name"].startswith("experiments ")]
        assert sorted(names) == sorted(f"experiments {number}" for number in range(15))


def register(url: str, name: str, number: int) -> list[int]:
    """The numbers that one process got for its versions; it also changes what others change."""
    numbers = []
    with Client(url) as client:
        for each in range(EACH):
            made = client.post("model-versions/create", name=name, source=f"s3://x/{number}/{each}")
            numbers.append(int(made["model_version"]["version"]))
            client.post("registered-models/alias", name=name, alias="champion", version=str(numbers[-1]))
            client.post("registered-models/set-tag", name=name, key="who", value=str(number))
    return numbers


def test_version_numbers_have_no_gaps_and_no_doubles(urls: list[str], clients: list[Client]) -> None:
    clients[0].post("registered-models/create", name="many")
    with get_context("spawn").Pool(PROCESSES) as pool:
        asked = [(urls[number % 2], "many", number) for number in range(PROCESSES)]
        numbers = pool.starmap(register, asked, chunksize=1)
    everything = list(range(1, PROCESSES * EACH + 1))
    assert sorted(number for each in numbers for number in each) == everything
    for client in clients:
        found = client.get("model-versions/search", filter="name = 'many'")["model_versions"]
        assert sorted(int(one["version"]) for one in found) == everything
        aliases = client.get("registered-models/get", name="many")["registered_model"]["aliases"]
        assert len(aliases) == 1 and int(aliases[0]["version"]) in {each[-1] for each in numbers}


def test_a_param_is_written_once(clients: list[Client]) -> None:
    run = clients[0].new_run()
    with ThreadPoolExecutor(2) as pool:
        for number in range(10):
            tries = [
                pool.submit(
                    client.tried, "runs/log-parameter", run_id=run, key=f"p{number}", value=str(value)
                )
                for value, client in enumerate(clients)
            ]
            assert sorted(one.result() for one in tries) == ["", "INVALID_PARAMETER_VALUE"]


class Load:
    """Logs step after step to a run, at one instance until that is gone, then at another."""

    def __init__(self, run: str, urls: list[str]) -> None:
        self.run = run
        self._urls = urls
        self.acknowledged: list[int] = []
        self.refused: list[str] = []
        self.moved = Event()

    def __call__(self, stop: Event) -> None:
        for url in self._urls:
            with Client(url) as client:
                if self._log_until_it_is_gone(client, stop):
                    return
            self.moved.set()

    def _log_until_it_is_gone(self, client: Client, stop: Event) -> bool:
        """Whether it was told to stop."""
        while not stop.is_set():
            step = self.acknowledged[-1] + 1 if self.acknowledged else 0
            point = {"key": "m", "value": step, "timestamp": step, "step": step}
            try:
                code = client.tried("runs/log-metric", run_id=self.run, **point)
            except requests.ConnectionError:
                return False
            if code:
                self.refused.append(code)
                return True
            self.acknowledged.append(step)
        return True


CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = '{}' AND pid <> pg_backend_pid()"""


def test_transactions_that_the_database_ends_are_made_again(
    place: Place, postgres: Postgres, urls: list[str], clients: list[Client]
) -> None:
    """All connections are cut, several times, as when the database is restarted."""
    with ThreadPoolExecutor(4) as pool:
        loads = [Load(clients[0].new_run(), [urls[number % 2]]) for number in range(4)]
        stop = Event()
        done = [pool.submit(load, stop) for load in loads]
        try:
            for _ in range(10):
                _go_on(loads)
                postgres.execute(CUT.format(place.database))
            _go_on(loads)
        finally:
            stop.set()
        for one in done:
            one.result(60)
    for load in loads:
        assert load.refused == [] and set(clients[0].steps(load.run)) == set(load.acknowledged)


def _go_on(loads: list[Load]) -> None:
    """Wait until all of them have logged something more."""
    before = [len(load.acknowledged) for load in loads]

    def happened() -> bool:
        assert [load.refused for load in loads] == [[]] * len(loads)
        return all(len(load.acknowledged) > n + 5 for load, n in zip(loads, before, strict=True))

    until(happened, 60)


def _killed(process: object) -> None:
    process.kill()  # type: ignore[attr-defined]


def _told_to_stop(process: object) -> None:
    process.send_signal(signal.SIGTERM)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("end", "code"), [(_killed, -signal.SIGKILL), (_told_to_stop, 0)])
def test_what_was_acknowledged_stays_when_one_goes(
    place: Place, urls: list[str], clients: list[Client], end: Callable[[object], None], code: int
) -> None:
    with place.instance() as going, ThreadPoolExecutor(6) as pool:
        runs = [clients[0].new_run() for _ in range(6)]
        loads = [Load(run, [going.url, urls[number % 2]]) for number, run in enumerate(runs[:4])]
        loads += [Load(run, [urls[1]]) for run in runs[4:]]
        stop = Event()
        done = [pool.submit(load, stop) for load in loads]
        try:
            _go_on(loads)
            end(going.process)
            assert going.process.wait(60) == code
            until(lambda: all(load.moved.is_set() for load in loads[:4]), 60)
            _go_on(loads)
        finally:
            stop.set()
        for one in done:
            one.result(60)
    for run, load in zip(runs, loads, strict=True):
        assert load.refused == []
        for client in clients:
            steps = client.steps(run)
            assert set(steps) == set(load.acknowledged) and steps == sorted(steps)
