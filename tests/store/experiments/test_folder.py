"""The experiments of the folder store keep the contract."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autolog.store.errors import ExperimentNotFound
from autolog.store.folder import FolderStore
from autolog.testing.experiments import ExperimentsContract


class TestFolderExperiments(ExperimentsContract):
    def make_store(self, tmp_path: Path) -> FolderStore:
        return FolderStore(tmp_path / "store")


def test_an_experiment_whose_folder_is_gone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    for name in ("fruit", "nuts"):
        store.create(name, "apple").close()
    assert len(store.search(experiment="nuts")) == 1
    shutil.rmtree(store.path / "nuts")
    with pytest.raises(ExperimentNotFound, match="nuts"):
        store.search(experiment="nuts")
    assert [run.experiment for run in store.search()] == ["fruit"]
