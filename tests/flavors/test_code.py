"""Modules of the user's travel with a model, and are its own where it is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autolog.flavors import code
from autolog.flavors.errors import ModelNotSaved


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_two_folders_with_modules_of_one_name(tmp_path: Path) -> None:
    first = code.Bundle(
        write(
            tmp_path / "1",
            {"features.py": "import helpers\nVALUE = helpers.VALUE", "helpers.py": "VALUE = 1"},
        )
    )
    second = code.Bundle(
        write(
            tmp_path / "2",
            {"features.py": "import helpers\nVALUE = helpers.VALUE", "helpers.py": "VALUE = 2"},
        )
    )
    assert first.module("features").VALUE == 1
    assert second.module("features").VALUE == 2
    assert first.module("features") is first.module("features")
    assert "features" not in sys.modules and "helpers" not in sys.modules


def test_imports_inside_of_functions_find_the_models_own_modules(tmp_path: Path) -> None:
    bundles = [
        code.Bundle(
            write(
                tmp_path / str(value),
                {
                    "features.py": "def late():\n    from helpers import VALUE\n    return VALUE",
                    "helpers.py": f"VALUE = {value}",
                },
            )
        )
        for value in (1, 2)
    ]
    assert [bundle.module("features").late() for bundle in bundles] == [1, 2]


def test_packages_with_relative_imports(tmp_path: Path) -> None:
    bundle = code.Bundle(
        write(
            tmp_path,
            {
                "mine/__init__.py": "from .core import Scaler",
                "mine/core.py": "import json\nfrom . import more\nfrom .more import base\n"
                "import mine.more as again\n"
                "class Scaler:\n    same = again is more",
                "mine/more/__init__.py": "from .base import VALUE",
                "mine/more/base.py": "VALUE = 3",
            },
        )
    )
    scaler = bundle.module("mine.core").Scaler
    assert scaler is bundle.module("mine").Scaler
    assert scaler.__module__ == "mine.core"
    assert scaler.same
    assert bundle.module("mine.core").base.VALUE == 3


def test_packages_without_an_init(tmp_path: Path) -> None:
    """As Python has it, they give way to installed ones of their name."""
    files = {
        "mine/parts/one.py": "from mine import two\nfrom .. import two as same\nimport mine.parts.three",
        "mine/two.py": "VALUE = 2",
        "mine/parts/three.py": "VALUE = mine = 3",
        "json/other.py": "",
        "table/columns.csv": "",
    }
    bundle = code.Bundle(write(tmp_path, files))
    one = bundle.module("mine.parts.one")
    assert one.two.VALUE == 2 and one.same is one.two and one.mine.parts.three.VALUE == 3
    assert bundle.module("json") is sys.modules["json"]
    assert bundle.module("json.decoder") is sys.modules["json.decoder"]
    assert "mine" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        bundle.module("table")


def test_the_very_same_file_is_the_users_own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mine", {"unchanged_one.py": "class A: ..."})
    write(tmp_path / "model", {"unchanged_one.py": "class A: ..."})
    monkeypatch.syspath_prepend(tmp_path / "mine")
    import unchanged_one

    assert code.Bundle(tmp_path / "model").module("unchanged_one") is unchanged_one
    write(tmp_path / "model", {"unchanged_one.py": "class A: changed = True"})
    assert code.Bundle(tmp_path / "model").module("unchanged_one").A.changed
    del sys.modules["unchanged_one"]


def test_a_module_that_raises_can_be_tried_again(tmp_path: Path) -> None:
    bundle = code.Bundle(write(tmp_path, {"broken_one.py": "1/0"}))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            bundle.module("broken_one")


def test_what_is_not_there_is_imported_as_ever(tmp_path: Path) -> None:
    assert code.Bundle(tmp_path).module("json") is sys.modules["json"]
    with pytest.raises(ModuleNotFoundError):
        code.Bundle(tmp_path).module("nowhere_at_all")


def test_modules_are_collected_by_the_file_they_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path / "mine",
        {
            "alone_one.py": "A = 1",
            "pack_one/__init__.py": "",
            "pack_one/a.py": "",
            "pack_one/data.bin": "x",
            "script.py": "",
        },
    )
    monkeypatch.syspath_prepend(tmp_path / "mine")
    import alone_one  # noqa: F401
    import pack_one  # noqa: F401

    target = tmp_path / "code"
    missing = code.collect(["alone_one", "pack_one", "sys"], [tmp_path / "mine" / "script.py"], target)
    assert missing == ["sys"]
    found = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    assert found == ["alone_one.py", "pack_one/__init__.py", "pack_one/a.py", "script.py"]
    for name in ("alone_one", "pack_one"):
        del sys.modules[name]


def test_too_much_code_and_code_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "large.py").write_bytes(b"#" * (11 << 20))
    with pytest.raises(ModelNotSaved, match="too much code"):
        code.collect([], [tmp_path / "large.py"], tmp_path / "code")
    with pytest.raises(FileNotFoundError, match="no code at"):
        code.collect([], [tmp_path / "none.py"], tmp_path / "code")
    assert not (tmp_path / "code").exists()


def test_nothing_is_compiled_into_the_models_folder(tmp_path: Path) -> None:
    code = tmp_path / "code"
    write(code, {"features.py": "A = 1"})
    program = (
        "import pathlib; from autolog.flavors.code import Bundle; "
        f"print(Bundle(pathlib.Path({str(code)!r})).module('features').A)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert [path.name for path in code.iterdir()] == ["features.py"]
