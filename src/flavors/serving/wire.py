"""Requests and answers, in the words of MLflow's scoring server.

https://mlflow.org/docs/latest/deployment/deploy-model-locally: a body is JSON with one of
``dataframe_split``, ``dataframe_records``, ``instances`` and ``inputs`` (and ``params``), or
CSV with a header, or Parquet; the answer is ``{"predictions": …}``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from ...web.refused import Refused
from ..schema import Array, Column, Map, Object, Signature, Tensor

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Asked:
    """What a request asks. Either ``rows``, in the order of ``columns`` if they have names, or ``whole``.

    Rows of several requests with the same columns can be predicted together.
    """

    columns: tuple[Any, ...] | None = None
    rows: list[Any] | None = None
    whole: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False

    @property
    def key(self) -> Any:
        """Equal for requests that can be put together; None for one that cannot."""
        return None if self.rows is None or self.params or self.alone else (self.columns,)


def decode(content_type: str | None, body: bytes, signature: Signature | None) -> Asked:
    """The question in a body. Raises Refused."""
    kind, charset = _media(content_type)
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"the charset {charset!r} is not read here; send UTF-8")
    reader = _READERS.get(kind)
    if reader is None:
        raise Refused(
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            f"the content type {kind!r} is not read here; send one of {', '.join(_READERS)}",
        )
    asked = reader(body, signature)
    return asked if _may_share(signature) else replace(asked, alone=True)


def _may_share(signature: Signature | None) -> bool:
    """Whether a row is the same to the model whatever rows stand beside it.

    Where no type is known, pandas reads it off all values of a column.
    """
    if signature is None or not signature.inputs:
        return False
    return all(
        spec.shape[:1] == (-1,) if isinstance(spec, Tensor) else spec.type != "any"
        for spec in signature.inputs
    )


def _media(content_type: str | None) -> tuple[str, str]:
    """``text/csv; charset=utf-8`` in its two parts."""
    if not content_type or not content_type.strip():
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"the header Content-Type is missing; send {JSON}")
    kind, *settings = (part.strip() for part in content_type.split(";"))
    given = dict(part.lower().split("=", 1) for part in settings if "=" in part)
    return kind.lower(), given.get("charset", "utf-8").strip('"')


# JSON


def _json(body: bytes, signature: Signature | None) -> Asked:
    document = _document(body)
    if not isinstance(document, dict):
        raise Refused.bad(f"the body must be a JSON object with one of {_FORMS}")
    given = [name for name in document if name in _READ]
    strange = [name for name in document if name not in _READ and name != "params"]
    if len(given) != 1 or strange:
        also = f", and {strange[0]!r} is none of them" if strange else ""
        raise Refused.bad(f"the body must hold exactly one of {_FORMS}; it holds {len(given)}{also}")
    params = document.get("params") or {}
    if not isinstance(params, dict):
        raise Refused.bad("params must be a JSON object")
    return _READ[given[0]](document[given[0]], params, signature)


def _document(body: bytes) -> Any:
    """What JSON says, with the NaN and Infinity of Python's json, which MLflow's clients send."""
    try:
        if b"NaN" in body or b"Infinity" in body:
            return json.loads(body)
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Refused.bad(f"the body is not JSON: {error}") from None


def _split(given: Any, params: Mapping[str, Any], signature: Signature | None) -> Asked:
    if not isinstance(given, dict) or not _is_rows(given.get("data")):
        raise Refused.bad('dataframe_split must be an object: {"columns": […], "data": [[…], …]}')
    columns = given.get("columns")
    if columns is not None and not _is_names(columns):
        raise Refused.bad("the columns of dataframe_split must be a list of different names")
    _check_widths(given["data"], columns)
    if columns is None and (signature is None or signature.inputs is None):
        columns = range(len(given["data"][0]) if given["data"] else 0)
    return Asked(None if columns is None else tuple(columns), given["data"], params=params)


def _is_rows(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, list) for row in rows)


def _is_names(columns: Any) -> bool:
    plain = isinstance(columns, list) and all(isinstance(name, (str, int)) for name in columns)
    return plain and len(set(columns)) == len(columns)


def _check_widths(rows: list[list[Any]], columns: list[Any] | None) -> None:
    width = len(columns) if columns is not None else len(rows[0]) if rows else 0
    for number, row in enumerate(rows):
        if len(row) != width:
            raise Refused.bad(f"row {number} has {len(row)} values, and not {width}")


def _records(given: Any, params: Mapping[str, Any], signature: Signature | None) -> Asked:
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise Refused.bad('dataframe_records must be a list of objects: [{"column": value, …}, …]')
    return _of_dicts(given, params)


def _of_dicts(given: list[dict[str, Any]], params: Mapping[str, Any]) -> Asked:
    columns = tuple(given[0]) if given else ()
    if any(row.keys() != given[0].keys() for row in given):
        columns = tuple(dict.fromkeys(name for row in given for name in row))
    return Asked(columns, [[row.get(name) for name in columns] for row in given], params=params)


def _of_lists(given: list[Any], params: Mapping[str, Any], signature: Signature | None) -> Asked:
    """Rows without names: of a table, all must be as wide; arrays are looked at by who knows their shape."""
    inputs = signature.inputs if signature is not None else None
    if inputs and isinstance(inputs[0], Column) and any(isinstance(row, list) for row in given):
        if not _is_rows(given):
            raise Refused.bad("the rows must all be lists")
        _check_widths(given, None)
    return Asked(None, given, params=params)


def _instances(given: Any, params: Mapping[str, Any], signature: Signature | None) -> Asked:
    if not isinstance(given, list):
        raise Refused.bad("instances must be a list with an entry for each row")
    if not given or not isinstance(given[0], dict):
        return _of_lists(given, params, signature)
    if not all(isinstance(row, dict) for row in given):
        raise Refused.bad("instances must all be objects, or all be lists")
    if _takes_arrays_by_name(signature):
        names = given[0].keys()
        if any(row.keys() != names for row in given):
            raise Refused.bad("instances must all have the same inputs")
        return Asked(whole={name: [row[name] for row in given] for name in names}, params=params)
    return _of_dicts(given, params)


def _inputs(given: Any, params: Mapping[str, Any], signature: Signature | None) -> Asked:
    if isinstance(given, list) and not (given and isinstance(given[0], dict)):
        return _of_lists(given, params, signature)
    if isinstance(given, list):
        return _records(given, params, signature)
    if not isinstance(given, dict):
        raise Refused.bad("inputs must be a list of rows, or an object with a list for each input")
    return Asked(whole=given, params=params)


def _takes_arrays_by_name(signature: Signature | None) -> bool:
    first = signature.inputs[0] if signature is not None and signature.inputs else None
    return isinstance(first, Tensor) and first.name is not None


_READ: dict[str, Callable[[Any, Mapping[str, Any], Signature | None], Asked]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}
FORMS = tuple(_READ)
_FORMS = ", ".join(FORMS)


# Tables


def _csv(body: bytes, signature: Signature | None) -> Asked:
    import pandas as pd

    try:
        table = pd.read_csv(io.BytesIO(body), dtype=_texts(signature))
    except (ValueError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise Refused.bad(f"the body is not CSV: {error}") from None
    return Asked(whole=table)


def _texts(signature: Signature | None) -> dict[str, str]:
    """The columns that hold text, so that ``007`` stays one and ``NA`` is only missing where it may be."""
    columns: Sequence[Any] = signature.inputs or () if signature is not None else ()
    return {str(spec.name): "str" for spec in columns if _is_text(spec)}


def _is_text(spec: Column | Tensor) -> bool:
    nested = isinstance(spec, Column) and isinstance(spec.type, (Array, Object, Map))
    return isinstance(spec, Column) and not nested and spec.type in ("string", "binary", "datetime")


MOST_VALUES = 1 << 24
"""In a Parquet table: a million equal ones take but a few bytes of a body."""


def _parquet(body: bytes, signature: Signature | None) -> Asked:
    try:
        from pyarrow import parquet
    except ImportError:
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "Parquet is not read here: pyarrow is missing") from None
    try:
        file = parquet.ParquetFile(io.BytesIO(body))
        _check_values(file.metadata)
        return Asked(whole=file.read().to_pandas())
    except Refused:
        raise
    except Exception as error:  # what pyarrow raises for a broken file is not written down
        raise Refused.bad(f"the body is not Parquet: {type(error).__name__}") from error


def _check_values(metadata: Any) -> None:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    values = sum(group.column(column).num_values for group in groups for column in range(group.num_columns))
    if values > MOST_VALUES:
        message = f"the table has {values} values, and may have {MOST_VALUES}; send fewer rows at once"
        raise Refused(413, "REQUEST_TOO_LARGE", message)


_READERS: dict[str, Callable[[bytes, Signature | None], Asked]] = {JSON: _json, CSV: _csv, PARQUET: _parquet}


# Answers


def encode(predictions: Any) -> bytes:
    """``{"predictions": …}`` as JSON: a list with an entry for each row, or an object of such lists."""
    return msgspec.json.encode({"predictions": plain(predictions)}, enc_hook=_other)


def plain(predictions: Any) -> Any:
    """Predictions as lists and dicts. A DataFrame is a list of its rows, as MLflow writes it."""
    if hasattr(predictions, "iloc") and hasattr(predictions, "columns"):
        names = [str(name) for name in predictions.columns]
        rows = predictions.itertuples(index=False, name=None)
        return [dict(zip(names, row, strict=True)) for row in rows]
    if hasattr(predictions, "detach"):
        predictions = predictions.detach().cpu()
    if hasattr(predictions, "toarray"):
        predictions = predictions.toarray()
    if hasattr(predictions, "tolist"):
        return predictions.tolist()
    if isinstance(predictions, Mapping):
        return {str(name): plain(value) for name, value in predictions.items()}
    return predictions


def _other(value: Any) -> Any:
    """What JSON has no form for: numbers of NumPy's, times, missing values of pandas'."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise NotImplementedError(f"a {type(value).__name__} has no form in JSON")
