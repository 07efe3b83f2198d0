"""Saving and loading a model: all that is the same for every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from . import folder as folders
from . import mlmodel
from .base import Flavor, flavor_for, flavor_named
from .code import FOLDER as CODE
from .code import collect
from .errors import ModelDamaged, ModelNotLoadable, ModelNotSaved
from .examples import few_rows, write_example
from .requirements import requirements_of
from .schema import Signature, infer
from .trust import Trusting, trust_of

T = TypeVar("T")


@dataclass(frozen=True)
class ModelInfo:
    """What was saved, and where. ``files``: SHA-256 by relative path; ``size``: bytes of all files."""

    path: Path
    flavor: str
    files: Mapping[str, str]
    size: int
    signature: Signature | None = None
    requirements: Sequence[str] = ()
    notes: Sequence[str] = ()


def save(
    model: Any,
    folder: Path,
    *,
    example: Any = None,
    data: Any = None,
    signature: Signature | None = None,
    requirements: Sequence[str] | None = None,
    code: Iterable[str | Path] = (),
    metadata: Mapping[str, Any] | None = None,
) -> ModelInfo:
    """Save a model as a new folder that MLflow can load, too.

    ``example`` is a few rows of its input (five are used), which are stored; ``data`` all
    that it was trained with, where the caller has it. The signature is read off them
    unless one is given, and the requirements off what the model holds. Modules of the
    user's that it needs are copied along, and so is what ``code`` names besides.
    ``metadata`` goes into MLmodel as it is. The folder appears complete, or not at all;
    the model stays as it was.

    Raises ModelNotSaved when the model, or something in it, has no safe form, ModelExists
    when something is at the place, and OSError when the disk says no.
    """
    flavor = flavor_for(model)
    if flavor is None:
        raise ModelNotSaved(f"no flavor is known for {type(model).__module__}.{type(model).__qualname__}")
    rows, notes = few_rows(example), list[str]()
    with folders.appearing(Path(folder)) as draft:
        sections = flavor.save(model, draft)
        size = folders.size(draft)
        signature = signature or _inferred(flavor, model, rows, rows if data is None else data, notes)
        described = _tried(notes, "there is no example", lambda: write_example(draft, rows))
        found, own = requirements_of((model, rows), flavor.requires)
        notes.extend(_left_behind(collect(own, code, draft / CODE)))
        pinned = found if requirements is None else list(requirements)
        mlmodel.write_environment(draft, pinned)
        files = folders.hashes(draft)
        document = mlmodel.Description(sections, files, size, signature, described, notes, metadata or {})
        mlmodel.write(draft, flavor.name, document)
        total = folders.size(draft)
    return ModelInfo(Path(folder), flavor.name, files, total, signature, tuple(pinned), tuple(notes))


def _left_behind(modules: Iterable[str]) -> Iterator[str]:
    for name in modules:
        yield f"the module {name!r} belongs to no installed package and has no file: it does not travel along"


def _inferred(flavor: Flavor, model: Any, rows: Any, data: Any, notes: list[str]) -> Signature | None:
    """The signature of the data, and of what the model says about some rows, if it says anything."""
    if data is None:
        return None
    prediction = None
    if rows is not None:
        prediction = _tried(notes, "the output is unknown", lambda: flavor.predict(model, rows))
    signature = _tried(notes, "there is no signature", lambda: infer(data, prediction))
    notes.extend(signature.notes if signature else ())
    return signature


def _tried(notes: list[str], what: str, act: Callable[[], T]) -> T | None:
    """No model is lost because something about its input cannot be said; but it is noted."""
    try:
        return act()
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - the user's predict, and any container, may raise anything
        notes.append(f"{what}: {type(error).__name__}: {error}")
        return None


@dataclass(frozen=True)
class Loaded:
    """A model that was read, and what its folder says about it."""

    model: Any
    flavor: Flavor
    signature: Signature | None
    metadata: Mapping[str, Any]


def load(folder: Path, *, trust: Trusting = ()) -> Loaded:
    """The model in a folder that `save`, or MLflow, wrote.

    No code runs that the caller has not named: ``trust`` lists classes and functions,
    such as ``"features.LogScaler"``, beyond the frameworks' own, or is ``"pickle"`` for
    files that run any code when they are read.

    Raises NotAModel, ModelDamaged when a file is not what was saved, ModelUntrusted with
    the names to decide about, and ModelNotLoadable when something is not installed here.
    """
    folder = Path(folder)
    trusted = trust_of(trust, folder)
    document = mlmodel.read(folder)
    facts = mlmodel.own_facts(document)
    if facts:
        _verify(folder, facts)
    flavor, section = _flavor_of(folder, document, facts)
    signature = mlmodel.signature_of(document, folder)
    model = flavor.load(folder, section, trusted)
    return Loaded(model, flavor, signature, document.get("metadata") or {})


def _verify(folder: Path, facts: Mapping[str, Any]) -> None:
    expected = facts.get("sha256")
    if not isinstance(expected, dict):
        raise ModelDamaged(f"{folder / mlmodel.FILE} is damaged: it does not list the model's files")
    folders.verify(folder, expected)


def _flavor_of(
    folder: Path, document: Mapping[str, Any], facts: Mapping[str, Any]
) -> tuple[Flavor, Mapping[str, Any]]:
    """The flavor that saved the model, or for MLflow's models the first one that is known."""
    names = [str(facts["flavor"])] if "flavor" in facts else list(document["flavors"])
    for name in names:
        flavor, section = flavor_named(str(name)), document["flavors"].get(name)
        if flavor is not None and isinstance(section, dict):
            return flavor, section
    raise ModelNotLoadable(f"no flavor is known here for the model in {folder}: {', '.join(map(str, names))}")
