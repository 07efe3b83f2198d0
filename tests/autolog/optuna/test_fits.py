"""Fits inside a trial: the first is recorded in the trial's run, each further one nested in it."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import autolog

from .conftest import Runs, study, trials_of

X, Y = load_iris(return_X_y=True)


def tree(run: Any) -> Any:
    """Names of a run and of those nested in it."""
    nested = sorted(run.children(), key=lambda child: (int(child.tags.get("autolog.trial", -1)), child.name))
    return {run.name: [tree(child) for child in nested]} if nested else run.name


@pytest.mark.parametrize("jobs", [1, 2])
def test_fits_of_sklearn(runs: Runs, jobs: int) -> None:
    def objective(trial: optuna.Trial) -> float:
        model = LogisticRegression(C=trial.suggest_float("c", 0.1, 1), max_iter=500).fit(X, Y)
        LogisticRegression(max_iter=400).fit(X, Y)
        return float(model.score(X, Y))

    study().optimize(objective, n_trials=3, n_jobs=jobs)
    LogisticRegression(max_iter=300).fit(X, Y)
    tops = [run for run in runs() if run.parent_id is None]
    names = [{f"trial {number}": ["LogisticRegression"]} for number in range(3)]
    assert sorted(map(str, map(tree, tops))) == ["LogisticRegression", str({"study": names})]
    for trial in trials_of(next(top for top in tops if top.name == "study")):
        assert trial.params["C"] == trial.params["c"]
        assert trial.params["max_iter"] == 500
        assert trial.tags["autolog.framework"] == "sklearn"
        assert "training_accuracy" in trial.metrics


@pytest.mark.slow
def test_a_grid_search(runs: Runs) -> None:
    def objective(trial: optuna.Trial) -> float:
        grid = {"C": [0.1, 1.0]}
        search = GridSearchCV(LogisticRegression(max_iter=trial.suggest_int("n", 300, 500)), grid, cv=3)
        return float(search.fit(X, Y).best_score_)

    study(direction="maximize").optimize(objective, n_trials=2)
    run = runs()[0]
    assert tree(run) == {"study": [{f"trial {number}": ["trial 0", "trial 1"]} for number in range(2)]}
    for trial in trials_of(run):
        assert trial.metrics["best_score"] == trial.metrics["value"]
        assert [candidate.params["C"] for candidate in trials_of(trial)] == [0.1, 1.0]
        assert [c.tags.get("autolog.best") for c in trials_of(trial)].count("true") == 1


def test_what_the_user_logs_in_a_trial_is_the_trials(runs: Runs) -> None:
    def objective(trial: optuna.Trial) -> float:
        autolog.log_metric("own", trial.number)
        return 0.0

    study().optimize(objective, n_trials=2)
    assert [trial.metrics["own"] for trial in trials_of(runs()[0])] == [0, 1]


def test_xgboost_with_a_pruning_callback(runs: Runs) -> None:
    xgboost = pytest.importorskip("xgboost")

    class Pruning(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def __init__(self, trial: optuna.Trial) -> None:
            self.trial = trial

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            self.trial.report(evals_log["train"]["mlogloss"][-1], epoch)
            if self.trial.should_prune():
                raise optuna.TrialPruned(f"at iteration {epoch}")
            return False

    data = xgboost.DMatrix(X, Y)

    def objective(trial: optuna.Trial) -> float:
        rate = [0.5, 0.01][trial.number]
        options = {"objective": "multi:softprob", "num_class": 3, "eta": rate, "nthread": 1}
        curves: dict[str, Any] = {}
        calls = {"evals": [(data, "train")], "evals_result": curves, "verbose_eval": False}
        xgboost.train(options, data, 5, callbacks=[Pruning(trial)], **calls)
        return float(curves["train"]["mlogloss"][-1])

    made = study(pruner=optuna.pruners.ThresholdPruner(upper=0.9, n_warmup_steps=2))
    made.optimize(objective, n_trials=2)
    run = runs()[0]
    assert tree(run) == {"study": ["trial 0", "trial 1"]}
    kept, pruned = trials_of(run)
    assert kept.metrics["train-mlogloss"] == kept.metrics["value"]
    assert list(pruned.history("train-mlogloss").value) == list(made.trials[1].intermediate_values.values())
    assert (kept.status, pruned.status) == ("FINISHED", "KILLED")
    assert pruned.tags["autolog.pruned"] == "true"
    assert len(kept.history("intermediate_value")) == 5
    assert list(pruned.history("intermediate_value").step) == list(made.trials[1].intermediate_values)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_lightning(runs: Runs) -> None:
    lightning = pytest.importorskip("lightning")
    torch = pytest.importorskip("torch")

    class Line(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self, rate: float) -> None:
            super().__init__()
            self.rate, self.layer = rate, torch.nn.Linear(4, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            loss = self.layer(batch[0]).square().mean()
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), self.rate)

    rows = torch.utils.data.TensorDataset(torch.ones(8, 4))

    def objective(trial: optuna.Trial) -> float:
        quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
        options = {"enable_checkpointing": False, "accelerator": "cpu", "log_every_n_steps": 1, **quiet}
        trainer = lightning.Trainer(max_epochs=1, **options)
        trainer.fit(Line(trial.suggest_float("rate", 0.01, 0.1)), torch.utils.data.DataLoader(rows, 4))
        return float(trainer.callback_metrics["train_loss"])

    study().optimize(objective, n_trials=2)
    run = runs()[0]
    assert tree(run) == {"study": ["trial 0", "trial 1"]}
    for trial in trials_of(run):
        assert trial.status == "FINISHED"
        assert trial.tags["autolog.framework"] == "lightning"
        assert len(trial.history("train_loss")) == 2
        assert trial.metrics["train_loss"] == trial.metrics["value"]


@pytest.mark.slow
def test_a_loop_of_pytorch(runs: Runs) -> None:
    torch = pytest.importorskip("torch")

    def objective(trial: optuna.Trial) -> float:
        model = torch.nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), trial.suggest_float("rate", 0.01, 0.1))
        for _ in range(3):
            loss = model(torch.ones(2, 4)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return float(loss.item())

    study().optimize(objective, n_trials=2)
    run = runs()[0]
    assert tree(run) == {"study": ["trial 0", "trial 1"]}
    for trial in trials_of(run):
        assert trial.status == "FINISHED"
        assert len(trial.history("loss")) == 3
        assert trial.metrics["loss"] == trial.metrics["value"]
