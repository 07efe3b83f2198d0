"""What the server of a model limits beside what every server does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...web import guard
from ...web.refused import Refused


@dataclass(frozen=True)
class Limits(guard.Limits):
    """``token``: the bearer's, if one is needed.

    ``waiting``: requests that wait for the model; ``batch``: rows of several that are
    predicted together.
    """

    waiting: int = 1000
    batch: int = 4096
    token: str | None = None


def check_token(headers: Mapping[str, str], limits: Limits) -> None:
    if limits.token is None:
        return
    given = guard.bearer(headers)
    if given is None or not guard.is_same(given, limits.token):
        raise Refused(401, "UNAUTHENTICATED", "send the header Authorization: Bearer <token>")
