"""Searching for logged models: MLflow's filters, data sets, orders and pages."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ..base import Store
from ..events import read_number
from ..wire import models as wire
from ..wire.tracking import Metric
from .clauses import Clause, Fields, clauses
from .errors import Refused, invalid
from .logged_models import of_experiment
from .paging import page_size

_ATTRIBUTES: dict[str, Callable[[wire.Info], str | float]] = {
    "name": lambda info: info.name,
    "model_id": lambda info: info.model_id,
    "model_type": lambda info: info.model_type,
    "status": lambda info: info.status.removeprefix("LOGGED_MODEL_"),
    "source_run_id": lambda info: info.source_run_id,
    "experiment_id": lambda info: info.experiment_id,
    "artifact_location": lambda info: info.artifact_uri,
    "creation_timestamp_ms": lambda info: info.creation_timestamp_ms,
    "last_updated_timestamp_ms": lambda info: info.last_updated_timestamp_ms,
}
_NUMBERS = ["creation_timestamp_ms", "last_updated_timestamp_ms"]
_ALIASES = {
    "creation_time": "creation_timestamp_ms",
    "creation_timestamp": "creation_timestamp_ms",
    "last_updated_timestamp": "last_updated_timestamp_ms",
}
_FIELDS = Fields(_ATTRIBUTES.keys() - _NUMBERS, _NUMBERS, ("tags", "params", "metrics"), _ALIASES)
_MOST = 10_000


class Token(msgspec.Struct, frozen=True):
    """Where the next page begins, and of which search: another one has no use for it."""

    experiment_ids: list[str]
    filter_string: str | None = None
    order_by: list[dict[str, Any]] | None = None
    offset: int = 0


def search(store: Store, asked: wire.Search) -> wire.Models:
    if not all(data.dataset_name for data in asked.datasets):
        raise invalid("`dataset_name` in the `datasets` clause must be specified.")
    wanted = clauses(asked.filter, _FIELDS)
    token = _token(asked)
    size = page_size(asked.max_results or None, 50, _MOST)
    everything = (model for id in dict.fromkeys(asked.experiment_ids) for model in of_experiment(store, id))
    found = _sorted(
        (model for model in everything if _matches(model, wanted, asked.datasets)), asked.order_by
    )
    end = token.offset + size
    following = msgspec.structs.replace(token, offset=end)
    return wire.Models(found[token.offset : end], _encoded(following) if len(found) > end else "")


def _token(asked: wire.Search) -> Token:
    """Where the page begins. Raises Refused for the token of another search."""
    order_by = [
        {
            "field_name": order.field_name,
            "ascending": order.ascending,
            "dataset_name": order.dataset_name or None,
            "dataset_digest": order.dataset_digest or None,
        }
        for order in asked.order_by
    ]
    new = Token(asked.experiment_ids, asked.filter or None, order_by or None)
    if not asked.page_token:
        return new
    try:
        token = msgspec.json.decode(base64.b64decode(asked.page_token, validate=True), type=Token)
    except (ValueError, msgspec.DecodeError):
        raise invalid(f"Invalid page token: {asked.page_token}.") from None
    if token.offset < 0 or msgspec.structs.replace(token, offset=0) != new:
        raise _mismatch(token, new)
    return token


def _mismatch(token: Token, new: Token) -> Refused:
    for field, name in (
        ("experiment_ids", "Experiment IDs"),
        ("filter_string", "Filter string"),
        ("order_by", "Order by"),
    ):
        expected, found = getattr(new, field), getattr(token, field)
        if expected != found:
            return invalid(
                f"{name} in the page token does not match the requested {name.lower()}. "
                f"Expected: {expected}. Found: {found}"
            )
    return invalid("Invalid page token: its offset is negative")


def _encoded(token: Token) -> str:
    return base64.b64encode(msgspec.json.encode(token)).decode()


def _matches(model: wire.LoggedModel, wanted: list[Clause], datasets: list[wire.DataSet]) -> bool:
    """With data sets, a metric counts where it was measured on one of them."""
    metrics = [
        one for one in model.data.metrics if not datasets or any(_is_on(one, data) for data in datasets)
    ]
    if datasets and not metrics:
        return False
    return all(any(map(clause.holds, _values(model, clause, metrics))) for clause in wanted)


def _is_on(metric: Metric, data: wire.DataSet | wire.OrderBy) -> bool:
    return (data.dataset_name or metric.dataset_name) == metric.dataset_name and (
        data.dataset_digest or metric.dataset_digest
    ) == metric.dataset_digest


def _values(model: wire.LoggedModel, clause: Clause, metrics: list[Metric]) -> Iterable[str | float | None]:
    """What a comparison is with; a metric has several values, one for each data set."""
    if clause.kind == "metrics":
        return [read_number(one.value or 0) for one in metrics if one.key == clause.key]
    if clause.kind == "attributes":
        return [_ATTRIBUTES[clause.key](model.info)]
    texts = model.info.tags if clause.kind == "tags" else model.data.params
    return [one.value for one in texts if one.key == clause.key]


def _sorted(models: Iterable[wire.LoggedModel], order_by: list[wire.OrderBy]) -> list[wire.LoggedModel]:
    """What is missing comes last either way; in the end the newest first."""
    found = sorted(models, key=lambda model: model.info.model_id)
    found.sort(key=lambda model: model.info.creation_timestamp_ms, reverse=True)
    for order in reversed(order_by):
        keyed = list(zip(map(_key(order), found), found, strict=True))
        there = [pair for pair in keyed if pair[0] is not None]
        there.sort(key=lambda pair: pair[0], reverse=not order.ascending)
        found = [model for _, model in there] + [model for key, model in keyed if key is None]
    return found


def _key(order: wire.OrderBy) -> Callable[[wire.LoggedModel], Any]:
    kind, dot, key = order.field_name.partition(".")
    if dot and kind == "metrics":
        return lambda model: _last(model, key, order)
    if dot:
        raise invalid(f"Invalid order by field name: {order.field_name}. Only metrics are supported.")
    attribute = _ATTRIBUTES.get(_ALIASES.get(kind, kind))
    if attribute is None:
        raise invalid(f"Invalid order by field name: {order.field_name}")
    return lambda model: attribute(model.info)


def _last(model: wire.LoggedModel, key: str, order: wire.OrderBy) -> float | None:
    """The metric that was logged last, on the data set that is named, if any; NaN counts as missing."""
    points = [one for one in model.data.metrics if one.key == key and _is_on(one, order)]
    if not points:
        return None
    value = read_number(max(points, key=lambda one: (one.timestamp or 0, one.step or 0)).value or 0)
    return None if math.isnan(value) else value
