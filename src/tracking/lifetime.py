"""How runs end with their process, and how others see that a process is alive.

A run whose block or fit is left ends there. What is still open when the process exits is
ended here, with the status that the exit deserves. A process killed by SIGTERM or SIGHUP
runs no Python any more, and a Python signal handler would have to wait for a fit that is
deep in C; so the C-level handler of faulthandler writes where the program was into the
process's *live file* and then lets the signal kill as it would have. After SIGKILL there
is nothing but a process that is gone.

The live file ``.autolog/live/<writer>`` in the store exists while this process has open
runs; its time of change, renewed every minute, says that the process is alive.
"""

from __future__ import annotations

import atexit
import faulthandler
import functools
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..store.events import line
from ..store.log import this_process, writer_name
from .contain import contained
from .outcome import outcome

if TYPE_CHECKING:
    from ..store.base import Store
    from .runs import ActiveRun

HEARTBEAT = 60.0  # seconds
SIGNALS = ("SIGTERM", "SIGHUP")

_lock = threading.RLock()
_open: dict[int, ActiveRun] = {}
_live: dict[Path, IO[bytes]] = {}  # by the folder that live files of a store are in
_stores: list[Store] = []  # that this process recorded into
_watching = False
_count = 0
_end: BaseException | None = None


def opened(run: ActiveRun) -> None:
    """A run of this process began; see to its end."""
    global _count
    with contained("watching over a run"), _lock:
        _count += run.parent is None
        _open[id(run)] = run
        _watch()
        if run.store is not None and run.store not in _stores:
            _stores.append(run.store)
        folder = getattr(run.store, "live_folder", None)
        if folder is not None and folder not in _live:
            _live[folder] = _live_file(folder)


def closed(run: ActiveRun) -> None:
    """The run has ended by itself."""
    _open.pop(id(run), None)


def runs_opened() -> int:
    """How many top-level runs this process has opened."""
    return _count


def program_ends(error: BaseException | None) -> None:
    """How the program ends, from who knows better than the interpreter tells."""
    global _end
    _end = error


def watch_exit_code() -> None:
    """Learn the code that the program exits with, which Python shows to nobody at exit."""
    import _sitebuiltins

    if not hasattr(sys.exit, "__wrapped__"):
        for owner, name in ((sys, "exit"), (_sitebuiltins.Quitter, "__call__")):
            setattr(owner, name, _noting_the_code(getattr(owner, name)))


def _noting_the_code(exit: Any) -> Any:
    @functools.wraps(exit)
    def noting(*args: Any, **kwargs: Any) -> None:
        try:
            exit(*args, **kwargs)
        except SystemExit as error:
            program_ends(SystemExit(error.code))
            raise

    return noting


def _watch() -> None:
    global _watching
    if _watching:
        return
    _watching = True
    atexit.register(_end_all)
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:  # its children leave without atexit
        multiprocessing.Finalize(None, _end_all, exitpriority=0)
    threading.Thread(target=_beat, name="autolog-heartbeat", daemon=True).start()


def _end_all() -> None:
    """At the exit of the process: the innermost runs first."""
    error = _end or _uncaught()
    for run in reversed(list(_open.values())):
        with contained("ending a run"):
            run.end(outcome(error), error if outcome(error) != "FINISHED" else None)
    for folder in list(_live):
        _remove(folder)
    for store in _stores:
        with contained("bringing home what was recorded"):
            store.settle()
    if isinstance(error, KeyboardInterrupt):
        _exit_as_interrupted()


def _exit_as_interrupted() -> None:
    """Keep the exit code of Ctrl-C.

    Python notes that a KeyboardInterrupt ended the program, but forgets it when any text
    is passed to ``exec`` later on, which importing a dataclass does. Make it note again.
    """
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")


def _uncaught() -> BaseException | None:
    """The exception that the program dies of. At a prompt, an error is no end."""
    if hasattr(sys, "ps1"):
        return None
    return getattr(sys, "last_value", None)


def _live_file(folder: Path) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / writer_name(), "ab", buffering=0)  # noqa: SIM115  open as long as we live
    file.write(line(this_process()))
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            faulthandler.register(number, file=file, all_threads=False, chain=True)
    return file


def _remove(folder: Path) -> None:
    file = _live.pop(folder)
    for name in SIGNALS:
        faulthandler.unregister(getattr(signal, name, 0))
    file.close()
    with suppress(OSError):
        os.unlink(file.name)


def _beat() -> None:
    pause = threading.Event()
    while not pause.wait(HEARTBEAT):
        for file in list(_live.values()):
            with suppress(OSError):
                os.utime(file.name)


def _after_fork() -> None:
    """The child has no open runs; what it was born with is its parent's to end."""
    global _lock, _watching
    if _live:
        for name in SIGNALS:
            faulthandler.unregister(getattr(signal, name, 0))
    _lock = threading.RLock()
    _open.clear()
    _live.clear()
    _stores.clear()
    if _watching:
        atexit.unregister(_end_all)
        _watching = False


os.register_at_fork(after_in_child=_after_fork)
