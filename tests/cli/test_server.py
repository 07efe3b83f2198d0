"""`autolog server`, as a process."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from autolog.store.folder import FolderStore

COMMAND = [sys.executable, "-c", "import sys; from autolog.cli import main; sys.exit(main())", "server"]


@contextmanager
def serving(
    folder: Path, *options: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The process, its address and the token that it says."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout is not None
        url, token = (part.partition("=")[2] for part in process.stdout.readline().split())
        yield process, url, token
    finally:
        process.kill()
        process.communicate(timeout=30)


def asked(url: str, token: str) -> int:
    return requests.get(
        f"{url}/version", headers={"Authorization": f"Bearer {token}"}, timeout=30
    ).status_code


@pytest.mark.slow
def test_its_own_token_is_kept_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url, token):
        assert asked(url, token) == 200 and asked(url, "wrong") == 401
        headers = {"Authorization": f"Bearer {token}"}
        made = requests.post(
            f"{url}/api/2.0/mlflow/runs/create", json={"experiment_id": "0"}, headers=headers, timeout=30
        )
        process.send_signal(signal.SIGTERM)
        rest, log = process.communicate(timeout=60)
    assert (process.returncode, rest) == (0, "")
    assert token not in log and '"route":"/api/2.0/mlflow/runs/create","status":200' in log
    file = tmp_path / "autoruns" / ".autolog" / "token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and file.read_text().strip() == token
    assert FolderStore(tmp_path / "autoruns").get(made.json()["run"]["info"]["run_id"]).status == "RUNNING"
    with serving(tmp_path) as (_, _, again):
        assert again == token


@pytest.mark.slow
def test_a_token_that_was_given_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from-file\n")
    for options, environment, token in (
        (["--token", "by-hand"], {}, "by-hand"),
        (["--token-file", "file"], {}, "from-file"),
        ([], {"AUTOLOG_TOKEN": "from-outside"}, "from-outside"),
    ):
        with serving(tmp_path, *options, **environment) as (_, url, shown):
            assert shown == "***" and asked(url, token) == 200 and asked(url, "***") == 401
    assert not (tmp_path / "autoruns" / ".autolog" / "token").exists()


def ran(folder: Path, *options: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_public_address_needs_a_token_of_yours(tmp_path: Path, host: str) -> None:
    code, text = ran(tmp_path, "--host", host)
    assert code == 2 and "can be reached from other machines" in text


@pytest.mark.slow
def test_wrong_use(tmp_path: Path) -> None:
    assert ran(tmp_path, "--token", " ") == (2, "autolog: the token is empty; see `autolog server --help`\n")
    code, text = ran(tmp_path, "--artifacts", "elsewhere")
    assert code == 2 and "holds its files itself" in text
    assert ran(tmp_path, "--store", "what://ever")[0] == 2


@pytest.mark.slow
def test_looking_at_a_store(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "runs")
    for number in range(3):
        store.create("e", f"r{number}").child("c").close()
    store.registry.create("m")
    code, text = ran(tmp_path, "--check", "--store", "runs")
    lines = [f"store: {store.path}", "experiments: 2", "runs: 6", "registered models: 1", "all well"]
    assert (code, text.splitlines()) == (0, lines)
