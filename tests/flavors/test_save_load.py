"""A model's folder: complete or absent, loadable, and refused when it is not what was saved."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import Birch
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from autolog import flavors
from autolog.flavors import (
    ModelDamaged,
    ModelExists,
    ModelNotLoadable,
    ModelNotSaved,
    ModelUntrusted,
    NotAModel,
)

X = np.random.RandomState(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


@pytest.fixture
def pipeline() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)


@pytest.fixture
def folder(tmp_path: Path, pipeline: Pipeline) -> Path:
    flavors.save(pipeline, tmp_path / "model", example=X)
    return tmp_path / "model"


def test_what_was_saved_is_what_is_loaded(folder: Path, pipeline: Pipeline) -> None:
    loaded = flavors.load_model(folder)
    assert (loaded.predict_proba(X) == pipeline.predict_proba(X)).all()
    assert repr(loaded) == repr(pipeline)


def test_what_is_told_about_it(tmp_path: Path, pipeline: Pipeline) -> None:
    info = flavors.save(pipeline, tmp_path / "model", example=X, metadata={"owner": "us"})
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert files == {*info.files, "MLmodel"} == {
        "MLmodel", "model.skops", "requirements.txt", "python_env.yaml", "conda.yaml",
        "input_example.json", "serving_input_example.json",
    }  # fmt: skip
    assert info.flavor == "sklearn"
    assert info.size == sum(path.stat().st_size for path in (tmp_path / "model").iterdir())
    assert info.signature == flavors.Signature(
        (flavors.Tensor("float64", (-1, 3)),), (flavors.Tensor("int64", (-1,)),)
    )
    document = yaml.safe_load((tmp_path / "model/MLmodel").read_text())
    assert document["metadata"]["owner"] == "us"
    assert document["metadata"]["autolog"]["sha256"] == info.files


def test_the_same_model_gives_the_same_bytes(tmp_path: Path, pipeline: Pipeline) -> None:
    one = flavors.save(pipeline, tmp_path / "one", example=X)
    two = flavors.save(pipeline, tmp_path / "two", example=X)
    assert one.files == two.files


def test_saving_changes_nothing(tmp_path: Path, pipeline: Pipeline) -> None:
    before = [(step, dict(vars(step))) for _, step in pipeline.steps]
    streams = random.getstate(), np.random.get_state()[1].copy()  # type: ignore[index]
    flavors.save(pipeline, tmp_path / "model", example=X)
    for step, held in before:
        assert vars(step).keys() == held.keys()
        assert all(vars(step)[name] is value for name, value in held.items())
    assert random.getstate() == streams[0]
    assert (np.random.get_state()[1] == streams[1]).all()  # type: ignore[index]


class Draws(ClassifierMixin, BaseEstimator):
    """Predicts by the global random streams, as user code may."""

    def fit(self, X: Any, y: Any) -> Draws:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        random.random()
        return np.random.random_sample(len(X))


class Refuses(BaseEstimator):
    def fit(self, X: Any, y: Any = None) -> Refuses:
        return self

    def predict(self, X: Any) -> Any:
        raise ZeroDivisionError("no prediction today")


def test_the_random_streams_are_as_before_when_predicting_draws_from_them(tmp_path: Path) -> None:
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.random_sample()
    random.seed(1)
    np.random.seed(1)
    info = flavors.save(Draws().fit(X, Y), tmp_path / "model", example=X)
    assert (random.random(), np.random.random_sample()) == expected
    assert info.signature is not None
    assert info.signature.outputs == (flavors.Tensor("float64", (-1,)),)


def test_a_model_that_refuses_to_predict_is_saved_and_it_is_said(tmp_path: Path) -> None:
    info = flavors.save(Refuses().fit(X), tmp_path / "model", example=X)
    assert "the output is unknown: ZeroDivisionError: no prediction today" in info.notes


def test_own_classes_are_saved_and_loaded_by_name(tmp_path: Path) -> None:
    model = Refuses().fit(X)
    flavors.save(model, tmp_path / "model")
    name = f"{__name__}.Refuses"
    with pytest.raises(ModelUntrusted) as caught:
        flavors.load_model(tmp_path / "model")
    assert caught.value.types == (name,)
    assert type(flavors.load_model(tmp_path / "model", trust=[name])) is Refuses


class Locked(BaseEstimator):
    """Can be written but not read: a forest of such classes is out there."""

    def __setstate__(self, state: Any) -> None:
        raise RuntimeError("sealed")


class Secretive(BaseEstimator):
    def __getstate__(self) -> Any:
        raise KeyError("nothing to see")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (FunctionTransformer(lambda X: X), r"<lambda>.*cannot be imported.*FunctionTransformer\.func"),
        (make_pipeline(FunctionTransformer(lambda X: X)), r"Pipeline\.steps\[0\]\[1\]\.func"),
        (LogisticRegression(class_weight={(0, 1): 2.0}), r"a dict with a key of type tuple.*class_weight"),
        (FunctionTransformer(kw_args={1: "a", "1": "b"}), "differ only in their type"),
        (FunctionTransformer(kw_args={"lock": threading.Lock()}), r"lock.*kw_args\.lock"),
        (Birch(), "Birch, which the skops format has no form for"),
        (Locked(), r"not read again: .*RuntimeError: sealed"),
        (Secretive(), "Secretive: KeyError: 'nothing to see'"),
        (object(), r"no flavor is known for builtins\.object"),
    ],
    ids=[
        "lambda",
        "deep lambda",
        "tuple key",
        "like keys",
        "lock",
        "birch",
        "locked",
        "secretive",
        "no estimator",
    ],
)
def test_what_cannot_be_saved_is_named(model: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotSaved, match=reason):
        flavors.save(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_holds_itself(tmp_path: Path) -> None:
    model = FunctionTransformer()
    model.kw_args = {"me": model}
    with pytest.raises(ModelNotSaved, match="holds itself"):
        flavors.save(model, tmp_path / "model")


def test_false_as_a_key_stays_false(tmp_path: Path) -> None:
    weights = {False: 1.0, True: 2.0}
    flavors.save(LogisticRegression(class_weight=weights), tmp_path / "model")
    assert flavors.load_model(tmp_path / "model").class_weight == weights


@pytest.mark.slow
def test_a_class_of_the_script_itself_is_not_saved(tmp_path: Path) -> None:
    script = """
        from pathlib import Path
        from sklearn.base import BaseEstimator
        from autolog import flavors
        class Mine(BaseEstimator): pass
        try:
            flavors.save(Mine(), Path("model"))
        except flavors.ModelNotSaved as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.startswith("Mine is defined in the script itself")


