"""Reads filters and orders: text in, a tree out, or an error that points at the place.

The grammar is in grammar.lark. This module loads the parser, which takes a moment, so
it is imported where there is something to read.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from .fields import read_comparison, read_sorting
from .pointing import Misread, pointed
from .tree import EVERYTHING, Node, Sorting, all_of, any_of, comparisons, levels, opposite

# SQLite's own limits are an expression 1,000 deep, 32,766 variables and a parser stack of
# 100; these stay clear of them whatever shape a filter has.
MOST_COMPARISONS = 500
MOST_VALUES = 10_000
DEEPEST = 16
LONGEST = 1_000_000  # characters

_VALUES = ("TEXT", "NUMBER", "FLAG")


def parse(text: str) -> Node:
    """The tree of a filter; the empty one is `EVERYTHING`. Raises FilterError."""
    if not text.strip():
        return EVERYTHING
    node: Node = _read(text, "filter")
    _check_size(node, text)
    return node


def parse_order(text: str) -> tuple[Sorting, ...]:
    """The keys of an order such as ``metrics.acc desc, name``. Raises FilterError."""
    sortings: tuple[Sorting, ...] = _read(text, "order")
    return sortings


class _Builder(Transformer[Token, Any]):
    """Makes the tree while the text is read, so no second walk and no recursion."""

    def disjunction(self, terms: list[Node]) -> Node:
        return any_of(terms)

    def conjunction(self, terms: list[Node]) -> Node:
        return all_of(terms)

    def negation(self, parts: list[Any]) -> Node:
        return opposite(parts[-1])

    def comparison(self, parts: list[Token]) -> Node:
        field, *rest = parts
        words = [word for word in rest if word.type not in _VALUES]
        return read_comparison(field, words, [word for word in rest if word.type in _VALUES])

    def sorting(self, parts: list[Token]) -> Sorting:
        return read_sorting(*parts)

    def order(self, sortings: list[Sorting]) -> tuple[Sorting, ...]:
        return tuple(sortings)


@cache
def _parser() -> Lark:
    grammar = files(__package__).joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", start=["filter", "order"], transformer=_Builder())


def _read(text: str, start: str) -> Any:
    try:
        _check_characters(text)
        return _parser().parse(text, start=start)
    except Misread as error:
        raise pointed(error, text) from None
    except UnexpectedInput as error:
        raise pointed(_misread(error, text, start), text) from None


def _check_characters(text: str) -> None:
    if len(text) > LONGEST:
        raise Misread(f"a filter has at most {LONGEST:,} characters, this one {len(text):,}", LONGEST)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Misread("half a surrogate pair is no character", error.start) from None


def _check_size(node: Node, text: str) -> None:
    terms = list(comparisons(node))
    values = sum(len(term.value) if isinstance(term.value, tuple) else 1 for term in terms)
    problem = None
    if len(terms) > MOST_COMPARISONS:
        problem = f"a filter has at most {MOST_COMPARISONS} comparisons, this one {len(terms):,}"
        problem += "; many values of one key go into a list: tags.x in ('a', 'b')"
    elif values > MOST_VALUES:
        problem = f"a filter has at most {MOST_VALUES:,} values, this one {values:,}"
    elif sum(1 for _ in levels(node)) > DEEPEST:
        problem = f"'and', 'or' and 'not' nest at most {DEEPEST} deep"
    if problem is not None:
        raise pointed(Misread(problem, 0), text)


def _misread(error: UnexpectedInput, text: str, start: str) -> Misread:
    """A syntax error in words."""
    if isinstance(error, UnexpectedCharacters):
        return _odd_character(text, error.pos_in_stream or 0)
    assert isinstance(error, UnexpectedToken)
    wanted = _wanted(error.expected, start)
    if error.token.type == "$END":
        return Misread(f"{wanted} is missing at the end", len(text.rstrip()))
    found, position = error.token.value, error.token.start_pos or 0
    if "TEXT" in error.expected and error.token.type in ("NAME", "FIELD"):
        return Misread(f"{wanted} is expected; a text stands in quotes: '{found}'", position)
    return Misread(f"{wanted} is expected, not {found!r}", position)


def _odd_character(text: str, position: int) -> Misread:
    character = text[position]
    if character in "'\"`":
        return Misread(f"this {character} has no second one", position)
    return Misread(f"{character!r} means nothing here", position)


def _wanted(expected: Collection[str], start: str) -> str:
    """What could stand at a place, in the user's words."""
    if "NAME" in expected:
        return "something to compare or sort by, such as metrics.acc,"
    if start == "order":
        return "asc, desc or a comma"
    if "OPERATOR" in expected:
        return "a comparison such as = or <"
    if "TEXT" in expected:
        return "a value"
    words = {"RPAR": "')'", "LPAR": "'('", "NULL": "null", "LIKE": "like", "IN": "in"}
    if "$END" in expected:
        words = {"_AND": "'and'", "_OR": "'or'"}
    return " or ".join(word for name, word in words.items() if name in expected)
