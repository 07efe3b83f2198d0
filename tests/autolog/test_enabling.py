"""What `enable` does with its options."""

from __future__ import annotations

from pathlib import Path

import pytest

import autolog


@pytest.mark.parametrize("store", ["a_file", "ftp://host/runs", "nosuch://x"])
def test_a_store_that_can_be_none_is_refused_at_once(store: str) -> None:
    Path("a_file").touch()
    with pytest.raises(ValueError, match="a store is a folder"):
        autolog.enable(store=store)


def test_the_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="ftp") as raised:
        autolog.enable(store="ftp://me:hunter2@host/runs")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("option", "value"), [("fits", "often"), ("models", "maybe"), ("frameworks", ["nope"]), ("tags", 3)]
)
def test_bad_options_name_themselves(option: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError), match=f"{option}|nope"):
        autolog.enable(**{option: value})  # type: ignore[arg-type]


def test_an_unknown_option_is_python_s_own_error() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'stroe'"):
        autolog.enable(stroe="x")  # type: ignore[call-arg]


def test_tags_are_on_every_top_level_run() -> None:
    autolog.enable(tags={"team": "a"})
    with autolog.run("top"), autolog.run("nested"):
        pass
    assert {run.name: run.tags.get("team") for run in autolog.search_runs()} == {"top": "a", "nested": None}
