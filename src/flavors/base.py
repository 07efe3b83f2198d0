"""What a flavor is, and which one fits a model.

A flavor knows one framework: how its models become files, and files models again. What
all models have in common (the MLmodel file, hashes, requirements, signature, example)
is written once, in `core`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from .installed import distributions
from .trust import Trust

ENTRY_POINTS = "autolog.flavors"


class Flavor(Protocol):
    """How the models of one framework are written and read.

    One object serves all threads, so it holds no state. It never changes the model, and
    imports the framework only in `load`: a model to save has brought its own.
    """

    name: str
    """Its section in the MLmodel file, where possible the name that MLflow uses."""

    requires: tuple[str, ...]
    """PEP 508; what must be installed to load, beside what the model itself holds."""

    def handles(self, model: object) -> bool:
        """Whether this is one of its models. Looks in `sys.modules`, imports nothing."""

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        """Write the model's own files into the empty folder; return sections of MLmodel.

        There must be one under `name`: what `load` needs. One under ``python_function``
        lets MLflow serve the model. Raises ModelNotSaved.
        """

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        """The model, from its files and its section of MLmodel.

        Neither is to be believed: ``facts`` may lie, and nothing may run that is not
        named in ``trust``. Use `folder.inside` for every path that ``facts`` gives, and
        ``trust.find`` for every class.
        Raises ModelDamaged, ModelUntrusted, ModelNotLoadable.
        """

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        """What the model says about some rows, in the framework's usual way.

        ``params`` are the model's own settings of a prediction; most have none. Raises
        NotImplementedError for a model that has no such way.
        """


@runtime_checkable
class ForMlflow(Protocol):
    """What a flavor has besides, when MLflow cannot read the files that it saves."""

    def for_mlflow(self, model: Any, rows: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        """Write what MLflow reads beside them; return the sections of MLmodel for it.

        ``rows`` are a few of the model's input. Leaves nothing behind when it raises
        ModelNotSaved, which says what is in the way.
        """


@runtime_checkable
class Prepares(Protocol):
    """What a flavor has besides, when a model needs work before it can predict."""

    def prepared(self, model: Any) -> Any:
        """What `Flavor.predict` takes in place of the model, made once for many predictions."""


def flavor_for(model: object) -> Flavor | None:
    """The flavor that can save this model, if there is one. Imports no framework."""
    return next((flavor for flavor in _flavors() if flavor.handles(model)), None)


_OWN = (
    ("xgboost", "boosters.xgboost", "flavor"),
    ("lightgbm", "boosters.lightgbm", "flavor"),
    ("sklearn", "sklearn", "flavor"),
    ("lightning", "torch.lightning", "flavor"),
    ("pytorch_lightning", "torch.lightning", "other"),
    ("torch", "torch.flavor", "flavor"),
    ("pytorch", "torch.mlflow", "flavor"),
    ("onnx", "onnx", "flavor"),
    ("python_function", "pyfunc", "flavor"),
    ("predictor", "function", "functions"),
    ("predictor", "function", "objects"),
)
"""Name, module and variable of each of ours. The first one that handles a model saves it: an estimator of
xgboost is one of scikit-learn, too, and nearly all models have a ``predict``."""


def flavor_named(name: str) -> Flavor | None:
    """The flavor that loads what is saved under this name. Of ours no other is imported."""
    for own, module, variable in _OWN:
        if own == name:
            return _imported(module, variable)
    return next((flavor for flavor in _flavors() if flavor.name == name), None)


@cache
def _flavors() -> tuple[Flavor, ...]:
    """All of them; those of other packages first, since they know their models better."""
    return (*_installed(), *(_imported(module, variable) for _, module, variable in _OWN))


def _imported(module: str, variable: str) -> Flavor:
    flavor: Flavor = getattr(import_module(f"{__package__}.{module}"), variable)
    return flavor


def _installed() -> Iterator[Flavor]:
    files = (found.text("entry_points.txt") for found in distributions().values())
    if any(f"[{ENTRY_POINTS}]" in text for text in files if text):
        from importlib.metadata import entry_points  # slow to import, and rarely needed

        for point in entry_points(group=ENTRY_POINTS):
            yield point.load()
