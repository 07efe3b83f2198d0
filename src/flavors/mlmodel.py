"""The MLmodel file and its companions: what MLflow, and all that reads its folders, expect.

MLmodel           YAML: flavors, signature, example, and under ``metadata.autolog`` our own facts
requirements.txt  pinned distributions
python_env.yaml   the Python version and build tools, for virtual environments
conda.yaml        the same for conda
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ModelDamaged, ModelNotLoadable, NotAModel
from .installed import installed_version

if TYPE_CHECKING:
    from .schema import Signature

FILE = "MLmodel"
FORMAT = 1
"""The number of what stands under ``metadata.autolog``; see docs/file-format.md."""

_VERSION = re.compile(r"3(\.\d+){1,2}")
_LARGEST = 1 << 20
_DEEPEST = 50

_BUILD_TOOLS = ("pip", "setuptools", "wheel")


def write_environment(folder: Path, requirements: Sequence[str]) -> None:
    """requirements.txt, python_env.yaml and conda.yaml."""
    tools = [(name, installed_version(name)) for name in _BUILD_TOOLS]
    build = [f"{name}=={found}" if found else name for name, found in tools]
    python = platform.python_version()
    pip = f"pip<={tools[0][1]}" if tools[0][1] else "pip"
    (folder / "requirements.txt").write_text("\n".join(requirements) + "\n")
    _write_yaml(
        folder / "python_env.yaml",
        {"python": python, "build_dependencies": build, "dependencies": ["-r requirements.txt"]},
    )
    _write_yaml(
        folder / "conda.yaml",
        {
            "channels": ["conda-forge"],
            "dependencies": [f"python={python}", pip, {"pip": list(requirements)}],
            "name": "mlflow-env",
        },
    )


@dataclass(frozen=True)
class Description:
    """What MLmodel says about a model, beside which flavor saved it."""

    sections: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, str]  # SHA-256 by name
    size: int  # bytes of the flavor's own files
    signature: Signature | None
    example: Mapping[str, Any] | None
    notes: Sequence[str]
    metadata: Mapping[str, Any]
    id: str | None = None  # that of a logged model


def write(folder: Path, flavor: str, about: Description) -> None:
    """Write MLmodel. Ours stands first and the time last, so that a file that was cut off shows it."""
    from .schema import exact_facts, to_mlflow

    ours = {"format": FORMAT, "flavor": flavor, "sha256": dict(about.files), "notes": list(about.notes)}
    if exact := exact_facts(about.signature) if about.signature else {}:
        ours["columns"] = exact
    theirs = {key: value for key, value in about.metadata.items() if key != "autolog"}
    said = about.signature is not None and (about.signature.inputs or about.signature.outputs)
    document = {
        "metadata": {"autolog": ours, **theirs},
        "flavors": {name: _complete(name, facts) for name, facts in about.sections.items()},
        "model_id": about.id,
        "model_size_bytes": about.size,
        "model_uuid": sha256(repr(sorted(about.files.items())).encode()).hexdigest()[:32],
        "saved_input_example_info": about.example,
        "signature": to_mlflow(about.signature) if about.signature is not None and said else None,
        "utc_time_created": datetime.now(UTC).replace(tzinfo=None).isoformat(" "),
    }
    _write_yaml(folder / FILE, {key: value for key, value in document.items() if value is not None})


def _complete(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    if name != "python_function":
        return dict(facts)
    environment = {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    return {"env": environment, "python_version": platform.python_version(), **facts}


def read(folder: Path) -> dict[str, Any]:
    """The MLmodel file. Raises NotAModel, ModelDamaged, and ModelNotLoadable for a newer format."""
    document = _parse(_text(folder), folder)
    if not isinstance(document, dict) or not isinstance(document.get("flavors"), dict):
        raise ModelDamaged(f"{folder / FILE} is cut off or damaged: it lists no flavors")
    if own_facts(document) and not document.get("utc_time_created"):
        raise ModelDamaged(f"{folder / FILE} is cut off")
    number = own_facts(document).get("format", FORMAT)
    if number != FORMAT:
        raise ModelNotLoadable(
            f"{folder} was saved by a newer autolog: format {number!r}, known here is {FORMAT}"
        )
    return document


def _text(folder: Path) -> bytes:
    path = folder / FILE
    if not path.exists() and not path.is_symlink():
        raise NotAModel(f"{folder} holds no model: it has no file {FILE}")
    if path.is_symlink() or not path.is_file():  # a pipe would wait for ever
        raise ModelDamaged(f"{path} is no plain file")
    with open(path, "rb") as file:
        text = file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise ModelDamaged(f"{path} is larger than {_LARGEST} bytes")
    return text


def python_of(folder: Path) -> str:
    """The version of Python that saved the model; that of this process where the folder does not say it."""
    function = read(folder)["flavors"].get("python_function")
    found = function.get("python_version") if isinstance(function, dict) else None
    return found if isinstance(found, str) and _VERSION.fullmatch(found) else platform.python_version()


def identity(folder: Path) -> str:
    """A text that is the same only for the same model."""
    return sha256(_text(folder)).hexdigest()


def own_facts(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What autolog wrote about the model; empty when another program saved it."""
    metadata = document.get("metadata")
    facts = metadata.get("autolog") if isinstance(metadata, dict) else None
    return facts if isinstance(facts, dict) else {}


def signature_of(document: Mapping[str, Any], folder: Path) -> Signature | None:
    """The signature, if there is one. Raises ModelDamaged for what is none."""
    section = document.get("signature")
    if section is None:
        return None
    from .schema import from_mlflow

    facts = own_facts(document)
    try:
        return from_mlflow(section, facts.get("columns"), facts.get("notes") or ())
    except (ValueError, AttributeError) as error:
        raise ModelDamaged(f"{folder / FILE} is damaged: {error}") from error


def _parse(text: bytes, folder: Path) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_nesting(yaml.parse(text, Loader=loader))
        return yaml.load(text, Loader=loader)
    except Exception as error:  # dates and numbers that are none raise anything
        raise ModelDamaged(f"{folder / FILE} is cut off or damaged: {error}") from error


def _check_nesting(events: Iterator[Any]) -> None:
    """Compiled YAML recurses until the process ends, and aliases make a small file endless."""
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("it uses aliases")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")


def _write_yaml(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text("\n".join(_lines(document)) + "\n", encoding="utf-8")


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """YAML: a line for each entry; what has nothing below it stands as JSON does, which YAML includes.

    Written here because importing PyYAML costs the first fit of a process 15 ms.
    """
    if isinstance(value, Mapping):
        entries = [(f"{_leaf(str(key))}:", held) for key, held in value.items()]
    else:
        entries = [("-", held) for held in value]
    for start, held in entries:
        if isinstance(held, (Mapping, list, tuple)) and held:
            yield f"{indent}{start}"
            yield from _lines(held, indent + "  ")
        else:
            yield f"{indent}{start} {_leaf(held)}"


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        plain = value.isascii() and value.replace(".", "_").isidentifier() and value.lower() not in _WORDS
        return value if plain else _quoted(value)
    if isinstance(value, float):  # YAML wants a dot in each
        text = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}.get(str(value), str(value))
        return text if "." in text else text.replace("e", ".0e")
    return json.dumps(value)


def _quoted(text: str) -> str:
    """As JSON, but nothing that YAML does not print."""
    return "".join(
        char if char.isprintable() else f"\\U{ord(char):08x}" for char in json.dumps(text, ensure_ascii=False)
    )


_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"}
