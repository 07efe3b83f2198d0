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


def user_at_host() -> str:
    """``user@host``, with the user's number where there is no name."""
    try:
        name = user()
    except KeyError:
        name = str(os.getuid())
    return f"{name}@{os.uname().nodename}"
