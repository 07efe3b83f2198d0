"""What the documentation says is so: names, links, examples, and the pages made from the code."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autolog
from autolog.autolog.registry import patchers

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks" / "README.md"])
TEXT = "\n".join(page.read_text() for page in PAGES)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a link to a part of the page can name."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", autolog.__all__)
def test_every_public_name_is_explained(name: str) -> None:
    assert name == "__version__" or re.search(rf"`[^`\n]*\b{name}\b", TEXT)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, part = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not part or part in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_are_python(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", TEXT)) <= targets


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)


@pytest.mark.slow
def test_the_examples_of_the_python_page_run() -> None:
    code = "\n".join(blocks(ROOT / "docs" / "python.md", "python"))
    ran = run(code)
    assert ran.returncode == 0, ran.stderr
    (found,) = autolog.search_runs("tags.checked = 'yes'", store="autoruns")
    assert len(found.history("loss")) == 100


@pytest.mark.slow
def test_the_examples_of_the_frameworks_page_run() -> None:
    ran = run("\n".join(blocks(ROOT / "docs" / "frameworks.md", "python")))
    assert ran.returncode == 0, ran.stderr
    (found,) = autolog.search_runs(store="autoruns")
    assert (found.name, found.status) == ("Linear", "FINISHED")
    assert len(found.history("loss")) == 50


@pytest.mark.slow
def test_the_example_of_the_readme_runs() -> None:
    ran = run(blocks(ROOT / "README.md", "python")[0])
    assert ran.returncode == 0, ran.stderr
    runs = autolog.search_runs(store="autoruns")
    assert {found.status for found in runs} == {"FINISHED"}
    (best,) = autolog.search_runs("tags.`autolog.best` = 'true'", store="autoruns")
    said = re.search(r"^\((\{.*\}), ([0-9.]+)\)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert said is not None
    assert str(dict(best.params)) == said[1]
    assert best.metrics["mean_test_score"] == pytest.approx(float(said[2]))
    assert len([found for found in runs if "autolog.trial" in found.tags]) == 6


def test_what_is_recorded_is_made_from_the_code() -> None:
    path = ROOT / "tools" / "what_is_recorded.py"
    spec = importlib.util.spec_from_file_location("what_is_recorded", path)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    own = [patcher for patcher in patchers() if type(patcher).__module__.startswith("autolog.")]
    assert tool.PAGE.read_text() == tool.page(own), "run `make docs`"
