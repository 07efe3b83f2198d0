"""The registry in the words of MLflow: versions as its clients see them, numbers, stages, errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from ..base import Store
from ..errors import ModelNotFound, NameTaken, RunNotFound, VersionNotFound
from ..registry import ModelVersion
from ..registry.sources import LOGGED
from ..wire import registry as wire
from .addresses import shown_source
from .clauses import Clause, Fields, clauses
from .errors import exists, invalid, missing
from .logged_models import KIND
from .texts import shown

RUN_LINK = "mlflow.runLink"
"""The tag that keeps what MLflow's clients give as ``run_link``."""


_AT_ONCE = 500
"""Runs that one search asks for."""
PROMPT = "mlflow.prompt.is_prompt"
"""The tag of what is a prompt and no model; MLflow's clients leave them out of every search."""


def wanted(filter: str, fields: Fields) -> list[Clause]:
    """The comparisons of a filter; it finds prompts only if it speaks of them. Raises FilterError."""
    found = clauses(filter, fields)
    if all(clause.key != PROMPT for clause in found):
        found.append(Clause("tags", PROMPT, "!=", "true"))
    return found


def tag_value(tags: Mapping[str, str], key: str) -> str | None:
    """What a filter compares: whatever is not tagged as a prompt is none."""
    return tags.get(key, "false" if key == PROMPT else None)


@contextmanager
def registry_errors(name: str, version: str = "") -> Iterator[None]:
    """The errors of the registry in the words and codes that MLflow's clients know."""
    try:
        yield
    except (ModelNotFound, VersionNotFound) as error:
        if version:
            raise missing(f"Model Version (name={name}, version={version}) not found") from error
        raise missing(f"Registered Model with name={name} not found") from error
    except RunNotFound as error:
        raise missing("The run of the model's source is not found") from error
    except NameTaken as error:
        raise exists(f"Registered Model (name={name}) already exists.") from error


def number(version: str) -> int:
    """A version's number, which comes as a text. Raises Refused."""
    try:
        return int(version)
    except ValueError:
        raise invalid(f"Parameter 'version' must be an integer, got '{version}'.") from None


def seen_version(store: Store, version: ModelVersion) -> wire.ModelVersion:
    return seen_versions(store, [version])[0]


def seen_versions(
    store: Store, versions: Iterable[ModelVersion], *, aliases: bool = True
) -> list[wire.ModelVersion]:
    """Versions as MLflow's clients see them."""
    listed = list(versions)
    runs = origins(store, listed)
    return [_seen(version, runs.get(version.run_id or "", ""), aliases=aliases) for version in listed]


def _seen(version: ModelVersion, run_id: str, *, aliases: bool) -> wire.ModelVersion:
    tags = dict(version.tags)
    link = tags.pop(RUN_LINK, "")
    return wire.ModelVersion(
        version.name,
        str(version.version),
        version.created,
        version.updated,
        version.stage,
        version.description,
        shown_source(version),
        run_id,
        version.status,
        link,
        shown(tags),
        list(version.aliases) if aliases else [],
    )


def origins(store: Store, versions: Iterable[ModelVersion]) -> dict[str, str]:
    """The runs that MLflow's clients know, by the versions' own: a model that is a run has its parent's."""
    ids = {version.run_id for version in versions if version.run_id}
    found = {id: "" if LOGGED.fullmatch(id) else id for id in ids}
    logged = sorted(id for id, run in found.items() if not run)
    for begin in range(0, len(logged), _AT_ONCE):
        listed = ", ".join(f"'{id}'" for id in logged[begin : begin + _AT_ONCE])
        filter = f"kind = '{KIND}' and deleted in (true, false) and run_id in ({listed})"
        found |= {run.id: run.parent_id or "" for run in store.search(filter)}
    return found
