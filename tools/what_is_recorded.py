"""Write docs/what-is-recorded.md from what the patchers declare."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from autolog.autolog import Patcher, Record
from autolog.autolog.registry import patchers

PAGE = Path(__file__).resolve().parent.parent / "docs" / "what-is-recorded.md"
KINDS = {
    "param": "Params",
    "metric": "Metrics",
    "tag": "Tags",
    "artifact": "Files",
    "input": "Data",
    "run": "Runs",
}
HEAD = """# What is recorded

Made from the code by `make docs`. A `*` stands for what varies. Each name can be left out with
`exclude=["metrics.training_*"]` and the like ([configuration](configuration.md)).

## Every top-level run

| | |
|---|---|
| tags `autolog.git.*` | commit, branch, and whether files were changed; the difference itself is `git.diff` |
| other tags `autolog.*` | script and arguments, Python, host, user, working folder, version of autolog |
| file `environment.json` | packages, hardware, operating system, seeds where they are known |
| file `traceback.txt` | when it failed |

Passwords, keys and tokens are replaced by `[redacted]`, in params, arguments and the difference too.

Each framework has a chapter: {contents}.
"""


def page(all_patchers: Iterable[Patcher]) -> str:
    known = sorted(all_patchers, key=lambda patcher: patcher.name)
    contents = ", ".join(f"[{patcher.name}](#{patcher.name})" for patcher in known)
    return "\n".join([HEAD.format(contents=contents), *map(chapter, known)])


def chapter(patcher: Patcher) -> str:
    """One framework: a table for each kind of thing."""
    versions = " or ".join(f"`{requirement}`" for requirement in patcher.requires)
    records = sorted(patcher.records, key=lambda record: list(KINDS).index(record.kind))
    tables = [table(kind, list(rows)) for kind, rows in groupby(records, key=lambda record: record.kind)]
    return "\n".join([f"## {patcher.name}", "", f"Tested with {versions}.", "", *tables])


def table(kind: str, records: list[Record]) -> str:
    rows = [f"| `{record.name}` | {record.of} | {record.meaning} |" for record in records]
    return "\n".join([f"### {KINDS[kind]}", "", "| name | of | meaning |", "|---|---|---|", *rows, ""])


def main() -> None:
    PAGE.write_text(page(patchers()))


if __name__ == "__main__":
    main()
