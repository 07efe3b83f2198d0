"""Where the files of a model are: the addresses that MLflow's clients give for a new version.

    runs:/<run>/<path>                                      an artifact of a run
    models:/m-<32 digits>                                   a logged model
    models:/<name>/<version>, models:/<name>@<alias>        what another version has
    mlflow-artifacts:/<experiment>/<run>/artifacts/<path>   an artifact, by way of this server
    mlflow-artifacts:/<experiment>/models/m-…/artifacts     a logged model, by way of this server

Any other address is kept as it is, and never asked; one of the server's own machine is refused.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..base import Store
from ..errors import AliasNotFound, ModelNotFound, VersionNotFound
from ..registry.base import COPIED
from ..registry.sources import LOGGED, RunSource, run_source
from .addresses import SCHEME
from .errors import Refused, invalid, missing
from .logged_models import located
from .registry_words import number

_OF_RUN = re.compile(r"/?[^/]+/([^/]+)/artifacts/(.+?)/?")
_OF_MODEL = re.compile(rf"/?[^/]+/models/({LOGGED.pattern})/artifacts(?:/(.*?))?/?")
_OF_VERSION = re.compile(r"models:/([^/@]+)(?:/([^/]+)|@(.+))")
_LOGGED_MODEL = re.compile(rf"models:/({LOGGED.pattern})")


def understood(store: Store, source: str, run_id: str, model_id: str) -> str | Path:
    """The source of a new version as our registry takes it. Raises Refused.

    ``run_id`` and ``model_id`` are what the client says of it beside, empty where it says nothing.
    """
    _check(source)
    version = _OF_VERSION.fullmatch(source)
    if version and not _LOGGED_MODEL.fullmatch(source):
        return _of_version(store, version)
    found = _in_run(source)
    if found is None:
        if source.startswith(("models:", SCHEME)):
            raise _contained(source, "model_id")
        return source
    if source.startswith("runs:") or LOGGED.fullmatch(found.run_id) is None:
        if model_id or (run_id and found.run_id != run_id):
            raise _contained(source, "run_id")
        return str(found)
    if model_id and model_id != found.run_id:
        raise _contained(source, "model_id")
    run, above = located(store, found.run_id)
    return str(RunSource(run, f"{above}{found.path}"))


def _in_run(source: str) -> RunSource | None:
    """The artifact that an address of this server names: of a run, or (from ``/``) of a logged model."""
    if logged := _LOGGED_MODEL.fullmatch(source):
        return RunSource(logged[1], "")
    if source.startswith(SCHEME):
        path = unquote(urlsplit(source).path)
        if model := _OF_MODEL.fullmatch(path):
            return RunSource(model[1], f"/{model[2]}" if model[2] else "")
        run = _OF_RUN.fullmatch(path)
        return RunSource(run[1], run[2]) if run else None
    return run_source(source)


def _of_version(store: Store, match: re.Match[str]) -> str | Path:
    """What another version has: its source, or its files for another copy."""
    name, given, alias = match.groups()
    try:
        if alias:
            version = store.registry.version_by_alias(name, alias)
        else:
            version = store.registry.version(name, number(given))
    except ModelNotFound as error:
        raise missing(f"Registered Model with name={name} not found") from error
    except VersionNotFound as error:
        raise missing(f"Model Version (name={name}, version={given}) not found") from error
    except AliasNotFound as error:
        raise invalid(f"Registered model alias {alias} not found.") from error
    return store.registry.path(version) if version.source == COPIED else version.source


def _check(source: str) -> None:
    """Raises Refused for files of the server's machine and for what climbs out of its folder."""
    plain = source
    while (less := unquote(plain)) != plain:
        plain = less
    if "\0" in plain or ".." in plain.split("/"):
        raise invalid(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, local file "
            "path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without "
            "relative path references present. Please provide an absolute path."
        )
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", source)  # a single letter is a drive
    if scheme is None or scheme[1].lower() == "file":
        raise invalid(
            f"Invalid model version source: '{source}'. To use a local path as a model version source, the "
            "run_id request parameter has to be specified and the local path has to be contained within the "
            "artifact directory of the run specified by the run_id."
        )


def _contained(source: str, parameter: str) -> Refused:
    return invalid(
        f"Invalid model version source: '{source}'. The {parameter} request parameter must identify the "
        "resource that contains the source."
    )
