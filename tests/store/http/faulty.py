"""A server that misbehaves: a proxy before a real one, which does to an answer what it is told."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Fault = str | None
"""None answers as the server does. The others:

"refuse": the connection is closed before the server hears of it; "drop": after it did, instead of
an answer; "cut": in the middle of it; "half": the same, but the connection stays open in the other
direction; "drip": the answer comes byte by byte; "hang": it never comes; "429", "500", "503": that
status (with Retry-After); "page", "page502": a page of a proxy's; "redirect": to another host.
"""

APPLIED = ("drop", "cut", "half", "drip")
"""The faults before which the server did what it was asked for."""


@dataclass
class Faulty:
    """``plan`` says for each request, by its method and path, what happens to it."""

    target: str
    address: str = ""
    plan: Callable[[str, str], Fault] = lambda method, path: None
    seen: list[tuple[str, str, Fault]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        while not self.over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, http.client.HTTPException):
            file = connection.makefile("rb")
            while (line := file.readline()) and self._answer(connection, file, line):
                pass

    def _answer(self, connection: socket.socket, file: object, line: bytes) -> bool:
        """Whether the connection goes on."""
        method, path, _ = line.decode().split()
        headers = http.client.parse_headers(file)  # type: ignore[arg-type]
        body = file.read(int(headers.get("content-length", 0)))  # type: ignore[attr-defined]
        fault = self.plan(method, path)
        self.seen.append((method, path, fault))
        if fault == "refuse":
            return False
        if fault not in (None, *APPLIED):
            return self._invent(connection, str(fault))
        answer = self._asked(method, path, dict(headers.items()), body)
        if fault is None:
            connection.sendall(answer)
            return True
        self._spoil(connection, answer, str(fault))
        return False

    def _asked(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        parts = urlsplit(self.target)
        server = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        server.request(method, path, body, {**headers, "Host": parts.netloc, "Connection": "close"})
        response = server.getresponse()
        content = response.read()
        server.close()
        left_out = ("content-length", "connection", "transfer-encoding")
        kept = [(key, value) for key, value in response.getheaders() if key.lower() not in left_out]
        return _message(response.status, [*kept, ("Content-Length", str(len(content)))], content)

    def _spoil(self, connection: socket.socket, answer: bytes, fault: str) -> None:
        if fault == "drop":
            return
        if fault == "drip":
            for byte in answer:
                if self.over.wait(0.2):
                    return
                connection.sendall(bytes([byte]))
        connection.sendall(answer[: len(answer) - 3])
        if fault == "half":
            connection.shutdown(socket.SHUT_WR)
            self.over.wait(30)

    def _invent(self, connection: socket.socket, fault: str) -> bool:
        if fault == "hang":
            self.over.wait()
            return False
        page = b"<html><head><title>Sign in &amp; go on</title></head></html>"
        html, away = [("Content-Type", "text/html")], [("Location", "http://elsewhere.invalid/login")]
        after = [("Retry-After", "0")]
        answers = {
            "page": _message(200, [*html, ("Content-Length", str(len(page)))], page),
            "page502": _message(502, [*html, ("Content-Length", str(len(page)))], page),
            "redirect": _message(302, [*away, ("Content-Length", "0")], b""),
        }
        empty = [("Content-Length", "0"), *after]
        connection.sendall(answers.get(fault) or _message(int(fault), empty, b""))
        return True


def _message(status: int, headers: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", *(f"{key}: {value}" for key, value in headers), "", ""]
    return "\r\n".join(lines).encode() + body


@contextmanager
def faulty(target: str) -> Iterator[Faulty]:
    """The proxy before the server at ``target``, as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = Faulty(target, f"http://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=proxy.serve, args=(listener,), daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.over.set()


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that must come to be."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
