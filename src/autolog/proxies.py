"""What stands in the place of a hooked function: looks, pickles and copies like the original."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import wrapt

if TYPE_CHECKING:  # earlier versions of wrapt have no [] at run time
    _Bound = wrapt.BoundFunctionWrapper[Any, Any]
    _Function = wrapt.FunctionWrapper[Any, Any]
else:
    _Bound, _Function = wrapt.BoundFunctionWrapper, wrapt.FunctionWrapper


class Bound(_Bound):
    """A hooked method of an object (or of a class), which pickles and copies as one."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        holder = self._self_instance
        if holder is None:  # taken from the class
            holder = self._self_owner
        return getattr, (holder, self.__wrapped__.__name__)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if self._self_instance is None:
            return self
        return getattr(copy.deepcopy(self._self_instance, memo), self.__wrapped__.__name__)


class Hooked(_Function):
    """A hooked function, which pickles by its name: loading it needs nothing of ours."""

    __bound_function_wrapper__ = Bound

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__wrapped__.__qualname__

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self
