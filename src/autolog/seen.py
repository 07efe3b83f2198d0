"""What a recorded fit was given, as far as the signature of its model needs it.

It is read before the fit, which may change what it is given, and keeps no more than five
rows. The model's output is what it says about these, when it may be asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..flavors import Signature, flavor_for
from ..flavors.examples import few_rows
from ..flavors.schema import answered, infer
from ..flavors.streams import untouched

Ask = Callable[[Any], Any]
"""From a fitted model to a prediction for some rows."""


@dataclass(frozen=True)
class Seen:
    """``inputs`` describes all of the data; ``rows`` are a few of it, which are never stored.

    ``ask`` gets the model's prediction for some rows, None when it must not be asked.
    """

    inputs: Signature
    rows: Any = None
    ask: Ask | None = None

    def signature(self, model: Any) -> Signature:
        """Inputs, and outputs as far as the model gives any; a note says why it does not."""
        if self.ask is None:
            return self.inputs
        try:
            return answered(self.inputs, self.ask(model))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's predict may raise anything
            return _noting(self.inputs, f"the output is unknown: {type(error).__name__}: {error}")


UNSEEN = Seen(Signature(notes=("there is no signature: what goes into the model was not seen",)))
"""For a model that no data is known of."""


def seen(data: Any, *, ask: bool = True) -> Seen:
    """What there is to know of ``data``, the input of a fit that is about to begin."""
    try:
        inputs = infer(data) or Signature()
        waits = hasattr(type(data), "dask")  # for workers
        rows: Any = few_rows(data) if inputs.inputs and not waits else None
        rows = rows.copy() if hasattr(rows, "copy") else rows
    except Exception as error:  # noqa: BLE001 - and so may any container
        return Seen(_noting(Signature(), f"there is no signature: {type(error).__name__}: {error}"))
    return Seen(inputs, rows, None if rows is None or not ask else lambda model: _said(model, rows))


def _said(model: Any, rows: Any) -> Any:
    flavor = flavor_for(model)
    assert flavor is not None  # models without one are not saved
    with untouched():
        return flavor.predict(model, rows)


def _noting(signature: Signature, note: str) -> Signature:
    return replace(signature, notes=(*signature.notes, note))
