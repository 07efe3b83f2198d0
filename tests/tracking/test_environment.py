"""What is captured of the environment, and that capturing it changes nothing."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autolog.tracking.environment import VARIABLES, capture
from autolog.tracking.hardware import describe_machine
from autolog.tracking.settings import Settings

CAPTURE = """
import json
from autolog.tracking.environment import capture
from autolog.tracking.settings import Settings
found = capture(Settings())
print(json.dumps([dict(found.tags), dict(found.facts)]))
"""


def captured(*command: str, stdin: str = "", **variables: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Tags and facts that a Python process of its own sees."""
    ran = subprocess.run(
        [sys.executable, *command],
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **variables},
    )
    tags, facts = json.loads(ran.stdout)
    return tags, facts


def repository(folder: Path, commit: str = "a" * 40) -> Path:
    """Just what is read of one: a branch with a commit."""
    (folder / ".git" / "refs" / "heads").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "refs" / "heads" / "main").write_text(commit)
    return folder


def test_a_script_in_a_repository(tmp_path: Path) -> None:
    top = repository(tmp_path / "project")
    (top / "jobs").mkdir()
    (top / "jobs" / "train.py").write_text(CAPTURE)
    tags, facts = captured(str(top / "jobs" / "train.py"), "--lr", "0.1", "--password=hunter2")
    assert tags["autolog.script"] == "jobs/train.py"
    assert tags["autolog.args"] == "--lr 0.1 '--password=[redacted]'"
    assert tags["autolog.git.commit"] == "a" * 40
    assert tags["autolog.git.branch"] == "main"
    assert tags["autolog.cwd"] == str(tmp_path)
    assert tags["autolog.python"] == ".".join(map(str, sys.version_info[:3]))
    assert tags["autolog.version"] == version("autolog-ml")
    assert facts["packages"]["numpy"] == np.__version__
    assert facts["packages"]["scikit-learn"] == version("scikit-learn")
    assert "hunter2" not in json.dumps([tags, facts])


def test_a_script_outside_takes_the_working_folders_repository(tmp_path: Path) -> None:
    repository(tmp_path / "project")
    (tmp_path / "train.py").write_text(f"import os; os.chdir({str(tmp_path / 'project')!r})" + CAPTURE)
    tags, _ = captured(str(tmp_path / "train.py"))
    assert tags["autolog.script"] == str(tmp_path / "train.py")
    assert tags["autolog.git.commit"] == "a" * 40


@pytest.mark.parametrize(
    ("command", "stdin", "shown"),
    [
        (("-c", CAPTURE), "", "<command line>"),
        (("-",), CAPTURE, "<stdin>"),
        ((), CAPTURE, "<stdin>"),
    ],
)
def test_code_without_a_file(command: tuple[str, ...], stdin: str, shown: str) -> None:
    tags, _ = captured(*command, stdin=stdin)
    assert tags["autolog.script"] == shown


def test_a_notebook() -> None:
    kernel = "import sys, types; shell = types.SimpleNamespace(kernel=1);"
    jupyter = "sys.modules['IPython'] = types.SimpleNamespace(get_ipython=lambda: shell)"
    tags, _ = captured("-c", kernel + jupyter + CAPTURE, "-f", "kernel-1.json")
    assert tags["autolog.script"] == "<notebook>"
    assert "autolog.args" not in tags


def test_only_listed_variables_are_recorded() -> None:
    _, facts = captured("-c", CAPTURE, OMP_NUM_THREADS="2", MY_SECRET="hunter2", OTHER="hunter3")
    assert facts["variables"]["OMP_NUM_THREADS"] == "2"
    assert set(facts["variables"]) <= set(VARIABLES)
    assert "hunter" not in json.dumps(facts)


def test_what_is_excluded_is_neither_a_tag_nor_a_fact() -> None:
    found = capture(Settings(exclude=("tags.autolog.host", "tags.autolog.user")))
    assert not {"autolog.host", "autolog.user"} & set(found.tags)
    assert not {"host", "user"} & set(found.facts)
    assert found.tags["autolog.python"]


def test_seeds_are_told_and_no_number_is_drawn() -> None:
    random.seed(1)
    np.random.seed(1)
    before = random.getstate(), np.random.get_state()[1].copy()
    first = capture(Settings()).facts["seeds"]
    assert random.getstate() == before[0]
    assert (np.random.get_state()[1] == before[1]).all()
    assert capture(Settings()).facts["seeds"] == first
    np.random.random()
    changed = capture(Settings()).facts["seeds"]
    assert changed["random.state"] == first["random.state"]
    assert changed["numpy.random.state"] != first["numpy.random.state"]


def test_hash_seed() -> None:
    assert captured("-c", CAPTURE, PYTHONHASHSEED="7")[1]["seeds"]["PYTHONHASHSEED"] == "7"


def test_no_process_is_started_and_no_framework_imported() -> None:
    guard = (
        "import sys; seen = []\n"
        "sys.addaudithook(lambda name, args: seen.append(name) if name in"
        " ('subprocess.Popen', 'os.system', 'os.fork', 'os.posix_spawn') else None)\n"
    )
    check = (
        "assert not seen, seen; assert not {'numpy', 'pandas', 'sklearn', 'subprocess'} & set(sys.modules)\n"
    )
    tags, _ = captured("-c", guard + CAPTURE + check)
    assert tags["autolog.host"]


def test_it_survives_a_process_with_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.delattr(sys, "argv")
    for name in ("LOGNAME", "USER", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert capture(Settings()).tags["autolog.python"]


def test_facts_are_plain_json() -> None:
    json.dumps(capture(Settings()).facts, allow_nan=False)


def test_the_machine() -> None:
    machine = describe_machine()
    assert machine["cpu"]
    assert 1 <= machine["cpus_usable"] <= machine["cpus"]
    assert machine["memory"] > 1 << 20
