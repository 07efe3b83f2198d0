from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from autolog.autolog.importing import when_imported


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "path"
    (folder / "told_package").mkdir(parents=True)
    (folder / "told_package" / "__init__.py").write_text("ready = 1\n")
    (folder / "told_package" / "inner.py").write_text("ready = 2\n")
    (folder / "told_broken.py").write_text("raise ImportError('broken')\n")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.startswith("told_")]:
        del sys.modules[name]


@pytest.mark.usefixtures("modules")
def test_told_after_the_import_and_once() -> None:
    told: list[ModuleType] = []
    when_imported("told_package.inner", lambda module: told.append(module))
    importlib.import_module("told_package")
    assert told == []
    inner = importlib.import_module("told_package.inner")
    assert told == [inner] and inner.ready == 2
    importlib.reload(inner)
    assert told == [inner]


@pytest.mark.usefixtures("modules")
def test_told_at_once_when_it_is_imported_already() -> None:
    module = importlib.import_module("told_package")
    told: list[ModuleType] = []
    when_imported("told_package", told.append)
    assert told == [module]


@pytest.mark.usefixtures("modules")
def test_the_loader_is_as_it_was() -> None:
    when_imported("told_package", lambda module: None)
    module = importlib.import_module("told_package")
    assert module.__spec__ is not None and module.__spec__.loader is not None
    assert "exec_module" not in vars(module.__spec__.loader)


@pytest.mark.usefixtures("modules")
def test_a_module_that_fails_fails_as_always() -> None:
    told: list[ModuleType] = []
    when_imported("told_broken", told.append)
    for _ in range(2):
        with pytest.raises(ImportError, match="^broken$"):
            importlib.import_module("told_broken")
    assert told == []


def test_a_module_that_does_not_exist_is_not_found_as_always() -> None:
    when_imported("told_nowhere", lambda module: None)
    with pytest.raises(ModuleNotFoundError, match="told_nowhere"):
        importlib.import_module("told_nowhere")


def test_a_module_whose_import_is_forbidden_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "told_forbidden", None)  # type: ignore[arg-type]
    told: list[ModuleType] = []
    when_imported("told_forbidden", lambda module: told.append(module))
    assert told == []
