"""The server's process: the store it opens, its token, and what it writes to the log."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...web.guard import Limits
from ...web.running import listening, run, write_log
from ..opening import open_store

if TYPE_CHECKING:
    from ..base import Store

_DATABASES = ("sqlite:", "postgresql:", "postgresql+psycopg:")


@dataclass(frozen=True, repr=False)
class Settings:
    """What `serve` was asked for. Without a token, one that is kept with the store will do."""

    store: str
    artifacts: str | None = None
    tokens: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


def serve(settings: Settings, host: str, port: int, ready: Callable[[str, str | None], None]) -> int:
    """Answer until the process is told to stop; ``ready`` gets the address, and the token if it is ours.

    Port 0 is any free one. Raises what opening the store raises, and OSError for an address
    that cannot be had.
    """
    from .app import make_app
    from .guard import Tokens

    write_log(__package__ or "")
    _write_access_log()
    store = opened(settings)
    kept = None if settings.tokens else kept_token(token_file(store))
    tokens = Tokens(settings.tokens or (kept or "",), settings.reading)
    with listening(host, port) as listener:
        app = make_app(store, tokens, settings.limits)
        ready(address(host, listener.getsockname()[1]), kept)
        run(app, listener, 1, settings.limits.seconds)
    return 0


def opened(settings: Settings) -> Store:
    """The store to serve. Raises NotAStore, StoreUnavailable, ValueError."""
    if settings.store.lower().startswith(_DATABASES):
        from ..sql.store import SqlStore

        return SqlStore(settings.store, settings.artifacts, lasting=True)
    if settings.artifacts is not None:
        raise ValueError("a store that is a folder holds its files itself: leave out the place for artifacts")
    return open_store(settings.store)


def address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def token_file(store: Store) -> Path:
    """Where the token of a store is kept: in its folder, beside its file, or with the user's settings."""
    from ..folder import OWN_FOLDER, FolderStore

    if isinstance(store, FolderStore):
        return store.path / OWN_FOLDER / "token"
    scheme, _, path = store.uri.partition("///")
    if scheme == "sqlite:":
        return Path(os.path.abspath(f"{path.partition('?')[0]}.token"))
    name = hashlib.sha256(store.uri.encode()).hexdigest()[:16]
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "autolog" / "tokens" / name


def kept_token(file: Path) -> str:
    """The token in a file that only its owner can read, made when there is none. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="ascii") as new:
            new.write(secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):
            os.link(draft, file)  # of two that begin at once, one makes it
    finally:
        draft.unlink()
    token = file.read_text(encoding="ascii").strip()
    if not token:
        raise OSError(f"there is no token in {file}: delete the file, and a new one is made")
    return token


def _write_access_log() -> None:
    """The lines of the access log are JSON and nothing else."""
    from .guard import access

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    access.handlers = [handler]
    access.propagate = False
    access.setLevel(logging.INFO)
