"""Run the fast tests with the oldest libraries that pyproject.toml allows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TOOLS = [
    *("pytest", "hypothesis", "matplotlib", "dask[distributed]"),
    *("moto[s3]", "flask-cors"),
]


def required(lines: Iterable[str]) -> Iterator[Requirement]:
    """What these lines ask for, those of our own extras among them."""
    for requirement in map(Requirement, lines):
        if requirement.name != PROJECT["name"]:
            yield requirement
        for extra in requirement.extras if requirement.name == PROJECT["name"] else ():
            yield from required(PROJECT["optional-dependencies"][extra])


def oldest() -> list[str]:
    """The lower bound of each library we import or hook, as an exact version."""
    found = set()
    for requirement in required([*PROJECT["dependencies"], f"{PROJECT['name']}[frameworks]"]):
        bound = next(bound.version for bound in requirement.specifier if bound.operator == ">=")
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        found.add(f"{requirement.name}{extras}=={bound}")
    return sorted(found)


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
