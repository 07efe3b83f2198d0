"""The environment of a model: its requirements, made once, never used half-made."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sklearn.linear_model import LinearRegression

import autolog
from autolog.flavors import ModelNotLoadable
from autolog.flavors.environment import environment_of, venvs


@pytest.fixture
def model(tmp_path: Path) -> Path:
    fitted = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    autolog.save_model(fitted, tmp_path / "model", input_example=[[1.0]], requirements=["packaging"])
    return tmp_path / "model"


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would be installed, in an environment that is real but empty."""
    asked: list[list[str]] = []
    run = subprocess.run

    def watched(command: list[str], **options: object) -> object:
        if "pip" in command:
            asked.append([part for part in command if not part.startswith("-")][3:])
            return subprocess.CompletedProcess(command, 0, "", "")
        return run([*command, "--without-pip"] if "venv" in command else command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(venvs.subprocess, "run", watched)
    return asked


def test_it_is_made_once(model: Path, pip: list[list[str]]) -> None:
    said: list[str] = []
    first = environment_of(model, said.append)
    assert environment_of(model, said.append) == first
    assert len(said) == 1
    ((requirement, wheel),) = pip
    assert requirement == "packaging"
    assert wheel.endswith("-py3-none-any.whl[serve,predict]")
    assert first.python.exists()


def test_one_that_was_not_finished_is_made_anew(model: Path, pip: list[list[str]]) -> None:
    found = environment_of(model)
    (found.path / "autolog-complete").unlink()
    (found.path / "left over").touch()
    assert environment_of(model) == found
    assert len(pip) == 2
    assert not (found.path / "left over").exists()


def test_other_requirements_are_another_environment(model: Path, pip: list[list[str]]) -> None:
    first = environment_of(model)
    (model / "requirements.txt").write_text("packaging>=24\n")
    assert environment_of(model) != first


def test_a_python_that_is_not_here(model: Path) -> None:
    text = (model / "MLmodel").read_text()
    (model / "MLmodel").write_text(text.replace(sys.version.split()[0], "3.2.1"))
    with pytest.raises(ModelNotLoadable, match=r"needs Python 3\.2; install it"):
        environment_of(model)


def test_requirements_that_cannot_be_installed_are_said(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(command: list[str], **options: object) -> object:
        return subprocess.CompletedProcess(
            command, 1, "", "ERROR: No matching distribution found for nothing"
        )

    monkeypatch.setattr(venvs.subprocess, "run", fails)
    with pytest.raises(ModelNotLoadable, match="No matching distribution found for no"):
        environment_of(model)


def test_commands_run_with_its_programs_first(model: Path, pip: list[list[str]]) -> None:
    found = environment_of(model)
    assert found.command(["python", "-V"]) == [str(found.python), "-V"]
    assert found.command(["echo", "hi"]) == ["echo", "hi"]
    variables = found.variables()
    assert variables["PATH"].startswith(f"{found.path / 'bin'}:")
    assert "PYTHONPATH" not in variables


def program(*arguments: str) -> list[str]:
    """`autolog` as a command line."""
    return [sys.executable, "-c", "import sys; from autolog.cli import main; sys.exit(main())", *arguments]


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """The address of a server, from its start to its end."""
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        found = next(filter(None, (re.search(r"http://[\d.:]+", line) for line in server.stderr)))
        yield found[0]
    finally:
        server.terminate()
        server.wait(30)
        server.stderr.close()


@pytest.mark.slow
def test_a_model_predicts_and_serves_in_its_environment(tmp_path: Path) -> None:
    fitted = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    autolog.save_model(fitted, "model", input_example=[[1.0]])
    Path("in.csv").write_text("0\n3.0\n")
    env = program("env", "model")
    predict = [*env, "predict", "-i", "in.csv", "-o", "out.csv"]
    done = subprocess.run(predict, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1 row predicted" in done.stderr
    assert float(Path("out.csv").read_text().splitlines()[1]) == pytest.approx(3.0)
    where = [*env, "python", "-c", "import autolog; print(autolog.__file__)"]
    done = subprocess.run(where, capture_output=True, text=True, check=True)
    assert "environments" in done.stdout
    with serving(*env, "serve", "--port", "0") as address:
        answer = requests.post(f"{address}/invocations", json={"inputs": [[3.0]]}, timeout=30)
    assert answer.json()["predictions"] == pytest.approx([3.0])
