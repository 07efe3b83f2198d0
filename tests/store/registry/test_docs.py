"""The examples of docs/registry.md run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from autolog.store import errors

PAGE = (Path(__file__).parents[3] / "docs" / "registry.md").read_text()


@pytest.mark.slow
def test_the_example_runs() -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_the_errors_are_what_the_page_says() -> None:
    about = PAGE.partition("## Errors")[2].partition("##")[0]
    for builtin, sentence in zip((KeyError, ValueError), re.split(r"(?<=s)\. ", about), strict=False):
        names = [name for name in re.findall(r"`(\w+)`", sentence) if hasattr(errors, name)]
        assert names and all(issubclass(getattr(errors, name), builtin) for name in names)
