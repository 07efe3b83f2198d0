"""Copying a store into another one.

What the target lacks is added, and what the source says otherwise is said anew; nothing is taken
away. Everything keeps its id and its times. So copying again changes nothing, and one that was
stopped is completed by the next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from ..base import Store
from ..errors import InvalidName
from ..experiments.base import Experiment
from .delivery import deliver
from .place import Place
from .registry import Models
from .report import Report
from .runs import Runs


class Copying:
    """Copies from ``source`` to ``target``; ``report`` says what came of it.

    ``step`` hears of each run that is done. ``dry``: nothing is written, only counted. What is
    wrong with one run or model is a line of the report, and the rest goes on. Raises
    StoreUnavailable when a store is away, and InvalidName for a store and itself.
    """

    def __init__(
        self, source: Store, target: Store, *, step: Callable[[], None] = lambda: None, dry: bool = False
    ) -> None:
        if source.uri == target.uri:
            raise InvalidName(f"{source.uri} cannot be copied into itself")
        self.report = Report()
        self._source = source
        self._target = target
        self._step = step
        self._dry = dry

    def copy(self, experiments: Collection[str] = ()) -> Report:
        """All of it; with ``experiments`` (names) these and the models from their runs.

        Raises ExperimentNotFound.
        """
        for experiment in self._chosen(experiments):
            self._copy_experiment(experiment)
        Models(self._source, self._target, self.report, dry=self._dry).copy(experiments)
        if not self._dry:
            deliver(self._target)
        return self.report

    def _chosen(self, names: Collection[str]) -> list[Experiment]:
        known = self._source.experiments
        return [known.named(name) for name in dict.fromkeys(names)] if names else known.list(deleted=None)

    def _copy_experiment(self, experiment: Experiment) -> None:
        place = Place(self._target, experiment, dry=self._dry)
        report = self.report
        runs = Runs(self._source, self._target, place, report, step=self._step, dry=self._dry)
        before = report.runs.new, report.runs.changed
        runs.copy(experiment.name, all_deleted=experiment.deleted)
        place.settle()
        touched = place.is_changed or before != (report.runs.new, report.runs.changed)
        report.experiments.count(new=place.is_new, changed=touched)
