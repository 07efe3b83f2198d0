from __future__ import annotations

import gc

import numpy as np
import pytest

from autolog.autolog.sklearn.remembered import Remembered


class Thing:
    """Equal to everything and not hashable, as arrays are."""

    def __eq__(self, other: object) -> bool:
        return True


def test_things_are_told_apart_by_identity() -> None:
    remembered: Remembered[str] = Remembered(10)
    one, other = Thing(), Thing()
    remembered.put(one, "one")
    assert remembered.get(one) == "one"
    assert remembered.get(other) is None


@pytest.mark.slow
def test_the_dead_are_forgotten() -> None:
    remembered: Remembered[int] = Remembered(10)
    for i in range(100):
        remembered.put(np.zeros(i), i)
    gc.collect()
    assert not remembered._entries


def test_an_old_entry_gives_way_and_a_renewed_one_stays() -> None:
    remembered: Remembered[int] = Remembered(2)
    a, b, c = Thing(), Thing(), Thing()
    remembered.put(a, 1)
    remembered.put(b, 2)
    remembered.put(a, 3)
    remembered.put(c, 4)
    assert [remembered.get(thing) for thing in (a, b, c)] == [3, None, 4]


def test_what_takes_no_weak_reference_is_not_remembered() -> None:
    remembered: Remembered[int] = Remembered(2)
    given = [1, 2]
    remembered.put(given, 1)
    assert remembered.get(given) is None
