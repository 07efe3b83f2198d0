"""Asking a server: one request, its time limits, and its errors as those of a local store."""

from __future__ import annotations

import html
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import msgspec
import requests

from .. import errors
from ..errors import InvalidName, StoreError, StoreUnavailable
from ..intake import Gap
from ..who import user_at_host
from ..wire.endpoint import Endpoint
from ..wire.own import PREFIX, USER, Failure
from .access import Access
from .patience import Watch, WatchedAdapter, at_most

Answered = TypeVar("Answered")

_BUSY = (429, 502, 503, 504)
_LONGEST = 64 << 20  # bytes of an answer that is read into the memory
_PIECE = 1 << 18
_REDIRECTS = 3
_LONGEST_WAIT = 2.0
"""Seconds of what a server asks to wait that somebody who reads waits."""


class Away(StoreUnavailable):
    """The server cannot be reached, or will not answer now. ``after``: the seconds it asks to wait.

    ``taken``: it may have done what it was asked for, and only the answer was lost.
    """

    def __init__(self, message: str, *, after: float | None = None, taken: bool = True) -> None:
        super().__init__(message)
        self.after = after
        self.taken = taken


class Stranger(StoreUnavailable):
    """There is something else at the address: it does not know what every autolog server does."""


class Client:
    """Asks one server. Safe for any thread, and after a fork.

    Time limits in seconds: to ``connect``, between two bytes of an answer (``silence``), and for
    the ``whole`` of a request. ``waits``: before a request is made again.
    """

    connect = 10.0
    silence = 30.0
    whole = 120.0
    waits: Sequence[float] = (0.1, 0.5, 2.0)

    def __init__(self, access: Access) -> None:
        self.url = access.url
        self._access = access
        self._mine = threading.local()

    def call(
        self, endpoint: Endpoint[Any, Answered], asked: msgspec.Struct, *, again: bool = False
    ) -> Answered:
        """Ask one of `wire.own`; again when the server had no time for it.

        When it may have been done, and the answer was lost, only what reads is asked again, and
        what may be done ``again``. Raises the errors of `store.errors`, StoreUnavailable among them.
        """
        question = msgspec.to_builtins(asked)
        reads = endpoint.method == "GET" or endpoint.reads
        query = _query(question) if endpoint.method == "GET" else None
        body = None if endpoint.method == "GET" else _body(question)
        headers = {"Content-Type": "application/json"}
        data = self.patiently(
            reads or again,
            lambda: self.ask(
                endpoint.method, PREFIX + endpoint.path, query=query, body=body, headers=headers
            ),
        )
        return self.decoded(data, endpoint.response)

    def patiently(
        self, again: bool, ask: Callable[[], Answered], waits: Sequence[float] | None = None
    ) -> Answered:
        """What ``ask`` answers. It is repeated when it was not taken, or may be taken ``again``."""
        for pause in self.waits if waits is None else waits:
            try:
                return ask()
            except Away as error:
                if error.taken and not again:
                    raise
                time.sleep(min(max(error.after or 0.0, pause), _LONGEST_WAIT))
        return ask()

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
        whole: float | None = None,
    ) -> bytes:
        """One request, once; the body of its answer. Raises the errors of `store.errors`."""
        pieces, size = [], 0
        with self.stream(method, path, query=query, body=body, headers=headers, whole=whole) as answer:
            for piece in answer:
                size += len(piece)
                if size > _LONGEST:
                    raise StoreUnavailable(f"{self.url} answered {method} {path} with too many bytes")
                pieces.append(piece)
        return b"".join(pieces)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
        whole: float | None = None,
        page: bool = False,
    ) -> Iterator[Iterator[bytes]]:
        """The same, piece by piece. ``page``: a page of HTML is an answer like any other."""
        with self._errors(whole or self.whole) as watch:
            url, found = self.url + path, None
            for _ in range(_REDIRECTS + 1):
                if body is not None and not isinstance(body, bytes):
                    body.seek(0)
                response = self._session().request(
                    method,
                    url,
                    params=query,
                    data=body,
                    headers=headers,
                    timeout=(min(self.connect, watch.left), min(self.silence, watch.left)),
                    allow_redirects=False,
                    stream=True,
                    verify=self._access.verify,
                )
                found = self._redirected(response)
                if found is None:
                    break
                url, query = found, None
            else:
                raise StoreUnavailable(f"{self.url} redirects in a circle")
            with response:
                self._check(response, page=page)
                yield response.iter_content(_PIECE)

    def decoded(self, data: bytes, kind: type[Answered]) -> Answered:
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise StoreUnavailable(
                f"the answer of {self.url} cannot be read ({error}); is it an autolog server of this version?"
            ) from None

    @contextmanager
    def _errors(self, whole: float) -> Iterator[Watch]:
        with at_most(whole) as watch:
            try:
                yield watch
            except requests.RequestException as error:
                if watch.over:
                    raise self._late(whole) from None
                raise self._away(error, min(whole, self.silence)) from None

    def _late(self, seconds: float) -> Away:
        return Away(f"{self.url} did not answer within {seconds:g} seconds")

    def _away(self, error: requests.RequestException, silence: float) -> StoreUnavailable:
        if isinstance(error, requests.exceptions.SSLError):
            advice = "AUTOLOG_SERVER_CERT names a file with certificates to trust"
            return StoreUnavailable(
                f"the certificate of {self.url} cannot be verified; {advice} ({_reason(error)})"
            )
        if isinstance(error, requests.ConnectTimeout) or "Failed to establish" in str(error):
            return Away(f"{self.url} cannot be reached ({_reason(error)})", taken=False)
        if isinstance(error, requests.Timeout):
            return self._late(silence)
        return Away(f"the connection to {self.url} was lost ({_reason(error)})")

    def _session(self) -> requests.Session:
        if getattr(self._mine, "process", None) != os.getpid():
            self._mine.process, self._mine.session = os.getpid(), self._new_session()
        session: requests.Session = self._mine.session
        return session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.cert = self._access.certificate
        session.headers[USER] = quote(user_at_host(), safe="@")
        if self._access.authorization is not None:
            session.auth = _Authorization(self._access.authorization)
        for scheme in ("http://", "https://"):
            session.mount(scheme, WatchedAdapter(pool_maxsize=1))
        return session

    def _redirected(self, response: requests.Response) -> str | None:
        """Where to ask instead, on the same server. Raises StoreUnavailable for another one."""
        if not response.is_redirect:
            return None
        target = urljoin(response.url, response.headers.get("location", ""))
        response.close()
        parts = urlsplit(target)
        if (parts.scheme, parts.netloc) != self._access.origin:
            raise StoreUnavailable(
                f"{self.url} redirects to {parts.scheme}://{parts.netloc.rpartition('@')[2]}, which gets "
                "nothing; if that is the server, give its address as the store"
            )
        return target

    def _check(self, response: requests.Response, *, page: bool) -> None:
        """Raises what a status other than success says, and for a page where there should be none."""
        status = response.status_code
        if 200 <= status < 300 and (page or "text/html" not in response.headers.get("content-type", "")):
            return
        body = b"".join(islice(response.iter_content(_PIECE), 1))
        said, after = self._said(status, body), _seconds(response.headers.get("retry-after"))
        if status in _BUSY:
            message = str(said) if said else f"{self.url} answered {status}{_title(body)}"
            raise Away(message, after=after, taken=status in (502, 504))
        if said is not None:
            raise said
        message = (
            f"{self.url} answered {status}{_title(body)}, which is not what an autolog server says; "
            "is the address right, and is there a proxy in between?"
        )
        raise Away(message, after=after) if status >= 500 else self._strange(message, status)

    def _strange(self, message: str, status: int) -> StoreUnavailable:
        """The error for an answer that is none of an autolog server's."""
        return Stranger(message) if status in (404, 405) else StoreUnavailable(message)

    def _said(self, status: int, body: bytes) -> Exception | None:
        """The error that a server of the kind we talk to describes; None for any other body."""
        failure = _failure(body)
        return None if failure is None else _as_local(failure, status, self.url)


