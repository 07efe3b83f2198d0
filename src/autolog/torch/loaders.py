"""DataLoaders: what the training reads, and its epochs.

A pass over a loader costs one call at its beginning and one at its end. Nothing is wrapped
around the iterator: the batches, the workers and the loader are what they are without us.
The loader of a training is the one under way at its first step; an epoch is a pass over
all of a loader in which the optimizer made steps.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Generator, Sized
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch.utils.data import IterableDataset, RandomSampler, SequentialSampler, Subset, get_worker_info

from ...tracking.contain import contained
from ..engine import Call
from ..sink import Log

if TYPE_CHECKING:
    from .training import Training


class _Epochs:
    """Those of one training: how many, and its steps when the last one was over."""

    def __init__(self) -> None:
        self.count = 0
        self.steps = 0


class _Pass:
    """One pass over a loader.

    Only the iterator's attributes are held, and no longer than itself: when it is gone
    they tell how far it came.
    """

    def __init__(self, loader: Any, iterator: Any, training: Training | None) -> None:
        self.loader = weakref.ref(loader)
        self.facts = facts(loader)  # it may be gone before the first step
        self.iterator = weakref.ref(iterator, lambda _: self.end())
        self.lasting = bool(loader.persistent_workers)  # the iterator stays for the passes after this one
        self.batch_size = batch_size(loader)
        self.samples = self.batches = None
        if not isinstance(loader.dataset, IterableDataset):
            self.samples, self.batches = _length(loader.sampler), _length(loader)
        self.take_part(training)
        self._attributes: dict[str, Any] = vars(iterator)
        self._beside = _here.passes  # another thread may see its end
        self._pid = os.getpid()

    def take_part(self, training: Training | None) -> None:
        self._training = None if training is None else weakref.ref(training)
        self.since = 0 if training is None else training.steps

    def of(self) -> Training | None:
        """The training that reads it, as far as it is known."""
        return self._training() if self._training is not None else None

    def end(self) -> None:
        """It ran out, was left, or its training is over."""
        if self not in self._beside:
            return
        self._beside.remove(self)
        training = self.of()
        if training is not None and os.getpid() == self._pid:
            with contained("recording an epoch"):
                self._count(training)
        self._attributes = {}

    def ran_out(self) -> bool:
        """Whether the iterator came to its end; a stream's length is known to nobody before."""
        if self.batches is not None:
            return bool(self._yielded() >= self.batches)
        fetcher = self._attributes.get("_dataset_fetcher")  # without workers
        return bool(fetcher.ended) if fetcher is not None else not any(self._attributes["_workers_status"])

    def _yielded(self) -> int:
        return int(self._attributes.get("_num_yielded", 0))

    def _count(self, training: Training) -> None:
        epochs = _epochs.setdefault(training, _Epochs())
        if training.steps <= max(self.since, epochs.steps):
            return  # nothing was learned from it, or from what was read beside it
        epochs.steps = training.steps
        if self.batch_size is not None:
            seen = self._yielded() * self.batch_size
            training.samples += seen if self.samples is None else min(seen, self.samples)
        if self.ran_out():
            epochs.count += 1
            training.metrics({"epoch": float(epochs.count)})


class _Here(threading.local):
    """The passes under way in this thread."""

    def __init__(self) -> None:
        self.passes: list[_Pass] = []


_here = _Here()
_epochs: WeakKeyDictionary[Training, _Epochs] = WeakKeyDictionary()


def iterated(call: Call, log: Log) -> Generator[None, Any, None]:
    """A pass over the loader ``call.instance`` begins. One without gradients is an evaluation."""
    from .sessions import current_training

    loader = call.instance
    for known in [known for known in _here.passes if known.lasting]:
        if known.ran_out() or known.loader() is loader:
            known.end()
    iterator = yield
    if torch.is_grad_enabled() and get_worker_info() is None:
        _here.passes.append(_Pass(loader, iterator, current_training()))


def training_begins(training: Training) -> None:
    """At its first step: it reads from the loader whose pass began last and still goes on."""
    training.before_end(_training_ends)
    if _here.passes:
        latest = _here.passes[-1]
        latest.take_part(training)
        training.params(latest.facts)


def _training_ends(training: Training) -> None:
    """A pass that has just begun may be the next training's."""
    for known in [known for known in _here.passes if known.of() is training]:
        if training.steps > known.since:
            known.end()
        else:
            known.take_part(None)


def facts(loader: Any) -> dict[str, Any]:
    """Batch size, workers, data set and order of a DataLoader; a stream has neither length nor order."""
    found = {
        "batch_size": batch_size(loader),
        "num_workers": loader.num_workers,
        "drop_last": loader.drop_last,
        "dataset": _kind(loader.dataset),
    }
    if not isinstance(loader.dataset, IterableDataset):
        found["dataset_size"] = _length(loader.dataset)
        found["shuffle"] = isinstance(loader.sampler, RandomSampler)
        if not isinstance(loader.sampler, RandomSampler | SequentialSampler):
            found["sampler"] = type(loader.sampler).__qualname__
    return {name: value for name, value in found.items() if value is not None}


def batch_size(loader: Any) -> int | None:
    """None where the data set makes the batches itself."""
    size = loader.batch_size or getattr(loader.batch_sampler, "batch_size", None)
    return size if isinstance(size, int) else None


def _kind(dataset: Any) -> str:
    """The type of the data set, and of the one that it is a part of."""
    name = type(dataset).__qualname__
    return f"{name}({_kind(dataset.dataset)})" if isinstance(dataset, Subset) else name


def _length(items: Any) -> int | None:
    """None for a stream, and for a length that cannot be told."""
    try:
        return len(items) if isinstance(items, Sized) else None
    except Exception:  # noqa: BLE001  the user's own __len__
        return None
