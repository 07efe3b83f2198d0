"""Where the server is and who asks: the address, the token, the certificates."""

from __future__ import annotations

import os
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from ..errors import NotAStore


@dataclass(frozen=True)
class Access:
    """A server's address without any secret, and what proves who asks.

    ``authorization`` is the header's value; None leaves it to netrc. ``verify`` is False, or a file
    with certificates to trust, or None for those of the system and of REQUESTS_CA_BUNDLE;
    ``certificate`` is the client's own.
    """

    url: str
    authorization: str | None = field(default=None, repr=False)
    verify: bool | str | None = None
    certificate: str | None = None

    @property
    def origin(self) -> tuple[str, str]:
        parts = urlsplit(self.url)
        return parts.scheme, parts.netloc


def access(address: str, *, token: str | None = None) -> Access:
    """How to reach the server at ``address``, with what its user and the environment say.

    A token given beats AUTOLOG_TOKEN, which beats ``user:password@`` in the address, which beats
    MLFLOW_TRACKING_USERNAME and …_PASSWORD, and MLFLOW_TRACKING_TOKEN. Raises NotAStore.
    """
    url, user = server_url(address)
    return Access(
        url,
        _authorization(token or _variable("AUTOLOG_TOKEN"), user),
        _verify(),
        _variable("AUTOLOG_CLIENT_CERT", "MLFLOW_TRACKING_CLIENT_CERT_PATH"),
    )


def server_url(address: str) -> tuple[str, str | None]:
    """The address without a user, and ``user:password``. Raises NotAStore."""
    try:
        parts = urlsplit(address)
        port = parts.port  # a ValueError when it is none
    except ValueError:
        raise NotAStore("a server's address looks like https://host:port/path") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise NotAStore("a server's address looks like https://host:port/path")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port is None else f"{host}:{port}"
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", "")), unquote(user) or None


def _authorization(token: str | None, user: str | None) -> str | None:
    if token:
        return f"Bearer {token}"
    name = _variable("MLFLOW_TRACKING_USERNAME")
    if user is None and name is not None:
        user = f"{name}:{_variable('MLFLOW_TRACKING_PASSWORD') or ''}"
    if user is not None:
        return "Basic " + b64encode(user.encode()).decode()
    token = _variable("MLFLOW_TRACKING_TOKEN")
    return f"Bearer {token}" if token else None


def _verify() -> bool | str | None:
    insecure = _variable("AUTOLOG_INSECURE_TLS", "MLFLOW_TRACKING_INSECURE_TLS")
    if insecure is not None and insecure.lower() in ("1", "true", "yes", "on"):
        return False
    return _variable("AUTOLOG_SERVER_CERT", "MLFLOW_TRACKING_SERVER_CERT_PATH")


def _variable(*names: str) -> str | None:
    """The first of these environment variables that is set."""
    return next((text for name in names if (text := os.environ.get(name, "").strip())), None)
