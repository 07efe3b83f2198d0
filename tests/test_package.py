"""The package as a whole: what is shipped, who imports whom, and what `import autolog` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import autolog
from autolog.autolog.registry import patchers

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
LAYERS = ["store", "tracking", "flavors", "autolog", "cli"]
"""A layer imports those before it, never one after it."""

FRAMEWORKS = set(
    """
    numpy pandas scipy matplotlib joblib sklearn skops torch torchmetrics safetensors tensorboard tensorboardX
    lightning pytorch_lightning xgboost lightgbm optuna onnx onnxruntime
    """.split()
)
LATE = FRAMEWORKS | {"sqlalchemy", "sqlite3", "lark", "requests", "http", "click", "rich", "yaml"}

FACE = """
    enable disable status suppressed
    run active_run log_param log_params log_metric log_metrics set_tag set_tags
    log_artifact log_text log_dict log_figure log_table log_input
    open_store search_runs get_run buckets
""".split()


def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name below it."""
    return {".".join(path.relative_to(SRC).with_suffix("").parts): path for path in SRC.rglob("*.py")}


def imports(name: str, path: Path) -> Iterator[str]:
    """What a module of the package imports from the package, as dotted names below it."""
    parts = name.split(".")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = parts[: len(parts) - node.level]
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)


def test_every_folder_is_shipped() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(SRC).parts for path in SRC.rglob("__init__.py")}
    assert sorted(listed) == sorted(".".join(["autolog", *folder]) for folder in folders)
    assert {path.parent for path in SRC.rglob("*.py")} == {path.parent for path in SRC.rglob("__init__.py")}


def test_versions_are_tested_from_the_bounds_that_are_installed() -> None:
    """`make test-oldest` installs the lower bounds of pyproject.toml."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    lines = {line for extra in extras.values() for line in extra if not line.startswith("autolog-ml")}
    bounds = {(each.name, lowest(each)) for each in map(Requirement, lines)}
    own = [patcher for patcher in patchers() if type(patcher).__module__.startswith("autolog.")]
    said = {(each.name, lowest(each)) for patcher in own for each in map(Requirement, patcher.requires)}
    assert said <= bounds


def lowest(requirement: Requirement) -> str:
    return next((each.version for each in requirement.specifier if each.operator == ">="), "")


def test_types_are_shipped() -> None:
    assert (SRC / "py.typed").is_file()


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_point_one_way(name: str) -> None:
    layer = name.split(".")[0]
    if layer not in LAYERS:
        pytest.skip("the front and the published contracts may import every layer")
    later = LAYERS[LAYERS.index(layer) + 1 :]
    wrong = [target for target in imports(name, modules()[name]) if target.split(".")[0] in later]
    assert not wrong, f"{name} imports {wrong}, but imports point one way: {' <- '.join(LAYERS)}"


@pytest.mark.parametrize("name", sorted(name for name in modules() if name.startswith("store.")))
def test_the_store_knows_no_framework(name: str) -> None:
    text = modules()[name].read_text()
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not imported & (FRAMEWORKS - {"numpy", "pandas"})


@pytest.mark.parametrize("name", FACE)
def test_the_public_face_is_complete(name: str) -> None:
    assert name in autolog.__all__
    assert name in dir(autolog)
    assert getattr(autolog, name).__doc__


def test_nothing_else_is_public() -> None:
    unknown = [name for name in autolog.__all__ if not hasattr(autolog, name)]
    assert not unknown
    with pytest.raises(AttributeError, match="no_such_thing"):
        autolog.no_such_thing  # noqa: B018


def loaded_by(code: str) -> set[str]:
    """The modules that ``code`` loads beyond those of a bare Python."""
    script = f"import sys; bare = set(sys.modules); {code}; print(*set(sys.modules) - bare)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.mark.parametrize("code", ["import autolog", "import autolog; autolog.enable()"])
def test_a_start_loads_next_to_nothing(code: str) -> None:
    loaded = loaded_by(code)
    tops = {name.partition(".")[0] for name in loaded}
    assert not tops & LATE
    foreign = {name for name in loaded if name.partition(".")[0] not in {*sys.stdlib_module_names, "autolog"}}
    assert len(foreign) <= 15, sorted(foreign)


def test_entry_points_lead_somewhere() -> None:
    for group in ("autolog.patchers", "autolog.flavors", "autolog.stores"):
        for point in entry_points(group=group):
            assert point.load() is not None
