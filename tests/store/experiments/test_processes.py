"""Several processes at the experiments of one folder store."""

from __future__ import annotations

import pytest

from autolog.store.folder import FolderStore

from ..together import CREATE, printed_by


@pytest.mark.slow
def test_processes_create_each_experiment_once() -> None:
    made = printed_by(4, CREATE, "store")
    expected = sorted(f"e{number}" for number in range(20))
    assert sorted(name for names in made for name in names) == expected
    found = [experiment.name for experiment in FolderStore("store").experiments.list()]
    assert found == ["Default", *expected]
