"""The command `autolog`: its commands, and how it fails.

Exit codes: 0 done, 1 failed, 2 wrong use. An error is one line that says what is wrong and
what to do; a broken filter has a second and third line that point at the place.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from .care import delete, doctor, gc, restore
from .env import docker, env
from .execute import run
from .export import export
from .models import models
from .options import InOrder
from .predict import predict
from .runs import runs
from .serve import serve
from .server import server
from .show import show
from .status import status
from .sync import sync

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130
# The bare command: its message is the help. Older versions of click print that themselves.
_NO_COMMAND = getattr(click.exceptions, "NoArgsIsHelpError", ())
_POSSIBLE = (click.ClickException, click.Abort, OSError, LookupError, ValueError)


_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(name="autolog", cls=InOrder, context_settings=_HELP)
@click.version_option(package_name="autolog-ml", message="autolog %(version)s")
def commands() -> None:
    """Every fit is a run: record trainings and look at what was recorded."""


_ABOUT_RUNS = (run, runs, show, status, delete, restore, gc, doctor, export, server, sync)
_ABOUT_MODELS = (models, serve, predict, env, docker)

for _command in (*_ABOUT_RUNS, *_ABOUT_MODELS):
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit code."""
    try:
        outcome = commands.main(arguments, prog_name="autolog", standalone_mode=False)
    except _POSSIBLE as error:
        return _failed(error)
    if callable(outcome):  # a script to run; what it raises is its own
        outcome()
        return 0
    return outcome if isinstance(outcome, int) else 0


def _failed(error: Exception) -> int:
    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, _NO_COMMAND):
        click.echo(error.format_message(), err=True)
        return WRONG_USE
    if isinstance(error, click.ClickException):
        click.echo(f"autolog: {_advice(error)}", err=True)
        return WRONG_USE if isinstance(error, click.UsageError) else FAILED
    expected = _expected(error)
    if expected is None:
        raise error
    click.echo(f"autolog: {error}", err=True)
    return expected


def _advice(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    # click puts choices on lines of their own.
    message = error.format_message().rstrip(".").replace("\n\t", " ")
    return message if context is None else f"{message}; see `{context.command_path} --help`"


def _expected(error: Exception) -> int | None:
    """The exit code for what can go wrong without anybody's mistake in here."""
    from ..store.errors import StoreError, StoreUnavailable

    if isinstance(error, StoreError) and not isinstance(error, StoreUnavailable):
        return WRONG_USE
    return FAILED if isinstance(error, OSError) else None
