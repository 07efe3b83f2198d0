from __future__ import annotations

import io

import pytest

from autolog.autolog.sklearn.progress import ProgressLine, terminal, text


@pytest.mark.parametrize(
    ("trials", "folds", "best", "elapsed", "expected"),
    [
        ((37, 200), (111, 600), 0.947, 2.7, "trials 37/200 · best 0.947 · 0:12 left"),
        ((0, 5), (0, 15), None, 1.0, "trials 0/5"),
        ((0, 5), (1, 15), None, 300.0, "trials 0/5 · 1:10:00 left"),
        ((1_000, 10_000), (3_000, 30_000), -0.25, 0.0, "trials 1,000/10,000 · best -0.25 · 0:00 left"),
    ],
)
def test_text(
    trials: tuple[int, int], folds: tuple[int, int], best: float | None, elapsed: float, expected: str
) -> None:
    assert text(trials, folds, best, elapsed) == expected


def test_a_shorter_line_covers_the_longer_one_and_the_end_wipes_it() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.show((1, 2), (1, 2), 0.123)
    long = len(stream.getvalue()) - 1
    line.show((1, 2), (0, 2), None)
    line.wipe()
    pictures = stream.getvalue().split("\r")
    assert pictures[2] == "trials 1/2".ljust(long)
    assert pictures[3:] == [" " * len("trials 1/2"), ""]


def test_it_is_drawn_at_most_five_times_a_second() -> None:
    line = ProgressLine(io.StringIO())
    assert line.due()
    line.show((0, 1), (0, 1), None)
    assert not line.due()


def test_nothing_was_drawn_so_nothing_is_wiped() -> None:
    stream = io.StringIO()
    ProgressLine(stream).wipe()
    assert stream.getvalue() == ""


def test_a_terminal_that_went_away_is_no_error() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    stream.close()
    line.show((0, 1), (0, 1), None)


@pytest.mark.parametrize("stream", [None, io.StringIO(), object()])
def test_no_terminal(stream: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    assert terminal() is None
