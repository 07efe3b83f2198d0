"""What can go wrong with a store, as one small tree.

    StoreError
    ├── RunNotFound        (KeyError)    no run has this id
    ├── ExperimentNotFound (KeyError)    no experiment has this name
    ├── ArtifactNotFound   (FileNotFoundError)  the run holds no such file
    ├── FilterError        (ValueError)  a filter or an order that cannot be read
    ├── InvalidName        (ValueError)  a name or path that cannot be stored safely
    ├── NotAStore          (ValueError)  the address names something that is no store
    └── StoreUnavailable   (OSError)     the store cannot be read or written right now

Each also is the builtin that Python code expects, so nobody has to import this
module to catch one. Local and remote stores raise the same errors.
"""

from __future__ import annotations


class StoreError(Exception):
    """Any error of a store."""


class RunNotFound(StoreError, KeyError):
    """No run of this store has the id that was asked for."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ExperimentNotFound(StoreError, KeyError):
    """No experiment of this store has the name that was asked for."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ArtifactNotFound(StoreError, FileNotFoundError):
    """The run holds no artifact under this path."""


class FilterError(StoreError, ValueError):
    """A filter or an order that cannot be read; the message points at the place."""


class InvalidName(StoreError, ValueError):
    """A name or path that would not stay inside the store."""


class NotAStore(StoreError, ValueError):
    """The address names something that is not a store."""


class StoreUnavailable(StoreError, OSError):
    """The store cannot be read or written right now."""
