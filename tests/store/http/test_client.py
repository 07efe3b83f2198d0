"""Who asks, and whom: addresses, tokens, certificates, redirects."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autolog.store.errors import NotAStore, StoreUnavailable
from autolog.store.http import HttpStore
from autolog.store.http.access import access, server_url
from autolog.store.http.client import Client
from autolog.store.opening import open_store

from .faulty import faulty
from .serving import TOKEN, Server, serving


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "USERNAME", "PASSWORD", "INSECURE_TLS", "SERVER_CERT_PATH", "URI"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    monkeypatch.setattr(Client, "waits", ())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving() as server:
        server.show(tmp_path / "served")
        yield server


@pytest.mark.parametrize(
    ("given", "url", "user"),
    [
        ("https://host/", "https://host", None),
        ("HTTP://Host:80/a/b/", "http://host:80/a/b", None),
        ("https://me:p%40ss@host:1", "https://host:1", "me:p@ss"),
        ("http://[::1]:5000", "http://[::1]:5000", None),
    ],
)
def test_an_address_is_known_without_its_user(given: str, url: str, user: str | None) -> None:
    assert server_url(given) == (url, user)


@pytest.mark.parametrize(
    "given", ["http://", "http://host:port", "http://host/?a=b", "ftp://host", "http://[::1"]
)
def test_an_address_that_is_none(given: str) -> None:
    with pytest.raises(NotAStore, match="https://host:port"):
        access(given)


def basic(user: str) -> str:
    return "Basic " + b64encode(user.encode()).decode()


def test_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line beats those above it."""
    assert access("http://host").authorization is None
    for name, value, expected in (
        ("MLFLOW_TRACKING_TOKEN", "theirs", "Bearer theirs"),
        ("MLFLOW_TRACKING_USERNAME", "me", basic("me:")),
        ("MLFLOW_TRACKING_PASSWORD", "secret", basic("me:secret")),
    ):
        monkeypatch.setenv(name, value)
        assert access("http://host").authorization == expected
    assert access("http://you:yours@host").authorization == basic("you:yours")
    monkeypatch.setenv("AUTOLOG_TOKEN", "ours")
    assert access("http://you:yours@host").authorization == "Bearer ours"
    assert access("http://host", token="given").authorization == "Bearer given"
    assert "given" not in repr(access("http://host", token="given"))


def test_netrc_is_read(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreUnavailable, match="AUTOLOG_TOKEN"):
        HttpStore(server.address).search()
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login anybody password {TOKEN}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert HttpStore(server.address).search() == []
    monkeypatch.setenv("AUTOLOG_TOKEN", "another")  # which netrc does not replace
    with pytest.raises(StoreUnavailable, match="refuses us"):
        HttpStore(server.address).search()


def test_a_store_is_opened_by_its_address(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    store = open_store(server.address.replace("http://", "http://me:secret@"))
    assert isinstance(store, HttpStore)
    assert (store.uri, store.search()) == (server.address, [])
    assert "secret" not in repr(store)


def test_nothing_is_sent_where_a_redirect_points(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    with faulty(server.address) as proxy:
        proxy.plan = lambda method, path: "redirect"
        with pytest.raises(StoreUnavailable, match="elsewhere"):
            HttpStore(proxy.address).search()
        assert len(proxy.seen) == 1


BY_TLS = """
import sys
from pathlib import Path
from tests.store.http.serving import serving
with serving(certificate=Path(sys.argv[1])) as server:
    server.show(Path(sys.argv[2]))
    print(server.address, flush=True)
    sys.stdin.read()
"""


@contextmanager
def serving_by_tls(certificate: Path, folder: Path) -> Iterator[str]:
    """In a process that is killed: a loop does not end while a broken handshake hangs in it."""
    with subprocess.Popen(
        [sys.executable, "-c", BY_TLS, certificate, folder],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.kill()


@pytest.mark.slow
def test_certificates_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    with serving_by_tls(certificate, tmp_path / "served") as address:
        with pytest.raises(StoreUnavailable, match="certificate of https.* cannot be verified"):
            HttpStore(address).search()
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
        assert HttpStore(address).search() == []


def self_signed(folder: Path) -> Path:
    """A key and its certificate for 127.0.0.1, in one file."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "autolog")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_recording_needs_no_client() -> None:
    program = "import sys, autolog; print([name for name in ('requests', 'urllib3') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
