"""What experiments are: the interface that the folder, the server and the tests share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

DEFAULT = "Default"
"""The experiment that is always there, as MLflow has one; its id is "0"."""

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Experiment:
    """A group of runs. Times are milliseconds, None where nobody noted them.

    ``id`` is a decimal text, as MLflow's are, and stays when the name changes.
    """

    id: str
    name: str
    created: int | None = None
    updated: int | None = None
    deleted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


class Experiments(Protocol):
    """The experiments of a store.

    One begins with its first run, or by `create`. Safe for use from any thread and any number
    of processes; each change is seen by the next read. Every method that is given an id
    raises ExperimentNotFound for one that there is not; writing raises OSError when nothing
    could be kept.
    """

    def list(self, *, deleted: bool | None = False) -> list[Experiment]:
        """Experiments by name: those that are not deleted, the deleted ones, or (None) all."""

    def get(self, id: str) -> Experiment:
        """One of them, deleted or not."""

    def named(self, name: str) -> Experiment:
        """The one of this name, deleted or not. Raises ExperimentNotFound."""

    def create(self, name: str, *, tags: Mapping[str, str] = _NONE) -> Experiment:
        """A new one, without runs. Raises NameTaken, also for a deleted one's name, InvalidName."""

    def update(
        self, id: str, *, name: str | None = None, tags: Mapping[str, str | None] = MappingProxyType({})
    ) -> Experiment:
        """Rename it and set tags; None removes a tag. Raises NameTaken, InvalidName."""

    def delete(self, id: str) -> None:
        """Its runs are found no more, until it is restored. Raises InvalidName for the default one."""

    def restore(self, id: str) -> None: ...
