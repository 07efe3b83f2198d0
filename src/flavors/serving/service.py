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
from ..schema import Signature
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
            return asked.whole
        rows = _numbers(asked.rows)
        if asked.columns is None:  # the signature knows the names, by their order
            return rows
        import pandas as pd

        return pd.DataFrame(rows, columns=list(asked.columns))


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
            except Exception:
                logger.exception("%s cannot be loaded; what was served before goes on", self.uri)
                return
        logger.info("%s is now %s", self.uri, self.current.folder)
        changed()

    def _load(self, folder: Path) -> Served:
        return Served(folder, load_predictor(folder, trust=self._trust))
