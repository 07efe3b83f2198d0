from __future__ import annotations

import math
import struct
import traceback

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from autolog.autolog.sklearn.folds import error_of, scores, summary, times

RESULT = {"fit_error": None, "test_scores": 0.5, "fit_time": 0.1, "score_time": 0.2, "n_test_samples": 3}


def test_one_scorer_gives_test_score() -> None:
    assert scores(RESULT) == {"test_score": 0.5}


def test_several_scorers_give_their_names() -> None:
    result = RESULT | {"test_scores": {"a": 1.0, "b": 2.0}, "train_scores": {"a": 3.0, "b": 4.0}}
    assert scores(result) == {"test_a": 1.0, "test_b": 2.0, "train_a": 3.0, "train_b": 4.0}


def test_times_are_scikit_learns() -> None:
    assert times(RESULT) == {"fit_time": 0.1, "score_time": 0.2}


def bits(value: float) -> bytes:
    return struct.pack("d", value)


@pytest.mark.slow
@given(
    st.tuples(st.integers(1, 12), st.integers(1, 40)).flatmap(
        lambda shape: arrays(np.float64, shape, elements=st.floats(-1e9, 1e9) | st.just(math.nan))
    )
)
@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_summary_has_the_bits_of_cv_results(table: np.ndarray) -> None:
    candidates, splits = table.shape
    out = [RESULT | {"test_scores": value} for value in table.ravel().tolist()]
    search = GridSearchCV(DecisionTreeClassifier(), {})
    expected = search._format_results([{"max_depth": i} for i in range(candidates)], splits, out)
    for row in range(candidates):
        found = summary([times(r) | scores(r) for r in out[row * splits : (row + 1) * splits]])
        assert sorted(found) == sorted(n for n in expected if n.startswith(("mean_", "std_")))
        for name, value in found.items():
            assert bits(value) == bits(expected[name][row])


def test_summary_of_infinite_scores_warns_nobody() -> None:
    assert summary([{"test_score": math.inf}, {"test_score": 1.0}])["mean_test_score"] == math.inf


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no\n    good: at all"), "ValueError: no\n    good: at all"),
        (NotFittedError("fit first"), "NotFittedError: fit first"),
        (KeyError("x"), "KeyError: 'x'"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_error_of_a_traceback(error: Exception, expected: str) -> None:
    try:
        try:
            int("seven")
        except ValueError:
            raise error from None
    except type(error):
        assert error_of(traceback.format_exc()) == expected


def test_error_of_a_chain_is_the_last_one() -> None:
    try:
        try:
            int("seven")
        except ValueError as first:
            raise TypeError("then this") from first
    except TypeError:
        assert error_of(traceback.format_exc()) == "TypeError: then this"


def test_error_of_something_else() -> None:
    assert error_of("boom") == "boom"
