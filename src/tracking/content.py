"""Taking in data for a digest: arrays, tables, sparse matrices, tensors, lists."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from .digest import FULL, Digest
from .tables import column_parts, columns_of, is_column
from .text import text

_GROUP = 256  # Python objects that are hashed at a time
_OBJECT = 4000  # bytes that an object counts for when it is looked at by itself
_PLAIN = frozenset({str, int, float, bool, complex, bytes, type(None), list, tuple, dict})
_SHOWN = frozenset({"datetime", "decimal", "fractions", "uuid"})  # modules whose objects show all they hold

_Adder = Callable[[Digest, Any], None]


def content_digest(data: object) -> str:
    """16 hexadecimal digits, or "" for data that cannot be looked at (generators, GPU memory).

    Raises whatever a broken object raises.
    """
    add = _adder(data)
    if add is None:
        return ""
    digest = Digest(size_of(data))
    add(digest, data)
    return digest.text()


def readable(data: object) -> bool:
    """Whether the content can be looked at without running or waiting for anything."""
    return _adder(data) is not None


def size_of(data: Any) -> int:
    """The bytes of ``data``'s numbers; Python objects count as pointers, lists of them as nothing."""
    if isinstance(data, list | tuple):
        return sum(getattr(item, "nbytes", 0) for item in data) if _of_arrays(data) else 0
    if is_mapping(data):
        return sum(map(size_of, data.values()))
    if (columns := columns_of(data)) is not None:
        return sum(size_of(column) for _, column in columns)
    if _is_sparse(data):
        return sum(part.nbytes for part in _sparse_parts(data).values())
    size = getattr(data, "nbytes", 0)
    return size if isinstance(size, int) else 0


def add_objects(digest: Digest, length: int, part: Callable[[int, int], list[Any]]) -> None:
    """Python objects; ``part(start, stop)`` gives a few of them as a list."""
    digest.note(length)
    start, stride, spent = 0, 1, 0
    while start < length:
        spent += _add_group(digest, part(start, min(start + _GROUP, length)))
        if spent > FULL:
            stride, spent = 2 * stride, 0
        start += _GROUP * stride


def _add_group(digest: Digest, items: list[Any]) -> int:
    """Takes in a few objects and says for how many bytes they count."""
    data = _plain_bytes(items)
    if data is None:
        return sum(_add_object(digest, item) for item in items)
    digest.raw(data)
    return len(data)


def _plain_bytes(items: list[Any]) -> bytes | None:
    """Equal bytes for equal objects, where a quick way is known for all of them."""
    kinds = set(map(type, items))
    if all(kind.__module__ in _SHOWN for kind in kinds):
        return repr(items).encode()
    if all(kind in _PLAIN or _is_numpy_scalar(kind) for kind in kinds):
        try:
            return marshal.dumps(items, 2)  # version 2 writes equal values equally, later ones do not
        except ValueError:  # there is something else deeper inside
            return None
    return None


def _add_object(digest: Digest, item: object) -> int:
    add = _adder(item)
    if add is None:
        digest.note(text(item))
        return _OBJECT
    add(digest, item)
    return _OBJECT + size_of(item)


def _adder(data: object) -> _Adder | None:
    """The function that takes in data of this kind; frameworks are never imported for it."""
    if isinstance(data, list | tuple):
        return _add_list
    if is_mapping(data):
        return _add_mapping
    if _is_array(data):
        return _add_array
    if _is_sparse(data):
        return _add_sparse
    if _is_tensor(data):
        return _add_tensor
    if columns_of(data) is not None:
        return _add_table
    return _add_column if is_column(data) else None


def _of_arrays(data: Any) -> bool:
    return bool(data) and hasattr(type(data[0]), "nbytes")


def is_mapping(data: object) -> bool:
    """Whether it holds data by name. One format of scipy's sparse matrices is a dict as well."""
    return isinstance(data, Mapping) and not _is_sparse(data)


def _is_array(data: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(data, numpy.ndarray)


def _is_sparse(data: object) -> bool:
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and bool(sparse.issparse(data))


def _is_tensor(data: Any) -> bool:
    """Tensors in the processor's memory: reading a GPU's would make the training wait."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(data, torch.Tensor):
        return False
    return bool(data.layout == torch.strided and data.device.type == "cpu")


def _is_numpy_scalar(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(kind, numpy.generic)


def _add_list(digest: Digest, data: Any) -> None:
    digest.note("list")
    add_objects(digest, len(data), lambda start, stop: list(data[start:stop]))


def _add_mapping(digest: Digest, data: Mapping[Any, Any]) -> None:
    digest.note("mapping", len(data))
    for key, value in data.items():
        digest.note(text(key))
        _add_object(digest, value)


def _add_array(digest: Digest, data: Any) -> None:
    numpy = sys.modules["numpy"]
    array = numpy.asarray(data)
    if array.dtype.hasobject or array.dtype.kind == "T":
        digest.note(array.dtype.str, array.shape)
        add_objects(digest, array.size, lambda start, stop: array.flat[start:stop].tolist())
    else:
        digest.array(array)
    if isinstance(data, numpy.ma.MaskedArray):
        digest.array(numpy.ma.getmaskarray(data))


def _add_sparse(digest: Digest, data: Any) -> None:
    digest.note("sparse", data.format, data.shape)
    if data.format == "dok":
        _add_list(digest, list(data.items()))
    for name, part in _sparse_parts(data).items():
        digest.note(name)
        _add_array(digest, part)


def _sparse_parts(data: Any) -> dict[str, Any]:
    """The arrays that a scipy sparse matrix consists of, whatever its format."""
    names = ("data", "indices", "indptr", "offsets", "rows", "row", "col")
    parts = {name: getattr(data, name, None) for name in names}
    return {name: part for name, part in parts.items() if _is_array(part)}


def _add_tensor(digest: Digest, data: Any) -> None:
    torch = sys.modules["torch"]
    data = data.detach()
    digest.note("tensor", str(data.dtype))
    if data.dtype == torch.bfloat16:  # numpy has no such type
        data = data.view(torch.int16)
    digest.array(data.resolve_conj().resolve_neg().numpy())


def _add_table(digest: Digest, data: Any) -> None:
    for name, column in columns_of(data) or ():
        digest.note(text(name))
        _add_object(digest, column)


def _add_column(digest: Digest, data: Any) -> None:
    digest.note(str(data.dtype if hasattr(data, "dtype") else data.type))
    for part in column_parts(data):
        _add_object(digest, part)
