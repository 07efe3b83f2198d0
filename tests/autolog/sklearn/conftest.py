"""Recording into a store of the test's own, and reading it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import autolog

Runs = Callable[[], list[Any]]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Fits this small take longer in several threads, most of all on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def runs() -> Runs:
    """Turns recording on, without models. Gives all runs so far, the oldest first."""
    autolog.enable(store="runs", models=False, silent=True)
    return lambda: list(reversed(autolog.search_runs(store="runs"))) if Path("runs").exists() else []


@pytest.fixture(scope="session")
def iris() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)  # type: ignore[no-any-return]


def read(run: Any, path: str) -> Any:
    """The content of a JSON artifact."""
    return json.loads(run.artifacts().path(path).read_text())
