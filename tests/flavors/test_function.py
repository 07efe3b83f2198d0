"""Functions, and objects of the user's classes, as models."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.linear_model import LinearRegression

import autolog
from autolog.flavors import ModelNotLoadable, ModelNotSaved, ModelUntrusted
from autolog.flavors.mlflowloader import _load_pyfunc

X = np.arange(12.0).reshape(4, 3)


class Users:
    """A folder on the import path, with modules that are forgotten afterwards."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        folder.mkdir()
        monkeypatch.syspath_prepend(folder)
        self._monkeypatch = monkeypatch

    def module(self, name: str, text: str) -> ModuleType:
        (self.folder / f"{name}.py").write_text(textwrap.dedent(text))
        self._monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Users]:
    before = set(sys.modules)
    yield Users(tmp_path / "users", monkeypatch)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def python(script: str, folder: Path, *arguments: str) -> str:
    """What a script prints, which lies in a file of the folder."""
    path = folder / "my-script.py"
    path.write_text(textwrap.dedent(script))
    done = subprocess.run(
        [sys.executable, path, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_function_with_params(users: Users, tmp_path: Path) -> None:
    rules = users.module("rules", "def rule(data, factor=2.0):\n    return data[:, 0] * factor\n")
    signature = autolog.infer_signature(X, rules.rule(X), {"factor": 2.0})
    info = autolog.save_model(rules.rule, tmp_path / "model", signature=signature)
    assert info.flavor == "predictor"
    predictor = autolog.load_predictor(tmp_path / "model", trust=["rules.rule"])
    assert predictor.predict(X).tolist() == [0, 6, 12, 18]
    assert predictor.predict(X, {"factor": 3.0}).tolist() == [0, 9, 18, 27]
    assert autolog.load_model(tmp_path / "model", trust=["rules.rule"])(X, 1.0).tolist() == [0, 3, 6, 9]


def test_what_is_not_named_does_not_run(users: Users, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    rules = users.module("rules", f"open({str(ran)!r}, 'a').close()\ndef rule(data): return data\n")
    autolog.save_model(rules.rule, tmp_path / "model")
    ran.unlink()
    for trust in ([], ["rules"], ["rules.other"], ["autolog_predictor_1._load_pyfunc"]):
        with pytest.raises(ModelUntrusted, match=r'load with trust=\["rules.rule"\]') as caught:
            autolog.load_model(tmp_path / "model", trust=trust)
        assert caught.value.types == ("rules.rule",)
    assert not ran.exists()


def test_modules_that_a_module_imports_travel_and_distributions_are_required(
    users: Users, tmp_path: Path
) -> None:
    users.module("third", "from yaml import safe_load\nVALUE = 3\n")
    users.module("second", "import third\n")
    rules = users.module(
        "rules",
        """
        def rule(data):
            import numpy as np, second
            return np.full(len(data), second.third.VALUE)
        """,
    )
    info = autolog.save_model(rules.rule, tmp_path / "model", input_example=X)
    held = {name for name in info.files if name.startswith("code/")}
    assert held == {"code/rules.py", "code/second.py", "code/third.py"}
    assert [line.partition("==")[0] for line in info.requirements] == ["numpy", "pyyaml"]
    assert info.notes == ()


def test_modules_that_cannot_travel_are_named(
    users: Users, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be needed for a training only, so the model is saved."""
    monkeypatch.setitem(sys.modules, "phantom", ModuleType("phantom"))
    users.module("heavy", "#" * (11 << 20))
    rules = users.module("rules", "import heavy, phantom\ndef rule(data): return data\n")
    info = autolog.save_model(rules.rule, tmp_path / "model")
    heavy, phantom = info.notes
    assert heavy.startswith("the module 'heavy' does not travel along: ") and "too much code" in heavy
    assert (
        phantom == "the module 'phantom' is of no installed package and has no file: it does not travel along"
    )


def test_an_object_and_all_that_it_holds(users: Users, tmp_path: Path) -> None:
    module = users.module(
        "tariffs",
        """
        import enum
        class Kind(enum.Enum):
            DAY = "day"
            NIGHT = "night"
        class Tariff:
            def __init__(self, **held):
                vars(self).update(held)
            def predict(self, data):
                return self.model.predict(data) + self.shift
        """,
    )
    held = {
        "model": LinearRegression().fit(X, X[:, 0]),
        "shift": np.float32(2.5),
        "kind": module.Kind.NIGHT,
        "table": {"a": [1, (2, None)], "b": {3, 4}},
    }
    model = module.Tariff(**held)
    autolog.save_model(model, tmp_path / "model", input_example=X)
    with pytest.raises(ModelUntrusted) as caught:
        autolog.load_model(tmp_path / "model")
    assert caught.value.types[0] == "tariffs.Tariff"
    assert set(caught.value.types) == {"tariffs.Tariff", "tariffs.Kind"}
    loaded = autolog.load_model(tmp_path / "model", trust=caught.value.types)
    assert type(loaded) is module.Tariff
    assert {name: vars(loaded)[name] for name in ("shift", "kind", "table")} == {
        name: held[name] for name in ("shift", "kind", "table")
    }
    assert loaded.predict(X).tolist() == model.predict(X).tolist()


def test_slots_and_own_states(users: Users, tmp_path: Path) -> None:
    module = users.module(
        "odd",
        """
        class Slots:
            __slots__ = ("a", "__dict__")
            def predict(self, data): return data * self.a + self.b
        class Own:
            def __getstate__(self): return [self.a]
            def __setstate__(self, state): self.a = state[0]
            def predict(self, data): return data * self.a
        class Nothing:
            def predict(self, data): return data
        """,
    )
    slots, own = module.Slots(), module.Own()
    slots.a, slots.b, own.a = 2, 3, 4
    for model in (slots, own, module.Nothing()):
        path = tmp_path / type(model).__name__
        info = autolog.save_model(model, path)
        assert ("state.skops" in info.files) == (type(model) is not module.Nothing)
        loaded = autolog.load_model(path, trust=[f"odd.{type(model).__name__}"])
        assert loaded.predict(X).tolist() == model.predict(X).tolist()


SCRIPT = """
    from __future__ import annotations
    import sys
    from collections import defaultdict
    import autolog
    import numpy as np

    print("the script runs")
    RATE = 2.0; TABLE = defaultdict(float)
    for key in "abc":
        TABLE[key] = 1.0
    RATES = []
    RATES.append(RATE)
    X = np.arange(12.0).reshape(4, 3)
    UNUSED = [sys.exit for _ in X]

    def checked(function):
        return function

    def rate() -> Unknown:
        return RATES[0]

    @checked
    def rule(data):
        return data[:, 0] * rate() + TABLE["a"]

    class Tariff:
        offset = RATE

        def __init__(self):
            self.shift = np.ones(4)

        def predict(self, data):
            return data[:, 0] + self.offset + self.shift

    class Inner:
        class Tariff(Tariff): ...

    {action}
"""


@pytest.mark.slow
def test_functions_and_classes_of_a_script(tmp_path: Path) -> None:
    """The script itself is not run again."""
    action = """
    autolog.save_model(rule, "rule", input_example=X)
    autolog.save_model(Tariff(), "tariff", input_example=X)
    autolog.save_model(Inner.Tariff(), "inner", input_example=X)
    """
    python(SCRIPT.format(action=textwrap.dedent(action).replace("\n", "\n    ")), tmp_path)
    load = """
    import sys, autolog, numpy as np
    for name, trust in [("rule", "rule"), ("tariff", "Tariff"), ("inner", "Inner.Tariff")]:
        model = autolog.load_predictor(name, trust=["my_script." + trust])
        print(model.predict(np.arange(12.0).reshape(4, 3)).tolist())
    """
    assert python(load, tmp_path).splitlines() == [
        "[1.0, 7.0, 13.0, 19.0]", "[3.0, 6.0, 9.0, 12.0]", "[3.0, 6.0, 9.0, 12.0]",
    ]  # fmt: skip
    source = (tmp_path / "rule/code/my_script.py").read_text()
    assert "UNUSED" not in source and "print" not in source and "save_model" not in source


def test_a_definition_that_only_the_script_itself_has(tmp_path: Path) -> None:
    script = """
    import autolog
    if __name__ == "__main__":
        def rule(data): return data
        try:
            autolog.save_model(rule, "model")
        except autolog.flavors.ModelNotSaved as error:
            print(error)
    """
    said = python("import autolog.flavors" + textwrap.dedent(script), tmp_path)
    assert said.startswith("rule is not found in") and "at the top level, above `if" in said


def test_a_traceback_names_the_lines_of_the_script(tmp_path: Path) -> None:
    definition = "def rule(data):\n    return data.nothing\n"
    python(f"import autolog\n\nprint(1)\n\n\n{definition}\nautolog.save_model(rule, 'model')\n", tmp_path)
    assert (tmp_path / "model/code/my_script.py").read_text() == "\n" * 5 + definition


def test_a_module_that_is_run_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("")
    (tmp_path / "package/rates.py").write_text("RATE = 2\n")
    (tmp_path / "package/train.py").write_text(
        "import autolog\nfrom .rates import RATE\ndef rule(data):\n    return data * RATE\n"
        "if __name__ == '__main__':\n    autolog.save_model(rule, 'model')\n"
    )
    subprocess.run([sys.executable, "-m", "package.train"], cwd=tmp_path, check=True)
    (tmp_path / "package").rename(tmp_path / "gone")
    loaded = autolog.load_model(tmp_path / "model", trust=["package.train.rule"])
    assert loaded(3) == 6


def closure() -> Any:
    number = 3

    def inner(data: Any) -> Any:
        return data * number

    return inner


class Reduces:
    def __reduce__(self) -> Any:
        return Reduces, ()

    def predict(self, data: Any) -> Any:
        return data


class Holds:
    def __init__(self, held: Any) -> None:
        self.held = held

    def predict(self, data: Any) -> Any:
        return data


class Needs:
    def __new__(cls, argument: int) -> Needs:
        return super().__new__(cls)

    def predict(self, data: Any) -> Any:
        return data


TRAINED = LinearRegression().fit(X, X[:, 0])


def uses_a_model(data: Any) -> Any:
    return helper(data)


def helper(data: Any) -> Any:
    return TRAINED.predict(data)


def has_a_model(data: Any, model: Any = TRAINED) -> Any:
    return model.predict(data)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda data: data, r"<lambda> cannot be imported from .*test_function by that name"),
        (closure(), r"closure.<locals>.inner cannot be imported .* define it at the top level of a module"),
        (uses_a_model, r"uses_a_model uses a LinearRegression \(TRAINED\), .* save an object that holds it"),
        (has_a_model, r"has_a_model uses a LinearRegression \(a default\)"),
        (Reduces(), "Reduces says by __reduce__ how it is made"),
        (Needs(1), "Needs: TypeError"),
        (Holds(threading.Lock()), r"lock.*held as dict\.held"),
        (Holds({(1, 2): 3}), r"a dict with a key of type tuple, held as dict\.held"),
        (Holds, "no flavor is known for builtins.type"),
    ],
    ids=["lambda", "closure", "global model", "default model", "reduce", "new", "lock", "key", "class"],
)
def test_what_cannot_be_saved_is_named(model: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotSaved, match=reason):
        autolog.save_model(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_is_defined_in_a_notebook_is_not_saved(tmp_path: Path) -> None:
    script = """
    import autolog
    def rule(data): return data
    try:
        autolog.save_model(rule, "model")
    except autolog.flavors.ModelNotSaved as error:
        print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", "import autolog.flavors" + textwrap.dedent(script)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("rule is defined in a notebook or an interactive session")
    assert "rule.py" in done.stdout


@pytest.mark.slow
def test_a_tensor_is_not_saved_as_its_attributes(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(ModelNotSaved, match=r"objects of torch\.Tensor, which have a pickled form only"):
        autolog.save_model(Holds(torch.ones(2)), tmp_path / "model")


def test_rows_and_random_streams_are_as_before(users: Users, tmp_path: Path) -> None:
    rules = users.module(
        "rules",
        """
        import random, numpy
        def rule(data):
            data[:] = 0
            return [random.random() + numpy.random.random_sample() for _ in data]
        """,
    )
    rows = X.copy()
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
    info = autolog.save_model(rules.rule, tmp_path / "model", input_example=rows)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[index]
    assert (rows == X).all()
    assert info.signature is not None and info.signature.outputs is not None


def test_two_models_with_modules_of_one_name_in_one_process(users: Users, tmp_path: Path) -> None:
    for value in (1, 22):  # of another length: Python takes files of equal length and second for the same
        users.module("shared", f"VALUE = {value}\n")
        rules = users.module(
            "rules",
            """
            import shared
            from sklearn.base import BaseEstimator
            def rule(data): return [shared.VALUE for _ in data]
            class Rule:
                def predict(self, data): return [shared.VALUE for _ in data]
            class Estimator(BaseEstimator):
                def predict(self, data): return [shared.VALUE for _ in data]
            """,
        )
        autolog.save_model(rules.rule, tmp_path / f"function{value}")
        autolog.save_model(rules.Rule(), tmp_path / f"object{value}")
        autolog.save_model(rules.Estimator(), tmp_path / f"estimator{value}")
    trust = ["rules.rule", "rules.Rule", "rules.Estimator"]
    for kind in ("function", "object", "estimator"):
        both = [autolog.load_predictor(tmp_path / f"{kind}{value}", trust=trust) for value in (1, 22)]
        assert [predictor.predict(X[:1]) for predictor in both] == [[1], [22]]


def test_so_does_the_loader_that_mlflow_gets(
    users: Users, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in (1, 2):
        users.module("shared", f"VALUE = {value}\n")
        rules = users.module("rules", "import shared\ndef rule(data): return [shared.VALUE for _ in data]\n")
        autolog.save_model(rules.rule, tmp_path / str(value))
    monkeypatch.setattr(sys, "path", [*sys.path])
    both = [_load_pyfunc(str(tmp_path / str(value))) for value in (1, 2)]
    assert [predictor.predict(X[:1]) for predictor in both] == [[1], [2]]
    assert sys.modules["rules"] is rules


def test_what_it_needs_is_gone(users: Users, tmp_path: Path) -> None:
    users.module("other", "VALUE = 1\n")
    rules = users.module("rules", "from other import VALUE\ndef rule(data): return VALUE\n")
    autolog.save_model(rules.rule, tmp_path / "model")
    section = yaml.safe_load((tmp_path / "model/MLmodel").read_text())["flavors"]["predictor"]
    assert section == {"module": "rules", "name": "rule"}
    text = (tmp_path / "model/MLmodel").read_text().replace("name: rule", "name: gone")
    (tmp_path / "model/MLmodel").write_text(text)
    with pytest.raises(ModelNotLoadable, match=r"needs rules\.gone, which cannot be imported here"):
        autolog.load_model(tmp_path / "model", trust=["rules.gone"])


def test_a_module_that_raises_when_it_is_imported(users: Users, tmp_path: Path) -> None:
    rules = users.module("rules", "TABLE = open('table.csv', 'a').close()\ndef rule(data): return TABLE\n")
    source = (users.folder / "rules.py").read_text().replace("'a'", "'r'")
    (users.folder / "rules.py").write_text(source)
    Path("table.csv").unlink()
    autolog.save_model(rules.rule, tmp_path / "model")
    (users.folder / "rules.py").unlink()
    with pytest.raises(ModelNotLoadable, match=r"rules\.rule cannot be made here: FileNotFoundError"):
        autolog.load_model(tmp_path / "model", trust=["rules.rule"])


def test_functions_of_installed_packages_do_not_travel(tmp_path: Path) -> None:
    info = autolog.save_model(yaml.safe_load, tmp_path / "model")
    assert [line.partition("==")[0] for line in info.requirements] == ["pyyaml"]
    assert not (tmp_path / "model/code").exists()
    assert autolog.load_model(tmp_path / "model", trust=["yaml.safe_load"]) is yaml.safe_load
