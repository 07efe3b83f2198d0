"""Reads a skops file into the object it was written from.

First every name in the file is looked up (`trust`), then it is built, from the leaves
up, and what is handed to compiled code is checked on the way (`contents`).
"""

from __future__ import annotations

import functools
import io
import json
import operator
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from ..errors import ModelDamaged, ModelError, ModelNotLoadable, ModelUntrusted
from . import PROTOCOL, contents
from .trust import Node, name_of, resolve, untrusted


def read(path: Path, trust: Collection[str] = ()) -> Any:
    """The object in the file; ``trust`` names what may be used beyond the known classes and functions.

    Raises ModelUntrusted before anything is built, ModelDamaged for a broken or forged
    file, ModelNotLoadable for another format or a class that is not installed here.
    """
    try:
        with ZipFile(path) as archive:
            tree = _schema(archive, path)
            _refuse(untrusted(tree, trust), path)
            reader = Reader(archive)
            model = reader.build(tree)
        contents.check_estimators(reader.estimators)
        return model
    except ModelError:
        raise
    except (BadZipFile, EOFError, RecursionError) as error:
        raise ModelDamaged(f"{path} is cut off or damaged: {error}") from error
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ModelDamaged(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def _schema(archive: ZipFile, path: Path) -> Any:
    tree = json.loads(archive.read("schema.json"))
    protocol = tree["protocol"]
    if protocol != PROTOCOL:
        age = "a newer" if isinstance(protocol, int) and protocol > PROTOCOL else "an older"
        raise ModelNotLoadable(
            f"{path} was written by {age} version of skops (protocol {protocol!r}, not {PROTOCOL}); "
            f"read it with skops.io.load and save it again"
        )
    return tree


def _refuse(names: list[str], path: Path) -> None:
    if names:
        listed = ", ".join(f'"{name}"' for name in names)
        raise ModelUntrusted(
            f"{path} uses what is not known to be safe: {', '.join(names)}. "
            f"If you trust each of them, load with trust=[{listed}]",
            tuple(names),
        )


class Reader:
    """One file being read, after its names have been judged."""

    def __init__(self, archive: ZipFile) -> None:
        self.archive = archive
        self.estimators: list[Any] = []
        self._made: dict[int, Any] = {}

    def build(self, node: Node) -> Any:
        number = node.get("__id__")
        if number in self._made:
            return self._made[number]
        build = BUILDERS.get(node["__loader__"])
        if build is None:
            raise ModelNotLoadable(f"{node['__loader__']} of {name_of(node)} is unknown here")
        value = build(self, node)
        if number is not None:
            self._made[number] = value
        return value

    def all(self, nodes: list[Node]) -> list[Any]:
        return [self.build(node) for node in nodes]


def _json(reader: Reader, node: Node) -> Any:
    return json.loads(node["content"])


def _cached(reader: Reader, node: Node) -> Any:
    raise ModelDamaged(f"the model's file refers to an object {node.get('__id__')!r} that it does not hold")


def _dict(reader: Reader, node: Node) -> Any:
    made = {"builtins.dict": dict, "collections.OrderedDict": OrderedDict}.get(name_of(node)) or resolve(node)
    result: Any = made()
    types = reader.build(node["key_types"])
    for key_type, (key, held) in zip(types, node["content"].items(), strict=True):
        result[key_type(key)] = reader.build(held)
    return result


def _defaultdict(reader: Reader, node: Node) -> Any:
    factory = reader.build(node["content"]["default_factory"])
    return defaultdict(factory, reader.build(node["content"]["main"]))


def _list(reader: Reader, node: Node) -> Any:
    items = reader.all(node["content"])
    return items if name_of(node) == "builtins.list" else resolve(node)(items)


def _set(reader: Reader, node: Node) -> Any:
    return resolve(node)(reader.all(node["content"]))


def _tuple(reader: Reader, node: Node) -> Any:
    items = tuple(reader.all(node["content"]))
    if name_of(node) == "builtins.tuple":
        return items
    kind = resolve(node)
    return kind(*items) if hasattr(kind, "_fields") else items


def _bytes(reader: Reader, node: Node) -> bytes:
    return reader.archive.read(node["file"])


def _bytearray(reader: Reader, node: Node) -> bytearray:
    return bytearray(_bytes(reader, node))


def _slice(reader: Reader, node: Node) -> slice:
    ends = node["content"]
    return slice(ends["start"], ends["stop"], ends["step"])


def _named(reader: Reader, node: Node) -> Any:
    return resolve(node)


def _method(reader: Reader, node: Node) -> Any:
    owner = reader.build(node["content"]["obj"])
    contents.require(type(owner) is resolve(node), "a method of another class")
    return getattr(owner, node["content"]["func"])


def _partial(reader: Reader, node: Node) -> Any:
    parts = {name: reader.build(part) for name, part in node["content"].items()}
    made = functools.partial(parts["func"], *parts["args"], **parts["kwds"])
    vars(made).update(parts["namespace"] or {})
    return made


def _operator(reader: Reader, node: Node) -> Any:
    kinds = (operator.attrgetter, operator.itemgetter, operator.methodcaller)
    return {kind.__name__: kind for kind in kinds}[node["__class__"]](*reader.build(node["attrs"]))


def _called(reader: Reader, node: Node) -> Any:
    return resolve(node)(*reader.build(node["content"]))


def _object(reader: Reader, node: Node) -> Any:
    kind = resolve(node)
    state = reader.build(node["content"]) if node.get("content") is not None else None
    if special := _SPECIAL.get(name_of(node)):
        return special(kind, state)
    made = kind.__new__(kind)
    if state is not None:
        _fill(made, state)
    if isinstance(getattr(made, "__dict__", None), dict):
        reader.estimators.append(made)
    return made


def _fill(made: Any, state: Any) -> None:
    if hasattr(made, "__setstate__"):
        made.__setstate__(state)
    else:
        vars(made).update(state)


def _array(reader: Reader, node: Node) -> Any:
    import numpy as np

    if node["type"] == "json":
        return _object_array(reader, node)
    with reader.archive.open(node["file"]) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    if name_of(node) == "numpy.ndarray":
        return array
    return array[()] if resolve(node) is array.dtype.type and array.ndim == 0 else resolve(node)(array)


def _object_array(reader: Reader, node: Node) -> Any:
    """Filled one by one, since NumPy would take lists, and ensembles, apart."""
    import numpy as np

    shape = reader.build(node["shape"])
    array = np.empty(shape, dtype=object)
    items = reader.all(node["content"])
    for _ in shape[1:]:
        items = [item for row in items for item in row]
    array.reshape(-1)[:] = _each(items)
    return array


def _each(items: list[Any]) -> Any:
    import numpy as np

    flat = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        flat[index] = item
    return flat


def _masked_array(reader: Reader, node: Node) -> Any:
    import numpy as np

    parts = node["content"]
    return np.ma.MaskedArray(reader.build(parts["data"]), reader.build(parts["mask"]))


def _dtype(reader: Reader, node: Node) -> Any:
    return reader.build(node["content"]).dtype


def _random_state(reader: Reader, node: Node) -> Any:
    import numpy as np

    state = reader.build(node["content"])
    contents.check_random(state)
    made = np.random.RandomState(0)
    made.set_state(state)
    return made


def _generator(reader: Reader, node: Node) -> Any:
    import numpy as np

    state = reader.build(node["content"]["bit_generator"])
    contents.check_random(state)
    seed = np.random.SeedSequence(**reader.build(node["content"]["seed_seq"]))
    bits = getattr(np.random, state["bit_generator"])(seed)
    bits.state = state
    return np.random.Generator(bits)


def _sparse(reader: Reader, node: Node) -> Any:
    from scipy.sparse import load_npz

    return contents.checked_sparse(load_npz(io.BytesIO(reader.archive.read(node["file"]))))


def _tree(reader: Reader, node: Node) -> Any:
    args, state = reader.build(node["__reduce__"]["args"]), reader.build(node["content"])
    contents.check_tree(args, state)
    tree = resolve(node)(*args)
    tree.__setstate__(state)
    return tree


def _loss(reader: Reader, node: Node) -> Any:
    args = reader.build(node["__reduce__"]["args"])
    contents.require(all(isinstance(arg, (int, float)) for arg in args), "the arguments of a loss")
    return resolve(node)(*args)


_SPECIAL: dict[str, Callable[[Any, Any], Any]] = {
    "scipy.interpolate._bsplines.BSpline": contents.spline,
    **{f"sklearn.neighbors._kd_tree.KDTree{bits}": contents.neighbor_tree for bits in ("", "32", "64")},
    **{f"sklearn.neighbors._ball_tree.BallTree{bits}": contents.neighbor_tree for bits in ("", "32", "64")},
}

BUILDERS: dict[str, Callable[[Reader, Node], Any]] = {
    "JsonNode": _json,
    "CachedNode": _cached,
    "DictNode": _dict,
    "DefaultDictNode": _defaultdict,
    "ListNode": _list,
    "TupleNode": _tuple,
    "SetNode": _set,
    "BytesNode": _bytes,
    "BytearrayNode": _bytearray,
    "SliceNode": _slice,
    "FunctionNode": _named,
    "TypeNode": _named,
    "MethodNode": _method,
    "PartialNode": _partial,
    "OperatorFuncNode": _operator,
    "ConstructorFromReduceNode": _called,
    "ObjectNode": _object,
    "NdArrayNode": _array,
    "MaskedArrayNode": _masked_array,
    "DTypeNode": _dtype,
    "RandomStateNode": _random_state,
    "RandomGeneratorNode": _generator,
    "SparseMatrixNode": _sparse,
    "TreeNode": _tree,
    "LossNode": _loss,
}
