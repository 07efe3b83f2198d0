"""Requests that come together are predicted together, and each gets its own answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from autolog.flavors.schema import SchemaError
from autolog.flavors.serving.batching import Batcher
from autolog.flavors.serving.guard import Limits
from autolog.flavors.serving.wire import Asked
from tests.flavors.serving.serving import ONE, Server, running, serving, until


def rows(*values: Any, columns: tuple[str, ...] = ("a",)) -> Asked:
    return Asked(columns, [[value] for value in values])


class Model:
    """Doubles its rows, and refuses text. The first prediction waits for ``go_on``."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Any:
        self.asked.append(asked)
        assert self.go_on.wait(20)
        if asked.rows is None:
            return asked.whole
        for number, (value,) in enumerate(asked.rows):
            if isinstance(value, str):
                raise SchemaError(f"{value!r} is no number", row=number)
        return [2 * value for (value,) in asked.rows]

    @property
    def sizes(self) -> list[int | None]:
        return [None if asked.rows is None else len(asked.rows) for asked in self.asked]


def together(questions: list[Asked], model: Model, **options: Any) -> list[Any]:
    """The outcomes of questions that all come while the model is at work on another one."""

    async def ask() -> list[Any]:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(model, executor, **options)
            first = asyncio.create_task(batcher.ask(rows(0)))
            while not model.asked:
                await asyncio.sleep(0.001)
            tasks = [asyncio.create_task(batcher.ask(question)) for question in questions]
            await asyncio.sleep(0)
            assert batcher.waiting == len(questions)
            model.go_on.set()
            assert await first == [0]
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(ask())


def test_what_came_during_one_batch_is_the_next_one() -> None:
    model, seen = Model(), []
    assert together([rows(1, 2), rows(3), rows(4, 5)], model, seen=seen.append) == [[2, 4], [6], [8, 10]]
    assert (model.sizes, seen) == ([1, 5], [1, 3])


def test_one_bad_request_gets_its_own_error_with_its_own_row() -> None:
    model = Model()
    first, bad, last = together([rows(1, 2), rows(3, "x"), rows(4)], model)
    assert (first, last) == ([2, 4], [8])
    assert isinstance(bad, SchemaError) and str(bad) == "row 1: 'x' is no number"
    assert model.sizes == [1, 5, 2, 2, 1]


def test_only_the_same_columns_are_put_together_and_the_eldest_goes_first() -> None:
    model = Model()
    questions = [rows(1, columns=("b",)), rows(2), rows(3, columns=("b",)), Asked(whole="all"), rows(4)]
    assert together(questions, model) == [[2], [4], [6], "all", [8]]
    assert [asked.columns for asked in model.asked] == [("a",), ("b",), ("a",), None]


def test_some_are_asked_alone() -> None:
    model = Model()
    questions = [Asked(("a",), [[1]], params={"k": 1}), Asked(("a",), [[2]], alone=True), rows(3), rows(4)]
    assert together(questions, model) == [[2], [4], [6], [8]]
    assert model.sizes == [1, 1, 1, 2]
    assert model.asked[1].params == {"k": 1}


def test_no_more_rows_than_may_be() -> None:
    model = Model()
    assert together([rows(1, 2), rows(3, 4), rows(5), rows(*range(9))], model, most=4)[3] == [
        0,
        2,
        4,
        6,
        8,
        10,
        12,
        14,
        16,
    ]
    assert model.sizes == [1, 4, 1, 9]
    model = Model()
    together([rows(1), rows(2)], model, most=0)
    assert model.sizes == [1, 1, 1]


def test_a_model_that_does_not_answer_row_by_row_is_asked_one_by_one() -> None:
    class Sums(Model):
        def __call__(self, asked: Asked) -> Any:
            return [sum(super().__call__(asked))]

    assert together([rows(1, 2), rows(3)], Sums()) == [[6], [6]]


def test_who_gave_up_is_not_asked_for() -> None:
    model = Model()

    async def ask() -> Any:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(model, executor)
            first = asyncio.create_task(batcher.ask(rows(0)))
            await asyncio.sleep(0.01)
            gone = asyncio.create_task(batcher.ask(rows(1)))
            await asyncio.sleep(0.01)
            first.cancel()
            gone.cancel()
            last = asyncio.create_task(batcher.ask(rows(2)))
            await asyncio.sleep(0.01)
            model.go_on.set()
            return await last

    assert asyncio.run(ask()) == [4]
    assert model.sizes == [1, 1]


def at_once(number: int, ask: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(number) as clients:
        return list(clients.map(ask, range(number)))


@pytest.mark.slow
def test_clients_at_once(tmp_path: Path) -> None:
    """Every client gets the answer to its own question, and some were put together."""
    sizes: list[int] = []
    gate = threading.Event()

    def predict(model: Any, data: Any) -> Any:
        gate.wait(20)
        sizes.append(len(data))
        return model.predict(data)

    def ask(number: int) -> Any:
        return server.ask({"dataframe_records": [{"a": float(number), "b": 0.0 if number % 5 else "x"}]})

    with running(serving(tmp_path / "model", predict)) as server:
        threading.Timer(0.3, gate.set).start()
        answers = at_once(20, ask)
    assert [answer.status_code for answer in answers] == [200 if number % 5 else 400 for number in range(20)]
    for number in (1, 7, 19):
        assert answers[number].json() == {"predictions": pytest.approx([float(number)])}
    assert answers[5].json()["message"] == "column 'b', row 0: 'x' is no number"
    assert sum(sizes) >= 16


def test_more_than_may_wait_are_sent_away(tmp_path: Path) -> None:
    gate, busy = threading.Event(), threading.Event()

    def predict(model: Any, data: Any) -> Any:
        busy.set()
        gate.wait(20)
        return model.predict(data)

    with (
        running(serving(tmp_path / "model", predict), Limits(waiting=2)) as server,
        ThreadPoolExecutor(3) as clients,
    ):
        first = clients.submit(server.ask, ONE)
        assert busy.wait(20)
        others = [clients.submit(server.ask, ONE) for _ in range(2)]
        until(lambda: "autolog_requests_waiting 3.0" in server.get("/metrics").text)
        until(lambda: _sent_away(server))
        gate.set()
        assert [answer.result().status_code for answer in (first, *others)] == [200, 200, 200]


def _sent_away(server: Server) -> bool:
    response = server.ask(ONE)
    return response.status_code == 503 and response.headers["retry-after"] == "1"
