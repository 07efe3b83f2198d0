"""The contract of stores that take in the log of runs recorded elsewhere, as a pytest class.

class TestMyIntake(IntakeContract):
    def make_store(self, tmp_path):
        return MyStore(tmp_path / "store")
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ..store.base import Store
from ..store.errors import InvalidName
from ..store.events import End
from ..store.folder import FolderStore
from ..store.intake import Gap

T0 = 1_732_345_678_000
"""A time to log at, in milliseconds."""


class IntakeContract:
    """Inherit it and say how your store is made."""

    def make_store(self, tmp_path: Path) -> Store:
        """A store that is empty at first; called again with the same path, the same store."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make_store(tmp_path)

    @pytest.fixture
    def source(self, tmp_path: Path) -> FolderStore:
        """The store in which runs are recorded."""
        return FolderStore(tmp_path / "source")

    def test_a_run_arrives_piece_by_piece(self, store: Store, source: FolderStore) -> None:
        writer = source.create("fruit/röd", "apple")
        writer.points([("loss", step, T0 + step, step / 2) for step in range(100)])
        writer.write(End(run=0, time=T0 * 2, status="FINISHED"))
        path, data = _log(source)
        for start in range(0, len(data), 777):
            assert store.intake.append(path, start, data[start : start + 777]) == len(data[: start + 777])
        run, original = store.get(writer.id), source.get(writer.id)
        assert run == original
        assert list(store.points(run.id, "loss").step) == list(range(100))
        folder, _, name = path.rpartition("/")
        assert store.intake.received(folder) == {name: len(data)}

    def test_an_experiment_that_was_renamed_here(self, store: Store, source: FolderStore) -> None:
        first = source.create("fruit", "apple")
        path, data = _log(source)
        store.intake.append(path, 0, data)
        store.experiments.update(store.experiments.named("fruit").id, name="berries")
        second = source.create("fruit", "pear")
        for file in source.path.glob("*/*/events-*.jsonl"):
            store.intake.append(file.relative_to(source.path).as_posix(), 0, file.read_bytes())
        assert store.get(first.id).experiment == "berries"
        assert store.get(second.id).experiment == "fruit"

    def test_what_is_sent_twice_is_there_once(self, store: Store, source: FolderStore) -> None:
        writer = source.create("fruit", "apple")
        writer.point("loss", 0, T0, 0.5)
        path, first = _log(source)
        writer.point("loss", 1, T0 + 1, 0.25)
        _, whole = _log(source)
        for offset, data in ((0, first), (0, first), (0, whole), (5, whole[5:]), (len(whole), b"")):
            store.intake.append(path, offset, data)
            store.search()
        assert list(store.points(writer.id, "loss").value) == [0.5, 0.25]

    def test_a_gap_is_refused(self, store: Store, source: FolderStore) -> None:
        writer = source.create("fruit", "apple")
        path, data = _log(source)
        with pytest.raises(Gap) as refused:
            store.intake.append(path, 10, data[10:])
        assert refused.value.expected == 0
        store.intake.append(path, 0, data[:10])
        with pytest.raises(Gap, match="10 bytes"):
            store.intake.append(path, 11, data[11:])
        store.intake.append(path, 10, data[10:])
        assert store.get(writer.id).name == "apple"

    def test_several_send_the_same_at_once(self, store: Store, source: FolderStore, tmp_path: Path) -> None:
        writer = source.create("fruit", "apple")
        for step in range(200):
            writer.point("loss", step, T0 + step, float(step))
        path, data = _log(source)

        def send() -> None:
            intake, sent = self.make_store(tmp_path).intake, 0
            while sent < len(data):
                sent = intake.append(path, sent, data[sent : sent + 500])

        threads = [threading.Thread(target=send) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(store.points(writer.id, "loss").step) == list(range(200))

    def test_more_of_an_old_run_is_seen_at_once(self, store: Store, source: FolderStore) -> None:
        writer = source.create("fruit", "apple")
        writer.write(End(run=0, time=T0 * 2, status="FINISHED"))
        path, data = _log(source)
        store.intake.append(path, 0, data)
        assert store.get(writer.id).metrics == {}
        writer.point("loss", 0, T0, 0.5)
        _, whole = _log(source)
        store.intake.append(path, len(data), whole[len(data) :])
        assert store.get(writer.id).metrics == {"loss": 0.5}

    @pytest.mark.parametrize(
        "path",
        [
            "events-1.jsonl",
            "a/events-1.jsonl",
            "a/b/c/events-1.jsonl",
            "../b/events-1.jsonl",
            "a/../events-1.jsonl",
            ".autolog/b/events-1.jsonl",
            "a/.b/events-1.jsonl",
            "/b/events-1.jsonl",
            "a/b/events-.jsonl",
            "a/b/events-1.json",
            "a/b/events-1/.jsonl",
            "a/b\\c/events-1.jsonl",
            "a/b\0/events-1.jsonl",
            "a/b\n/events-1.jsonl",
            f"{'a' * 256}/b/events-1.jsonl",
        ],
    )
    def test_a_path_that_is_no_log_file(self, store: Store, path: str) -> None:
        with pytest.raises(InvalidName):
            store.intake.append(path, 0, b"")

    @pytest.mark.parametrize("folder", ["", "a", "a/b/c", "../b", "a/..", ".autolog/b", "/b", "a/b\0"])
    def test_a_folder_that_is_no_runs(self, store: Store, folder: str) -> None:
        with pytest.raises(InvalidName):
            store.intake.received(folder)


def _log(source: FolderStore) -> tuple[str, bytes]:
    """The one log file of a folder store: where it is in there, and what it holds."""
    (file,) = source.path.glob("*/*/events-*.jsonl")
    return file.relative_to(source.path).as_posix(), file.read_bytes()
