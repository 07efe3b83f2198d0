"""A virtual environment for a model: made once for the same requirements, and used again."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ...store.files import cache_folder
from .. import mlmodel
from ..errors import ModelNotLoadable
from .wheel import write_wheel

EXTRAS = "serve,predict"
_COMPLETE = "autolog-complete"


@dataclass(frozen=True)
class Environment:
    """A virtual environment, its commands in ``bin``."""

    path: Path

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    def command(self, arguments: Sequence[str]) -> list[str]:
        """A command line as it runs in here: a program of this environment, if it has one of that name."""
        program = self.path / "bin" / arguments[0]
        return [str(program) if program.exists() else arguments[0], *arguments[1:]]

    def variables(self) -> dict[str, str]:
        """The variables of a process in here."""
        own = {"VIRTUAL_ENV": str(self.path), "PATH": f"{self.path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        without = ("PYTHONPATH", "PYTHONHOME")
        return {**{name: value for name, value in os.environ.items() if name not in without}, **own}


def environment_of(folder: Path, doing: Callable[[str], object] = lambda text: None) -> Environment:
    """The environment for the model in ``folder``: its Python, its requirements, and this package.

    One that is there is used again; one that could not be finished is made anew. ``doing``
    is told what takes time. Raises ModelNotLoadable when its Python is not on this machine,
    or its requirements cannot be installed.
    """
    requirements = _requirements(folder)
    version = mlmodel.python_of(folder)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = write_wheel(Path(scratch))
        key = sha256("\0".join([version, *requirements, EXTRAS]).encode() + wheel.read_bytes()).hexdigest()
        path = cache_folder() / "environments" / key[:24]
        with _locked(path):
            if not (path / _COMPLETE).exists():
                _make(path, _interpreter(version), [*requirements, f"{wheel}[{EXTRAS}]"], doing)
    return Environment(path)


def _requirements(folder: Path) -> list[str]:
    try:
        lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _interpreter(version: str) -> str:
    """A Python of the same minor version: what was built for one does not run in another."""
    minor = ".".join(version.split(".")[:2])
    if minor == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = shutil.which(f"python{minor}")
    # A version manager has commands also for versions that are not installed.
    if found is None or subprocess.run([found, "-V"], capture_output=True).returncode != 0:
        raise ModelNotLoadable(f"the model needs Python {minor}; install it so that `python{minor}` is found")
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time makes an environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(path: Path, python: str, packages: Sequence[str], doing: Callable[[str], object]) -> None:
    doing(f"making an environment with {len(packages)} packages in {path}")
    shutil.rmtree(path, ignore_errors=True)
    # -I: what PYTHONPATH leads to is not there later, and pip is not to find it.
    pip = [str(path / "bin" / "python"), "-I", "-m", "pip", "install"]
    options = ["--quiet", "--disable-pip-version-check"]
    for command in ([python, "-I", "-m", "venv", str(path)], [*pip, *options, *packages]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip().splitlines()[-3:]
            raise ModelNotLoadable(f"the model's environment cannot be made: {' '.join(reason)}")
    (path / _COMPLETE).touch()
