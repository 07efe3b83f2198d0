"""A model as an artifact of a run, with an id of its own: ``models:/m-…``."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..store.errors import StoreError
from .core import ModelInfo, save

if TYPE_CHECKING:
    from ..tracking.runs import ActiveRun


def log(run: ActiveRun, model: Any, name: str, **details: Any) -> ModelInfo | None:
    """Save a model into a run. ``details`` are those of `core.save`, and so are the errors.

    ``path`` of what is returned is gone by then; `placed` finds the model. None when the
    store failed, which the user is warned of.
    """
    id, info = f"m-{os.urandom(16).hex()}", None
    with run.artifact(name) as folder:
        info = save(model, folder, id=id, **details)
    if info is not None:
        run.note_model(id, name, info.flavor, info.notes)
    return info


def placed(info: ModelInfo, run: ActiveRun, name: str) -> ModelInfo | None:
    """The same, where it is in the store; None when that had no place for it."""
    if run.store is None:
        return None
    try:
        return replace(info, path=run.store.artifacts(run.id).path(name))
    except (OSError, StoreError):
        return None
