"""Servers to measure: ours on each of its stores, and MLflow's, each a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

COMMAND = ("-c", "import sys; from autolog.cli import main; sys.exit(main())")
"""Our command line, with this interpreter."""

TOKEN = "0123456789abcdef"


@contextmanager
def running(server: Sequence[str], health: str = "/health", **variables: str) -> Iterator[int]:
    """The port of a server that answers. ``--port`` is added to its arguments."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = started([*server, "--port", str(port)], **variables)
    try:
        until_it_answers(process, f"http://127.0.0.1:{port}{health}")
        yield port
    finally:
        process.terminate()
        process.wait(30)


def started(arguments: Sequence[str], **variables: str) -> subprocess.Popen[bytes]:
    # MLflow looks for its server's program on the path.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | {"PATH": path} | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def until_it_answers(process: subprocess.Popen[bytes], address: str) -> None:
    end = monotonic() + 60
    while process.poll() is None and monotonic() < end:
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            sleep(0.01)
    raise RuntimeError("the server does not answer")


@contextmanager
def ours(store: str = "sqlite:///autolog.db", *more: str) -> Iterator[str]:
    """The address of our server; clients find its token in the environment."""
    os.environ |= {"AUTOLOG_TOKEN": TOKEN, "MLFLOW_TRACKING_TOKEN": TOKEN}
    with running([*COMMAND, "server", "--store", store, *more]) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def mlflow(workers: int = 1) -> Iterator[str]:
    """The address of MLflow's server on SQLite, which serves artifacts, too."""
    with running([*MLFLOW, "--workers", str(workers)]) as port:
        yield f"http://127.0.0.1:{port}"


MLFLOW = (
    *("-m", "mlflow", "server", "--host", "127.0.0.1"),
    *("--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "artifacts"),
)


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database in a PostgreSQL with its own settings."""
    from tests.store.postgres import binaries
    from tests.store.postgres import running as cluster

    programs = binaries()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed")
    with cluster(programs, quick=False) as server:
        yield server.new_database()


@contextmanager
def far(address: str, seconds: float = 0.5) -> Iterator[str]:
    """The same server, from so far away that each answer comes ``seconds`` later."""
    target = urlsplit(address)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = started(["-m", "benchmarks.far", str(port), target.netloc, str(seconds)])
    try:
        until_it_answers(process, f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
