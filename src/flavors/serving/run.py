"""The server's processes: uvicorn with one or more workers."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..trust import Trusting
from .guard import LOCAL, Limits, is_loopback

_SETTINGS = "AUTOLOG_SERVING"


@dataclass(frozen=True)
class Settings:
    """What `serve` was asked for. ``trust`` is a list of names, or "pickle"."""

    uri: str
    store: str | None
    trust: Trusting
    body: int
    seconds: float
    token: str | None
    hosts: tuple[str, ...]


def serve(settings: Settings, host: str, port: int, workers: int, ready: Callable[[str, int], None]) -> int:
    """Serve until the process is told to stop; ``ready`` is called when the model is loaded.

    The model is loaded here first, so that whoever starts the server sees what is wrong
    with it. Raises what `load_predictor` raises.
    """
    import uvicorn

    app: Any = _application(settings)
    with tempfile.TemporaryDirectory(prefix="autolog-serving-") as folder:
        if workers > 1:  # each loads its own, and counts for itself: they are added up from files
            os.environ[_SETTINGS] = json.dumps(asdict(settings))
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            app = f"{__name__}:worker"
        ready(host, port)
        uvicorn.run(
            app,
            factory=workers > 1,
            host=host,
            port=port,
            workers=workers,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=max(1, int(settings.seconds)),
        )
    return 0


def worker() -> Any:
    """The application of one of several worker processes, by the settings in the environment."""
    given = json.loads(os.environ[_SETTINGS])
    return _application(Settings(**{**given, "hosts": tuple(given["hosts"])}))


def _application(settings: Settings) -> Any:
    from ...tracking.active import activate
    from ...tracking.settings import resolve
    from .app import make_app
    from .service import Service

    activate(resolve(store=settings.store))
    limits = Limits(settings.body, settings.seconds, settings.token, settings.hosts)
    return make_app(Service(settings.uri, settings.trust), limits)


def hosts_for(host: str, extra: tuple[str, ...]) -> tuple[str, ...]:
    """What requests may call this server: local names on a local address, anything on a public one."""
    if not is_loopback(host) and not extra:
        return ()
    return (*LOCAL, host, *(name.lower() for name in extra))


def read_token(path: str | None) -> str | None:
    """The token in a file, or in the environment. A file keeps it out of the list of processes."""
    if path is None:
        return os.environ.get("AUTOLOG_SERVE_TOKEN") or None
    text = sys.stdin.readline() if path == "-" else Path(path).read_text(encoding="utf-8")
    token = text.strip()
    if not token:
        raise ValueError(f"there is no token in {path}")
    return token
