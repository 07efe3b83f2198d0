"""What a hook logs to: one run, with the user's filters in between.

Hooks know no store, no run id and no settings. What the user excluded is dropped here,
and a `Log` without a run drops everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..tracking.active import active_settings
from ..tracking.context import entered

if TYPE_CHECKING:
    from ..store.events import Status
    from ..tracking.runs import ActiveRun
    from ..tracking.settings import Settings
    from .seen import Seen


class Log:
    """The run that a hook records into. It can still be added to after the run has ended."""

    def __init__(self, run: ActiveRun | None) -> None:
        self._run = run

    @property
    def active(self) -> bool:
        """False when nothing is recorded here: preparing anything would be in vain."""
        return self._run is not None

    @property
    def id(self) -> str | None:
        """The run's id."""
        return self._run.id if self._run is not None else None

    @property
    def run(self) -> ActiveRun | None:
        return self._run

    @property
    def settings(self) -> Settings:
        return active_settings()

    def params(self, params: Mapping[str, Any]) -> None:
        wanted = self._wanted("params", params)
        if self._run is not None and wanted:
            self._run.log_params(wanted)

    def metrics(
        self, metrics: Mapping[str, float], step: int | None = None, *, time: int | None = None
    ) -> None:
        """``time`` says when it was, in ms since the epoch; now by default."""
        wanted = self._wanted("metrics", metrics)
        if self._run is not None and wanted:
            self._run.log_metrics(wanted, step, time=time)

    def points(self, points: Iterable[tuple[str, float, int, int]]) -> None:
        """Metrics measured earlier: name, value, step, and time in ms since the epoch."""
        wanted = [point for point in points if self._wants("metrics", point[0])]
        if self._run is not None and wanted:
            self._run.log_points(wanted)

    def series(self, name: str) -> Callable[[float, int], None]:
        """A function of value and step that logs this metric: for loops in which every microsecond counts."""
        if self._run is None or not self._wants("metrics", name):
            return lambda value, step: None
        return partial(self._run.log_metric, name)

    def tags(self, tags: Mapping[str, Any]) -> None:
        wanted = self._wanted("tags", tags)
        if self._run is not None and wanted:
            self._run.set_tags(wanted)

    def text(self, text: str, path: str) -> None:
        if self._run is not None and self._wants("artifacts", path):
            self._run.log_text(text, path)

    def json(self, data: Any, path: str) -> None:
        if self._run is not None and self._wants("artifacts", path):
            self._run.log_dict(data, path)

    def table(self, data: Any, path: str) -> None:
        if self._run is not None and self._wants("artifacts", path):
            self._run.log_table(data, path)

    @contextmanager
    def artifact(self, path: str) -> Iterator[Path]:
        """A local path to write a file or folder to; after the block it is the run's."""
        if self._run is not None and self._wants("artifacts", path):
            with self._run.artifact(path) as target:
                yield target
        else:
            with TemporaryDirectory() as folder:
                yield Path(folder) / "artifact"

    def input(self, data: Any, target: Any = None, *, name: str = "train", context: str = "training") -> None:
        """Which data was read: its shape and a digest, never the data."""
        if self._run is not None and self._wants("inputs", name):
            self._run.log_input(data, name, context=context, target=target)

    def seen(self, data: Any, *, ask: bool = True, name: str = "model") -> Seen | None:
        """What `model` needs for a signature, read off the data before the fit may change it.

        ``ask``: the fitted model may be asked about five rows. None when no model will be kept.
        """
        if not self.keeps(name):
            return None
        from .seen import seen

        return seen(data, ask=ask)

    def keeps(self, name: str = "model") -> bool:
        """Whether a model of this name would be kept."""
        return self._run is not None and self.settings.models and self._wants("artifacts", name)

    def model(self, model: Any, *, name: str = "model", seen: Seen | None = None) -> None:
        """The fitted model, as a folder that can be loaded; a tag says so when it cannot be saved.

        ``seen`` is what its signature is made of.
        """
        if self._run is None or not self.keeps(name):
            return
        from ..flavors import ModelNotSaved, flavor_for
        from ..flavors.logged import log
        from .seen import UNSEEN

        if flavor_for(model) is None:
            return
        try:
            with entered(suppressed=True):  # a prediction for the signature is none of the user's
                known = UNSEEN if seen is None else seen
                log(self._run, model, name, signature=known.signature(model), data=known.rows)
        except ModelNotSaved as error:
            self.tags({"autolog.model": f"not saved: {error}"})

    def child(self, name: str, *, id: str | None = None) -> Log:
        """A nested run. With ``id``, several processes may open the same one."""
        return Log(self._run.child(name, id=id) if self._run is not None else None)

    def end(self, status: Status = "FINISHED", error: BaseException | str | None = None) -> None:
        """For a run that came from `child`; the engine ends the others."""
        if self._run is not None:
            self._run.end(status, error)

    def _wants(self, kind: str, name: str) -> bool:
        return self.settings.wants(kind, name)

    def _wanted(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        settings = self.settings
        if not (settings.include or settings.exclude):
            return dict(values)
        return {name: value for name, value in values.items() if settings.wants(kind, name)}


_NOTHING = Log(None)


def log_of(run: ActiveRun | None) -> Log:
    return _NOTHING if run is None else Log(run)
