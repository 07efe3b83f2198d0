"""Where a run runs: code, command, machine and packages, as tags and facts.

Read from files and from what the process knows: no process is started, no framework
imported, no generator drawn from. It takes a few milliseconds.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..store.who import user
from .git import Head, head
from .hardware import describe_machine
from .places import top_level, working_folder
from .redact import redact_args, redact_param
from .settings import Settings
from .text import clean, text

_Fact = TypeVar("_Fact")

VARIABLES = (
    "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG",
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT",
    "RANK", "LOCAL_RANK", "WORLD_SIZE",
    "SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "PBS_JOBID", "LSB_JOBID",
    "CI", "GITHUB_RUN_ID", "CI_JOB_ID", "CONDA_DEFAULT_ENV",
)  # fmt: skip
"""The environment variables that are recorded. No others ever are."""


@dataclass(frozen=True)
class Environment:
    """``tags`` belong on the run, ``facts`` into one JSON file beside it.

    ``git_top`` is the repository for `git_changes` to look at, None outside of any.
    """

    tags: Mapping[str, str]
    facts: Mapping[str, Any]
    git_top: Path | None


def capture(settings: Settings) -> Environment:
    """The environment now, without what ``settings`` exclude. Never raises.

    What cannot be found out is left out. A tag that is excluded is not a fact either.
    """
    script = _found(_script) or "<unknown>"
    top = _repository(script)
    git = head(top) if top else Head(None, None, None)
    packages = _found(_packages) or {}
    tags = {
        "autolog.version": packages.get("autolog-ml"),
        "autolog.python": ".".join(map(str, sys.version_info[:3])),
        "autolog.host": _found(lambda: os.uname().nodename),
        "autolog.user": _found(user),
        "autolog.cwd": str(working_folder()),
        "autolog.script": _shown(script, top),
        "autolog.args": _found(lambda: _arguments(script)),
        "autolog.git.commit": git.commit,
        "autolog.git.branch": git.branch,
        "autolog.git.remote": git.remote,
    }
    kept = {name: clean(tag) for name, tag in tags.items() if tag and settings.wants("tags", name)}
    facts = {
        **{name.removeprefix("autolog."): tag for name, tag in kept.items()},
        "interpreter": _found(_interpreter),
        "system": _found(_system),
        "machine": _found(describe_machine),
        "variables": {name: redact_param(name, os.environ[name]) for name in VARIABLES if name in os.environ},
        "seeds": _seeds(),
        "packages": packages,
    }
    return Environment(kept, {name: fact for name, fact in facts.items() if fact}, top)


def _found(find: Callable[[], _Fact]) -> _Fact | None:
    """What ``find`` gives; None where this system has no such thing."""
    with suppress(Exception):
        return find()
    return None


def _script() -> str:
    """The path of the program that runs, or what there is instead of one, in <>."""
    name = _command()[0]
    if shell := _ipython():
        return "<notebook>" if hasattr(shell, "kernel") else "<interactive>"
    if name in {"", "-"}:
        return "<interactive>" if hasattr(sys, "ps1") else "<stdin>"
    return "<command line>" if name == "-c" else str(working_folder() / name)


def _command() -> list[str]:
    """The command line; embedded interpreters may have none."""
    return list(getattr(sys, "argv", ())) or [""]


def _ipython() -> object:
    """The shell that IPython or Jupyter runs this process's code in, if one does."""
    module = sys.modules.get("IPython")
    return _found(lambda: module.get_ipython()) if module else None


def _repository(script: str) -> Path | None:
    """The repository of the script, else of the working folder.

    An installed program (``pytest``) is not the code that is being run.
    """
    installed = script.startswith("<") or Path(script).is_relative_to(sys.prefix)
    return (None if installed else top_level(Path(script).parent)) or top_level(working_folder())


def _shown(script: str, top: Path | None) -> str:
    """Inside the repository relative to it, so that it is the same on every machine."""
    inside = top is not None and Path(script).is_relative_to(top)
    return Path(script).relative_to(top).as_posix() if inside and top else script


def _arguments(script: str) -> str:
    """Those of a notebook are its kernel's, and no command line holds code."""
    if script.startswith("<notebook"):
        return ""
    return shlex.join(redact_args(_command()[1:]))


def _interpreter() -> dict[str, str]:
    environment = sys.prefix if sys.prefix != sys.base_prefix else ""
    return {
        "implementation": sys.implementation.name,
        "version": sys.version,
        "executable": os.path.basename(sys.executable),
        "environment": os.path.basename(environment),
    }


def _system() -> dict[str, str]:
    name = os.uname()
    return {
        "platform": sys.platform,
        "kernel": f"{name.sysname} {name.release}",
        "architecture": name.machine,
        "distribution": _found(_distribution) or "",
    }


def _distribution() -> str:
    for line in Path("/etc/os-release").read_text(errors="replace").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip("\"'")
    return ""


def _packages() -> dict[str, str]:
    """Installed distributions by the names of their metadata folders; the first on the path counts."""
    found: dict[str, str] = {}
    for folder in sys.path:
        with suppress(OSError):
            for entry in os.listdir(folder or "."):
                stem, _, kind = entry.rpartition(".")
                if kind in {"dist-info", "egg-info"} and "-" in stem:
                    name, version = stem.split("-")[:2]
                    found.setdefault(name.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))


def _seeds() -> dict[str, Any]:
    """What fixes the random numbers, without drawing one. A state is told by its digest."""
    random, numpy, torch = map(sys.modules.get, ("random", "numpy.random", "torch"))
    seeds = {
        "PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED"),
        "random.state": _found(lambda: _state(random.getstate())) if random else None,
        "numpy.random.state": _found(lambda: _state(numpy.get_state(legacy=False))) if numpy else None,
        "torch.initial_seed": _found(lambda: torch.initial_seed()) if torch else None,
    }
    return {name: seed for name, seed in seeds.items() if seed is not None}


def _state(state: object) -> str:
    import hashlib

    return hashlib.sha1(text(state).encode(), usedforsecurity=False).hexdigest()[:16]
