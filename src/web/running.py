"""A server's process: its socket, and uvicorn with one or more workers."""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder through which the counters of several workers are added up."""


def listening(host: str, port: int) -> socket.socket:
    """A socket, taken before anybody is told that the server answers there. Port 0 is any free one.

    Raises OSError for an address that cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        raise OSError(f"cannot listen on {host} port {port}: {reason}") from error


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


def run(app: Any, listener: socket.socket, workers: int, seconds: float) -> None:
    """Answer until the process is told to stop; what was begun then has ``seconds`` to end."""
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


def write_log(name: str) -> None:
    """What the logger ``name`` has to say goes to standard error, with the time."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger(name).setLevel(logging.INFO)


def read_token(path: str | None, variable: str) -> str | None:
    """The token in a file (``-``: standard input), or in the environment.

    A file keeps it out of the list of processes. Raises OSError, and ValueError for an empty one.
    """
    if path is None:
        return os.environ.get(variable) or None
    text = sys.stdin.readline() if path == "-" else Path(path).read_text(encoding="utf-8")
    token = text.strip()
    if not token:
        raise ValueError(f"there is no token in {path}")
    return token
