"""What can go wrong with a saved model, as one small tree.

    ModelError
    ├── ModelNotSaved    (TypeError)          the model holds something that cannot be written safely
    ├── ModelExists      (FileExistsError)    something stands where the model should go
    ├── NotAModel        (FileNotFoundError)  there is no model at this place
    ├── ModelDamaged     (ValueError)         files are missing, changed, cut off, or lead out of the folder
    ├── ModelUntrusted   (PermissionError)    loading would use types that the caller has not named
    └── ModelNotLoadable (ImportError)        a flavor, class or format that this installation lacks

Each also is the builtin that Python code expects.
"""

from __future__ import annotations


class ModelError(Exception):
    """Any error about saving or loading a model."""


class ModelNotSaved(ModelError, TypeError):
    """The model holds something that cannot be written safely; the message names it."""


class ModelExists(ModelError, FileExistsError):
    """Something stands where the model should go; nothing is ever overwritten."""


class NotAModel(ModelError, FileNotFoundError):
    """There is no model at this place."""


class ModelDamaged(ModelError, ValueError):
    """Files of the model are missing, changed, cut off, or lead out of its folder."""


class ModelUntrusted(ModelError, PermissionError):
    """Loading would use types that the caller has not named.

    `types` holds their names: what to pass as ``trust=`` after having read them.
    """

    def __init__(self, message: str, types: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.types = types


class ModelNotLoadable(ModelError, ImportError):
    """The model needs a flavor, a class or a newer format than is installed here."""
