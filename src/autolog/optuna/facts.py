"""What a study says about itself, as params and tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...tracking.text import text


def described(study: Any, address: str | None) -> dict[str, Any]:
    """Params of the study's run."""
    directions = [direction.name.lower() for direction in study.directions]
    one = {"direction": directions[0]} if len(directions) == 1 else {"directions": ", ".join(directions)}
    return {
        "study_name": study.study_name,
        "storage": address or "in memory",
        **one,
        "sampler": type(study.sampler).__name__,
        "pruner": type(study.pruner).__name__,
    }


def names_of_values(study: Any) -> list[str]:
    """What the values of a trial are called, in their order."""
    if names := study.metric_names:
        return list(names)
    objectives = len(study.directions)
    return ["value"] if objectives == 1 else [f"value.{number}" for number in range(objectives)]


def user_attributes(attributes: Mapping[str, Any]) -> dict[str, str]:
    """User attributes as tags: texts as they are, anything else as Python writes it."""
    return {f"user_attr.{k}": v if isinstance(v, str) else text(v) for k, v in attributes.items()}
