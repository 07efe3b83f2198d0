"""The hooks in Optuna.

Every trial ends in `_tell_with_warning`, that of ``optimize`` and that of ``tell``. It is the
one place that knows the outcome also when the objective raised; a callback of ``optimize``
does not hear of those, and makes Optuna read the trial from its storage once more.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ...tracking.context import Context, current, exactly
from ...tracking.text import text
from ..engine import Call, CallFailed, wrap
from .objective import Carried, CarriedAll, Objective
from .studies import known, study_run

if TYPE_CHECKING:
    from ..sink import Log
    from .studies import StudyRun
    from .trials import TrialRun

_Hook = Generator[None, Any, None]
_MISSING = object()


def patches(name: str, module: Any) -> Iterator[AbstractContextManager[object]]:
    """The patches for one of the patcher's modules."""
    if name == "optuna.trial._trial":
        yield wrap((module.Trial, "_suggest"), suggest)  # all of suggest_… and ask(distributions) come by
        yield wrap((module.Trial, "report"), report)
        yield wrap((module.Trial, "set_user_attr"), set_user_attr)
        return
    yield wrap((module, "_tell_with_warning"), tell)  # each module has imported it by name
    if name == "optuna.study.study":
        yield wrap((module.Study, "optimize"), optimize, always=True)
        yield wrap((module.Study, "ask"), ask, inside_fits=False)
        yield wrap((module.Study, "set_user_attr"), set_study_user_attr)


def optimize(call: Call, log: Log) -> _Hook:
    study, around = call.instance, current()
    function, callbacks = call.argument("func", _MISSING), call.argument("callbacks")
    if function is _MISSING:
        yield
        return
    if around.suppressed or around.inside_fit:
        _take_along(call, Carried(function, around), callbacks, around)
        yield
        return
    recorded = study_run(study)
    recorded.enter(study)
    error: BaseException | None = None
    try:
        given = {name: call.argument(name) for name in ("n_trials", "timeout", "n_jobs")}
        recorded.log.params({name: value for name, value in given.items() if value is not None})
        context = around.but(run=recorded.log.run, inside_fit=True, scope=None)
        _take_along(call, Objective(function, recorded, context), callbacks, context)
        with exactly(context):
            yield
    except CallFailed as failed:
        error = failed.error
    finally:
        recorded.leave(error)


def _take_along(call: Call, function: Any, callbacks: Any, context: Context) -> None:
    call.replace(func=function)
    if callbacks is not None:
        call.replace(callbacks=CarriedAll(callbacks, context))


def ask(call: Call, log: Log) -> _Hook:
    trial = yield
    if _in_optimize(call.instance):
        return
    recorded = study_run(call.instance)
    recorded.hold(call.instance)
    asked = recorded.begin(trial.number)
    for name, distribution in trial.distributions.items():
        asked.suggested(name, trial.params[name], distribution)
    recorded.stand_in(asked)


def tell(call: Call, log: Log) -> _Hook:
    result = yield
    study, trial = call.argument("study"), call.argument("trial")
    number = trial if isinstance(trial, int) else trial.number
    wanted = _wanted(study)
    recorded = study_run(study) if wanted else known(study)
    if recorded is None:
        return
    if recorded.trial(number) is None:
        if not wanted or call.argument("skip_if_finished"):
            return
        _adopt(recorded, study, number)
    state, values = _outcome(result)
    recorded.told(study, number, state, values, _reason(call) if state == "FAIL" else "")


def _outcome(result: Any) -> tuple[str, Sequence[float] | None]:
    """How a trial ended and its values: what Optuna returns depends on its version."""
    if isinstance(result, tuple) and len(result) == 3:
        return result[0].name, result[1]
    frozen = result[0] if isinstance(result, tuple) else result
    return frozen.state.name, frozen.values


def _reason(call: Call) -> str:
    """Why a trial failed whose objective raised nothing."""
    if call.argument("state") is not None:
        return "told to have failed"
    return f"no value for a trial: {text(call.argument('value_or_values'))}"


def _wanted(study: Any) -> bool:
    context = current()
    return not (context.suppressed or context.inside_fit or _in_optimize(study))


def _adopt(recorded: StudyRun, study: Any, number: int) -> None:
    """A trial is told that was not asked for here, but in another process or unrecorded."""
    recorded.hold(study)
    trial, frozen = recorded.begin(number), study.get_trials(deepcopy=False)[number]
    for name, distribution in frozen.distributions.items():
        trial.suggested(name, frozen.params[name], distribution)
    for step, value in frozen.intermediate_values.items():
        trial.reported(value, step)
    for key, value in frozen.user_attrs.items():
        trial.attribute(key, value)


def _in_optimize(study: Any) -> bool:
    """Whether this thread is in ``optimize``, which asks and tells by itself."""
    return bool(getattr(getattr(study, "_thread_local", None), "in_optimize_loop", False))


def suggest(call: Call, log: Log) -> _Hook:
    value = yield
    if trial := _trial(call.instance):
        trial.suggested(call.argument("name"), value, call.argument("distribution"))


def report(call: Call, log: Log) -> _Hook:
    yield
    if trial := _trial(call.instance):
        trial.reported(call.argument("value"), call.argument("step"))


def set_user_attr(call: Call, log: Log) -> _Hook:
    yield
    if trial := _trial(call.instance):
        trial.attribute(call.argument("key"), call.argument("value"))


def _trial(trial: Any) -> TrialRun | None:
    study = known(trial.study)
    return study.trial(trial.number) if study is not None else None


def set_study_user_attr(call: Call, log: Log) -> _Hook:
    yield
    if study := known(call.instance):
        study.attribute(call.argument("key"), call.argument("value"))
