"""Searching runs, in MLflow's words.

MLflow's filters are nearly a part of ours; what is called otherwise is renamed in the tree.
Ours can do more (or, not, parentheses), and may be sent here as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..base import RunData, Store
from ..query.language import parse, parse_order
from ..query.tree import AllOf, AnyOf, Comparison, Field, Node, Not, Sorting, all_of, any_of
from ..wire import tracking as wire
from ..wire.endpoint import Endpoint
from .experiments import found
from .paging import offset_of, page_size, token_for
from .routing import Handler
from .views import PARENT, RUN_NAME, SAME_TAGS, USER, seen_runs

_USUAL, _MOST = 1000, 50_000

_QUOTED = re.compile(r"""('(?:[^']|'')*'|"[^"]*"|`[^`]*`)""")
_FOREIGN = re.compile(r"(?<![\w.])(?:(?:attributes?|attr|run)\.)?(user_id|artifact_uri)\b", re.IGNORECASE)
_OURS = {"user_id": f"tags.{USER}", "artifact_uri": "tags.mlflow.artifactUri"}
"""What is an attribute of MLflow's runs and none of ours stands as a tag in the tree."""

_ARTIFACTS = Field("tags", "mlflow.artifactUri")
_RUN_OF_URI = re.compile(r"mlflow-artifacts:/+[^/]+/([^/]+)/artifacts/?")
_NAME, _PARENT, _ID = (Field("attributes", key) for key in ("name", "parent", "run_id"))
_DELETED, _EXPERIMENT = (Field("attributes", key) for key in ("deleted", "experiment"))
_PARENT_CAN = ("=", "!=", "in", "not in", "is null", "is not null")


def search(store: Store, asked: wire.SearchRuns) -> wire.RunsFound:
    offset, size = offset_of(asked.page_token), page_size(asked.max_results, _USUAL, _MOST)
    order = [str(sorting) for text in asked.order_by for sorting in map(_sorted_by, _order(text))]
    names = [found(store, id).name for id in dict.fromkeys(asked.experiment_ids)]
    if not names:
        return wire.RunsFound()
    wanted = _wanted(asked.filter or "", names, asked.run_view_type)
    runs: Sequence[RunData] = store.search(
        str(wanted), order_by=[*order, "start_time desc", "run_id asc"], limit=size + 1, offset=offset
    )
    return wire.RunsFound(seen_runs(store, runs[:size]), token_for(offset + size) if len(runs) > size else "")


def _wanted(filter: str, names: Sequence[str], view: str | None) -> Node:
    terms: list[Node] = [
        _renamed(parse(_written(filter))),
        Comparison(_EXPERIMENT, "in", tuple(names)),
    ]
    if view == "DELETED_ONLY":
        terms.append(Comparison(_DELETED, "=", True))
    if view == "ALL":  # whoever speaks of it gets the deleted ones, too
        terms.append(AnyOf((Comparison(_DELETED, "=", True), Comparison(_DELETED, "=", False))))
    return all_of(terms)


def _written(filter: str) -> str:
    """A filter or an order in which every name is one that ours knows."""
    parts = _QUOTED.split(filter)
    parts[::2] = [_FOREIGN.sub(lambda match: _OURS[match[1].lower()], part) for part in parts[::2]]
    return "".join(parts)


def _order(text: str) -> tuple[Sorting, ...]:
    return parse_order(_written(text))


def _sorted_by(sorting: Sorting) -> Sorting:
    renamed = {RUN_NAME: _NAME, PARENT: _PARENT, _ARTIFACTS.key: _ID}
    if sorting.field.kind != "tags" or sorting.field.key not in renamed:
        return sorting
    return Sorting(renamed[sorting.field.key], sorting.descending)


def _renamed(node: Node) -> Node:
    if isinstance(node, AllOf):
        return AllOf(tuple(map(_renamed, node.terms)))
    if isinstance(node, AnyOf):
        return AnyOf(tuple(map(_renamed, node.terms)))
    if isinstance(node, Not):
        return Not(_renamed(node.term))
    return _compared(node) if node.field.kind == "tags" else node


def _compared(term: Comparison) -> Node:
    """A comparison with a tag of MLflow's as one with what it is made of here."""
    key = term.field.key
    if key == RUN_NAME:
        return Comparison(_NAME, term.operator, term.value)
    if key == PARENT:
        nested = [Comparison(_PARENT, term.operator, term.value)] if term.operator in _PARENT_CAN else []
        return _either(term, [*nested, term])
    if key == _ARTIFACTS.key:
        return Comparison(_ID, term.operator, _mapped(term.value, _run_of_uri))
    if key in SAME_TAGS:
        return _either(term, [term, Comparison(Field("tags", SAME_TAGS[key]), term.operator, term.value)])
    return term


def _either(term: Comparison, places: Sequence[Node]) -> Node:
    """One of the places holds; for what must be missing, none of them."""
    return all_of(places) if term.operator == "is null" else any_of(places)


def _run_of_uri(uri: Any) -> Any:
    """The run whose artifacts lie there, as a pattern stays one."""
    match = _RUN_OF_URI.fullmatch(uri) if isinstance(uri, str) else None
    return match[1] if match else uri


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    return tuple(map(change, value)) if isinstance(value, tuple) else change(value)


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {wire.SEARCH_RUNS: search}
