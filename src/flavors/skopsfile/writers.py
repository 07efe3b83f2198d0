"""How objects of each class are written: by the name of the class, for them and their subclasses."""

from __future__ import annotations

import functools
import io
import operator
from typing import Any

from .write import State, Unsupported, Writer, WriterOf, json_state


def write_object(writer: Writer, value: Any) -> State:
    """Anything without a writer of its own: its class, and what it gives to be pickled."""
    if isinstance(value, (str, int, float)):  # subclasses; the format keeps the plain value
        return json_state(value)
    kind: Any = type(value)
    if kind.__reduce__ is not object.__reduce__ or kind.__reduce_ex__ is not object.__reduce_ex__:
        reduced = value.__reduce_ex__(2)
        if len(reduced) >= 2 and reduced[0] is kind and not any(part is not None for part in reduced[2:]):
            return writer.node("ConstructorFromReduceNode", kind, content=writer.state(reduced[1]))
    if kind.__reduce_ex__ is not object.__reduce_ex__:  # a tensor: its attributes are not what it is
        raise Unsupported(f"objects of {kind.__module__}.{kind.__qualname__}, which have a pickled form only")
    content = value.__getstate__()
    if not isinstance(content, (dict, type(None))) and not hasattr(kind, "__setstate__"):
        raise Unsupported(f"objects of {kind.__module__}.{kind.__qualname__} have no plain attributes")
    return writer.node("ObjectNode", kind, content=writer.state(content))


def _dict(writer: Writer, value: dict[Any, Any]) -> State:
    key_types = [writer.node("TypeNode", type(key)) for key in value]
    content: State = {}
    for key, held in value.items():
        try:
            content[_key(key)] = writer.state(held)
        except Unsupported as error:
            error.path.insert(0, f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]")
            raise
    if len(content) != len(value):
        raise Unsupported("a dict with keys that differ only in their type")
    types = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": key_types}
    return writer.node("DictNode", type(value), content=content, key_types=types)


def _key(key: Any) -> str:
    """A key as text that its type makes the key from again; ``bool("False")`` would be true."""
    plain = key.item() if hasattr(key, "dtype") else key
    if isinstance(plain, bool):
        return "true" if plain else ""
    if isinstance(plain, (str, int, float)):
        return str(plain)
    raise Unsupported(f"a dict with a key of type {type(key).__name__}")


def _defaultdict(writer: Writer, value: Any) -> State:
    if not all(isinstance(key, str) for key in value):
        raise Unsupported("a defaultdict with keys that are no text")
    content = {"main": _dict(writer, dict(value)), "default_factory": writer.state(value.default_factory)}
    return writer.node("DefaultDictNode", type(value), content=content)


def _list(writer: Writer, value: list[Any]) -> State:
    return writer.node("ListNode", type(value), content=writer.states(value))


def _tuple(writer: Writer, value: tuple[Any, ...]) -> State:
    return writer.node("TupleNode", type(value), content=writer.states(value))


def _set(writer: Writer, value: set[Any]) -> State:
    return writer.node("SetNode", type(value), content=writer.states(sorted(value, key=repr)))


def _bytes(writer: Writer, value: bytes) -> State:
    return writer.node("BytesNode", type(value), file=writer.data(value, value, "bin"))


def _bytearray(writer: Writer, value: bytearray) -> State:
    return writer.node("BytearrayNode", type(value), file=writer.data(value, value, "bin"))


def _slice(writer: Writer, value: slice) -> State:
    ends = {name: getattr(value, name) for name in ("start", "stop", "step")}
    content = {name: end.item() if hasattr(end, "dtype") else end for name, end in ends.items()}
    if not all(isinstance(end, (int, str, type(None))) for end in content.values()):
        raise Unsupported(f"the slice {value!r}")
    return writer.node("SliceNode", slice, content=content)


def _function(writer: Writer, value: Any) -> State:
    return writer.node("FunctionNode", value)


def _type(writer: Writer, value: Any) -> State:
    return writer.node("TypeNode", value)


def _method(writer: Writer, value: Any) -> State:
    owner, name = value.__self__, value.__func__.__name__
    content = {"func": name, "obj": writer.state(owner)}
    state = writer.node("MethodNode", type(owner), content=content)
    writer.names.add(f"{state['__module__']}.{state['__class__']}.{name}")
    return state


def _partial(writer: Writer, value: Any) -> State:
    _, _, (function, args, keywords, namespace) = value.__reduce__()
    held = {"func": function, "args": args, "kwds": keywords, "namespace": namespace}
    content = {name: writer.state(part) for name, part in held.items()}
    return writer.node("PartialNode", functools.partial, content=content)


def _operator(writer: Writer, value: Any) -> State:
    kind, args = value.__reduce__()
    if kind is not type(value):
        raise Unsupported(f"{value!r}")
    return writer.node("OperatorFuncNode", getattr(operator, kind.__name__), attrs=writer.state(args))


