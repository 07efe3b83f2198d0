"""What a plug-in for a framework is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, Protocol

Kind = Literal["param", "metric", "tag", "artifact", "input", "run"]


@dataclass(frozen=True)
class Record:
    """Something a patcher may record. docs/what-is-recorded.md is made of these.

    ``name`` is the name it goes by, with ``*`` for what varies; ``meaning`` one sentence,
    with the unit; ``of`` what it is recorded for ("classifiers", "every fit", …).
    `PatcherContract` checks that nothing else is recorded.
    """

    kind: Kind
    name: str
    meaning: str
    of: str = "every fit"


class Patcher(Protocol):
    """A plug-in that records one framework; an object, named by the entry point group ``autolog.patchers``.

    Importing the module that holds it must not import the framework.
    """

    name: str
    """What users call it: ``enable(frameworks=["xgboost"])``."""

    requires: tuple[str, ...]
    """The versions it is tested with, as PEP 508: ``("xgboost>=2.1,<4",)``."""

    modules: tuple[str, ...]
    """The modules it patches, each when, and only when, the user imports it."""

    records: tuple[Record, ...]
    """All it may record."""

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        """The patches for the module ``name``, one of `modules`, which was just imported.

        Each is entered in turn. If one fails, those of this module are undone and the
        framework is recorded in part; `status()` says why.
        """
