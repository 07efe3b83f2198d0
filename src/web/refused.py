"""The one error that a request ends with."""

from __future__ import annotations


class Refused(Exception):
    """A request that cannot be answered: HTTP status, MLflow's error code, what is wrong with it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    @classmethod
    def bad(cls, message: str) -> Refused:
        return cls(400, "BAD_REQUEST", message)
