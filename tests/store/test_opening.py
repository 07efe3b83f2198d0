"""Which store an address names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autolog.store import open_store
from autolog.store.errors import NotAStore
from autolog.store.folder import FolderStore
from autolog.store.opening import require_store


@pytest.mark.parametrize(
    "address", ["my runs", "./my runs", "file://{}/my%20runs", "FILE://localhost{}/my runs"]
)
def test_folders(tmp_path: Path, address: str) -> None:
    store = open_store(address.format(tmp_path))
    assert isinstance(store, FolderStore)
    assert store.uri == str(tmp_path / "my runs")


def test_a_path_object(tmp_path: Path) -> None:
    assert open_store(tmp_path).uri == str(tmp_path)


def test_the_home_folder() -> None:
    assert open_store("~/runs").uri == os.path.expanduser("~/runs")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "a store's path is not ''"),
        ("a\0b", "a store's path is not"),
        ("file://elsewhere/runs", "on another machine"),
        ("ftp://me:secret@host/", "no store is known for ftp://"),
        ("https://me:secret@/", "looks like https://host:port/path"),
    ],
)
def test_addresses_that_name_none(address: str, message: str) -> None:
    with pytest.raises(NotAStore, match=message) as caught:
        open_store(address)
    assert "secret" not in str(caught.value)


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotAStore, match="is a file"):
        open_store(tmp_path / "file")
    with pytest.raises(NotAStore, match="is a file"):
        require_store(tmp_path / "file")


def test_what_can_be_read(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with pytest.raises(NotAStore, match="does not exist"):
        require_store(store)
    store.mkdir()
    require_store(store)
    (store / "photo.jpg").write_text("")
    (store / "holidays").mkdir()
    with pytest.raises(NotAStore, match="no store"):
        require_store(store)
    FolderStore(store).create("e", "run")
    require_store(store)
    require_store(f"file://{store}")
    require_store("other://is/asked/itself")


PLUGIN = """
[autolog.stores]
memory = somewhere:opened
"""


def test_a_plugin_opens_its_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = tmp_path / "memory-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: memory\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(PLUGIN)
    (tmp_path / "somewhere.py").write_text("opened = 'the store at {}'.format\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert open_store("memory://here") == "the store at memory://here"
    with pytest.raises(NotAStore, match="memory://"):
        open_store("memry://here")


def test_opening_loads_no_database() -> None:
    code = "import sys; from autolog.store import open_store; open_store('x'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"sqlalchemy", "lark", "importlib.metadata"} & set(loaded.split())
