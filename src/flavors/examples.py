"""A few rows of the input, kept with the model so that others see what it takes.

input_example.json           the rows, in the form that MLflow reads back
serving_input_example.json   a request body that MLflow's scoring server takes as it is
"""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import Any

FILE = "input_example.json"
SERVING_FILE = "serving_input_example.json"
ROWS = 5
_CELLS = 10_000
"""A row may be as wide as that; wider ones are left out."""


def few_rows(data: Any) -> Any:
    """The first rows, as a view where the container has views; None if it cannot be sliced."""
    try:
        return getattr(data, "iloc", data)[:ROWS]
    except (TypeError, KeyError, IndexError, NotImplementedError):
        return None


def write_example(folder: Path, example: Any) -> dict[str, Any] | None:
    """Write the two files; what MLmodel says about them. None for rows of no such form, or too wide."""
    if math.prod(getattr(example, "shape", ())[1:]) > _CELLS:
        return None
    described = _described(example)
    if described is None:
        return None
    facts, content, serving = described
    try:
        text = json.dumps(content, default=_plain)
    except (TypeError, ValueError):
        return None
    (folder / FILE).write_text(text)
    facts = {"artifact_path": FILE, **facts}
    if serving is not None:
        (folder / SERVING_FILE).write_text(f'{{"{serving}": {text}}}')
        facts["serving_input_path"] = SERVING_FILE
    return facts


def _described(data: Any) -> tuple[dict[str, str], Any, str | None] | None:
    """MLflow's facts, the content as JSON values, and the scoring server's key for it."""
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        return {"type": "dataframe", "pandas_orient": "split"}, _table(data), "dataframe_split"
    if hasattr(data, "iloc"):
        return _described(data.to_frame(data.name if data.name is not None else "0"))
    if hasattr(data, "indptr"):
        kind = "csc" if data.format == "csc" else "csr"
        return {"type": f"sparse_matrix_{kind}"}, _sparse(data if data.format == kind else data.tocsr()), None
    from .schema import as_array  # not needed to load a model

    array = as_array(data)
    if array is not None:
        return {"type": "ndarray"}, _without_nan(array.tolist()), "inputs"
    return ({"type": "json_object"}, data, "inputs") if isinstance(data, list) else None


def _table(data: Any) -> dict[str, Any]:
    names = list(data.columns)
    missing = data.isna().to_numpy().tolist()
    rows = [
        [None if gone else value for value, gone in zip(row, row_missing, strict=True)]
        for row, row_missing in zip(data.itertuples(index=False, name=None), missing, strict=True)
    ]
    return {"data": rows} if names == list(range(len(names))) else {"columns": names, "data": rows}


def _sparse(data: Any) -> dict[str, Any]:
    return {
        "data": _without_nan(data.data.tolist()),
        "indices": data.indices.tolist(),
        "indptr": data.indptr.tolist(),
        "shape": list(data.shape),
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and value != value else value


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(value).decode("ascii")
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy's
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} has no form in JSON")
