"""Requests and answers, in the words of MLflow's scoring server.

https://mlflow.org/docs/latest/deployment/deploy-model-locally: a body is JSON with one of
``dataframe_split``, ``dataframe_records``, ``instances`` and ``inputs`` (and ``params``), or
CSV with a header, or Parquet; the answer is ``{"predictions": …}``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..schema import Array, Column, Map, Object, Signature, Tensor

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"


class Refused(Exception):
    """A request that cannot be answered: HTTP status, MLflow's error code, what is wrong with it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    @classmethod
    def bad(cls, message: str) -> Refused:
        return cls(400, "BAD_REQUEST", message)


@dataclass(frozen=True)
class Asked:
    """What a request asks. Either ``rows``, in the order of ``columns`` if they have names, or ``whole``.

    Rows of several requests with the same columns can be predicted together.
    """

    columns: tuple[Any, ...] | None = None
    rows: list[Any] | None = None
    whole: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Any:
        """Equal for requests that can be put together; None for one that cannot."""
        return None if self.rows is None or self.params else (self.columns,)


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
    return reader(body, signature)


def _media(content_type: str | None) -> tuple[str, str]:
    """``text/csv; charset=utf-8`` in its two parts."""
    if not content_type or not content_type.strip():
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"the header Content-Type is missing; send {JSON}")
    kind, *settings = (part.strip() for part in content_type.split(";"))
    given = dict(part.lower().split("=", 1) for part in settings if "=" in part)
    return kind.lower(), given.get("charset", "utf-8").strip('"')


# JSON


def _json(body: bytes, signature: Signature | None) -> Asked:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused.bad(f"the body is not JSON: {error}") from None
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


def _split(given: Any, params: Mapping[str, Any], signature: Signature | None) -> Asked:
    if not isinstance(given, dict) or not _is_rows(given.get("data")):
        raise Refused.bad('dataframe_split must be an object: {"columns": […], "data": [[…], …]}')
    columns = given.get("columns")
    if columns is not None and not _is_names(columns):
        raise Refused.bad("the columns of dataframe_split must be a list of different names")
    _check_widths(given["data"], columns)
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
            raise Refused.bad(f"row {number} has {len(row)} values, and there are {width} columns")


def _records(given: Any, params: Mapping[str, Any], signature: Signature | None) -> Asked:
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise Refused.bad('dataframe_records must be a list of objects: [{"column": value, …}, …]')
    return _of_dicts(given, params)


def _of_dicts(given: list[dict[str, Any]], params: Mapping[str, Any]) -> Asked:
    columns = tuple(given[0]) if given else ()
    if any(row.keys() != given[0].keys() for row in given):
        columns = tuple(dict.fromkeys(name for row in given for name in row))
    return Asked(columns, [[row.get(name) for name in columns] for row in given], params=params)


def _instances(given: Any, params: Mapping[str, Any], signature: Signature | None) -> Asked:
    if not isinstance(given, list):
        raise Refused.bad("instances must be a list with an entry for each row")
    if not given or not isinstance(given[0], dict):
        return Asked(None, given, params=params)
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
        return Asked(None, given, params=params)
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


def _parquet(body: bytes, signature: Signature | None) -> Asked:
    import pandas as pd

    try:
        table = pd.read_parquet(io.BytesIO(body))
    except ImportError:
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", "Parquet is not read here: pyarrow is missing") from None
    except Exception as error:  # what pyarrow raises for a broken file is not written down
        raise Refused.bad(f"the body is not Parquet: {type(error).__name__}") from error
    return Asked(whole=table)


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
    if value is None or value != value:  # NaT and NA, which are unequal to themselves
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise NotImplementedError(f"a {type(value).__name__} has no form in JSON")
