"""All that is recorded of studies and trials, for docs/what-is-recorded.md."""

from __future__ import annotations

from ..patcher import Record

_STUDIES, _TRIALS, _SEVERAL = "studies", "trials", "studies of several objectives"
_ONE, _BOTH = "studies of one objective", "studies and trials"

RECORDS: tuple[Record, ...] = (
    Record("param", "study_name", "the study's name", _STUDIES),
    Record("param", "storage", "address of the storage, without passwords, or `in memory`", _STUDIES),
    Record("param", "direction", "`minimize` or `maximize`", _ONE),
    Record("param", "directions", "one for each objective", _SEVERAL),
    Record("param", "sampler", "class of the sampler", _STUDIES),
    Record("param", "pruner", "class of the pruner", _STUDIES),
    Record("param", "n_trials", "as given to `optimize`", _STUDIES),
    Record("param", "timeout", "as given to `optimize`, in seconds", _STUDIES),
    Record("param", "n_jobs", "as given to `optimize`", _STUDIES),
    Record("param", "best_*", "parameters of the best trial", _ONE),
    Record("metric", "best_value", "the best value so far; step = number of the trial", _ONE),
    Record("metric", "best_trial", "number of the best trial so far; step = the same", _ONE),
    Record("metric", "value", "value of each completed trial; step = its number", _ONE),
    Record("metric", "value.*", "value of each objective; step = number of the trial", _SEVERAL),
    Record("tag", "user_attr.*", "user attributes", _BOTH),
    Record("tag", "autolog.framework", "optuna", _STUDIES),
    Record("param", "*", "the suggested parameters, each when it is suggested", _TRIALS),
    Record("tag", "autolog.distribution.*", "what each parameter was drawn from", _TRIALS),
    Record("metric", "intermediate_value", "what `Trial.report` was given, with its step", _TRIALS),
    Record("metric", "value", "the value, of a pruned trial the one reported last", _TRIALS),
    Record("metric", "value.*", "the values, when there are several objectives", _TRIALS),
    Record(
        "metric", "<name>", "the values under the names of `Study.set_metric_names`", "studies and trials"
    ),
    Record("tag", "autolog.trial", "the trial's number, from 0", _TRIALS),
    Record("tag", "autolog.best", "`true` on the best trial, or on all of the Pareto front", _TRIALS),
    Record("tag", "autolog.pruned", "`true` on a pruned trial; its status is KILLED", _TRIALS),
    Record("artifact", "traceback.txt", "exception and traceback", "studies and trials that fail"),
)
