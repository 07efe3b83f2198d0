"""Sending what was recorded while a server was away, and copying stores: `autolog sync`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .bars import progress
from .formats import counted, size
from .tables import Cell, Column, Table
from .tables import show as show_table

if TYPE_CHECKING:
    from ..store.copying import Report, Tally
    from ..store.http.shipping import Left, Shipping
    from ..store.http.spool import Spool


@click.command("sync")
@click.option("--store", metavar="URL", help="Only what is for this server.")
@click.option("--from", "source", metavar="STORE", help="Copy this store.")
@click.option("--to", "target", metavar="STORE", help="Copy into this store.")
@click.option("--experiment", "experiments", multiple=True, metavar="NAME", help="Copy only this one.")
@click.option(
    "--artifacts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where an MLflow server kept the files of the database.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be copied.")
@click.pass_context
def sync(
    context: click.Context,
    store: str | None,
    source: str | None,
    target: str | None,
    experiments: tuple[str, ...],
    artifacts: Path | None,
    dry_run: bool,
) -> None:
    """Send what waits for a server, or copy a store into another.

    Records for a server are kept on this machine until it has them. Sends all of them, says what
    is left, and ends with exit code 1 when something is.

    With --from and --to copies everything from one store to the other: folders, databases,
    servers of autolog and of MLflow. Copying again adds what is new. MLflow's own ./mlruns and
    mlflow.db can be copied from. Ends with exit code 1 when something could not be copied.
    """
    if source is None and target is None:
        if experiments or artifacts or dry_run:
            raise click.UsageError("--experiment, --artifacts and --dry-run go with --from and --to")
        context.exit(0 if _send_all(store) else 1)
    if source is None or target is None:
        raise click.UsageError("--from and --to go together: from which store to which")
    if store is not None:
        raise click.UsageError("--store is for sending what waits here; copying is --from and --to")
    report = _copied(source, target, experiments, artifacts, dry_run)
    _show(report, dry_run)
    context.exit(1 if report.failures else 0)


# Copying


def _copied(
    source: str, target: str, experiments: Sequence[str], artifacts: Path | None, dry: bool
) -> Report:
    from ..store.copying import Copying
    from ..store.copying.sources import opened, to_copy_into

    for address in () if dry else (source, target):
        _send_first(address)
    with opened(source, artifacts) as origin, progress("runs") as bar:
        return Copying(origin, to_copy_into(target, dry=dry), step=bar.step, dry=dry).copy(experiments)


def _send_first(address: str) -> None:
    """What waits for a server is a part of its store. Raises StoreUnavailable when it cannot be sent."""
    from ..store.errors import StoreUnavailable
    from ..store.http.access import server_url
    from ..store.http.spool import Spool

    if address.partition("://")[0] in ("http", "https"):
        spool = Spool.of(server_url(address)[0])
        if spool.folders() and not _sent(spool, address):
            raise StoreUnavailable(f"what waits for {spool.server} on this machine must be there first")


def _show(report: Report, dry: bool) -> None:
    columns = [
        Column(""),
        Column("to copy" if dry else "copied", right=True),
        Column("to complete" if dry else "completed", right=True),
        Column("there already", right=True),
    ]
    show_table(Table(columns, [[Cell(text) for text in row] for row in _rows(report)]))
    for line in report.notes:
        click.echo(line)
    for line in report.failures:
        click.echo(f"not copied: {line}", err=True)


def _rows(report: Report) -> list[tuple[str, str, str, str]]:
    kinds: list[tuple[str, Tally]] = [
        ("experiments", report.experiments),
        ("runs", report.runs),
        ("registered models", report.models),
        ("versions", report.versions),
    ]
    counts = [(name, f"{t.new:,}", f"{t.changed:,}", f"{t.same:,}") for name, t in kinds]
    points = ("points", f"{report.points:,}", "", "")
    return [*counts, points, ("files", f"{report.files:,}", "", ""), ("bytes", size(report.bytes), "", "")]


# Sending what waits


def _send_all(store: str | None) -> bool:
    """Whether nothing is left."""
    from ..store.http.access import server_url
    from ..store.http.spool import Spool, spools

    known = spools() if store is None else [Spool.of(server_url(store)[0])]
    chosen = [spool for spool in known if spool.path.is_dir()]
    if not chosen:
        click.echo("nothing waits for a server")
    sent = [_sent(spool, store) for spool in chosen]
    return all(sent)


def _sent(spool: Spool, address: str | None) -> bool:
    """Whether the server has everything now."""
    from ..store.errors import StoreError
    from ..store.http.access import access
    from ..store.http.kinds import target_of
    from ..store.http.shipping import Shipping

    target = target_of(access(address or spool.server), spool.path)
    shipping, reason = Shipping(spool, target), ""
    before = shipping.left("all")
    try:
        shipping.compare()
        before = shipping.left("all")
        _send(shipping, before)
        shipping.tidy()
    except (OSError, StoreError) as error:
        reason = f": {error}"
    finally:
        shipping.release()
    left = shipping.left("all")
    click.echo(_said(spool, before, left) + reason, err=bool(reason))
    return left.runs == 0


def _send(shipping: Shipping, left: Left) -> None:
    with progress("kB", left.bytes // 1000) as bar:
        bytes_done = 0

        def done(count: int) -> None:
            nonlocal bytes_done
            bar.step((bytes_done + count) // 1000 - bytes_done // 1000)
            bytes_done += count

        shipping.send("all", done=done)


def _said(spool: Spool, before: Left, left: Left) -> str:
    sent = before.runs - left.runs
    told = f"{spool.server}: {counted(sent, 'run')} sent" if before.runs else f"{spool.server} has everything"
    return f"{told}, {counted(left.runs, 'run')} ({size(left.bytes)} of log) left" if left.runs else told
