"""Which flavor saves a model: ours, and those of other packages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LinearRegression

from autolog import flavors
from autolog.flavors import base


class Recipe:
    """A model of another framework."""

    def __init__(self, factor: float) -> None:
        self.factor = factor


class RecipeFlavor:
    name = "recipe"
    requires: tuple[str, ...] = ()

    def handles(self, model: object) -> bool:
        return isinstance(model, Recipe)

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        (folder / "recipe.json").write_text(json.dumps(model.factor))
        return {"recipe": {"file": "recipe.json"}}

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Sequence[str]) -> Any:
        return Recipe(json.loads((folder / facts["file"]).read_text()))

    def predict(self, model: Any, data: Any) -> Any:
        return [[value * model.factor for value in row] for row in data]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if a package with an entry point were installed: its metadata folder on the path."""
    facts = tmp_path / "site/recipe-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Name: recipe\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[autolog.flavors]\nrecipe = recipe_flavor:flavor\n")
    (tmp_path / "site/recipe_flavor.py").write_text(
        f"from {__name__} import RecipeFlavor\nflavor = RecipeFlavor()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    base._flavors.cache_clear()
    yield
    base._flavors.cache_clear()
    sys.modules.pop("recipe_flavor", None)


@pytest.mark.usefixtures("installed")
def test_a_flavor_of_another_package(tmp_path: Path) -> None:
    info = flavors.save(Recipe(2.5), tmp_path / "model", example=[[1.0, 2.0]])
    assert info.flavor == "recipe"
    assert info.signature is not None
    assert info.signature.outputs == (flavors.Tensor("float64", (-1, 2)),)
    assert flavors.load_model(tmp_path / "model").factor == 2.5
    found = flavors.flavor_for(LinearRegression())
    assert found is not None
    assert found.name == "sklearn"


def test_no_flavor_for_anything_else() -> None:
    assert flavors.flavor_for(Recipe(1.0)) is None
    assert flavors.flavor_for(LinearRegression) is None


def test_no_framework_is_imported_to_find_a_flavor(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    assert flavors.flavor_for(object()) is None
    assert "sklearn" not in sys.modules
