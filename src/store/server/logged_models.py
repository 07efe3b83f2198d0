"""What a store holds as the logged models of MLflow's clients.

One that such a client logged is a run of the kind "model", nested in the run that it came
from, with tags, params and metrics of its own. One that autolog recorded lies among the
artifacts of its run, and shares that run's params and metrics; its tags are the run's, too,
with its id before their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..base import Input, Last, LoggedModel, RunData, Store
from ..errors import ExperimentNotFound, ModelNotFound, RunNotFound
from ..events import read_number, wire_number
from ..experiments import Experiment
from ..wire import models as wire
from ..wire.tracking import Metric
from .addresses import MODEL, model_uri
from .errors import Refused, missing
from .texts import shown

KIND = "model"
MODEL_TYPE = "mlflow.modelType"
"""The tag that keeps a model's type."""
MEASURED = "metric "
"""How the context of a data set begins that a model's metric was measured on; the name follows."""
_STATUSES: Mapping[str, wire.Status] = {
    "RUNNING": "LOGGED_MODEL_PENDING",
    "SCHEDULED": "LOGGED_MODEL_PENDING",
    "FINISHED": "LOGGED_MODEL_READY",
}


def unknown(id: str) -> Refused:
    return missing(f"Logged model with ID '{id}' not found.")


def model_run(store: Store, id: str, *, deleted: bool = False) -> RunData | None:
    """The run that a model is; None for one that lies in another run, and for one there is not."""
    try:
        run = store.get(id, deleted=deleted)
    except RunNotFound:
        return None
    return run if (run.id, run.kind) == (id, KIND) else None


def model_inside(store: Store, id: str) -> LoggedModel:
    """A model that lies in a run. Raises Refused."""
    try:
        return store.model(id)
    except (ModelNotFound, RunNotFound) as error:
        raise unknown(id) from error


def located(store: Store, id: str) -> tuple[str, str]:
    """The run that holds a model's files, and the path they are at. Raises Refused."""
    if model_run(store, id) is not None:
        return id, MODEL
    model = model_inside(store, id)
    return model.run_id, model.path


def is_own_run(store: Store, id: str) -> bool:
    """Whether a model is a run of its own; else it lies in a run. Raises Refused when there is none."""
    if model_run(store, id, deleted=True) is not None:
        return True
    model_inside(store, id)
    return False


def find(store: Store, id: str, *, deleted: bool = False) -> wire.LoggedModel:
    """A model by its id. Raises Refused."""
    run = model_run(store, id, deleted=deleted)
    if run is not None:
        return next(_of_kind(store, store.experiments.named(run.experiment), [run]))
    model = model_inside(store, id)
    run = store.get(model.run_id)
    last = store.latest([run.id]).get(run.id, {})
    return _inside(store.experiments.named(run.experiment), run, model, last)


def of_experiment(store: Store, id: str) -> Iterator[wire.LoggedModel]:
    """All models of an experiment; none of one there is not."""
    try:
        experiment = store.experiments.get(id)
    except ExperimentNotFound:
        return
    if experiment.deleted:
        return
    try:
        models = store.search(f"kind = '{KIND}'", experiment=experiment.name)
        runs = store.search(experiment=experiment.name)
    except ExperimentNotFound:  # without runs
        return
    yield from _of_kind(store, experiment, models)
    by_id = {run.id: run for run in runs}
    inside = [model for model in store.models(*by_id) if model.run_id in by_id]
    last = store.latest(sorted({model.run_id for model in inside}))
    for model in inside:
        yield _inside(experiment, by_id[model.run_id], model, last.get(model.run_id, {}))


def _of_kind(store: Store, experiment: Experiment, runs: list[RunData]) -> Iterator[wire.LoggedModel]:
    last = store.latest([run.id for run in runs])
    for run in runs:
        tags = dict(run.tags)
        info = wire.Info(
            run.id,
            experiment.id,
            run.name,
            run.start_time or 0,
            run.end_time or run.start_time or 0,
            model_uri(experiment.id, run.id),
            _STATUSES.get(run.status, "LOGGED_MODEL_UPLOAD_FAILED"),
            tags.pop(MODEL_TYPE, ""),
            run.parent_id or "",
            shown(tags),
        )
        metrics = list(_metrics(run, last.get(run.id, {})))
        yield wire.LoggedModel(info, wire.Data(shown(run.params), metrics))


def _metrics(run: RunData, last: Mapping[str, Last]) -> Iterator[Metric]:
    """The last value of each metric and, where it was measured on data sets, that on each of them."""
    measured: dict[str, list[Input]] = {}
    for one in run.inputs:
        if one.context.startswith(MEASURED):
            measured.setdefault(one.context.removeprefix(MEASURED), []).append(one)
    for key, point in sorted(last.items()):
        on = [(_measured(one), one) for one in measured.get(key, ())]
        if point not in [value for value, _ in on]:
            yield _metric(key, point, run.id, run.parent_id)
        for value, one in on:
            yield _metric(key, value, run.id, one.facts["run"], one)


def _measured(one: Input) -> Last:
    return Last(read_number(one.facts["value"]), one.facts["step"], one.facts["time"])


def _metric(key: str, last: Last, model: str, run: str | None, data: Input | None = None) -> Metric:
    return Metric(
        key,
        wire_number(last.value),
        last.time,
        last.step,
        data.name if data else None,
        data.digest if data else None,
        model,
        run,
    )


def _inside(
    experiment: Experiment, run: RunData, model: LoggedModel, last: Mapping[str, Last]
) -> wire.LoggedModel:
    prefix = f"{model.id}."
    tags = {key.removeprefix(prefix): value for key, value in run.tags.items() if key.startswith(prefix)}
    info = wire.Info(
        model.id,
        experiment.id,
        model.path,
        model.time,
        model.time,
        model_uri(experiment.id, model.id),
        "LOGGED_MODEL_READY",
        tags.pop(MODEL_TYPE, ""),
        run.id,
        shown(tags),
    )
    metrics = [_metric(key, point, model.id, run.id) for key, point in sorted(last.items())]
    return wire.LoggedModel(info, wire.Data(shown(run.params), metrics))
