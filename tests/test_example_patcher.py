"""The plug-in of docs/write-a-patcher.md: installed for real, with its library, and its own tests run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autolog

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "patcher"
PAGE = (ROOT / "docs" / "write-a-patcher.md").read_text()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip installed the plug-in and the library into."""
    folder = tmp_path_factory.mktemp("example")
    source = shutil.copytree(EXAMPLE, folder / "source")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*pip, folder / "site", source, source / "tinytrain"], check=True)
    return folder / "site"


def python(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(site)}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_a_script_is_recorded(installed: Path) -> None:
    Path("train.py").write_text("import tinytrain; tinytrain.fit([1, 2, 3], [2, 4, 6], epochs=3)")
    ran = python(installed, Path(sys.executable).with_name("autolog"), "run", "train.py")
    assert ran.returncode == 0, ran.stderr
    (run,) = autolog.search_runs(store="autoruns")
    assert run.name == "tinytrain.fit"
    assert len(run.history("loss")) == 3


@pytest.mark.slow
def test_its_own_tests_pass(installed: Path) -> None:
    shutil.copy(EXAMPLE / "test_autolog_tinytrain.py", "test_it.py")
    ran = python(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py")
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("name", ["autolog_tinytrain.py", "test_autolog_tinytrain.py", "pyproject.toml"])
def test_the_page_shows_the_files_as_they_are(name: str) -> None:
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE, re.DOTALL)
    assert (EXAMPLE / name).read_text() in blocks
