"""Where the model of a version is: in a run, in the registry, or somewhere else."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ArtifactNotFound, InvalidName

if TYPE_CHECKING:
    from ..base import Store
    from .base import ModelVersion, Registry

_VERSION = re.compile(r"models:/([^/]+?)(?:/([0-9]+)|@([\w-]+))")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
LOGGED = re.compile(r"m-[0-9a-f]{32}")
"""The id that a model gets when it is logged."""


class RunSource(NamedTuple):
    """An artifact of a run."""

    run_id: str
    path: str

    def __str__(self) -> str:
        return f"runs:/{self.run_id}/{self.path}"


def run_source(source: str) -> RunSource | None:
    """What ``runs:/<run id>/<path>`` names; None for an address of another kind.

    Raises InvalidName for an address that misses a part.
    """
    if not source.startswith("runs:"):
        return None
    match = re.fullmatch(r"runs:/+([^/]+)/+(.+?)/*", source)
    if match is None:
        raise InvalidName(f"{source!r} is not of the form runs:/<run id>/<path of an artifact>")
    return RunSource(*match.groups())


def _logged(source: str, store: Store) -> RunSource | None:
    """Where the model lies that ``models:/m-…`` names by its id. Raises ModelNotFound."""
    id = source.removeprefix("models:/")
    if id == source or not LOGGED.fullmatch(id):
        return None
    model = store.model(id)
    return RunSource(model.run_id, model.path)


def checked_address(source: str, store: Store) -> tuple[str, str | None]:
    """An address as it is kept, and the run that it names.

    Raises RunNotFound, ArtifactNotFound or ModelNotFound for what is not in the store, and
    InvalidName for a text that is no address or one of this machine.
    """
    scheme = _SCHEME.match(source)
    if scheme is None or scheme[1].lower() == "file":
        raise InvalidName(
            f"{source!r} is no address; give a pathlib.Path to have a folder copied into the store"
        )
    found = run_source(source) or _logged(source, store)
    if found is None:
        return source, None
    run = store.get(found.run_id)
    store.artifacts(run.id).path(found.path)
    return str(found._replace(run_id=run.id)), run.parent_id if run.kind == "model" else run.id


def named_version(source: str, registry: Registry) -> ModelVersion | None:
    """The version that ``models:/<name>/<number>`` or ``models:/<name>@<alias>`` names; else None.

    Raises ModelNotFound, VersionNotFound, AliasNotFound.
    """
    match = _VERSION.fullmatch(source)
    if match is None:
        return None
    name, number, alias = match.groups()
    return registry.version_by_alias(name, alias) if alias else registry.version(name, int(number))


def checked_folder(folder: os.PathLike[str], place: Path | None) -> Path:
    """A folder that can be copied to ``place``, or out of this machine's folders.

    Raises ArtifactNotFound when there is none, InvalidName for a file or what holds the place.
    """
    path = Path(folder).resolve()
    if not path.exists():
        raise ArtifactNotFound(f"there is no folder {os.fspath(folder)!r} to register")
    if not path.is_dir():
        raise InvalidName(f"{os.fspath(folder)!r} is a file; a model is a folder")
    if place is not None and place.resolve().is_relative_to(path):
        raise InvalidName(f"{os.fspath(folder)!r} holds the store itself; give the folder of the model")
    return path
