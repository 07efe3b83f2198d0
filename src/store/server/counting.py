"""What the server counts of the requests that it answers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ...web.counting import SECONDS, exposed


class Counters:
    """The counters of one server."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._registry = own
        self._requests = Counter(
            "autolog_server_requests", "Requests answered", ["method", "route", "status"], registry=own
        )
        self._seconds = Histogram(
            "autolog_server_request_seconds",
            "Time from a request to the end of its answer",
            ["route"],
            buckets=SECONDS,
            registry=own,
        )
        self.waiting = Gauge(
            "autolog_server_requests_waiting", "Requests that are not answered yet", registry=own
        )

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request that is over. ``route``: its template, never its path."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        return exposed(self._registry)
