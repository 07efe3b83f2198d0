"""What `FlavorContract` does in other processes: saves that are killed, full disks, loading elsewhere.

python -m autolog.testing.flavorprocess interrupted <file> <module> <class> <folder>
python -m autolog.testing.flavorprocess elsewhere
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import load_predictor, save_model
from ..flavors import ModelError, ModelUntrusted

_SAVED, _REFUSED = 0, 3


def killed(model: Any, folder: Path) -> int:
    """Saves again and again, killed one moment later each time, until one gets through: how many."""
    shutil.rmtree(save_model(model, folder / "model").path)  # what it imports is there now

    def save(moment: int) -> int:
        _kill_at(moment, folder)
        save_model(model, folder / "model")
        return _SAVED

    moment = 1
    while (status := _forked(save, moment)) == -signal.SIGKILL:
        assert not (folder / "model").exists(), f"killed at moment {moment}, and a model is there"
        moment += 1
    assert status == _SAVED, f"it ended with {status}"
    return moment


def _kill_at(moment: int, folder: Path) -> None:
    left = moment

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in ("open", "os.rename") and str(arguments[0]).startswith(str(folder)):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def full(model: Any, folder: Path) -> int:
    """Saves on a disk that takes no file of the size of one of its files, for each of them: how many."""
    good = save_model(model, folder / "good").path
    sizes = {path.stat().st_size for path in good.rglob("*") if path.is_file()}
    shutil.rmtree(good)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that a write fails instead of ending the process

    def save(size: int) -> int:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1, hard))
        try:
            save_model(model, folder / "model")
        except (OSError, ModelError):
            return _REFUSED
        return _SAVED

    for size in sizes:
        assert _forked(save, size) == _REFUSED, f"nothing was said of a file of {size} bytes"
    assert not any(folder.iterdir()), "a save on a full disk left something"
    return len(sizes)


def _forked(act: Callable[[int], int], number: int) -> int:
    """The exit status of a copy of this process that does it; negative for a signal."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = act(number)
        except BaseException:  # noqa: BLE001 - or it would go on as its parent does
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def elsewhere() -> None:
    """Loads the model that a file names; leaves what ran of its code unasked, and what it predicts."""
    with open("asked.pickle", "rb") as file:
        folder, trust, rows = pickle.load(file)
    ran = _code_that_runs(folder)
    if trust:
        try:
            load_predictor(folder)
        except ModelUntrusted:
            pass
        else:
            ran.append("it was loaded without a word")
    unasked = list(ran)
    answer = load_predictor(folder, trust=trust).predict(rows)
    with open("answered.pickle", "wb") as file:
        pickle.dump((unasked, answer), file)


def _code_that_runs(folder: Path) -> list[str]:
    """A list that every file below the folder gets into when its code runs."""
    ran: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "exec" and arguments[0].co_filename.startswith(str(folder)):
            ran.append(arguments[0].co_filename)

    sys.addaudithook(note)
    return ran


def _contract(file: str, module: str, name: str) -> Any:
    """An object of the class, from its file, under the name that it has in the tests."""
    spec = importlib.util.spec_from_file_location(module, file)
    assert spec is not None and spec.loader is not None
    found: Any = importlib.util.module_from_spec(spec)
    sys.modules[module] = found
    spec.loader.exec_module(found)
    for part in name.split("."):
        found = getattr(found, part)
    return found()


def main(how: str, *arguments: str) -> None:
    if how == "elsewhere":
        elsewhere()
        return
    *where, folder = arguments
    model = _contract(*where).make_model()
    sys.stdout.write(f"\n{full(model, Path(folder))} {killed(model, Path(folder))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
