"""What a user of MLflow has: run as a program, with tracking addresses as its arguments."""

from __future__ import annotations

import sys
import warnings

import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


def main(address: str) -> None:
    warnings.simplefilter("ignore")
    mlflow.set_tracking_uri(address)
    mlflow.set_experiment("iris")
    mlflow.set_experiment_tags({"team": "red"})
    mlflow.sklearn.autolog(registered_model_name="flowers")
    with mlflow.start_run(run_name="outer"):
        LogisticRegression(max_iter=200).fit(*load_iris(return_X_y=True))
        for step in range(50):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_text("hello", "notes/a.txt")
        with mlflow.start_run(run_name="inner", nested=True):
            mlflow.log_params({"x": 3, "long": "v" * 500})
            mlflow.log_metric("nan", float("nan"))
            with mlflow.start_run(run_name="innermost", nested=True):
                mlflow.set_tag("who", "me")
    client = mlflow.MlflowClient(address)
    client.set_registered_model_alias("flowers", "champion", "1")
    client.set_model_version_tag("flowers", "1", "stage", "proven")
    client.update_registered_model("flowers", "about flowers")
    gone = client.create_run("0", run_name="gone")
    client.delete_run(gone.info.run_id)
    failed = client.create_run("0", run_name="broken", start_time=1_700_000_000_000)
    client.set_terminated(failed.info.run_id, "FAILED", end_time=1_700_000_001_000)


if __name__ == "__main__":
    for address in sys.argv[1:]:
        main(address)
