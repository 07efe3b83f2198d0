"""The folder for a Docker engine. There is none here: its steps are done in a virtual environment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from sklearn.linear_model import LinearRegression

import autolog
from autolog.flavors import ModelExists, NotAModel
from autolog.flavors.environment import write_context
from autolog.flavors.environment.docker import Image
from autolog.flavors.environment.wheel import write_wheel

CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
"""In a container there is nothing of ours."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    autolog.save_model(
        LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), tmp_path / "model", input_example=[[1.0]]
    )
    return tmp_path / "model"


def instructions(folder: Path) -> list[tuple[str, str]]:
    """The Dockerfile's instructions and what follows them, its continued lines joined."""
    text = (folder / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_context_holds_all_that_is_copied(model: Path, tmp_path: Path) -> None:
    write_context(model, tmp_path / "image", Image(port=9000, trust=["features.Scale"]))
    steps = instructions(tmp_path / "image")
    assert steps[0] == ("FROM", f"python:{sys.version.split()[0]}-slim")
    allowed = (tmp_path / "image" / ".dockerignore").read_text().split()
    for source in [rest.split()[0] for word, rest in steps if word == "COPY"]:
        assert (tmp_path / "image" / source).exists()
        assert any(Path(source).match(pattern[1:]) for pattern in allowed[1:])
    words = [word for word, _ in steps]
    assert words.index("USER") > max(place for place, word in enumerate(words) if word == "RUN")
    entry = json.loads(dict(steps)["ENTRYPOINT"])
    assert entry[:3] == ["autolog", "serve", "/opt/autolog/model"]
    assert entry[3:] == ["--host", "0.0.0.0", "--port", "9000", "--trust", "features.Scale"]
    assert "127.0.0.1:9000/health" in dict(steps)["HEALTHCHECK"]


def test_a_base_and_no_token(model: Path, tmp_path: Path) -> None:
    write_context(model, tmp_path / "image", Image(base="mine:1", token=False))
    steps = dict(instructions(tmp_path / "image"))
    assert steps["FROM"] == "mine:1"
    assert "--no-token" in steps["ENTRYPOINT"]
    assert "AUTOLOG_SERVE_TOKEN" not in (tmp_path / "image" / "Dockerfile").read_text()


def test_what_is_there_is_not_written_over(model: Path, tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "mine").touch()
    with pytest.raises(ModelExists):
        write_context(model, tmp_path / "image")
    with pytest.raises(NotAModel):
        write_context(tmp_path / "nothing", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_the_wheel_is_whole_and_always_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    wheel = write_wheel(tmp_path / "a")
    assert wheel.read_bytes() == write_wheel(tmp_path / "b").read_bytes()
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read(next(name for name in names if name.endswith("/RECORD"))).decode()
        assert sorted(line.rsplit(",", 2)[0] for line in record.splitlines()) == sorted(names)
    assert {"autolog/__init__.py", "autolog/py.typed"} <= set(names)
    assert any(name.endswith(".lark") for name in names)


@pytest.mark.slow
def test_its_steps_give_a_server(model: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_context(model, image, Image(token=False))
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / "bin"
    for word, rest in instructions(image):
        if word == "RUN" and rest.startswith("pip install"):
            command = re.sub(r"^pip", str(programs / "pip"), rest)
            subprocess.run(command, shell=True, cwd=image, check=True, capture_output=True, env=CLEAN)
    done = subprocess.run(
        [programs / "autolog", "serve", image / "nothing"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=CLEAN,
    )
    assert done.returncode == 1
    assert "holds no model" in done.stderr
    code = "import autolog, sys; print(autolog.__file__, autolog.load_model(sys.argv[1]).predict([[3.0]]))"
    done = subprocess.run(
        [programs / "python", "-c", code, image / "model"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=CLEAN,
        check=True,
    )
    assert str(tmp_path / "venv") in done.stdout
    assert "3." in done.stdout
