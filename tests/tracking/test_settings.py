"""Where a setting comes from, which place wins, and what a wrong one says."""

from __future__ import annotations

import logging
import os
import pickle
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from autolog.tracking import settings
from autolog.tracking.settings import Settings, default_experiment, resolve

DOCS = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def write_pyproject(folder: Path, lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pyproject.toml"
    path.write_text(f"[tool.autolog]\n{lines}\n")
    return path


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOLOG_STRICT")
    assert resolve() == Settings(store=str(tmp_path / "autoruns"))


@pytest.mark.parametrize(
    ("name", "argument", "variable", "line", "values"),
    [
        ("experiment", "a", "b", "'c'", ("a", "b", "c")),
        ("frameworks", ["sklearn"], "torch, a", "['torch']", (("sklearn",), ("torch", "a"), ("torch",))),
        ("models", True, "off", "true", (True, False, True)),
        ("trials", False, "yes", "false", (False, True, False)),
        ("fits", "auto", "nested", "'auto'", ("auto", "nested", "auto")),
        ("tags", {"a": 1}, "k=v, k2=v=2", "{n = 2.5}", ({"a": "1"}, {"k": "v", "k2": "v=2"}, {"n": "2.5"})),
        ("include", "a.*", "a.*,b", "['c']", (("a.*",), ("a.*", "b"), ("c",))),
        ("exclude", (), "b", "['c']", ((), ("b",), ("c",))),
        ("silent", False, "1", "false", (False, True, False)),
    ],
)  # fmt: skip
def test_argument_beats_environment_beats_file(
    name: str,
    argument: Any,
    variable: str,
    line: str,
    values: tuple[Any, Any, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_pyproject(tmp_path, f"{name} = {line}")
    assert getattr(resolve(), name) == values[2]
    monkeypatch.setenv(f"AUTOLOG_{name.upper()}", variable)
    assert getattr(resolve(), name) == values[1]
    assert getattr(resolve(**{name: argument}), name) == values[0]
    assert getattr(resolve(**{name: None}), name) == values[1]


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOLOG_MODELS", "")
    assert resolve().models is True


def test_a_relative_store_starts_where_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pyproject(tmp_path, 'store = "runs"')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert resolve().store == str(tmp_path / "runs")
    monkeypatch.setenv("AUTOLOG_STORE", "runs")
    assert resolve().store == str(below / "runs")
    assert resolve(store=Path("..") / "other").store == str(tmp_path / "a" / "other")
    assert resolve(store="http://host:1/x").store == "http://host:1/x"
    assert resolve(store="~/runs").store == str(Path.home() / "runs")


def test_only_the_nearest_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pyproject(tmp_path, 'experiment = "far"')
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.chdir(tmp_path / "near")
    assert resolve().experiment is None


def test_settings_travel_to_workers() -> None:
    chosen = resolve(tags={"a": "b"}, exclude=["inputs"])
    assert pickle.loads(pickle.dumps(chosen)) == chosen


@pytest.mark.parametrize(
    ("arguments", "error", "parts"),
    [
        ({"modles": True}, TypeError, ("modles", "models")),
        ({"models": "yes"}, TypeError, ("argument", "models", "true or false", "'yes'")),
        ({"fits": "all"}, ValueError, ("fits", "'auto' or 'nested'", "'all'")),
        ({"tags": ["a"]}, TypeError, ("tags",)),
        ({"tags": {"a": None}}, TypeError, ("tags",)),
        ({"store": ""}, ValueError, ("store", "a path or an address")),
        ({"store": 3}, TypeError, ("store",)),
        ({"experiment": "\0"}, ValueError, ("experiment",)),
        ({"include": 3}, TypeError, ("include", "a list of names")),
        ({"exclude": [3]}, TypeError, ("exclude", "[3]")),
    ],
)
def test_wrong_arguments_say_what_is_allowed(
    arguments: dict[str, Any], error: type[Exception], parts: tuple[str, ...]
) -> None:
    with pytest.raises(error) as raised:
        resolve(**arguments)
    assert all(part in str(raised.value) for part in parts)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOLOG_MODELS", "maybe")
    with pytest.raises(ValueError, match=r"AUTOLOG_MODELS must be true or false, not 'maybe'"):
        resolve()
    monkeypatch.setenv("AUTOLOG_MODELS", "1")
    monkeypatch.setenv("AUTOLOG_TAGS", "novalue")
    with pytest.raises(ValueError, match=r"AUTOLOG_TAGS must be names with values"):
        resolve()


@pytest.mark.parametrize("line", ["models = 'yes'", "tags = 'a=b'", "fits = 3", "store = ''", "include = 1"])
def test_a_wrong_key_of_the_file_is_named(line: str, tmp_path: Path) -> None:
    path = write_pyproject(tmp_path, line)
    with pytest.raises(ValueError, match=re.escape(str(path))) as raised:
        resolve()
    assert line.split()[0] in str(raised.value)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = write_pyproject(tmp_path, "models =")
    with pytest.raises(ValueError, match=re.escape(str(path))):
        resolve()
    path.write_text("[tool]\nautolog = 3 # tool.autolog\n")
    with pytest.raises(ValueError, match=r"must be a table"):
        resolve()


def test_a_file_of_others_is_not_even_read_as_toml(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("broken [")
    assert resolve().models is True


def test_an_unknown_key_gives_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings._warn_unknown.cache_clear()
    write_pyproject(tmp_path, "sparkle = true\nmodels = false")
    with caplog.at_level(logging.WARNING):
        assert resolve().models is False
        assert resolve().models is False
    assert [record.getMessage().count("sparkle") for record in caplog.records] == [1]


def test_errors_show_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError) as raised:
        resolve(exclude=["https://me:hunter2@host", 3])
    assert "hunter2" not in str(raised.value)


def test_a_deleted_working_folder_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert os.path.isabs(resolve().store)
    assert default_experiment()


def test_the_experiment_is_called_as_the_repository_or_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "project" / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert default_experiment() == "b"
    (tmp_path / "project" / ".git").mkdir()
    assert default_experiment() == "project"
    monkeypatch.chdir("/")
    assert default_experiment() == "default"


@pytest.mark.parametrize(
    ("chosen", "kind", "name", "wanted"),
    [
        (Settings(), "metrics", "a", True),
        (Settings(exclude=("metrics.training_*",)), "metrics", "training_score", False),
        (Settings(exclude=("metrics.training_*",)), "metrics", "score", True),
        (Settings(exclude=("metrics.training_*",)), "params", "training_score", True),
        (Settings(exclude=("inputs",)), "inputs", "train", False),
        (Settings(exclude=("params.*__verbose",)), "params", "clf__verbose", False),
        (Settings(exclude=("sklearn.*",)), "params", "sklearn.x", True),
        (Settings(exclude=("tags.autolog.user",)), "tags", "autolog.user", False),
    ],
)
def test_values_that_are_wanted(chosen: Settings, kind: str, name: str, wanted: bool) -> None:
    assert chosen.wants(kind, name) is wanted


def test_what_is_off_can_be_asked_for() -> None:
    assert not Settings().wants("artifacts", "x.json", default=False)
    assert Settings(include=("artifacts.x.json",)).wants("artifacts", "x.json", default=False)


SCALER = "sklearn.preprocessing._data.StandardScaler"


@pytest.mark.parametrize(
    ("chosen", "default", "wanted"),
    [
        (Settings(), False, False),
        (Settings(include=("sklearn.preprocessing.*",)), False, True),
        (Settings(include=("sklearn.preprocessing.StandardScaler",)), False, True),
        (Settings(include=("sklearn.preprocessing._data.*",)), False, True),
        (Settings(include=("*Scaler",)), False, True),
        (Settings(include=("sklearn.linear_model.*",)), False, False),
        (Settings(include=("metrics.*",)), False, False),
        (Settings(exclude=("StandardScaler",)), True, False),
        (Settings(include=("*",), exclude=("sklearn.*",)), True, False),
        (Settings(exclude=("metrics.*",)), True, True),
    ],
)
def test_estimators_that_are_wanted(chosen: Settings, default: bool, wanted: bool) -> None:
    assert chosen.wants_estimator(SCALER, default) is wanted


@pytest.mark.parametrize("option", [option.name for option in fields(Settings)])
def test_every_option_is_documented_with_its_three_places(option: str) -> None:
    (row,) = [line for line in DOCS.read_text().splitlines() if line.startswith(f"| `{option}` |")]
    _, _, variable, key, *_ = row.split("|")
    assert f"`AUTOLOG_{option.upper()}" in variable
    assert f"`{option} = " in key


def test_every_documented_option_exists() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \|", DOCS.read_text(), re.MULTILINE)
    assert rows == [option.name for option in fields(Settings)] == list(settings._OPTIONS)
