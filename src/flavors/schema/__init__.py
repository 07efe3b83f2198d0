"""What a model takes and gives: described, written as MLflow writes it, and held to.

types         columns, tensors, params, and the signature made of them
document      a signature as a section of MLmodel, and read back from one
inference     the signature of data that is there
enforcement   data brought into the form that a signature asks for, or refused by column and row
columns, tensors, values    the same for one column, array, value
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import attributes

if TYPE_CHECKING:
    from .document import exact_facts, from_mlflow, to_mlflow
    from .enforcement import enforce, enforce_params, table_of
    from .errors import SchemaError
    from .inference import answered, as_array, infer
    from .types import Array, Column, Map, Object, Param, Property, Signature, Tensor

_WHERE = {
    "document": ("exact_facts", "from_mlflow", "to_mlflow"),
    "enforcement": ("enforce", "enforce_params", "table_of"),
    "errors": ("SchemaError",),
    "inference": ("answered", "as_array", "infer"),
    "types": ("Array", "Column", "Map", "Object", "Param", "Property", "Signature", "Tensor"),
}
__all__ = [
    "Array",
    "Column",
    "Map",
    "Object",
    "Param",
    "Property",
    "SchemaError",
    "Signature",
    "Tensor",
    "answered",
    "as_array",
    "enforce",
    "enforce_params",
    "exact_facts",
    "from_mlflow",
    "infer",
    "table_of",
    "to_mlflow",
]

__getattr__ = attributes(__name__, _WHERE)
