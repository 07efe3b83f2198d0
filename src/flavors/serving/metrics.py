"""What is counted of a model that is asked."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ...web.counting import SECONDS, exposed

_REQUESTS = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The counters of one server; with several workers, `text` adds all of theirs up."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._registry = own
        self.requests = Counter(
            "autolog_requests", "Requests answered, by status code", ["status"], registry=own
        )
        self.seconds = Histogram(
            "autolog_request_seconds", "Time from a request to its answer", buckets=SECONDS, registry=own
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
        return exposed(self._registry)
