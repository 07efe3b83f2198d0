"""The versions of one registered model: which the target has, and giving it the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..base import Store
from ..errors import ArtifactNotFound, InvalidName, ModelNotFound, RunNotFound, StoreError
from ..registry.base import COPIED, ModelVersion
from ..registry.sources import LOGGED, RunSource, run_source
from .report import Report

GAP = "autolog:/gap"
"""The source of a version that is deleted at once: its number is that of a deleted one."""

_ELSEWHERE = re.compile(r"(?!runs:|models:|file:)[A-Za-z][A-Za-z0-9+.-]*:")
_IN_MLFLOW = re.compile(
    rf".*/(?:(?P<model>{LOGGED.pattern})/artifacts|(?P<run>[0-9a-f]{{32}})/artifacts/(?P<path>.+?))/*"
)
"""Roots of files, as MLflow makes them: of a logged model, and of a run."""
_GONE = (ArtifactNotFound, RunNotFound, ModelNotFound, InvalidName)


class Versions:
    """Gives the versions of a model to the target, under their own numbers where these are free.

    A number that was passed over, or that another version has, is not given: such a version
    gets the next one. ``numbers`` says which versions are which.
    """

    def __init__(self, source: Store, target: Store, name: str, report: Report, *, dry: bool) -> None:
        self._source = source
        self._target = target
        self._name = name
        self._report = report
        self._dry = dry
        self.numbers: dict[int, int] = {}

    def copy(self) -> None:
        """Raises what the target raises."""
        known = {version.version: version for version in versions_of(self._target, self._name)}
        highest, there = max(known, default=0), self._cleared(known)
        for version in reversed(self._source.registry.versions(self._name)):
            same = self._same(version, there)
            if same is not None:
                self.numbers[version.version] = same
            else:
                highest = self._give(version, highest)

    def _cleared(self, known: Mapping[int, ModelVersion]) -> dict[int, ModelVersion]:
        """Without what a copying that was killed left."""
        left = [number for number, version in known.items() if version.source == GAP]
        for number in left:
            if not self._dry:
                self._target.registry.delete_version(self._name, number)
        return {number: version for number, version in known.items() if number not in left}

    def _same(self, version: ModelVersion, there: Mapping[int, ModelVersion]) -> int | None:
        """The number under which the target has the version: its own, or a later one."""
        numbers = [version.version, *sorted(number for number in there if number != version.version)]
        found = (n for n in numbers if n in there and n not in self.numbers.values())
        return next((n for n in found if self._is_same(version, there[n])), None)

    def _is_same(self, version: ModelVersion, other: ModelVersion) -> bool:
        if version.run_id != other.run_id:
            return False
        if address(self._source, version) == address(self._target, other):
            return version.source != COPIED or self._files(version) == _sizes(self._target, other)
        return other.source == COPIED and self._files(version) == _sizes(self._target, other)

    def _files(self, version: ModelVersion) -> Mapping[str, int] | None:
        return _sizes(self._source, version)

    def _give(self, version: ModelVersion, highest: int) -> int:
        """Register it; returns the highest number that was given now."""
        try:
            source = self._whence(version)
        except _GONE as error:
            self._report.failures.append(f"version {version.version} of model {self._name!r}: {error}")
            return highest
        number = max(highest + 1, version.version) if self._dry else self._register(version, source, highest)
        self.numbers[version.version] = number
        self._report.versions.new += 1
        if number != version.version:
            self._report.notes.append(
                f"model {self._name!r}: version {version.version} is version {number} in {self._target.uri}, "
                "which gave that number to another one"
            )
        return number

    def _whence(self, version: ModelVersion) -> str | Path:
        """Its address, or the files to copy where no run of the target has them. Raises what is `_GONE`."""
        source = address(self._source, version)
        artifact = run_source(source)
        if source != COPIED and (artifact is None or self._dry or self._holds(artifact)):
            return source
        if _ELSEWHERE.match(version.source):
            return version.source
        return self._source.registry.path(version)

    def _holds(self, artifact: RunSource) -> bool:
        above = artifact.path.rpartition("/")[0]
        try:
            run = self._target.get(artifact.run_id)
        except RunNotFound:
            return False
        return any(entry.path == artifact.path for entry in self._target.artifacts(run.id).entries(above))

    def _register(self, version: ModelVersion, source: str | Path, highest: int) -> int:
        """Behind the numbers that were given to versions which are deleted."""
        while highest < version.version - 1:
            highest = self._target.registry.register(self._name, GAP).version
            self._target.registry.delete_version(self._name, highest)
        return self._new(version, source).version

    def _new(self, version: ModelVersion, source: str | Path) -> ModelVersion:
        return self._target.registry.register(
            self._name,
            source,
            run_id=version.run_id,
            description=version.description,
            tags=version.tags,
        )


def versions_of(store: Store, name: str) -> list[ModelVersion]:
    try:
        return store.registry.versions(name)
    except ModelNotFound:
        return []


def address(store: Store, version: ModelVersion) -> str:
    """Where the model is, by the run that has it rather than by its own id or MLflow's root for files."""
    found = _IN_MLFLOW.fullmatch(version.source)
    if found and found["run"] and found["run"] == version.run_id:
        return f"runs:/{found['run']}/{found['path']}"
    id = version.source.removeprefix("models:/") if found is None else found["model"]
    if not id or not LOGGED.fullmatch(id):
        return version.source
    try:
        model = store.model(id)
    except StoreError:
        return version.source
    return f"runs:/{model.run_id}/{model.path}"


def _sizes(store: Store, version: ModelVersion) -> Mapping[str, int] | None:
    """The files of a version and their bytes; None when they are not to be had."""
    try:
        folder = store.registry.path(version)
    except StoreError:
        return None
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in found}
