"""Tables in a terminal and in a pipe."""

from __future__ import annotations

import io

import pytest

from autolog.cli import tables
from autolog.cli.tables import Cell, Column, Table, show

TABLE = Table(
    [Column("name"), Column("score", right=True, rank=1), Column("much", rank=1)],
    [[Cell("tree", "red"), Cell("1"), Cell("x" * 60)], [Cell("線形"), Cell("0.25"), Cell("y")]],
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr(tables, "terminal", lambda: Console(force_terminal=True, width=40, highlight=False))


def test_a_pipe_gets_every_column_aligned_without_colours(capsys: pytest.CaptureFixture[str]) -> None:
    show(TABLE)
    assert capsys.readouterr().out.splitlines() == [
        "name  score  much",
        "tree      1  " + "x" * 60,
        "線形   0.25  y",
    ]


@pytest.mark.usefixtures("terminal")
def test_a_terminal_gets_the_columns_that_fit_in_colours(capsys: pytest.CaptureFixture[str]) -> None:
    show(TABLE)
    out = capsys.readouterr().out
    assert "\x1b[31mtree" in out
    assert "score" in out
    assert "much" not in out


@pytest.mark.usefixtures("terminal")
def test_a_cell_too_wide_for_a_terminal_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show(Table([Column("")], [[Cell("z" * 100)]]))
    assert capsys.readouterr().out.splitlines() == ["z" * 39 + "…"]


def test_an_output_that_cannot_show_a_letter_gets_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="latin-1"))
    show(Table([Column("")], [[Cell("é└─")]]))
    assert written.getvalue() == "é??\n".encode("latin-1")
