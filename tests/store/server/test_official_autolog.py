"""MLflow's own autologging against our server: the models load again, and we read what MLflow reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.store.postgres import postgres
from tests.store.server.official import Official, client, experiment, mlflow, models_of, official

__all__ = ["client", "official", "postgres"]

np = pytest.importorskip("numpy")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)


@contextmanager
def autologging(flavor: Any, **options: Any) -> Iterator[None]:
    flavor.autolog(**options)
    try:
        yield
    finally:
        flavor.autolog(disable=True)


def test_a_search_over_a_pipeline(official: Official, client: Any) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    id = experiment("grid")
    pipeline = make_pipeline(StandardScaler(), linear.LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0, 10.0]}, cv=3)
    with autologging(mlflow.sklearn):
        search.fit(X, Y)
    (top,) = [run for run in client.search_runs([id]) if "mlflow.parentRunId" not in run.data.tags]
    assert top.data.params["best_logisticregression__C"] == str(search.best_params_["logisticregression__C"])
    assert top.data.metrics["best_cv_score"] == search.best_score_
    trials = client.search_runs([id], f"tags.mlflow.parentRunId = '{top.info.run_id}'")
    scores = zip(["0.1", "1.0", "10.0"], search.cv_results_["mean_test_score"], strict=True)
    assert {
        run.data.params["logisticregression__C"]: run.data.metrics["mean_test_score"] for run in trials
    } == dict(scores)
    assert [one.dataset.name for one in top.inputs.dataset_inputs] == ["dataset"]
    assert {file.path for file in client.list_artifacts(top.info.run_id)} >= {"cv_results.csv"}
    models = models_of(top.info.run_id)
    assert models.keys() == {"model", "best_estimator"}
    version = mlflow.register_model(models["best_estimator"].model_uri, "grid")
    loaded = mlflow.sklearn.load_model(f"models:/grid/{version.version}")
    assert loaded.predict(X).tolist() == search.predict(X).tolist()

    ours = official.reopen()
    assert ours.get(top.info.run_id).metrics["best_cv_score"] == search.best_score_
    children = ours.search(experiment="grid", filter=f"parent = '{top.info.run_id}'")
    assert {run.id for run in children} == {run.info.run_id for run in trials}
    assert ours.registry.version("grid", 1).run_id == top.info.run_id


def test_rounds_of_a_booster(official: Official, client: Any) -> None:
    xgboost = pytest.importorskip("xgboost")
    experiment("booster")
    data, seen = xgboost.DMatrix(X, Y), dict[str, Any]()
    params = {"max_depth": 2, "objective": "binary:logistic", "nthread": 1}
    with autologging(mlflow.xgboost), mlflow.start_run() as run:
        booster = xgboost.train(params, data, 5, [(data, "train")], evals_result=seen, verbose_eval=False)
    id, losses = run.info.run_id, seen["train"]["logloss"]
    history = client.get_metric_history(id, "train-logloss")
    assert [(point.step, point.value) for point in history] == list(enumerate(losses))
    points = official.reopen().points(id, "train-logloss")
    assert (list(points.step), list(points.value)) == ([0, 1, 2, 3, 4], losses)
    assert client.get_run(id).data.params["max_depth"] == "2"
    assert models_of(id)["model"].status == "READY"
    mlflow.register_model(f"runs:/{id}/model", "booster")
    client.set_registered_model_alias("booster", "champion", "1")
    loaded = mlflow.xgboost.load_model("models:/booster@champion")
    assert loaded.predict(data).tolist() == booster.predict(data).tolist()
    assert official.reopen().registry.version_by_alias("booster", "champion").version == 1


def test_epochs_of_a_trainer(official: Official, client: Any) -> None:
    pytest.importorskip("lightning")
    from tests.store.server.official_net import fitted

    experiment("trainer")
    with autologging(mlflow.pytorch, log_every_n_step=1), mlflow.start_run() as run:
        net = fitted(logger=False, enable_checkpointing=False)
    id = run.info.run_id
    seen = [point.value for point in client.get_metric_history(id, "loss")]
    assert seen == pytest.approx(net.losses) and len(seen) == 8
    assert client.get_run(id).data.params["lr"] == "0.1"
    assert list(official.reopen().points(id, "loss").value) == seen
    loaded = mlflow.pytorch.load_model(f"runs:/{id}/model")
    assert loaded.layer.weight.tolist() == net.layer.weight.tolist()


def test_what_a_run_logged_before_its_model_is_there_once(official: Official, client: Any) -> None:
    """The client sends the run's metrics again when a model is logged, to say they are the model's."""
    linear = pytest.importorskip("sklearn.linear_model")
    experiment("once")
    fitted = linear.LinearRegression().fit(X, Y)
    with mlflow.start_run() as run:
        mlflow.log_metric("acc", 0.5)
        mlflow.log_metric("loss", 0.25)
        mlflow.log_metric("loss", 0.125, step=1)
        model = mlflow.sklearn.log_model(fitted, name="model", pip_requirements=[])
    id = run.info.run_id
    counts = {key: len(client.get_metric_history(id, key)) for key in ("acc", "loss")}
    assert counts == {"acc": 1, "loss": 2}
    metrics = {one.key: one.value for one in mlflow.get_logged_model(model.model_id).metrics}
    assert metrics == {"acc": 0.5, "loss": 0.25}
    mlflow.log_metric("later", 1.0, model_id=model.model_id, run_id=id)
    mlflow.log_metric("later", 1.0, step=1, model_id=model.model_id, run_id=id)
    ours = official.reopen()
    assert len(ours.points(id, "later")) == len(ours.points(model.model_id, "later")) == 2
