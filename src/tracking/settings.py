"""What the user chose: arguments beat the environment, which beats pyproject.toml.

Every field of `Settings` is an argument of ``enable()``, an environment variable
``AUTOLOG_<FIELD>`` and a key under ``[tool.autolog]`` in the nearest ``pyproject.toml``.
docs/configuration.md lists them.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .places import top_level, working_folder

KINDS = ("params", "metrics", "tags", "artifacts", "inputs")
"""What a pattern in ``include`` or ``exclude`` may begin with, beside module names."""


@dataclass(frozen=True)
class Settings:
    """One value for each option. ``resolve`` makes it; the defaults are those of the fields."""

    store: str = "autoruns"
    experiment: str | None = None
    frameworks: tuple[str, ...] | None = None
    models: bool = True
    trials: bool = True
    fits: Literal["auto", "nested"] = "auto"
    tags: Mapping[str, str] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    silent: bool = False
    strict: bool = False

    def wants(self, kind: str, name: str, default: bool = True) -> bool:
        """Whether a value is recorded. ``kind`` is one of `KINDS`; patterns read ``kind.name``."""
        if not (self.include or self.exclude):
            return default

        from fnmatch import fnmatchcase

        def matches(pattern: str) -> bool:
            of_kind, _, of_name = pattern.partition(".")
            return of_kind in (kind, kind[:-1]) and fnmatchcase(name, of_name or "*")

        return self._chosen(matches, default)

    def wants_estimator(self, qualified: str, default: bool) -> bool:
        """Whether fits of the class ``package.module.Class`` are recorded.

        A pattern is held against the full name, against the name without private
        modules (what users import), and, when it has no dot, against the class's name.
        """
        if not (self.include or self.exclude):
            return default
        from fnmatch import fnmatchcase

        public = ".".join(part for part in qualified.split(".") if not part.startswith("_"))
        names = {qualified, public, qualified.rpartition(".")[2]}

        def matches(pattern: str) -> bool:
            of_values = pattern.partition(".")[0].removesuffix("s") + "s" in KINDS
            return not of_values and any(fnmatchcase(name, pattern) for name in names)

        return self._chosen(matches, default)

    def _chosen(self, matches: Callable[[str], bool], default: bool) -> bool:
        if any(map(matches, self.exclude)):
            return False
        return default or any(map(matches, self.include))


def resolve(**arguments: Any) -> Settings:
    """The settings that hold here and now. An argument of None counts as not given.

    Raises TypeError for an unknown option or an argument of a wrong type, ValueError for
    anything else that is not allowed; both name the option and where it came from.
    """
    if unknown := sorted(arguments.keys() - _OPTIONS.keys()):
        raise TypeError(f"unknown option {unknown[0]!r}; there are: {', '.join(_OPTIONS)}")
    chosen: dict[str, Any] = {}
    given = _Source("argument", arguments, working_folder())
    for source in (_from_mlflow(), _from_file(), _from_environment(), given):
        chosen.update(source.checked())
    chosen.setdefault("store", os.path.join(working_folder(), Settings.store))
    return Settings(**chosen)


def default_experiment() -> str:
    """The name of the git top-level folder around the working folder, else the latter's."""
    here = working_folder()
    return (top_level(here) or here).name or "default"


@dataclass(frozen=True)
class _Source:
    """Where values come from: a place to name in errors, and what relative paths start at."""

    place: str
    values: Mapping[str, Any]
    base: Path

    def checked(self) -> Iterator[tuple[str, Any]]:
        for name, value in self.values.items():
            if value is None:
                continue
            option = _OPTIONS[name]
            try:
                value = option.check(value)
            except (TypeError, ValueError) as error:
                wrong_type = self.place == "argument" and isinstance(error, TypeError)
                raise (TypeError if wrong_type else ValueError)(
                    f"{self.place}: {name} must be {option.allowed}, not {_shown(value)}"
                ) from None
            yield name, _absolute(value, self.base) if name == "store" else value


