"""Files of a model are hashed while they are written and read, and are what was saved all the same."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import autolog
from autolog.flavors import ModelDamaged, folder
from autolog.flavors.folder import LARGE, HashedFile, hashes, verified

PARTS = [b"head", random.Random(0).randbytes(LARGE), b"", bytearray(LARGE + 1), b"tail"]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_hashed_file_knows_its_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HashedFile(tmp_path / "file") as file:
        assert [file.write(part) for part in PARTS] == [len(part) for part in PARTS]
    assert (tmp_path / "file").read_bytes() == b"".join(PARTS)
    expected = digest(tmp_path / "file")

    def read(*args: object) -> None:
        raise AssertionError("it was read again")

    with monkeypatch.context() as patched:
        patched.setattr(folder.hashlib, "file_digest", read)
        assert hashes(tmp_path) == {"file": expected}
    assert hashes(tmp_path) == {"file": expected}


def test_what_is_changed_afterwards_is_hashed_again(tmp_path: Path) -> None:
    with HashedFile(tmp_path / "file") as file:
        file.write(b"one")
    (tmp_path / "file").write_bytes(b"other")
    assert hashes(tmp_path) == {"file": digest(tmp_path / "file")}


def test_a_hashed_file_is_closed_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), HashedFile(tmp_path / "file") as file:
        file.write(PARTS[1])
        raise OSError("full")
    assert file._file.closed
    (tmp_path / "file").unlink()
    assert str(tmp_path / "file") not in folder._known


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with one large file."""
    fitted = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    fitted.extra_ = np.random.default_rng(0).random(LARGE // 4)
    autolog.save_model(fitted, tmp_path / "model")
    return tmp_path / "model"


def test_the_sums_of_a_model_are_those_of_its_files(model: Path) -> None:
    info = autolog.save_model(autolog.load_model(model), model.parent / "again")
    assert info.files["model.skops"] == digest(model / "model.skops")
    assert info.files == {name: digest(model / name) for name in info.files}


@pytest.mark.parametrize("trust", [(), ["features.Scale"]])
def test_a_large_file_that_was_changed_is_refused(model: Path, trust: Any) -> None:
    content = bytearray((model / "model.skops").read_bytes())
    with ZipFile(model / "model.skops") as archive:
        array = max(archive.infolist(), key=lambda member: member.file_size)
    content[array.header_offset + array.file_size // 2] ^= 1
    (model / "model.skops").write_bytes(content)
    with pytest.raises(ModelDamaged, match="its SHA-256 differs"):
        autolog.load_model(model, trust=trust)


def test_where_code_may_run_the_files_are_checked_first(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(LARGE))
    (tmp_path / "small").write_bytes(b"")
    right = hashes(tmp_path)
    for wrong, first in (("large", True), ("small", False)):
        with (
            pytest.raises(ModelDamaged, match=wrong),
            verified(tmp_path, {**right, wrong: "0"}, first=first),
        ):
            raise AssertionError("it was read")
    read = []
    with pytest.raises(ModelDamaged), verified(tmp_path, {**right, "large": "0"}, first=False):
        read.append(True)
    assert read
    with verified(tmp_path, right, first=False):
        pass
