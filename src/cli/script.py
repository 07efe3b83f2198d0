"""Runs a script or a module as `python` itself does, in this process.

What a program can see of how it was started is as without us: ``sys.argv``, ``sys.path``,
the module ``__main__`` (so that its classes pickle, and a spawned child imports it again),
tracebacks, exit codes, and the death by SIGINT that follows Ctrl-C.
"""

from __future__ import annotations

import builtins
import importlib.util
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType, TracebackType


@dataclass(frozen=True)
class Program:
    """What `python` would run: where it comes from and how its code is had.

    ``code`` is called late: a syntax error is the program's, not ours.
    """

    file: str
    argv: tuple[str, ...]
    code: Callable[[], CodeType]
    loader: object
    spec: ModuleSpec | None = None


def script(path: str, arguments: Sequence[str]) -> Program:
    """The program of ``python PATH ARGUMENTS``; its folder becomes ``sys.path[0]``.

    PATH may also be a folder or a zip file with a ``__main__``. Raises FileNotFoundError.
    """
    file = os.path.abspath(path)
    if not os.path.exists(file):
        raise FileNotFoundError(f"there is no file {path!r}")
    bundle = PathFinder.find_spec("__main__", [file]) if _may_be_bundle(file) else None
    if bundle is not None:
        _first_on_path(file)
        return _from_spec(bundle, (path, *arguments))
    if os.path.isdir(file):
        raise FileNotFoundError(f"the folder {path!r} holds no __main__.py")
    _first_on_path(os.path.dirname(os.path.realpath(file)))
    return Program(file, (path, *arguments), lambda: _compiled(file), SourceFileLoader("__main__", file))


def module(name: str, arguments: Sequence[str]) -> Program:
    """The program of ``python -m NAME ARGUMENTS``; the working folder becomes ``sys.path[0]``.

    Imports the packages that NAME lies in, as `python` does. Raises ModuleNotFoundError.
    """
    _first_on_path(os.getcwd())
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{name}.__main__")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"there is no module {name!r} that can be run", name=name)
    return _from_spec(spec, (spec.origin, *arguments))


def execute(program: Program, around: AbstractContextManager[object]) -> None:
    """Run it as ``__main__``, inside ``around``. Whatever it raises leaves, SystemExit too."""
    sys.argv = list(program.argv)
    main = sys.modules["__main__"] = _main_module(program)
    code = None
    try:
        with around:
            code = program.code()
            exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        _show_without_us(error, code)
        raise


def _may_be_bundle(file: str) -> bool:
    if os.path.isdir(file):
        return True
    with open(file, "rb") as start:
        return not file.endswith(".py") and start.read(2) in (b"PK", b"#!")


def _from_spec(spec: ModuleSpec, argv: tuple[str, ...]) -> Program:
    loader = spec.loader

    def code() -> CodeType:
        found: CodeType | None = loader.get_code(spec.name)  # type: ignore[union-attr]
        if found is None:
            raise ImportError(f"there is no code for {spec.name!r}", name=spec.name)
        return found

    return Program(spec.origin or argv[0], argv, code, loader, spec)


def _compiled(file: str) -> CodeType:
    with io.open_code(file) as source:
        return compile(source.read(), file, "exec", dont_inherit=True)


def _first_on_path(folder: str) -> None:
    """In the place of the folder that the command `autolog` lies in."""
    if not sys.flags.safe_path:  # with `python -P` nothing stands there
        sys.path[0:1] = [folder]


def _main_module(program: Program) -> ModuleType:
    main = ModuleType("__main__")
    main.__dict__.update(
        __annotations__={},
        __builtins__=builtins,
        __cached__=program.spec.cached if program.spec else None,
        __file__=program.file,
        __loader__=program.loader,
        __package__=program.spec.parent if program.spec else None,
        __spec__=program.spec,
    )
    return main


def _show_without_us(error: BaseException, code: CodeType | None) -> None:
    """Let the interpreter report ``error`` from the program's first line on.

    The frames above that are added again while the error travels to the top, so they are
    cut off when it has arrived there. A hook that the program set is the one that reports.
    """
    theirs, report = _from_code(error.__traceback__, code), sys.excepthook

    def hook(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        report(kind, value.with_traceback(theirs), theirs)

    sys.excepthook = hook


def _from_code(trace: TracebackType | None, code: CodeType | None) -> TracebackType | None:
    """The part of ``trace`` that begins in ``code``; nothing when it never got there."""
    while trace is not None and trace.tb_frame.f_code is not code:
        trace = trace.tb_next
    return trace
