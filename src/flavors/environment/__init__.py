"""Where a model runs apart from the program that asks for it.

wheel     this package as a file that pip installs, from whatever installation runs
venvs     a virtual environment with what the model requires
docker    a folder that a Docker engine builds an image of
"""

from __future__ import annotations

from .docker import write_context
from .venvs import Environment, environment_of

__all__ = ["Environment", "environment_of", "write_context"]
