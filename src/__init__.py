"""Records machine-learning training by itself.

    import autolog
    autolog.enable()

After that the unchanged training code is recorded: parameters, metrics, models, data,
environment, and every trial of a hyperparameter search as a nested run. All that is
public stands here; everything else may change.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .autolog.enabling import disable, enable, status, suppressed
    from .tracking.api import (
        active_run,
        log_artifact,
        log_dict,
        log_figure,
        log_input,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        log_table,
        log_text,
        run,
        set_tag,
        set_tags,
    )
    from .tracking.queries import buckets, get_run, open_store, search_runs

# Where each name comes from. Loaded at first use: a script that only reads runs needs no
# hooks, one that only records needs no SQL.
_WHERE = {
    "autolog.enabling": ("disable", "enable", "status", "suppressed"),
    "tracking.api": (
        "active_run",
        "log_artifact",
        "log_dict",
        "log_figure",
        "log_input",
        "log_metric",
        "log_metrics",
        "log_param",
        "log_params",
        "log_table",
        "log_text",
        "run",
        "set_tag",
        "set_tags",
    ),
    "tracking.queries": ("buckets", "get_run", "open_store", "search_runs"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}

__all__ = [
    "__version__",
    "active_run",
    "buckets",
    "disable",
    "enable",
    "get_run",
    "log_artifact",
    "log_dict",
    "log_figure",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "open_store",
    "run",
    "search_runs",
    "set_tag",
    "set_tags",
    "status",
    "suppressed",
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
