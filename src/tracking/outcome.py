"""What an exception says about the run that it left."""

from __future__ import annotations

import traceback

from ..store.events import Status


def outcome(error: BaseException | None) -> Status:
    """The status of a run that a block left with this exception."""
    if error is None or isinstance(error, GeneratorExit):
        return "FINISHED"
    if isinstance(error, KeyboardInterrupt):
        return "KILLED"
    if isinstance(error, SystemExit):
        if error.code in (None, 0):
            return "FINISHED"
        if isinstance(error.__context__, KeyboardInterrupt):  # Ctrl-C, which somebody made an exit of
            return "KILLED"
    return "FAILED"


def describe_error(error: BaseException | str | None) -> str | None:
    """``ExceptionType: message``."""
    if error is None or isinstance(error, str):
        return error
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  the user's __str__ may do anything
        message = "(its message cannot be read)"
    kind = type(error).__qualname__
    return f"{kind}: {message}" if message else kind


def full_traceback(error: BaseException) -> str:
    """As Python prints it, without secrets."""
    from .redact import redact_text

    return redact_text("".join(traceback.format_exception(error)))
