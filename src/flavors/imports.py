"""What the modules that travel with a model import: more modules of the user's, and distributions."""

from __future__ import annotations

import dis
import sys
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType

from .code import collect
from .errors import ModelNotSaved
from .installed import distribution_of

_OURSELVES = __name__.partition(".")[0]


def complete(folder: Path) -> tuple[list[str], list[str]]:
    """Copy the user's modules that those in the folder import into it, until none is missing.

    Returns the distributions that all of them import, pinned, and notes on modules that
    cannot travel. Only what this process has imported counts: the others were not needed
    for what the model said so far. Nothing is imported here.
    """
    pinned, notes = set[str](), list[str]()
    seen = {"__main__", *sys.stdlib_module_names}
    read = set[Path]()
    while files := set(folder.rglob("*.py")) - read:
        read |= files
        modules = {name for file in files for name in _imported(file) if name in sys.modules} - seen
        seen |= modules
        for module in sorted(modules):
            found = distribution_of(module)
            if found is not None:
                pinned.add(f"{found.name}=={found.version}")
            elif module != _OURSELVES and not _is_in(folder, module):
                notes.extend(_copied(module, folder))
    return sorted(pinned), notes


def _is_in(folder: Path, module: str) -> bool:
    return (folder / module).is_dir() or (folder / f"{module}.py").is_file()


def _copied(module: str, folder: Path) -> Iterator[str]:
    """A note when the module cannot travel: it may be needed for a training only."""
    try:
        missing = bool(collect([module], (), folder))
    except ModelNotSaved as error:
        yield f"the module {module!r} does not travel along: {error}"
        return
    if missing:
        yield f"the module {module!r} is of no installed package and has no file: it does not travel along"


def _imported(file: Path) -> frozenset[str]:
    return _imported_by(file.read_bytes())


@lru_cache(maxsize=1024)
def _imported_by(source: bytes) -> frozenset[str]:
    """The top-level modules that a file imports, anywhere in it; none for what is no Python.

    Read from compiled code: `ast` makes each use of it at the same time fail, in another
    thread or around a garbage collection (python/cpython#106905), the user's, too.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the source: said when it was imported
            waiting = [compile(source, "a module", "exec", dont_inherit=True)]
    except (SyntaxError, ValueError):
        return frozenset()
    names = set[str]()
    while waiting:
        code = waiting.pop()
        waiting.extend(held for held in code.co_consts if isinstance(held, CodeType))
        steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
        for level, _, step in zip(steps, steps[1:], steps[2:], strict=False):
            if step.opname == "IMPORT_NAME" and level.argval == 0:
                names.add(str(step.argval).partition(".")[0])
    return frozenset(names)
