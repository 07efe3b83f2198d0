"""The rows of experiments: one for each folder, and no name twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ..experiments.base import Experiment
from ..experiments.names import unlike
from ..names import experiment_id, experiment_name
from .database import writing
from .schema import experiments, runs
from .statements import next_id


def add_experiments(connection: sa.Connection, folders: Sequence[str]) -> None:
    """Rows for experiments that nothing is known of but their folders."""
    if not folders:
        return
    number = next_id(connection, experiments)
    taken = set(connection.scalars(sa.select(experiments.c.name)))
    for id, folder in enumerate(folders, number):
        name = experiment_name(folder)
        if name in taken:  # one that was renamed is called so
            name = unlike(name, taken)
        taken.add(name)
        row = {"id": id, "experiment_id": experiment_id(folder), "folder": folder, "name": name}
        connection.execute(experiments.insert(), row)


def follow(engine: sa.Engine, wanted: Mapping[str, Experiment]) -> None:
    """Have the rows say what a folder store knows of its experiments, by their folders."""
    with engine.connect() as connection:
        if not _differing(connection, wanted) and not _gone(connection, wanted):
            return
    with writing(engine) as connection:
        _forget(connection, wanted)
        rows = connection.scalars(sa.select(experiments.c.folder))
        add_experiments(connection, sorted(wanted.keys() - set(rows)))
        changed = _differing(connection, wanted)
        for folder in changed:  # names may change places
            connection.execute(_row(folder).values(name=f"\0{folder}"))
        for folder, values in changed.items():
            connection.execute(_row(folder).values(values))


def _differing(connection: sa.Connection, wanted: Mapping[str, Experiment]) -> dict[str, dict[str, Any]]:
    """What is to be changed in rows, by folder."""
    known = {row.folder: row for row in connection.execute(sa.select(experiments))}
    return {
        folder: values
        for folder, experiment in wanted.items()
        if (values := _values(experiment)) != {key: getattr(known.get(folder), key, None) for key in values}
    }


def _gone(connection: sa.Connection, wanted: Mapping[str, Experiment]) -> Sequence[Any]:
    rows = connection.execute(sa.select(experiments.c.id, experiments.c.folder)).all()
    return [row for row in rows if row.folder not in wanted]


def _forget(connection: sa.Connection, wanted: Mapping[str, Experiment]) -> None:
    """Experiments whose folders are gone; where they had a name that is wanted now, it is free."""
    for row in _gone(connection, wanted):
        if connection.scalar(sa.select(runs.c.id).where(runs.c.experiment == row.id).limit(1)) is None:
            connection.execute(experiments.delete().where(experiments.c.id == row.id))
        else:  # not for long
            connection.execute(_row(row.folder).values(name=f"\0{row.folder}"))


def _row(folder: str) -> sa.Update:
    return experiments.update().where(experiments.c.folder == folder)


def _values(experiment: Experiment) -> dict[str, Any]:
    keys = ("name", "created", "updated", "deleted")
    return {key: getattr(experiment, key) for key in keys}