def _zone(writer: Writer, value: Any) -> State:
    if value.key is None:
        raise Unsupported("a time zone that was read from a file")
    return writer.node("ConstructorFromReduceNode", type(value), content=writer.state((value.key,)))


def _array(writer: Writer, value: Any) -> State:
    import numpy as np

    # A memory-mapped array is an array that happens to live in a file of this machine.
    kind = np.ndarray if isinstance(value, np.memmap) else type(value)
    if value.dtype == object:
        content = writer.states(value.tolist()) if value.ndim else []
        return writer.node("NdArrayNode", kind, type="json", content=content, shape=writer.state(value.shape))
    try:
        return writer.node("NdArrayNode", kind, type="numpy", file=writer.array(value))
    except ValueError as error:
        raise Unsupported(f"an array of dtype {value.dtype}") from error


def _masked_array(writer: Writer, value: Any) -> State:
    content = {"data": writer.state(value.data), "mask": writer.state(value.mask)}
    return writer.node("MaskedArrayNode", type(value), content=content)


def _dtype(writer: Writer, value: Any) -> State:
    import numpy as np

    return writer.node("DTypeNode", np.dtype, content=writer.state(np.ndarray(0, dtype=value)))


def _random_state(writer: Writer, value: Any) -> State:
    return writer.node("RandomStateNode", type(value), content=writer.state(value.get_state(legacy=False)))


def _generator(writer: Writer, value: Any) -> State:
    bits = value.bit_generator
    content = {"bit_generator": writer.state(bits.state), "seed_seq": writer.state(bits.seed_seq.state)}
    return writer.node("RandomGeneratorNode", type(value), content=content)


def _sparse(writer: Writer, value: Any) -> State:
    from scipy.sparse import save_npz

    buffer = io.BytesIO()
    try:
        save_npz(buffer, value)
    except NotImplementedError as error:
        raise Unsupported(f"a sparse matrix of format {value.format!r}") from error
    file = writer.data(value, buffer.getvalue(), "npz")
    return writer.node("SparseMatrixNode", type(value), type="scipy", file=file)


def _tree(writer: Writer, value: Any) -> State:
    _, args, attributes = value.__reduce__()
    reduced = {"args": writer.state(args)}
    return writer.node("TreeNode", type(value), __reduce__=reduced, content=writer.state(attributes))


def _loss(writer: Writer, value: Any) -> State:
    """Compiled losses are rebuilt by ``__init__``; Cython's generic unpickler hides its arguments."""
    function, args, *_ = value.__reduce__()
    if function is not type(value):
        args = args[2] or ()
    reduced = {"args": writer.state(tuple(args))}
    return writer.node("LossNode", type(value), __reduce__=reduced, content=writer.state({}))


def _metadata_request(writer: Writer, value: Any) -> State:
    """Its owner is for messages only, and may be a name; as an object it would lead back to the estimator."""
    content = value.__getstate__()
    if not isinstance(content.get("owner"), (str, type(None))):
        content = {**content, "owner": type(content["owner"]).__name__}
    return writer.node("ObjectNode", type(value), content=writer.state(content))


def _unsupported(writer: Writer, value: Any) -> State:
    raise Unsupported(f"{type(value).__name__}, which the skops format has no form for")


WRITERS: dict[str, WriterOf] = {
    "builtins.dict": _dict,
    "collections.defaultdict": _defaultdict,
    "builtins.list": _list,
    "builtins.tuple": _tuple,
    "builtins.set": _set,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytearray,
    "builtins.slice": _slice,
    "builtins.function": _function,
    "builtins.builtin_function_or_method": _type,
    "builtins.type": _type,
    "builtins.method": _method,
    "functools.partial": _partial,
    "operator.attrgetter": _operator,
    "operator.itemgetter": _operator,
    "operator.methodcaller": _operator,
    "zoneinfo.ZoneInfo": _zone,
    "numpy.generic": _array,
    "numpy.ndarray": _array,
    "numpy.ma.MaskedArray": _masked_array,
    "numpy.ma.core.MaskedArray": _masked_array,
    "numpy.dtype": _dtype,
    "numpy.ufunc": _function,
    "numpy._ArrayFunctionDispatcher": _function,
    "numpy.random.mtrand.RandomState": _random_state,
    "numpy.random._generator.Generator": _generator,
    "scipy.sparse._matrix.spmatrix": _sparse,
    "scipy.sparse._base.sparray": _sparse,
    "sklearn.tree._tree.Tree": _tree,
    "sklearn._loss._loss.CyLossFunction": _loss,
    "sklearn._loss._loss.CyHalfMultinomialLoss": _loss,
    "sklearn.utils._metadata_requests.MetadataRequest": _metadata_request,
    "sklearn.utils._metadata_requests.MethodMetadataRequest": _metadata_request,
    "sklearn.cluster._birch.Birch": _unsupported,
}
