"""An Optuna study of 500 trials whose objective takes 2 ms; every trial is a run."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from .harness import Benchmark, Figure, Numbers, run

TRIALS = 500
PEER_TRIALS = 100  # at a tenth of a second each


def objective(trial: Any) -> float:
    """Busy for 2 ms: a sleep would give its time to whatever else there is to do."""
    x = trial.suggest_float("x", -5, 5)
    y = trial.suggest_int("y", -5, 5)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    until = perf_counter() + 0.002
    while perf_counter() < until:
        pass
    return float((x - 1) ** 2 + y**2 + (kind == "a"))


def study(trials: int = TRIALS, **options: Any) -> Numbers:
    """Milliseconds of a trial, what the sampler needs included."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    created = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    begin = perf_counter()
    created.optimize(objective, n_trials=trials, **options)
    return {"a trial": (perf_counter() - begin) * 1000 / trials}


def bare() -> Numbers:
    return study()


def ours() -> Numbers:
    import autolog

    autolog.enable()
    numbers = study()
    return numbers | {"trials": len(autolog.search_runs("parent is not null"))}


def mlflow() -> Numbers:
    from optuna_integration import MLflowCallback

    return study(PEER_TRIALS, callbacks=[MLflowCallback(tracking_uri="sqlite:///mlflow.db")])


BENCHMARK = Benchmark(
    title=f"Optuna, {TRIALS} trials of a 2 ms objective, TPE sampler",
    cases={"bare": bare, "ours": ours, "optuna_integration.MLflowCallback (SQLite)": mlflow},
    figures=[
        Figure("a trial", "ms", "≤ 1.10 × bare", lambda it: it.ratio("ours", "bare") <= 1.10),
        Figure("trials", "recorded", f"{TRIALS}", lambda it: it.of("ours") == TRIALS),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
