"""Numbers for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats)."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, multiprocess

from .running import COUNTERS

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""The buckets of a histogram of times."""

KIND = "text/plain; version=0.0.4"
"""The content type of `exposed`."""


def exposed(registry: CollectorRegistry) -> bytes:
    """The counters of one server process; of several workers, all of theirs added up."""
    if COUNTERS not in os.environ:
        return generate_latest(registry)
    _forget_dead_workers(Path(os.environ[COUNTERS]))
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def _forget_dead_workers(folder: Path) -> None:
    """What a killed worker was doing is not done any more; what it has counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        worker = path.stem.rpartition("_")[2]
        try:
            os.kill(int(worker), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
