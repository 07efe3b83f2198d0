"""Following a search whose folds run in other processes."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from ...tracking.contain import contained
from .ledger import Search

_PAUSE = 0.25  # seconds


class Follower:
    """While the block runs, a thread takes in what the workers record."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="autolog-search", daemon=True)

    def __enter__(self) -> None:
        with contained("starting a thread"):
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        while not self._over.wait(_PAUSE):
            with contained("following the workers of a search"):
                self._search.catch_up()


def runs_elsewhere(search: Any) -> bool:
    """Whether the folds of this search object will run in other processes."""
    import joblib
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    jobs = joblib.effective_n_jobs(getattr(search, "n_jobs", None))
    return jobs > 1 and not getattr(backend, "supports_sharedmem", False)
