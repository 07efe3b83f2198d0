"""What is counted."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from autolog.flavors.serving.metrics import Metrics
from autolog.web.counting import _forget_dead_workers
from tests.flavors.serving.serving import ONE, Server, running, serving


def samples(text: str) -> dict[str, float]:
    found = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in found}


def asked(server: Server) -> dict[str, float]:
    response = server.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return samples(response.text)


def test_requests_by_status(tmp_path: Path) -> None:
    with running(serving(tmp_path / "model")) as server:
        for _ in range(3):
            server.ask(ONE)
        server.ask({})
        server.ask(ONE, Host="evil.example")
        server.send("{}", "text/plain")
        server.get("/ping")
        found = asked(server)
    assert {name: value for name, value in found.items() if name.startswith("autolog_requests_total")} == {
        "autolog_requests_total 200": 3,
        "autolog_requests_total 400": 1,
        "autolog_requests_total 403": 1,
        "autolog_requests_total 415": 1,
    }
    assert found["autolog_request_seconds_count"] == 6
    assert (found["autolog_batch_requests_count"], found["autolog_batch_requests_sum"]) == (3, 3)
    assert (found["autolog_requests_waiting"], found["autolog_reloads_total"]) == (0, 0)


def test_a_worker_that_is_gone_is_not_at_work(tmp_path: Path) -> None:
    gone, here = tmp_path / "gauge_livesum_999999999.db", tmp_path / "counter_999999999.db"
    gone.touch()
    here.touch()
    _forget_dead_workers(tmp_path)
    assert not gone.exists() and here.exists()


def test_two_servers_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.reloads.inc()
    assert samples(first.text().decode())["autolog_reloads_total"] == 1
    assert samples(second.text().decode())["autolog_reloads_total"] == 0
