"""Asking an MLflow server: the same endpoints that our own server answers."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from ..errors import StoreError, StoreUnavailable
from ..http.access import Access
from ..http.client import Away, Client
from ..wire.endpoint import Endpoint

Answered = TypeVar("Answered")

MISSING = "RESOURCE_DOES_NOT_EXIST"
TAKEN = "RESOURCE_ALREADY_EXISTS"

NOT_FOUND = "NOT_FOUND"
"""What an older server says of an endpoint that it does not have."""
_UNKNOWN = b"requested URL was not found on the server"

_JSON = {"Content-Type": "application/json"}


class Refused(StoreError):
    """The server understood and said no. ``code`` is MLflow's, such as INVALID_PARAMETER_VALUE."""

    def __init__(self, message: str, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class _Failure(msgspec.Struct, frozen=True):
    error_code: str
    message: str = ""


class MlflowClient(Client):
    """Asks one MLflow server. Safe for any thread, and after a fork."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)

    def call(
        self, endpoint: Endpoint[Any, Answered], asked: msgspec.Struct, *, again: bool = False
    ) -> Answered:
        """Ask; again when the server had no time for it.

        Raises Refused, and StoreUnavailable when the server is away.
        """
        question = {key: value for key, value in msgspec.to_builtins(asked).items() if value is not None}
        path = f"/api/{endpoint.version}.0" + _filled(endpoint.path, question)
        get = endpoint.method == "GET"
        query = question if get else None
        body = None if get else msgspec.json.encode(question)
        data = self.patiently(
            get or endpoint.reads or again,
            lambda: self.ask(endpoint.method, path, query=query, body=body, headers=_JSON),
        )
        return self.decoded(data or b"{}", endpoint.response)

    def _said(self, status: int, body: bytes) -> Exception | None:
        try:
            failure = msgspec.json.decode(body, type=_Failure)
        except (msgspec.DecodeError, UnicodeError):
            if status == 404 and _UNKNOWN in body:
                return Refused(f"{self.url} is an MLflow server that does not know this", NOT_FOUND, status)
            return None
        if failure.error_code == "TEMPORARILY_UNAVAILABLE":
            return Away(failure.message)
        if status == 401:
            return StoreUnavailable(
                f"{self.url} refuses us: {failure.message}; AUTOLOG_TOKEN, MLFLOW_TRACKING_TOKEN or "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD say who asks"
            )
        return Refused(failure.message, failure.error_code, status)

    def _strange(self, message: str, status: int) -> StoreUnavailable:
        """It is known what the server is, so something stands before it now."""
        return Away(message.replace("an autolog server", "an MLflow server"))


def _filled(path: str, question: dict[str, Any]) -> str:
    """The path with the fields that it names, which are then no others any more."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda match: quote(str(question.pop(match[1])), safe=""), path)
