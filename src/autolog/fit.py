"""One logical fit is one run: which run a fit is recorded in, and how that run ends."""

from __future__ import annotations

from dataclasses import dataclass

from ..tracking.active import active_settings
from ..tracking.api import surrounding_run
from ..tracking.contain import contained
from ..tracking.context import current
from ..tracking.opening import open_child, open_top
from ..tracking.outcome import describe_error, full_traceback, outcome
from ..tracking.runs import ActiveRun


@dataclass(frozen=True)
class Fit:
    """A fit under way. ``owned``: the run was opened for it, and ends with it."""

    run: ActiveRun
    owned: bool

    def end(self, error: BaseException | None) -> None:
        with contained("ending a run"):
            status = outcome(error)
            if self.owned:
                self.run.end(status, None if status == "FINISHED" else error)
            elif error is not None and status != "FINISHED":
                # The user's run may well survive this: it says what happened inside it.
                self.run.set_tag("autolog.error", describe_error(error))
                self.run.log_text(full_traceback(error), "traceback.txt")


def begin_fit(name: str) -> Fit:
    """The outermost fit: in the open run when it is the first there, else in one of its own."""
    above = surrounding_run()
    if above is None:
        return Fit(open_top(active_settings(), name), owned=True)
    # None of the fits that workers do side by side is the first one.
    if not current().handed_out and above.takes_fit():
        return Fit(above, owned=False)
    return Fit(open_child(above, name), owned=True)
