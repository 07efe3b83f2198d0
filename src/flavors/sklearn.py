"""scikit-learn, and every estimator that follows its interface: saved as skops, which is data only."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import ModelError, ModelNotSaved, ModelUntrusted
from .folder import inside
from .trust import Trust

_FILE = "model.skops"
_OWN = ("sklearn.", "numpy.", "scipy.", "builtins.", "collections.", "functools.", "datetime.", "zoneinfo.")


class SklearnFlavor:
    name = "sklearn"
    requires: tuple[str, ...] = (
        "scikit-learn>=1.6",
        "skops>=0.16",  # what MLflow reads the file with
    )

    def handles(self, model: object) -> bool:
        base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
        return base is not None and isinstance(model, base)

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        from .skopsfile.write import write

        names = write(model, folder / _FILE)
        foreign = sorted(name for name in names if not name.startswith(_OWN))
        if foreign:
            _read_again(folder / _FILE, names)
        sections: dict[str, Mapping[str, Any]] = {
            "sklearn": {
                "code": None,
                "pickled_model": _FILE,
                "serialization_format": "skops",
                "sklearn_version": sys.modules["sklearn"].__version__,
                "skops_trusted_types": _for_mlflow(names),
            }
        }
        if hasattr(model, "predict"):
            sections["python_function"] = {
                "loader_module": "mlflow.sklearn",
                "model_path": _FILE,
                "predict_fn": "predict",
            }
        return sections

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        from .skopsfile.read import read

        form = facts.get("serialization_format", "pickle")
        if form != "skops":
            raise ModelUntrusted(
                f"the model in {folder} is saved as {form}, which can run any code when it is loaded; "
                f"save it again as skops"
            )
        return read(inside(folder, facts.get("pickled_model", _FILE)), trust)

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        method = getattr(model, "predict", None) or getattr(model, "transform", None)
        if method is None:
            raise NotImplementedError(f"{type(model).__name__} neither predicts nor transforms")
        with _random_streams_kept():
            return method(data, **params)


def _read_again(path: Path, names: frozenset[str]) -> None:
    """Classes of unknown make can be written and still not be read: better to know now."""
    from .skopsfile.read import read

    try:
        read(path, names)
    except Exception as error:  # the user's __setstate__ may raise anything
        what = str(error) if isinstance(error, ModelError) else f"{type(error).__name__}: {error}"
        raise ModelNotSaved(f"it could be written, but not read again: {what}") from error


def _for_mlflow(names: frozenset[str]) -> list[str] | None:
    """What MLflow hands to skops as trusted, all that skops may ask about.

    MLflow believes this list; our own loader never reads it and asks the caller.
    """
    listed = sorted(name for name in names if not name.startswith("builtins."))
    return listed or None


@contextmanager
def _random_streams_kept() -> Iterator[None]:
    """Some estimators draw from the global random streams when they predict; the user must not notice."""
    numpy_random = sys.modules["numpy"].random
    before, numpy_before = random.getstate(), numpy_random.get_state()
    try:
        yield
    finally:
        if random.getstate() != before:
            random.setstate(before)
        if not _same_state(numpy_random.get_state(), numpy_before):
            numpy_random.set_state(numpy_before)


def _same_state(a: Any, b: Any) -> bool:
    return bool(a[2:] == b[2:] and (a[1] == b[1]).all())


flavor = SklearnFlavor()
