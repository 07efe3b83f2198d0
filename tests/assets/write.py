"""Write this release's store, and what it must read as: python tests/assets/write.py v1.

Kept for good: a later release must read the same from it. Written through the store alone, so
that nothing of the machine gets in but the header of each file.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from autolog.store import events, open_store
from autolog.store.base import RunWriter, Store
from autolog.store.log import now

HERE = Path(__file__).resolve().parent


def record(store: Store) -> None:
    """Something of everything: all kinds of events and values, nesting, a resumed and a deleted run."""
    plain = store.create("digits", "plain")
    values(plain)
    inner = plain.child("inner")
    inner.point("back", 3, now(), "Infinity")
    inner.point("back", 2, now(), "-Infinity")
    inner.point("back", 2, now(), "NaN")
    keep(inner, "hello.txt", "hello")
    end(inner)
    end(plain)
    broken = store.create("odd / name", "broken")
    end(broken, "FAILED", "ValueError: no more data")
    again = store.join(broken.id, resumed=True)
    again.point("loss", 0, now(), 0.5)
    again.point("loss", 1, now(), 0.25)
    again.write(events.Rewind(0, now(), key="loss", step=1))
    again.point("loss", 1, now(), 0.125)
    end(again)
    deleted = store.create("digits", "deleted")
    deleted.write(events.Delete(0, now()))


def values(run: RunWriter) -> None:
    facts = {"kind": "ndarray", "shape": [1797, 64]}
    run.write(
        events.Params(0, now(), params={"lr": 0.1, "deep": True, "path": "a/ü", "none": None, "n": 3}),
        events.Tags(0, now(), tags={"team": "vision", "draft": "yes"}),
        events.Tags(0, now(), tags={"draft": None}),
        events.Input(0, now(), name="train", digest="8d0c2f", context="training", facts=facts),
        events.Metrics(0, now(), step=4, metrics={"accuracy": 0.5, "count": 7}),
    )
    for step in range(20):
        run.point("loss", step, now(), 1 / (step + 1))
    keep(run, "notes/a.json", '{"a": [1, 2]}')


def keep(run: RunWriter, path: str, text: str) -> None:
    with run.artifact(path) as target:
        target.write_text(text)


def end(run: RunWriter, status: events.Status = "FINISHED", error: str | None = None) -> None:
    run.write(events.End(0, now(), status=status, error=error))
    run.close()


def expected(store: Path) -> dict[str, Any]:
    """What is in the store, as plain JSON."""
    sys.path.insert(0, str(HERE.parent))
    from test_file_format import files, plain, rows

    import autolog

    runs = autolog.search_runs(store=store)
    return {
        "runs": {run.id: plain(run) for run in runs},
        "histories": {run.id: {key: rows(run.history(key)) for key in run.metrics} for run in runs},
        "artifacts": {run.id: files(run) for run in runs},
    }


def main() -> None:
    folder = HERE / sys.argv[1]
    record(open_store(folder / "store"))
    text = json.dumps(expected(folder / "store"), indent=1, ensure_ascii=False)
    (folder / "expected.json").write_text(text + "\n")
    shutil.rmtree(folder / "store" / ".autolog", ignore_errors=True)


if __name__ == "__main__":
    main()
