"""What is counted, for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats)."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_REQUESTS = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The counters of one server process; with several workers, `text` adds all of theirs up."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._registry = own
        self.requests = Counter(
            "autolog_requests", "Requests answered, by status code", ["status"], registry=own
        )
        self.seconds = Histogram(
            "autolog_request_seconds", "Time from a request to its answer", buckets=_SECONDS, registry=own
        )
        self.batches = Histogram(
            "autolog_batch_requests", "Requests that were predicted together", buckets=_REQUESTS, registry=own
        )
        self.waiting = Gauge(
            "autolog_requests_waiting",
            "Requests that are not answered yet",
            registry=own,
            multiprocess_mode="livesum",
        )
        self.reloads = Counter("autolog_reloads", "Times that another model was loaded", registry=own)

    def text(self) -> bytes:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        _forget_dead_workers(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _forget_dead_workers(folder: Path) -> None:
    """What a killed worker was doing is not done any more; what it has counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        worker = path.stem.rpartition("_")[2]
        try:
            os.kill(int(worker), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
