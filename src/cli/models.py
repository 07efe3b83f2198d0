"""`autolog models`: registered models, their versions and aliases."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import formats
from .options import InOrder, found, opened, pairs, store_option
from .tables import Cell, Column, Table, heading, is_terminal
from .tables import show as show_table

if TYPE_CHECKING:
    from ..store.base import Store
    from ..store.registry import AliasMove, ModelVersion, RegisteredModel


@click.group("models", cls=InOrder)
def models() -> None:
    """Give models names, versions and aliases."""


@models.command("list")
@click.argument("filter", default="")
@store_option
def list_(filter: str, store: str | None) -> None:
    """List registered models, or those that match a filter.

    A FILTER compares `name` and `tags.KEY`: `name like 'fraud%' and tags.team = 'risk'`.
    """
    source = opened(store)
    registered = source.registry.search(filter)
    if registered:
        show_table(_listing(registered))
    else:
        click.echo(f"no models in {source.uri}" + (" match" if filter else ""))


def _listing(registered: Sequence[RegisteredModel]) -> Table:
    rows = [
        [
            Cell(formats.one_line(model.name), "bold"),
            Cell("" if model.latest is None else str(model.latest)),
            Cell(_aliases(model.aliases), "cyan"),
            Cell(_when(model.updated)),
            Cell(formats.one_line(model.description)),
        ]
        for model in registered
    ]
    titles = Column("name"), Column("latest", right=True), Column("aliases"), Column("changed", rank=1)
    return Table([*titles, Column("description", rank=2)], rows)


@models.command("register")
@click.argument("name")
@click.argument("source")
@store_option
@click.option("--run", "run_id", metavar="RUN", help="The run that a folder's model comes from.")
@click.option("--description", default="", metavar="TEXT")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", callback=pairs, help="Can be repeated.")
@click.option("--alias", metavar="ALIAS", help="Let this alias point to the new version.")
def register(
    name: str,
    source: str,
    store: str | None,
    run_id: str | None,
    description: str,
    tags: dict[str, str],
    alias: str | None,
) -> None:
    """Add a version to a model.

    The first version also makes the model. SOURCE is a run's artifact, as runs:/RUN/model,
    another address, which is kept as it is, or a folder, which is copied into the store.
    """
    from ..store.registry.names import check_alias

    if alias is not None:
        check_alias(alias)
    target = opened(store)
    run_id = found(target, run_id).id if run_id is not None else None
    version = target.registry.register(
        name, _source(source, target), run_id=run_id, description=description, tags=tags
    )
    if alias is not None:
        target.registry.set_alias(name, alias, version.version)
    click.echo(_address(version))


def _source(source: str, store: Store) -> str | Path:
    """What the command line names: an address, where a run may be `last`, or a folder."""
    if Path(source).exists() or ":" not in source:
        return Path(source)
    if source.startswith("runs:/last/"):
        return source.replace("last", found(store, "last").id, 1)
    return source


@models.command("show")
@click.argument("name", metavar="NAME[/VERSION|@ALIAS]")
@store_option
def show(name: str, store: str | None) -> None:
    """Show a model, or one version of it.

    Of a model: its versions, and who moved its aliases when.
    """
    source = opened(store)
    version = _named(source, name)
    if version is not None:
        _show_version(version)
        return
    model = source.registry.get(name)
    _facts(model.name, {
        "description": model.description,
        "created": f"{formats.moment(model.created)} by {model.by}",
        "aliases": _aliases(model.aliases),
        "tags": _tags(model.tags),
    })  # fmt: skip
    _section("versions", _versions(source.registry.versions(name)))
    _section("aliases", _moves(source.registry.alias_history(name)))


def _named(store: Store, name: str) -> ModelVersion | None:
    """The version that ``NAME/VERSION`` or ``NAME@ALIAS`` is; None for a model's name."""
    model, slash, version = name.removeprefix("models:/").partition("/")
    if slash:
        if not version.isdecimal():
            raise click.UsageError(f"a version is a number, not {version!r}")
        return store.registry.version(model, int(version))
    model, at, alias = model.rpartition("@")
    if at and not any(known.name == name for known in store.registry.search()):
        return store.registry.version_by_alias(model, alias)
    return None


def _show_version(version: ModelVersion) -> None:
    _facts(_address(version), {
        "description": version.description,
        "source": version.source,
        "run": version.run_id or "",
        "created": f"{formats.moment(version.created)} by {version.by}",
        "aliases": ", ".join(version.aliases),
        "stage": version.stage,
        "tags": _tags(version.tags),
    })  # fmt: skip