def _from_mlflow() -> _Source:
    """The server that MLflow's clients are set to, where nobody says otherwise."""
    address = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    is_server = address.lower().startswith(("http://", "https://"))
    return _Source("MLFLOW_TRACKING_URI", {"store": address} if is_server else {}, working_folder())


def _from_environment() -> _Source:
    """Empty variables count as not given."""
    values = {}
    for name, option in _OPTIONS.items():
        variable = f"AUTOLOG_{name.upper()}"
        if text := os.environ.get(variable, "").strip():
            try:
                values[name] = option.check(option.read(text))
            except (TypeError, ValueError):
                raise ValueError(
                    f"environment variable {variable} must be {option.allowed}, not {_shown(text)}"
                ) from None
    return _Source("environment", values, working_folder())


def _shown(value: object) -> str:
    """A value for an error's message, which may end in a log: without secrets."""
    from .redact import redact_text
    from .text import text

    return repr(redact_text(value)) if isinstance(value, str) else redact_text(text(value))


def _from_file() -> _Source:
    here = working_folder()
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        try:
            text = path.read_bytes()
        except OSError:
            continue
        table = _table(path, text) if b"tool.autolog" in text else {}
        for key in table.keys() - _OPTIONS.keys():
            _warn_unknown(path, key)
        known = {key: value for key, value in table.items() if key in _OPTIONS}
        return _Source(f"{path}, [tool.autolog]", known, folder)
    return _Source("no file", {}, here)


def _table(path: Path, text: bytes) -> dict[str, Any]:
    import tomllib

    try:
        table = tomllib.loads(text.decode()).get("tool", {}).get("autolog", {})
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as TOML: {error}") from None
    if not isinstance(table, dict):
        raise ValueError(f"{path}: tool.autolog must be a table, not {table!r}")
    return table


@functools.cache
def _warn_unknown(path: Path, key: str) -> None:
    """Once a file and key. No error: the file may be meant for a newer version."""
    import logging

    logging.getLogger(__name__).warning("%s, [tool.autolog]: there is no option %r; it is ignored", path, key)


def _absolute(store: str, base: Path) -> str:
    """Workers may have another working folder, so paths are made absolute here."""
    return store if "://" in store else os.path.abspath(base / Path(store).expanduser())


@dataclass(frozen=True)
class _Option:
    """``read`` turns a variable's text into a value, ``check`` a value into what is kept.

    Both raise a TypeError or ValueError, whose text is written in one place, above.
    """

    allowed: str
    check: Callable[[Any], Any]
    read: Callable[[str], Any] = str


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not value.strip() or "\0" in value:
        raise ValueError
    return value


def _place(value: Any) -> str:
    return _text(os.fspath(value))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _read_flag(text: str) -> bool:
    word = text.lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off"}:
        return False
    raise ValueError


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, Mapping):
        raise TypeError
    return tuple(_text(name) for name in value)


def _fits(value: Any) -> str:
    if _text(value) not in {"auto", "nested"}:
        raise ValueError
    return str(value)


def _tags(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(v, str | int | float) for v in value.values()):
        raise TypeError
    return {_text(key): str(item) for key, item in value.items()}


def _read_tags(text: str) -> dict[str, str]:
    parts = [part for part in text.split(",") if part.strip()]
    pairs = [part.partition("=") for part in parts]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError
    return {key.strip(): value.strip() for key, _, value in pairs}


_SWITCH = _Option("true or false", _flag, _read_flag)
_LIST = _Option("a list of names", _names)
_OPTIONS: dict[str, _Option] = {
    "store": _Option("a path or an address", _place),
    "experiment": _Option("a name", _text),
    "frameworks": _LIST,
    "models": _SWITCH,
    "trials": _SWITCH,
    "fits": _Option("'auto' or 'nested'", _fits),
    "tags": _Option("names with values ('key=value,key=value' in a variable)", _tags, _read_tags),
    "include": _LIST,
    "exclude": _LIST,
    "silent": _SWITCH,
    "strict": _SWITCH,
}
