"""What MLflow keeps on this machine without a server: ``mlruns`` folders and ``mlflow.db`` files.

MLflow's own server reads them, from a copy of the database or a folder of links: so it may
bring old ones up to date, and nothing is written where they lie.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from urllib.request import ProxyHandler, build_opener

from ..errors import NotAStore, StoreUnavailable

_STARTS_WITHIN = 240.0  # seconds; importing MLflow takes a while on a busy machine
_QUIET = {
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def kept(address: str) -> Path | None:
    """The folder or file at an address if it is MLflow's; None for any other store."""
    path = local(address)
    if path is not None and path.is_dir() and any(path.glob("*/meta.yaml")):
        return path
    return path if path is not None and path.is_file() and _is_database(path) else None


@contextmanager
def served(place: Path, artifacts: Path | None = None) -> Iterator[str]:
    """The address of a server of MLflow's that shows what is in ``place`` while the block lasts.

    ``artifacts``: where a server kept its files. Raises NotAStore without MLflow, and for what
    the installed one cannot read.
    """
    if find_spec("mlflow") is None:
        raise NotAStore(f"{place} is MLflow's, which has to read it: pip install mlflow")
    with TemporaryDirectory(prefix="autolog-") as temporary:
        folder = Path(temporary)
        if place.is_dir():
            backend = str(_linked(place, folder / "mlruns"))
        else:
            backend = f"sqlite:///{_copied(place, folder / 'mlflow.db')}"
        files = artifacts or place.parent / "mlartifacts"
        options = ["--backend-store-uri", backend, "--artifacts-destination", str(files)]
        with open(folder / "log", "w+b") as log, _running(options, place, log) as url:
            yield url


def local(address: str) -> Path | None:
    """The path that an address names, which need not be there; None for what is not of this machine."""
    if address.lower().startswith("sqlite:///"):
        return Path(address[len("sqlite:///") :].partition("?")[0])
    if address.lower().startswith("file://"):
        return Path(unquote(urlsplit(address).path))
    return None if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", address) else Path(address).expanduser()


def _is_database(path: Path) -> bool:
    try:
        with closing(_read_only(path)) as database:
            rows = database.execute("SELECT name FROM sqlite_master WHERE name = 'latest_metrics'")
            return rows.fetchone() is not None
    except sqlite3.Error:
        return False


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _copied(place: Path, target: Path) -> Path:
    """The database as it is at one moment, also while somebody writes to it."""
    with closing(_read_only(place)) as database, closing(sqlite3.connect(target)) as copy:
        database.backup(copy)
    return target


def _linked(place: Path, target: Path) -> Path:
    """A folder with a link to each that is in ``place``: what MLflow adds beside them comes here."""
    target.mkdir()
    for entry in place.iterdir():
        (target / entry.name).symlink_to(entry.absolute())
    return target


@contextmanager
def _running(options: Sequence[str], place: Path, log: BinaryIO) -> Iterator[str]:
    """MLflow's server; it does not start on a database of an older version, which is upgraded then."""
    url, process = _start(options, place, log)
    try:
        if not _answers(url, process):
            _upgrade(options[1], place, log)
            url, process = _start(options, place, log)
            if not _answers(url, process):
                raise _unreadable(place, log)
        yield url
    finally:
        _stop(process)


def _start(options: Sequence[str], place: Path, log: BinaryIO) -> tuple[str, subprocess.Popen[bytes]]:
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port), *options],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=os.environ | _QUIET,
        cwd=place.parent,  # old MLflow kept paths relative to where it ran
        start_new_session=True,
    )
    return f"http://127.0.0.1:{port}", process


def _upgrade(backend: str, place: Path, log: BinaryIO) -> None:
    command = [sys.executable, "-m", "mlflow", "db", "upgrade", backend]
    upgraded = place.is_file() and subprocess.run(command, stdout=log, stderr=log, env=os.environ | _QUIET)
    if not upgraded or upgraded.returncode != 0:
        raise _unreadable(place, log)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until it does, or is gone. Raises StoreUnavailable when it takes too long."""
    opener = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + _STARTS_WITHIN
    while process.poll() is None:
        with suppress(OSError), opener.open(f"{url}/health", timeout=5):
            return True
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"MLflow's server did not answer within {_STARTS_WITHIN:g} seconds")
        time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """With its workers."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
            return


def _unreadable(place: Path, log: BinaryIO) -> NotAStore:
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    reason = lines[-1] if lines else "it said nothing"
    return NotAStore(f"the installed MLflow cannot read {place}, a newer one may: {reason}")
