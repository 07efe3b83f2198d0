"""What an estimator was set to: its own parameters and those of everything inside it."""

from __future__ import annotations

from typing import Any

from ...tracking.outcome import describe_error
from .eligible import qualified


def params_of(estimator: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """``(params, tags)``; an estimator that cannot name its params says so in a tag."""
    tags = {"autolog.framework": "sklearn", "autolog.estimator": qualified(type(estimator))}
    try:
        return {str(key): value for key, value in estimator.get_params(deep=True).items()}, tags
    except Exception as error:  # noqa: BLE001 - the user's own get_params
        tags["autolog.params"] = f"not recorded: get_params raised {describe_error(error)}"
    return {}, tags
