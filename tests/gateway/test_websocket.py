"""A plane that a connection is handed to: WebSockets (RFC 6455), through an endpoint of a test's own service."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fogbank import testing
from fogbank.core.http import Request, Upgrade
from fogbank.gateway.streams import Outlet
from fogbank.gateway.websocket import Socket

wsproto = pytest.importorskip("wsproto", reason="pip install wsproto")
events = pytest.importorskip("wsproto.events")

ECHO = {
    "__init__.py": '"""A plane that says what it hears."""',
    "door.toml": '[[path]]\npath = "/_aws/echo"\nendpoint = "echo"\n',
    "endpoint.py": """
from fogbank.core.http import Upgrade
from fogbank.core.operation import endpoint

async def talk(socket):
    while (message := await socket.receive()) is not None:
        if message == "break":
            raise ValueError("broken")
        if message == "bye":
            return
        await socket.send(message)

@endpoint("echo")
async def answer(visit):
    visit.anonymous()
    return Upgrade(talk, most=100_000)
""",
}


class Client:
    """A WebSocket client, step by step."""

    def __init__(self, cloud: Any) -> None:
        self.raw = socket.create_connection(("127.0.0.1", cloud.app.port), timeout=30)
        self.wire = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._events: list[Any] = []
        self.raw.sendall(self.wire.send(events.Request(host="localhost", target="/_aws/echo")))
        self.accepted = self.next()

    def send(self, *made: Any) -> None:
        self.raw.sendall(b"".join(self.wire.send(event) for event in made))

    def next(self) -> Any:
        while not self._events:
            data = self.raw.recv(65536)
            self.wire.receive_data(data or None)
            self._events += self.wire.events()
        return self._events.pop(0)

    def message(self) -> Any:
        text = ""
        while True:
            event = self.next()
            text += event.data
            if event.message_finished:
                return text


@pytest.fixture
def cloud(folder: Callable[[str, dict[str, str]], None]) -> Iterator[Any]:
    folder("echo", ECHO)
    with testing.cloud() as running:
        yield running


def test_messages_go_both_ways(cloud: Any) -> None:
    client = Client(cloud)
    assert isinstance(client.accepted, events.AcceptConnection)
    headers = {name.decode().lower(): value.decode() for name, value in client.accepted.extra_headers}
    (hop,) = cloud.why(headers["x-amzn-requestid"])
    assert (hop["service"], hop["status"]) == ("echo", 101)
    client.send(events.TextMessage("a", message_finished=False), events.TextMessage("b"))
    assert client.message() == "ab"
    client.send(events.Ping(b"p"))
    assert client.next().payload == b"p"
    many = [f"{n:05}" * 100 for n in range(400)]  # more than is held for who does not receive
    client.send(*(events.TextMessage(text) for text in many))
    assert [client.message() for _ in many] == many


@pytest.mark.parametrize(("said", "code"), [("bye", 1000), ("break", 1011), ("x" * 100_001, 1009)])
def test_it_ends(cloud: Any, said: str, code: int) -> None:
    """RFC 6455 section 7.4.1: a normal end, an error of the server, a message that is too big."""
    client = Client(cloud)
    client.send(events.TextMessage(said))
    closed = client.next()
    assert (type(closed), closed.code) == (events.CloseConnection, code)


def test_a_cloud_that_stops_says_so(folder: Any) -> None:
    folder("echo", ECHO)
    with testing.cloud() as cloud:
        client = Client(cloud)
        client.send(events.TextMessage("a"))
        assert client.message() == "a"
    closed = client.next()
    assert closed.code == 1001


def test_a_client_that_closes_is_answered(cloud: Any) -> None:
    client = Client(cloud)
    client.send(events.CloseConnection(1000))
    assert client.next().code == 1000


def test_what_is_no_handshake_is_refused(cloud: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.app.port, timeout=30)
    connection.request("GET", "/_aws/echo")
    assert connection.getresponse().status == 400


class Narrow:
    """A transport to a client that takes nothing."""

    def __init__(self) -> None:
        self.written = b""
        self.reading = True

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, **limits: int) -> None:
        return

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def test_a_client_that_floods_is_made_to_wait() -> None:
    """By empty messages that nobody receives, and by pings whose answers it does not take."""

    async def body() -> None:
        transport: Any = Narrow()
        outlet = Outlet(transport)
        server = Socket(outlet, Upgrade(lambda socket: socket.close()))
        client = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        asked = client.send(events.Request(host="h", target="/")).decode()
        head = [(name, value) for name, _, value in (line.partition(": ") for line in asked.split("\r\n")[1:]) if name]
        assert server.accept(Request("GET", "/", headers=head), Upgrade(lambda socket: socket.close()))
        client.receive_data(transport.written)
        empty, ping = client.send(events.TextMessage("")), client.send(events.Ping(b"p"))
        for _ in range(100):
            server.received(empty * 100)
        assert not transport.reading
        for _ in range(10_000):
            assert await server.receive() == ""
        assert transport.reading
        server.received(ping)
        assert transport.reading
        outlet.pause()
        server.received(ping)
        assert not transport.reading
        outlet.resume()
        server.flow()
        assert transport.reading

    asyncio.run(body())
