"""How the command begins and fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autolog.cli import main as front
from autolog.cli.main import commands

from .conftest import Command

SLOW = {"rich", "msgspec", "sqlalchemy", "lark", "numpy", "pandas", "pyarrow", "sklearn", "wrapt", "asyncio"}


def test_help_loads_nothing_that_is_slow() -> None:
    code = "import sys; from autolog.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in result.stderr.split()}
    assert loaded & SLOW == set()
    assert len(loaded - sys.stdlib_module_names - {"autolog"}) < 15


@pytest.mark.parametrize("arguments", [["--help"], *([name, "-h"] for name in commands.commands)])
def test_help(autolog: Command, arguments: list[str]) -> None:
    result = autolog(*arguments)
    assert result.code == 0
    assert "..." not in result.out.replace("]...", "").replace("RUN...", "")  # no text is cut off


def test_the_bare_command_shows_the_help(autolog: Command) -> None:
    bare = autolog()
    assert (bare.out or bare.err) == autolog("--help").out  # older versions of click: out, with code 0
    assert bare.code == (0 if bare.out else 2)


def test_version(autolog: Command) -> None:
    from autolog import __version__

    assert autolog("--version").out == f"autolog {__version__}\n"


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    Path("many").mkdir()
    code = "import sys; from autolog.cli import main; sys.exit(main(sys.argv[1:]))"
    command = f"{sys.executable} -c '{code}' runs --store many | true"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            PermissionError(13, "Permission denied", "runs"),
            1,
            "autolog: [Errno 13] Permission denied: 'runs'\n",
        ),
        (KeyboardInterrupt(), 130, "\n"),
    ],
)
def test_what_fails_is_said_in_a_line(
    autolog: Command, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def fail(uri: object) -> None:
        raise error

    monkeypatch.setattr("autolog.tracking.queries.open_store", fail)
    result = autolog("runs")
    assert (result.code, result.err) == (code, said)


def test_a_mistake_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ValueError("ours")

    monkeypatch.setattr("autolog.cli.query.Query.flat", fail)
    with pytest.raises(ValueError, match="ours"):
        front(["runs"])


def test_settings_that_nobody_can_read_are_wrong_use(
    autolog: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autolog.tracking.active._active", None)
    monkeypatch.setenv("AUTOLOG_FITS", "many")
    for command in ("runs", "status"):
        result = autolog(command)
        assert result.code == 2
        assert "AUTOLOG_FITS" in result.err
