"""Whatever fails on our side, the user's program does what it does without us.

The same seeded program runs bare and with autolog under a fault, each in a process of
its own: same output (predictions, random numbers drawn afterwards), same exit code, same
exception.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autolog

PROGRAM = """
import hashlib, random, sys, warnings
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

np.random.seed(0); random.seed(0)
X, y = load_iris(return_X_y=True)
forest = RandomForestClassifier(5).fit(X, y)
BETWEEN
search = GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1.0]}, cv=3, n_jobs=JOBS).fit(X, y)
forest.predict(X), search.score(X, y)
digest = hashlib.sha256(forest.predict_proba(X).tobytes() + search.predict_proba(X).tobytes()).hexdigest()
print(digest, search.best_params_, np.random.rand(), random.random())
END
"""


def run(
    folder: Path, *, end: str = "", between: str = "", jobs: int = 1, before: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.replace("BETWEEN", between).replace("END", end).replace("JOBS", str(jobs))
    script = folder / "program.py"
    script.write_text(before + program)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AUTOLOG_")}
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**clean, **environment},
        timeout=120,
        check=False,
    )


def same(bare: subprocess.CompletedProcess[str], ours: subprocess.CompletedProcess[str]) -> None:
    assert (ours.returncode, ours.stdout) == (bare.returncode, bare.stdout), ours.stderr
    last = [done.stderr.strip().rpartition("\n")[2] for done in (bare, ours)]
    assert bare.returncode == 0 or last[0] == last[1]
    warned = [text for text in ours.stderr.splitlines() if "autolog" in text and "File" not in text]
    assert len(warned) <= 1, ours.stderr


def enabling(store: str) -> str:
    return f"import autolog\nautolog.enable(store={store!r})\n"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return run(tmp_path_factory.mktemp("bare"))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 kB; where nobody may mount one, the test is skipped."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def read_only_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "fixed"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro,size=32k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a read-only file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_wrong_nothing_changed(
    tmp_path: Path, bare: subprocess.CompletedProcess[str], jobs: int
) -> None:
    ours = run(tmp_path, before=enabling("store"), jobs=jobs)
    same(bare, ours)
    assert ours.stderr == bare.stderr
    assert len(autolog.search_runs(store=tmp_path / "store")) == 4


@pytest.mark.slow
@pytest.mark.parametrize("store", ["/proc/1/no", "program.py/below"])
def test_a_store_that_cannot_be(tmp_path: Path, bare: subprocess.CompletedProcess[str], store: str) -> None:
    ours = run(tmp_path, before=enabling(store))
    same(bare, ours)
    assert ours.stderr.count("autolog cannot write to its store") == 1


@pytest.mark.slow
def test_a_read_only_store(
    tmp_path: Path, bare: subprocess.CompletedProcess[str], read_only_disk: Path
) -> None:
    same(bare, run(tmp_path, before=enabling(str(read_only_disk / "store"))))


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk(
    tmp_path: Path, bare: subprocess.CompletedProcess[str], tiny_disk: Path, jobs: int
) -> None:
    same(bare, run(tmp_path, before=enabling(str(tiny_disk / "store")), jobs=jobs))
    runs = autolog.search_runs(store=tiny_disk / "store")
    assert runs, "what was written before the disk was full can be read"


@pytest.mark.slow
def test_a_store_deleted_while_it_is_written(tmp_path: Path, bare: subprocess.CompletedProcess[str]) -> None:
    ours = run(tmp_path, before=enabling("store"), between="import shutil; shutil.rmtree('store')")
    same(bare, ours)
    (search,) = autolog.search_runs("parent IS NULL", store=tmp_path / "store")
    assert (search.name, search.status) == ("GridSearchCV", "FINISHED")


@pytest.mark.slow
@pytest.mark.parametrize(
    "end",
    [
        "sys.exit(3)",
        "raise LookupError('mine')",
        "raise KeyboardInterrupt",
        "LogisticRegression(C=-1).fit(X, y)",
        "RandomForestClassifier().fit(X, y[:-1])",
        "search.set_params(error_score='raise', param_grid={'C': [-1]}).fit(X, y)",
    ],
)
def test_the_programs_own_end(tmp_path: Path, end: str) -> None:
    plain = run(tmp_path, end=end)
    assert plain.returncode != 0
    same(plain, run(tmp_path, before=enabling("store"), end=end))


ODD = """
class Odd(ClassifierMixin, BaseEstimator):
    def __init__(self, value=None):
        self.value = value

    def fit(self, X, y):
        FIT
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X))

    EXTRA


