"""What a model needs installed, from what it holds."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from autolog.flavors.installed import distribution_of, distributions, installed_version, normal_name
from autolog.flavors.requirements import requirements_of

NUMPY, SKLEARN = f"numpy=={version('numpy')}", f"scikit-learn=={version('scikit-learn')}"


def test_the_distributions_of_all_that_is_held() -> None:
    model = FunctionTransformer(kw_args={"deep": [{"table": pd.Series([1])}, scipy.sparse.eye(2)]})
    found, own = requirements_of([model], ())
    assert found == [f"pandas=={version('pandas')}", SKLEARN, f"scipy=={version('scipy')}"]
    assert own == []


def test_what_the_flavor_requires_is_pinned_when_it_is_installed() -> None:
    found, _ = requirements_of(
        [StandardScaler().fit(np.eye(2))], ("scikit-learn>=1.6", "not-installed>=2,<3")
    )
    assert found == ["not-installed>=2,<3", NUMPY, SKLEARN]


def test_own_modules_are_named_and_not_mistaken_for_a_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rich_features.py").write_text("def scale(X): return X")
    monkeypatch.syspath_prepend(str(tmp_path))
    import rich_features  # type: ignore[import-not-found]

    found, own = requirements_of([FunctionTransformer(rich_features.scale)], ())
    assert (found, own) == ([SKLEARN], ["rich_features"])


def test_versions_are_those_of_importlib_metadata() -> None:
    for name in ("numpy", "scikit-learn", "PyYAML", "msgspec", "pip"):
        assert installed_version(name) == version(name)
    assert installed_version("no-such-thing") is None
    assert normal_name("Foo__bar.baz") == "foo-bar-baz"


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("sklearn", "scikit-learn"),
        ("yaml", "pyyaml"),
        ("dateutil", "python-dateutil"),
        ("json", None),
        ("gone", None),
    ],
)
def test_the_distribution_of_a_module(module: str, distribution: str | None) -> None:
    found = distribution_of(module)
    assert (found.name if found else None) == distribution


def test_the_first_on_the_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy-0.1.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert distributions()["numpy"].version == "0.1"


def test_a_model_of_a_million_parts_is_sampled() -> None:
    assert requirements_of([FunctionTransformer(kw_args={"words": ["a"] * 10**6})], ())[0] == [SKLEARN]
