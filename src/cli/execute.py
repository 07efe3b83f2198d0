"""`autolog run`: an unchanged script, recorded."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import click

from .formats import counted
from .options import pairs, store_option

_WHAT = "(SCRIPT | -m MODULE) [ARGUMENTS]..."


@click.command(
    "run",
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True, metavar=_WHAT)
@click.option("-m", "as_module", is_flag=True, help="Run a module, as `python -m MODULE` does.")
@click.option("--name", metavar="NAME", help="Open one run of this name around the whole script.")
@store_option
@click.option("--experiment", metavar="NAME", help="The experiment that the runs belong to.")
@click.option("--frameworks", metavar="LIST", help="Record only these, for example `sklearn`.")
@click.option("--no-models", "models", is_flag=True, flag_value=False, default=None, help="Save no models.")
@click.option(
    "--no-trials", "trials", is_flag=True, flag_value=False, default=None, help="No run for each trial."
)
@click.option(
    "--fits",
    type=click.Choice(["auto", "nested"]),
    help="`nested`: inside an open run every fit, the first too, is a nested run.",
)
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", callback=pairs, help="A tag for each run.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Record this too; see the configuration.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Do not record this.")
@click.option("--silent", is_flag=True, default=None, help="No progress line and no messages.")
def run(command: tuple[str, ...], as_module: bool, name: str | None, **options: Any) -> Callable[[], None]:
    """Run a Python script, unchanged, and record its fits.

    Everything after SCRIPT or MODULE is the script's own. Output, exit code and tracebacks
    are those of `python SCRIPT`.
    """
    from . import script

    recording = _recording(name, _given(options))
    try:
        program = (script.module if as_module else script.script)(command[0], command[1:])
    except (FileNotFoundError, ModuleNotFoundError) as error:
        raise click.UsageError(f"{error}: name a script, or a module after -m") from None
    # It runs when click is done, because click makes errors of its own of some that a
    # script may raise (Ctrl-C, a closed pipe).
    return partial(script.execute, program, recording)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """What was written on the command line; the rest stays with environment and file."""
    given = {key: value for key, value in options.items() if value is not None and value not in ({}, ())}
    if "frameworks" in given:
        given["frameworks"] = tuple(filter(None, map(str.strip, given["frameworks"].split(","))))
    return given


def _recording(name: str | None, options: dict[str, Any]) -> AbstractContextManager[object]:
    from ..autolog.enabling import enable
    from ..tracking import api

    try:
        enable(**options)
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    return _telling_how_it_ends(nullcontext() if name is None else api.run(name))


@contextmanager
def _telling_how_it_ends(around: AbstractContextManager[object]) -> Iterator[None]:
    """So that runs which the script leaves open end with its status: here it can be seen."""
    from ..tracking import lifetime

    try:
        with around:
            yield
    except BaseException as error:
        lifetime.program_ends(error)
        raise
    finally:
        _say_what_there_is(lifetime.runs_opened())


def _say_what_there_is(runs: int) -> None:
    """Where to look, for people; a program that reads our output sees nothing."""
    from ..tracking.active import active_settings

    settings = active_settings()
    if runs and sys.stderr and sys.stderr.isatty() and not settings.silent:
        store = os.path.relpath(settings.store) if "://" not in settings.store else settings.store
        option = "" if store == "autoruns" else f" --store {shlex.quote(store)}"
        click.echo(f"autolog: {counted(runs, 'run')} in {store}: autolog runs --tree{option}", err=True)
