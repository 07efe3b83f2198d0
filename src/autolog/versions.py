"""Versions of frameworks, read from installed metadata: nothing is imported for it."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=256)
def version_of(distribution: str) -> str | None:
    """The installed version, or None."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def installed(requires: tuple[str, ...]) -> str | None:
    """The version of the first that is installed, or None where none is.

    A framework may come under several names, such as xgboost and xgboost-cpu.
    """
    from packaging.requirements import Requirement

    versions = (version_of(Requirement(requirement).name) for requirement in requires)
    return next((version for version in versions if version is not None), None)


def unmet(requires: tuple[str, ...]) -> list[str]:
    """A sentence for each requirement that the installed version lies outside of."""
    from packaging.requirements import Requirement

    sentences = []
    for requirement in map(Requirement, requires):
        version = version_of(requirement.name)
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            tested = str(requirement.specifier)
            sentences.append(f"{requirement.name} {version} is not a tested version ({tested})")
    return sentences