class BadRepr:
    def __repr__(self):
        raise RuntimeError("no repr")
"""
FIT_ODD = "print(Odd().fit(X, y).predict(X).sum())"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fit", "extra", "end"),
    [
        ("pass", "", "print(Odd(BadRepr()).fit(X, y).predict(X).sum())"),
        ("pass", "def get_params(self, deep=True): raise RuntimeError('none')", FIT_ODD),
        ("raise KeyboardInterrupt", "", "Odd().fit(X, y)"),
        ("sys.exit(4)", "", "Odd().fit(X, y)"),
        ("pass", "def __getattr__(self, name): raise RuntimeError(name)", FIT_ODD),
        ("pass", "__slots__ = ()", "print(Odd(value=[[1] * 10_000] * 10).fit(X, y).predict(X).sum())"),
    ],
    ids=["repr", "get_params", "interrupt", "exit", "getattr", "large param"],
)
def test_odd_estimators(tmp_path: Path, fit: str, extra: str, end: str) -> None:
    between = ODD.replace("FIT", fit).replace("EXTRA", extra)
    plain = run(tmp_path, between=between, end=end)
    same(plain, run(tmp_path, before=enabling("store"), between=between, end=end))
    odd = [found for found in autolog.search_runs(store=tmp_path / "store") if found.name == "Odd"]
    assert len(odd) == 1
    assert odd[0].status == {"pass": "FINISHED", "raise KeyboardInterrupt": "KILLED"}.get(fit, "FAILED")


BROKEN_PARTS = {
    "params": "autolog.autolog.sklearn.fits.params_of",
    "data": "autolog.tracking.data.describe",
    "metrics": "autolog.autolog.sklearn.training.training",
    "model": "autolog.flavors.logged.save",
    "signature": "autolog.autolog.seen.seen",
    "environment": "autolog.tracking.environment.capture",
    "git": "autolog.tracking.git.git_changes",
    "trials": "autolog.autolog.sklearn.trials.record_fold",
    "values": "autolog.tracking.values.param_value",
    "naming": "autolog.autolog.sklearn.fits.run_name",
    "opening": "autolog.store.folder.FolderStore.create",
    "context": "autolog.autolog.fit.begin_fit",
}


@pytest.mark.slow
@pytest.mark.parametrize("part", BROKEN_PARTS)
def test_an_error_in_any_part_of_ours(
    tmp_path: Path, bare: subprocess.CompletedProcess[str], part: str
) -> None:
    module, _, name = BROKEN_PARTS[part].rpartition(".")
    owner, _, cls = module.rpartition(".")
    breaking = f"""
import importlib, sys
def broken(*args, **kwargs):
    raise RuntimeError("a fault of ours")
try:
    holder = importlib.import_module({module!r})
except ModuleNotFoundError:
    holder = getattr(importlib.import_module({owner!r}), {cls!r})
original = getattr(holder, {name!r})
setattr(holder, {name!r}, broken)
for module in [m for n, m in sys.modules.items() if n.startswith("autolog")]:
    for key, value in list(vars(module).items()):
        if value is original:
            setattr(module, key, broken)
"""
    ours = run(tmp_path, before=enabling("store") + breaking)
    assert (ours.returncode, ours.stdout) == (bare.returncode, bare.stdout), ours.stderr
    assert "Traceback" not in ours.stderr
