"""Copying registered models: names, versions, aliases, tags, descriptions and stages."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..base import Store
from ..errors import ModelNotFound, StoreError, StoreUnavailable
from ..registry.base import ModelVersion, RegisteredModel
from .report import Report
from .versions import Versions, versions_of


class Models:
    """Copies registered models. What the target says beside what the source does stays."""

    def __init__(self, source: Store, target: Store, report: Report, *, dry: bool) -> None:
        self._source = source
        self._target = target
        self._report = report
        self._dry = dry

    def copy(self, experiments: Collection[str] = ()) -> None:
        """All models; with ``experiments`` those that have a version from a run of these."""
        for model in self._source.registry.search():
            if experiments and not self._is_of(model, experiments):
                continue
            try:
                self._copy_one(model)
            except StoreUnavailable:
                raise
            except (StoreError, OSError, ValueError) as error:
                self._report.failures.append(f"model {model.name!r}: {error}")

    def _is_of(self, model: RegisteredModel, experiments: Collection[str]) -> bool:
        runs = {version.run_id for version in self._source.registry.versions(model.name)}
        return any(self._experiment(run) in experiments for run in runs if run)

    def _experiment(self, run: str) -> str | None:
        try:
            return self._source.get(run, deleted=True).experiment
        except StoreError:
            return None

    def _copy_one(self, model: RegisteredModel) -> None:
        known, given = self._known(model.name), self._report.versions.new
        new = known is None
        if known is None and not self._dry:
            known = self._target.registry.create(model.name, description=model.description, tags=model.tags)
        versions = Versions(self._source, self._target, model.name, self._report, dry=self._dry)
        versions.copy()
        changes = [
            known is not None and self._say(model, known),
            self._describe_versions(model.name, versions.numbers),
            self._point(model, known, versions.numbers),
            self._report.versions.new > given,
        ]
        self._report.models.count(new=new, changed=any(changes))

    def _known(self, name: str) -> RegisteredModel | None:
        try:
            return self._target.registry.get(name)
        except ModelNotFound:
            return None

    def _describe_versions(self, name: str, numbers: Mapping[int, int]) -> bool:
        """Whether there is something new to say of them."""
        there = {version.version: version for version in versions_of(self._target, name)}
        changed = False
        for version in self._source.registry.versions(name):
            known = there.get(numbers.get(version.version, 0))
            if known is not None:
                changed |= self._say(version, known, known.version)
                changed |= self._stage(version, known)
        return changed

    def _stage(self, wanted: ModelVersion, known: ModelVersion) -> bool:
        if wanted.stage == known.stage:
            return False
        if not self._dry:
            self._target.registry.set_stage(known.name, known.version, wanted.stage)
        return True

    def _say(
        self,
        wanted: RegisteredModel | ModelVersion,
        known: RegisteredModel | ModelVersion,
        number: int | None = None,
    ) -> bool:
        tags = {key: value for key, value in wanted.tags.items() if known.tags.get(key) != value}
        description = wanted.description if wanted.description != known.description else None
        if not tags and description is None:
            return False
        if not self._dry:
            self._target.registry.update(wanted.name, number, description=description, tags=tags)
        return True

    def _point(
        self, model: RegisteredModel, known: RegisteredModel | None, numbers: Mapping[int, int]
    ) -> bool:
        there = {} if known is None else known.aliases
        changed = False
        for alias, version in model.aliases.items():
            number = numbers.get(version)
            if number is not None and there.get(alias) != number:
                changed = True
                if not self._dry:
                    self._target.registry.set_alias(model.name, alias, number)
        return changed
