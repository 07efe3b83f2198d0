"""Waiting for stores that send what they are given later."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..base import Store


@runtime_checkable
class Delivering(Protocol):
    """A store on a server, which keeps on this machine what it has not sent yet."""

    def deliver(self) -> None:
        """Send it all, however long it takes. Raises StoreUnavailable when the server is away."""


def deliver(store: Store) -> None:
    """See to it that the store has what it was given."""
    if isinstance(store, Delivering):
        store.deliver()