@models.command("alias")
@click.argument("name")
@click.argument("alias")
@click.argument("version", type=int, required=False)
@store_option
@click.option("--delete", "remove", is_flag=True, help="Let it point to no version.")
def alias(name: str, alias: str, version: int | None, store: str | None, remove: bool) -> None:
    """Let an alias point to a version.

    Without VERSION, show who moved it when, the last move at the end.
    """
    if remove and version is not None:
        raise click.UsageError("--delete takes no VERSION")
    registry = opened(store).registry
    if remove:
        registry.delete_alias(name, alias)
        click.echo(f"{name}@{alias} is deleted")
    elif version is not None:
        registry.set_alias(name, alias, version)
        click.echo(f"{name}@{alias} is version {version}")
    else:
        moves = registry.alias_history(name, alias)
        if not moves:
            registry.version_by_alias(name, alias)  # says which aliases there are
        show_table(_moves(moves))


@models.command("promote")
@click.argument("name")
@click.argument("version", type=int)
@click.argument("alias")
@store_option
@click.option("--if", "condition", default="", metavar="CONDITION", help="What must hold.")
def promote(name: str, version: int, alias: str, store: str | None, condition: str) -> None:
    """Move an alias to a better version.

    Exit code 1 when the condition does not hold: then the alias stays where it is. A
    CONDITION such as `metrics.acc > alias:champion and metrics.loss < 0.5` compares metrics
    of the version's run with those of the version that has an alias, or with numbers.
    """
    from ..store.errors import NotPromoted

    try:
        opened(store).registry.promote(name, version, alias, condition=condition)
    except NotPromoted as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{name}@{alias} is version {version}")


@models.command("delete")
@click.argument("name")
@click.argument("version", type=int, required=False)
@store_option
@click.option("--yes", is_flag=True, help="Do not ask; also when an alias points there.")
def delete(name: str, version: int | None, store: str | None, yes: bool) -> None:
    """Delete a model, or one version of it, for good.

    Asks first in a terminal. Elsewhere, what an alias points to is deleted only with --yes.
    """
    registry = opened(store).registry
    whole = version is None
    aliases = registry.get(name).aliases if version is None else registry.version(name, version).aliases
    what = f"model {name}" if whole else f"version {version} of model {name}"
    if is_terminal() and not yes:
        listed = f", which has the alias {', '.join(aliases)}" if aliases else ""
        click.confirm(f"delete {what}{listed}?", abort=True)
        yes = True
    if version is None:
        registry.delete(name, force=yes)
    else:
        registry.delete_version(name, version, force=yes)
    click.echo(f"{what} is deleted")


def _facts(title: str, facts: Mapping[str, str]) -> None:
    heading(formats.one_line(title), space=False)
    rows = [[Cell(key), Cell(formats.one_line(text))] for key, text in facts.items() if text]
    show_table(Table([Column(""), Column("")], rows), whole=True)


def _section(title: str, table: Table) -> None:
    if table.rows:
        heading(title)
        show_table(table)


def _versions(versions: Sequence[ModelVersion]) -> Table:
    rows = [
        [
            Cell(str(version.version)),
            Cell(", ".join(version.aliases), "cyan"),
            Cell("" if version.stage == "None" else version.stage),
            Cell(_when(version.created)),
            Cell(version.by),
            Cell(formats.one_line(version.source), "dim"),
            Cell(formats.one_line(version.description)),
        ]
        for version in versions
    ]
    titles = [Column("version", right=True), Column("aliases"), Column("stage"), Column("registered")]
    return Table(
        [*titles, Column("by", rank=2), Column("source", rank=1), Column("description", rank=3)], rows
    )


def _moves(moves: Sequence[AliasMove]) -> Table:
    rows = [
        [
            Cell(formats.moment(move.time)),
            Cell(move.by),
            Cell(move.alias, "cyan"),
            Cell("" if move.previous is None else str(move.previous)),
            Cell("deleted" if move.version is None else str(move.version)),
            Cell(formats.one_line(move.why)),
        ]
        for move in moves
    ]
    numbers = Column("from", right=True), Column("to", right=True)
    return Table([Column("when"), Column("who"), Column("alias"), *numbers, Column("why")], rows)


def _address(version: ModelVersion) -> str:
    return f"models:/{version.name}/{version.version}"


def _aliases(aliases: Mapping[str, int]) -> str:
    return ", ".join(f"{alias} → {number}" for alias, number in aliases.items())


def _tags(tags: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(tags.items()))


def _when(moment: int) -> str:
    return formats.ago(moment, int(time.time() * 1000)) if is_terminal() else formats.moment(moment)
