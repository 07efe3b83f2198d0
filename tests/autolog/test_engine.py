"""Hooks see a call and cannot harm it."""

from __future__ import annotations

import copy
import inspect
import pickle
import traceback
import types
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

import autolog
from autolog import search_runs
from autolog.autolog import Call, CallFailed, Log, wrap, wrap_cell
from autolog.autolog.fit import Fit
from autolog.tracking import contain
from autolog.tracking.active import activate
from autolog.tracking.settings import resolve


class Base:
    def inherited(self) -> str:
        return "inherited"


class Model(Base):
    """A class of the user's."""

    def fit(self, X: int, y: int = 2, *, weight: float = 1.0) -> tuple[Any, ...]:
        """Fit it."""
        return (self, X, y, weight)

    def fail(self) -> None:
        raise ValueError("bad") from KeyError("why")

    @classmethod
    def make(cls) -> Model:
        return cls()


def free(a: int, b: int = 0) -> int:
    return a + b


def observing(seen: list[Any]) -> Any:
    def hook(call: Call, log: Log) -> Generator[None, Any, None]:
        seen.append(("before", call.args, call.kwargs))
        result = yield
        seen.append(("after", result))

    return hook


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contain, "strict", False)
    monkeypatch.setattr(contain, "_said", set())


def test_the_hook_sees_call_and_result_and_the_call_is_the_users() -> None:
    seen: list[Any] = []
    model = Model()
    with wrap((Model, "fit"), observing(seen)):
        result = model.fit(1, weight=3.0)
    assert result == (model, 1, 2, 3.0)
    assert seen == [("before", (1,), {"weight": 3.0}), ("after", result)]


def test_after_the_block_nothing_is_left() -> None:
    before = dict(vars(Model))
    with wrap((Model, "fit"), observing([])), wrap((Model, "inherited"), observing([])):
        assert Model.__dict__["fit"] is not before["fit"]
    assert dict(vars(Model)) == before


def test_a_layer_put_on_top_of_ours_stays_and_ours_passes_through() -> None:
    seen: list[Any] = []
    original = Model.__dict__["fit"]
    with wrap((Model, "fit"), observing(seen)):
        ours = Model.__dict__["fit"]
        Model.fit = lambda self, *args, **kwargs: ours.__get__(self)(*args, **kwargs)  # type: ignore[method-assign,assignment]
    try:
        assert Model().fit(1)[1] == 1
        assert seen == []
    finally:
        Model.fit = original  # type: ignore[method-assign]


def test_arguments_are_found_and_replaced_however_they_were_passed() -> None:
    def hook(call: Call, log: Log) -> Generator[None, Any, None]:
        assert [call.argument(name, "none") for name in ("X", "y", "weight")] == [1, 5, "none"]
        call.replace(X=10, weight=7.0)
        yield

    model = Model()
    with wrap((Model, "fit"), hook):
        assert model.fit(1, 5) == (model, 10, 5, 7.0)
        assert model.fit(y=5, X=1) == (model, 10, 5, 7.0)


def test_the_users_own_arguments_are_never_changed() -> None:
    def hook(call: Call, log: Log) -> Generator[None, Any, None]:
        call.replace(callbacks=[*call.argument("callbacks"), "ours"])
        yield

    def train(callbacks: list[str]) -> int:
        return len(callbacks)

    holder = types.SimpleNamespace(train=train)
    mine = ["mine"]
    with wrap((holder, "train"), hook):
        assert holder.train(mine) == 2
    assert mine == ["mine"]


def test_an_exception_leaves_as_it_came() -> None:
    failures: list[BaseException] = []

    def hook(call: Call, log: Log) -> Generator[None, Any, None]:
        try:
            yield
        except CallFailed as failed:
            failures.append(failed.error)

    with wrap((Model, "fail"), hook), pytest.raises(ValueError, match="bad") as raised:
        Model().fail()
    error = raised.value
    assert failures == [error]
    assert isinstance(error.__cause__, KeyError) and error.__context__ is None
    assert traceback.extract_tb(error.__traceback__)[-1].name == "fail"


