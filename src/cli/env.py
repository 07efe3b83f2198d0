"""`autolog env` and `autolog docker`: a model apart from the environment of its training."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .options import store_option
from .serve import model_argument, trust_option

_PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.command("env", context_settings=_PASSED_ON)
@model_argument
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND]...")
@store_option
def env(model: str, command: tuple[str, ...], store: str | None) -> int | None:
    """Make a model's environment, and run there.

    A virtual environment with the model's requirements and autolog, made once and used
    again. Without COMMAND its path is printed. `autolog env MODEL serve --port 5001` and
    `autolog env MODEL predict -i … -o …` serve and predict in it; any other command runs
    with its programs first.
    """
    from ..flavors import ModelError
    from ..flavors.environment import environment_of
    from ..flavors.uris import folder_of
    from ..tracking.active import activate
    from ..tracking.settings import resolve
    from .waiting import patience

    activate(resolve(store=store))
    try:
        with patience("installing what the model requires"):
            found = environment_of(folder_of(model), lambda text: click.echo(text, err=True))
    except ModelError as error:
        raise click.ClickException(str(error)) from None
    if not command:
        click.echo(found.path)
        return None
    own = command[0] in ("serve", "predict")
    arguments = ["autolog", command[0], model, *command[1:]] if own else list(command)
    variables = found.variables() | ({} if store is None else {"AUTOLOG_STORE": os.path.abspath(store)})
    return _replaced(found.command(arguments), variables)


def _replaced(command: list[str], variables: dict[str, str]) -> int:
    """Become the command, so that signals and the exit code are its own."""
    try:
        os.execvpe(command[0], command, variables)
    except OSError as error:
        raise click.ClickException(f"{command[0]} cannot be run: {error.strerror}") from None


@click.command("docker")
@model_argument
@click.option("-o", "--output", required=True, metavar="DIR", help="The folder to write.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--base", metavar="IMAGE", help="The image to begin with; else python:…-slim.")
@click.option("--no-token", is_flag=True, help="Answer everybody who reaches the container.")
@trust_option
@store_option
def docker(
    model: str,
    output: str,
    port: int,
    base: str | None,
    no_token: bool,
    trust: tuple[str, ...],
    store: str | None,
) -> None:
    """Write what Docker builds a server of.

    Build it with `docker build -t model DIR`. Unless --no-token is given, the container
    asks for the token that stands in AUTOLOG_SERVE_TOKEN when it is run.
    """
    from ..flavors import ModelError, ModelExists
    from ..flavors.environment.docker import Image, write_context
    from ..flavors.uris import folder_of
    from ..tracking.active import activate
    from ..tracking.settings import resolve

    activate(resolve(store=store))
    try:
        write_context(folder_of(model), Path(output), Image(port, base, not no_token, trust))
    except ModelExists as error:
        raise click.UsageError(str(error)) from None
    except ModelError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"written to {output}; build it with: docker build -t model {output}", err=True)
