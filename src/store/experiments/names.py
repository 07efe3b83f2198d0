"""What experiments may be called, and names that are not taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain, count

from ..errors import InvalidName, NameTaken
from ..names import experiment_folder
from ..registry.names import check_notes
from .base import DEFAULT, Experiment


def check(name: str, tags: Mapping[str, str] | Mapping[str, str | None]) -> None:
    """Raises InvalidName for what cannot be an experiment's name or tags."""
    if not isinstance(name, str) or any("\ud800" <= c <= "\udfff" for c in name):
        raise InvalidName(f"an experiment's name is a text, not {name!r:.80}")
    experiment_folder(name)
    check_notes("", tags, changing=True)


def check_deletable(experiment: Experiment) -> None:
    """Raises InvalidName for the default experiment."""
    if experiment.id == "0":
        raise InvalidName(f"the experiment {DEFAULT!r} is always there; delete its runs")


def unlike(name: str, taken: Collection[str]) -> str:
    """``name~2`` or the like, which is not ``taken``."""
    return next(other for n in count(2) if (other := f"{name}~{n}") not in taken)


def fresh_folder(name: str, taken: Collection[str]) -> str:
    """A folder for an experiment of this name; its usual one unless a renamed one has that."""
    others = (experiment_folder(f"{name}~{n}") for n in count(2))
    return next(folder for folder in chain([experiment_folder(name)], others) if folder not in taken)


def taken(experiment: Experiment, store: str) -> NameTaken:
    """The error for a name that an experiment has."""
    deleted = ", which is deleted: restore or rename it" if experiment.deleted else ""
    return NameTaken(f"there is an experiment {experiment.name!r} already in {store}{deleted}")
