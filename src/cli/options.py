"""Options and arguments that several commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .waiting import patience

if TYPE_CHECKING:
    from ..store.base import RunData, Store
    from ..store.folder import FolderStore

store_option = click.option(
    "--store", metavar="PATH", help="The store; otherwise the configured one, else ./autoruns."
)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class InOrder(click.Group):
    """Lists its commands in the order in which people meet them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def opened(store: str | None, *, there: bool = False) -> Store:
    """The store of ``--store``, its index up to date.

    A configured one that is not there yet is empty, unless it has to be ``there``.
    Raises NotAStore, and UsageError for settings nobody can read.
    """
    from ..store.errors import StoreError
    from ..store.opening import require_store
    from ..tracking.queries import open_store

    try:
        source = open_store(store)
        if there:
            require_store(source.uri)
        with patience("reading what is new in the log"):
            source.search(limit=1)
        return source
    except StoreError:
        raise
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def opened_folder(store: str | None) -> FolderStore:
    """The same for what works on files: the store must be there, and a folder, else UsageError."""
    from ..store.folder import FolderStore

    folder = opened(store, there=True)
    if not isinstance(folder, FolderStore):
        raise click.UsageError(f"this works on a store that is a folder, not on {folder.uri}")
    return folder


def found(store: Store, name: str) -> RunData:
    """The run that a command line names: an id, the beginning of one, or ``last``.

    Raises RunNotFound, also for ``last`` in a store without runs.
    """
    if name != "last":
        return store.get(name)
    latest = store.search("parent IS NULL", limit=1)
    if not latest:
        from ..store.errors import RunNotFound

        raise RunNotFound(f"there is no run yet in {store.uri}")
    return latest[0]


def pairs(context: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` options as a dictionary."""
    wrong = next((text for text in given if not text.partition("=")[1] or text.startswith("=")), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not of the form KEY=VALUE", context, option)
    return dict(text.split("=", 1) for text in given)


def commas(context: click.Context, option: click.Parameter, given: str | None) -> tuple[str, ...]:
    """``a,b,c`` as a tuple."""
    return tuple(filter(None, map(str.strip, (given or "").split(","))))


def age(context: click.Context, option: click.Parameter, given: str | None) -> int:
    """``90s``, ``30m``, ``12h``, ``7d`` or ``2w`` in milliseconds; 0 when not given."""
    if given is None:
        return 0
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", given)
    if match is None:
        raise click.BadParameter(f"{given!r} is not a time like 7d, 12h or 30m", context, option)
    return int(float(match[1]) * _UNITS[match[2]] * 1000)
