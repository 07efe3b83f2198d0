"""A real MLflow server as a process: on SQLite, serving its artifacts."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.store.http.faulty import until

_KEPT = ("alembic_version", "workspaces")


@dataclass
class MlflowServer:
    """``address`` is where it listens; everything it keeps is in ``folder``."""

    address: str
    folder: Path
    process: subprocess.Popen[bytes]

    def clear(self) -> None:
        """Begin anew, without the seconds that a start takes."""
        with closing(sqlite3.connect(self.folder / "mlflow.db", timeout=60)) as connection, connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                where = " WHERE experiment_id != 0" if table == "experiments" else ""
                if table not in _KEPT and not table.startswith("sqlite_"):
                    connection.execute(f"DELETE FROM {table}{where}")
        shutil.rmtree(self.folder / "artifacts", ignore_errors=True)


@contextmanager
def mlflow_server(folder: Path, port: int = 0) -> Iterator[MlflowServer]:
    """It answers when the block begins, and is gone when it ends."""
    if port == 0:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--artifacts-destination", str(folder / "artifacts"), "--workers", "1"),
    ]
    others = {key: text for key, text in os.environ.items() if not key.startswith(("AUTOLOG_", "MLFLOW_"))}
    environment = {**others, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with open(folder / "server.log", "ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    server = MlflowServer(f"http://127.0.0.1:{port}", folder, process)
    try:
        until(lambda: _answers(server.address), 120)
        yield server
    finally:
        process.terminate()
        process.wait(60)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=10).ok
    except requests.ConnectionError:
        return False
