"""A loaded model with one `predict`, whatever framework it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .core import Loaded
from .schema import Signature, enforce, enforce_params


class Predictor:
    """A model that takes data in the form its signature describes, and refuses all other.

    ``model`` is the framework's own object, ``signature`` None where the folder has none:
    then data is passed on as it is. ``metadata`` is what was saved beside the model.
    """

    def __init__(self, loaded: Loaded) -> None:
        self.model = loaded.model
        self.signature: Signature | None = loaded.signature
        self.metadata = loaded.metadata
        self.flavor = loaded.flavor.name
        self._predict = loaded.prepared().predict

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What the model says about ``data``: one entry a row, in the framework's own form.

        Takes a DataFrame, an array, a dict of columns, a list of dicts. ``params`` are
        settings of this prediction, of those that the signature lists. Raises SchemaError (a ValueError)
        that names the column and the row, and what the model raises.
        """
        signature = self.signature or Signature()
        ready = data if signature.inputs is None else enforce(data, signature.inputs)
        return self._predict(ready, **enforce_params(params, signature.params))

    def __repr__(self) -> str:
        return f"<autolog predictor of a {type(self.model).__name__} ({self.flavor})>"
