"""The server's processes: uvicorn with one or more workers."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
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
    batch: int = Limits.batch


def serve(settings: Settings, host: str, port: int, workers: int, ready: Callable[[str, int], None]) -> int:
    """Serve until the process is told to stop; ``ready`` is called when the model is loaded.

    The model is loaded here first, so that whoever starts the server sees what is wrong
    with it. Port 0 is any free one. Raises what `load_predictor` raises, and OSError for
    an address that cannot be had.
    """
    _write_log()
    app: Any = _application(settings)
    with _listening(host, port) as listener, tempfile.TemporaryDirectory(prefix="autolog-serving-") as folder:
        if workers > 1:  # each loads its own, and counts for itself: they are added up from files
            os.environ[_SETTINGS] = json.dumps(asdict(settings))
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            app = f"{__name__}:worker"
        ready(host, listener.getsockname()[1])
        _run(app, listener, workers, settings.seconds)
    return 0


def _listening(host: str, port: int) -> socket.socket:
    """A socket, taken before anybody is told that the model answers there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise OSError(f"cannot listen on {host} port {port}: {reason}") from error


def _run(app: Any, listener: socket.socket, workers: int, seconds: float) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    config = configured(app, workers, seconds)
    # uvicorn stops gracefully and then raises the signal again, for those who wait for it
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    with suppress(KeyboardInterrupt):
        if workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            uvicorn.Server(config).run(sockets=[listener])


def configured(app: Any, workers: int = 1, seconds: float = 60.0) -> Any:
    """uvicorn's settings. ``app``: the application, or for several workers where they find its factory."""
    import uvicorn

    from .connections import Connection

    return uvicorn.Config(
        app,
        factory=workers > 1,
        workers=workers,
        http=Connection,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, math.ceil(seconds)),
    )


def _write_log() -> None:
    """What the server has to say goes to standard error, with the time."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("autolog.flavors.serving").setLevel(logging.INFO)


def worker() -> Any:
    """The application of one of several worker processes, by the settings in the environment."""
    _write_log()
    given = json.loads(os.environ[_SETTINGS])
    return _application(Settings(**{**given, "hosts": tuple(given["hosts"])}))


def _application(settings: Settings) -> Any:
    from ...tracking.active import activate
    from ...tracking.settings import resolve
    from .app import make_app
    from .service import Service

    activate(resolve(store=settings.store))
    limits = Limits(
        body=settings.body,
        seconds=settings.seconds,
        batch=settings.batch,
        token=settings.token,
        hosts=settings.hosts,
    )
    return make_app(Service(settings.uri, settings.trust), limits)


def hosts_for(host: str, extra: tuple[str, ...]) -> tuple[str, ...]:
    """What requests may call this server: local names on a local address, anything on a public one."""
    if not is_loopback(host) and not extra:
        return ()
    return (*LOCAL, host.lower(), *(name.lower() for name in extra))


def read_token(path: str | None) -> str | None:
    """The token in a file, or in the environment. A file keeps it out of the list of processes."""
    if path is None:
        return os.environ.get("AUTOLOG_SERVE_TOKEN") or None
    text = sys.stdin.readline() if path == "-" else Path(path).read_text(encoding="utf-8")
    token = text.strip()
    if not token:
        raise ValueError(f"there is no token in {path}")
    return token
