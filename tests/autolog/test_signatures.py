"""The signature of a recorded model: read off the data of its fit, held to by its predictor."""

from __future__ import annotations

import datetime
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp
import xgboost
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import AgglomerativeClustering
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import autolog
from autolog.flavors import Array, Column, Object, Predictor, Property, SchemaError, Signature, Tensor

Y = np.arange(30) % 2
SIZES = pd.Series(np.arange(30.0))


@pytest.fixture(autouse=True)
def recorded() -> None:
    autolog.enable(store="runs", silent=True)


def model() -> Any:
    (run,) = autolog.search_runs("parent is null", store="runs")
    (found,) = run.models()
    return found


def signature(trust: Any = ()) -> Signature:
    found = predictor(trust).signature
    assert found is not None
    return found


def predictor(trust: Any = ()) -> Predictor:
    return autolog.load_predictor(f"models:/{model().id}", trust=trust)


class Anything(ClassifierMixin, BaseEstimator):
    """Takes any table, and looks at the rows only to count them."""

    seen: ClassVar[Any] = None

    def fit(self, X: Any, y: Any) -> Anything:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        Anything.seen = X
        return np.full(len(X), self.classes_[0])


TRUST = [f"{__name__}.Anything"]
DAY = datetime.date(2024, 2, 29)
TABLE = pd.DataFrame({
    "size": SIZES.where(SIZES != 3),
    "count": pd.array([None, *range(29)], "Int64"),
    "kind": pd.Categorical(["a", "b", "c"] * 10),
    "name": ["x", None] * 15,
    "day": [DAY] * 30,
    "when": pd.Timestamp("2024-02-29 12:00"),
    "zoned": pd.Timestamp("2024-02-29", tz="UTC"),
    "tags": [["x"], ["y", "z"]] * 15,
    "place": [{"lat": 1.0, "note": "n"}, {"lat": 2.0}] * 15,
    "raw": [b"x"] * 30,
})  # fmt: skip


def test_columns_of_every_kind() -> None:
    Anything().fit(TABLE, Y)
    place = Object((Property("lat", "double"), Property("note", "string", required=False)))
    found = signature(TRUST)
    assert found.inputs == (
        Column("double", "size", required=False),
        Column("any", "count", required=False, dtype="Int64"),
        Column("any", "kind", required=False, dtype="category", categories=("a", "b", "c")),
        Column("string", "name", required=False),
        Column("any", "day", required=False, dtype="date"),
        Column("datetime", "when"),
        Column("any", "zoned", required=False, dtype=str(TABLE["zoned"].dtype)),
        Column(Array("string"), "tags"),
        Column(place, "place"),
        Column("binary", "raw"),
    )
    assert found.outputs == (Tensor("int64", (-1,)),)
    said = [note for note in model().notes if "'any' for MLflow" in note]
    assert [note.split("'")[1] for note in said] == ["count", "kind", "day", "zoned"]


def test_the_predictor_gives_the_model_what_it_knew() -> None:
    Anything().fit(TABLE, Y)
    loaded = predictor(TRUST)
    rows = json.loads(
        TABLE[["size", "count", "kind", "name", "tags", "place"]].head(3).to_json(orient="records")
    )
    more = {
        "day": "2024-02-29",
        "when": "2024-02-29T12:00:00",
        "zoned": "2024-02-29T00:00:00Z",
        "raw": "eA==",
    }
    assert loaded.predict([{**row, **more} for row in rows]).tolist() == [0, 0, 0]
    seen = type(loaded.model).seen
    exactly = ["size", "count", "kind", "zoned"]
    assert seen[exactly].dtypes.equals(TABLE[exactly].dtypes)
    assert seen["when"].dtype.kind == "M"
    if int(pd.__version__.partition(".")[0]) > 2:  # before, pandas read every time in nanoseconds
        assert seen["when"].dtype == TABLE["when"].dtype
    assert seen["count"].tolist() == [pd.NA, 0, 1]
    assert seen["day"].tolist() == [DAY] * 3
    assert seen["raw"].tolist() == [b"x"] * 3


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("size", "big", "no number"),
        ("count", 1.5, "Int64"),
        ("place", {"lat": "x"}, "lat"),
        ("tags", 7, "no list"),
    ],
)
def test_what_the_training_data_never_was_is_refused(column: str, value: Any, said: str) -> None:
    Anything().fit(TABLE, Y)
    rows = TABLE.head(3).astype(object)
    rows[column] = [rows[column][0], value, rows[column][2]]
    with pytest.raises(SchemaError, match=said) as caught:
        predictor(TRUST).predict(rows)
    assert (caught.value.column, caught.value.row) == (column, 1)


def test_no_row_of_the_data_is_kept() -> None:
    X = pd.DataFrame({"salary": [123456.75, 1.0] * 15})
    DecisionTreeClassifier().fit(X, Y)
    (run,) = autolog.search_runs(store="runs")
    files = [run.artifacts().path(name) for name in run.artifacts()]
    assert {file.name for file in files}.isdisjoint({"input_example.json", "serving_input_example.json"})
    assert not any(b"123456.75" in file.read_bytes() for file in files if file.suffix != ".skops")


