"""Reads a skops file into the object it was written from.

First every name in the file is looked up (`trust`), then it is built, from the leaves
up, and what is handed to compiled code is checked on the way (`contents`).
"""

from __future__ import annotations

import functools
import io
import json
import math
import operator
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from ..errors import ModelDamaged, ModelError, ModelNotLoadable, ModelUntrusted
from ..folder import LARGE
from ..trust import Trust
from . import PROTOCOL, boosters, contents
from .mapping import map_array
from .trust import INNER, Node, name_of, names_of, untrusted

_DEEPEST = 200
_UNPACKED_RATIO = 200
_UNPACKED_FREE = 64 << 20
_PART = 1 << 20
_FACTORIES = (None, bool, int, float, complex, str, bytes, list, tuple, dict, set, OrderedDict)


def read(path: Path, trust: Iterable[str] = (), *, mapped: bool = False) -> Any:
    """The object in the file; ``trust`` names what may be used beyond the known classes and functions.

    ``mapped`` is for a trial: large arrays stay in the file, which has to outlive them.
    Raises ModelUntrusted before anything is built, ModelDamaged for a broken or forged
    file, ModelNotLoadable for another format or a class that is not installed here.
    """
    with open(path, "rb") as file:
        try:
            return _read(file, path, trust if isinstance(trust, Trust) else Trust(trust), mapped)
        except (ModelError, MemoryError):
            raise
        except (BadZipFile, EOFError, RecursionError) as error:
            raise ModelDamaged(f"{path} is cut off or damaged: {error}") from error
        except Exception as error:  # a forged file can make zip, JSON and NumPy raise anything
            raise ModelDamaged(f"{path} cannot be read: {type(error).__name__}: {error}") from error


def _read(file: IO[bytes], path: Path, trust: Trust, mapped: bool) -> Any:
    with ZipFile(file) as archive:
        reader = Reader(archive, trust, _UNPACKED_RATIO * path.stat().st_size + _UNPACKED_FREE, mapped)
        tree = _schema(reader, path)
        _refuse(untrusted(tree, trust), path)
        model = reader.build(tree)
    contents.check_estimators(reader.estimators, trust)
    return model


def _schema(reader: Reader, path: Path) -> Any:
    tree = json.loads(reader.bytes("schema.json"))
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
    """One file being read; `build` is for after its names have been judged."""

    def __init__(self, archive: ZipFile, trust: Trust, budget: int, mapped: bool = False) -> None:
        self.archive = archive
        self.trust = trust
        self.estimators: list[Any] = []
        self._budget = budget
        self._mapped = mapped
        self._made: dict[int, Any] = {}
        self._heights: dict[int, int] = {}
        self._height = 0  # of the highest that was built since the current node began

    def bytes(self, name: str) -> bytes:
        """A member of the archive."""
        self.charge(self.archive.getinfo(name).file_size)
        return self.archive.read(name)

    def bytearray(self, name: str) -> bytearray:
        """The same to be changed, without a second copy of it."""
        size = self.archive.getinfo(name).file_size
        self.charge(size)
        made = bytearray(size)
        with self.archive.open(name) as file, memoryview(made) as view:
            for start in range(0, size, _PART):
                view[start : start + _PART] = file.read(min(_PART, size - start))
        return made

    def array(self, name: str) -> Any:
        """An array of plain values."""
        import numpy as np

        member = self.archive.getinfo(name)
        self.charge(member.file_size)
        if self._mapped and member.compress_type == ZIP_STORED and member.file_size >= LARGE:
            return map_array(self.archive, member)
        with self.archive.open(name) as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    def charge(self, size: int) -> None:
        """Small files that unpack to huge ones, or name one member again and again, are refused."""
        self._budget -= size
        contents.require(self._budget >= 0, "it unpacks to far more than its size")

    def build(self, node: Node) -> Any:
        number = node.get("__id__")
        if number in self._made:
            self._height = max(self._height, self._heights[number])
            return self._made[number]
        outer, self._height = self._height, 0
        value = self._build(node)
        height = self._height + 1
        # References make depth without recursion here, but Python recurses to compare or free it.
        contents.require(height <= _DEEPEST, "it is nested too deeply")
        self._height = max(outer, height)
        if number is not None:
            self._made[number], self._heights[number] = value, height
        return value

    def _build(self, node: Node) -> Any:
        build = BUILDERS.get(node["__loader__"])
        if build is None:
            raise ModelNotLoadable(f"{node['__loader__']} of {name_of(node)} is unknown here")
        return build(self, node)

    def all(self, nodes: list[Node]) -> list[Any]:
        return [self.build(node) for node in nodes]

    def named(self, node: Node) -> Any:
        """The class or function that a node names."""
        return self.trust.find(*names_of(node))


