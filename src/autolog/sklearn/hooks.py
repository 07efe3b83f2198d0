"""Which hook goes where in scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import ModuleType

from ..engine import wrap
from ..warnings_ import watching
from . import fits, later, partial, searches
from .classes import covered

_FITS = ("fit", "fit_transform", "fit_predict")
_PREDICTIONS = ("predict", "predict_proba", "predict_log_proba", "decision_function")
_METHODS = (*_FITS, *_PREDICTIONS, "partial_fit", "score", "_run_search")


def patches(name: str, module: ModuleType) -> Iterator[AbstractContextManager[object]]:
    """The patches for one of the patcher's modules."""
    if name == "sklearn.base":
        yield watching()
        yield covered(module, _METHODS, _method_patch)
    elif name == "sklearn.metrics":
        yield from later.metric_patches(module)
    elif name == "sklearn.inspection":
        yield from later.inspection_patches(module)
    yield from searches.patches(name, module)


def _method_patch(cls: type, method: str) -> AbstractContextManager[object]:
    target = (cls, method)
    if method in _FITS:
        return wrap(target, fits.record_fit, run=fits.run_name)
    if method == "partial_fit":
        return wrap(target, partial.record_partial_fit, inside_fits=False)
    if method == "_run_search":
        return wrap(target, searches.run_search)
    hook = later.scored if method == "score" else later.predicted
    return wrap(target, hook, inside_fits=False)
