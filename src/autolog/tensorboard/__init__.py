"""The patcher for TensorBoard's SummaryWriter, PyTorch's and tensorboardX's alike."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

from ..patcher import Record

_OF = "every SummaryWriter"


class TensorBoardPatcher:
    """What is written for TensorBoard is in the run, too.

    Histograms, graphs, embeddings, meshes and curves of precision are not: they are made for
    TensorBoard's own drawings, and stay in the event files, whose folder is a tag of the run.
    """

    name = "tensorboard"
    requires = ("tensorboard>=2.15,<3", "tensorboardX>=2.6,<3")
    modules: tuple[str, ...] = ("torch.utils.tensorboard.writer", "tensorboardX.writer")
    records: tuple[Record, ...] = (
        Record("metric", "*", "the scalar of this tag; step and time are the writer's", _OF),
        Record("param", "*", "hyperparameters given to `add_hparams`", _OF),
        Record("artifact", "tensorboard/*", "images, figures, videos, sounds and texts: `<tag>-<step>`", _OF),
        Record("tag", "tensorboard.logdir*", "the folder of the event files; one for each writer", _OF),
    )

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        from .mirror import patches  # imports nothing of theirs

        return patches(module)


patcher = TensorBoardPatcher()
