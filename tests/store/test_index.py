"""The index follows the log, whatever happens to it, to the log, or to whoever reads."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from autolog.store.events import (
    Artifact,
    Delete,
    End,
    Event,
    Join,
    Metrics,
    Params,
    Rewind,
    Start,
    Tags,
    line,
)
from autolog.store.folder import FolderStore
from autolog.store.index.schema import chunks, files
from autolog.store.index.schema import metrics as metrics_table
from tests.store.logs import gone, write

T0 = 1_732_345_678_000
FOLDER = "fruit/20241123-070758-apple-abcd1111"


def contents(store: FolderStore) -> dict[str, Any]:
    """All that a store says, deleted runs too; numbers as text, since NaN is unequal to itself."""
    runs = [*store.search(order_by=["attributes.run_id"]), *store.search("deleted = true")]
    return {
        run.id: (repr(run), {key: repr(store.points(run.id, key)) for key in run.metrics}) for run in runs
    }


def filled(path: Path) -> FolderStore:
    store = FolderStore(path)
    for name in ("apple", "pear"):
        writer = store.create("fruit", name)
        writer.write(
            Params(0, T0, params={"name": name}), Metrics(0, T0, step=0, metrics={"acc": 0.5, "n": 1})
        )
        for step in range(5_000):
            writer.point("loss", step, T0 + step, step / 7)
        inner = writer.child("inner")
        inner.point("loss", 0, T0, 0.25)
        inner.write(End(0, T0 + 5, status="FAILED", error="ValueError: no"))
        writer.write(End(0, T0 + 5_000, status="FINISHED"))
    return store


def fresh(store: FolderStore) -> FolderStore:
    return FolderStore(store.path)


@contextmanager
def statements(store: FolderStore) -> Iterator[list[str]]:
    """The SQL that is sent meanwhile."""
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = store.index._engine
    assert engine is not None
    sa.event.listen(engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", note)


# The index goes missing, breaks, or cannot be where it should


@pytest.mark.parametrize("again", [fresh, lambda store: store], ids=["another reader", "the same reader"])
@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: shutil.rmtree(path.parent),
        lambda path: path.write_bytes(b"no database at all" * 1_000),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:20_000]),
        lambda path: path.write_bytes(
            path.read_bytes()[:30_000] + os.urandom(60_000) + path.read_bytes()[90_000:]
        ),
    ],
    ids=["deleted", "folder deleted", "junk", "empty", "cut", "overwritten"],
)
def test_a_lost_or_broken_index_is_built_again(
    tmp_path: Path, harm: Callable[[Path], Any], again: Any
) -> None:
    store = filled(tmp_path / "store")
    before = contents(store)
    store.index._close()
    harm(tmp_path / "store" / ".autolog" / "index.sqlite")
    assert contents(again(store)) == before


def test_an_index_of_another_version_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from autolog.store.index import database

    store = filled(tmp_path / "store")
    before = contents(store)
    monkeypatch.setattr(database, "_FORMAT", "999-little")
    assert contents(fresh(store)) == before


def test_without_locks_the_index_is_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    store = filled(tmp_path / "store")
    before = contents(store)
    shutil.rmtree(tmp_path / "store" / ".autolog")
    lockf = fcntl.lockf

    def no_locks_in_the_store(file: Any, *arguments: Any) -> None:
        if str(tmp_path / "store") in file.name:
            raise OSError(37, "No locks available")
        lockf(file, *arguments)

    monkeypatch.setattr(fcntl, "lockf", no_locks_in_the_store)
    assert contents(fresh(store)) == before
    assert not list(store.path.rglob("index.sqlite"))
    assert len(list((tmp_path / ".cache" / "autolog").rglob("index.sqlite"))) == 1


def test_a_store_that_cannot_be_written_is_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path / "store")
    before = contents(store)
    shutil.rmtree(tmp_path / "store" / ".autolog")
    (tmp_path / "store" / ".autolog").write_text("in the way, as a read-only folder would be")
    assert contents(fresh(store)) == before
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    assert contents(fresh(store)) == before


def test_reading_makes_no_store(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "none")
    assert store.search() == []
    assert not store.path.exists()
    writer = store.create("fruit", "apple")
    assert [run.id for run in store.search()] == [writer.id]


@pytest.mark.slow
def test_an_indexer_killed_at_any_moment(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    before = contents(store)
    shutil.rmtree(tmp_path / "store" / ".autolog")
    code = "import sys; from autolog.store.folder import FolderStore; FolderStore(sys.argv[1]).search()"
    for seed in range(12):
        with subprocess.Popen([sys.executable, "-c", code, store.uri]) as process:
            time.sleep(0.25 + random.Random(seed).random() * 0.2)
            process.kill()
        if seed % 4 == 3:
            shutil.rmtree(tmp_path / "store" / ".autolog", ignore_errors=True)
    assert contents(fresh(store)) == before


@pytest.mark.slow
def test_two_indexers_apply_nothing_twice(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    code = "import sys; from autolog.store.folder import FolderStore; FolderStore(sys.argv[1]).search()"
    processes = [subprocess.Popen([sys.executable, "-c", code, store.uri]) for _ in range(6)]
    assert [process.wait() for process in processes] == [0] * 6
    found = contents(store)
    shutil.rmtree(tmp_path / "store" / ".autolog")
    assert contents(fresh(store)) == found


# The log is copied, moved, merged, replaced


@pytest.mark.parametrize("with_index", [True, False])
def test_a_store_is_moved_and_copied(tmp_path: Path, with_index: bool) -> None:
    store = filled(tmp_path / "store")
    before = contents(store)
    if not with_index:
        shutil.rmtree(store.path / ".autolog")
    shutil.copytree(store.path, tmp_path / "copy")
    assert contents(FolderStore(tmp_path / "copy")) == before
    store.path.rename(tmp_path / "moved")
    assert contents(FolderStore(tmp_path / "moved")) == before


def test_two_stores_are_merged(tmp_path: Path) -> None:
    first, second = filled(tmp_path / "first"), filled(tmp_path / "second")
    both = contents(first) | contents(second)
    shutil.copytree(second.path, first.path, dirs_exist_ok=True)  # the other's index comes along
    assert contents(fresh(first)) == both
    assert contents(first) == both


def test_a_copy_within_the_store_counts_once(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    before = contents(store)
    (folder, *_) = sorted((store.path / "fruit").iterdir())
    shutil.copytree(folder, store.path / "fruit" / "zz-copy")
    assert contents(store) == before
    shutil.rmtree(folder)
    assert contents(store) == before
    shutil.rmtree(store.path / "fruit" / "zz-copy")
    assert len(contents(store)) == len(before) - 2


def test_a_run_moved_to_another_experiment(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    assert len(store.search(experiment="fruit")) == 4
    (store.path / "nuts").mkdir()
    (folder, *_) = (store.path / "fruit").iterdir()
    folder.rename(store.path / "nuts" / folder.name)
    assert len(store.search(experiment="fruit")) == 2
    assert len(store.search(experiment="nuts")) == 2
    shutil.rmtree(store.path / "fruit")
    assert len(store.search()) == 2


def test_a_file_that_was_replaced_or_shrank(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    begin = Start(1, T0, id="abcd1111", name="apple")
    points = [Metrics(1, T0 + i, step=i, metrics={"loss": i}) for i in range(5)]
    file = write(store.path / FOLDER, gone(), begin, *points)
    assert list(store.points("abcd1111", "loss").step) == [0, 1, 2, 3, 4]
    whole = file.read_bytes()
    write(store.path / FOLDER, gone(), begin, *points[:2])
    assert list(store.points("abcd1111", "loss").step) == [0, 1]
    synced = file.with_name("synced")
    synced.write_bytes(whole)  # as rsync does: a new file in its place, longer than before
    synced.replace(file)
    with store.index.connection() as connection:
        before = connection.scalar(sa.select(files.c.id))
    assert list(store.points("abcd1111", "loss").step) == [0, 1, 2, 3, 4]
    with store.index.connection() as connection:
        assert connection.scalar(sa.select(files.c.id)) == before  # it went on, not begun anew
    other = file.with_name("other")
    other.write_bytes(line(gone()) + line(begin) + b'[1,"loss",7,1,2]\n' * 100)
    other.replace(file)
    assert list(store.points("abcd1111", "loss").step) == [7] * 100
    # The inode of one that was removed may be given to the next.
    file.write_bytes(line(gone()) + line(begin) + b'[1,"loss",9,1,2]\n' * 200)
    assert list(store.points("abcd1111", "loss").step) == [9] * 200


# Torn, damaged, from the future


@pytest.mark.slow
def test_the_tail_torn_at_every_byte(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    events = [
        Start(1, T0, id="abcd1111", name="é✓"),
        Params(1, T0, params={"a": "b"}),
        End(1, T0, status="FINISHED"),
    ]
    file = write(store.path / FOLDER, gone(), *events)
    whole = file.read_bytes()
    lines = list(itertools.accumulate(len(piece) + 1 for piece in whole.split(b"\n")[:-1]))
    file.write_bytes(b"")
    assert store.search() == []
    for size in range(1, len(whole) + 1):
        with file.open("ab") as opened:
            opened.write(whole[size - 1 : size])
        complete = sum(end <= size for end in lines)
        found = store.search()
        assert [run.name for run in found] == ["é✓"] * (complete >= 2)
        assert [run.status for run in found if complete == 4] == ["FINISHED"] * (complete == 4)
        assert [dict(run.params) for run in found if complete >= 3] == [{"a": "b"}] * (complete >= 3)
    assert damaged(store) == 0


def damaged(store: FolderStore) -> int:
    with store.index.connection() as connection:
        return int(connection.scalar(sa.select(sa.func.sum(files.c.damaged))) or 0)


def test_damaged_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    bad = (b'{"event":"par', b"\0\0\0", b'[9,"loss",1,1,0.5]')
    good = (b'[1,"loss",0,1,0.5]', b'{"event":"dance","run":1}', b'[1,"loss",2,1,1.5]')
    more = b"".join(line + b"\n" for pair in zip(bad, good, strict=True) for line in pair)
    write(store.path / FOLDER, gone(), Start(1, T0, id="abcd1111", name="apple"), more=more)
    assert list(store.points("abcd1111", "loss").value) == [0.5, 1.5]
    assert damaged(store) == 3


@pytest.mark.parametrize("first", [b"", b"junk\n", b'{"autolog":"x"}\n'])
def test_a_file_without_a_first_line_is_read(tmp_path: Path, first: bytes) -> None:
    store = FolderStore(tmp_path / "store")
    file = write(store.path / FOLDER, gone(), Start(1, T0, id="abcd1111", name="apple"))
    file.write_bytes(first + file.read_bytes().split(b"\n", 1)[1])
    assert [(run.name, run.stale) for run in store.search()] == [("apple", True)]


def test_a_file_of_a_later_format_is_left_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    file = write(store.path / FOLDER, gone(), Start(1, T0, id="abcd1111", name="apple"))
    file.write_bytes(file.read_bytes().replace(b'"autolog":1', b'"autolog":2', 1))
    assert store.search() == []


def test_lines_of_many_megabytes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    writer.write(Params(0, T0, params={"long": "x" * 5_000_000}))
    writer.point("loss", 0, T0, 0.5)
    run = store.get(writer.id)
    assert (len(str(run.params["long"])), run.metrics) == (5_000_000, {"loss": 0.5})


# The order in which files are read does not matter


def test_a_child_known_before_its_parent(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    write(store.path / FOLDER, gone("b"), Start(1, T0 + 1, id="child-1", parent="abcd1111", name="trial"))
    assert [(run.id, run.parent_id) for run in store.search()] == [("child-1", "abcd1111")]
    write(store.path / FOLDER, gone("a"), Start(1, T0, id="abcd1111", name="search"))
    assert [run.id for run in store.search("parent = 'abcd1111'")] == ["child-1"]
    assert store.get("abcd1111").name == "search"


def test_a_run_of_which_only_others_tell(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    events = (Join(1, T0, id="abcd1111"), Tags(1, T0, tags={"a": "b"}))
    write(store.path / FOLDER, gone("b"), *events)
    run = store.get("abcd1111")
    assert (run.name, run.start_time, run.tags) == ("abcd1111", T0, {"a": "b"})
    write(store.path / FOLDER, gone("a"), Start(1, T0 + 9, id="abcd1111", name="apple"))
    run = store.get("abcd1111")
    assert (run.name, run.start_time) == ("apple", T0 + 9)


TIMES = st.integers(T0, T0 + 50)
STEPS = st.integers(0, 5)
KEYS = st.sampled_from(["a", "b"])
EVENTS = st.one_of(
    st.builds(Params, st.just(1), TIMES, params=st.dictionaries(KEYS, STEPS, min_size=1)),
    st.builds(Tags, st.just(1), TIMES, tags=st.dictionaries(KEYS, KEYS, min_size=1)),
    st.builds(Metrics, st.just(1), TIMES, step=STEPS, metrics=st.dictionaries(KEYS, STEPS, min_size=1)),
    st.builds(End, st.just(1), TIMES, status=st.sampled_from(["FINISHED", "FAILED"])),
    st.builds(Join, st.just(1), TIMES, id=st.just("abcd1111"), resumed=st.just(True)),
    st.builds(Delete, st.just(1), TIMES, deleted=st.booleans()),
    st.builds(Artifact, st.just(1), TIMES, path=KEYS, size=st.just(1)),
    st.builds(Rewind, st.just(1), TIMES, key=KEYS, step=STEPS),
)


def at_different_times(written: list[list[Event]]) -> bool:
    times = [event.time for events in written for event in events]
    return len(set(times)) == len(times)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    written=st.lists(
        st.lists(EVENTS, min_size=2, max_size=8).map(lambda e: sorted(e, key=lambda x: x.time)),
        min_size=2,
        max_size=3,
    ).filter(at_different_times),
    data=st.data(),
)
def test_any_order_of_reading_gives_the_same(
    written: list[list[Event]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("order")
    begin = [
        Start(1, T0 - 10, id="abcd1111", name="apple"),
        Join(1, T0 - 9, id="abcd1111"),
        Join(1, T0 - 8, id="abcd1111"),
    ]
    whole = FolderStore(path / "whole")
    for number, events in enumerate(written):
        write(whole.path / FOLDER, gone(f"w{number}"), begin[number], *events)
    bit_by_bit = FolderStore(path / "bits")
    pieces = {f"w{n}": [begin[n], *events] for n, events in enumerate(written)}
    while pieces:
        writer = data.draw(st.sampled_from(sorted(pieces)))
        event = pieces[writer].pop(0)
        file = bit_by_bit.path / FOLDER / f"events-{writer}.jsonl"
        if file.exists():
            with file.open("ab") as opened:
                opened.write(line(event))
        else:
            write(bit_by_bit.path / FOLDER, gone(writer), event)
        if not pieces[writer]:
            del pieces[writer]
        bit_by_bit.search()
    assert contents(bit_by_bit) == contents(whole)


# What it costs


def test_reading_with_nothing_new_sends_few_statements(tmp_path: Path) -> None:
    store = filled(tmp_path / "store")
    store.search()
    with statements(store) as sent, store.index.connection():
        pass
    assert len(sent) <= 3  # is a run still alive?


def test_the_cost_of_news_does_not_depend_on_the_number_of_runs(tmp_path: Path) -> None:
    counts = []
    store = filled(tmp_path / "store")
    store.search()
    for runs in (1, 30):
        top = store.create("fruit", "search")
        for number in range(runs):
            trial = top.child(f"trial {number}")
            trial.write(Params(0, T0, params={"lr": number}), Metrics(0, T0, step=0, metrics={"acc": number}))
        with statements(store) as sent:
            store.search(limit=1)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_a_metric_of_one_point_needs_no_chunk(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    for key in "abc":
        writer.point(key, 3, T0, 0.5)
    writer.point("c", 4, T0, 0.75)
    assert list(store.points(writer.id, "a").step) == [3]
    with store.index.connection() as connection:
        assert list(connection.scalars(sa.select(chunks.c.key))) == ["c"]
        assert len(list(connection.scalars(sa.select(metrics_table.c.key)))) == 3


def test_bytes_for_each_point(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    count = 100_000
    draw = random.Random(1)
    for step in range(count):
        writer.point("loss", step, T0 + step, draw.random())
    store.search()
    (log,) = writer.folder.glob("events-*.jsonl")
    assert log.stat().st_size / count <= 60
    assert (store.path / ".autolog" / "index.sqlite").stat().st_size / count <= 24
