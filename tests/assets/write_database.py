"""Write the database of a release, from the folder store that is kept beside it: NAME is the new folder's.

python tests/assets/write_database.py sql-0001
"""

from __future__ import annotations

import sys
from pathlib import Path

from autolog.store.folder import FolderStore
from autolog.store.sql.store import SqlStore

ASSETS = Path(__file__).resolve().parent


def write(database: Path) -> None:
    source, store = FolderStore(ASSETS / "v1" / "store"), SqlStore(f"sqlite:///{database}")
    for file in sorted(source.path.glob("*/*/events-*.jsonl")):
        store.intake.append(file.relative_to(source.path).as_posix(), 0, file.read_bytes())
    nested = next(run for run in store.search("parent is not null"))
    store.registry.register("fruit", "s3://bucket/model", run_id=nested.id, tags={"ripe": "yes"})
    store.registry.set_alias("fruit", "champion", 1)
    store.experiments.update(store.experiments.named("digits").id, name="numbers", tags={"team": "vision"})
    store.settle()
    store.close()


if __name__ == "__main__":
    folder = ASSETS / sys.argv[1]
    folder.mkdir()
    write(folder / "autolog.db")
