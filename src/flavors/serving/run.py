"""The server's processes: uvicorn with one or more workers."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ...web.running import COUNTERS, listening, run, write_log
from ..trust import Trusting
from .guard import Limits

_SETTINGS = "AUTOLOG_SERVING"
_LOGGER = "autolog.flavors.serving"


@dataclass(frozen=True)
class Settings:
    """What `serve` was asked for. ``trust`` is a list of names, or "pickle"."""

    uri: str
    store: str | None
    trust: Trusting
    body: int
    seconds: float
    token: str | None
    hosts: tuple[str, ...]
    batch: int = Limits.batch


def serve(settings: Settings, host: str, port: int, workers: int, ready: Callable[[str, int], None]) -> int:
    """Serve until the process is told to stop; ``ready`` is called when the model is loaded.

    The model is loaded here first, so that whoever starts the server sees what is wrong
    with it. Port 0 is any free one. Raises what `load_predictor` raises, and OSError for
    an address that cannot be had.
    """
    write_log(_LOGGER)
    app: Any = _application(settings)
    with listening(host, port) as listener, tempfile.TemporaryDirectory(prefix="autolog-serving-") as folder:
        if workers > 1:  # each loads its own, and counts for itself: they are added up from files
            os.environ[_SETTINGS] = json.dumps(asdict(settings))
            os.environ[COUNTERS] = folder
            app = f"{__name__}:worker"
        ready(host, listener.getsockname()[1])
        run(app, listener, workers, settings.seconds)
    return 0


def worker() -> Any:
    """The application of one of several worker processes, by the settings in the environment."""
    write_log(_LOGGER)
    given = json.loads(os.environ[_SETTINGS])
    return _application(Settings(**{**given, "hosts": tuple(given["hosts"])}))


def _application(settings: Settings) -> Any:
    from ...tracking.active import activate
    from ...tracking.settings import resolve
    from .app import make_app
    from .service import Service

    activate(resolve(store=settings.store))
    limits = Limits(
        body=settings.body,
        seconds=settings.seconds,
        batch=settings.batch,
        token=settings.token,
        hosts=settings.hosts,
    )
    return make_app(Service(settings.uri, settings.trust), limits)
