"""Who is at work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_author: ContextVar[str] = ContextVar("autolog_author")


def user() -> str:
    """The name of the user. Raises KeyError for one that the system does not know."""
    for variable in ("LOGNAME", "USER", "USERNAME"):
        if name := os.environ.get(variable):
            return name
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def user_name() -> str:
    """The name of the user, or the user's number where there is no name."""
    try:
        return user()
    except KeyError:
        return str(os.getuid())


def user_at_host() -> str:
    """``user@host``, with the user's number where there is no name."""
    return f"{user_name()}@{os.uname().nodename}"


def author() -> str:
    """``user@host`` of whoever makes a change: the client that a server works for, else this process."""
    return _author.get("") or user_at_host()


@contextmanager
def working_for(client: str) -> Iterator[None]:
    """Changes are a client's for as long as the block lasts."""
    token = _author.set(client)
    try:
        yield
    finally:
        _author.reset(token)
