"""An MLflow server as the place that a spool is shipped to.

MLflow keeps no log files. So the lines are read here and become calls, and how far they were sent
is noted beside them, see `state`. What was on its way when an answer was lost is sent again: a run
is looked up by its id of ours before it is made, and points that are there are passed over. MLflow
itself keeps a point that comes twice once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..decoding import Damaged, decode_line
from ..events import Join, line
from ..intake import Gap, LogPath, log_folder, log_path
from ..writer import artifact_home
from .changes import Changes, by_run
from .client import MlflowClient, Refused
from .finding import Finder, Gone
from .sending import Sender
from .state import FileState, State, alone, load, save

logger = logging.getLogger(__name__)

UNSENT = "unsent-{}.jsonl"
"""The file in a run's folder with the lines about a run that the server would not take."""


class MlflowTarget:
    """See `http.target.Target` for the promises. ``spool`` is the folder with the log files."""

    def __init__(self, client: MlflowClient, spool: Path) -> None:
        self.url = client.url
        self._finder = Finder(client)
        self._spool = spool
        self._said: set[str] = set()

    def received(self, folder: str) -> Mapping[str, int]:
        return {name: file.sent for name, file in load(self._spool / log_folder(folder)).files.items()}

    def append(self, path: str, offset: int, data: bytes) -> int:
        place = log_path(path)
        folder = self._spool / place.folder
        with alone(folder):
            state = load(folder)
            file = state.files.setdefault(place.name, FileState())
            if offset > file.sent:
                raise Gap(file.sent)
            lines = data[file.sent - offset :]
            if lines:
                self._send(folder, place, state, file, lines)
            return file.sent

    def place(self, folder: str, run: str, path: str, local: Path) -> None:
        """The line that names it, which follows, has it sent."""

    def discard(self, folder: str, run: str, path: str) -> None:
        """The line that says so, which follows, has it removed."""

    def retry(self, folder: str) -> None:
        """Send what the server would not take before, such as what is new of a run that was deleted."""
        home = self._spool / log_folder(folder)
        with alone(home):
            state = load(home)
            for file in sorted(home.glob(UNSENT.format("*"))):
                lines = file.read_bytes()
                file.unlink()
                changes = by_run(lines, {})
                try:
                    self._send_all(home, folder.partition("/")[0], state, changes, lines, again=True)
                except BaseException:
                    file.write_bytes(lines)
                    raise
                finally:
                    save(home, state)

    def _send(self, folder: Path, place: LogPath, state: State, file: FileState, lines: bytes) -> None:
        again = file.tried > file.sent
        if again:
            lines = lines[: file.tried - file.sent]  # as before, so that `done` tells of the same
        file.tried = file.sent + len(lines)
        save(folder, state)
        changes = by_run(lines, file.ids)
        try:
            self._send_all(folder, place.experiment, state, changes, lines, again=again, done=file.done)
            file.sent += len(lines)
            file.done = []
        finally:
            save(folder, state)

    def _send_all(
        self,
        folder: Path,
        experiment: str,
        state: State,
        changes: Mapping[str, Changes],
        lines: bytes,
        *,
        again: bool,
        done: list[str] | None = None,
    ) -> None:
        """Run by run, without those that are ``done``; what the server will not take is kept aside."""
        sender = Sender(self._finder, state, lambda id: artifact_home(folder, id))
        done = [] if done is None else done
        for id in [id for id in changes if id not in done]:
            change = changes[id]
            try:
                if (folder / UNSENT.format(id)).exists():
                    _keep(folder, id, lines, change)
                else:
                    sender.send(id, change, experiment, again=again)
            except (Gone, Refused) as error:
                if isinstance(error, Refused) and error.status >= 500:
                    raise
                self._say(id, error)
                _keep(folder, id, lines, change)
            done.append(id)

    def _say(self, id: str, error: Exception) -> None:
        if id not in self._said:
            self._said.add(id)
            logger.warning("%s does not take run %s, which stays here: %s", self.url, id, error)


def _keep(folder: Path, id: str, lines: bytes, change: Changes) -> None:
    """The lines about the run, in a file that says by itself which run they are about."""
    number = change.number
    mine = [raw for raw in lines.splitlines(keepends=True) if _is_about(raw, number)]
    header = line(Join(run=number, time=0, id=id))
    with open(folder / UNSENT.format(id), "ab") as file:
        file.write(header + b"".join(mine))


def _is_about(raw: bytes, number: int) -> bool:
    with suppress(Damaged):
        item = decode_line(raw)
        if isinstance(item, tuple):
            return item[0] == number
        return item is not None and item.run == number
    return False
