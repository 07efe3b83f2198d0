"""Our runs and experiments in the words of MLflow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from ..base import Input, Last, RunData, Store
from ..events import wire_number
from ..experiments import Experiment
from ..wire import tracking as wire
from ..wire.common import Tag

RUN_NAME, PARENT, USER = "mlflow.runName", "mlflow.parentRunId", "mlflow.user"

SAME_TAGS = {
    USER: "autolog.user",
    "mlflow.source.name": "autolog.script",
    "mlflow.source.git.commit": "autolog.git.commit",
    "mlflow.source.git.branch": "autolog.git.branch",
    "mlflow.source.git.repoURL": "autolog.git.remote",
}
"""MLflow's names for what runs of ours note of themselves."""

INPUT_MODEL = "autolog.input_model."
"""A tag that begins so says that the run read the model whose id follows."""
OUTPUT_MODEL = "autolog.output_model."
"""One that begins so says that the run made it; the value is the step."""

_OF_MODELS = re.compile(rf"{re.escape(INPUT_MODEL)}|{re.escape(OUTPUT_MODEL)}|m-[0-9a-f]{{32}}\.")
"""The tags that are about models of the run: what they are tagged with begins with their id."""
_CONTEXT = "mlflow.data.context"


def seen_experiment(experiment: Experiment) -> wire.Experiment:
    return wire.Experiment(
        experiment.id,
        experiment.name,
        f"mlflow-artifacts:/{experiment.id}",
        "deleted" if experiment.deleted else "active",
        experiment.updated,
        experiment.created,
        [Tag(key, value) for key, value in sorted(experiment.tags.items())],
    )


def seen_runs(store: Store, runs: Sequence[RunData]) -> list[wire.Run]:
    """Whole runs, with the last value of each metric."""
    ids = _experiment_ids(store) if runs else {}
    latest = store.latest([run.id for run in runs]) if runs else {}
    return [_seen_run(run, ids.get(run.experiment, ""), latest.get(run.id, {})) for run in runs]


def seen_run(store: Store, run: RunData) -> wire.Run:
    """One run, also with the models that autolog recorded in it."""
    inside = [model.id for model in store.models(run.id) if model.run_id == run.id]
    seen = seen_runs(store, [run])[0]
    outputs = [*(wire.ModelOutput(id, 0) for id in inside), *_output_models(run)]
    return msgspec.structs.replace(seen, outputs=wire.RunOutputs(outputs))


def seen_info(store: Store, run: RunData) -> wire.RunInfo:
    return _seen_info(run, _experiment_ids(store).get(run.experiment, ""))


def _experiment_ids(store: Store) -> Mapping[str, str]:
    return {experiment.name: experiment.id for experiment in store.experiments.list(deleted=None)}


def _seen_run(run: RunData, experiment: str, latest: Mapping[str, Last]) -> wire.Run:
    return wire.Run(
        _seen_info(run, experiment),
        wire.RunContents(
            [_seen_metric(key, last) for key, last in sorted(latest.items())],
            [Tag(key, str(value)) for key, value in sorted(run.params.items())],
            [Tag(key, value) for key, value in sorted(shown_tags(run).items())],
        ),
        wire.RunInputs(
            [_seen_input(input) for input in run.inputs],
            [wire.ModelInput(id) for id in _input_models(run)],
        ),
        wire.RunOutputs(_output_models(run)),
    )


def _seen_info(run: RunData, experiment: str) -> wire.RunInfo:
    return wire.RunInfo(
        run_uuid=run.id,
        experiment_id=experiment,
        run_name=run.name,
        user_id=run.tags.get(USER) or run.tags.get(SAME_TAGS[USER], ""),
        status=run.status,  # type: ignore[arg-type]
        start_time=run.start_time,
        end_time=run.end_time,
        artifact_uri=f"mlflow-artifacts:/{experiment}/{run.id}/artifacts",
        lifecycle_stage="deleted" if run.deleted else "active",
        run_id=run.id,
    )


def shown_tags(run: RunData) -> dict[str, str]:
    """The tags of a run, and those that MLflow's clients look for."""
    tags = {key: value for key, value in run.tags.items() if not _OF_MODELS.match(key)}
    for theirs, ours in SAME_TAGS.items():
        if ours in tags:
            tags.setdefault(theirs, tags[ours])
    if "mlflow.source.name" in tags:
        tags.setdefault("mlflow.source.type", "LOCAL")
    if run.parent_id is not None:
        tags[PARENT] = run.parent_id
    tags[RUN_NAME] = run.name
    return tags


def _input_models(run: RunData) -> list[str]:
    return sorted(key.removeprefix(INPUT_MODEL) for key in run.tags if key.startswith(INPUT_MODEL))


def _output_models(run: RunData) -> list[wire.ModelOutput]:
    return [
        wire.ModelOutput(key.removeprefix(OUTPUT_MODEL), int(step))
        for key, step in sorted(run.tags.items())
        if key.startswith(OUTPUT_MODEL)
    ]


def _seen_metric(key: str, last: Last) -> wire.Metric:
    return wire.Metric(key, wire_number(last.value), last.time, last.step)


def _seen_input(input: Input) -> wire.DatasetInput:
    """A data set that MLflow's client described, as it did; one of ours with its facts as the profile."""
    facts = dict(input.facts)
    tags = [Tag(key, value) for key, value in facts.pop("tags", {}).items()]
    if input.context and all(tag.key != _CONTEXT for tag in tags):
        tags.append(Tag(_CONTEXT, input.context))
    if "source_type" in facts:
        dataset = wire.Dataset(
            input.name,
            input.digest,
            facts["source_type"],
            facts.get("source", ""),
            facts.get("schema"),
            facts.get("profile"),
        )
    else:
        profile = msgspec.json.encode(facts, enc_hook=str).decode()
        dataset = wire.Dataset(input.name, input.digest, "code", '{"tags": {}}', profile=profile)
    return wire.DatasetInput(tags, dataset)
