"""Artifacts in object storage, against a real S3 protocol server."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.errors import ArtifactNotFound
from autolog.store.sql.store import SqlStore
from autolog.testing.store import StoreContract

from ..s3 import bucket, s3_server
from .databases import sqlite_store

__all__ = ["bucket", "s3_server"]

pytestmark = pytest.mark.slow  # together


class _Files:
    """The contract's tests of files."""

    @pytest.fixture(autouse=True)
    def _bucket(self, bucket: str) -> None:
        self.bucket = bucket

    @pytest.fixture
    def store(self, tmp_path: Path) -> SqlStore:
        return self.make_store(tmp_path)

    def make_store(self, tmp_path: Path) -> SqlStore:
        return sqlite_store(tmp_path / "store.db", artifacts=self.bucket)

    test_artifacts = StoreContract.test_artifacts
    test_folders = StoreContract.test_folders_of_artifacts
    test_discarded = StoreContract.test_artifacts_are_discarded
    test_replaced = StoreContract.test_an_artifact_written_again_is_replaced
    test_failed = StoreContract.test_an_artifact_that_failed_is_none
    test_nested = StoreContract.test_nested_runs_have_files_of_their_own
    test_path_that_leaves_the_run = StoreContract.test_a_path_that_leaves_the_run


class TestOnS3(_Files):
    def test_what_is_read_is_fetched_once_for_each_content(self, store: SqlStore, tmp_path: Path) -> None:
        writer = store.create("e", "x")
        paths = []
        for content in ("one", "two", "two"):  # of one size
            with writer.artifact("a.txt") as path:
                path.write_text(content)
            paths += [store.artifacts(writer.id).path("a.txt"), store.artifacts(writer.id).path("a.txt")]
        assert [path.read_text() for path in paths] == ["one", "one", "two", "two", "two", "two"]
        assert paths[0] == paths[1] != paths[2]

    def test_an_upload_that_fails_leaves_nothing(self, store: SqlStore) -> None:
        writer = store.create("e", "x")
        with pytest.raises(OSError, match="Input/output"), writer.artifact("model") as path:
            path.mkdir()
            (path / "a").write_text("a")
            (path / "z").symlink_to("/proc/self/mem")  # which nobody can read
        assert list(store.artifacts(writer.id)) == []
        with pytest.raises(ArtifactNotFound):
            store.artifacts(writer.id).path("model")

    def test_a_large_file_in_parts(self, store: SqlStore) -> None:
        writer = store.create("e", "x")
        content = b"0123456789abcdef" * (4 << 20)  # 64 MB: several parts
        with writer.artifact("weights.bin") as path:
            path.write_bytes(content)
        files = store.artifacts(writer.id)
        assert files.path("weights.bin").read_bytes() == content
        with files.open("weights.bin") as file:
            file.seek(len(content) - 5)
            assert file.read() == b"bcdef"
