"""This package as a wheel, made of the installation that runs: no registry needs to have it.

https://packaging.python.org/en/latest/specifications/binary-distribution-format
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

DISTRIBUTION = "autolog-ml"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEEL = "Wheel-Version: 1.0\nGenerator: autolog\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(folder: Path) -> Path:
    """A wheel of this package in ``folder``; the same bytes each time."""
    found = metadata.distribution(DISTRIBUTION)
    name = f"{DISTRIBUTION.replace('-', '_')}-{found.version}"
    path = folder / f"{name}-py3-none-any.whl"
    info = f"{name}.dist-info"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        record = [_add(archive, member, content) for member, content in _members(found, info)]
        record.append(f"{info}/RECORD,,")
        archive.writestr(ZipInfo(f"{info}/RECORD", _EPOCH), "\n".join(record) + "\n")
    return path


def _members(found: metadata.Distribution, info: str) -> Iterator[tuple[str, bytes]]:
    package = Path(__file__).resolve().parents[2]
    for file in sorted(package.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"autolog/{file.relative_to(package).as_posix()}", file.read_bytes()
    # Installed from a source tree, the description has another name.
    described = found.read_text("METADATA") or found.read_text("PKG-INFO") or ""
    yield f"{info}/METADATA", described.encode()
    yield f"{info}/WHEEL", _WHEEL.encode()
    yield f"{info}/entry_points.txt", (found.read_text("entry_points.txt") or "").encode()


def _add(archive: ZipFile, name: str, content: bytes) -> str:
    """Write one file; its line of RECORD."""
    member = ZipInfo(name, _EPOCH)
    member.compress_type = ZIP_DEFLATED
    archive.writestr(member, content)
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"
