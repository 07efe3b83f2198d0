"""Files as bodies, in and out, a piece at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...web.guard import check_encoding, check_length, limited
from ..base import RunWriter
from .errors import Refused

_PIECE = 1 << 18
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def received(request: Request, writer: RunWriter, path: str, most: int) -> None:
    """Keep a body as an artifact: all of it, or nothing."""
    check_encoding(request.headers)
    check_length(request.headers, most)
    seconds = request.app.state.limits.seconds
    async with _draft(writer, path) as draft:
        file = await asyncio.to_thread(draft.open, "wb")
        try:
            async for piece in _in_time(limited(request.stream(), most), seconds):
                await asyncio.to_thread(file.write, piece)
        finally:
            await asyncio.to_thread(file.close)


@asynccontextmanager
async def _draft(writer: RunWriter, path: str) -> AsyncIterator[Path]:
    """`RunWriter.artifact`, beside the loop."""
    manager = writer.artifact(path)
    draft = await asyncio.to_thread(manager.__enter__)
    try:
        yield draft
    except BaseException as error:
        await asyncio.to_thread(manager.__exit__, type(error), error, error.__traceback__)
        raise
    await asyncio.to_thread(manager.__exit__, None, None, None)


async def _in_time(pieces: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """The pieces, none of which may take longer; large files may."""
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await anext(pieces, None)
        except TimeoutError:
            message = f"nothing came for {seconds:g} seconds"
            raise Refused(408, "REQUEST_TIMEOUT", message) from None
        if piece is None:
            return
        yield piece


async def sent(request: Request, file: BinaryIO, name: str) -> Response:
    """A file as a download, or the part of it that is asked for."""
    size = await asyncio.to_thread(_size, file)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    part = _part(request.headers.get("range"), size)
    if part is None:
        file.close()
        headers["Content-Range"] = f"bytes */{size}"
        return Response(b"", 416, headers)
    start, end = part
    headers["Content-Length"] = str(end - start)
    whole = (start, end) == (0, size)
    if not whole:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        file.close()
        return Response(b"", 200, headers, "application/octet-stream")
    pieces = _pieces(file, start, end)
    return StreamingResponse(pieces, 200 if whole else 206, headers, "application/octet-stream")


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _part(asked: str | None, size: int) -> tuple[int, int] | None:
    """From where to where; None for what the file does not have. Several parts are answered as the whole."""
    match = _RANGE.fullmatch(asked or "")
    if match is None or match[0] == "bytes=-":
        return 0, size
    if not match[1]:  # the last so many bytes
        return (max(0, size - int(match[2])), size) if int(match[2]) and size else None
    start = int(match[1])
    end = min(int(match[2]) + 1, size) if match[2] else size
    return (start, end) if start < end else None


def _pieces(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (piece := file.read(min(_PIECE, end - start))):
            start += len(piece)
            yield piece
