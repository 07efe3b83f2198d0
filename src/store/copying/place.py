"""Where the runs of an experiment go: the target's experiment of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..base import Store
from ..errors import ExperimentNotFound
from ..experiments.base import DEFAULT, Experiment


class Place:
    """An experiment of the target, made and restored when there is something to write into it."""

    def __init__(self, target: Store, experiment: Experiment, *, dry: bool) -> None:
        self._target = target
        self._wanted = experiment
        self._dry = dry
        self.known = _named(target, experiment.name)
        self._there = self.known

    @property
    def is_new(self) -> bool:
        return self.known is None

    @property
    def is_changed(self) -> bool:
        """Whether its own facts have to be changed; its runs aside."""
        known, wanted = self.known, self._wanted
        return known is not None and (known.deleted != wanted.deleted or bool(self._tags(known)))

    @property
    def holds_deleted(self) -> bool:
        """Whether all runs in it read as deleted, because the experiment is."""
        return self.known is not None and self.known.deleted

    def open(self) -> None:
        """Ready to be written into."""
        if self._dry:
            return
        if self._there is None:
            self._there = self._target.experiments.create(self._wanted.name, tags=self._wanted.tags)
        elif self._there.deleted:
            self._target.experiments.restore(self._there.id)
            self._there = replace(self._there, deleted=False)

    def settle(self) -> None:
        """As the other experiment is: its tags, and whether it is deleted."""
        if self._dry:
            return
        if self._there is None or (self._there.deleted and not self._wanted.deleted):
            self.open()
        assert self._there is not None
        if tags := self._tags(self._there):
            self._target.experiments.update(self._there.id, tags=tags)
        if self._wanted.deleted and not self._there.deleted and self._wanted.name != DEFAULT:
            self._target.experiments.delete(self._there.id)

    def _tags(self, known: Experiment) -> Mapping[str, str]:
        return {key: value for key, value in self._wanted.tags.items() if known.tags.get(key) != value}


def _named(store: Store, name: str) -> Experiment | None:
    try:
        return store.experiments.named(name)
    except ExperimentNotFound:
        return None