def _json(reader: Reader, node: Node) -> Any:
    return json.loads(node["content"])


def _cached(reader: Reader, node: Node) -> Any:
    raise ModelDamaged(f"the model's file refers to an object {node.get('__id__')!r} that it does not hold")


def _dict(reader: Reader, node: Node) -> Any:
    made = {"builtins.dict": dict, "collections.OrderedDict": OrderedDict}.get(name_of(node)) or reader.named(
        node
    )
    result: Any = made()
    types = node["key_types"]["content"]
    for key_type, (key, held) in zip(types, node["content"].items(), strict=True):
        result[_key_type(reader, key_type)(key)] = reader.build(held)
    return result


def _key_type(reader: Reader, node: Node) -> Any:
    """It is called with text from the file, so it is a type of plain values and nothing else."""
    import numpy as np

    contents.require(node["__loader__"] == "TypeNode", "the type of a key")
    kind = reader.named(node)
    contents.require(isinstance(kind, type), "the type of a key")
    of_numpy = issubclass(kind, (np.number, np.bool_, np.str_)) and getattr(np, kind.__name__, None) is kind
    plain = kind in (str, int, float, bool) or of_numpy
    contents.require(plain or name_of(node) in reader.trust, "the type of a key")
    return kind


def _defaultdict(reader: Reader, node: Node) -> Any:
    factory = reader.build(node["content"]["default_factory"])
    named = name_of(node["content"]["default_factory"]) in reader.trust
    contents.require(named or any(factory is kind for kind in _FACTORIES), "the factory of a defaultdict")
    main = reader.build(node["content"]["main"])
    contents.require(isinstance(main, dict), "the content of a defaultdict")
    return defaultdict(factory, main)


def _list(reader: Reader, node: Node) -> Any:
    items = reader.all(node["content"])
    return items if name_of(node) == "builtins.list" else reader.named(node)(items)


def _set(reader: Reader, node: Node) -> Any:
    return reader.named(node)(_flat(reader.all(node["content"])))


def _flat(items: list[Any]) -> list[Any]:
    """Hashing tuples in tuples takes as long as the file likes: each level can name the next one twice."""
    nests = (tuple, frozenset)
    nested = any(isinstance(part, nests) for item in items if isinstance(item, nests) for part in item)
    contents.require(not nested, "the members of a set")
    return items


def _tuple(reader: Reader, node: Node) -> Any:
    items = tuple(reader.all(node["content"]))
    if name_of(node) == "builtins.tuple":
        return items
    kind = reader.named(node)
    return kind(*items) if hasattr(kind, "_fields") else items


def _bytes(reader: Reader, node: Node) -> bytes:
    return reader.bytes(node["file"])


def _bytearray(reader: Reader, node: Node) -> bytearray:
    return reader.bytearray(node["file"])


def _slice(reader: Reader, node: Node) -> slice:
    ends = node["content"]
    return slice(ends["start"], ends["stop"], ends["step"])


def _named(reader: Reader, node: Node) -> Any:
    inner = name_of(node) in INNER and name_of(node) not in reader.trust
    return _Inner(INNER[name_of(node)], reader.named(node)) if inner else reader.named(node)


@dataclass(frozen=True)
class _Inner:
    """A function that nobody can call but its owner, to whom `_object` hands it over."""

    owner: str
    function: Any


def _method(reader: Reader, node: Node) -> Any:
    owner = reader.build(node["content"]["obj"])
    contents.require(type(owner) is reader.named(node), "a method of another class")
    return getattr(owner, node["content"]["func"])


def _partial(reader: Reader, node: Node) -> Any:
    parts = {name: reader.build(part) for name, part in node["content"].items()}
    contents.require(isinstance(parts["args"], tuple), "the arguments of a partial function")
    made = functools.partial(parts["func"], *parts["args"], **parts["kwds"])
    vars(made).update(parts["namespace"] or {})
    return made


