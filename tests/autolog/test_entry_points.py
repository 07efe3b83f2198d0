from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path

import pytest

from autolog.autolog.entry_points import entry_points


@pytest.mark.parametrize("group", ["console_scripts", "pytest11", "autolog.patchers", "no.such.group"])
def test_finds_what_importlib_metadata_finds(group: str) -> None:
    expected = {point.name: point.value for point in metadata.entry_points(group=group)}
    found = entry_points(group)
    assert found.keys() == expected.keys()
    assert {name: target.split("[")[0].strip() for name, target in expected.items()} == found


def test_odd_files_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in {
        "good-1.dist-info": b"[other]\nx = y:z\n[ours]\n# note\nname = module:thing [extra]\n[z]\na = b:c\n",
        "binary-1.dist-info": b"\xff\xfe[ours]",
        "empty-1.egg-info": b"",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "entry_points.txt").write_bytes(content)
    (tmp_path / "none-1.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), os.path.join(tmp_path, "missing"), *sys.path])
    assert entry_points("ours") == {"name": "module:thing"}
