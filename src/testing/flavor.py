"""The contract of flavors, for yours too: subclass `FlavorContract` in your tests.

class TestMyFlavor(FlavorContract):
    flavor = MyFlavor()
    framework = "mylibrary"

    def make_model(self):
        return mylibrary.train(...)

    def make_rows(self):
        return np.eye(3)
"""

from __future__ import annotations

import inspect
import logging
import os
import pickle
import random
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from .. import load_model, load_predictor, save_model
from ..autolog.versions import unmet
from ..flavors import (
    Flavor,
    ModelDamaged,
    ModelExists,
    ModelInfo,
    ModelUntrusted,
    flavor_for,
)


class FlavorContract:
    """What holds for every flavor.

    Set ``flavor``, which must be known to autolog, ``framework``, the module that its users
    import, and ``trust``, the names of the user's own that loading the model takes. Write
    `make_model`, a small model that takes well below a second to make, and `make_rows`,
    some of its input. Tests import your file again in other processes, so nothing may
    happen when it is imported.
    """

    flavor: Flavor
    framework: str | None = None
    trust: Sequence[str] = ()

    def make_model(self) -> Any:
        """A model, always the same."""
        raise NotImplementedError

    def make_rows(self) -> Any:
        """At least one row of what it predicts for, in a form that can be pickled."""
        raise NotImplementedError

    def answer(self, model: Any, rows: Any) -> Any:
        """What the framework itself says about rows: an array, or a dict of arrays."""
        return self.flavor.predict(model, rows)

    def fingerprint(self, model: Any) -> Any:
        """Something that differs when the model was changed."""
        return pickle.dumps(model)

    @pytest.fixture
    def model(self) -> Any:
        return self.make_model()

    @pytest.fixture
    def saved(self, model: Any, tmp_path: Path) -> ModelInfo:
        return save_model(model, tmp_path / "saved", input_example=self.make_rows())

    def test_describes_itself(self, model: Any) -> None:
        assert self.flavor.name
        assert unmet(self.flavor.requires) == []
        assert flavor_for(model) is self.flavor
        assert not self.flavor.handles(object())

    def test_importing_it_imports_no_framework(self) -> None:
        module = type(self.flavor).__module__
        code = f"import sys, {module}; sys.exit({self.framework!r} in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    def test_what_is_loaded_predicts_the_same(self, model: Any, saved: ModelInfo) -> None:
        rows = self.make_rows()
        expected = self.answer(model, rows)
        assert_same(self.answer(load_model(saved.path, trust=self.trust), rows), expected)
        assert_same(load_predictor(saved.path, trust=self.trust).predict(rows), expected)

    def test_the_folder_holds_what_it_lists(self, saved: ModelInfo) -> None:
        found = {path.relative_to(saved.path).as_posix() for path in saved.path.rglob("*") if path.is_file()}
        assert found == {"MLmodel", *saved.files}
        assert [path.name for path in saved.path.parent.iterdir()] == [saved.path.name]

    def test_the_same_model_gives_the_same_files(self, model: Any, saved: ModelInfo, tmp_path: Path) -> None:
        again = save_model(model, tmp_path / "again", input_example=self.make_rows())
        assert again.files == saved.files

    def test_saving_does_not_change_the_model(self, model: Any, tmp_path: Path) -> None:
        before = self.fingerprint(model)
        save_model(model, tmp_path / "model", input_example=self.make_rows())
        assert self.fingerprint(model) == before

    def test_nothing_in_the_process_is_changed(self, model: Any, saved: ModelInfo, tmp_path: Path) -> None:
        load_model(saved.path, trust=self.trust)  # what it imports is there now
        before = _state_of_the_process()
        save_model(model, tmp_path / "again", input_example=self.make_rows())
        load_model(tmp_path / "again", trust=self.trust)
        assert _state_of_the_process() == before

    def test_nothing_is_overwritten(self, model: Any, saved: ModelInfo) -> None:
        before = (saved.path / "MLmodel").read_bytes()
        with pytest.raises(ModelExists):
            save_model(model, saved.path)
        assert (saved.path / "MLmodel").read_bytes() == before

    def test_a_byte_changed_or_cut_off_is_refused(self, saved: ModelInfo) -> None:
        for name in saved.files:
            path = saved.path / name
            whole = path.read_bytes()
            middle = len(whole) // 2
            changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
            for damaged in (changed, whole[:-1], b""):
                path.write_bytes(damaged)
                with pytest.raises(ModelDamaged):
                    load_model(saved.path, trust=self.trust)
            path.write_bytes(whole)
        load_model(saved.path, trust=self.trust)

    def test_a_description_that_is_cut_off_is_refused(self, saved: ModelInfo) -> None:
        path = saved.path / "MLmodel"
        whole = path.read_bytes()
        for length in range(0, len(whole.rstrip()), 97):
            path.write_bytes(whole[:length])
            with pytest.raises(ModelDamaged):
                load_model(saved.path, trust=self.trust)

    def test_what_was_not_named_is_refused(self, saved: ModelInfo) -> None:
        if not self.trust:
            return
        with pytest.raises(ModelUntrusted) as caught:
            load_model(saved.path)
        assert set(caught.value.types) == set(self.trust)
        for left in self.trust:
            with pytest.raises(ModelUntrusted):
                load_model(saved.path, trust=[name for name in self.trust if name != left])

    def test_threads_share_it(self, model: Any, saved: ModelInfo) -> None:
        rows, found = self.make_rows(), list[Any]()
        expected = self.answer(model, rows)

        def use() -> None:
            found.append(load_predictor(saved.path, trust=self.trust).predict(rows))

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 4
        for answer in found:
            assert_same(answer, expected)

    def test_another_process_loads_it(self, model: Any, saved: ModelInfo, tmp_path: Path) -> None:
        """It has none of the user's modules; and none that travelled runs before its name is trusted."""
        (tmp_path / "elsewhere").mkdir()
        with open(tmp_path / "elsewhere/asked.pickle", "wb") as file:
            pickle.dump((saved.path, tuple(self.trust), self.make_rows()), file)
        _run(["-m", "autolog.testing.flavorprocess", "elsewhere"], tmp_path / "elsewhere")
        with open(tmp_path / "elsewhere/answered.pickle", "rb") as file:
            ran, answer = pickle.load(file)
        assert ran == []
        assert_same(answer, self.answer(model, self.make_rows()))

    def test_a_save_that_is_interrupted_leaves_no_model(self, model: Any, tmp_path: Path) -> None:
        """By a disk that is full before the last byte of a file; killed when it opens or renames one."""
        folder, contract = tmp_path / "models", type(self)
        folder.mkdir()
        where = [inspect.getfile(contract), contract.__module__, contract.__qualname__]
        said = _run(["-m", "autolog.testing.flavorprocess", "interrupted", *where, str(folder)], tmp_path)
        assert all(int(count) > 3 for count in said.splitlines()[-1].split())
        visible = [path.name for path in folder.iterdir() if path.name[0] != "."]
        assert visible == ["model"]  # the last one, which nobody killed
        loaded = load_model(folder / "model", trust=self.trust)
        assert_same(self.answer(loaded, self.make_rows()), self.answer(model, self.make_rows()))


def assert_same(found: Any, expected: Any) -> None:
    """Equal to the last bit, and of one type."""
    import numpy as np

    if isinstance(expected, Mapping):
        assert list(found) == list(expected)
        for name in expected:
            assert_same(found[name], expected[name])
    elif hasattr(expected, "detach"):
        assert_same(found.detach().numpy(), expected.detach().numpy())
    else:
        np.testing.assert_array_equal(found, expected, strict=isinstance(expected, np.ndarray))


def _run(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _state_of_the_process() -> list[Any]:
    root = logging.getLogger()
    return [
        random.getstate(),
        *_random_states(),
        os.getcwd(),
        dict(os.environ),
        list(sys.path),
        list(sys.meta_path),
        set(sys.modules),
        list(warnings.filters),
        (root.level, list(root.handlers)),
    ]


def _random_states() -> list[Any]:
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    found: list[Any] = []
    if numpy is not None:
        kind, keys, *rest = numpy.random.get_state()
        found += [kind, keys.tolist(), rest]
    if torch is not None:
        found.append(torch.random.get_rng_state().tolist())
    return found
