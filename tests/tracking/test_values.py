"""Values as they are recorded: numbers kept, everything else as text that is stable."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from autolog.tracking.values import json_ready, metric_value, param_value


class Color(enum.Enum):
    RED = "r"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Options:
    depth: int = 1
    hidden: str = dataclasses.field(default="x", repr=False)


class Plain:
    def method(self) -> None: ...


class Broken:
    def __repr__(self) -> str:
        raise KeyError("x")


class BrokenParams:
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        raise RuntimeError("no params")


Point = collections.namedtuple("Point", "x y")
HERE = __name__


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (1, 1),
        (1.5, 1.5),
        (True, True),
        (None, None),
        ("a text", "a text"),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("q"), "q"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (np.float64("inf"), "inf"),
        (2**70, "1180591620717411303424"),
        (b"ab", "b'ab'"),
        (1j, "1j"),
        (Color.RED, "Color.RED"),
        (Level.HIGH, "Level.HIGH"),
        (datetime.datetime(2020, 1, 2), "2020-01-02T00:00:00"),
        (datetime.timedelta(days=1), "1 day, 0:00:00"),
        (decimal.Decimal("1.10"), "Decimal('1.10')"),
        (Path("/a/b"), "/a/b"),
        (range(3), "range(0, 3)"),
        (slice(1, 2), "slice(1, 2, None)"),
        ([1, "a", None, math.nan], "[1, 'a', None, nan]"),
        ((1,), "(1,)"),
        ((), "()"),
        ({3, 1, 2}, "{1, 2, 3}"),
        ({10, "b", "a", 9}, "{9, 10, 'a', 'b'}"),
        (set(), "set()"),
        (frozenset("ba"), "frozenset({'a', 'b'})"),
        ({"b": 1, "a": {2, 1}}, "{'b': 1, 'a': {1, 2}}"),
        (collections.OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (collections.deque([1]), "deque([1])"),
        (Point(1, [2]), "Point(x=1, y=[2])"),
        (Options(), "Options(depth=1)"),
        (len, "len"),
        (int, "int"),
        (list[int], "list[int]"),
        (np.float64, "numpy.float64"),
        (np.log, "numpy.log"),
        (np.mean, "numpy.mean"),
        (Plain, f"{HERE}.Plain"),
        (Plain(), f"<{HERE}.Plain object>"),
        (lambda x: x, f"{HERE}.<lambda>"),
        (functools.partial(int, base=2), "functools.partial(int, base=2)"),
        (np.array([1, 2.5]), "array([1.0, 2.5])"),
        (np.datetime64("2020-01-01"), "2020-01-01"),
        (np.random.RandomState(0), "RandomState(MT19937)"),
        (scipy.stats.loguniform(0.1, 10), "loguniform(0.1, 10)"),
        (StandardScaler(with_mean=False), "StandardScaler(with_mean=False)"),
        (SimpleImputer(), "SimpleImputer()"),
        (Pipeline([("a", StandardScaler()), ("b", LogisticRegression(C=0.5))]),
         "Pipeline(steps=[('a', StandardScaler()), ('b', LogisticRegression(C=0.5))])"),
        (Broken(), "<Broken: repr failed: KeyError>"),
        ([Broken(), 1], "[<Broken: repr failed: KeyError>, 1]"),
        (BrokenParams(), "<BrokenParams: repr failed: RuntimeError>"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_params(value: object, recorded: object) -> None:
    found = param_value(value)
    assert found == recorded
    assert type(found) is type(recorded)


@pytest.mark.parametrize(
    "value",
    [
        Plain(),
        Plain().method,
        lambda: None,
        iter([]),
        (i for i in ()),
        [Plain()],
        {"a": object()},
        sys.stdout,
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_text_holds_an_address(value: object) -> None:
    assert "0x" not in str(param_value(value))


def test_arrays_are_written_out_when_small_and_told_apart_when_large() -> None:
    large = np.arange(3000.0).reshape(1000, 3)
    found = str(param_value(large))
    assert found.startswith("ndarray(shape=(1000, 3), dtype=float64, digest=")
    assert found == param_value(np.asfortranarray(large))
    assert found != param_value(large + 1)


@pytest.mark.parametrize(
    "value", [pd.DataFrame({"a": range(30)}), pd.Series(range(30)), scipy.sparse.eye(30, format="csr")]
)
def test_tables_and_sparse_matrices_are_told_by_shape_and_digest(value: object) -> None:
    assert f"{type(value).__name__}(shape=(30" in str(param_value(value))
    assert "digest=" in str(param_value(value))


def test_texts_are_kept_whole() -> None:
    assert param_value("x" * 1_000_000) == "x" * 1_000_000
    assert param_value(["x" * 9_000]) == f"['{'x' * 9_000}']"


def test_huge_containers_are_told_by_length_and_digest() -> None:
    assert param_value(list(range(20_000))) == param_value(list(range(20_000)))
    assert param_value(list(range(20_000))) != param_value(list(range(1, 20_001)))
    assert str(param_value(dict.fromkeys(range(20_000)))).startswith("dict(len=20000, digest=")
    assert str(param_value(set(range(20_000)))).startswith("set(len=20000, digest=")
    assert str(param_value(bytes(20_000))).startswith("bytes(len=20000, digest=")
    assert param_value([Plain()] * 20_000) == "list(len=20000)"


def test_containers_that_hold_themselves_end() -> None:
    inside: list[Any] = [1]
    inside.append(inside)
    assert param_value(inside) == "[1, ...]"
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    assert "..." in str(param_value(deep))
    assert "..." in json.dumps(json_ready(deep)) or "repr failed" in json.dumps(json_ready(deep))


def test_numbers_that_python_cannot_print() -> None:
    assert str(param_value(10**6000)).startswith("0x")


def test_half_surrogates_can_be_written() -> None:
    assert msgspec.json.encode([param_value("\ud800"), param_value(["\udfff"]), param_value(Path("\udce9"))])


def test_text_is_the_same_in_another_process() -> None:
    code = (
        "import numpy; from autolog.tracking.values import param_value;"
        "print(param_value([{'b', 'a', 'c'}, numpy.zeros(100), len, object(), {1.5: {'x', 'y'}}]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in "12"
    ]
    assert runs[0] == runs[1] != ""


def test_no_framework_is_imported() -> None:
    code = (
        "import sys; from autolog.tracking.values import *; from autolog.tracking import settings, redact;"
        "param_value([object(), {1}, b'']); json_ready({'a': {1}}); metric_value('a', 1);"
        "print([m for m in ('numpy', 'pandas', 'sklearn', 'sqlalchemy', 'scipy') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
NESTED = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(NESTED)
def test_any_value_can_be_written_to_the_log(value: object) -> None:
    recorded = param_value(value)
    assert recorded == param_value(value)
    assert msgspec.json.decode(msgspec.json.encode(recorded)) == recorded


@pytest.mark.slow
@given(NESTED)
def test_any_value_can_be_written_as_json(value: object) -> None:
    json.dumps(json_ready(value), allow_nan=False)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (0.5, 0.5),
        (True, 1.0),
        (np.float32(2), 2.0),
        (np.int8(-1), -1.0),
        (np.bool_(True), 1.0),
        (np.array(3), 3.0),
        (decimal.Decimal("0.5"), 0.5),
        (math.inf, math.inf),
    ],
)
def test_metrics(value: object, number: float) -> None:
    found = metric_value("loss", value)
    assert (found, type(found)) == (number, float)


@pytest.mark.parametrize(
    "value",
    [
        "0.5",
        None,
        b"1",
        [1.0],
        np.zeros(1),
        np.zeros(3),
        1j,
        np.complex64(1),
        np.datetime64("2020"),
        Plain(),
        10**400,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_number_is_named(value: object) -> None:
    with pytest.raises(TypeError, match="metric 'loss' must be a number, not"):
        metric_value("loss", value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"a": np.arange(3), 1: math.nan}, {"a": [0, 1, 2], "1": "NaN"}),
        ([math.inf, -math.inf, np.float64("nan")], ["Infinity", "-Infinity", "NaN"]),
        ({2, 1}, [1, 2]),
        (Point(1, {2}), {"x": 1, "y": [2]}),
        (Options(), {"depth": 1, "hidden": "x"}),
        (pd.DataFrame({"a": [1, 2]}), {"a": [1, 2]}),
        (pd.Series([1.5], index=["k"]), {"k": 1.5}),
        ([Color.RED, Path("/a"), datetime.date(2020, 1, 1)], ["Color.RED", "/a", "2020-01-01"]),
        ((None, True, "x"), [None, True, "x"]),
    ],
)
def test_json(value: object, plain: object) -> None:
    assert json_ready(value) == plain


def test_a_tensor_with_gradients_is_asked_without_them() -> None:
    """PyTorch warns of the other way."""

    class Tensor:
        requires_grad = True

        def detach(self) -> float:
            return 0.5

        def __float__(self) -> float:
            raise AssertionError("a warning")

    assert metric_value("loss", Tensor()) == 0.5
