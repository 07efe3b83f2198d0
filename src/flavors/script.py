"""The part of a script that one of its definitions needs.

A function of a script has no module that another process could import: importing the
script would run it again, the training included. So what travels with a model is the
definition, and those statements of the script that make or change what it refers to.
"""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from .errors import ModelNotSaved

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_EVERYTHING = "*"


def part_of(script: Path, name: str) -> str:
    """The source of ``name``, of all that it refers to, and of nothing else; on the lines where it was.

    It is read off the text: what is put into a module by ``globals()`` or ``setattr`` is not seen.
    Raises ModelNotSaved when no statement of the script defines it.
    """
    with tokenize.open(script) as file:
        source = file.read()
    body = ast.parse(source).body
    kept = _kept(body, name)
    if not any(name in _changes(statement) for statement in kept):
        raise ModelNotSaved(
            f"{name} is not found in {script}, where other processes look for it; define it at the top "
            f"level, above `if __name__ == '__main__':`"
        )
    if any(one.end_lineno == other.lineno for one, other in pairwise(body)):  # several on one line
        return "\n".join(map(ast.unparse, kept)) + "\n"
    return _lines_of(kept, source)


def _kept(body: Sequence[ast.stmt], name: str) -> list[ast.stmt]:
    needed, kept, size = {name, _EVERYTHING}, set[ast.stmt](), -1
    while len(kept) > size:
        size = len(kept)
        for statement in body:
            if statement not in kept and needed.intersection(_changes(statement)):
                kept.add(statement)
                needed.update(_refers_to(statement))
    return [statement for statement in body if statement in kept]


def _changes(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement binds, or whose value it may change."""
    if isinstance(statement, ast.If) and "__name__" in _refers_to(statement.test):
        return  # what is done in the script itself only
    for node in [statement] if isinstance(statement, _DEFINITIONS) else ast.walk(statement):
        yield from _bound_by(node)


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, _DEFINITIONS):
        yield node.name
    elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
        yield _EVERYTHING
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
        yield from _base(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _is_method(node.value):
        yield from _base(node.value)


def _is_method(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute)


def _base(node: ast.expr) -> Iterator[str]:
    """``table`` of ``table.rows[0].name``."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id


def _refers_to(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _lines_of(statements: Iterable[ast.stmt], source: str) -> str:
    """So that a traceback names the lines of the script."""
    lines = source.splitlines()
    text: list[str] = []
    for statement in statements:
        decorators = statement.decorator_list if isinstance(statement, _DEFINITIONS) else []
        first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
        text.extend([""] * (first - 1 - len(text)))
        text.extend(lines[first - 1 : statement.end_lineno])
    return "\n".join(text) + "\n"
