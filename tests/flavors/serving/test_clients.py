"""MLflow's own client talks to the server as to its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import autolog
from autolog.flavors.schema import Param, Signature, Tensor
from tests.flavors.serving.serving import ROWS, Server, described, running, serving

client = pytest.importorskip("mlflow.pyfunc.scoring_server.client")


def mlflows(server: Server) -> Any:
    found = client.ScoringServerClient("127.0.0.1", server.port)
    found.wait_server_ready(timeout=5)
    return found


def test_tables(server: Server) -> None:
    asking = mlflows(server)
    assert asking.get_version() == autolog.__version__
    found = asking.invoke(ROWS).get_predictions()
    assert isinstance(found, pd.DataFrame)
    assert found[0].tolist() == pytest.approx([2.0, 2.0, 6.0])


def test_an_array_for_named_columns(server: Server) -> None:
    assert mlflows(server).invoke(ROWS.to_numpy()).get_predictions()[0].tolist() == pytest.approx(
        [2.0, 2.0, 6.0]
    )


@pytest.mark.slow
def test_missing_numbers(tmp_path: Path) -> None:
    """The client writes them as NaN, which is no JSON."""
    with running(serving(tmp_path / "model", lambda model, data: data["a"].fillna(9.0))) as server:
        found = mlflows(server).invoke(pd.DataFrame({"a": [np.nan, 1.0], "b": [1.0, np.nan]}))
    assert found.get_predictions()[0].tolist() == [9.0, 1.0]


@pytest.mark.slow
def test_an_array_and_params(tmp_path: Path) -> None:
    signature = Signature(inputs=(Tensor("float32", (-1, 2)),), params=(Param("k", "long", 1),))

    def predict(model: object, data: np.ndarray, k: int) -> np.ndarray:
        return data.sum(axis=1) * k

    with running(described(tmp_path / "model", signature, predict)) as server:
        found = mlflows(server).invoke(np.array([[1.0, 2.0], [3.0, 4.0]]), params={"k": 10})
    assert found.get_predictions()[0].tolist() == [30.0, 70.0]


@pytest.mark.slow
def test_what_the_client_says_of_a_mistake(server: Server) -> None:
    with pytest.raises(Exception, match="error code 400.*column 'b' is missing"):
        mlflows(server).invoke(ROWS[["a"]])
