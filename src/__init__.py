"""Records machine-learning training by itself.

    import autolog
    autolog.enable()

After that the unchanged training code is recorded: parameters, metrics, models, data,
environment, and every trial of a hyperparameter search as a nested run. All that is
public stands here; everything else may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import attributes

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .autolog.enabling import disable, enable, status, suppressed
    from .autolog.lightning.callback import LightningCallback
    from .autolog.lightning.logger import LightningLogger
    from .flavors.api import infer_signature, load_model, load_predictor, log_model, save_model
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

_WHERE = {
    "autolog.enabling": ("disable", "enable", "status", "suppressed"),
    "autolog.lightning.callback": ("LightningCallback",),
    "autolog.lightning.logger": ("LightningLogger",),
    "flavors.api": ("infer_signature", "load_model", "load_predictor", "log_model", "save_model"),
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
__all__ = [
    "LightningCallback",
    "LightningLogger",
    "__version__",
    "active_run",
    "buckets",
    "disable",
    "enable",
    "get_run",
    "infer_signature",
    "load_model",
    "load_predictor",
    "log_artifact",
    "log_dict",
    "log_figure",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "open_store",
    "run",
    "save_model",
    "search_runs",
    "set_tag",
    "set_tags",
    "status",
    "suppressed",
]


__getattr__ = attributes(__name__, _WHERE)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
