"""docs/search.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autolog.store.errors import FilterError
from autolog.store.query.fields import ATTRIBUTES, KINDS
from autolog.store.query.language import DEEPEST, MOST_COMPARISONS, MOST_VALUES, parse

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "search.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("filter", [line for block in blocks("filter") for line in block.splitlines()])
def test_the_filters_are_filters(filter: str) -> None:
    parse(filter)


def test_the_program_runs() -> None:
    (program,) = blocks("python")
    exec(program, {})


def test_the_error_is_the_one_shown() -> None:
    (shown,) = blocks("text")
    with pytest.raises(FilterError) as caught:
        parse(shown.splitlines()[1].strip())
    assert str(caught.value) == shown.rstrip("\n")


@pytest.mark.parametrize("word", [*ATTRIBUTES, *KINDS])
def test_every_word_is_explained(word: str) -> None:
    assert re.search(rf"`[^`]*\b{word}\b[^`]*`", PAGE)


@pytest.mark.parametrize("limit", [MOST_COMPARISONS, MOST_VALUES, DEEPEST])
def test_the_limits_are_these(limit: int) -> None:
    assert f"{limit:,}" in PAGE