@pytest.mark.parametrize("phase", ["before", "after", "failure", "two yields", "no yield"])
@pytest.mark.usefixtures("lenient")
def test_an_error_of_the_hook_is_ours_alone(phase: str, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def hook(call: Call, log: Log) -> Generator[None, Any, None]:
        if phase == "before":
            call.replace(a=100)
            raise RuntimeError("ours")
        if phase == "no yield":
            return
        try:
            yield
        except CallFailed:
            raise RuntimeError("ours") from None
        if phase == "two yields":
            yield
        raise RuntimeError("ours")

    def counted(a: int) -> int:
        calls.append(a)
        if phase == "failure":
            raise LookupError("the user's")
        return a

    holder = types.SimpleNamespace(f=counted)
    with wrap((holder, "f"), hook):
        for _ in range(2):
            if phase == "failure":
                with pytest.raises(LookupError, match="the user's") as raised:
                    holder.f(1)
                assert raised.value.__context__ is None
            else:
                assert holder.f(1) == 1
    assert calls == [1, 1]
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) == (0 if phase == "no yield" else 1)


@pytest.mark.parametrize("fails", [False, True])
def test_an_exception_that_the_framework_swallowed_ends_the_run(tmp_path: Path, fails: bool) -> None:
    def hook(call: Call, log: Log) -> Generator[None, Any, None]:
        call.swallowed = KeyboardInterrupt()
        yield

    activate(resolve(store=tmp_path / "store"))
    expected = pytest.raises(ValueError, match="bad") if fails else nullcontext()
    method, arguments = ("fail", ()) if fails else ("fit", (1,))
    with wrap((Model, method), hook, run=lambda call: "fit"), expected:
        getattr(Model(), method)(*arguments)
    (run,) = search_runs(store=tmp_path / "store")
    assert run.status == "KILLED"


def test_a_patcher_may_know_the_run_already(tmp_path: Path) -> None:
    def hook(call: Call, log: Log) -> Generator[None, Any, None]:
        log.tags({"mine": "yes"})
        yield

    activate(resolve(store=tmp_path / "store"))
    with autolog.run("earlier") as earlier:
        pass
    with wrap((Model, "fit"), hook, run=lambda call: Fit(earlier, owned=False)):
        Model().fit(1)
    (run,) = search_runs(store=tmp_path / "store")
    assert (run.name, run.tags["mine"], run.status) == ("earlier", "yes", "FINISHED")


def test_strict_lets_our_errors_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contain, "strict", True)

    def hook(call: Call, log: Log) -> Generator[None, Any, None]:
        raise RuntimeError("ours")
        yield

    with wrap((Model, "fit"), hook), pytest.raises(RuntimeError, match="ours"):
        Model().fit(1)


def test_hooked_functions_look_pickle_and_copy_like_the_original() -> None:
    signature, doc = inspect.signature(Model.fit), Model.fit.__doc__
    with wrap((Model, "fit"), observing([])), wrap(f"{__name__}:free", observing([])):
        model = Model()
        assert inspect.signature(Model.fit) == signature and Model.fit.__doc__ == doc
        assert inspect.isfunction(Model.__dict__["fit"]) and isinstance(model.fit, types.MethodType)
        bound = pickle.loads(pickle.dumps(model.fit))
        assert bound(1)[1:] == (1, 2, 1.0) and type(bound.__self__) is Model
        assert pickle.loads(pickle.dumps(Model.fit)).__qualname__ == "Model.fit"
        assert pickle.loads(pickle.dumps(free))(1, 2) == 3
        assert copy.deepcopy(model.fit).__self__ is not model
        assert copy.copy(free)(1) == 1 and copy.deepcopy(free)(1) == 1
        plain = pickle.dumps((model, model.fit, free))
    assert b"wrapt" not in plain and b"autolog.autolog" not in plain


def test_class_methods_keep_working() -> None:
    seen: list[Any] = []
    with wrap((Model, "make"), observing(seen)):
        assert type(Model.make()) is Model
    assert seen[0] == ("before", (), {})


def test_a_cell_is_hooked_for_references_that_exist_already() -> None:
    def decorated(func: Any) -> Any:
        def wrapper(*args: Any) -> Any:
            return func(*args)

        return wrapper

    function = decorated(lambda x: x + 1)
    seen: list[Any] = []
    with wrap_cell(function, "func", observing(seen)):
        assert function(1) == 2
    assert function(1) == 2
    assert seen == [("before", (1,), {}), ("after", 2)]
    with pytest.raises(LookupError, match="nothing called 'nope'"):
        wrap_cell(function, "nope", observing([])).__enter__()
