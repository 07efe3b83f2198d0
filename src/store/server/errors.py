"""What clients hear of an error: MLflow's form on its routes, ours under ``/api/autolog``.

MLflow's are ``{"error_code": …, "message": …}``; clients decide by the code. Ours name the
class of `store.errors`, so that a remote store raises what a local one would.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from ...web.refused import Refused
from ..errors import (
    AliasInUse,
    AliasNotFound,
    ArtifactNotFound,
    ExperimentNotFound,
    ModelNotFound,
    NameTaken,
    NotPromoted,
    RunNotFound,
    StoreError,
    StoreUnavailable,
    VersionNotFound,
)
from ..intake import Gap

__all__ = ["Refused", "absence", "answer", "exists", "invalid", "missing"]

logger = logging.getLogger(__name__)

OURS = "/api/autolog"
JSON = "application/json"

_MISSING = (404, "RESOURCE_DOES_NOT_EXIST")
_STATUSES: dict[type[StoreError], tuple[int, str]] = {
    RunNotFound: _MISSING,
    ExperimentNotFound: _MISSING,
    ArtifactNotFound: _MISSING,
    ModelNotFound: _MISSING,
    VersionNotFound: _MISSING,
    AliasNotFound: _MISSING,
    NameTaken: (400, "RESOURCE_ALREADY_EXISTS"),
    AliasInUse: (409, "RESOURCE_CONFLICT"),
    NotPromoted: (409, "RESOURCE_CONFLICT"),
    Gap: (409, "RESOURCE_CONFLICT"),
    StoreUnavailable: (503, "TEMPORARILY_UNAVAILABLE"),
}
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 408: {"Connection": "close"}, 503: {"Retry-After": "1"}}


def invalid(message: str) -> Refused:
    """A request that can never be answered as it stands."""
    return Refused(400, "INVALID_PARAMETER_VALUE", message)


def absence(parameter: str) -> Refused:
    """A request without something that it needs."""
    see = "See the API docs for more information about request parameters."
    return invalid(f"Missing value for required parameter '{parameter}'. {see}")


def missing(message: str) -> Refused:
    return Refused(404, "RESOURCE_DOES_NOT_EXIST", message)


def exists(message: str) -> Refused:
    return Refused(400, "RESOURCE_ALREADY_EXISTS", message)


def answer(error: Exception, method: str, path: str) -> Response:
    """The response for whatever a route raised."""
    refused = refusal(error, method)
    content: dict[str, Any] = {"error_code": refused.code, "message": str(refused)}
    if path.startswith(OURS):
        content = _ours(error, refused)
    headers = dict(_HEADERS.get(refused.status, {}))
    if isinstance(error, HTTPException):
        headers.update(error.headers or {})
    return Response(msgspec.json.encode(content), refused.status, headers, JSON)


def refusal(error: Exception, method: str) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, StoreError):
        known = (_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES)
        status, code = next(known, (400, "INVALID_PARAMETER_VALUE"))
        return Refused(status, code, str(error))
    if isinstance(error, HTTPException):
        return _no_route(error, method)
    if isinstance(error, ClientDisconnect):
        return Refused(499, "CANCELLED", "the client went away")
    return _failure(error)


def _ours(error: Exception, refused: Refused) -> dict[str, Any]:
    kind = type(error).__name__ if isinstance(error, StoreError) else refused.code
    more = {"expected": error.expected} if isinstance(error, Gap) else {}
    return {"error": kind, "message": str(refused), **more}


def _no_route(error: HTTPException, method: str) -> Refused:
    if error.status_code == 405:
        return Refused(405, "METHOD_NOT_ALLOWED", f"there is no {method} for this path")
    return Refused(error.status_code, "ENDPOINT_NOT_FOUND", "there is nothing at this path")


def _failure(error: Exception) -> Refused:
    """What strangers hear of an error that is not theirs: a number that stands in the log, too."""
    number = secrets.token_hex(4)
    logger.error("error %s", number, exc_info=error)
    message = f"the server failed on this request (error {number} in the server's log)"
    return Refused(500, "INTERNAL_ERROR", message)
