"""`autolog server`: the tracking server."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..store.server.run import Settings


@click.command("server")
@click.option(
    "--store",
    metavar="STORE",
    default="autoruns",
    show_default=True,
    help="A folder, sqlite:///FILE or postgresql://USER@HOST/NAME.",
)
@click.option(
    "--artifacts", metavar="PLACE", help="Where a database's runs keep their files: a folder, s3://…, gs://…"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", "-p", default=5000, show_default=True, type=click.IntRange(0, 65535), help="0: a free one."
)
@click.option(
    "--token", metavar="TOKEN", help="Ask for this bearer token; the others on this machine can see it here."
)
@click.option("--token-file", metavar="PATH", help="Read the token from here; `-`: from the input.")
@click.option("--read-token", multiple=True, metavar="TOKEN", help="One that allows reading only.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="A host name that requests may use.")
@click.option(
    "--max-size",
    default=64,
    show_default=True,
    type=click.IntRange(1),
    help="Megabytes of a request; files of runs may have any size.",
)
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Seconds that an answer may take.",
)
@click.option("--check", is_flag=True, help="Say what is in the store and whether it works, and stop.")
def server(
    store: str,
    artifacts: str | None,
    host: str,
    port: int,
    token: str | None,
    token_file: str | None,
    read_token: tuple[str, ...],
    allow_host: tuple[str, ...],
    max_size: int,
    timeout: float,
    check: bool,
) -> int:
    """Serve a store over HTTP, to autolog and to clients of MLflow.

    Everybody needs the token: that of --token, --token-file or AUTOLOG_TOKEN, else one that is
    made at the first start and kept with the store. When the server listens, it says so on
    one line: url=… token=…. MLflow's clients take them as MLFLOW_TRACKING_URI and
    MLFLOW_TRACKING_TOKEN, a browser opens URL/login?token=TOKEN.
    """
    _require_server()
    from ..store.server import run
    from ..web.guard import Limits, hosts_for, is_loopback

    tokens = _tokens(token, token_file)
    if not tokens and not check and not is_loopback(host):
        raise click.UsageError(
            f"{host} can be reached from other machines: give a --token or --token-file, or set AUTOLOG_TOKEN"
        )
    limits = Limits(max_size << 20, timeout, hosts_for(host, allow_host))
    settings = run.Settings(store, artifacts, tokens, read_token, limits)
    try:
        return _check(settings) if check else run.serve(settings, host, port, _say)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _tokens(token: str | None, file: str | None) -> tuple[str, ...]:
    """The one that was given, in one of three places."""
    from ..web.running import read_token

    if token is not None and file is not None:
        raise click.UsageError("give a --token or a --token-file, not both")
    if token is not None and not token.strip():
        raise click.UsageError("the token is empty")
    try:
        given = token.strip() if token is not None else read_token(file, "AUTOLOG_TOKEN")
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    return () if given is None else (given,)


def _check(settings: Settings) -> int:
    from ..store.server.check import checked
    from ..store.server.run import opened

    for line in checked(opened(settings)):
        click.echo(line)
    click.echo("all well")
    return 0


def _say(url: str, token: str | None) -> None:
    """For programs, too: one line on standard output. A token that was given is not repeated."""
    click.echo(f"url={url} token={token or '***'}")


def _require_server() -> None:
    for module in ("starlette", "uvicorn", "httptools", "prometheus_client"):
        if find_spec(module) is None:
            raise click.ClickException(f"the server needs {module}: pip install 'autolog-ml[server]'")
