"""The data sets and models that runs read, as MLflow's clients note them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Store
from ..events import Event, Input, Tags
from ..log import now
from ..wire import tracking as wire
from ..wire.common import Nothing
from ..wire.endpoint import Endpoint
from .errors import invalid
from .routing import Handler
from .validation import check_batch, required, run_id
from .views import INPUT_MODEL
from .writers import writers

_MOST = 1000
_LONGEST = {"name": 500, "digest": 36, "schema": 1_048_575, "source": 65_535, "profile": 16_777_215}
_CONTEXT = "mlflow.data.context"


def log_inputs(store: Store, asked: wire.LogInputs) -> Nothing:
    id = run_id(asked)
    check_batch(len(asked.datasets), _MOST, "datasets")
    events: list[Event] = [_input(given) for given in asked.datasets]
    models = {INPUT_MODEL + required(model.model_id, "model_id"): "" for model in asked.models}
    if models:
        events.append(Tags(0, now(), tags={**models}))
    run = writers(store).active(id)
    if events:
        run.writer.write(*events)
    return Nothing()


def _input(given: wire.DatasetInput) -> Input:
    dataset = required(given.dataset, "dataset")
    name, digest = required(dataset.name, "dataset.name"), required(dataset.digest, "dataset.digest")
    for field, most in _LONGEST.items():
        if len(getattr(dataset, field) or "") > most:
            raise invalid(f"Dataset {field} exceeds the maximum length of {most}")
    tags = {tag.key: tag.value for tag in given.tags}
    facts: dict[str, Any] = {"source_type": dataset.source_type or "", "source": dataset.source or ""}
    facts |= {"schema": dataset.schema, "profile": dataset.profile, "tags": tags}
    return Input(0, now(), name=name, digest=digest, context=tags.get(_CONTEXT, ""), facts=facts)


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {wire.LOG_INPUTS: log_inputs}
