"""A folder that a Docker engine builds an image of, which serves the model.

The layers that change least come first: the requirements, this package, the model.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import mlmodel
from ..folder import appearing
from .wheel import write_wheel

_DOCKERFILE = """\
# Made by autolog. Build it here: docker build -t model .
# Run it: docker run -p {port}:{port} {run}model
FROM {base}

RUN useradd --create-home --uid 10001 autolog
WORKDIR /opt/autolog

COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt

COPY {wheel} ./
RUN pip install --no-cache-dir "./{wheel}[serve]"

COPY model ./model

USER autolog
EXPOSE {port}
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \\
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}/health')"]
ENTRYPOINT {entrypoint}
"""


@dataclass(frozen=True)
class Image:
    """What the image is to be. ``base``: None for the slim image of the model's Python.

    Without ``token`` it answers everybody who reaches it; with it, those who send the
    token that stands in AUTOLOG_SERVE_TOKEN when it runs.
    """

    port: int = 8080
    base: str | None = None
    token: bool = True
    trust: Sequence[str] = ()


def write_context(model: Path, target: Path, image: Image = Image()) -> None:
    """Write Dockerfile, requirements, this package and the model to the new folder ``target``.

    Raises NotAModel for a folder that holds none, ModelExists when something is at ``target``.
    """
    python = mlmodel.python_of(model)
    with appearing(target) as draft:
        wheel = write_wheel(draft)
        shutil.copytree(model, draft / "model")
        shutil.copyfile(model / "requirements.txt", draft / "requirements.txt")
        (draft / ".dockerignore").write_text("*\n!requirements.txt\n!*.whl\n!model\n")
        text = _DOCKERFILE.format(
            base=image.base or f"python:{python}-slim",
            port=image.port,
            wheel=wheel.name,
            run="-e AUTOLOG_SERVE_TOKEN=… " if image.token else "",
            entrypoint=json.dumps(_entrypoint(image)),
        )
        (draft / "Dockerfile").write_text(text, encoding="utf-8")


def _entrypoint(image: Image) -> list[str]:
    trust = [part for name in image.trust for part in ("--trust", name)]
    token = [] if image.token else ["--no-token"]
    listening = ["--host", "0.0.0.0", "--port", str(image.port)]
    return ["autolog", "serve", "/opt/autolog/model", *listening, *token, *trust]
