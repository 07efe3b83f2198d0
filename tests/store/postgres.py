"""A PostgreSQL of our own for tests: a private cluster in a temporary folder, on a unix socket.

It runs as another user when we are root, as PostgreSQL asks, and sorts as English does,
which our tables must not notice.
"""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

_DEADLINE = 120  # seconds for the server to start
_PRIVATE = ("listen_addresses=",)
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs, the newest there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


class Postgres:
    """A running server; ``new_database`` gives the address of an empty database."""

    def __init__(self, sockets: Path, user: str) -> None:
        self._sockets = sockets
        self._user = user
        self._numbers = count()

    def address(self, database: str) -> str:
        return f"postgresql://{self._user}@/{database}?host={self._sockets}"

    def new_database(self, name: str | None = None, *, template: str = "template1") -> str:
        name = name or f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def drop(self, address: str) -> None:
        """Free the disk, whoever is still connected."""
        self.execute(f"DROP DATABASE {urlsplit(address).path[1:]} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(self.address(database), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running(programs: Path, *, quick: bool = True) -> Iterator[Postgres]:
    """``quick``: what it has does not outlive a power cut."""
    user = _user()
    home = Path(tempfile.mkdtemp(prefix="autolog-pg-"))
    as_user: dict[str, Any] = {"cwd": home}
    if os.getuid() == 0:
        os.chown(home, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        as_user |= {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    try:
        _initdb(programs, home / "data", user, as_user)
        chosen = _PRIVATE + (_QUICK if quick else ())
        settings = [argument for setting in chosen for argument in ("-c", setting)]
        command = [programs / "postgres", "-D", home / "data", "-k", home, *settings]
        with open(home / "log", "wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, **as_user)
        try:
            _wait_until_ready(server, postgres := Postgres(home, user), home / "log")
            yield postgres
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nobody needs the data any more
            server.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _user() -> str:
    if os.getuid() != 0:
        return getpass.getuser()
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _initdb(programs: Path, data: Path, user: str, as_user: dict[str, Any]) -> None:
    command = [programs / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--no-sync"]
    for locale in (["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"], ["--no-locale"]):
        done = subprocess.run([*command, *locale], capture_output=True, text=True, **as_user)
        if done.returncode == 0:
            return
        shutil.rmtree(data, ignore_errors=True)
    raise RuntimeError(f"initdb failed: {done.stderr}")


def _wait_until_ready(server: subprocess.Popen[bytes], postgres: Postgres, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + _DEADLINE
    while True:
        try:
            return postgres.execute("SELECT 1")
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start: {log.read_text()}") from None
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of this process."""
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL is installed")
    with running(programs) as server:
        yield server
