"""Where a model is: from the address that people write to a folder on this machine.

path/to/model, file:///path/to/model
runs:/<run id>/<artifact path>
models:/<name>/<version>, models:/<name>@<alias>
models:/m-<id>          a model by the id that it got when it was logged
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from .errors import NotAModel

if TYPE_CHECKING:
    from ..store.base import Store

_SCHEME = re.compile(r"(runs|models|file):/", re.IGNORECASE)


def folder_of(uri: str | os.PathLike[str], store: Store | None = None) -> Path:
    """The folder of the model at ``uri``, in ``store`` or else the one that is recorded to.

    Raises NotAModel for an address that leads nowhere, and what the store raises.
    """
    text = os.fspath(uri)
    scheme = _SCHEME.match(text)
    if scheme is None:
        return Path(os.path.expanduser(text))
    kind, rest = scheme[1].lower(), unquote(text[scheme.end() :])
    if kind == "file":
        return Path(unquote(urlsplit(text).path))
    from ..tracking.queries import open_store  # not needed for a folder

    return _FINDERS[kind](rest.strip("/"), text, store or open_store())


def _in_run(rest: str, uri: str, store: Store) -> Path:
    run, _, path = rest.partition("/")
    if not run or not path:
        raise NotAModel(f"{uri!r} is no model's address; write runs:/<run id>/<artifact path>")
    return store.artifacts(store.get(run).id).path(path)


def _registered(rest: str, uri: str, store: Store) -> Path:
    from ..store.registry.sources import LOGGED

    if LOGGED.fullmatch(rest):
        model = store.model(rest)
        return store.artifacts(model.run_id).path(model.path)
    name, separator, alias = rest.rpartition("@")
    if separator:
        return store.registry.path(store.registry.version_by_alias(name, alias))
    name, _, version = rest.rpartition("/")
    if not name or not version.isdecimal():
        raise NotAModel(
            f"{uri!r} is no model's address; write models:/<name>/<version>, models:/<name>@<alias> "
            f"or models:/m-<32 hexadecimal digits>"
        )
    return store.registry.path(store.registry.version(name, int(version)))


_FINDERS: dict[str, Callable[[str, str, Store], Path]] = {"runs": _in_run, "models": _registered}
