from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import pytest

from autolog.flavors.streams import untouched


def test_global_streams_are_put_back() -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()
    with untouched():
        random.random()
        np.random.rand(1000)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_streams_of_the_estimator_are_put_back(make) -> None:
    stream, same = make(0), make(0)
    with untouched({"random_state": stream, "C": 1}, {"random_state": stream}):
        stream.normal(size=10)
    assert stream.normal() == same.normal()


def test_streams_are_put_back_after_an_error() -> None:
    before = random.getstate()
    with pytest.raises(IndexError), untouched():
        random.choice([random.random()][:0])
    assert random.getstate() == before


def test_a_stream_nobody_drew_from_is_not_written_to() -> None:
    class Watched(np.random.RandomState):
        def set_state(self, state: object) -> None:
            raise AssertionError("written to")

    with untouched({"random_state": Watched(0)}):
        pass


def test_streams_are_put_back_beside_the_threads_of_an_idle_pool() -> None:
    with ThreadPoolExecutor(2) as pool:
        wait(pool.submit(int) for _ in range(2))
        before = random.getstate()
        with untouched():
            random.random()
        assert random.getstate() == before


def test_what_the_users_threads_draw_is_not_undone() -> None:
    begun, done = threading.Event(), threading.Event()

    def compute() -> None:
        begun.set()
        done.wait()

    computing = threading.Thread(target=compute)
    computing.start()
    begun.wait()
    before = random.getstate()
    with untouched():
        random.random()
    assert random.getstate() != before
    done.set()
    computing.join()
