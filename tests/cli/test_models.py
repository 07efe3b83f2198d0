"""`autolog models`."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.events import Metrics
from autolog.store.folder import FolderStore
from autolog.store.log import now
from autolog.store.opening import open_store

from .conftest import Command

STORE = ("--store", "runs")


def trained(acc: float) -> str:
    run = FolderStore("runs").create("iris", "fit")
    run.write(Metrics(run=0, time=now(), step=0, metrics={"acc": acc}))
    with run.artifact("model") as path:
        path.mkdir()
        (path / "weights").write_text("12")
    return run.id


@pytest.fixture
def registered(autolog: Command) -> list[str]:
    """Three versions of a model, the first one the champion; the ids of their runs."""
    runs = [trained(acc) for acc in (0.8, 0.9, 0.7)]
    for number, run in enumerate(runs, 1):
        result = autolog("models", "register", *STORE, "fraud", f"runs:/{run[:8]}/model")
        assert (result.code, result.out) == (0, f"models:/fraud/{number}\n")
    assert autolog("models", "alias", *STORE, "fraud", "champion", "1").code == 0
    return runs


def test_a_database_has_a_registry_too(autolog: Command) -> None:
    store = ("--store", "sqlite:///runs.db")
    run = open_store("sqlite:///runs.db").create("iris", "fit")
    run.write(Metrics(run=0, time=now(), step=0, metrics={"acc": 0.9}))
    Path("mine").mkdir()
    Path("mine/weights").write_text("12")
    for source in ("mine", "models:/fraud/1"):
        assert autolog("models", "register", *store, "fraud", source, "--run", "last").code == 0
    promoted = autolog("models", "promote", *store, "fraud", "2", "champion", "--if", "metrics.acc > 0.8")
    assert (promoted.code, promoted.out) == (0, "fraud@champion is version 2\n")
    assert autolog("models", "alias", *store, "fraud", "next", "1").code == 0
    assert autolog("models", "list", *store).lines[1].split()[:3] == ["fraud", "2", "champion"]
    shown = autolog("models", "show", *store, "fraud@champion")
    assert run.id in shown.out and "./model" in shown.out
    assert autolog("models", "delete", *store, "fraud", "1").code == 2
    assert autolog("models", "delete", *store, "fraud", "--yes").code == 0
    assert autolog("models", "list", *store).out == f"no models in sqlite:///{Path('runs.db').absolute()}\n"


def test_a_listing(autolog: Command, registered: list[str]) -> None:
    FolderStore("runs").registry.create("other", description="a\nb")
    lines = autolog("models", "list", *STORE).lines
    assert lines[0].split() == ["name", "latest", "aliases", "changed", "description"]
    assert [line.split()[0] for line in lines[1:]] == ["fraud", "other"]
    assert lines[1].split()[1:5] == ["3", "champion", "→", "1"] and lines[2].endswith("a b")
    assert len(autolog("models", "list", *STORE, "name like 'f%'").lines) == 2
    assert autolog("models", "list", *STORE, "name = 'none'").out.endswith("match\n")
    assert autolog("models", "list", *STORE, "name >").code == 2


def test_registering(autolog: Command) -> None:
    run = trained(0.5)
    Path("mine").mkdir()
    options = ("--run", run[:8], "--tag", "a=b", "--description", "text", "--alias", "new")
    assert autolog("models", "register", *STORE, "fraud", "mine", *options).out == "models:/fraud/1\n"
    assert autolog("models", "register", *STORE, "fraud", "runs:/last/model").out == "models:/fraud/2\n"
    first, second = reversed(FolderStore("runs").registry.versions("fraud"))
    assert (first.source, first.run_id, dict(first.tags)) == ("./model", run, {"a": "b"})
    assert (first.description, first.aliases) == ("text", ("new",))
    assert second.source == f"runs:/{run}/model"


@pytest.mark.parametrize(
    "arguments",
    [
        ("a/b", "s3://x"),
        ("fraud", "none"),
        ("fraud", "runs:/abcd/model"),
        ("fraud", "s3://x", "--alias", "v1"),
    ],
)
def test_what_cannot_be_registered(autolog: Command, arguments: tuple[str, ...]) -> None:
    trained(0.5)
    result = autolog("models", "register", *STORE, *arguments)
    assert result.code == 2 and result.err.startswith("autolog: ")
    assert FolderStore("runs").registry.search() == []


def test_everything_about_a_model(autolog: Command, registered: list[str]) -> None:
    text = autolog("models", "show", *STORE, "fraud").out
    assert f"runs:/{registered[0]}/model" in text
    (move,) = [
        line.split() for line in text.splitlines() if "champion  " in line and "@" in line and ":" in line
    ][-1:]
    assert move[-2:] == ["champion", "1"]
    for name in ("fraud/1", "fraud@champion", "models:/fraud/1"):
        lines = autolog("models", "show", *STORE, name).lines
        assert lines[0] == "models:/fraud/1" and ["aliases", "champion"] in map(str.split, lines)
    for name in ("none", "fraud/9", "fraud@none", "fraud/x"):
        assert autolog("models", "show", *STORE, name).code == 2


def test_who_moved_an_alias(autolog: Command, registered: list[str]) -> None:
    assert autolog("models", "alias", *STORE, "fraud", "champion", "2").out == "fraud@champion is version 2\n"
    assert autolog("models", "alias", *STORE, "fraud", "champion", "--delete").code == 0
    lines = autolog("models", "alias", *STORE, "fraud", "champion").lines
    assert [line.split()[4:] for line in lines[1:]] == [["1"], ["1", "2"], ["2", "deleted"]]
    for wrong in (("none",), ("champion", "9"), ("champion", "1", "--delete"), ("latest", "1")):
        assert autolog("models", "alias", *STORE, "fraud", *wrong).code == 2


def test_promoting(autolog: Command, registered: list[str]) -> None:
    better = ("--if", "metrics.acc > alias:champion")
    assert autolog("models", "promote", *STORE, "fraud", "2", "champion", *better).code == 0
    result = autolog("models", "promote", *STORE, "fraud", "3", "champion", *better)
    assert result.code == 1
    assert result.err == (
        "autolog: version 3 of model 'fraud' is not promoted: metrics.acc > alias:champion (0.7 beside 0.9)\n"
    )
    assert autolog("models", "promote", *STORE, "fraud", "3", "champion", "--if", "acc > 1").code == 2
    assert autolog("models", "promote", *STORE, "fraud", "3", "champion").code == 0


def test_deleting(autolog: Command, registered: list[str]) -> None:
    assert autolog("models", "delete", *STORE, "fraud", "3").out == "version 3 of model fraud is deleted\n"
    for what in (("fraud",), ("fraud", "1")):
        result = autolog("models", "delete", *STORE, *what)
        assert result.code == 2 and "champion" in result.err
    assert autolog("models", "delete", *STORE, "fraud", "1", "--yes").code == 0
    assert autolog("models", "delete", *STORE, "fraud").out == "model fraud is deleted\n"
    assert autolog("models", "delete", *STORE, "fraud", "--yes").code == 2


@pytest.mark.usefixtures("in_terminal")
def test_a_terminal_is_asked_first(
    autolog: Command, registered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = iter("ny")
    monkeypatch.setattr(
        "click.termui.visible_prompt_func", lambda prompt: asked.append(prompt) or next(answers)
    )
    refused = autolog("models", "delete", *STORE, "fraud", "1")
    assert refused.code == 130
    assert "champion" in asked[0] + refused.out  # older versions of click print the question themselves
    assert autolog("models", "delete", *STORE, "fraud", "1").code == 0
    assert len(FolderStore("runs").registry.versions("fraud")) == 2
