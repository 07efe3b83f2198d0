"""The form that MLflow reads, beside a safe one that it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .base import Flavor, ForMlflow
from .errors import ModelNotSaved
from .examples import few_rows
from .folder import size
from .installed import installed_version

LARGEST = 200 << 20
"""bytes; of a larger model there is a second form only when it was asked for, as it costs as much again."""

_MLFLOWS = ("mlflow", "mlflow-skinny")


def for_mlflow(
    flavor: Flavor, model: Any, example: Any, folder: Path, wanted: bool | None, notes: list[str]
) -> Mapping[str, Mapping[str, Any]]:
    """Further sections of MLmodel, when this flavor's own files are none that MLflow reads.

    ``wanted``: None for who has MLflow installed and gave rows of the input; what is in the
    way is added to ``notes``. True raises ModelNotSaved instead.
    """
    unasked = wanted is None and (example is None or not any(map(installed_version, _MLFLOWS)))
    if unasked or wanted is False or not isinstance(flavor, ForMlflow):
        return {}
    try:
        if wanted is None and size(folder) > LARGEST:
            raise ModelNotSaved(f"the model is larger than {LARGEST >> 20} MB; mlflow=True saves it twice")
        if (rows := few_rows(example)) is None:
            raise ModelNotSaved("it is made from rows of the input: input_example= of one table or one array")
        return flavor.for_mlflow(model, rows, folder)
    except ModelNotSaved as error:
        said = f"there is no form that MLflow reads: {error}"
        if wanted:
            raise ModelNotSaved(said) from error
        notes.append(said)
        return {}
