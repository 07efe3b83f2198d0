"""Who is at work."""

from __future__ import annotations

import os


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
