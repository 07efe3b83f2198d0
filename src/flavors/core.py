"""Saving and loading a model: all that is the same for every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from . import folder as folders
from . import mlmodel
from .base import Flavor, Prepares, flavor_for, flavor_named
from .beside import for_mlflow
from .code import FOLDER as CODE
from .code import collect
from .errors import ModelDamaged, ModelNotLoadable, ModelNotSaved
from .examples import few_rows, write_example
from .imports import complete
from .requirements import requirements_of
from .streams import untouched
from .trust import Trusting, trust_of

if TYPE_CHECKING:
    from .schema import Signature

T = TypeVar("T")


@dataclass(frozen=True)
class ModelInfo:
    """What was saved, and where. ``files``: SHA-256 by relative path; ``size``: bytes of all files.

    ``notes``: what the folder cannot say about the model. ``id``: for ``models:/<id>``, when it was logged.
    """

    path: Path
    flavor: str
    files: Mapping[str, str]
    size: int
    signature: Signature | None = None
    requirements: Sequence[str] = ()
    notes: Sequence[str] = ()
    id: str | None = None


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
    id: str | None = None,
    mlflow: bool | None = None,
) -> ModelInfo:
    """Save a model as a new folder that MLflow can load, too.

    ``example`` is a few rows of its input (five are used), which are stored; ``data`` rows
    that are not, all it was trained with or some. The signature is read off them unless
    one is given, and the requirements off what the model and five rows hold. Modules of
    the user's that it needs are copied along, and so is what ``code`` names besides.
    ``metadata`` goes into MLmodel as it is, and so does the ``id`` of a logged model;
    for ``mlflow`` see `beside.for_mlflow`. The folder appears complete, or not at all; the
    model stays as it was.

    Raises ModelNotSaved when the model, or something in it, has no safe form, ModelExists
    when something is at the place, and OSError when the disk says no.
    """
    flavor = flavor_for(model)
    if flavor is None:
        raise ModelNotSaved(f"no flavor is known for {type(model).__module__}.{type(model).__qualname__}")
    data = example if data is None else data
    rows, notes = few_rows(data), list(signature.notes if signature else ())
    with folders.appearing(Path(folder)) as draft:
        sections = dict(flavor.save(model, draft))
        sections.update(for_mlflow(flavor, model, example, draft, mlflow, notes))
        size = folders.size(draft)
        signature = signature or _inferred(flavor, model, rows, data, notes)
        described = _tried(notes, "there is no example", lambda: write_example(draft, few_rows(example)))
        found, own = requirements_of((model, rows), flavor.requires)
        notes.extend(_left_behind(collect(own, code, draft / CODE)))
        imported, gone = complete(draft / CODE)
        notes.extend(gone)
        pinned = sorted({*found, *imported}) if requirements is None else list(requirements)
        mlmodel.write_environment(draft, pinned)
        files = folders.hashes(draft)
        document = mlmodel.Description(sections, files, size, signature, described, notes, metadata or {}, id)
        mlmodel.write(draft, flavor.name, document)
        total = folders.size(draft)
    return ModelInfo(Path(folder), flavor.name, files, total, signature, tuple(pinned), tuple(notes), id)


def _left_behind(modules: Iterable[str]) -> Iterator[str]:
    for name in modules:
        yield f"the module {name!r} belongs to no installed package and has no file: it does not travel along"


def _inferred(flavor: Flavor, model: Any, rows: Any, data: Any, notes: list[str]) -> Signature | None:
    """The signature of the data, and of what the model says about some rows, if it says anything."""
    if data is None:
        return None
    from .schema import infer  # not needed to load a model

    prediction = None
    if rows is not None:
        prediction = _tried(notes, "the output is unknown", lambda: _said(flavor, model, rows))
    signature = _tried(notes, "there is no signature", lambda: infer(data, prediction))
    notes.extend(signature.notes if signature else ())
    return signature


def _said(flavor: Flavor, model: Any, rows: Any) -> Any:
    """Of a copy, since the user's code may write into what it is given."""
    with untouched():
        return flavor.predict(model, deepcopy(rows))


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
    """A model that was read from ``folder``, and the ``document`` there that says what it is."""

    model: Any
    flavor: Flavor
    folder: Path
    document: Mapping[str, Any]
    method: str = "predict"

    @property
    def signature(self) -> Signature | None:
        """Read when somebody asks, since many only want the model. Raises ModelDamaged for what is none."""
        return mlmodel.signature_of(self.document, self.folder)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What was saved beside the model."""
        return self.document.get("metadata") or {}

    def predict(self, data: Any, **params: Any) -> Any:
        """What `method` of the model says; the flavor knows what to predict means."""
        if self.method == "predict":
            return self.flavor.predict(self.model, data, **params)
        return getattr(self.model, self.method)(data, **params)

    def prepared(self) -> Loaded:
        """The same, ready for many predictions."""
        if isinstance(self.flavor, Prepares):
            return replace(self, model=self.flavor.prepared(self.model))
        return self


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
    # Where nothing of the model's can run, it does no harm to check a large file while it is read.
    with folders.verified(folder, _expected(folder, facts), first=bool(trusted)):
        flavor, section = _flavor_of(folder, document, facts)
        model = flavor.load(folder, section, trusted)
    return Loaded(model, flavor, folder, document, _method_of(document, model))


_METHODS = ("predict_proba", "predict_log_proba", "predict_joint_log_proba")


def _method_of(document: Mapping[str, Any], model: Any) -> str:
    """What MLflow's predictors call, which its users can choose for estimators of scikit-learn."""
    section = document["flavors"].get("python_function")
    named = section.get("predict_fn") if isinstance(section, dict) else None
    return named if named in _METHODS and hasattr(model, named) else "predict"


def _expected(folder: Path, facts: Mapping[str, Any]) -> Mapping[str, str]:
    """The SHA-256 of every file; none for a model of another program's."""
    expected = facts.get("sha256") if facts else {}
    if not isinstance(expected, dict):
        raise ModelDamaged(f"{folder / mlmodel.FILE} is damaged: it does not list the model's files")
    return expected


def _flavor_of(
    folder: Path, document: Mapping[str, Any], facts: Mapping[str, Any]
) -> tuple[Flavor, Mapping[str, Any]]:
    """The flavor that saved the model, or for MLflow's models the first one that is known.

    Its python_function is the last resort: it stands beside every other, and runs code.
    """
    names = [str(facts["flavor"])] if "flavor" in facts else list(document["flavors"])
    names.sort(key="python_function".__eq__)
    for name in names:
        flavor, section = flavor_named(str(name)), document["flavors"].get(name)
        if flavor is not None and isinstance(section, dict):
            return flavor, section
    raise ModelNotLoadable(f"no flavor is known here for the model in {folder}: {', '.join(map(str, names))}")
