"""Run the fast tests with the oldest libraries that pyproject.toml allows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ["pytest", "hypothesis", "matplotlib"]


def oldest() -> list[str]:
    """The lower bound of each library we import, as an exact version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["sklearn"], *extras["pandas"], *extras["parquet"]]
    found = []
    for requirement in map(Requirement, wanted):
        bound = next(bound.version for bound in requirement.specifier if bound.operator == ">=")
        found.append(f"{requirement.name}=={bound}")
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder, "bin", "python"))
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        print(*oldest(), sep="\n", flush=True)
        subprocess.run([*pip, "-e", str(ROOT), *oldest(), *TOOLS], check=True)
        # What old libraries say to each other is not ours to mend: no warning is an error.
        return subprocess.run(
            [python, "-m", "pytest", "-q", "-W", "default", *sys.argv[1:]], cwd=ROOT
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
