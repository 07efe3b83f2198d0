"""The contract of patchers, for yours too: subclass `PatcherContract` in your tests."""

from __future__ import annotations

import fnmatch
import importlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .. import disable, enable, run, search_runs, status, suppressed
from ..autolog.patcher import Patcher
from ..autolog.versions import installed, unmet
from ..store.runs import Run
from ..tracking.active import activate
from ..tracking.settings import resolve

# What the core records about every run, beside what a patcher says.
CORE = {
    "param": (),
    "metric": (),
    "tag": ("autolog.*",),
    "artifact": ("environment.json", "git.diff", "traceback.txt"),
    "input": (),
}


class PatcherContract:
    """What holds for every patcher.

    Set ``patcher`` and ``framework`` (the module users import), and write `train`, a small
    training that takes well below a second, and `fail`, one that raises.
    """

    patcher: Patcher
    framework: str

    def train(self) -> Any:
        """Train something; return what must not depend on us (predictions, as plain values)."""
        raise NotImplementedError

    def fail(self) -> None:
        """Start a training that raises inside."""
        raise NotImplementedError

    def check_run(self, run: Run) -> None:
        """Look at the run of `train`: the right params, metrics and model."""

    @pytest.fixture
    def recorded(self, tmp_path: Path) -> Iterator[Path]:
        """A store that the patcher records into."""
        importlib.import_module(self.framework)
        store = tmp_path / "contract"
        enable(store=store, frameworks=[self.patcher.name])
        yield store
        disable()
        activate(resolve())

    def runs(self, store: Path) -> list[Run]:
        return search_runs(store=store) if store.exists() else []

    def test_describes_itself(self) -> None:
        assert self.patcher.name
        assert self.patcher.modules
        assert self.patcher.records
        assert installed(self.patcher.requires) is not None
        assert unmet(self.patcher.requires) == []

    def test_importing_it_imports_no_framework(self) -> None:
        module = type(self.patcher).__module__
        code = f"import sys, {module}; sys.exit({self.framework!r} in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    def test_a_training_is_one_run(self, recorded: Path) -> None:
        self.train()
        tops = [found for found in self.runs(recorded) if found.parent_id is None]
        assert len(tops) == 1
        assert tops[0].status == "FINISHED"
        assert tops[0].end_time is not None
        self.check_run(tops[0])

    def test_records_nothing_undeclared(self, recorded: Path) -> None:
        self.train()
        for found in self.runs(recorded):
            for kind, names in _recorded(found).items():
                declared = [*CORE[kind], *(r.name for r in self.patcher.records if r.kind == kind)]
                allowed = [*declared, *(f"{name}/*" for name in declared)]  # what is in a folder
                strange = [n for n in names if not any(fnmatch.fnmatchcase(n, a) for a in allowed)]
                assert not strange, f"{kind}s that no Record of the patcher declares: {strange}"

    def test_the_result_is_the_same(self, recorded: Path) -> None:
        with_us = self.train()
        disable()
        assert pickle.dumps(with_us) == pickle.dumps(self.train())

    def test_two_trainings_are_two_runs(self, recorded: Path) -> None:
        self.train()
        self.train()
        assert len([found for found in self.runs(recorded) if found.parent_id is None]) == 2

    def test_the_first_training_in_a_run_of_the_users_is_recorded_there(self, recorded: Path) -> None:
        with run("mine") as mine:
            self.train()
            self.train()
        (top,) = [found for found in self.runs(recorded) if found.parent_id is None]
        assert top.id == mine.id
        self.check_run(top)
        (second,) = [nested for nested in top.children() if "autolog.trial" not in nested.tags]
        self.check_run(second)

    def test_a_failing_training_is_a_failed_run(self, recorded: Path) -> None:
        disable()
        with pytest.raises(Exception) as without:  # noqa: PT011
            self.fail()
        enable(store=recorded, frameworks=[self.patcher.name])
        with pytest.raises(type(without.value)) as with_us:
            self.fail()
        assert str(with_us.value) == str(without.value)
        (top,) = [found for found in self.runs(recorded) if found.parent_id is None]
        assert top.status == "FAILED"
        assert (top.error or "").startswith(f"{type(without.value).__qualname__}: ")
        assert "traceback.txt" in list(top.artifacts())

    def test_enabled_twice_is_one_layer(self, recorded: Path) -> None:
        enable(store=recorded, frameworks=[self.patcher.name])
        self.train()
        assert len([found for found in self.runs(recorded) if found.parent_id is None]) == 1

    def test_suppressed_and_disabled_record_nothing(self, recorded: Path) -> None:
        with suppressed():
            self.train()
        disable(self.patcher.name)
        self.train()
        assert self.runs(recorded) == []

    def test_status_says_on(self, recorded: Path) -> None:
        (row,) = [row for row in status() if row.name == self.patcher.name]
        assert (row.state, row.reason) == ("on", "")


def _recorded(run: Run) -> dict[str, list[str]]:
    return {
        "param": list(run.params),
        "metric": list(run.metrics),
        "tag": list(run.tags),
        "artifact": list(run.artifacts()),
        "input": [data.name for data in run.inputs],
    }