class Ratio(BaseEstimator):
    """A transformer that writes into what it is given, as users' own do."""

    def fit(self, X: Any, y: Any = None) -> Ratio:
        return self

    def transform(self, X: Any) -> Any:
        X["ratio"] = X["a"] / X["b"]
        del X["b"]
        return X

    def __sklearn_is_fitted__(self) -> bool:
        return True


def test_it_is_the_data_before_the_fit_changed_it() -> None:
    X = pd.DataFrame({"a": np.arange(30.0), "b": 2.0})
    make_pipeline(Ratio(), LogisticRegression()).fit(X, Y)
    assert list(X.columns) == ["a", "ratio"]  # theirs, with us or without
    found = signature([f"{__name__}.Ratio"])
    assert found.inputs == (Column("double", "a"), Column("double", "b"))
    assert found.outputs == (Tensor("int64", (-1,)),)


class Counts(FunctionTransformer):
    calls = 0

    def transform(self, X: Any) -> Any:
        type(self).calls += 1
        np.random.random()
        return X


@pytest.mark.parametrize("copy", [True, False])
def test_asking_for_the_output_is_not_noticed(copy: bool) -> None:
    """With copy=False the data may have been changed, and the model is not asked at all."""
    Counts.calls = 0
    X = np.random.default_rng(0).random((30, 2))
    np.random.seed(0)
    model = make_pipeline(Counts(), StandardScaler(copy=copy), LogisticRegression()).fit(X, Y)
    autolog.disable()
    after = np.random.random()
    recorded_calls = Counts.calls
    np.random.seed(0)
    make_pipeline(Counts(), StandardScaler(copy=copy), LogisticRegression()).fit(X, Y)
    assert after == np.random.random()
    assert (Counts.calls - recorded_calls == recorded_calls) == (not copy)
    assert len(autolog.search_runs(store="runs")) == 1
    assert hasattr(model, "n_features_in_")


def test_a_model_that_predicts_nothing_is_noted() -> None:
    AgglomerativeClustering().fit(np.random.default_rng(0).random((30, 2)))
    found = model()
    assert found.notes == (
        "the output is unknown: NotImplementedError: AgglomerativeClustering neither predicts nor transforms",
    )


ARRAYS: dict[str, tuple[Callable[[], Any], Tensor]] = {
    "ints": (lambda: np.ones((30, 2), np.int32), Tensor("int32", (-1, 2))),
    "floats": (lambda: np.ones((30, 3), np.float32), Tensor("float32", (-1, 3))),
    "sparse": (lambda: sp.csr_matrix(np.eye(30)), Tensor("float64", (-1, 30))),
    "list": (lambda: [[1.0, 2.0]] * 30, Tensor("float64", (-1, 2))),
    "objects": (lambda: np.array([["a", 1]] * 30, object), Tensor("object", (-1, 2))),
    "image": (lambda: np.zeros((30, 4, 4, 3), np.uint8), Tensor("uint8", (-1, 4, 4, 3))),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays(kind: str) -> None:
    make, expected = ARRAYS[kind]
    Anything().fit(make(), Y)
    assert signature(TRUST).inputs == (expected,)


@pytest.mark.parametrize("kind", ["list", "series", "array"])
def test_texts(kind: str) -> None:
    texts = ["good fine", "bad"] * 15
    given = {"list": list, "series": lambda t: pd.Series(t, name="text"), "array": np.array}[kind](texts)
    fitted = make_pipeline(CountVectorizer(), MultinomialNB()).fit(given, Y)
    assert signature().inputs[0].shape == (-1,)  # type: ignore[index, union-attr]
    wanted = fitted.predict(["bad", "fine", "bad"]).tolist()
    for asked in (
        ["bad", "fine", "bad"],
        pd.Series(["bad", "fine", "bad"]),
        pd.DataFrame({"text": ["bad", "fine", "bad"]}),
    ):
        assert predictor().predict(asked).tolist() == wanted


def test_a_long_text_costs_no_more_than_itself() -> None:
    texts = ["good fine", "bad"] * 15 + ["long " * 20_000]
    make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, [*Y, 0])
    tracemalloc.start()
    try:
        assert signature().inputs == (Tensor("str", (-1,)),)
        predictor().predict(texts)
        assert tracemalloc.get_traced_memory()[1] < 30 * 4 * 100_000  # what an array of texts would take
    finally:
        tracemalloc.stop()
    with pytest.raises(SchemaError, match="7 is no text") as caught:
        predictor().predict(["good", 7])
    assert caught.value.row == 1


@pytest.mark.parametrize("library", ["polars", "arrow"])
def test_tables_of_others(library: str) -> None:
    make = pa.table if library == "arrow" else pytest.importorskip("polars").DataFrame
    sizes = [None, *map(float, range(29))]
    table = make({"size": sizes, "count": list(range(30)), "kind": ["a", "b", None] * 10})
    Anything().fit(table, Y)
    assert signature(TRUST).inputs == (
        Column("double", "size", required=False),
        Column("long", "count"),
        Column("string", "kind", required=False),
    )
    loaded = predictor(TRUST)
    assert loaded.predict(table).tolist() == [0] * 30
    with pytest.raises(SchemaError, match="'count' is missing"):
        loaded.predict(table.to_pandas().drop(columns="count"))


