"""Files of tensors in the safetensors format: written piece by piece, and read into place.

The library maps a whole file into memory, and wants all tensors there when it writes: those
on a GPU, and those that share memory, a second time. A model may be most of the memory there
is. So here no more than one piece is copied at a time; the library checks what is read.

Source: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelDamaged, ModelNotLoadable, ModelNotSaved

_PIECE = 4 << 20
"""Bytes that are copied at once of a tensor that cannot be written as it lies."""

_OTHERS = {"bfloat16": "BF16", "bool": "BOOL", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2"}
_SIZES = {"float": (16, 32, 64), "complex": (64,), "int": (8, 16, 32, 64), "uint": (8, 16, 32, 64)}
_NAMES = _OTHERS | {
    f"{kind}{bits}": f"{kind[0].upper()}{bits}" for kind, sizes in _SIZES.items() for bits in sizes
}


def write(tensors: Mapping[str, Any], path: Path) -> None:
    """Write the tensors, each in full. Raises ModelNotSaved for a dtype that the format lacks."""
    names = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))  # all stay aligned
    head = _header({name: tensors[name] for name in names})
    with open(path, "wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for name in names:
            for piece in _pieces(tensors[name].detach()):
                ready = piece.cpu().resolve_conj().resolve_neg().contiguous()
                file.write(_memory(ready))


def _header(tensors: Mapping[str, Any]) -> bytes:
    entries, end = {}, 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        entries[name] = {
            "dtype": _name(name, tensor.dtype),
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(entries).encode()
    return text + b" " * (-len(text) % 8)


def _name(name: str, dtype: Any) -> str:
    found = _NAMES.get(str(dtype).removeprefix("torch."))
    if found is None:
        raise ModelNotSaved(f"{name} is of {dtype}, for which there is no safe form")
    return found


def _pieces(tensor: Any) -> Iterator[Any]:
    """The tensor, or a few of its rows at a time where its bytes cannot be used as they lie."""
    if _lies_ready(tensor):
        yield tensor
    elif tensor.numel():
        rows = tensor if tensor.dim() else tensor.reshape(1)
        yield from rows.split(max(1, _PIECE * len(rows) // rows.nbytes))


def _lies_ready(tensor: Any) -> bool:
    later = tensor.is_conj() or tensor.is_neg()  # computed when it is used
    return bool(tensor.device.type == "cpu" and tensor.is_contiguous() and not later)


def _memory(tensor: Any) -> Any:
    """The bytes of a tensor that lies ready, of every dtype. They are there as long as the tensor."""
    length = tensor.nbytes
    if not length:
        return b""
    if not tensor.data_ptr() or tensor.untyped_storage().nbytes() < length:  # of a subclass, or let go of
        raise ValueError(f"a {type(tensor).__name__} of {length} bytes has no memory of its own")
    return (ctypes.c_char * length).from_address(tensor.data_ptr())


def mapped(path: Path) -> dict[str, Any]:
    """The tensors as a map of the file: nothing is read before it is used. Raises ModelDamaged."""
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise ModelNotLoadable(f"{path} needs torch and safetensors: {error}") from error
    try:
        return dict(load_file(path))
    except Exception as error:  # whatever is not as it was written
        raise ModelDamaged(f"{path} is damaged: {type(error).__name__}: {error}") from error


def read_into(path: Path, targets: Mapping[str, Any]) -> None:
    """Fill tensors of the right dtype and shape with those of their names.

    `mapped` has checked the file, and it gives the shapes.
    """
    import torch

    with open(path, "rb", buffering=0) as file:
        length = int.from_bytes(file.read(8), "little")
        entries = json.loads(file.read(length))
        for name, target in targets.items():
            file.seek(8 + length + entries[name]["data_offsets"][0])
            for piece in _pieces(target.detach()):
                ready = piece if _lies_ready(piece) else torch.empty(piece.shape, dtype=piece.dtype)
                _read(file, memoryview(_memory(ready)).cast("B"), path)
                if ready is not piece:
                    piece.copy_(ready)


def _read(file: Any, target: memoryview, path: Path) -> None:
    while target:
        got = file.readinto(target)
        if not got:
            raise ModelDamaged(f"{path} was cut off while it was read")
        target = target[got:]


def can_be_filled(target: Any, tensor: Any) -> bool:
    """Whether `read_into` can fill ``target`` with such a tensor."""
    return (
        isinstance(target, sys.modules["torch"].Tensor)
        and not hasattr(target, "materialize")  # has no shape yet
        and target.device.type != "meta"
        and (target.shape, target.dtype) == (tensor.shape, tensor.dtype)
    )
