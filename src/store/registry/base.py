"""What a model registry is: the interface that the folder, the server and the tests share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol, get_args

Stage = Literal["None", "Staging", "Production", "Archived"]
STAGES: tuple[Stage, ...] = get_args(Stage)

COPIED = "./model"
"""The source of a version whose files were copied into the registry."""

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class RegisteredModel:
    """A name and what is known of it. Times are milliseconds, ``by`` is ``user@host``.

    ``aliases`` holds the version that each alias points to, ``latest`` the highest version
    there is, None while there is none.
    """

    name: str
    created: int
    updated: int
    by: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    latest: int | None = None


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model. Times are milliseconds, ``by`` is ``user@host``.

    ``source`` is ``runs:/<run id>/<path>``, `COPIED`, or an address that this store does
    not know. ``id`` tells versions apart that got the same number in two stores before
    these were merged.
    """

    name: str
    version: int
    id: str
    source: str
    run_id: str | None
    created: int
    updated: int
    by: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    stage: Stage = "None"
    status: Literal["READY"] = "READY"


@dataclass(frozen=True)
class AliasMove:
    """An alias came to point to ``version``, or to none. ``why`` is the condition that held."""

    time: int
    by: str
    alias: str
    version: int | None
    previous: int | None
    why: str = ""


class Registry(Protocol):
    """The registered models of a store.

    Safe for use from any thread and any number of processes. Each change is kept as a
    whole or not at all, and is seen by the next read. Two that register at once get
    different numbers. Numbers are 1, 2, 3…; one that was deleted is not given again.

    Every method that names what is not there raises ModelNotFound, VersionNotFound or
    AliasNotFound (each a KeyError), and every one that is given a name that cannot be
    one raises InvalidName (a ValueError). Writing raises OSError when nothing could be kept.
    """

    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = _NONE) -> RegisteredModel:
        """A model without a version. Raises NameTaken."""

    def get(self, name: str) -> RegisteredModel: ...

    def search(self, filter: str = "") -> list[RegisteredModel]:
        """The models that match, by name. A filter knows ``name`` and ``tags.KEY``. FilterError."""

    def update(
        self,
        name: str,
        version: int | None = None,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        """Describe and tag a model or, with ``version``, a version of it; None removes a tag."""

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        """The model with its versions and their history under another name. Raises NameTaken."""

    def delete(self, name: str, *, force: bool = False) -> None:
        """Delete a model and its versions. Raises AliasInUse when it has an alias, unless forced."""

    def register(
        self,
        name: str,
        source: str | os.PathLike[str],
        *,
        run_id: str | None = None,
        description: str = "",
        tags: Mapping[str, str] = _NONE,
    ) -> ModelVersion:
        """The next version of a model; the first one also makes the model.

        A text is an address: ``runs:/<run id>/<path>`` or ``models:/m-<id>``, which must exist
        (RunNotFound, ArtifactNotFound, ModelNotFound), another version as
        ``models:/<name>/<number>``, of which this one gets source and run, or one that is kept
        as it is. A path, such as a `pathlib.Path`, is a folder that is copied into the store,
        so a text from elsewhere never reads local files. ``run_id`` is the run it came from,
        unless the address says so.
        """

    def version(self, name: str, version: int) -> ModelVersion: ...

    def versions(self, name: str | None = None) -> list[ModelVersion]:
        """All versions, the newest first; without a name those of all models, by their names."""

    def version_by_alias(self, name: str, alias: str) -> ModelVersion: ...

    def path(self, version: ModelVersion) -> Path:
        """A local folder to read the version's model from. Raises RunNotFound, ArtifactNotFound."""

    def delete_version(self, name: str, version: int, *, force: bool = False) -> None:
        """Delete a version. Raises AliasInUse when an alias points to it, unless forced."""

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """From now on the alias points to this version, wherever it pointed before."""

    def delete_alias(self, name: str, alias: str) -> None: ...

    def alias_history(self, name: str, alias: str | None = None) -> Sequence[AliasMove]:
        """Every move of an alias, or of all aliases, the oldest first."""

    def set_stage(
        self, name: str, version: int, stage: str, *, archive_existing: bool = False
    ) -> ModelVersion:
        """One of `STAGES`, in any case. With ``archive_existing``, the versions that are in
        Staging or Production until now are archived."""

    def promote(self, name: str, version: int, alias: str, *, condition: str = "") -> ModelVersion:
        """Move an alias to a version if it is good enough, else raise NotPromoted.

        ``condition`` reads ``metrics.acc > alias:champion and metrics.loss < 0.5``: the last
        value of a metric of the version's run beside that of the run of the version that an
        alias points to, or beside a number. What is compared with an alias that no version
        has holds. Raises FilterError for a condition that cannot be read.
        """
