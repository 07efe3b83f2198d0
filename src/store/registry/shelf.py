"""Where the events of registered models are kept: what `registry.EventRegistry` stands on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ..changes import Change
from .base import ModelVersion
from .events import Create, Register
from .history import History


class Shelf(Protocol):
    """Keeps models as their histories. Safe for use from any thread and any number of processes.

    Each change is kept as a whole or not at all, and is in what `load` gives from then on.
    Raises OSError when nothing could be kept.
    """

    def all(self) -> Iterable[History]:
        """All models, those that were deleted, too."""

    def load(self, name: str) -> History | None:
        """All that happened to a model; None when nothing ever did."""

    def create(self, change: Create) -> bool:
        """Begin a model, or begin again one that was deleted; False when it is there."""

    def append(self, history: History, changes: Iterable[Change]) -> None:
        """Add what follows ``history``, with time and author. Raises ModelNotFound."""

    def register(self, history: History, change: Register, files: Path | None) -> str:
        """Give the next number to a version, with a copy of ``files``. Returns its id."""

    def rename(self, history: History, name: str) -> bool:
        """Move a model to a name that no model has, or had one that was deleted; False else."""

    def place(self, name: str) -> Path | None:
        """Where copies of a model's files come to, if that is a local folder."""

    def files(self, version: ModelVersion) -> Path:
        """The copied files of a version. Raises ArtifactNotFound."""

    def free(self, version: ModelVersion) -> None:
        """Remove the copied files of a version, if there are any."""
