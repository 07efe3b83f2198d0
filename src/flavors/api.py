"""Models as users save and load them: `save_model`, `log_model`, `load_model`, `load_predictor`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import core
from .core import ModelInfo
from .trust import Trusting
from .uris import folder_of

if TYPE_CHECKING:
    from .predictor import Predictor
    from .schema import Signature


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    signature: Signature | None = None,
    input_example: Any = None,
    requirements: Sequence[str] | str | os.PathLike[str] | None = None,
    code: Iterable[str | os.PathLike[str]] = (),
    metadata: Mapping[str, Any] | None = None,
    mlflow: bool | None = None,
) -> ModelInfo:
    """Save a model as a new folder at ``path``, which MLflow can load, too.

    ``input_example`` is some rows of the model's input: five are kept, and the signature
    is read off them unless one is given. ``requirements`` are lines of a requirements
    file, or its path; without them they are read off the model. ``code`` names files and
    folders of Python modules that travel along; modules that the model itself needs and no
    package provides do so anyway. ``metadata`` must be of plain values.

    Raises ModelNotSaved for what has no safe form, ModelExists when something is at
    ``path``, FileNotFoundError for code that is not there. All or nothing.
    """
    return core.save(
        model,
        Path(path),
        example=input_example,
        signature=signature,
        requirements=_lines(requirements),
        code=_existing(code),
        metadata=metadata,
        mlflow=mlflow,
    )


def log_model(
    model: Any,
    name: str = "model",
    *,
    signature: Signature | None = None,
    input_example: Any = None,
    requirements: Sequence[str] | str | os.PathLike[str] | None = None,
    code: Iterable[str | os.PathLike[str]] = (),
    metadata: Mapping[str, Any] | None = None,
    mlflow: bool | None = None,
) -> ModelInfo | None:
    """The same into the open run, as its artifact ``name``; ``models:/<id>`` is its address, too.

    With no open run one is opened that ends with the process. None when the store failed,
    which is warned of. Raises as `save_model`.
    """
    from ..tracking.api import target_run  # not needed by who only loads
    from .logged import log, placed

    lines, paths, run = _lines(requirements), _existing(code), target_run()
    info = log(
        run,
        model,
        name,
        example=input_example,
        signature=signature,
        requirements=lines,
        code=paths,
        metadata=metadata,
        mlflow=mlflow,
    )
    return None if info is None else placed(info, run, name)


def load_model(uri: str | os.PathLike[str], *, trust: Trusting = ()) -> Any:
    """The model at ``uri``, as the framework's own object.

    ``uri`` is a path, ``runs:/<id>/model``, ``models:/<name>/<version>``,
    ``models:/<name>@<alias>`` or ``models:/m-…``. Nothing runs that the caller has not
    named: ``trust`` lists classes and functions beyond the frameworks' own, as
    ``["features.LogScaler"]``; with ``trust="pickle"`` files are read that can run any
    code. Raises NotAModel, ModelUntrusted, ModelDamaged, ModelNotLoadable.
    """
    return core.load(folder_of(uri), trust=trust).model


def load_predictor(uri: str | os.PathLike[str], *, trust: Trusting = ()) -> Predictor:
    """The model at ``uri`` with one `predict` for every framework, which holds data to the signature.

    ``uri`` and ``trust`` are those of `load_model`, and so are the errors.
    """
    from .predictor import Predictor

    return Predictor(core.load(folder_of(uri), trust=trust))


def infer_signature(data: Any, prediction: Any = None, params: Mapping[str, Any] | None = None) -> Signature:
    """The signature of a model that takes such ``data`` and gives such a ``prediction``.

    Raises TypeError for data that no signature can describe.
    """
    from .schema import infer

    found = infer(data, prediction, params)
    if found is None or found.inputs is None:
        raise TypeError(
            f"no signature can describe a {type(data).__name__}: {'; '.join(found.notes if found else ())}"
        )
    return found


def _existing(code: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Checked first: an error of the caller's is not to be taken for one of the store's."""
    paths = [Path(entry) for entry in code]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no code at {path}")
    return paths


def _lines(requirements: Sequence[str] | str | os.PathLike[str] | None) -> Sequence[str] | None:
    if requirements is None or not isinstance(requirements, (str, os.PathLike)):
        return requirements
    lines = (line.strip() for line in Path(requirements).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