def test_polars_through_a_real_pipeline() -> None:
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"size": list(map(float, range(30))), "kind": ["a", "b", "c"] * 10})
    steps = make_column_transformer((StandardScaler(), ["size"]), (OneHotEncoder(), ["kind"]))
    fitted = make_pipeline(steps, LogisticRegression()).fit(table, Y)
    assert predictor().predict(table).tolist() == fitted.predict(table).tolist()


@pytest.mark.slow
def test_of_a_search_it_is_that_of_all_its_data() -> None:
    X = pd.DataFrame({"size": SIZES.where(SIZES != 29)})
    GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, cv=2).fit(X, Y)
    assert signature().inputs == (Column("double", "size", required=False),)


def test_of_a_partial_fit_it_is_that_of_the_first_batch() -> None:
    X = pd.DataFrame({"size": SIZES})
    with autolog.run("online"):
        learner = SGDClassifier(random_state=0)
        for _ in range(3):
            learner.partial_fit(X, Y, classes=[0, 1])
    assert signature().inputs == (Column("double", "size"),)
    assert signature().outputs == (Tensor("int64", (-1,)),)


BOOSTED = pd.DataFrame({
    "size": SIZES.where(SIZES != 3),
    "count": np.arange(30),
    "kind": pd.Categorical(["a", "b", "c"] * 10),
})  # fmt: skip
PARAMS = {"max_depth": 2, "verbosity": 0, "min_data_in_leaf": 1}


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("without_sklearn", [False, True])
def test_boosted_estimators(library: str, without_sklearn: bool) -> None:
    if without_sklearn:
        autolog.disable("sklearn")
    made: Any = {
        "xgboost": lambda: xgboost.XGBClassifier(n_estimators=2, enable_categorical=True),
        "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, min_child_samples=1),
    }[library]()
    made.fit(BOOSTED, Y)
    found = signature()
    assert found.inputs == (
        Column("double", "size", required=False),
        Column("long", "count"),
        Column("any", "kind", required=False, dtype="category", categories=("a", "b", "c")),
    )
    assert found.outputs == (Tensor("int64", (-1,)),)
    assert predictor().predict(BOOSTED.astype({"kind": object})).tolist() == made.predict(BOOSTED).tolist()


def test_a_booster_of_xgboost() -> None:
    booster = xgboost.train(
        {"max_depth": 2, "objective": "multi:softprob", "num_class": 3},
        xgboost.QuantileDMatrix(BOOSTED, Y, enable_categorical=True),
        2,
    )
    found = signature()
    assert [(c.type, c.name, c.required, c.dtype) for c in found.inputs or ()] == [  # type: ignore[union-attr]
        ("double", "size", False, ""),
        ("long", "count", False, ""),
        ("any", "kind", False, "category"),
    ]
    assert found.outputs == (Tensor("float32", (-1, 3)),)
    asked = predictor().predict(BOOSTED.astype({"kind": object}))
    assert np.array_equal(asked, booster.predict(xgboost.DMatrix(BOOSTED, enable_categorical=True)))
    assert autolog.load_model(f"models:/{model().id}").num_boosted_rounds() == 2


def test_a_booster_of_xgboost_without_names() -> None:
    X = np.random.default_rng(0).random((30, 4))
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(X, Y), 2)
    assert signature().inputs == (Tensor("float32", (-1, 4)),)
    assert np.array_equal(predictor().predict(X), booster.predict(xgboost.DMatrix(X)))


def test_a_booster_of_lightgbm_whose_rows_are_freed() -> None:
    data = lightgbm.Dataset(BOOSTED, Y)
    booster = lightgbm.train({"verbosity": -1, "min_data_in_leaf": 1}, data, 2)
    assert data.data is None
    assert signature().inputs == (
        Column("double", "size", required=False),
        Column("long", "count"),
        Column("any", "kind", required=False, dtype="category", categories=("a", "b", "c")),
    )
    assert signature().outputs == (Tensor("float64", (-1,)),)
    assert np.array_equal(predictor().predict(BOOSTED), booster.predict(BOOSTED))


def test_nothing_is_read_where_no_model_is_kept() -> None:
    class Table(pd.DataFrame):
        @property
        def iloc(self) -> Any:
            raise AssertionError("it was looked at")

    autolog.enable(store="runs", silent=True, models=False, exclude=["metrics.training_*", "inputs.*"])
    Anything().fit(Table({"size": SIZES}), Y)
    (run,) = autolog.search_runs(store="runs")
    assert run.models() == []


def test_a_container_that_cannot_be_read_costs_nothing_but_a_note() -> None:
    class Strange:
        shape = (30, 2)

        def __len__(self) -> int:
            return 30

        def __array__(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("the tape is torn")

    Anything().fit(Strange(), Y)
    assert "there is no signature: OSError: the tape is torn" in model().notes
    assert Path("runs").exists()