def test_nothing_is_overwritten(folder: Path, pipeline: Pipeline) -> None:
    before = (folder / "MLmodel").read_bytes()
    with pytest.raises(ModelExists, match="choose another place"):
        flavors.save(pipeline, folder)
    assert (folder / "MLmodel").read_bytes() == before


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        flavors.save(pipeline, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_killed_save_leaves_no_model(tmp_path: Path) -> None:
    script = """
        import os
        import numpy as np
        from pathlib import Path
        from sklearn.linear_model import LinearRegression
        from autolog import flavors
        from autolog.flavors import mlmodel
        def kill(*args, **options):
            os.kill(os.getpid(), 9)
        mlmodel.write = kill
        flavors.save(LinearRegression().fit(np.eye(3), np.arange(3)), Path("models/model"))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path for path in (tmp_path / "models").iterdir() if not path.name.startswith(".")] == []
    assert list(tmp_path.rglob("MLmodel")) == []
    flavors.save(LinearRegression().fit(X, Y), tmp_path / "models/model")


def test_a_reader_meets_no_model_or_a_whole_one(tmp_path: Path, pipeline: Pipeline) -> None:
    met: list[Any] = []
    reads = threading.Event()

    def read() -> None:
        while not met or met[-1] is None:
            try:
                met.append(flavors.load_model(tmp_path / "model").predict(X).tolist())
            except NotAModel:
                met.append(None)
            reads.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert reads.wait(60)
    flavors.save(pipeline, tmp_path / "model", example=X)
    reader.join(60)
    assert (met[0], met[-1]) == (None, pipeline.predict(X).tolist())


def test_eight_threads_save_at_once(tmp_path: Path, pipeline: Pipeline) -> None:
    saved: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda n=n: saved.append(flavors.save(pipeline, tmp_path / str(n), example=X))
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(saved) == 8
    assert all(info.files == saved[0].files for info in saved)


@pytest.mark.parametrize("name", ["model.skops", "requirements.txt", "input_example.json"])
def test_a_changed_file_is_refused(name: str, folder: Path) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ModelDamaged, match="SHA-256 differs"):
        flavors.load_model(folder)


@pytest.mark.parametrize("name", ["model.skops", "conda.yaml"])
def test_a_missing_file_is_refused(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelDamaged, match=f"lacks its file '{name}'"):
        flavors.load_model(folder)


def test_a_description_that_is_cut_off_anywhere(folder: Path) -> None:
    whole = (folder / "MLmodel").read_bytes()
    for length in range(0, len(whole.rstrip()), 7):
        (folder / "MLmodel").write_bytes(whole[:length])
        with pytest.raises(ModelDamaged):
            flavors.load_model(folder)


@pytest.mark.parametrize(
    "name", ["../outside.skops", "/outside.skops", "..\\outside.skops", "a/../../outside.skops"]
)
def test_a_description_that_leads_out_of_the_folder(name: str, folder: Path) -> None:
    shutil.copy(folder / "model.skops", folder.parent / "outside.skops")
    edit(folder, lambda document: document["flavors"]["sklearn"].update(pickled_model=name))
    with pytest.raises(ModelDamaged, match="outside"):
        flavors.load_model(folder)


def test_a_link_that_leads_out_of_the_folder(folder: Path) -> None:
    (folder / "model.skops").rename(folder.parent / "outside.skops")
    (folder / "model.skops").symlink_to(folder.parent / "outside.skops")
    with pytest.raises(ModelDamaged, match="links to a file outside"):
        flavors.load_model(folder)


def test_a_newer_format_and_an_unknown_flavor(folder: Path) -> None:
    edit(folder, lambda document: document["metadata"]["autolog"].update(format=2))
    with pytest.raises(ModelNotLoadable, match="newer autolog"):
        flavors.load_model(folder)
    edit(folder, lambda document: document["metadata"]["autolog"].update(format=1, flavor="prophet"))
    with pytest.raises(ModelNotLoadable, match="prophet"):
        flavors.load_model(folder)


def test_a_pickle_is_refused(folder: Path) -> None:
    edit(folder, lambda document: document["flavors"]["sklearn"].update(serialization_format="cloudpickle"))
    with pytest.raises(ModelUntrusted, match="cloudpickle, which can run any code"):
        flavors.load_model(folder)


def test_trust_in_the_file_itself_counts_for_nothing(tmp_path: Path) -> None:
    flavors.save(Refuses().fit(X), tmp_path / "model")
    document = yaml.safe_load((tmp_path / "model/MLmodel").read_text())
    assert f"{__name__}.Refuses" in document["flavors"]["sklearn"]["skops_trusted_types"]
    with pytest.raises(ModelUntrusted):
        flavors.load_model(tmp_path / "model")


def test_no_model_at_all(tmp_path: Path) -> None:
    with pytest.raises(NotAModel, match="holds no model"):
        flavors.load_model(tmp_path)
    with pytest.raises(TypeError, match=r"trust=\['features.A'\]"):
        flavors.load_model(tmp_path, trust="features.A")


@pytest.mark.slow
def test_neither_saving_nor_loading_imports_skops_or_all_of_scikit_learn(
    folder: Path, tmp_path: Path
) -> None:
    script = f"""
        import sys
        from pathlib import Path
        from autolog import flavors
        model = flavors.load_model(Path({str(folder)!r}))
        flavors.save(model, Path("again"), example=[[1.0, 2.0, 3.0]])
        print(sorted(sys.modules.keys() & {{"skops", "mlflow", "sklearn.ensemble", "sklearn.cluster"}}))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "[]"


def edit(folder: Path, change: Any) -> None:
    document = yaml.safe_load((folder / "MLmodel").read_text())
    change(document)
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
