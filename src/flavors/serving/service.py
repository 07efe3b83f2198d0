"""The model that is being served: asked, and exchanged while requests go on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..api import load_predictor
from ..predictor import Predictor
from ..schema import Signature, table_of
from ..trust import Trusting
from ..uris import folder_of
from .wire import Asked, plain

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Served:
    """One version of the model: where it was loaded from, and how it is asked."""

    folder: Path
    predictor: Predictor

    @property
    def signature(self) -> Signature | None:
        return self.predictor.signature

    def predict(self, asked: Asked) -> Any:
        """The predictions as plain lists and dicts. Raises SchemaError, and what the model raises."""
        return plain(self.predictor.predict(self._data(asked), asked.params))

    def _data(self, asked: Asked) -> Any:
        if asked.rows is None:
            return asked.whole if self._is_described else _arrays(asked.whole)
        rows = _numbers(asked.rows)
        if asked.columns is not None:
            return table_of(rows, list(asked.columns))
        return rows if self._is_described else _arrays(rows)  # the signature knows names by their order

    @property
    def _is_described(self) -> bool:
        return self.signature is not None and self.signature.inputs is not None


def _arrays(data: Any) -> Any:
    """Lists as arrays, as MLflow hands them to a model without a signature."""
    import numpy as np

    if isinstance(data, dict):
        return {name: _arrays(values) for name, values in data.items()}
    try:
        return np.asarray(data) if isinstance(data, list) else data
    except ValueError:  # lists of several lengths
        return data


def _numbers(rows: list[Any]) -> Any:
    """Rows of nothing but floats as an array: a DataFrame of one is made ten times faster."""
    import numpy as np

    plain = all(type(row) is list and all(type(value) is float for value in row) for row in rows)
    return np.array(rows) if rows and plain else rows


class Service:
    """What is served now, and what comes next.

    ``uri`` may name an alias: `look_again` then finds the version that it points to.
    """

    def __init__(self, uri: str, trust: Trusting = ()) -> None:
        self.uri = uri
        self._trust = trust
        self._lock = threading.Lock()
        self._said = ""
        self.current = self._load(folder_of(uri))

    @property
    def moves(self) -> bool:
        """Whether the address may point to another model one day."""
        return self.uri.lower().startswith("models:/") and "@" in self.uri

    def look_again(self, changed: Callable[[], None] = lambda: None) -> None:
        """Load what the address points to now, if that is another model.

        While it is loaded, and if it cannot be, the one from before goes on answering.
        """
        with self._lock:
            try:
                folder = folder_of(self.uri)
                if folder == self.current.folder:
                    return
                self.current = self._load(folder)
            except Exception as error:  # noqa: BLE001 - of whatever a model's own modules raise
                self._complain(error)
                return
        self._said = ""
        logger.info("%s is now %s", self.uri, self.current.folder)
        changed()

    def _complain(self, error: Exception) -> None:
        """Once for each error: this is asked every few seconds."""
        if str(error) != self._said:
            self._said = str(error)
            logger.error("%s cannot be loaded; what was served before goes on", self.uri, exc_info=error)

    def _load(self, folder: Path) -> Served:
        return Served(folder, load_predictor(folder, trust=self._trust))
