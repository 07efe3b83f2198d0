"""All that is recorded of searches and cross validations, for docs/what-is-recorded.md."""

from __future__ import annotations

from ..patcher import Record

_SEARCHES, _TRIALS, _HALVING = "searches", "trials", "trials of halving searches"
_CROSS_VALIDATION, _PERMUTATION = "cross validation", "`permutation_test_score`"

_OWN_RUN = (
    Record("param", "best_*", "parameters of the best candidate", _SEARCHES),
    Record("metric", "best_score", "mean test score of the best candidate", _SEARCHES),
    Record("metric", "best_index", "its row in `cv_results_`", _SEARCHES),
    Record("metric", "refit_time", "seconds that the fit of the best candidate on all data took", _SEARCHES),
    Record("metric", "n_splits", "folds for each candidate", _SEARCHES),
    Record("metric", "n_candidates", "rows of `cv_results_`", _SEARCHES),
    Record("artifact", "cv_results.json", "table of `cv_results_`", _SEARCHES),
)

_TRIAL_RUNS = (
    Record("param", "*", "the candidate's parameters", _TRIALS),
    Record("tag", "autolog.trial", "the trial's number, from 0", _TRIALS),
    Record("tag", "autolog.folds", "the number of folds of the trial", _TRIALS),
    Record("tag", "autolog.best", "`true` on the best trial", _TRIALS),
    Record("metric", "test_*", "test score (`test_score`, or one for each scorer); step = fold", _TRIALS),
    Record("metric", "train_*", "train score, with `return_train_score`; step = fold", _TRIALS),
    Record("metric", "score_time", "seconds that scoring took; step = fold", _TRIALS),
    Record("metric", "mean_*", "mean over the folds of a score or time, as in `cv_results_`", _TRIALS),
    Record("metric", "std_*", "standard deviation over the folds, as in `cv_results_`", _TRIALS),
    Record("metric", "rank_test_*", "rank, 1 for the best; known when the search ends", _TRIALS),
    Record("metric", "iter", "the iteration, from 0", _HALVING),
    Record("metric", "n_resources", "resources that the candidate was given", _HALVING),
    Record("metric", "<column>", "a column of numbers that a search adds to `cv_results_`", "other searches"),
    Record("artifact", "traceback.txt", "exception and traceback of a fold", "trials that fail"),
)

_CROSS_VALIDATIONS = (
    Record("param", "*", "every parameter of the estimator", _CROSS_VALIDATION),
    Record("param", "<function>_*", "the call's own `cv`, `scoring` and so on", _CROSS_VALIDATION),
    Record("tag", "autolog.error", "the error of a fold that failed", _CROSS_VALIDATION),
    Record("metric", "test_*", "test score; step = fold", "`cross_validate`, `cross_val_score`"),
    Record("metric", "train_*", "train score; step = fold", "`cross_validate`"),
    Record("metric", "mean_*", "mean over the folds; for curves at each step", _CROSS_VALIDATION),
    Record("metric", "std_*", "standard deviation over the folds; likewise", _CROSS_VALIDATION),
    Record("metric", "permutation_score", "score on a permuted target; step = permutation", _PERMUTATION),
    Record("metric", "p_value", "chance of a score as good where X says nothing of y", _PERMUTATION),
)

RECORDS: tuple[Record, ...] = (*_OWN_RUN, *_TRIAL_RUNS, *_CROSS_VALIDATIONS)
