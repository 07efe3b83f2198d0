"""What one fold gives, and what the folds of a trial give together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Fold = Mapping[str, float]
"""The metrics of one fold, named as scikit-learn names them, without the split number."""


def times(result: Mapping[str, Any]) -> dict[str, float]:
    """``fit_time`` and ``score_time`` of one `_fit_and_score` call, in seconds."""
    return {name: result[name] for name in ("fit_time", "score_time") if name in result}


def scores(result: Mapping[str, Any]) -> dict[str, float]:
    """``test_score``, or ``test_<scorer>`` for several scorers; ``train_…`` when asked for."""
    metrics: dict[str, float] = {}
    for part in ("test", "train"):
        given = result.get(f"{part}_scores")
        if isinstance(given, Mapping):
            metrics.update({f"{part}_{name}": value for name, value in given.items()})
        elif given is not None:
            metrics[f"{part}_score"] = given
    return metrics


def summary(folds: Sequence[Fold]) -> dict[str, float]:
    """``mean_…`` and ``std_…`` of the metrics that every fold has.

    The numbers equal ``cv_results_`` to the last bit: `BaseSearchCV._format_results` calls
    `numpy.average`, which adds up along the same axis, and divides, as here.
    """
    import numpy as np

    names = [name for name in folds[0] if all(name in fold for fold in folds)]
    table = np.array([[fold[name] for fold in folds] for name in names], dtype=np.float64)
    with np.errstate(all="ignore"):  # infinite scores are no fault of the user's
        means = np.add.reduce(table, axis=1) / len(folds)
        squares = (table - means[:, np.newaxis]) ** 2
        stds = np.sqrt(np.add.reduce(squares, axis=1) / len(folds))
    values: dict[str, float] = {}
    for name, mean, std in zip(names, means.tolist(), stds.tolist(), strict=True):
        values[f"mean_{name}"] = mean
        values[f"std_{name}"] = std
    return values


def error_of(traceback: str) -> str:
    """``ErrorType: message`` from the text of a traceback."""
    lines = traceback.rstrip().splitlines()
    frames = [i for i, line in enumerate(lines) if line.startswith('  File "')]
    rest = lines[frames[-1] + 1 :] if frames else lines
    while len(rest) > 1 and rest[0].startswith("    "):  # the frame's source, and its carets
        rest = rest[1:]
    kind, colon, message = "\n".join(rest).partition(":")
    return kind.rpartition(".")[2] + colon + message
