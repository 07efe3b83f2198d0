"""Tables and figures of the user's as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .values import json_text


def table_text(data: Any, path: str) -> str:
    """A table in the format that ``path`` ends in, .json or .csv. TypeError, ValueError."""
    table = _table(data)
    form = Path(path).suffix
    if form == ".json":
        return json_text(table)
    if form != ".csv":
        raise ValueError(f"a table is kept as .json or .csv, not as {path!r}")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([table["columns"], *table["data"]])
    return text.getvalue()


def _table(data: Any) -> dict[str, Any]:
    if hasattr(data, "to_dict") and hasattr(data, "columns"):  # a DataFrame, of pandas or polars
        columns = {str(name): list(data[name]) for name in data.columns}
    elif isinstance(data, Mapping):
        columns = {str(name): list(values) for name, values in data.items()}
    elif isinstance(data, (list, tuple)) and all(isinstance(row, Mapping) for row in data):
        names = dict.fromkeys(name for row in data for name in row)
        columns = {str(name): [row.get(name) for row in data] for name in names}
    else:
        raise TypeError(
            f"a table must be a DataFrame, a mapping of columns or a list of rows, not {type(data).__name__}"
        )
    if len({len(values) for values in columns.values()}) > 1:
        lengths = {name: len(values) for name, values in columns.items()}
        raise ValueError(f"the columns of a table must have one length, these have {lengths}")
    return {"columns": list(columns), "data": list(zip(*columns.values(), strict=True))}


def drawer(figure: Any, path: str) -> Callable[[Path], Any]:
    """What writes this figure to a file."""
    form = Path(path).suffix.lstrip(".") or "png"
    if hasattr(figure, "savefig"):
        return lambda target: figure.savefig(target, format=form)
    if hasattr(figure, "write_html"):
        return figure.write_html if form == "html" else lambda t: figure.write_image(t, format=form)
    if hasattr(figure, "save"):
        return lambda target: figure.save(target, format="jpeg" if form == "jpg" else form)
    kind = type(figure).__name__
    raise TypeError(f"log_figure takes a matplotlib or plotly figure or a PIL image, not {kind}")
