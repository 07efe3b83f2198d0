"""Files and folders that appear as a whole, and go as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autolog.store.files import new_file, new_folder, remove


@pytest.mark.parametrize("context", [new_file, new_folder])
def test_what_stands_there_is_replaced_only_on_demand_and_as_a_whole(context: Any) -> None:
    path = Path("out")
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(FileExistsError, match="out exists already"), context(path, overwrite=False):
        pass
    with pytest.raises(KeyError), context(path, overwrite=True):
        raise KeyError
    assert [p.name for p in Path().iterdir()] == ["out"]
    assert (path / "old").exists()
    with context(path, overwrite=True):
        pass
    assert not (path / "old").exists()


def test_what_was_written_stands_there_afterwards() -> None:
    with new_file(Path("deep/file"), overwrite=False) as file:
        file.write(b"all")
        assert list(Path().rglob("file")) == []
    with new_folder(Path("folder"), overwrite=False) as folder:
        (folder / "part").touch()
    assert Path("deep/file").read_bytes() == b"all"
    assert Path("folder/part").exists()


def test_remove() -> None:
    Path("folder").mkdir()
    Path("folder/file").touch()
    Path("link").symlink_to("folder")
    for name in ("link", "folder/file", "folder", "missing"):
        remove(Path(name))
        assert Path("folder").exists() == (name in ("link", "folder/file"))
