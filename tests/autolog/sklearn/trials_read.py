"""Comparing the trials of a recorded search with what scikit-learn says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def trials(run: Any) -> list[Any]:
    """The nested runs of a search, in the order of ``cv_results_``."""
    return sorted(run.children(), key=lambda child: int(child.tags["autolog.trial"]))


def assert_all_recorded(search: Any, run: Any) -> Sequence[Any]:
    """Each row of ``cv_results_`` is a nested run with the very same numbers, each logged once."""
    results = search.cv_results_
    children = trials(run)
    assert [child.params for child in children] == results["params"]
    assert [child.name for child in children] == [f"trial {i}" for i in range(len(results["params"]))]
    for row, child in enumerate(children):
        assert_trial_recorded(results, row, child, search.n_splits_)
    marked = [row for row, child in enumerate(children) if "autolog.best" in child.tags]
    assert marked == [search.best_index_]
    return children


def assert_trial_recorded(results: dict[str, Any], row: int, child: Any, splits: int) -> None:
    once = [name for name in results if name.startswith(("mean_", "std_", "rank_"))]
    once += [name for name in ("iter", "n_resources") if name in results]
    for name in once:
        (point,) = child.history(name)
        assert same(point.value, results[name][row]), name
    for name in {column.split("_", 1)[1] for column in results if column.startswith("split")}:
        folds = sorted(child.history(name), key=lambda point: point.step)
        assert [point.step for point in folds] == list(range(splits))
        assert all(same(p.value, results[f"split{p.step}_{name}"][row]) for p in folds), name
    for name in ("fit_time", "score_time"):
        assert sorted(child.history(name).step) == list(range(splits))
    assert child.status == ("FAILED" if child.error else "FINISHED")


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))
