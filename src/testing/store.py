"""The contract that every store keeps, as a pytest class.

class TestMyStore(StoreContract):
    def make_store(self, tmp_path):
        return MyStore(tmp_path / "store")
"""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import pytest

from ..store.base import Entry, Input, Last, LoggedModel, Store
from ..store.errors import (
    ArtifactNotFound,
    ExperimentNotFound,
    FilterError,
    InvalidName,
    ModelNotFound,
    RunNotFound,
)
from ..store.events import Delete, End, Metrics, Model, Name, Params, Rewind, Scalar, Tags
from ..store.events import Input as InputEvent

T0 = 1_732_345_678_000
"""A time to log at, in milliseconds."""


class StoreContract:
    """Inherit it and say how your store is made."""

    def make_store(self, tmp_path: Path) -> Store:
        """A store that is empty at first; called again with the same path, the same store."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make_store(tmp_path)

    # Runs

    def test_a_store_begins_empty(self, store: Store) -> None:
        assert store.search() == []
        with pytest.raises(RunNotFound, match="abcd1234"):
            store.get("abcd1234")

    def test_a_run_that_began_is_running(self, store: Store) -> None:
        writer = store.create("fruit/röd", "apple")
        run = store.get(writer.id)
        assert (run.id, run.name, run.experiment, run.status) == (writer.id, "apple", "fruit/röd", "RUNNING")
        assert run.parent_id is None
        assert run.end_time is None
        assert run.error is None
        assert run.start_time is not None

    @pytest.mark.parametrize(
        ("status", "error"), [("FINISHED", None), ("FAILED", "ValueError: no"), ("KILLED", None)]
    )
    def test_an_end_is_kept(self, store: Store, status: Any, error: str | None) -> None:
        writer = store.create("fruit", "apple")
        writer.write(End(run=0, time=T0 * 2, status=status, error=error))
        writer.close()
        run = store.get(writer.id)
        assert (run.status, run.error, run.end_time, run.stale) == (status, error, T0 * 2, False)

    def test_writing_after_close_still_works(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        writer.close()
        writer.point("score", 0, T0, 0.5)
        assert store.get(writer.id).metrics == {"score": 0.5}

    def test_many_points_at_once(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        writer.points([])
        writer.points([("loss", 0, T0, 0.5), ("acc", 0, T0, 0.1), ("loss", 7, T0 + 1, "NaN")])
        assert list(store.points(writer.id, "loss").step) == [0, 7]
        assert list(store.points(writer.id, "loss").time) == [T0, T0 + 1]
        assert list(store.points(writer.id, "acc").value) == [0.1]

    def test_nested_runs_of_any_depth(self, store: Store) -> None:
        top = store.create("fruit", "search")
        middle = top.child("trial", id="given-id-1")
        bottom = store.create("fruit", "fold", parent=middle.id)
        assert middle.id == "given-id-1"
        assert [store.get(w.id).parent_id for w in (top, middle, bottom)] == [None, top.id, middle.id]
        assert {run.experiment for run in store.search()} == {"fruit"}

    def test_several_may_begin_the_same_nested_run(self, store: Store, tmp_path: Path) -> None:
        top = store.create("fruit", "search")
        top.child("trial", id="given-id-1").point("score", 0, T0, 0.5)
        elsewhere = self.make_store(tmp_path).join(top.id, address=top.address)
        elsewhere.child("trial", id="given-id-1").point("score", 1, T0 + 1, 0.25)
        assert [run.id for run in store.search("parent IS NOT NULL")] == ["given-id-1"]
        assert list(store.points("given-id-1", "score").value) == [0.5, 0.25]

    @pytest.mark.parametrize("id", ["", "a/b", "..", "../../x", "a" * 65, "a\0bc"])
    def test_an_id_that_is_none(self, store: Store, id: str) -> None:
        with pytest.raises(InvalidName):
            store.create("fruit", "search").child("trial", id=id)

    @pytest.mark.parametrize("experiment", ["", "a\0b", "x" * 300])
    def test_an_experiment_that_is_none(self, store: Store, experiment: str) -> None:
        with pytest.raises(InvalidName):
            store.create(experiment, "apple")

    @pytest.mark.parametrize("experiment", ["..", "../up", ".hidden", "a\\b", "C:", "naïve ✓", "%2F"])
    def test_any_other_experiment_is_kept_as_it_is(self, store: Store, experiment: str) -> None:
        writer = store.create(experiment, "../apple\0")
        assert store.get(writer.id).experiment == experiment
        assert [run.id for run in store.search(experiment=experiment)] == [writer.id]

    def test_the_beginning_of_an_id_is_enough(self, store: Store) -> None:
        top = store.create("fruit", "search")
        for id in ("abcd-1111", "abcd-2222"):
            top.child("trial", id=id)
        assert store.get("abcd-1").id == "abcd-1111"
        with pytest.raises(RunNotFound, match="abcd-1111, abcd-2222"):
            store.get("abcd")
        with pytest.raises(KeyError, match="'abc'"):
            store.get("abc")

    def test_unknown_runs_are_named(self, store: Store) -> None:
        for ask in (store.join, store.get, store.artifacts, lambda id: store.points(id, "loss")):
            with pytest.raises(RunNotFound, match="no-such-run"):
                ask("no-such-run")
        with pytest.raises(RunNotFound, match="no-such-run"):
            store.create("fruit", "apple", parent="no-such-run")
        with pytest.raises(RunNotFound, match="no-such-run"):
            store.buckets(["no-such-run"], "loss", 3)

    # Again

    def test_a_resumed_run_runs_again(self, store: Store) -> None:
        first = store.create("fruit", "apple")
        first.write(End(run=0, time=T0, status="FAILED", error="OSError: gone"))
        again = store.join(first.id, resumed=True)
        run = store.get(first.id)
        assert (run.status, run.error, run.end_time) == ("RUNNING", None, None)
        again.write(End(run=0, time=T0 * 2, status="FINISHED"))
        assert store.get(first.id).status == "FINISHED"

    def test_joining_does_not_change_the_status(self, store: Store) -> None:
        first = store.create("fruit", "apple")
        first.write(End(run=0, time=T0 * 2, status="FINISHED"))
        store.join(first.id).point("score", 0, T0, 0.5)
        run = store.get(first.id)
        assert (run.status, run.metrics) == ("FINISHED", {"score": 0.5})

    def test_a_rewind_voids_what_came_before_it(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        for step in range(5):
            writer.point("loss", step, T0 + step, 10.0 + step)
        assert store.get(writer.id).metrics == {"loss": 14.0}
        writer.write(Rewind(run=0, time=T0 + 5, key="loss", step=3))
        assert list(store.points(writer.id, "loss").step) == [0, 1, 2]
        writer.point("loss", 3, T0 + 6, 3.0)
        assert list(store.points(writer.id, "loss").value) == [10.0, 11.0, 12.0, 3.0]
        assert store.get(writer.id).metrics == {"loss": 3.0}

    def test_deleted_runs_are_not_found_until_restored(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        writer.write(Delete(run=0, time=T0))
        assert store.search() == []
        with pytest.raises(RunNotFound, match="deleted"):
            store.get(writer.id)
        store.join(writer.id).write(Delete(run=0, time=T0 + 1, deleted=False))
        assert [run.id for run in store.search()] == [writer.id]

    def test_a_deleted_run_is_shown_to_who_asks_for_it(self, store: Store) -> None:
        kept, gone = store.create("fruit", "apple"), store.create("fruit", "pear")
        gone.write(Delete(run=0, time=T0))
        assert not store.get(kept.id, deleted=True).deleted
        assert store.get(gone.id, deleted=True).deleted
        assert [run.id for run in store.search("deleted = true")] == [gone.id]

    # Begun elsewhere

    def test_a_run_with_an_id_and_a_time_of_its_own(self, store: Store) -> None:
        top = store.create("fruit", "apple", id="0123456789abcdef0123456789abcdef", time=T0)
        inner = store.create("fruit", "seed", parent=top.id, id="given-id-1", time=T0 + 5)
        assert [(w.id, store.get(w.id).start_time) for w in (top, inner)] == [
            ("0123456789abcdef0123456789abcdef", T0),
            ("given-id-1", T0 + 5),
        ]
        with pytest.raises(InvalidName):
            store.create("fruit", "apple", id="../x")

    def test_a_run_that_is_begun_again_is_the_same(self, store: Store) -> None:
        store.create("fruit", "apple", id="given-id-1", time=T0).point("loss", 0, T0, 1.0)
        store.create("fruit", "apple", id="given-id-1", time=T0 + 9).point("loss", 1, T0, 2.0)
        (run,) = store.search()
        assert (run.id, run.start_time) == ("given-id-1", T0)
        assert list(store.points(run.id, "loss").step) == [0, 1]

    def test_runs_of_another_kind_are_left_out(self, store: Store) -> None:
        top = store.create("fruit", "apple")
        id = f"m-{7:032x}"
        model = store.create("fruit", "model", parent=top.id, id=id, kind="model")
        model.write(Model(run=0, time=T0, id=id, path="model", flavor="sklearn"))
        assert [run.id for run in store.search()] == [top.id]
        assert [run.id for run in store.search("kind = 'model'")] == [id]
        assert store.get(id).kind == "model"
        assert store.models(top.id) == [store.model(id)] == [LoggedModel(id, id, "model", "sklearn", T0)]

    def test_a_run_gets_another_name(self, store: Store) -> None:
        writer = store.create("fruit", "apple", time=T0)
        writer.write(Name(run=0, time=T0 + 2, name="pear"))
        writer.write(Name(run=0, time=T0 + 1, name="plum"))
        assert (store.get(writer.id).name, store.get(writer.id).start_time) == ("pear", T0)

    def test_an_end_may_say_that_the_run_goes_on(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        for number, status in enumerate(("SCHEDULED", "RUNNING", "FINISHED", "RUNNING")):
            writer.write(End(run=0, time=T0 * 2 + number, status=status))  # type: ignore[arg-type]
            run = store.get(writer.id)
            assert (run.status, run.end_time is None) == (status, status != "FINISHED")

    # What is logged

    @pytest.mark.parametrize(
        "value", ["text", "", "é✓\n\0", "x" * 100_000, "1.0", 1, -(2**63), 2**70, 0.1, True, None]
    )
    def test_params_come_back_with_their_type(self, store: Store, value: Scalar) -> None:
        writer = store.create("fruit", "apple")
        writer.write(Params(run=0, time=T0, params={'a key/with \'odd` "characters"': value}))
        (found,) = store.get(writer.id).params.values()
        assert (found, type(found)) == (value, type(value))

    def test_a_param_logged_again_is_replaced(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        for number in range(3):
            writer.write(Params(run=0, time=T0 + number, params={"lr": number, f"only{number}": "x"}))
        assert store.get(writer.id).params == {"lr": 2, "only0": "x", "only1": "x", "only2": "x"}

    def test_tags_are_set_and_removed(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        writer.write(Tags(run=0, time=T0, tags={"colour": "red", "size": "big"}))
        assert store.get(writer.id).tags == {"colour": "red", "size": "big"}
        writer.write(Tags(run=0, time=T0 + 1, tags={"colour": "green", "size": None}))
        assert store.get(writer.id).tags == {"colour": "green"}

    def test_inputs(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        facts = {"shape": [10, 2], "classes": {"a": 5}}
        writer.write(InputEvent(run=0, time=T0, name="train", digest="12ab", context="train", facts=facts))
        assert list(store.get(writer.id).inputs) == [Input("train", "12ab", "train", facts)]

    def test_the_last_points(self, store: Store) -> None:
        first, second, third = (store.create("fruit", name) for name in "abc")
        first.points([("loss", 0, T0, 0.5), ("loss", 7, T0 + 1, "Infinity"), ("acc", 3, T0, 0.1)])
        second.point("loss", 1, T0 + 2, -1.0)
        assert store.latest([first.id, second.id, third.id, "unknown"]) == {
            first.id: {"loss": Last(math.inf, 7, T0 + 1), "acc": Last(0.1, 3, T0)},
            second.id: {"loss": Last(-1.0, 1, T0 + 2)},
        }
        assert store.latest([]) == {}

    def test_the_whole_history_is_kept_in_its_order(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        steps = [0, 1, 1, 5, 3, -7, 2**40, 5]
        values = [1.0, math.nan, math.inf, -math.inf, 0.1, -0.0, 1e-308, 5.0]
        names = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        for number, (step, value) in enumerate(zip(steps, values, strict=True)):
            writer.point("loss", step, T0 + number, names.get(str(value), value))
        history = store.points(writer.id, "loss")
        assert list(history.step) == steps
        assert list(history.time) == [T0 + number for number in range(len(steps))]
        assert list(map(repr, history.value)) == list(map(repr, values))
        assert len(store.points(writer.id, "unknown")) == 0

    @pytest.mark.parametrize("count", [1, 2, 4_095, 4_096, 4_097, 10_000])
    def test_histories_of_any_length(self, store: Store, count: int) -> None:
        writer = store.create("fruit", "apple")
        for step in range(count):
            writer.point("loss", step * 2, T0 + step, step / 2)
        assert list(store.points(writer.id, "loss").step) == list(range(0, count * 2, 2))
        writer.point("loss", 1, T0 + count, -1.0)
        history = store.points(writer.id, "loss")
        assert list(history.value) == [step / 2 for step in range(count)] + [-1.0]
        assert history[count].step == 1

    def test_what_is_read_in_between_changes_nothing(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        for step in range(20):
            writer.point("loss", step, T0 + step, float(step))
            writer.write(Metrics(run=0, time=T0 + step, step=step, metrics={"a": step, "b": "NaN"}))
            assert len(store.points(writer.id, "loss")) == step + 1
        assert list(store.points(writer.id, "a").value) == [float(step) for step in range(20)]
        run = store.get(writer.id)
        assert run.metrics["a"] == 19.0
        assert math.isnan(run.metrics["b"])

    def test_threads_and_other_processes_lose_nothing(self, store: Store, tmp_path: Path) -> None:
        top = store.create("fruit", "search")

        def work(number: int) -> None:
            writer = self.make_store(tmp_path).join(top.id, address=top.address) if number % 2 else top
            for step in range(200):
                writer.point(f"m{number}", step, T0 + step, float(step))
                writer.point("shared", step, T0 + step, float(number))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in range(8):
            assert list(store.points(top.id, f"m{number}").step) == list(range(200))
        shared = store.points(top.id, "shared")
        assert sorted(shared.value) == sorted(float(number) for number in range(8) for _ in range(200))

    # Models

    def test_models_are_found_by_run_and_by_id(self, store: Store, tmp_path: Path) -> None:
        top = store.create("fruit", "apple")
        inner = top.child("inner")
        ids = [f"m-{number:032x}" for number in range(3)]
        assert store.models(top.id) == []
        top.write(Model(run=0, time=T0, id=ids[0], path="best/model", flavor="sklearn", notes=["no", "none"]))
        top.write(Model(run=0, time=T0 + 1, id=ids[1], path="a", flavor="torch"))
        inner.write(Model(run=0, time=T0, id=ids[2], path="a", flavor="torch"))
        best = LoggedModel(ids[0], top.id, "best/model", "sklearn", T0, ("no", "none"))
        again = self.make_store(tmp_path)
        assert again.models(top.id) == [LoggedModel(ids[1], top.id, "a", "torch", T0 + 1), best]
        assert again.model(ids[0]) == best
        assert again.model(ids[2]).run_id == inner.id

    def test_a_model_in_the_place_of_another_replaces_it(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        old, new = f"m-{1:032x}", f"m-{2:032x}"
        writer.write(Model(run=0, time=T0, id=old, path="model", flavor="sklearn"))
        assert store.model(old).id == old
        writer.write(Model(run=0, time=T0 + 1, id=new, path="model", flavor="sklearn"))
        assert [model.id for model in store.models(writer.id)] == [new]
        with pytest.raises(ModelNotFound, match=old):
            store.model(old)

    def test_models_that_are_not_there(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        with pytest.raises(ModelNotFound, match="m-0"):
            store.model("m-0")
        with pytest.raises(RunNotFound, match="no-such-run"):
            store.models("no-such-run")
        writer.write(Model(run=0, time=T0, id="m-1", path="model", flavor="sklearn"))
        writer.write(Delete(run=0, time=T0))
        with pytest.raises(RunNotFound, match="deleted"):
            store.model("m-1")

    # Finding

    def test_search(self, store: Store, tmp_path: Path) -> None:
        writers = [store.create("fruit" if i % 2 else "nuts", f"run {i}") for i in range(6)]
        for i, writer in enumerate(writers):
            writer.write(
                Params(run=0, time=T0, params={"lr": i / 10}), Metrics(0, T0, step=0, metrics={"acc": i})
            )
        ids = [writer.id for writer in writers]
        found = store.search("metrics.acc > 2 and params.lr < 0.5", order_by=["metrics.acc desc"])
        assert [run.id for run in found] == [ids[4], ids[3]]
        assert [run.id for run in store.search(experiment="fruit", order_by=["metrics.acc"])] == ids[1::2]
        assert len(store.search(limit=4)) == 4
        pages = [store.search(limit=4, offset=offset) for offset in (0, 4, 8)]
        assert [run for page in pages for run in page] == store.search() == store.search(offset=0)
        assert [run.id for run in store.search(order_by=["metrics.acc"], offset=4)] == ids[4:]
        assert self.make_store(tmp_path).search(order_by=["params.lr"]) == store.search(
            order_by=["params.lr"]
        )

    def test_wrong_questions(self, store: Store) -> None:
        store.create("fruit", "apple")
        with pytest.raises(FilterError, match=r"\^"):
            store.search("metrics.acc >> 2")
        with pytest.raises(ExperimentNotFound, match="nuts"):
            store.search(experiment="nuts")
        with pytest.raises(ValueError, match="negative"):
            store.search(limit=-1)
        with pytest.raises(ValueError, match="negative"):
            store.search(offset=-1)
        for n, start, end in ((0, None, None), (3, 5.0, 1.0), (3, math.nan, None)):
            with pytest.raises(ValueError, match="buckets"):
                store.buckets([], "loss", n, start=start, end=end)

    # Pictures

    def test_buckets_share_one_axis(self, store: Store) -> None:
        first, second, third = (store.create("fruit", name) for name in "abc")
        for step in range(100):
            first.point("loss", step, T0 + step, float(step))
        second.point("loss", 50, T0, 7.0)
        third.point("loss", 0, T0, "NaN")
        picture = store.buckets([first.id, second.id, third.id], "loss", 4)
        assert list(picture.edges) == [0.0, 24.75, 49.5, 74.25, 99.0]
        rows = {series.id: series for series in picture.series}
        assert list(rows[first.id].count) == [25, 25, 25, 25]
        assert list(rows[first.id].low) == [0.0, 25.0, 50.0, 75.0]
        assert list(rows[first.id].high) == [24.0, 49.0, 74.0, 99.0]
        assert list(rows[first.id].mean) == [12.0, 37.0, 62.0, 87.0]
        assert list(rows[second.id].count) == [0, 0, 1, 0]
        assert math.isnan(rows[second.id].low[0])
        assert list(rows[third.id].count) == [0, 0, 0, 0]

    @pytest.mark.parametrize("x", ["step", "time"])
    @pytest.mark.parametrize("n", [1, 3, 50])
    def test_no_spike_is_lost(self, store: Store, x: Any, n: int) -> None:
        writer = store.create("fruit", "apple")
        count, spikes = 9_000, {17: 1e6, 4_096: -1e6, 8_999: math.inf}
        for step in range(count):
            value = "Infinity" if step == 8_999 else "NaN" if step % 10 == 5 else spikes.get(step, 0.5)
            writer.point("loss", step, T0 + step, value)
        (series,) = store.buckets([writer.id], "loss", n, x=x).series
        assert max(series.high) == math.inf
        assert min(series.low) == -1e6
        assert 1e6 in series.high or n == 1
        assert sum(series.count) == count * 9 // 10

    def test_a_part_of_the_axis(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        for step in range(9_000):
            writer.point("loss", step, T0 + step, float(step))
        for n in (1, 2, 1_000):
            (series,) = store.buckets([writer.id], "loss", n, start=100, end=8_200).series
            assert sum(series.count) == 8_101
            assert (min(series.low), max(series.high)) == (100.0, 8_200.0)
        (outside,) = store.buckets([writer.id], "loss", 2, start=20_000, end=30_000).series
        assert list(outside.count) == [0, 0]

    # Files

    def test_artifacts(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        with writer.artifact("notes/a.txt") as path:
            path.write_text("one")
        with writer.artifact("model") as path:
            path.mkdir()
            (path / "weights").write_bytes(b"12345")
        files = store.artifacts(writer.id)
        assert list(files) == ["model/weights", "notes/a.txt"]
        assert files.path("notes/a.txt").read_text() == "one"
        assert files.path("model").is_dir()
        with pytest.raises(ArtifactNotFound, match=r"b\.txt"):
            files.path("b.txt")

    def test_folders_of_artifacts(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        inner = writer.child("seed")
        for target, name in ((writer, "a/b/c.txt"), (writer, "a/d.txt"), (inner, "e.txt")):
            with target.artifact(name) as path:
                path.write_text(name)
        files = store.artifacts(writer.id)
        assert files.entries() == [Entry("a", True, 0)]
        assert files.entries("a") == [Entry("a/b", True, 0), Entry("a/d.txt", False, 7)]
        assert files.entries("a/d.txt") == files.entries("nothing") == []
        with files.open("a/b/c.txt") as file:
            assert (file.seek(2), file.read()) == (2, b"b/c.txt")
        for name in ("a/b", "a/x"):
            with pytest.raises(ArtifactNotFound, match=name):
                files.open(name)

    def test_artifacts_are_discarded(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        for name in ("a/b/c.txt", "a/d.txt", "ab"):
            with writer.artifact(name) as path:
                path.write_text(name)
        writer.discard("a/b")
        assert list(store.artifacts(writer.id)) == ["a/d.txt", "ab"]
        writer.discard("a")
        assert list(store.artifacts(writer.id)) == ["ab"]
        with pytest.raises(ArtifactNotFound, match="'a'"):
            writer.discard("a")
        with pytest.raises(InvalidName):
            writer.discard("../ab")

    def test_an_artifact_written_again_is_replaced(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        for content in ("file", "folder", "folder again", "file again"):
            with writer.artifact("thing") as path:
                if "folder" in content:
                    path.mkdir()
                    path = path / content
                path.write_text(content)
        assert list(store.artifacts(writer.id)) == ["thing"]
        assert store.artifacts(writer.id).path("thing").read_text() == "file again"

    def test_an_artifact_that_failed_is_none(self, store: Store) -> None:
        writer = store.create("fruit", "apple")
        with pytest.raises(ZeroDivisionError), writer.artifact("thing") as path:
            path.write_text("half")
            raise ZeroDivisionError
        with pytest.raises(OSError, match="thing|No such file"), writer.artifact("thing"):
            pass
        assert list(store.artifacts(writer.id)) == []

    def test_nested_runs_have_files_of_their_own(self, store: Store) -> None:
        top = store.create("fruit", "search")
        inner = top.child("trial")
        for writer in (top, inner):
            with writer.artifact("who.txt") as path:
                path.write_text(writer.id)
        for writer in (top, inner):
            assert list(store.artifacts(writer.id)) == ["who.txt"]
            assert store.artifacts(writer.id).path("who.txt").read_text() == writer.id

    @pytest.mark.parametrize(
        "path", ["", "/etc/x", "../x", "a/../../x", "a\\b", "C:x", "a\0b", ".runs/x", "a" * 256]
    )
    def test_a_path_that_leaves_the_run(self, store: Store, path: str) -> None:
        writer = store.create("fruit", "apple")
        with pytest.raises(InvalidName), writer.artifact(path):
            raise AssertionError("must not come this far")
        with pytest.raises(InvalidName):
            store.artifacts(writer.id).path(path)
