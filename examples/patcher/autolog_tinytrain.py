"""Records every `tinytrain.fit` as a run."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any

from autolog.autolog import Call, Log, Record, contained, wrap


class TinytrainPatcher:
    name = "tinytrain"
    requires = ("tinytrain>=1.0,<2",)
    modules = ("tinytrain",)
    records = (
        Record("param", "epochs", "how often the data is gone through"),
        Record("param", "rate", "the learning rate"),
        Record("metric", "loss", "mean squared error after each epoch; step = epoch"),
        Record("metric", "slope", "what was learned"),
        Record("input", "train", "shape and digest of xs and ys"),
        Record("tag", "autolog.framework", "tinytrain"),
    )

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        # The one door: everything that trains goes through this function.
        yield wrap("tinytrain:fit", fit, run=lambda call: "tinytrain.fit")


def fit(call: Call, log: Log) -> Generator[None, Any, None]:
    """Before the fit; the fit itself, at `yield`; after it, with its result."""
    log.tags({"autolog.framework": "tinytrain"})
    log.params({"epochs": call.argument("epochs", 20), "rate": call.argument("rate", 0.01)})
    log.input(call.argument("xs"), call.argument("ys"))

    def each_epoch(epoch: int, loss: float) -> None:
        with contained("recording an epoch of tinytrain"):  # tinytrain calls this, not autolog
            log.metrics({"loss": loss}, step=epoch)

    call.replace(callbacks=[*call.argument("callbacks", ()), each_epoch])  # a new list, never theirs
    line = yield
    log.metrics({"slope": line.slope})


patcher = TinytrainPatcher()
