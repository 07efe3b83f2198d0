"""MLflow's experiments over HTTP."""

from __future__ import annotations

import pytest

from autolog.store.base import Store
from tests.store.server.serving import Server, running


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def created(server: Server, name: str, **more: object) -> str:
    id: str = server.post("experiments/create", name=name, **more)["experiment_id"]
    return id


def test_a_new_experiment(server: Server) -> None:
    id = created(server, "first", tags=[{"key": "team", "value": "a"}])
    found = server.get("experiments/get", experiment_id=id)["experiment"]
    assert found.pop("creation_time") == found.pop("last_update_time") > 1_700_000_000_000
    assert found == {
        "experiment_id": id,
        "name": "first",
        "artifact_location": f"mlflow-artifacts:/{id}",
        "lifecycle_stage": "active",
        "tags": [{"key": "team", "value": "a"}],
    }
    assert server.get("experiments/get-by-name", experiment_name="first")["experiment"]["experiment_id"] == id


def test_the_default_one_is_always_there(server: Server) -> None:
    assert server.get("experiments/get", experiment_id="0")["experiment"]["name"] == "Default"


def test_what_there_is_not(server: Server) -> None:
    missing = (404, "RESOURCE_DOES_NOT_EXIST")
    assert server.refused("GET", "experiments/get?experiment_id=77") == (
        *missing,
        "No Experiment with id=77 exists",
    )
    by_name = server.refused("GET", "experiments/get-by-name?experiment_name=none")
    assert by_name == (*missing, "Could not find experiment with name 'none'")
    assert server.refused("GET", "experiments/get?experiment_id=x") == (
        400,
        "INVALID_PARAMETER_VALUE",
        "Invalid experiment ID 'x'. Experiment ID must be a valid integer.",
    )
    assert server.refused("GET", "experiments/get")[2].startswith("Missing value for required parameter")


def test_a_name_only_once(server: Server) -> None:
    created(server, "once")
    assert server.refused("POST", "experiments/create", json={"name": "once"}) == (
        400,
        "RESOURCE_ALREADY_EXISTS",
        "Experiment(name=once) already exists.",
    )


@pytest.mark.parametrize("name", ["", "x" * 501, "nul\0"])
def test_names_that_are_refused(server: Server, name: str) -> None:
    assert server.refused("POST", "experiments/create", json={"name": name})[:2] == (
        400,
        "INVALID_PARAMETER_VALUE",
    )


def test_renaming_and_tags(server: Server) -> None:
    id = created(server, "old")
    assert server.post("experiments/update", experiment_id=id, new_name="new") == {}
    server.post("experiments/set-experiment-tag", experiment_id=id, key="k", value="v")
    found = server.get("experiments/get", experiment_id=id)["experiment"]
    assert (found["name"], found["tags"]) == ("new", [{"key": "k", "value": "v"}])
    server.post("experiments/delete-experiment-tag", experiment_id=id, key="k")
    assert "tags" not in server.get("experiments/get", experiment_id=id)["experiment"]
    gone = server.refused("POST", "experiments/delete-experiment-tag", json={"experiment_id": id, "key": "k"})
    assert gone == (404, "RESOURCE_DOES_NOT_EXIST", f"No tag with name: k in experiment with id {id}")


def test_deleting_and_restoring(server: Server) -> None:
    id = created(server, "gone")
    server.post("experiments/delete", experiment_id=id)
    assert server.get("experiments/get", experiment_id=id)["experiment"]["lifecycle_stage"] == "deleted"
    assert server.refused("POST", "runs/create", json={"experiment_id": id}) == (
        400,
        "INVALID_PARAMETER_VALUE",
        f"The experiment {id} must be in the 'active' state. Current state is deleted.",
    )
    server.post("experiments/restore", experiment_id=id)
    assert server.post("runs/create", experiment_id=id)["run"]["info"]["experiment_id"] == id


def names(server: Server, **asked: object) -> list[str]:
    found = server.post("experiments/search", **{"max_results": 100, **asked})
    return [experiment["name"] for experiment in found.get("experiments", [])]


def test_searching(backend: Store) -> None:
    with running(backend) as server:
        _search(server)


def _search(server: Server) -> None:
    ids = {name: created(server, name, tags=[{"key": "n", "value": name}]) for name in ("b", "a", "c")}
    server.post("experiments/delete", experiment_id=ids["c"])
    assert names(server, order_by=["name DESC"]) == ["b", "a", "Default"]
    assert names(server, filter="name LIKE 'a%'") == ["a"]
    assert names(server, filter="tags.n = 'b' AND attribute.name != 'x'") == ["b"]
    assert names(server, view_type="DELETED_ONLY") == ["c"]
    assert len(names(server, view_type="ALL")) == 4
    first = server.get("experiments/search", max_results=2, order_by="name")
    assert [one["name"] for one in first["experiments"]] == ["Default", "a"]
    rest = server.get(
        "experiments/search", max_results=2, order_by="name", page_token=first["next_page_token"]
    )
    assert [one["name"] for one in rest["experiments"]] == ["b"] and "next_page_token" not in rest


@pytest.mark.parametrize(
    "asked", [{"filter": "nothing = 1"}, {"order_by": ["x"]}, {"max_results": 0}, {"page_token": "x"}]
)
def test_searches_that_are_refused(server: Server, asked: dict[str, object]) -> None:
    refused = server.refused("POST", "experiments/search", json={"max_results": 5, **asked})
    assert refused[:2] == (400, "INVALID_PARAMETER_VALUE")
