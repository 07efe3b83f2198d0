"""Arrays brought into the shape and dtype that a model takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import SchemaError, choice
from .types import Tensor
from .values import shown


def tensors_of(data: Any, specs: tuple[Tensor, ...]) -> Any:
    if specs[0].name is None:
        return _tensor(data, specs[0])
    if not isinstance(data, Mapping):
        raise SchemaError(f"the model takes arrays by name: {', '.join(str(spec.name) for spec in specs)}")
    missing = [spec.name for spec in specs if spec.name not in data]
    if missing:
        raise SchemaError(f"the model's input {missing[0]!r} is missing; {choice(str(missing[0]), data)}")
    return {spec.name: _tensor(data[spec.name], spec) for spec in specs}


def _tensor(data: Any, spec: Tensor) -> Any:
    import numpy as np

    if hasattr(data, "indptr"):
        return _shaped(data, spec)
    if isinstance(data, (list, tuple)) and spec.dtype == "str" and len(spec.shape) == 1:
        return _texts(data, spec)
    try:
        array = data.to_numpy() if hasattr(data, "to_numpy") else np.asarray(data)
    except ValueError as error:
        raise SchemaError(f"this is no array: {error}", column=spec.name) from None
    return _shaped(_typed(array, spec), spec)


def _texts(items: Sequence[Any], spec: Tensor) -> Any:
    """A list of texts as an array of objects: in one of texts each takes the room of the longest."""
    import numpy as np

    for row, item in enumerate(items):
        if not isinstance(item, str):
            raise SchemaError(f"{shown(item)} is no text", column=spec.name, row=row)
    return np.array(items, dtype=object)


def _shaped(array: Any, spec: Tensor) -> Any:
    if len(spec.shape) == 1 and len(array.shape) == 2 and array.shape[1] == 1:
        array = array[:, 0]  # a table of one column, for a model that takes single values
    fits = len(array.shape) == len(spec.shape) and all(
        wanted in (-1, length) for wanted, length in zip(spec.shape, array.shape, strict=True)
    )
    if not fits:
        raise SchemaError(
            f"the model takes an array of shape {spec.shape}, this one is {tuple(array.shape)}",
            column=spec.name,
        )
    return array


def _typed(array: Any, spec: Tensor) -> Any:
    """The array in the model's dtype. Numbers become more or less precise, but no others."""
    import numpy as np

    if spec.dtype in ("str", "bytes", "object") or array.dtype.name == spec.dtype:
        return array
    if array.dtype == object:
        array = _from_objects(array, spec)
    wanted = np.dtype(spec.dtype)
    fits = _are_whole(array, wanted) if wanted.kind in "iu" else np.can_cast(array.dtype, wanted, "same_kind")
    if not fits:
        raise SchemaError(
            f"the model takes an array of {spec.dtype}, this one is of {array.dtype.name}", column=spec.name
        )
    return narrowed(array, wanted, spec.name)


def narrowed(numbers: Any, dtype: Any, name: str | int | None) -> Any:
    """Numbers in another precision. Raises SchemaError where one would become infinite."""
    import numpy as np

    try:
        with np.errstate(over="raise"):
            return numbers.astype(dtype)
    except FloatingPointError:
        given = np.asarray(numbers)
        row = int(np.argwhere(np.isfinite(given) & (np.abs(given) > np.finfo(dtype).max))[0][0])
        raise SchemaError(f"a number is too large for {dtype}", column=name, row=row) from None


def _from_objects(array: Any, spec: Tensor) -> Any:
    """Of a list with None in it: missing numbers."""
    import numpy as np

    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SchemaError(f"not all of it are numbers: {error}", column=spec.name) from None


def _are_whole(array: Any, wanted: Any) -> bool:
    """Whether integers are meant, written with another type, such as JSON's 1.0."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        return array.dtype.kind in "iuf" and bool((array == array.astype(wanted)).all())
