"""What can go wrong with a store, as one small tree.

    StoreError
    ├── RunNotFound        (KeyError)    no run has this id
    ├── ExperimentNotFound (KeyError)    no experiment has this name
    ├── ArtifactNotFound   (FileNotFoundError)  the run holds no such file
    ├── ModelNotFound      (KeyError)    no registered model has this name
    ├── VersionNotFound    (KeyError)    the registered model has no such version
    ├── AliasNotFound      (KeyError)    the registered model has no such alias
    ├── NameTaken          (ValueError)  another registered model or experiment has this name
    ├── AliasInUse         (ValueError)  what would be deleted has an alias
    ├── NotPromoted        (ValueError)  the condition for moving an alias does not hold
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


class _Missing(StoreError, KeyError):
    """A KeyError that reads as a sentence."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class RunNotFound(_Missing):
    """No run of this store has the id that was asked for."""


class ExperimentNotFound(_Missing):
    """No experiment of this store has the name that was asked for."""


class ModelNotFound(_Missing):
    """No registered model of this store has the name that was asked for."""


class VersionNotFound(_Missing):
    """The registered model has no version of this number."""


class AliasNotFound(_Missing):
    """No version of the registered model has this alias."""


class ArtifactNotFound(StoreError, FileNotFoundError):
    """The run holds no artifact under this path."""


class NameTaken(StoreError, ValueError):
    """There is a registered model, or an experiment, of this name already."""


class AliasInUse(StoreError, ValueError):
    """An alias points to what would be deleted."""


class NotPromoted(StoreError, ValueError):
    """The condition for moving an alias does not hold; the message says which part of it."""


class FilterError(StoreError, ValueError):
    """A filter or an order that cannot be read; the message points at the place."""


class InvalidName(StoreError, ValueError):
    """A name or path that would not stay inside the store."""


class NotAStore(StoreError, ValueError):
    """The address names something that is not a store."""


class StoreUnavailable(StoreError, OSError):
    """The store cannot be read or written right now."""
