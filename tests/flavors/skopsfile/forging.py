"""Changes a skops file the way a forger would: its JSON and its arrays, with a valid zip around them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

Node = dict[str, Any]


def forge(path: Path, change: Callable[[Node], object]) -> None:
    """Apply ``change`` to the tree of nodes and write the file again."""
    members = contents(path)
    tree = json.loads(members["schema.json"])
    change(tree)
    rewrite(path, members | {"schema.json": json.dumps(tree).encode()})


def forge_array(path: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Replace every array whose node is called ``name`` in its parent."""
    members = contents(path)
    for key, node in named_nodes(json.loads(members["schema.json"])):
        if key == name and node["__loader__"] == "NdArrayNode":
            buffer = io.BytesIO()
            np.save(buffer, change(np.load(io.BytesIO(members[node["file"]]))))
            members[node["file"]] = buffer.getvalue()
    rewrite(path, members)


def contents(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, members: dict[str, bytes]) -> None:
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def named_nodes(part: Any, name: str = "") -> Iterator[tuple[str, Node]]:
    """Each node with the key it stands under."""
    if isinstance(part, dict):
        if "__loader__" in part:
            yield name, part
        for key, value in part.items():
            yield from named_nodes(value, key)
    elif isinstance(part, list):
        for value in part:
            yield from named_nodes(value, name)


def number(value: Any) -> Node:
    return {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": json.dumps(value),
    }


def replaced(name: str, node: Node) -> Callable[[Node], None]:
    """A change: the node of that name becomes another, everywhere."""

    def change(tree: Node) -> None:
        for key, found in list(named_nodes(tree)):
            if key == name:
                found.clear()
                found.update(node)

    return change
