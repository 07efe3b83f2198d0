"""One line of the table that both sides of the wire are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

Asked = TypeVar("Asked", bound=msgspec.Struct)
Answered = TypeVar("Answered", bound=Any)


@dataclass(frozen=True)
class Endpoint(Generic[Asked, Answered]):
    """What can be asked: with which method, at which path, and how question and answer look.

    ``path`` begins behind the prefix (``/api/2.0``) and may hold ``{field}``, which is then a
    field of the request. The other fields of a GET are its query, those of any other method its
    JSON body. ``version`` is MLflow's, 2 or 3. ``reads``: a POST that changes nothing, so that
    a token for reading will do; a GET always reads.
    """

    method: str
    path: str
    request: type[Asked]
    response: type[Answered]
    version: int = 2
    reads: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
