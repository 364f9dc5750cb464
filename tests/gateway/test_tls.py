"""TLS on the same port as plain HTTP, with certificates of the local authority that clients really verify."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.core.http import FileSlice, Request, Response
from fogbank.gateway.loop import factory
from fogbank.gateway.server import Server
from fogbank.gateway.tls import TlsContext, ca_pem

LONG = bytes(range(256)) * 4096  # 1 MiB


class Running:
    """A server on a loop in its own thread."""

    def __init__(self, data: Path) -> None:
        self.file = data / "long"
        self.file.write_bytes(LONG)
        self.loop = factory()()
        self.server = Server(self.answer, port=0, tls=TlsContext(data))
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.wait(self.server.start())

    def wait(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    async def answer(self, request: Request) -> Response:
        if request.path == "/file":
            return Response(200, body=FileSlice(str(self.file), 1, len(LONG) - 2))
        body = await request.read(64 * 1024 * 1024)
        return Response(200, [("x-scheme", request.scheme), ("x-length", str(len(body)))], request.host.encode())

    def close(self) -> None:
        self.wait(self.server.stop(1))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.close()


def trusting(data: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ca_pem(data))


def connect(running: Running, data: Path, name: str) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", running.server.port), timeout=10)
    return trusting(data).wrap_socket(plain, server_hostname=name)


def ask(secure: ssl.SSLSocket, name: str) -> http.client.HTTPResponse:
    secure.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    response = http.client.HTTPResponse(secure)
    response.begin()
    return response


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1",
        "my.bucket.s3.localhost",
        "bucket.s3.eu-west-1.localhost",
        "abc123.execute-api.us-east-1.amazonaws.com",
        "sqs.us-east-1.amazonaws.com",
        "my_bucket.s3.localhost",
        "app.localhost",
        "host.docker.internal",
    ],
)
def test_a_verifying_client_reaches_any_name(running: Running, tmp_path: Path, name: str) -> None:
    with connect(running, tmp_path, name) as secure:
        response = ask(secure, name)
        assert (response.status, response.read(), response.getheader("x-scheme")) == (200, name.encode(), "https")


def test_plain_http_on_the_same_port(running: Running) -> None:
    client = http.client.HTTPConnection("127.0.0.1", running.server.port, timeout=10)
    client.request("GET", "/")
    assert client.getresponse().getheader("x-scheme") == "http"
    client.close()


def test_a_client_that_does_not_trust_the_authority_fails_and_harms_nobody(running: Running, tmp_path: Path) -> None:
    plain = socket.create_connection(("127.0.0.1", running.server.port), timeout=10)
    with pytest.raises(ssl.SSLCertVerificationError), plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
    with connect(running, tmp_path, "localhost") as secure:
        assert ask(secure, "localhost").status == 200


def test_noise_after_the_first_byte_of_a_handshake(running: Running, tmp_path: Path) -> None:
    with socket.create_connection(("127.0.0.1", running.server.port), timeout=10) as plain:
        plain.sendall(b"\x16" + b"nothing of the kind" * 20)
        while plain.recv(1000):
            pass
    with connect(running, tmp_path, "localhost") as secure:
        assert ask(secure, "localhost").status == 200


def test_alpn_and_versions(running: Running, tmp_path: Path) -> None:
    context = trusting(tmp_path)
    context.set_alpn_protocols(["h2", "http/1.1"])
    for name in ("localhost", "a.s3.localhost"):
        plain = socket.create_connection(("127.0.0.1", running.server.port), timeout=10)
        with context.wrap_socket(plain, server_hostname=name) as secure:
            assert secure.selected_alpn_protocol() == "http/1.1"
            assert secure.version() == "TLSv1.3"


def test_long_bodies_both_ways(running: Running, tmp_path: Path) -> None:
    client = http.client.HTTPSConnection("localhost", running.server.port, timeout=20, context=trusting(tmp_path))
    client.request("PUT", "/", body=LONG * 8)
    response = client.getresponse()
    assert response.getheader("x-length") == str(8 * len(LONG))
    response.read()
    client.request("GET", "/file")
    assert client.getresponse().read() == LONG[1:-1]
    client.close()


def test_the_authority_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    first = ca_pem(tmp_path)
    assert ca_pem(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "tls" / "ca.key").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "tls").iterdir()) == ["ca.key", "ca.pem"]
    assert ca_pem(tmp_path / "other") != first


def test_no_key_of_a_certificate_stays_on_disk(running: Running, tmp_path: Path) -> None:
    with connect(running, tmp_path, "a.b.c.localhost") as secure:
        ask(secure, "a.b.c.localhost")
    assert sorted(path.name for path in (tmp_path / "tls").iterdir()) == ["ca.key", "ca.pem"]


def test_cryptography_is_not_loaded_before_a_client_speaks_tls() -> None:
    code = "import fogbank.gateway.server, sys; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_curl_verifies(running: Running, tmp_path: Path) -> None:
    """OpenSSL's own host name check, as curl and Node use it (it takes no `*.localhost`)."""
    ca = tmp_path / "trusted.pem"
    ca.write_text(ca_pem(tmp_path))
    port = running.server.port
    done = subprocess.run(
        [
            "curl",
            "-s",
            "--cacert",
            ca,
            "--resolve",
            f"x.s3.localhost:{port}:127.0.0.1",
            f"https://x.s3.localhost:{port}/",
        ],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"x.s3.localhost:{port}".encode())
