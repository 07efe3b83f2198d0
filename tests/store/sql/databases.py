"""Databases for tests. Making tables takes a tenth of a second, copying those of a template does not."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from autolog.store.sql.store import SqlStore


def sqlite_store(path: Path, *, artifacts: str | None = None) -> SqlStore:
    """The store at ``path``, which is new when there is none yet."""
    if not path.exists():
        shutil.copyfile(_template(), path)
    return SqlStore(f"sqlite:///{path}", artifacts)


@cache
def _template() -> Path:
    folder = mkdtemp(prefix="autolog-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "template.db"
    SqlStore(f"sqlite:///{path}").close()  # which leaves one file
    return path
