"""The same work on a Dask cluster: chunks go out, predictions come back in order.

The rows are read here, and the model travels with them, so that workers need no file of
ours: only this package and what the model itself needs.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .. import core
from ..predictor import Predictor
from .answers import answer

if TYPE_CHECKING:
    from .scoring import Answers, Options

_AHEAD = 2
"""Chunks for each thread of the cluster that are under way."""


def answers(address: str, folder: Path, chunks: Iterator[pa.Table], first: int, options: Options) -> Answers:
    """As `scoring._answers`. A chunk whose worker dies is done again by another, as Dask does it."""
    from distributed import Client

    with Client(address) as client:  # type: ignore[no-untyped-call]
        packed = _packed(folder)
        model = client.scatter(packed, broadcast=True, hash=False)
        name = sha256(packed).hexdigest()
        waiting: deque[tuple[int, Any]] = deque()
        fixed = (model, name, _plain(options.kept), _plain(options.trust))
        for chunk in chunks:
            future = client.submit(_score, *fixed, _sent(chunk), first, pure=False)
            waiting.append((chunk.num_rows, future))
            first += chunk.num_rows
            if len(waiting) >= _AHEAD * max(1, sum(client.nthreads().values())):
                yield _next(waiting)
        while waiting:
            yield _next(waiting)


def _next(waiting: deque[tuple[int, Any]]) -> tuple[int, pa.Table]:
    rows, future = waiting.popleft()
    return rows, _received(future.result())


def _plain(names: Any) -> Any:
    return names if names is None or isinstance(names, str) else list(names)


def _packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, arcname="model")
    return buffer.getvalue()


def _sent(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _received(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def _score(packed: bytes, name: str, kept: Any, trust: Any, rows: bytes, first: int) -> bytes:
    """On a worker: the answers to one chunk."""
    _arrived[name] = packed
    try:
        predictor = _loaded(name, trust if isinstance(trust, str) else tuple(trust))
    finally:
        _arrived.pop(name, None)
    return _sent(answer(predictor, _received(rows), kept, first))


_arrived: dict[str, bytes] = {}


@lru_cache(maxsize=2)
def _loaded(name: str, trust: Any) -> Predictor:
    """The model, loaded once in a worker process. Its files are not needed any more then."""
    folder = Path(tempfile.mkdtemp(prefix="autolog-model-"))
    try:
        with tarfile.open(fileobj=io.BytesIO(_arrived[name])) as archive:
            archive.extractall(folder, filter="data")
        return Predictor(core.load(folder / "model", trust=trust))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
