"""What a user of MLflow's client does with models; prints what came of it as one line of JSON.

Run as a program, with ``MLFLOW_TRACKING_URI`` and ``MLFLOW_TRACKING_TOKEN`` set.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import mlflow
import numpy as np
from mlflow import MlflowClient, MlflowException
from sklearn.linear_model import LogisticRegression

X = np.arange(20.0).reshape(10, 2)
Y = (np.arange(10) > 4).astype(int)


def logged(client: MlflowClient) -> tuple[dict[str, Any], str, str, str]:
    """A run that logs a model and registers it, and the model loaded by all its names."""
    with mlflow.start_run(run_name="fit") as run:
        model = LogisticRegression().fit(X, Y)
        mlflow.log_metric("acc", 0.9)
        info = mlflow.sklearn.log_model(
            model, name="lr", registered_model_name="fraud", input_example=X[:2], params={"C": 1.0}
        )
        mlflow.log_metric("late", 0.5, model_id=info.model_id)
    client.set_registered_model_alias("fraud", "champion", 1)
    names = ["models:/fraud/1", "models:/fraud@champion", "models:/fraud/latest", info.model_uri]
    predicted = [mlflow.pyfunc.load_model(name).predict(X).tolist() for name in names]
    by_run = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/lr")
    outputs = client.get_run(run.info.run_id).outputs.model_outputs
    outcome = {
        "the same predictions": [one == model.predict(X).tolist() for one in predicted],
        "by its run": type(by_run).__name__,
        "outputs": [one.model_id == info.model_id for one in outputs],
    }
    return outcome, run.info.run_id, run.info.experiment_id, info.model_id


def searched(client: MlflowClient, run: str, experiment: str) -> dict[str, Any]:
    def models(**wanted: Any) -> list[Any]:
        return mlflow.search_logged_models(experiment_ids=[experiment], output_format="list", **wanted)

    (model,) = models()
    (version,) = mlflow.search_model_versions(filter_string="name = 'fraud'")
    metrics = {one.key: one.value for one in model.metrics}
    return {
        "logged": [model.name, str(model.status), model.params, metrics],
        "its run": model.source_run_id == run,
        "by metric": [len(models(filter_string=f"metrics.acc > {least}")) for least in (0.8, 0.95)],
        "version": [version.version, version.source == f"models:/{model.model_id}", list(version.aliases)],
        "by run": [one.version for one in client.search_model_versions(f"run_id = '{run}'")],
    }


def moved(client: MlflowClient, run: str) -> dict[str, Any]:
    """More versions, copies, stages, tags, names."""
    again = mlflow.register_model(f"runs:/{run}/lr", "fraud")
    copy = client.copy_model_version("models:/fraud/1", "copied")
    loaded = mlflow.sklearn.load_model("models:/copied/1")
    client.transition_model_version_stage("fraud", "2", "Production")
    client.update_model_version("fraud", "1", "first")
    client.set_model_version_tag("fraud", "1", "k", "v")
    client.set_registered_model_tag("fraud", "team", "red")
    client.rename_registered_model("copied", "renamed")
    first = client.get_model_version("fraud", "1")
    return {
        "again": again.version,
        "copy": [copy.name, copy.version, type(loaded).__name__],
        "latest": [one.version for one in client.get_latest_versions("fraud")],
        "by stage": type(mlflow.sklearn.load_model("models:/fraud/Production")).__name__,
        "described": [first.description, first.tags],
        "models": [one.name for one in client.search_registered_models()],
        "by tag": [one.name for one in client.search_registered_models("tags.team = 'red'")],
        "by name": [one.name for one in client.search_registered_models("name LIKE 'ren%'")],
    }


def external(client: MlflowClient) -> dict[str, Any]:
    """A logged model without a run."""
    id = mlflow.initialize_logged_model("elsewhere", tags={"a": "b"}).model_id
    mlflow.log_model_params({"z": "1"}, id)
    mlflow.set_logged_model_tags(id, {"c": "d"})
    mlflow.finalize_logged_model(id, "FAILED")
    client.delete_logged_model_tag(id, "c")
    model = mlflow.get_logged_model(id)
    client.delete_logged_model(id)
    return {
        "external": [model.name, str(model.status), model.params, model.tags["a"], "c" in model.tags],
        "deleted": code_of(lambda: mlflow.get_logged_model(id)),
    }


def measured(model_id: str, experiment: str) -> dict[str, Any]:
    with mlflow.start_run() as run:
        digits = mlflow.data.from_numpy(X, targets=Y, name="digits")
        mlflow.log_metric("acc", 0.7, model_id=model_id, dataset=digits)
    found = mlflow.search_logged_models(
        experiment_ids=[experiment],
        datasets=[{"dataset_name": "digits", "dataset_digest": digits.digest}],
        output_format="list",
    )
    metrics = mlflow.get_logged_model(model_id).metrics
    on = [(one.value, one.run_id == run.info.run_id) for one in metrics if one.dataset_name == "digits"]
    return {"measured": [on, [one.model_id == model_id for one in found]]}


def recorded_by_autolog() -> dict[str, Any]:
    mlflow.sklearn.autolog(log_input_examples=True)
    with mlflow.start_run() as run:
        LogisticRegression().fit(X, Y)
    (model,) = mlflow.search_logged_models(
        experiment_ids=[run.info.experiment_id],
        filter_string=f"source_run_id = '{run.info.run_id}'",
        output_format="list",
    )
    return {"autolog": [model.name, str(model.status), model.params["fit_intercept"]]}


def refused(client: MlflowClient) -> dict[str, Any]:
    return {
        "no alias": code_of(lambda: client.get_model_version_by_alias("fraud", "none")),
        "taken": code_of(lambda: client.create_registered_model("fraud")),
        "no model": code_of(lambda: mlflow.pyfunc.load_model("models:/none/1")),
        "a local path": code_of(lambda: client.create_model_version("fraud", "/etc")),
    }


def code_of(call: Any) -> str:
    try:
        call()
    except MlflowException as error:
        return str(error.error_code)
    return "no error"


def main() -> None:
    mlflow.set_experiment("models")
    client = MlflowClient()
    outcome, run, experiment, model_id = logged(client)
    outcome |= searched(client, run, experiment) | moved(client, run) | refused(client)
    outcome |= measured(model_id, experiment) | external(client) | recorded_by_autolog()
    outcome["files"] = "MLmodel" in os.listdir(mlflow.artifacts.download_artifacts("models:/fraud/1"))
    sys.stdout.write(f"\n{json.dumps(outcome)}\n")


if __name__ == "__main__":
    main()
