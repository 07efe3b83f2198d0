"""What the workers of a search have recorded so far, read from the run's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ...store.decoding import whole_lines
from ...store.events import AnyEvent, End, Metrics, Start, Tags
from ...store.log import writer_name

if TYPE_CHECKING:
    from ..sink import Log

_decode: Callable[[bytes], AnyEvent] = msgspec.json.Decoder(AnyEvent).decode


class Tail:
    """The events that other processes add to a run folder from now on."""

    @classmethod
    def of(cls, log: Log) -> Tail | None:
        """For the folder of an open run; None where the store keeps none."""
        folder = getattr(log.run and log.run.writer, "folder", None)
        return None if folder is None else cls(folder)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = f"events-{writer_name()}.jsonl"
        self._read = {path: path.stat().st_size for path in self._files()}
        self._ids: dict[tuple[Path, int], str] = {}

    def _files(self) -> list[Path]:
        return [path for path in self._folder.glob("events-*.jsonl") if path.name != self._own]

    def poll(self) -> Iterator[tuple[str, Start | Tags | Metrics | End]]:
        """What is new since the last call: pairs of a run's id and its event."""
        for path in self._files():
            for line in self._new_lines(path):
                event = _event(line)
                if isinstance(event, Start):
                    self._ids[path, event.run] = event.id
                if isinstance(event, Start | Tags | Metrics | End) and (path, event.run) in self._ids:
                    yield self._ids[path, event.run], event

    def _new_lines(self, path: Path) -> list[bytes]:
        """A line that is still being written is left for the next time."""
        begin = self._read.get(path, 0)
        with path.open("rb") as file:
            file.seek(begin)
            data = b"".join(whole_lines(file))
        self._read[path] = begin + len(data)
        return data.splitlines()


def _event(line: bytes) -> AnyEvent | None:
    """The event on a line; None for points, the header and what a torn write left."""
    try:
        return _decode(line)
    except msgspec.MsgspecError:
        return None
