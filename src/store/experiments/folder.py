"""The experiments of a store that is a folder; see `base.Experiments` for the promises.

Nothing here is locked. What must happen once, that a new experiment gets its folder, is a
`files.put`. Two that take one name in the same moment by renaming are told apart by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from ..changes import Change, line, stamped
from ..errors import ExperimentNotFound, NameTaken
from ..files import draft, put
from ..log import EventLog, event_log
from ..names import experiment_folder
from .base import Experiment
from .events import Create, Remove, Update
from .names import check, check_deletable, fresh_folder, taken
from .reading import Reader

_NONE: Mapping[str, str] = MappingProxyType({})


class FolderExperiments:
    """Experiments are folders of the store at ``root``, and what ``.autolog/experiments`` says of them."""

    def __init__(self, root: Path) -> None:
        self._uri = str(root)
        self._notes = root / ".autolog" / "experiments"
        self._reader = Reader(root, self._notes)
        self._logs: dict[str, EventLog] = {}

    def known(self) -> Mapping[str, Experiment]:
        """Every experiment by its folder. The same object as before when nothing changed."""
        return self._reader.read()

    def folder_for(self, name: str) -> str:
        """The folder in which a run of the experiment of this name is to be made.

        It may be another than the name's usual one, which stays with an experiment that was
        renamed. Raises InvalidName, OSError.
        """
        usual = experiment_folder(name)
        if usual in self.known() and self._folder_named(name) is None:
            with suppress(NameTaken):  # by another process, for the same reason
                self.create(name)
        return self._folder_named(name) or usual

    # Reading

    def list(self, *, deleted: bool | None = False) -> list[Experiment]:
        found = (one for one in self.known().values() if deleted in (None, one.deleted))
        return sorted(found, key=lambda one: one.name)

    def get(self, id: str) -> Experiment:
        return self._find(id)[1]

    def named(self, name: str) -> Experiment:
        folder = self._folder_named(name)
        if folder is None:
            raise ExperimentNotFound(f"there is no experiment {name!r} in {self._uri}")
        return self.known()[folder]

    # Writing

    def create(self, name: str, *, tags: Mapping[str, str] = _NONE) -> Experiment:
        check(name, tags)
        while True:
            known = self.known()
            self._check_free(name)
            if self._put(fresh_folder(name, known), Create(name=name, tags=dict(tags))):
                return self.named(name)

    def update(
        self, id: str, *, name: str | None = None, tags: Mapping[str, str | None] = MappingProxyType({})
    ) -> Experiment:
        folder, before = self._find(id)
        check(before.name if name is None else name, tags)
        if name is not None and name != before.name:
            self._check_free(name)
        else:
            name = None
        self._append(folder, before, Update(name=name, tags=dict(tags)))
        after = self.known()[folder]
        if name is not None and after.name != name:  # somebody else was earlier
            self._append(folder, after, Update(name=before.name))
            self._check_free(name)
        return after

    def delete(self, id: str) -> None:
        check_deletable(self.get(id))
        self._remove(id, True)

    def restore(self, id: str) -> None:
        self._remove(id, False)

    def _remove(self, id: str, removed: bool) -> None:
        folder, before = self._find(id)
        if before.deleted != removed:
            self._append(folder, before, Remove(removed=removed))

    def _append(self, folder: str, seen: Experiment, change: Change) -> None:
        log = self._logs.setdefault(folder, event_log(self._notes / folder))
        log.append(b"".join(map(line, stamped([change], seen.updated or 0))))
        log.close()

    def _put(self, folder: str, change: Create) -> bool:
        """Begin what is known of an experiment; False when somebody else did."""
        with draft(self._notes) as unfinished:
            log = EventLog(unfinished)
            log.append(b"".join(map(line, stamped([change]))))
            log.close()
            return put(unfinished, self._notes / folder)

    # Finding

    def _find(self, id: str) -> tuple[str, Experiment]:
        for folder, experiment in self.known().items():
            if experiment.id == id:
                return folder, experiment
        raise ExperimentNotFound(f"there is no experiment with the id {id!r} in {self._uri}")

    def _folder_named(self, name: str) -> str | None:
        return next((folder for folder, one in self.known().items() if one.name == name), None)

    def _check_free(self, name: str) -> None:
        folder = self._folder_named(name)
        if folder is not None:
            raise taken(self.known()[folder], self._uri)
