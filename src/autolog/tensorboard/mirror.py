"""What is written for TensorBoard, written into the run that is open there as well.

Everything comes by `FileWriter.add_summary`, already read from the device and encoded:
nothing is waited for or drawn a second time. What the summary does not say (the tags of
`add_scalars`, numbers of 64 bits, hyperparameters) is taken from the call around it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ...tracking import api
from ..engine import Call, wrap
from ..sink import Log
from ..torch.distributed import records_here
from .names import artifact_name, prefix_of

_MEDIA = {b"\x89PNG": ".png", b"GIF8": ".gif", b"RIFF": ".wav"}


@dataclass(frozen=True)
class _Within:
    """The method of a SummaryWriter that is under way: its folder, and the scalars it was given."""

    logdir: str
    scalars: Iterator[tuple[str, Any]]


_within: ContextVar[_Within | None] = ContextVar("autolog_tensorboard", default=None)


def patches(module: ModuleType) -> Iterable[AbstractContextManager[object]]:
    """For the module that defines both kinds of writers."""
    # The one door to the event files, for all methods of all writers.
    yield wrap((module.FileWriter, "add_summary"), add_summary, inside_fits=False)
    # Around it: what summaries do not say.
    yield wrap((module.SummaryWriter, "add_scalar"), add_scalar, inside_fits=False)
    yield wrap((module.SummaryWriter, "add_scalars"), add_scalars, inside_fits=False)
    yield wrap((module.SummaryWriter, "add_hparams"), add_hparams, inside_fits=False)


def add_scalar(call: Call, log: Log) -> Generator[None, Any, None]:
    with _inside(call, {call.argument("tag"): call.argument("scalar_value")}):
        yield


def add_scalars(call: Call, log: Log) -> Generator[None, Any, None]:
    """One tag, many scalars: each has an event file of its own."""
    main, values = call.argument("main_tag"), call.argument("tag_scalar_dict")
    with _inside(call, {f"{main}/{tag}": value for tag, value in values.items()}):
        yield


def add_hparams(call: Call, log: Log) -> Generator[None, Any, None]:
    """The metrics beside them come by `add_scalar`, from a writer that is made for them."""
    with _inside(call, {}):
        yield
    if records_here():
        Log(api.target_run()).params(call.argument("hparam_dict"))


@contextmanager
def _inside(call: Call, scalars: dict[str, Any]) -> Iterator[None]:
    outer = _within.get()
    logdir = outer.logdir if outer is not None else _logdir(call.instance)
    token = _within.set(_Within(logdir, iter(scalars.items())))
    try:
        yield
    finally:
        _within.reset(token)


def add_summary(call: Call, log: Log) -> Generator[None, Any, None]:
    yield
    if not records_here():
        return
    target, within, step = Log(api.target_run()), _within.get(), _step(call)
    prefix = prefix_of(target, within.logdir if within is not None else _logdir(call.instance))
    for value in call.argument("summary").value:
        tag, number = _scalar(value, within)
        if number is not None:
            target.metrics({prefix + tag: number}, step, time=_time(call))
        else:
            _file(target, prefix + value.tag, step, value)


def _logdir(writer: Any) -> str:
    """PyTorch's writers have ``get_logdir``, as all FileWriters have; tensorboardX's have ``logdir``."""
    return str(writer.get_logdir() if hasattr(writer, "get_logdir") else writer.logdir)


def _step(call: Call) -> int | None:
    step = call.argument("global_step")
    if step is None:
        step = getattr(call.instance, "_default_metadata", {}).get("global_step")
    return None if step is None else int(step)


def _time(call: Call) -> int | None:
    """In ms; the walltime that the user gave."""
    time = call.argument("walltime")
    if time is None:
        time = getattr(call.instance, "_default_metadata", {}).get("walltime")
    return None if time is None else int(time * 1000)


def _scalar(value: Any, within: _Within | None) -> tuple[str, float | None]:
    """The scalar's name and number; None as the number of what is no scalar."""
    number = _number(value)
    if number is None or within is None:
        return value.tag, number
    tag, given = next(within.scalars, (value.tag, None))
    return tag, float(given) if isinstance(given, int | float) else number


def _number(value: Any) -> float | None:
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind == "tensor" and value.metadata.plugin_data.plugin_name == "scalars":
        return float([*value.tensor.double_val, *value.tensor.float_val][0])
    return None


def _file(target: Log, tag: str, step: int | None, value: Any) -> None:
    """Images, sounds and texts as files; of all else there is nothing to keep."""
    kind = value.WhichOneof("value")
    if kind == "tensor" and value.metadata.plugin_data.plugin_name == "text":
        text = b"\n".join(value.tensor.string_val).decode("utf-8", "replace")
        target.text(text, artifact_name(tag.removesuffix("/text_summary"), step, ".txt"))
    if kind in ("image", "audio"):
        content = value.image.encoded_image_string or value.audio.encoded_audio_string
        with target.artifact(artifact_name(tag, step, _MEDIA.get(content[:4], ""))) as path:
            path.write_bytes(content)
