"""`autolog serve`: a model over HTTP."""

from __future__ import annotations

from importlib.util import find_spec

import click

from .options import store_option

trust_option = click.option(
    "--trust",
    multiple=True,
    metavar="NAME",
    help="A class or function the model may use, as module.Class; or `pickle`. Repeat it for several.",
)
model_argument = click.argument("model")


def problem(error: Exception) -> str:
    """What to print about a model that cannot be used; what its message says is for Python."""
    options = " ".join(f"--trust {name}" for name in getattr(error, "types", ()))
    return f"{error}\nHere: {options}" if options else str(error)


@click.command("serve")
@model_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", "-p", default=5000, show_default=True, type=click.IntRange(0, 65535), help="0: a free one."
)
@click.option("--workers", "-w", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Seconds that a prediction may take.",
)
@click.option(
    "--max-size", default=16, show_default=True, type=click.IntRange(1), help="Megabytes of a request."
)
@click.option(
    "--batch-rows",
    default=4096,
    show_default=True,
    type=click.IntRange(0),
    help="Rows of several requests that the model may get at once; 0 keeps each request alone.",
)
@click.option("--token-file", metavar="PATH", help="Ask for this bearer token; `-` reads it from the input.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="A host name that requests may use.")
@click.option("--no-token", is_flag=True, help="Serve everybody who can reach a public address.")
@trust_option
@store_option
def serve(
    model: str,
    host: str,
    port: int,
    workers: int,
    timeout: float,
    max_size: int,
    batch_rows: int,
    token_file: str | None,
    allow_host: tuple[str, ...],
    no_token: bool,
    trust: tuple[str, ...],
    store: str | None,
) -> int:
    """Serve a model over HTTP, as MLflow does.

    MODEL is a folder, runs:/ID/model, models:/NAME/VERSION or models:/NAME@ALIAS; where an
    alias moves to another version, that one is loaded while requests go on. POST rows to
    /invocations; /openapi.json describes them, /metrics counts, /health says that all is
    well. Without a token the server listens on this machine alone; the token may also
    stand in AUTOLOG_SERVE_TOKEN.
    """
    from ..flavors.serving import run
    from ..web.guard import hosts_for, is_loopback
    from ..web.running import read_token

    try:
        token = read_token(token_file, "AUTOLOG_SERVE_TOKEN")
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    if token is None and not no_token and not is_loopback(host):
        raise click.UsageError(
            f"{host} can be reached from other machines: give a --token-file, or say --no-token"
        )
    settings = run.Settings(
        uri=model,
        store=store,
        trust=trust,
        body=max_size << 20,
        seconds=timeout,
        token=token,
        hosts=hosts_for(host, allow_host),
        batch=batch_rows,
    )
    _require_server()
    from ..flavors import ModelError

    try:
        return run.serve(settings, host, port, workers, _say)
    except ModelError as error:
        raise click.ClickException(problem(error)) from None


def _say(host: str, port: int) -> None:
    click.echo(f"the model answers at http://{host}:{port}/invocations (Ctrl-C to stop)", err=True)


def _require_server() -> None:
    for module in ("starlette", "uvicorn", "prometheus_client"):
        if find_spec(module) is None:
            raise click.ClickException(f"serving needs {module}: pip install 'autolog-ml[serve]'")