class _Authorization(requests.auth.AuthBase):
    """A header that netrc does not replace."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = self._value
        return request


def _failure(body: bytes) -> Failure | None:
    try:
        return msgspec.json.decode(body, type=Failure)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _title(body: bytes) -> str:
    """What the page of a proxy says of itself."""
    found = re.search(rb"(?is)<title[^>]*>(.*?)</title>", body)
    return (
        f" with a page titled {html.unescape(found[1].decode(errors='replace')).strip()[:100]!r}"
        if found
        else ""
    )


_BUILTINS: dict[str, type[Exception]] = {"ValueError": ValueError}


def _as_local(failure: Failure, status: int, url: str) -> Exception:
    """The error that a local store would have raised."""
    if failure.error == "Gap" and failure.expected is not None:
        return Gap(failure.expected)
    kind = getattr(errors, failure.error, None) or _BUILTINS.get(failure.error)
    if isinstance(kind, type) and issubclass(kind, (StoreError, ValueError)):
        return kind(failure.message)
    if status in (401, 403):
        return StoreUnavailable(
            f"{url} refuses us: {failure.message}; AUTOLOG_TOKEN holds the token that the server printed"
        )
    message = f"{url} answered {status} {failure.error}: {failure.message}"
    return Away(message) if status >= 500 or failure.error == "WRONG_CONTENT" else StoreUnavailable(message)


def _body(question: Any) -> bytes:
    """As JSON. Raises InvalidName for a text with half a character, which no store keeps."""
    try:
        return msgspec.json.encode(question)
    except UnicodeEncodeError as error:
        raise InvalidName(f"{error.object!r} is no text that can be written as UTF-8") from None


def _query(question: Mapping[str, Any]) -> dict[str, str]:
    given = {key: value for key, value in question.items() if value is not None}
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in given.items()
    }


def _seconds(text: str | None) -> float | None:
    """The header Retry-After in seconds; a date counts as not given."""
    return float(text) if text is not None and text.isascii() and text.isdecimal() else None


def _reason(error: BaseException) -> str:
    """The innermost reason, which names neither objects nor secrets."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return re.sub(r"<[^>]*>:?\s*", "", str(error)).strip() or type(error).__name__
