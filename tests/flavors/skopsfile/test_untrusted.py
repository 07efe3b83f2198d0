"""Files that name what nobody vouched for: refused by name, before anything is made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from autolog.flavors import ModelNotLoadable, ModelUntrusted
from autolog.flavors.skopsfile.read import read
from autolog.flavors.skopsfile.write import write

from .forging import Node, forge, number, replaced

X = np.abs(np.random.RandomState(0).normal(size=(20, 3)))
EMPTY: Node = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": []}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(FunctionTransformer(np.log1p).fit(X), tmp_path / "model.skops")
    return tmp_path / "model.skops"


def node(loader: str, module: str, name: str, **content: Any) -> Node:
    return {"__loader__": loader, "__module__": module, "__class__": name, **content}


CALLS = {"content": EMPTY, "__reduce__": {"args": EMPTY}}
HELD = node("FunctionNode", "numpy", "mean")
REFUSED = {
    "posix.system": node("FunctionNode", "posix", "system"),
    "builtins.eval": node("TypeNode", "builtins", "eval"),
    "numpy.load": node("FunctionNode", "numpy", "load"),
    "numpy.save": node("FunctionNode", "numpy", "save"),
    "sklearn.datasets._openml.fetch_openml": node("FunctionNode", "sklearn.datasets._openml", "fetch_openml"),
    "sklearn.utils._testing.set_random_state": node(
        "FunctionNode", "sklearn.utils._testing", "set_random_state"
    ),
    "sklearn.tests.test_base.MyEstimator": node(
        "ObjectNode", "sklearn.tests.test_base", "MyEstimator", content=None
    ),
    "sklearn.tree._tree.Tree": node("ObjectNode", "sklearn.tree._tree", "Tree", content=None),
    "sklearn.neighbors.KDTree": node("ObjectNode", "sklearn.neighbors", "KDTree", content=None),
    "subprocess.Popen": node("ConstructorFromReduceNode", "subprocess", "Popen", **CALLS),
    "builtins.exec": node("LossNode", "builtins", "exec", **CALLS),
    "os.popen": node("TreeNode", "os", "popen", **CALLS),
    "collections.Counter": node("DictNode", "collections", "Counter", content={}, key_types=EMPTY),
    "pathlib.Path": node("ListNode", "pathlib", "Path", content=[]),
    "numpy.memmap": node("NdArrayNode", "numpy", "memmap", type="numpy", file="1.npy"),
    "operator.methodcaller": node("OperatorFuncNode", "operator", "methodcaller", attrs=EMPTY),
    "numpy.f2py.__main__.main": node("FunctionNode", "numpy.f2py.__main__", "main"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_nobody_vouched_for_is_refused(name: str, file: Path) -> None:
    forge(file, replaced("func", REFUSED[name]))
    with pytest.raises(ModelUntrusted, match=name) as caught:
        read(file)
    assert caught.value.types == (name,)
    assert f'trust=["{name}"]' in str(caught.value)


def test_a_bound_method_has_to_be_named_itself(file: Path) -> None:
    owner = node("ObjectNode", "sklearn.linear_model._logistic", "LogisticRegression", content=None)
    method = node("MethodNode", "sklearn.linear_model._logistic", "LogisticRegression")
    forge(file, replaced("func", method | {"content": {"func": "fit", "obj": owner}}))
    with pytest.raises(ModelUntrusted, match=r"LogisticRegression\.fit"):
        read(file)


def test_names_are_found_however_deep_they_stand(file: Path) -> None:
    keywords = node("DictNode", "builtins", "dict", key_types=EMPTY, content={"a": REFUSED["posix.system"]})
    parts = {"func": HELD, "args": EMPTY, "kwds": keywords, "namespace": number(None)}
    forge(file, replaced("func", node("PartialNode", "functools", "partial", content=parts)))
    with pytest.raises(ModelUntrusted, match=r"posix\.system"):
        read(file)


def test_a_distribution_of_scipy_would_run_source_code_from_the_file(tmp_path: Path) -> None:
    write(FunctionTransformer(kw_args={"law": scipy.stats.norm()}), tmp_path / "model.skops")
    with pytest.raises(ModelUntrusted, match=r"scipy\.stats"):
        read(tmp_path / "model.skops")


def test_judging_a_file_imports_nothing_of_the_users(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "trap_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(file.parent))
    forge(file, replaced("func", node("FunctionNode", "trap_module", "f")))
    with pytest.raises(ModelUntrusted, match=r"trap_module\.f"):
        read(file)
    assert "trap_module" not in sys.modules


def test_a_class_that_is_named_but_gone(file: Path) -> None:
    forge(file, replaced("func", node("FunctionNode", "features_gone", "scale")))
    with pytest.raises(ModelNotLoadable, match=r"features_gone\.scale"):
        read(file, ["features_gone.scale"])


@pytest.mark.parametrize("protocol", [0, 1, 3, 999, True, None, "2"])
def test_another_protocol_is_refused(protocol: object, file: Path) -> None:
    forge(file, lambda tree: tree.update(protocol=protocol))
    with pytest.raises(ModelNotLoadable, match="version of skops"):
        read(file)


def test_an_unknown_loader_is_refused_by_its_class(file: Path) -> None:
    forge(file, replaced("func", node("CodeNode", "types", "CodeType")))
    with pytest.raises(ModelUntrusted, match=r"types\.CodeType"):
        read(file)


def test_the_random_streams_are_left_alone(tmp_path: Path) -> None:
    model = LogisticRegression(random_state=np.random.RandomState(3)).fit(X, X[:, 0] > 0.5)
    before = np.random.get_state()[1].copy(), model.random_state.get_state()[1].copy()  # type: ignore[index]
    write(model, tmp_path / "model.skops")
    loaded = read(tmp_path / "model.skops")
    assert (np.random.get_state()[1] == before[0]).all()  # type: ignore[index]
    assert (model.random_state.get_state()[1] == before[1]).all()
    assert loaded.random_state.random_sample() == model.random_state.random_sample()
