"""The digest of data: equal for equal content in any layout, different for any change."""

from __future__ import annotations

import datetime
import decimal
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autolog.tracking import digest as digest_module
from autolog.tracking.content import content_digest, size_of

RNG = np.random.default_rng(0)
X = RNG.random((200, 12))


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes at which folding and skipping begin, a thousandth of the real ones."""
    monkeypatch.setattr(digest_module, "FULL", 64 << 10)
    monkeypatch.setattr(digest_module, "MOST", 4 << 20)
    monkeypatch.setattr(digest_module, "_BLOCK", 1 << 10)
    monkeypatch.setattr(digest_module, "_LANE", 8)


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "F order": np.asfortranarray,
    "view of columns": lambda a: np.hstack([a, a])[:, : a.shape[1]],
    "backwards twice": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "every second row": lambda a: np.repeat(a, 2, axis=0)[::2],
    "read only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "U3", "M8[s]", "c16", "?", "O"])
def test_layout_does_not_count(layout: Callable[[Any], Any], dtype: str) -> None:
    array = (X * 100).astype("i8").astype(dtype)
    if dtype == "O" and layout is LAYOUTS["read only"]:
        pytest.skip("objects are no bytes")
    assert content_digest(layout(array)) == content_digest(array)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("shape", [(100_000,), (5000, 40), (40, 5000), (3, 20_000), (30, 40, 100)])
@pytest.mark.usefixtures("small_limits")
def test_layout_does_not_count_in_large_data(layout: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    if len(shape) == 1 and layout is LAYOUTS["view of columns"]:
        shape = (*shape, 1)
    array = RNG.random(shape)
    assert content_digest(layout(array)) == content_digest(array)


def test_a_memory_map_is_like_the_array(tmp_path: Any) -> None:
    np.save(tmp_path / "x.npy", X)
    assert content_digest(np.load(tmp_path / "x.npy", mmap_mode="r")) == content_digest(X)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("rows", [100, 3000, 30_000])
def test_one_changed_number_is_seen(rows: int) -> None:
    array = RNG.random((rows, 12))
    before = content_digest(array)
    for place in (0, array.size // 3, array.size - 1):
        changed = array.copy()
        changed.flat[place] = 2.0
        assert content_digest(changed) != before


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("size", [1000, 100_000, 2_000_000])
def test_large_changes_are_seen(size: int) -> None:
    array = RNG.random(size)
    half, swapped, turned = array.copy(), array.copy(), array[::-1]
    half[: size // 2] = 0
    swapped[: size // 2], swapped[size // 2 :] = array[size // 2 :], array[: size // 2]
    found = {content_digest(changed) for changed in (array, half, swapped, turned, array.reshape(2, -1))}
    assert len(found) == 5


def test_type_and_shape_and_names_count() -> None:
    zeros = [
        np.zeros(4),
        np.zeros((2, 2)),
        np.zeros(4, "i8"),
        np.zeros(4, "f4"),
        np.zeros(8, "f4"),
        np.zeros(0),
    ]
    tables = [pd.DataFrame({"a": [0.0]}), pd.DataFrame({"b": [0.0]}), pd.DataFrame({"a": [0]})]
    found = [content_digest(data) for data in [*zeros, *tables]]
    assert len(set(found)) == len(found)


def test_little_is_copied() -> None:
    for large in (np.zeros((1_000_000, 8)), np.zeros((8, 1_000_000)).T, np.zeros(8_000_000)[::2]):
        tracemalloc.start()
        content_digest(large)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20


@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_side=0)))
def test_any_array_has_a_digest(array: Any) -> None:
    assert content_digest(array) == content_digest(np.asfortranarray(array)) != ""


FRAME = pd.DataFrame(
    {
        "number": [1.5, np.nan, 3.0],
        "whole": [1, 2, 3],
        "flag": [True, False, True],
        "text": ["a", None, "ç"],
        "object": pd.Series(["a", 1, None], dtype=object),
        "class": pd.Categorical(["x", "y", None]),
        "nullable": pd.array([1, None, 3], dtype="Int64"),
        "nullable flag": pd.array([True, None, False], dtype="boolean"),
        "python text": pd.array(["a", None, "b"], dtype="string[python]"),
        "arrow text": pd.array(["a", None, "b"], dtype="string[pyarrow]"),
        "arrow number": pd.array([1.5, None, 2.5], dtype="double[pyarrow]"),
        "time": pd.date_range("2020", periods=3),
        "time with zone": pd.date_range("2020", periods=3, tz="Europe/Paris"),
        "span": pd.timedelta_range("1h", periods=3),
        "period": pd.period_range("2020", periods=3),
        "interval": pd.interval_range(0, 3),
        "sparse": pd.arrays.SparseArray([0, 2, 1]),
        "list": [[1], [2, 3], []],
        "date": [datetime.date(2020, 1, day) for day in (1, 2, 3)],
        "decimal": [decimal.Decimal(number) for number in (1, 2, 3)],
    }
)


@pytest.mark.parametrize("name", FRAME.columns)
def test_columns_of_every_type(name: str) -> None:
    before = content_digest(FRAME[[name]])
    assert content_digest(FRAME[[name]].copy()) == before != ""
    assert content_digest(pd.concat([FRAME, FRAME])[[name]].iloc[:3]) == before
    assert content_digest(FRAME[[name]].iloc[[1, 0, 2]]) != before
    assert content_digest(FRAME[[name]].iloc[[1, 1, 1]]) != before


def test_the_index_of_a_table_does_not_count() -> None:
    assert content_digest(FRAME.set_index(pd.Index(list("xyz")))) == content_digest(FRAME)


def test_blocks_inside_a_table_do_not_count() -> None:
    together = pd.DataFrame(X)
    apart = pd.concat([together[[column]] for column in together], axis=1)
    assert content_digest(apart) == content_digest(together) == content_digest(pd.DataFrame(X.T).T)


TABLE = pa.table(
    {
        "number": [1.5, None, 3.0],
        "whole": [1, 2, None],
        "flag": [True, None, False],
        "text": ["a", None, "bcd"],
        "list": [[1], [], None],
        "class": pa.array(["x", "y", None]).dictionary_encode(),
        "time": pa.array([1, None, 3], pa.timestamp("ms")),
    }
)


@pytest.mark.parametrize("name", TABLE.column_names)
def test_arrow_columns_in_any_chunks(name: str) -> None:
    column = TABLE.select([name])
    cut = pa.concat_tables([column.slice(0, 1), column.slice(1)])
    assert content_digest(cut) == content_digest(column)
    assert content_digest(pa.concat_tables([column, column]).slice(3)) == content_digest(column)
    assert content_digest(column.take([1, 0, 2])) != content_digest(column)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr", "lil", "dok", "dia"])
@pytest.mark.parametrize("build", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
@pytest.mark.filterwarnings("ignore:Constructing a DIA")
def test_sparse_formats(kind: str, build: Any) -> None:
    dense = np.where(X > 0.9, X, 0)
    sparse = build(dense).asformat(kind)
    changed = dense.copy()
    changed[np.nonzero(dense)[0][0], np.nonzero(dense)[1][0]] = 5
    assert content_digest(sparse) == content_digest(sparse.copy()) != ""
    assert content_digest(sparse) != content_digest(build(changed).asformat(kind))
    assert content_digest(sparse) != content_digest(build(dense[:-1]).asformat(kind))


def test_sparse_stays_sparse() -> None:
    huge = scipy.sparse.csr_matrix(([1.0], ([0], [0])), shape=(1_000_000, 1_000_000))
    tracemalloc.start()
    assert content_digest(huge)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def masked(*mask: int) -> Any:
    return np.ma.masked_array([1, 2], mask)


@pytest.mark.parametrize(
    ("data", "same", "other"),
    [
        ([1, 2], [1, 2], [2, 1]),
        ([1, 2], [1, 2], [1.0, 2.0]),
        ([[1.0, 2.0]], [[1.0, 2.0]], [[1.0], [2.0]]),
        (["ab", "c"], ["".join(["a", "b"]), "c"], ["a", "bc"]),
        ((1, 2), (1, 2), (1, 3)),
        ({"a": X[:, 0]}, {"a": X[:, 0].copy()}, {"b": X[:, 0]}),
        ([{"a": 1}], [{"a": 1}], [{"a": 2}]),
        ([X, X[1:]], [np.asfortranarray(X), X[1:]], [X[1:], X]),
        ([np.float64(1)], [np.float64(1)], [np.float64(2)]),
        ([datetime.date(2020, 1, 1)], [datetime.date(2020, 1, 1)], [datetime.date(2020, 1, 2)]),
        ([[X]], [[X.copy()]], [[X + 1]]),
        ([{"a", "b", "c"}], [{"c", "b", "a"}], [{"c", "b"}]),
        (["x"] * 10_000, ["x"] * 10_000, ["x"] * 9_999 + ["y"]),
        (masked(0, 1), masked(0, 1), masked(1, 0)),
        (np.matrix([[1, 2]]), np.matrix([[1, 2]]), np.matrix([[1], [2]])),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_lists_and_the_like(data: Any, same: Any, other: Any) -> None:
    assert content_digest(data) == content_digest(same) != ""
    assert content_digest(data) != content_digest(other)


@given(st.lists(st.integers() | st.text() | st.floats() | st.none()))
def test_any_list_has_a_digest(items: list[Any]) -> None:
    assert content_digest(items) == content_digest(list(items)) != ""


@pytest.mark.parametrize("data", [iter([1]), (i for i in ()), object(), lambda: None, "text", 3])
def test_what_cannot_be_looked_at_has_none(data: object) -> None:
    assert content_digest(data) == ""
    assert size_of(data) == 0


def test_sizes() -> None:
    assert size_of(X) == X.nbytes
    assert size_of([X, X]) == size_of({"a": X, "b": X}) == 2 * X.nbytes
    assert size_of(pd.DataFrame(X)) == X.nbytes
    assert size_of(scipy.sparse.csr_matrix(X)) > X.nbytes


def test_tensors() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(X)
    assert content_digest(tensor) == content_digest(tensor.clone().requires_grad_())
    assert content_digest(tensor.to(torch.bfloat16))
    assert content_digest(tensor.to("meta")) == ""
