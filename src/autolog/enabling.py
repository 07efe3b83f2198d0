"""`enable`, `disable`, `status` and `suppressed`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..store.opening import check_address
from ..tracking.active import activate
from ..tracking.settings import resolve
from . import registry
from .registry import FrameworkStatus


def enable(
    *,
    store: str | os.PathLike[str] | None = None,
    experiment: str | None = None,
    frameworks: Iterable[str] | None = None,
    models: bool | None = None,
    trials: bool | None = None,
    fits: str | None = None,
    tags: Mapping[str, Any] | None = None,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    silent: bool | None = None,
) -> None:
    """Record every training from here on. Once is enough, twice is one layer.

    Frameworks may be imported before or after. Every option can also be given as an
    environment variable (``AUTOLOG_STORE``, …) or under ``[tool.autolog]`` in the nearest
    ``pyproject.toml``; the argument beats the environment, which beats the file. What is
    not given here or there has the default that docs/configuration.md lists:

    store: a folder (default ``autoruns``). experiment: default the git repository's or
    the working folder's name. frameworks: names as `status` lists them, default all.
    models: keep fitted models. trials: a nested run for each candidate of a search.
    fits: "auto", or "nested" for a nested run also for the first fit in a run of yours.
    tags: on every top-level run. include, exclude: patterns such as
    ``"sklearn.preprocessing.*"`` (classes) or ``"metrics.training_*"`` (what is recorded).
    silent: no warnings, no progress.

    Raises ValueError or TypeError for an option that cannot be read, and for a store that
    can be none (a file, an unknown scheme). A folder that cannot be written raises nothing:
    that may pass, and the training goes on.
    """
    settings = resolve(
        store=store,
        experiment=experiment,
        frameworks=frameworks,
        models=models,
        trials=trials,
        fits=fits,
        tags=tags,
        include=include,
        exclude=exclude,
        silent=silent,
    )
    check_address(settings.store)
    activate(settings)
    registry.enable(settings.frameworks)


def disable(framework: str | None = None) -> None:
    """Stop recording one framework, or all. What was patched is as it was before."""
    registry.disable(framework)


def status() -> list[FrameworkStatus]:
    """For each framework whether it is recorded: on, partial and why, or off."""
    return registry.status()


@contextmanager
def suppressed() -> Iterator[None]:
    """Nothing is recorded by itself inside this block."""
    from ..tracking.context import entered

    with entered(suppressed=True):
        yield
