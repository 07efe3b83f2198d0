"""scikit-learn's own tests have the same outcome, test by test, with autolog enabled as without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import autolog

HERE = Path(__file__).resolve().parent
MODULES = ["sklearn.model_selection.tests", "sklearn.tests.test_pipeline", "sklearn.tests.test_base"]
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]


def start(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """scikit-learn's tests under way, in a folder of their own."""
    folder.mkdir()
    environment = {key: value for key, value in os.environ.items() if key != "AUTOLOG_STRICT"}
    environment |= {"OWN_TESTS_STORE": str(folder / "runs"), "PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1"}
    command = [*PYTEST, *options, "--junit-xml", "outcome.xml", "--pyargs", *MODULES]
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)


def outcomes(folder: Path) -> dict[str, str]:
    """Each test's outcome: passed, failed, error or skipped."""
    report = folder / "outcome.xml"
    assert report.exists(), (folder / "output.txt").read_text()[-5000:]
    return {
        f"{case.get('classname')}::{case.get('name')}": next(
            (child.tag for child in case if child.tag in {"failure", "error", "skipped"}), "passed"
        )
        for case in ElementTree.parse(report).iter("testcase")
    }


@pytest.mark.slow
def test_same_outcome_test_by_test(tmp_path: Path) -> None:
    """Both at once, since this takes minutes."""
    bare, enabled = tmp_path / "bare", tmp_path / "enabled"
    running = [start(bare), start(enabled, "-p", "autolog_on")]
    for process in running:
        process.wait(timeout=1800)
    without, with_us = outcomes(bare), outcomes(enabled)
    assert len(without) > 1000
    differing = {
        name: (without.get(name), with_us.get(name))
        for name in without.keys() | with_us.keys()
        if without.get(name) != with_us.get(name)
    }
    assert not differing, (enabled / "output.txt").read_text()[-20_000:]
    assert len(autolog.search_runs(store=enabled / "runs")) > 1000
