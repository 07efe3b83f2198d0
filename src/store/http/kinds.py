"""Which kind of server is asked: ours, until it turns out to be one of MLflow's.

That is found out once, by the first answer that ours would not give. While the server is away
nothing is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..errors import StoreError
from ..wire.own import LIST_EXPERIMENTS, ListExperiments
from .access import Access
from .client import Client, Stranger
from .target import OwnTarget, Target

if TYPE_CHECKING:
    from ..mlflow.client import MlflowClient

_T = TypeVar("_T")
_U = TypeVar("_U")


class Kind:
    """What is known of a server."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.mlflow: MlflowClient | None = None

    def turns_out(self) -> bool:
        """Whether it is an MLflow server after all; `mlflow` asks it then.

        Ours answers MLflow's questions, too, and a proxy may have spoken for it; so it is asked once
        more for what only ours knows.
        """
        from ..mlflow.client import MlflowClient
        from ..wire.tracking import SEARCH_EXPERIMENTS, SearchExperiments

        client = MlflowClient(self._access)
        try:
            client.call(SEARCH_EXPERIMENTS, SearchExperiments(max_results=1))
            if not self._is_strange():
                return False
        except (StoreError, OSError):
            return False
        self.mlflow = MlflowClient(self._access)
        return True

    def _is_strange(self) -> bool:
        client = Client(self._access)
        try:
            client.call(LIST_EXPERIMENTS, ListExperiments("no"))
        except Stranger:
            return True
        return False


def target_of(access: Access, spool: Path) -> Target:
    """Where the spool in a folder is shipped to."""

    def mlflow(client: MlflowClient) -> Target:
        from ..mlflow.target import MlflowTarget

        return MlflowTarget(client, spool)

    own: Target = OwnTarget(Client(access))
    target = either(Kind(access), own, mlflow)
    target.url = access.url
    return target


def either(kind: Kind, own: _T, other: Callable[[MlflowClient], _U]) -> _T | _U:
    """What does as ``own`` does, and as ``other`` once the server turns out to be one of MLflow's."""
    return cast("_T | _U", _Either(kind, own, other))


class _Either:
    def __init__(self, kind: Kind, own: Any, other: Callable[[MlflowClient], Any]) -> None:
        self._kind = kind
        self._own = own
        self._make = other
        self._other: Any = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def ask(*args: Any, **kwargs: Any) -> Any:
            if self._kind.mlflow is None:
                try:
                    return getattr(self._own, name)(*args, **kwargs)
                except Stranger:
                    if not self._kind.turns_out():
                        raise
            return getattr(self._chosen(), name)(*args, **kwargs)

        return ask

    def _chosen(self) -> Any:
        if self._other is None and self._kind.mlflow is not None:
            self._other = self._make(self._kind.mlflow)
        return self._other
