"""One plain server for all tests of a file that only ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flavors.serving.serving import Server, running, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(serving(tmp_path_factory.mktemp("served") / "model")) as found:
        yield found
