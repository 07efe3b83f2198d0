"""MLmodel files that would end the process, never end themselves, or raise what nobody expects."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autolog import flavors
from autolog.flavors import ModelDamaged

SECTION = "flavors:\n  sklearn: {serialization_format: skops, pickled_model: %s}\n"
FORGED = {
    "deep lists": "[" * 200_000,
    "deep keys": "? " * 100_000,
    "aliases": "a: &a {x: 1}\nb: {<<: [*a, *a]}\nflavors: {}\n",
    "no date": "flavors: 2001-99-99\n",
    "size": "flavors: {}\n" + "#" * (1 << 20),
    "a list as flavor": "flavors: {}\nmetadata: {autolog: {flavor: [a]}}\nutc_time_created: x\n",
    "a long name": SECTION % ("a" * 300),
    "a link to itself": SECTION % "loop",
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_description(case: str, tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text(FORGED[case])
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ModelDamaged):
        flavors.load_model(tmp_path)


def test_a_description_that_is_a_pipe_or_a_link(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "MLmodel")
    with pytest.raises(ModelDamaged, match="no plain file"):
        flavors.load_model(tmp_path)
    (tmp_path / "MLmodel").unlink()
    (tmp_path / "MLmodel").symlink_to("/dev/zero")
    with pytest.raises(ModelDamaged, match="no plain file"):
        flavors.load_model(tmp_path)
