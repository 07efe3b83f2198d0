"""Files that clients send to S3 and fetch from there themselves, by addresses that the server signs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from autolog.store.index.schema import artifacts
from autolog.store.sql.remote import RemoteArtifacts
from autolog.store.sql.s3 import etag_of_parts
from autolog.store.sql.store import SqlStore
from tests.store.s3 import bucket, s3_server
from tests.store.server.serving import TOKEN, Server, running

__all__ = ["bucket", "s3_server"]

pytestmark = pytest.mark.slow  # together

MPU = "/api/2.0/mlflow-artifacts/mpu"
PRESIGNED = "/api/2.0/mlflow-artifacts/presigned"
PART = 5 << 20  # S3 takes no smaller one but the last
CONTENT = bytes(range(256)) * 4096 * 12  # 12 MB


@pytest.fixture
def server(bucket: str, tmp_path: Path) -> Iterator[Server]:
    with running(SqlStore(f"sqlite:///{tmp_path}/store.db", bucket, lasting=True)) as server:
        yield server


@pytest.fixture
def run(server: Server) -> str:
    id: str = server.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
    return id


def known(server: Server) -> dict[str, int]:
    """The sizes that the log says of files, by name."""
    store = server.store
    assert isinstance(store, SqlStore)
    select = sa.select(artifacts.c.path, artifacts.c.size)
    return {row.path: row.size for row in store.read(lambda connection: connection.execute(select).all())}


def created(server: Server, run: str, name: str, parts: int) -> Any:
    """The answer to a client that has the file somewhere on its machine."""
    body = {"path": f"C:\\somewhere\\{name}", "num_parts": parts}
    return server.ask("POST", f"{MPU}/create/0/{run}/artifacts/deep", json=body).json()


def completed(server: Server, run: str, name: str, upload: str, parts: Any) -> requests.Response:
    body = {"path": f"/tmp/{name}", "upload_id": upload, "parts": parts}
    return server.ask("POST", f"{MPU}/complete/0/{run}/artifacts/deep", json=body)


def sent(credentials: Any, pieces: list[bytes]) -> list[dict[str, Any]]:
    """The parts as a client names them that sent them."""
    parts = []
    for credential, piece in zip(credentials, pieces, strict=True):
        etag = requests.put(credential["url"], data=piece, timeout=30).headers["ETag"]
        parts.append({"part_number": credential["part_number"], "etag": etag, "url": credential["url"]})
    return parts


def test_a_file_in_parts(server: Server, run: str) -> None:
    begun = created(server, run, "a b.bin", 3)
    pieces = [CONTENT[:PART], CONTENT[PART : 2 * PART], CONTENT[2 * PART :]]
    parts = sent(begun["credentials"], pieces)
    assert "files" not in server.get("artifacts/list", run_id=run) and known(server) == {}
    for _ in range(2):  # an answer may get lost
        assert completed(server, run, "a b.bin", begun["upload_id"], parts).json() == {}
    assert known(server) == {"deep/a b.bin": len(CONTENT)}
    with server.store.artifacts(run).open("deep/a b.bin") as file:
        assert file.read() == CONTENT
    named = [(part["part_number"], part["etag"]) for part in parts]
    files = server.store.artifacts(run)
    assert isinstance(files, RemoteArtifacts)
    stands = files._fs.info(f"{files._home}/deep/a b.bin")["ETag"]
    assert stands.strip('"') == etag_of_parts(named)  # by which a second time is known
    download = server.ask("GET", f"{PRESIGNED}/0/{run}/artifacts/deep/a b.bin").json()
    assert download["file_size"] == len(CONTENT)
    answer = requests.get(download["url"], headers={"Range": "bytes=1-3"}, timeout=30)
    assert answer.content == CONTENT[1:4]


def test_a_file_where_a_folder_was(server: Server, run: str) -> None:
    for name in ("deep/x/a.txt", "deep/xy"):
        path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/{name}"
        assert server.ask("PUT", path, data=b"1").status_code == 200
    begun = created(server, run, "x", 1)
    parts = sent(begun["credentials"], [b"abc"])
    assert completed(server, run, "x", begun["upload_id"], parts).status_code == 200
    assert list(server.store.artifacts(run)) == ["deep/x", "deep/xy"]
    assert known(server)["deep/x"] == 3


def test_what_goes_wrong_with_parts(server: Server, run: str) -> None:
    begun = created(server, run, "x", 1)
    missing = (404, "RESOURCE_DOES_NOT_EXIST")
    wrong = completed(server, run, "x", begun["upload_id"], [{"part_number": 1, "etag": '"00"'}])
    assert (wrong.status_code, wrong.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert completed(server, run, "x", begun["upload_id"], []).status_code == 400
    for path in ("..", "%2e%2e", "a\0b", ""):
        assert server.refused("POST", f"{MPU}/create/0/{run}/artifacts", json={"path": path})[0] == 400
    abort = {"path": "x", "upload_id": begun["upload_id"]}
    assert server.ask("POST", f"{MPU}/abort/0/{run}/artifacts/deep", json=abort).json() == {}
    assert server.refused("POST", f"{MPU}/abort/0/{run}/artifacts/deep", json=abort)[:2] == missing
    assert known(server) == {}
    server.post("runs/delete", run_id=run)
    assert server.refused("POST", f"{MPU}/create/0/{run}/artifacts", json={"path": "x"})[0] == 400


def test_whole_files(server: Server, run: str) -> None:
    given = {"run_id": run, "path": "deep/a.txt", "expiration": 60}
    url = server.post("artifacts/presigned-upload-url", **given)["presigned_url"]
    assert requests.put(url, data=b"hello", timeout=30).status_code == 200
    found = server.post("artifacts/presigned-download-url", **given)
    assert requests.get(found["presigned_url"], timeout=30).content == b"hello" and found["file_size"] == 5
    assert server.get("artifacts/list", run_id=run, path="deep")["files"][0]["file_size"] == 5
    server.post("runs/update", run_id=run, status="FINISHED")
    assert known(server) == {"deep/a.txt": 5}


def test_whole_files_of_a_model(server: Server, run: str) -> None:
    model = server.post("logged-models", experiment_id="0", name="m", source_run_id=run)["model"]["info"]
    given = {"model_id": model["model_id"], "path": "MLmodel"}
    url = server.post("artifacts/presigned-upload-url", **given)["presigned_url"]
    assert requests.put(url, data=b"{}", timeout=30).status_code == 200
    path = f"/api/2.0/mlflow/logged-models/{model['model_id']}"
    body = {"model_id": model["model_id"], "status": "LOGGED_MODEL_READY"}
    assert server.ask("PATCH", path, json=body).status_code == 200
    assert known(server) == {"model/MLmodel": 2}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"path": "../a"},
        {"path": "a", "expiration": 0},
        {"path": "a", "expiration": 604801},
        {"path": "a", "run_id": ""},
    ],
)
def test_addresses_that_nobody_gets(server: Server, run: str, given: Any) -> None:
    for what in ("upload", "download"):
        asked = {"run_id": run, **given}
        refused = server.refused("POST", f"/api/2.0/mlflow/artifacts/presigned-{what}-url", json=asked)
        assert refused[:2] == (400, "INVALID_PARAMETER_VALUE")


def _logged(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """A run to which MLflow's client sent a large file, and the file as it got it back."""
    mlflow: Any = pytest.importorskip("mlflow")
    settings = {
        "MLFLOW_TRACKING_TOKEN": TOKEN,
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true",
        "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "1000000",
        "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(PART),
        "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": str(PART),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    client = mlflow.MlflowClient(server.url)
    id = client.create_run("0").info.run_id
    (folder / "large.bin").write_bytes(CONTENT)
    client.log_artifact(id, str(folder / "large.bin"), "deep")
    return id, Path(client.download_artifacts(id, "deep/large.bin", str(folder / "back")))


def routes(caplog: pytest.LogCaptureFixture) -> str:
    return " ".join(record.getMessage() for record in caplog.records if record.name == "autolog.access")


@pytest.mark.filterwarnings("ignore")
def test_mlflows_client(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "autolog.access")
    (tmp_path / "back").mkdir()
    _, back = _logged(server, tmp_path, monkeypatch)
    assert back.read_bytes() == CONTENT and known(server) == {"deep/large.bin": len(CONTENT)}
    assert "/mpu/complete/" in routes(caplog) and "/presigned/" in routes(caplog)
    assert '"PUT"' not in routes(caplog)


@pytest.mark.filterwarnings("ignore")
def test_mlflows_client_where_files_lie_on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks, hears that there is no such thing, and sends the file to the proxy."""
    (tmp_path / "back").mkdir()
    store = SqlStore(f"sqlite:///{tmp_path}/store.db", str(tmp_path / "files"), lasting=True)
    with running(store) as server:
        _, back = _logged(server, tmp_path, monkeypatch)
        assert back.read_bytes() == CONTENT and known(server) == {"deep/large.bin": len(CONTENT)}
