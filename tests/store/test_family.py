"""The relatives of runs."""

from __future__ import annotations

from autolog.store.events import Delete
from autolog.store.family import ancestors, descendants
from autolog.store.folder import FolderStore


def test_a_wide_and_deep_family() -> None:
    store = FolderStore("runs")
    top = store.create("e", "top")
    store.create("e", "another").child("not theirs")
    children = [top.child(f"child {n}") for n in range(501)]
    deep = children[-1].child("grandchild").child("great-grandchild")
    found = descendants(store, [store.get(top.id)])
    assert len(found) == len({run.id for run in found}) == 501 + 2
    assert {run.name for run in found} >= {"child 0", "child 500", "great-grandchild"}
    above = ancestors(store, [store.get(deep.id)])
    assert [run.name for run in above] == ["grandchild", "child 500", "top"]


def test_deleted_relatives_are_found_when_asked_for() -> None:
    store = FolderStore("runs")
    top = store.create("e", "top")
    child = top.child("child")
    grandchild = child.child("grandchild")
    for run in (child, grandchild):
        run.write(Delete(run=0, time=1))
    assert descendants(store, [store.get(top.id)]) == []
    assert len(descendants(store, [store.get(top.id)], deleted=True)) == 2


def test_nobody_above_and_nobody_below() -> None:
    store = FolderStore("runs")
    top = store.create("e", "top")
    run = store.get(top.id)
    assert ancestors(store, [run]) == descendants(store, [run]) == descendants(store, []) == []
