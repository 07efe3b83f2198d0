"""A model over a file: all forms, in order, resumable, and refused with the row."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

import autolog
from autolog.flavors.bulk import Options, predict_file, scoring, sources
from autolog.flavors.bulk.sources import Unreadable
from autolog.flavors.schema import SchemaError

ROWS = 1_000
NAMES = ["a", "b"]


def rows(n: int = ROWS) -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=(n, 2)).round(6)
    return pd.DataFrame(values, columns=NAMES).assign(id=[f"00{i}" for i in range(n)])


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CHUNK", 128)


@pytest.fixture
def model(tmp_path: Path) -> str:
    frame = rows()[NAMES]
    fitted = LinearRegression().fit(frame, frame["a"] - 2 * frame["b"])
    autolog.save_model(fitted, tmp_path / "model", input_example=frame)
    return str(tmp_path / "model")


WRITE: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path),
    "jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}
READ: dict[str, Callable[[Path], pd.DataFrame]] = {
    "csv": lambda path: pd.read_csv(path, dtype={"id": str}),
    "parquet": pd.read_parquet,
    "jsonl": lambda path: pd.read_json(path, lines=True, dtype={"id": str}),
}


def written(form: str, frame: pd.DataFrame, tmp_path: Path) -> str:
    path = tmp_path / f"in.{form}"
    WRITE[form](frame, path)
    return str(path)


@pytest.mark.parametrize("form", WRITE)
@pytest.mark.parametrize("to", READ)
def test_all_forms_give_the_same_in_the_same_order(form: str, to: str, model: str, tmp_path: Path) -> None:
    source, target = written(form, rows(), tmp_path), tmp_path / f"out.{to}"
    assert predict_file(model, source, str(target), Options(kept=["id"])) == ROWS
    found = READ[to](target)
    expected = autolog.load_model(model).predict(rows()[NAMES])
    assert list(found.columns) == ["id", "prediction"]
    assert found["id"].tolist() == rows()["id"].tolist()
    np.testing.assert_allclose(found["prediction"], expected, atol=1e-9)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["model", f"in.{form}", f"out.{to}"])


def test_all_columns_or_none_are_kept(model: str, tmp_path: Path) -> None:
    source = written("parquet", rows(), tmp_path)
    predict_file(model, source, str(tmp_path / "all.parquet"), Options(kept=None))
    predict_file(model, source, str(tmp_path / "none.parquet"))
    assert list(pd.read_parquet(tmp_path / "all.parquet")) == ["a", "b", "id", "prediction"]
    assert list(pd.read_parquet(tmp_path / "none.parquet")) == ["prediction"]


@pytest.mark.parametrize("form", WRITE)
def test_a_wrong_value_is_told_with_its_row_in_the_file(form: str, model: str, tmp_path: Path) -> None:
    frame = rows().astype({"b": object})
    frame.loc[700, "b"] = "many"
    if form == "parquet":
        frame["b"] = frame["b"].astype(str)
    source = written(form, frame, tmp_path)
    with pytest.raises((SchemaError, Unreadable)) as refused:
        predict_file(model, source, str(tmp_path / "out.csv"))
    message = str(refused.value)
    if form == "jsonl":
        assert message == "column 'b', row 700: 'many' is of another kind than the values before it"
    elif form == "csv":
        assert "Row #702" in message and "'many'" in message  # the header is the first
    else:
        assert message.startswith("column 'b', row 0: ")
    assert not (tmp_path / "out.csv").exists()


def test_missing_columns_and_columns_that_cannot_be_kept(model: str, tmp_path: Path) -> None:
    source = written("csv", rows().drop(columns="b"), tmp_path)
    with pytest.raises(SchemaError, match="the model's column 'b' is missing"):
        predict_file(model, source, str(tmp_path / "out.csv"))
    source = written("csv", rows().assign(prediction=1), tmp_path)
    with pytest.raises(SchemaError, match="do not keep it"):
        predict_file(model, source, str(tmp_path / "out.csv"), Options(kept=None))
    with pytest.raises(SchemaError, match="no column 'nothing' to keep"):
        predict_file(model, source, str(tmp_path / "out.csv"), Options(kept=["nothing"]))


@pytest.mark.parametrize("form", WRITE)
@pytest.mark.parametrize("to", READ)
def test_what_was_done_is_not_done_again(form: str, to: str, model: str, tmp_path: Path) -> None:
    source, target = written(form, rows(), tmp_path), tmp_path / f"out.{to}"

    class Stop(Exception):
        pass

    seen = [0]

    def stop(count: int) -> None:
        seen[0] += count
        if seen[0] > 500:
            raise Stop

    with pytest.raises(Stop):
        predict_file(model, source, str(target), Options(kept=["id"]), step=stop)
    assert not target.exists()
    begun: list[Any] = []
    later: list[int] = []
    predict_file(
        model,
        source,
        str(target),
        Options(kept=["id"]),
        begun=lambda *done: begun.append(done),
        step=later.append,
    )
    assert begun[0][0] >= 384
    assert begun[0][0] + sum(later) == ROWS
    assert READ[to](target)["id"].tolist() == rows()["id"].tolist()
    assert not list(tmp_path.glob("*.partial*"))


def test_another_input_or_other_options_begin_anew(model: str, tmp_path: Path) -> None:
    source, target = written("csv", rows(), tmp_path), tmp_path / "out.csv"
    with pytest.raises(ZeroDivisionError):
        predict_file(model, source, str(target), step=lambda count: 1 // 0)
    begun: list[Any] = []
    predict_file(model, source, str(target), Options(kept=["id"]), begun=lambda *done: begun.append(done))
    assert begun[0][0] == 0
    assert len(pd.read_csv(target)) == ROWS


def test_an_output_that_exists_is_not_replaced_unasked(model: str, tmp_path: Path) -> None:
    source = written("csv", rows(), tmp_path)
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(FileExistsError):
        predict_file(model, source, str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text() == "mine"
    predict_file(model, source, str(tmp_path / "out.csv"), Options(overwrite=True))
    assert len(pd.read_csv(tmp_path / "out.csv")) == ROWS


def test_wrong_use(model: str, tmp_path: Path) -> None:
    source = written("csv", rows(), tmp_path)
    with pytest.raises(ValueError, match="is the input, too"):
        predict_file(model, source, source, Options(overwrite=True))
    with pytest.raises(ValueError, match="format of .* is unknown"):
        predict_file(model, source, str(tmp_path / "out.xls"))
    with pytest.raises(ValueError, match="Parquet cannot go to the standard output"):
        predict_file(model, source, "-", Options(output_format="parquet"))
    with pytest.raises(FileNotFoundError):
        predict_file(model, str(tmp_path / "none.csv"), str(tmp_path / "out.csv"))


@pytest.mark.parametrize("form", WRITE)
def test_an_input_that_is_broken(form: str, model: str, tmp_path: Path) -> None:
    source = Path(written(form, rows(), tmp_path))
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2] + b'"')
    with pytest.raises((Unreadable, SchemaError)):
        predict_file(model, str(source), str(tmp_path / "out.csv"))


@pytest.mark.parametrize("form", WRITE)
def test_an_input_without_rows(form: str, model: str, tmp_path: Path) -> None:
    source = written(form, rows().head(0), tmp_path)
    assert predict_file(model, source, str(tmp_path / "out.csv")) == 0
    assert (tmp_path / "out.csv").exists()


def test_several_values_a_row(tmp_path: Path) -> None:
    frame = rows()[NAMES]
    fitted = LinearRegression().fit(frame, frame)
    autolog.save_model(fitted, tmp_path / "model", input_example=frame)
    source = written("csv", frame, tmp_path)
    predict_file(str(tmp_path / "model"), source, str(tmp_path / "out.csv"))
    assert list(pd.read_csv(tmp_path / "out.csv")) == ["prediction_0", "prediction_1"]


def test_classes_that_are_text(tmp_path: Path) -> None:
    frame = rows()[NAMES]
    fitted = LogisticRegression().fit(frame, np.where(frame["a"] > 0, "yes", "no"))
    autolog.save_model(fitted, tmp_path / "model", input_example=frame)
    predict_file(str(tmp_path / "model"), written("csv", frame, tmp_path), str(tmp_path / "out.jsonl"))
    assert set(pd.read_json(tmp_path / "out.jsonl", lines=True)["prediction"]) == {"yes", "no"}


COMMAND = [sys.executable, "-c", "import sys; from autolog.cli import main; sys.exit(main())", "predict"]


@pytest.mark.slow
def test_from_the_standard_input_to_the_standard_output(model: str, tmp_path: Path) -> None:
    text = rows(10).to_csv(index=False)
    options = ["-i", "-", "--input-format", "csv", "-o", "-", "--output-format", "jsonl", "--keep", "id"]
    done = subprocess.run([*COMMAND, model, *options], input=text, capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == 10
    assert done.stderr == "10 rows predicted, written to -\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["-i", "none.csv", "-o", "out.csv"], 1, "none.csv"),
        (["-i", "in.csv", "-o", "in.csv"], 2, "is the input, too"),
        (["-i", "in.csv", "-o", "out.what"], 2, "the format of 'out.what' is unknown"),
        (["-i", "wrong.csv", "-o", "out.csv"], 1, "the model's columns 'a', 'b' are missing"),
    ],
)
def test_how_the_command_fails(
    options: list[str], code: int, message: str, model: str, tmp_path: Path
) -> None:
    written("csv", rows(3), tmp_path)
    (tmp_path / "wrong.csv").write_text("c\n1\n")
    done = subprocess.run([*COMMAND, model, *options], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_killed_command_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fatal.py").write_text(
        "import os, signal, time\n"
        "calls = []\n"
        "def predict(data):\n"
        "    calls.append(len(data))\n"
        "    if len(calls) == 2 and 'FATAL' in os.environ:\n"
        f"        time.sleep({2 * scoring._NOTE_EVERY})\n"  # so that it is noted how far it got
        "    if len(calls) == 3 and 'FATAL' in os.environ:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return data['a']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    frame = rows(600_000)
    model = tmp_path / "model"
    autolog.save_model(importlib.import_module("fatal").predict, model, input_example=frame[NAMES])
    source, target = written("csv", frame, tmp_path), tmp_path / "out.csv"
    command = [*COMMAND, str(model), "-i", source, "-o", str(target), "--keep", "id"]
    command += ["--trust", "fatal.predict"]
    killed = subprocess.run(command, env={**os.environ, "FATAL": "yes"})
    assert (killed.returncode, target.exists()) == (-signal.SIGKILL, False)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "going on after row" in done.stderr
    assert pd.read_csv(target, dtype={"id": str})["id"].tolist() == frame["id"].tolist()


def _peak(command: list[str]) -> int:
    """Kilobytes of memory that a command had at most."""
    pid = os.spawnv(os.P_NOWAIT, command[0], command)
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    return usage.ru_maxrss


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(model: str, tmp_path: Path) -> None:
    peaks = []
    for n in (200_000, 2_000_000):
        frame = rows(1000)[NAMES]
        pd.concat([frame] * (n // 1000)).to_parquet(tmp_path / f"{n}.parquet", row_group_size=100_000)
        peaks.append(
            _peak(
                [*COMMAND, model, "-i", str(tmp_path / f"{n}.parquet"), "-o", str(tmp_path / f"o{n}.parquet")]
            )
        )
    assert peaks[1] - peaks[0] < 60_000


@pytest.mark.slow
def test_on_a_dask_cluster_of_processes(model: str, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    source = written("csv", rows(), tmp_path)
    with distributed.LocalCluster(2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster:
        options = Options(kept=["id"], dask=cluster.scheduler_address)
        assert predict_file(model, source, str(tmp_path / "out.csv"), options) == ROWS
        predict_file(model, source, str(tmp_path / "here.csv"), Options(kept=["id"]))
        assert (tmp_path / "out.csv").read_text() == (tmp_path / "here.csv").read_text()
        frame = rows().astype({"b": object})
        frame.loc[700, "b"] = "many"
        source = written("jsonl", frame, tmp_path)
        with pytest.raises(SchemaError, match="column 'b', row 700"):
            predict_file(model, source, str(tmp_path / "no.csv"), options)
