"""`autolog run` does what `python` does."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autolog.store.folder import FolderStore

AUTOLOG = str(Path(sys.executable).parent / "autolog")

LOOK = """
import os, sys
print(sys.argv, sys.path[0], os.getcwd())
print(__name__, __file__, __package__, __spec__ and __spec__.name, __doc__, sorted(globals()))
print(sys.modules["__main__"].__dict__ is globals(), sys.stdin.read())
"""
PROGRAMS = {
    "look": LOOK,
    "error": "def f():\n    raise ValueError('no')\nf()\n",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('x') from error\n",
    "syntax": "a = 1\nb = = 2\n",
    "broken import": "import surely_no_such_module\n",
    "exit 3": "import sys\nsys.exit(3)\n",
    "exit text": "raise SystemExit('bye')\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "end of file": "raise EOFError\n",
    "click": "import click\nraise click.UsageError('theirs')\n",
    "hook": "import sys\nsys.excepthook = lambda kind, error, trace: print(kind, trace.tb_lineno)\n1 / 0\n",
    "atexit": "import atexit\natexit.register(print, 'last')\nprint('first')\n",
    "encoding": "# coding: latin-1\nprint('\xe9')\n",
    "pickle": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))))\n",
    "inspect": "import inspect\ndef f(): return 1\nprint(inspect.getsource(f))\n",
    "thread": "import threading\nthreading.Thread(target=print, args=('late',)).start()\n",
    "warning": "import warnings\nwarnings.warn('old', DeprecationWarning)\n",
}
SPAWN = """
import multiprocessing, sys
class Job:
    def __call__(self, x): return x, __name__, sys.argv
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(Job(), [1, 2]))
"""


def both(*command: str) -> tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]:
    return _ran(sys.executable, *command), _ran(AUTOLOG, "run", *command)


def _ran(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "AUTOLOG_STRICT"}
    return subprocess.run(command, capture_output=True, text=True, input="typed", env=environment)


def same(*command: str) -> subprocess.CompletedProcess[str]:
    bare, recorded = both(*command)
    assert (recorded.stdout, recorded.stderr) == (bare.stdout, bare.stderr)
    assert recorded.returncode == bare.returncode
    return recorded


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_script_cannot_tell_the_difference(name: str) -> None:
    Path("program.py").write_text(PROGRAMS[name], encoding="latin-1")
    same("program.py", "--verbose", "-m", "x")


def test_an_interrupt_kills_with_its_signal() -> None:
    Path("program.py").write_text(PROGRAMS["interrupt"])
    assert same("program.py").returncode < 0


@pytest.mark.slow
def test_spawned_children_import_the_script_again() -> None:
    Path("program.py").write_text(SPAWN)
    assert "__mp_main__" in same("program.py").stdout


def test_a_script_that_is_reached_by_a_link_finds_its_neighbours() -> None:
    Path("real").mkdir()
    Path("real/neighbour.py").write_text("print('here')")
    Path("real/program.py").write_text("import neighbour")
    Path("link.py").symlink_to("real/program.py")
    assert same("link.py").stdout == "here\n"


@pytest.mark.parametrize("module", ["package", "package.inner", "alone"])
def test_modules(module: str) -> None:
    Path("package").mkdir()
    for file in ("package/__init__.py", "package/__main__.py", "package/inner.py", "alone.py"):
        Path(file).write_text("" if "init" in file else LOOK)
    same("-m", module, "--help", "-m", "x")


@pytest.mark.slow
def test_a_folder_and_a_zip_file() -> None:
    Path("folder").mkdir()
    Path("folder/__main__.py").write_text(LOOK)
    with zipfile.ZipFile("archive.zip", "w") as archive:
        archive.writestr("__main__.py", LOOK)
    same("folder", "a")
    same("archive.zip", "a")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (["missing.py"], "there is no file 'missing.py'"),
        (["-m", "surely_no_such_module"], "there is no module 'surely_no_such_module'"),
        (["."], "holds no __main__.py"),
        ([], "Missing argument"),
        (["--fits", "many", "x.py"], "'many' is not one of"),
        (["--tag", "novalue", "x.py"], "'novalue' is not of the form KEY=VALUE"),
        (["--frameworks", "abacus", "x.py"], "there is no framework 'abacus'"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(command: list[str], what: str) -> None:
    result = _ran(AUTOLOG, "run", *command)
    assert result.returncode == 2
    assert what in result.stderr
    assert result.stderr.startswith("autolog: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "status", "error"),
    [
        ("print(1)", "FINISHED", None),
        ("raise SystemExit(0)", "FINISHED", None),
        ("raise SystemExit(3)", "FAILED", "SystemExit: 3"),
        ("1 / 0", "FAILED", "ZeroDivisionError: division by zero"),
        ("raise KeyboardInterrupt", "KILLED", "KeyboardInterrupt"),
        ("import autolog; autolog.log_metric('x', 1.0)", "FINISHED", None),
    ],
)
def test_a_name_opens_a_run_around_the_script(program: str, status: str, error: str | None) -> None:
    Path("program.py").write_text(program)
    options = ("--name", "whole", "--store", "kept", "--experiment", "iris", "--tag", "team=red")
    bare, recorded = _ran(sys.executable, "program.py"), _ran(AUTOLOG, "run", *options, "program.py", "x")
    assert (recorded.returncode, recorded.stdout) == (bare.returncode, bare.stdout)
    (run,) = FolderStore("kept").search()
    assert (run.name, run.experiment, run.status, run.error) == ("whole", "iris", status, error)
    assert run.tags["team"] == "red"
    assert run.tags["autolog.script"].endswith("program.py")
    assert run.tags["autolog.args"] == "x"


@pytest.mark.slow
def test_the_fits_of_an_unchanged_script_are_recorded() -> None:
    Path("train.py").write_text(
        "from sklearn.datasets import load_iris\n"
        "from sklearn.tree import DecisionTreeClassifier\n"
        "print(DecisionTreeClassifier(max_depth=2).fit(*load_iris(return_X_y=True)).get_depth())\n"
    )
    assert same("train.py").stdout == "2\n"
    (run,) = FolderStore("autoruns").search()
    assert (run.name, run.params["max_depth"]) == ("DecisionTreeClassifier", 2)


@pytest.mark.slow
def test_people_are_told_where_the_runs_are() -> None:
    Path("logs.py").write_text("import autolog\nautolog.log_metric('x', 1.0)\n")
    ours, theirs = pty.openpty()
    subprocess.run([AUTOLOG, "run", "logs.py"], stderr=theirs, check=True)
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "autolog: 1 run in autoruns: autolog runs --tree\r\n" in said
    piped = subprocess.run([AUTOLOG, "run", "logs.py"], capture_output=True, check=True)
    assert piped.stderr == b""
