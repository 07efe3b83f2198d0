"""What was copied, or would be."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """How many of a kind the target lacked, had in part, and had as they are."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def count(self, *, new: bool, changed: bool) -> None:
        if new:
            self.new += 1
        elif changed:
            self.changed += 1
        else:
            self.same += 1


@dataclass
class Report:
    """``bytes`` are those of files. ``failures`` and ``notes`` are sentences, a line each."""

    experiments: Tally = field(default_factory=Tally)
    runs: Tally = field(default_factory=Tally)
    models: Tally = field(default_factory=Tally)
    versions: Tally = field(default_factory=Tally)
    points: int = 0
    files: int = 0
    bytes: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
