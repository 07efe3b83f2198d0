"""`warnings_`: observing what is shown, without changing it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator

import pytest

from autolog.autolog import warnings_
from autolog.tracking.context import entered


@pytest.fixture(autouse=True)
def all_shown() -> Iterator[list[warnings.WarningMessage]]:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        yield shown


class Run:
    def __init__(self, id: str) -> None:
        self.id = id


def warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=1)


def test_each_run_hears_its_own_also_from_other_threads() -> None:
    def work(name: str) -> None:
        with entered(run=Run(name)):
            warn(f"of {name}")

    with warnings_.watching(), warnings_.heard("a") as a, warnings_.heard("b") as b:
        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(a), len(b)) == (2, 1)
    assert "of a (2 times)" in a.text()


def test_many_warnings_are_counted(all_shown) -> None:
    with (
        warnings_.watching(),
        entered(run=Run("a")),
        warnings_.heard("a") as heard,
    ):
        for i in range(50):
            warn(f"number {i}")
    assert len(heard) == len(all_shown) == 50
    assert len(heard.text().splitlines()) == warnings_.MOST + 1
    assert "further warnings (30 times)" in heard.text()


def test_secrets_are_not_kept() -> None:
    with warnings_.watching(), entered(run=Run("a")), warnings_.heard("a") as heard:
        warn("cannot reach https://me:hunter2@example.org")
    assert "hunter2" not in heard.text()


def test_watching_is_undone() -> None:
    before = warnings._showwarnmsg  # type: ignore[attr-defined]
    with warnings_.watching():
        assert warnings._showwarnmsg is not before  # type: ignore[attr-defined]
    assert warnings._showwarnmsg is before  # type: ignore[attr-defined]
