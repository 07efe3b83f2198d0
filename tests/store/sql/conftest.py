"""Every test of this folder may ask for ``address``: a database of its own, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autolog.store.sql.store import SqlStore

from ..postgres import Postgres, postgres
from .databases import sqlite_store

__all__ = ["postgres"]

_BOTH = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """The name of a PostgreSQL database with our tables and nothing in them."""
    SqlStore(postgres.new_database("template_of_tests")).close()
    return "template_of_tests"


@pytest.fixture
def postgres_address(postgres: Postgres, template: str) -> Iterator[str]:
    address = postgres.new_database(template=template)
    yield address
    postgres.drop(address)


@pytest.fixture(params=_BOTH)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store's address."""
    if request.param == "postgresql":
        address: str = request.getfixturevalue("postgres_address")
        return f"{address}&artifacts={tmp_path / 'artifacts'}"
    sqlite_store(tmp_path / "store.db").close()
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(params=_BOTH)
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "postgresql":
        new: Callable[[], str] = request.getfixturevalue("postgres").new_database
        return new()
    return f"sqlite:///{tmp_path / 'new.db'}"


@pytest.fixture
def store(address: str) -> SqlStore:
    return SqlStore(address)