def _operator(reader: Reader, node: Node) -> Any:
    kinds = (operator.attrgetter, operator.itemgetter, operator.methodcaller)
    return {kind.__name__: kind for kind in kinds}[node["__class__"]](*reader.build(node["attrs"]))


def _called(reader: Reader, node: Node) -> Any:
    kind, args = reader.named(node), reader.build(node["content"])
    contents.require(isinstance(args, tuple), "the arguments of a class")  # a range would be expanded
    if kind is frozenset:
        contents.require(all(isinstance(arg, (list, tuple, set)) for arg in args), "a frozenset")
        args = tuple(_flat(list(arg)) for arg in args)
    return kind(*args)


def _object(reader: Reader, node: Node) -> Any:
    kind = reader.named(node)
    state = reader.build(node["content"]) if node.get("content") is not None else None
    if special := _SPECIAL.get(name_of(node)):
        return special(kind, state)
    if isinstance(state, dict):
        handed = {key: held for key, held in state.items() if isinstance(held, _Inner)}
        state.update({key: held.function for key, held in handed.items() if held.owner == name_of(node)})
    made = kind.__new__(kind)
    if state is not None:
        if name_of(node) not in reader.trust:
            _refuse_shadows(kind, state)
        _fill(made, state)
    if isinstance(getattr(made, "__dict__", None), dict):
        reader.estimators.append(made)
    return made


def _refuse_shadows(kind: Any, state: Any) -> None:
    """Data under the name of a method would be called in its place, the checks of scikit-learn included."""
    names = state if isinstance(state, dict) else ()
    shadows = [name for name in names if callable(getattr(kind, str(name), None))]
    contents.require(not shadows, f"data in place of the methods {shadows}")


def _fill(made: Any, state: Any) -> None:
    if hasattr(made, "__setstate__"):
        made.__setstate__(state)
    else:
        vars(made).update(state)


def _array(reader: Reader, node: Node) -> Any:
    if node["type"] == "json":
        return _object_array(reader, node)
    array = reader.array(node["file"])
    if name_of(node) == "numpy.ndarray":
        return array
    return (
        array[()] if reader.named(node) is array.dtype.type and array.ndim == 0 else reader.named(node)(array)
    )


def _object_array(reader: Reader, node: Node) -> Any:
    """Filled one by one, since NumPy would take lists, and ensembles, apart."""
    import numpy as np

    shape = reader.build(node["shape"])
    contents.require(isinstance(shape, tuple), "the shape of an array")
    items = reader.all(node["content"])
    for _ in shape[1:]:
        # Rows that stand for many would grow with each dimension.
        contents.require(len({id(row) for row in items}) == len(items), "the rows of an array")
        items = [item for row in items for item in row]
    contents.require(not shape or len(items) == math.prod(shape), "the shape of an array")
    array = np.empty(shape, dtype=object)
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
    data, mask = reader.build(parts["data"]), reader.build(parts["mask"])
    arrays = isinstance(data, np.ndarray) and isinstance(mask, (np.ndarray, np.bool_))
    contents.require(arrays, "a masked array")
    return np.ma.MaskedArray(data, mask)


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

    data = io.BytesIO(reader.bytes(node["file"]))
    with ZipFile(data) as inner:
        reader.charge(sum(member.file_size for member in inner.infolist()))
    return contents.checked_sparse(load_npz(data))


def _tree(reader: Reader, node: Node) -> Any:
    args, state = reader.build(node["__reduce__"]["args"]), reader.build(node["content"])
    contents.check_tree(args, state)
    tree = reader.named(node)(*args)
    tree.__setstate__(state)
    return tree


def _loss(reader: Reader, node: Node) -> Any:
    args = reader.build(node["__reduce__"]["args"])
    contents.require(isinstance(args, tuple), "the arguments of a loss")
    contents.require(all(isinstance(arg, (int, float)) for arg in args), "the arguments of a loss")
    return reader.named(node)(*args)


_SPECIAL: dict[str, Callable[[Any, Any], Any]] = {
    "lightgbm.basic.Booster": boosters.lightgbm,
    "xgboost.core.Booster": boosters.xgboost,
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
